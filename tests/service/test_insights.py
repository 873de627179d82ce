"""What can be learned: when posts do best, how many people there are, and what it costs to know."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.counters import Counters
from chalicelib.service import insights
from chalicelib.service.insights import Crowd, first_day
from chalicelib.service.people import People
from tests.fakes import START
from tests.service.ear import ACCOUNT, WORKSPACE, Ear, connected

DAYS = timedelta(days=1)
FIRST = START.date()


def crowd(ear: Ear, first: date = FIRST, last: date | None = None) -> Crowd:
    return insights.crowd(ear.world, WORKSPACE, first, last or first)


def reach(found: Crowd) -> dict[str, int]:
    return {one.name: one.people for one in (*found.found.accounts, *found.found.platforms)}


def test_people_are_counted_once_an_account_and_once_a_network() -> None:
    ear = Ear()
    connected(ear.world, "acc_second")
    connected(ear.world, "acc_sky", "bluesky")
    for account, who in ((ACCOUNT, "ann"), (ACCOUNT, "bob"), ("acc_second", "ann"), ("acc_sky", "ann")):
        for kind in ("like", "repost"):
            assert ear.hear(ear.message(kind, START, actor=who, post_id="one", account_id=account)) == []
    ear.tell("like", START, post_id="one")  # by nobody that anybody knows

    found = crowd(ear)

    assert reach(found) == {ACCOUNT: 2, "acc_second": 1, "acc_sky": 1, "mastodon": 2, "bluesky": 1}
    (overlap,) = found.found.overlaps
    assert (overlap.accounts, overlap.people) == (("acc_second", ACCOUNT), 1)
    assert found.complete


def test_we_are_not_our_own_audience() -> None:
    ear = Ear()
    ear.tell("like", START, actor="brand", post_id="one")

    assert reach(crowd(ear)) == {ACCOUNT: 0, "mastodon": 0}


def test_a_day_that_is_over_is_summed_up_once_and_read_cheaply_after() -> None:
    ear = Ear()
    for hour in range(12):
        ear.tell("like", START - timedelta(hours=hour), actor=f"a{hour}", post_id="one")
    ear.world.clock.advance(days=4)
    first, last = FIRST - DAYS, FIRST + 4 * DAYS
    assert reach(crowd(ear, first, last))["mastodon"] == 12
    assert [item.key.sk for item in ear.rows("PEOPLE#")] == [f"PEOPLE#{FIRST + n * DAYS}" for n in (-1, 0, 1)]

    calls, writes = ear.world.table.calls["items"], ear.world.table.calls["write"]
    assert reach(crowd(ear, first, last))["mastodon"] == 12

    assert ear.world.table.calls["write"] == writes
    assert ear.world.table.calls["items"] - calls == 1 + 1 + 3  # the accounts, the sums, and three days that go on


def test_a_day_that_goes_on_is_not_summed_up_too_early() -> None:
    ear = Ear()
    ear.tell("like", START, actor="ann", post_id="one")
    ear.world.clock.advance(days=2)
    assert reach(crowd(ear))[ACCOUNT] == 1
    assert ear.rows("PEOPLE#") == []

    ear.tell("like", START + timedelta(hours=1), actor="late", post_id="one")
    ear.world.clock.advance(days=1)
    assert reach(crowd(ear))[ACCOUNT] == 2
    assert len(ear.rows("PEOPLE#")) == 1


def test_where_it_would_cost_too_much_it_says_so_and_goes_on_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insights, "PAGES", 8)
    monkeypatch.setattr(insights, "PAGE", 10)
    ear = Ear()
    messages = [ear.message("like", START + timedelta(minutes=15 * number), actor=f"a{number}") for number in range(60)]
    ear.world.clock.advance(days=9)
    assert ear.hear(*[m._replace(at="2026-12-01T00:00:00Z") for m in messages]) == []

    tries = 1
    while not (found := crowd(ear, FIRST - 3 * DAYS, FIRST + 1 * DAYS)).complete:
        tries += 1
        assert tries < 20

    assert tries > 1
    assert reach(found)[ACCOUNT] == 60


def test_too_many_people_of_a_day_are_said_to_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insights, "MOST_PEOPLE", 3)
    ear = Ear()
    for number in range(5):
        ear.tell("like", START, actor=f"a{number}")
    ear.world.clock.advance(days=4)
    crowd(ear)

    again = crowd(ear)
    assert (reach(again)[ACCOUNT], again.complete) == (3, False)


DEEDS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 86399)), max_size=40)
"""Who, on which day, in which second."""


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 86399)), max_size=40), st.integers(0, 12)
)
def test_an_audience_is_the_same_before_and_after_it_was_summed_up(
    deeds: list[tuple[int, int, int]], wait: int
) -> None:
    ear = Ear()
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    ear.world.clock.advance(days=7)
    for who, day, second in deeds:
        ear.tell("like", midnight + timedelta(days=day, seconds=second), actor=f"a{who}")
    ear.world.clock.advance(days=wait)

    found = [reach(crowd(ear, FIRST, FIRST + 5 * DAYS))[ACCOUNT] for _ in range(2)]

    assert found == [len({who for who, _, _ in deeds})] * 2


def test_no_name_is_in_a_sum() -> None:
    ear = Ear()
    ear.tell("like", START, actor="ann-4711")
    ear.world.clock.advance(days=4)
    crowd(ear)

    (row,) = ear.rows("PEOPLE#")
    assert row.doc["people"] == [People.of(ear.world, WORKSPACE).hash("mastodon", "ann-4711")]
    assert row.expires


def test_the_first_day_of_a_post_is_what_it_grew_by_then() -> None:
    counters = Counters()
    for hours, name, value in ((1, "likes", 5), (23, "replies", 2), (30, "likes", 100), (2, "views", 999)):
        counters, _ = counters.counted(name, START + timedelta(hours=hours), value)

    assert first_day(START, [counters]) == 7
    assert first_day(START, [counters, counters]) == 14


def test_the_report_of_the_first_day_counts_and_what_nobody_told_is_no_nothing() -> None:
    reported, _ = Counters().reported("likes", START + timedelta(days=1, minutes=1), 12, "poll")
    zero, _ = Counters().reported("likes", START + timedelta(days=1), 0, "poll")
    seen, _ = Counters().counted("views", START, 7)

    assert first_day(START, [reported]) == 12
    assert first_day(START, [zero]) == 0
    assert first_day(START, [seen]) is None
    assert first_day(START, []) is None
