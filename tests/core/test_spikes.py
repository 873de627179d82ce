"""What is far above an account's own baseline."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import spikes
from chalicelib.core.day import Day, hour_of
from chalicelib.core.spikes import Rule, Spike, bound, compared

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LONG_AGO = date(2026, 1, 1)
counts = st.lists(st.integers(0, 500), min_size=9, max_size=42)
rules = st.builds(Rule, factor=st.floats(2, 100), minimum=st.integers(5, 1000))


def test_ten_times_the_usual_is_a_spike_and_twice_the_usual_is_none() -> None:
    used_to = [4, 5, 6] * 14
    assert 2 * 5 < bound(used_to, Rule()) <= 10 * 5


def test_where_nobody_ever_says_anything_the_minimum_decides() -> None:
    assert bound([0] * 42, Rule(minimum=20)) == 20


def test_last_weeks_spike_does_not_hide_todays() -> None:
    assert bound([*[5] * 39, 900, 800, 700], Rule()) == bound([5] * 42, Rule())


def test_an_account_whose_days_differ_widely_has_a_higher_bound() -> None:
    assert bound([0, 50, 100] * 14, Rule(factor=2)) > bound([45, 50, 55] * 14, Rule(factor=2))


@given(counts, rules)
def test_a_spike_is_never_less_than_the_rule_says(used_to: list[int], rule: Rule) -> None:
    assert bound(used_to, rule) >= rule.minimum
    assert bound(used_to, rule) >= rule.factor * sorted(used_to)[(len(used_to) - 1) // 2]


@given(counts, rules, st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter(used_to: list[int], rule: Rule, chance: object) -> None:
    shuffled = list(used_to)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert bound(shuffled, rule) == bound(used_to, rule)


@given(counts, rules)
def test_who_is_used_to_more_is_alarmed_by_more(used_to: list[int], rule: Rule) -> None:
    assert bound([count + 10 for count in used_to], rule) >= bound(used_to, rule)


def test_an_hour_is_compared_with_its_like_on_fourteen_days_and_never_with_today() -> None:
    like = {hour_of(NOW - timedelta(days=days) + step): 7 for days in range(1, 15) for step in spikes.NEIGHBOURS}
    others = {hour_of(NOW - timedelta(hours=hours)): 99 for hours in range(24 * 16)}
    assert compared({**others, **like}, NOW, LONG_AGO) == [7] * 42


def test_hours_in_which_nothing_was_said_count_as_such() -> None:
    assert compared({}, NOW, LONG_AGO) == [0] * 42


def test_nobody_knows_what_a_new_account_is_used_to() -> None:
    assert compared({hour_of(NOW): 50}, NOW, NOW.date()) == []
    assert compared({}, NOW, NOW.date() - timedelta(days=2)) == []


def test_days_before_the_account_was_known_are_no_quiet_days() -> None:
    assert len(compared({}, NOW, NOW.date() - timedelta(days=3))) == 9


def test_around_midnight_the_neighbours_are_of_the_day_before_and_the_day_after() -> None:
    midnight = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
    assert len(compared({}, midnight, LONG_AGO)) in (41, 42)


def test_another_spike_is_told_only_when_the_first_one_has_cooled_down() -> None:
    spike = Spike(NOW, "acc_1", "sandbox", hour_of(NOW), 50, 5.0, 25)
    assert spikes.is_over(None, NOW)
    assert not spikes.is_over(spike, NOW + spikes.COOL_DOWN - timedelta(seconds=1))
    assert spikes.is_over(spike, NOW + spikes.COOL_DOWN)


def test_voices_are_counted_by_the_hour() -> None:
    day = Day().heard(NOW, 2).heard(NOW + timedelta(minutes=10), 1).heard(NOW + timedelta(hours=1), 4)
    assert day.voices == {"2026-11-23T09": 3, "2026-11-23T10": 4}
