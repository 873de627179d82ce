"""Whether a plan was kept, and the message with it: known answers, what may not matter, and what may not pay."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.plan import Occurrence, PlannedWeek
from chalicelib.core.scores.consistency import consistency
from chalicelib.core.scores.consistency_parts import streak
from chalicelib.core.scores.history import due
from chalicelib.core.scores.outcome import Fate, Message, Outcome
from chalicelib.core.scores.statistics import wilson
from chalicelib.core.scores.weights import Weights
from tests.core.histories import MONDAY, SLOTS, WHOLE, kept, moment, out, part, total, valued, week, weeks

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
BOTH = {"x": 0.5, "mastodon": 0.5}

# A plan that is kept


@pytest.mark.parametrize("slots", [SLOTS, ("mon 09:00", "tue 09:00", "wed 18:00", "thu 09:00", "fri 09:00")])
@pytest.mark.parametrize("label", [None, "any"])
@pytest.mark.parametrize("platforms", [{}, BOTH])
def test_a_plan_kept_perfectly_reaches_95_by_its_fourth_week(
    slots: tuple[str, ...], label: str | None, platforms: dict[str, float]
) -> None:
    planned = [week(number, slots, label=label) for number in range(5)]

    score = consistency(kept(planned[:4], BOTH), planned, planned[4].start, platforms=platforms)

    assert total(score) == pytest.approx(100)
    assert (score.losses, score.advice) == ((), ())


@pytest.mark.parametrize("number", range(1, 9))
def test_it_never_falls_on_the_way(number: int) -> None:
    planned = weeks(number)
    posts = kept(planned[:-1], BOTH)
    hours = [planned[-2].start + HOUR * hours for hours in range(0, 169, 12)]

    values = [
        total(consistency([one for one in posts if one.at and one.at <= now], planned, now, platforms=BOTH))
        for now in hours
        if number > 1 or now > planned[0].start + 5 * DAY
    ]

    assert values == sorted(values)


# Cadence: with one week that is over, 1.5 weeks of 0.8 stand beside 2^(-1/4) of it


def cadence_of(posted: int, *, posts: int | None = None, most: int = 5) -> float:
    """The value of a single week, of five planned posts, in which so many appeared."""
    planned = [week(0, (), least=5, most=most), week(1, (), least=5, most=most)]
    found = [out(MONDAY + 12 * HOUR * number) for number in range(posted)]
    found += [out(MONDAY + timedelta(seconds=number)) for number in range(1, 1 + (posts or posted) - posted)]
    shrunk = valued(consistency(found, planned, planned[1].start, platforms={}), "cadence")
    weight = 2**-0.25
    return (shrunk * (weight + 1.5) - 1.5 * 0.8) / weight


@pytest.mark.parametrize(("posted", "expected"), [(0, 0), (1, 0.2), (4, 0.8), (5, 1), (7, 1)])
def test_a_week_is_worth_the_share_of_its_goal(posted: int, expected: float) -> None:
    assert cadence_of(posted) == pytest.approx(expected)


@pytest.mark.parametrize(("posts", "expected"), [(9, 1), (12, 1 - 0.2 / 3), (15, 1 - 0.4 / 3), (18, 0.8), (40, 0.8)])
def test_from_half_as_many_again_on_posts_cost_and_at_three_times_as_many_a_fifth(posts: int, expected: float) -> None:
    assert cadence_of(5, posts=posts, most=6) == pytest.approx(expected)


def test_a_missed_week_counts_half_after_four_weeks() -> None:
    planned = weeks(8)

    def lacking(number: int) -> float:
        posts = kept([one for one in planned[:8] if one is not planned[number]])
        return 1 - valued(consistency(posts, planned, planned[8].start, platforms={}), "cadence")

    assert lacking(0) == pytest.approx(2 ** (-8 / 4) / sum(2 ** (-age / 4) for age in range(1, 9)))
    assert lacking(3) == pytest.approx(lacking(7) / 2)


@pytest.mark.parametrize(("number", "prior"), [(1, 1.5), (2, 1.0), (3, 0.5), (4, 0.0), (6, 0.0)])
def test_what_is_taken_for_known_fades_out_in_four_weeks(number: int, prior: float) -> None:
    planned = weeks(number)
    found = part(consistency(kept(planned[:-1]), planned, planned[-1].start, platforms={}), "cadence")
    known = sum(2 ** (-age / 4) for age in range(1, number + 1))

    assert found.figures["prior_weeks"] == pytest.approx(prior)
    assert found.value == pytest.approx((known + prior * 0.8) / (known + prior))


def test_the_present_week_counts_as_far_as_its_times_have_come() -> None:
    planned = weeks(4)
    posts = kept(planned[:4])

    def cadence(now: datetime, posted: int) -> float:
        more = [out(moment(4, slot)) for slot in SLOTS[:posted]]
        return valued(consistency([*posts, *more], planned, now, platforms={}), "cadence")

    before = sum(2 ** (-age / 4) for age in range(1, 5))
    assert cadence(moment(4, "mon 08:59"), 0) == 1
    assert cadence(moment(4, "mon 09:00"), 0) == pytest.approx(before / (before + 1 / 3))
    assert cadence(moment(4, "wed 09:00"), 1) == pytest.approx((before + 1 / 3) / (before + 2 / 3))
    assert cadence(moment(4, "wed 09:00"), 2) == 1


@pytest.mark.parametrize(
    ("slots", "least", "passed", "expected"),
    [(3, 3, 0, 0), (3, 3, 2, 2), (5, 3, 2, 0), (5, 3, 4, 2), (5, 3, 5, 3), (2, 4, 1, 1), (2, 4, 2, 2)],
)
def test_nothing_is_due_before_the_goal_could_be_missed(slots: int, least: int, passed: int, expected: int) -> None:
    times = tuple(Occurrence(MONDAY + DAY * (number + 1), "any", "") for number in range(slots))
    planned = PlannedWeek(MONDAY, MONDAY + WEEK, least, 5, times)

    assert due(planned, MONDAY + DAY * passed) == expected
    assert due(planned, MONDAY + WEEK) == least


def test_a_week_off_is_left_out_and_ends_no_streak() -> None:
    planned = weeks(6)
    with_holiday = [replace(one, least=0, occurrences=()) if one is planned[3] else one for one in planned]
    posts = kept([*planned[:3], *planned[4:6]])

    score = consistency(posts, with_holiday, planned[6].start, platforms={})

    assert total(score) == pytest.approx(100)
    assert part(score, "streak").figures == {"weeks": 5, "possible": 5}
    assert part(score, "cadence").n == 5


# Appearances


@pytest.mark.parametrize(("seconds", "appearances"), [(1, 1), (3599, 1), (3600, 2), (3601, 2)])
def test_posts_less_than_an_hour_apart_are_one_appearance(seconds: int, appearances: int) -> None:
    posts = [out(MONDAY), out(MONDAY + timedelta(seconds=seconds))]

    assert consistency(posts, weeks(1), MONDAY + WEEK, platforms={}).n == appearances


def test_a_post_on_five_networks_is_one_appearance_and_so_is_a_chain() -> None:
    five = [out(MONDAY, name, late=9.0 * place, post="one") for place, name in enumerate("abcde")]
    chain = [out(MONDAY + 50 * MINUTE * number) for number in range(9)]

    score = consistency([*five, *chain], weeks(1), MONDAY + WEEK, platforms={})

    assert score.n == 1
    assert part(score, "cadence").figures["posts"] == 10


@pytest.mark.parametrize("fate", ["removed", "missed", "skipped", "failed", "refused", "cancelled"])
def test_only_what_is_there_to_be_seen_counts(fate: Fate) -> None:
    planned, posts = weeks(4), kept(weeks(4)[:4])
    gone = [replace(posts[0], fate=fate, at=posts[0].at if fate == "removed" else None), *posts[1:]]

    assert consistency(gone, planned, MONDAY + 4 * WEEK, platforms={}).parts == (
        consistency(posts[1:], planned, MONDAY + 4 * WEEK, platforms={}).parts
    )


# Regularity


def test_minutes_and_the_weekend_move_little_and_a_day_moves_much() -> None:
    planned = weeks(4)

    def regularity(off: timedelta) -> float:
        posts = [out(one.due + off * (place % 2)) for place, one in enumerate(kept(planned[:4]))]
        return valued(consistency(posts, planned, MONDAY + 4 * WEEK, platforms={}), "regularity")

    assert regularity(timedelta()) == 1
    assert 0.99 < regularity(5 * MINUTE) < 1
    assert 0.5 < regularity(DAY) < 0.8


def test_regularity_is_half_known_to_be_chance_at_first() -> None:
    planned = weeks(4)
    values = []
    for number in range(1, 13):
        score = consistency(kept(planned)[:number], planned, MONDAY + 4 * WEEK, platforms={})
        values.append(part(score, "regularity").value)

    # (k + p / 2) / (k + p) with p = 4 · (1 - k / 8), for k from 2 to 8; before that there is none.
    assert values[:2] == [None, None]
    assert values[2:9] == pytest.approx([3.5 / 5, 4.25 / 5.5, 5 / 6, 5.75 / 6.5, 6.5 / 7, 7.25 / 7.5, 1])
    assert values[9:] == [1, 1, 1]


# Mix


def mix(posts: list[Outcome], planned: list[PlannedWeek], platforms: dict[str, float]) -> float | None:
    return part(consistency(posts, planned, planned[-1].start, platforms=platforms), "mix").value


def test_the_mix_is_networks_and_slots() -> None:
    planned = weeks(4)
    half = [*kept(planned[:2], ["x"]), *kept(planned[2:4], ["mastodon"])]

    assert mix(kept(planned[:4], BOTH), planned, BOTH) == 1
    assert mix(half, planned, BOTH) == 1  # as much on each, though never together
    # 12 posts on x, none on mastodon, 3 slots each: 4.5 and 0.5 against 2.5, of 15
    assert mix(kept(planned[:4]), planned, BOTH) == pytest.approx(
        1
        - (3 * (4.5 * math.log2(4.5 / 3.5) + 0.5 * math.log2(0.5 / 1.5) + 2.5 * math.log2(2.5 / 3.5 * 2.5 / 1.5)) / 30)
    )


def test_without_slots_the_mix_is_networks_and_with_neither_there_is_none() -> None:
    planned = [week(number, SLOTS, label="any") for number in range(5)]
    posts = [replace(one, at=one.due + 7 * HOUR) for one in kept(planned[:4], BOTH)]

    assert mix(posts, planned, {"x": 3, "mastodon": 3}) == 1
    assert mix(posts, planned, {}) is None
    assert mix(posts, planned, {"x": 1}) is None
    assert mix([], planned, BOTH) is None


@pytest.mark.parametrize(("minutes", "off_plan"), [(-120, 0), (120, 0), (121, 12), (-121, 12)])
def test_a_post_within_two_hours_is_the_slots(minutes: int, off_plan: int) -> None:
    planned = weeks(4)
    posts = [out(one.due + minutes * MINUTE) for one in kept(planned[:4])]
    found = part(consistency(posts, planned, planned[4].start, platforms={}), "mix")

    assert found.figures["off_plan"] == off_plan
    assert (found.value == 1) is (off_plan == 0)


# Streak


@pytest.mark.parametrize(
    ("kept_weeks", "expected"),
    [
        ("", 0),
        ("+", 1),
        ("-", 0),
        ("++++", 4),
        ("+++-", 3),
        ("++-+", 3),
        ("+-+-", 1),
        ("+--+", 1),
        ("+-+++++++-", 8),
        ("+-++++++++-", 9),
        ("++-+++++++-", 9),
        ("++-++++++-", 6),
    ],
)
def test_one_missed_week_of_eight_is_free_but_counts_for_nothing(kept_weeks: str, expected: int) -> None:
    assert streak([one == "+" for one in kept_weeks]) == expected


def test_a_streak_is_measured_by_what_was_possible() -> None:
    planned = weeks(6)
    posts = kept([*planned[:2], *planned[4:6]])

    found = part(consistency(posts, planned, planned[6].start, platforms={}), "streak")

    assert found.figures == {"weeks": 2, "possible": 6}
    assert found.value == pytest.approx((1 - math.exp(-2 / 8)) / (1 - math.exp(-6 / 8)))


# Message


def carried(*messages: tuple[float, float], hours: float = 24, **others: object) -> float | None:
    posts = [
        out(MONDAY + number * timedelta(hours=hours), name, message=Message(*message), post=str(number))
        for number, message in enumerate(messages)
        for name in ("x", "mastodon")
    ]
    score = consistency(posts, weeks(1), MONDAY + WEEK, platforms={}, **others)  # type: ignore[arg-type]
    return part(score, "message").value


def test_wording_counts_six_tenths_and_what_must_survive_four() -> None:
    assert carried((1, 0)) == pytest.approx(0.6)
    assert carried((0, 1)) == pytest.approx(0.4)
    assert carried((1, 1), (0.5, 0.25)) == pytest.approx((1 + 0.4) / 2)


def test_in_one_appearance_the_poorest_speaks_for_all() -> None:
    assert carried((0.5, 0.5), (1, 1), (1, 1), hours=0.5) == pytest.approx(0.5)


def test_a_message_is_compared_only_where_there_are_two_of_it() -> None:
    poor = Message(0.5, 0.5)
    alone = [out(MONDAY, message=poor, post="one"), out(MONDAY + DAY, message=poor, post="two")]

    def message(shared: frozenset[str] | None) -> tuple[float | None, int]:
        found = part(consistency(alone, weeks(1), MONDAY + WEEK, platforms={}, shared=shared), "message")
        return found.value, found.n

    assert message(None) == (None, 0)
    assert message(frozenset({"two", "elsewhere"})) == (0.5, 1)
    assert carried((0.5, 0.5), shared=frozenset()) is None


# The whole


def test_parts_without_data_are_dropped_with_a_reason_and_the_others_share_their_weight() -> None:
    score = consistency([out(MONDAY), out(MONDAY + DAY)], weeks(1), MONDAY + WEEK, platforms={})

    assert {one.name: one.note for one in score.parts} == {
        "cadence": None,
        "regularity": "too_few",
        "mix": None,
        "streak": None,
        "message": "no_shared_posts",
    }
    assert [one.weight for one in score.parts] == pytest.approx([0.35 / 0.6, 0, 0.15 / 0.6, 0.10 / 0.6, 0])
    assert total(score) == pytest.approx(100 * sum((one.value or 0) * one.weight for one in score.parts))


def test_nothing_planned_and_nothing_done_is_no_score() -> None:
    score = consistency([], [], MONDAY, platforms={})

    assert (score.value, score.interval, score.n, score.confidence) == (None, None, 0, "C")
    assert [one.note for one in score.parts] == ["no_plan"] * 4 + ["no_shared_posts"]


def test_a_plan_of_one_time_is_no_measure_of_regularity() -> None:
    planned = [week(0, ["mon 09:00"], 3), week(1, [], 3)]
    posts = [out(MONDAY + number * DAY) for number in range(4)]

    assert part(consistency(posts, planned, MONDAY + WEEK, platforms={}), "regularity").note == "no_plan"


def test_a_plan_of_which_no_time_has_come_is_too_young() -> None:
    score = consistency([], weeks(0), MONDAY, platforms={})

    assert [one.note for one in score.parts] == ["too_early", "too_few", "no_plan", "too_early", "no_shared_posts"]


def test_weights_can_be_overridden_down_to_nothing() -> None:
    planned = weeks(4)
    only = Weights(consistency={"cadence": 0, "regularity": 0, "mix": 0, "streak": 7, "message": 0})
    none = Weights(consistency=dict.fromkeys(only.consistency, 0.0))

    assert total(consistency([], planned, planned[4].start, platforms={}, weights=only)) == 0
    assert consistency([], planned, planned[4].start, platforms={}, weights=none).value is None


def test_the_score_probably_lies_between_all_parts_low_and_all_parts_high() -> None:
    planned = weeks(4)
    score = consistency(kept(planned[:4])[1:], planned, planned[4].start, platforms={})
    cadence = part(score, "cadence")
    assert score.interval
    assert cadence.interval
    assert cadence.value

    low, high = score.interval

    assert cadence.interval == wilson(cadence.value, 12)
    assert low == pytest.approx(total(score) - 100 * cadence.weight * (cadence.value - cadence.interval[0]))
    assert high == pytest.approx(total(score) + 100 * cadence.weight * (cadence.interval[1] - cadence.value))


# What cost points, and what would bring some


def test_a_post_that_is_not_there_costs_what_the_score_would_have_with_it() -> None:
    planned = weeks(4)
    posts = kept(planned[:4], BOTH)
    lost = [
        replace(one, fate="missed", at=None, message=None) if one.due == moment(3, "wed 09:00") else one
        for one in posts
    ]
    now = planned[4].start

    (loss,) = consistency(lost, planned, now, platforms=BOTH).losses

    assert (loss.post_id, loss.why) == (posts[-4].post_id, "missed")
    assert loss.points == pytest.approx(100 - total(consistency(lost, planned, now, platforms=BOTH)))


def gone(posts: list[Outcome], *instants: datetime, fate: Fate = "missed") -> list[Outcome]:
    return [replace(one, fate=fate, at=None, message=None) if one.due in instants else one for one in posts]


def test_what_a_post_costs_is_what_putting_it_right_would_bring() -> None:
    planned, now = weeks(4), MONDAY + 4 * WEEK
    posts = [replace(one, message=Message(0.5, 0.5)) for one in kept(planned[:4], BOTH)]
    instants = [moment(1, "fri 09:00"), moment(3, "mon 09:00")]
    score = consistency(gone(posts, *instants, fate="removed"), planned, now, platforms=BOTH)

    assert {loss.why for loss in score.losses} == {"removed", "reworded"}
    assert {loss.post_id for loss in score.losses[:2]} == {f"post_{at.isoformat()}" for at in instants}
    for loss, at in zip(score.losses, sorted(instants, reverse=True), strict=False):
        mended = [replace(one, message=WHOLE) if one.due == at else one for one in posts]
        other = next(one for one in instants if one != at)
        better = consistency(gone(mended, other), planned, now, platforms=BOTH)
        assert loss.post_id == f"post_{at.isoformat()}"
        assert loss.points == pytest.approx(total(better) - total(score))


def test_a_post_that_is_out_somewhere_is_not_missed() -> None:
    posts = [one for one in kept(weeks(4)[:4]) if one.due < moment(3, "wed 09:00")]
    posts += [out(moment(3, "wed 09:00"), fate="missed", post="one"), out(moment(3, "fri 09:00"), "weibo", post="one")]

    score = consistency(posts, weeks(4), MONDAY + 4 * WEEK, platforms={})

    assert (total(score) < 95, score.losses) == (True, ())


@pytest.mark.parametrize(("others", "named"), [(19, 1), (20, 0)])
def test_only_the_latest_missing_posts_are_looked_at(others: int, named: int) -> None:
    planned, last = weeks(4), moment(3, "fri 09:00")
    posts = gone(kept(planned[:4]), moment(0, "wed 09:00"))
    posts += [out(last + timedelta(seconds=number), fate="failed") for number in range(1, 1 + others)]

    assert len(consistency(posts, planned, MONDAY + 4 * WEEK, platforms={}).losses) == named


def test_what_was_lost_most_often_is_named() -> None:
    planned = weeks(4)
    posts = kept(planned[:4], BOTH)
    posts[0] = replace(posts[0], message=Message(1, 0.5, ("alt text", "link")))
    posts[1] = replace(posts[1], message=Message(1, 0.5, ("link",)))

    assert consistency(posts, planned, MONDAY + 4 * WEEK, platforms=BOTH).losses[0].why == "lost link"


def test_the_three_dearest_posts_are_named_the_dearest_first() -> None:
    planned = weeks(4)
    messages = {
        0: Message(1, 0.9, ("alt text",)),
        2: Message(0.2, 1),
        5: Message(1, 0.5, ("link",)),
        7: Message(0.9, 0.9),
    }
    posts = [replace(one, message=messages.get(place // 2, WHOLE)) for place, one in enumerate(kept(planned[:4], BOTH))]

    losses = consistency(posts, planned, planned[4].start, platforms=BOTH).losses

    assert [loss.why for loss in losses] == ["reworded", "lost link", "reworded"]
    assert [loss.points for loss in losses] == pytest.approx([15 * 0.48 / 12, 15 * 0.2 / 12, 15 * 0.1 / 12])


def test_what_costs_next_to_nothing_is_not_named() -> None:
    planned = weeks(4)
    nearly, less = Message(1, 1 - 0.11), Message(1, 1 - 0.09)  # 15 · 0.4 · 0.11 / 12 = 0.055

    def losses(message: Message) -> int:
        posts = kept(planned[:4], BOTH)
        posts[0] = replace(posts[0], message=message)
        posts[1] = replace(posts[1], message=message)
        return len(consistency(posts, planned, planned[4].start, platforms=BOTH).losses)

    assert (losses(nearly), losses(less)) == (1, 0)


def test_advice_says_what_each_thing_would_bring_and_the_most_worthwhile_first() -> None:
    planned = weeks(4)
    posts = [one for one in kept(planned[:4], BOTH) if one.due != moment(2, "mon 09:00")]
    posts += [out(moment(3, "sat 10:00") + timedelta(seconds=number), post=str(number)) for number in range(15)]
    posts[0] = replace(posts[0], message=Message(0, 0))

    score = consistency(posts, planned, moment(4, "wed 12:00"), platforms=BOTH)
    advice = {one.code: one for one in score.advice}

    assert [one.points for one in score.advice] == sorted((one.points for one in score.advice), reverse=True)
    assert set(advice) == {"publish_more", "publish_fewer", "keep_to_the_times", "carry_the_message"}
    assert advice["carry_the_message"].points == pytest.approx(100 * 0.15 * 0.5 / 11)
    weeks_counted = sum(2 ** (-age / 4) for age in range(1, 5)) + 2 / 3
    assert advice["publish_fewer"].points == pytest.approx(
        100 * 0.35 * 0.2 * 2**-0.25 * min(1, (18 / 5 - 1.5) / 1.5) / weeks_counted
    )
    by_the_times = 25 * (1 - valued(score, "regularity")) + 15 * (1 - valued(score, "mix"))
    assert advice["keep_to_the_times"].points == pytest.approx(by_the_times)


def test_who_has_reached_the_goal_is_not_told_to_publish_more() -> None:
    posts = [out(moment(0, slot)) for slot in ("mon 09:00", "tue 09:00", "wed 09:00", "thu 09:00")]

    codes = {one.code for one in consistency(posts, weeks(0), moment(0, "thu 12:00"), platforms={}).advice}

    assert codes == {"keep_to_the_times"}


def test_the_advice_to_publish_more_is_what_it_brings() -> None:
    planned, posts, now = weeks(4), kept(weeks(4)[:4]), moment(4, "mon 12:00")
    followed = [out(now), out(moment(4, "wed 09:00")), out(moment(4, "fri 09:00"))]

    before = consistency(posts, planned, now, platforms={})
    after = consistency([*posts, *followed], planned, MONDAY + 5 * WEEK, platforms={})

    (more,) = [one for one in before.advice if one.code == "publish_more"]
    assert more.message == "Publish 3 more posts this week"
    assert more.points == pytest.approx(total(after) - total(before))
    assert more.points > 0
    assert "publish_more" not in {one.code for one in after.advice}


# What may not matter, and what may not pay

messages = st.builds(Message, st.floats(0, 1), st.floats(0, 1), st.sampled_from([(), ("link",)]))
moments = st.integers(0, 4 * 7 * 24 * 60).map(lambda minutes: MONDAY + minutes * MINUTE)
histories = st.lists(
    st.builds(
        lambda at, name, message, fate, post: out(at, name, message=message, fate=fate, post=post),
        moments,
        st.sampled_from(["x", "mastodon", "weibo"]),
        messages,
        st.sampled_from(["published", "published", "published", "removed", "missed", "refused"]),
        st.sampled_from([None, None, "a", "b", "c"]),
    ),
    max_size=15,
)
shares = st.sampled_from([{}, {"x": 1.0}, {"x": 2.0, "mastodon": 1.0}, {"x": 1.0, "mastodon": 1.0, "weibo": 0.0}])


@given(histories, shares, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(
    posts: list[Outcome], platforms: dict[str, float], chance: random.Random
) -> None:
    planned, now = weeks(5), MONDAY + 4 * WEEK + 3 * DAY
    score = consistency(posts, planned, now, platforms=platforms)
    shuffled, weeks_too = list(posts), list(planned)
    chance.shuffle(shuffled)
    chance.shuffle(weeks_too)

    assert consistency(posts, planned, now, platforms=platforms) == score
    assert consistency(shuffled, weeks_too, now, platforms=dict(reversed(platforms.items()))).parts == score.parts


def moved(one: PlannedWeek, by: timedelta) -> PlannedWeek:
    times = tuple(replace(time, at=time.at + by) for time in one.occurrences)
    return replace(one, start=one.start + by, end=one.end + by, occurrences=times)


@given(histories, shares, st.integers(-14 * 4, 14 * 4))
def test_the_zone_does_not_matter(posts: list[Outcome], platforms: dict[str, float], quarters: int) -> None:
    planned, now, by = weeks(4), MONDAY + 4 * WEEK, quarters * 15 * MINUTE
    elsewhere = [replace(one, due=one.due + by, at=one.at + by if one.at else None) for one in posts]

    here = consistency(posts, planned, now, platforms=platforms)

    assert consistency(elsewhere, [moved(one, by) for one in planned], now + by, platforms=platforms) == here


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"])
@pytest.mark.parametrize("first", [datetime(2026, 3, 2), datetime(2026, 10, 5)])
def test_a_plan_kept_by_the_wall_clock_is_perfect_across_changes_of_the_clocks(zone: str, first: datetime) -> None:
    def instant(at: datetime) -> datetime:
        return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    planned = []
    for number in range(7):
        monday = first + number * WEEK
        times = tuple(Occurrence(instant(monday + day * DAY + 9 * HOUR), str(day), "") for day in (0, 2, 6))
        planned.append(PlannedWeek(instant(monday), instant(monday + WEEK), 3, 5, times))

    assert total(consistency(kept(planned[:6]), planned, planned[6].start, platforms={})) == pytest.approx(100)


@given(histories, shares, st.integers(1, 5000), st.integers(1, 60), messages)
def test_a_post_a_second_gains_nothing_over_one_post(
    posts: list[Outcome], platforms: dict[str, float], number: int, later: int, message: Message
) -> None:
    planned, now = weeks(5), MONDAY + 5 * WEEK
    first = MONDAY + 4 * WEEK + later * HOUR
    burst = [
        out(first + timedelta(seconds=second), name, message=message, post=f"burst {second}")
        for second in range(0, number, 1 + number // 40)
        for name in ("x", "mastodon")
    ]

    one = consistency([*posts, *burst[:2]], planned, now, platforms=platforms)
    many = consistency([*posts, *burst], planned, now, platforms=platforms)

    assert total(many) <= total(one) + 1e-9
    assert (many.n, many.confidence) == (one.n, one.confidence)


@given(st.integers(3, 8), st.integers(0, 6 * 24 * 60), st.integers(1, 40), st.sampled_from([{}, BOTH]))
def test_a_post_a_second_gains_nothing_where_the_plan_was_kept(
    number: int, minutes: int, posts: int, platforms: dict[str, float]
) -> None:
    planned = weeks(number)
    now = planned[-1].start + minutes * MINUTE
    before = [one for one in kept(planned, BOTH) if one.due <= now + MINUTE]
    burst = [
        out(now - timedelta(seconds=second), name, post=f"burst {second}") for second in range(posts) for name in BOTH
    ]

    kept_already = consistency(before, planned, now + MINUTE, platforms=platforms)

    assert (
        total(consistency([*before, *burst], planned, now + MINUTE, platforms=platforms)) <= total(kept_already) + 1e-9
    )


def test_the_score_stays_within_its_bounds() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        planned = [
            week(number, chance.sample(SLOTS, chance.randint(0, 3)), chance.randint(0, 4), chance.randint(0, 6))
            for number in range(chance.randint(0, 5))
        ]
        posts = [
            out(
                MONDAY + chance.uniform(-1, 5) * WEEK,
                chance.choice(["x", "mastodon"]),
                message=Message(chance.random(), chance.random()),
                post=chance.choice([None, "a", "b"]),
                fate=chance.choice(["published", "published", "missed", "removed"]),
            )
            for _ in range(chance.randint(0, 7))
        ]
        score = consistency(posts, planned, MONDAY + chance.uniform(0, 5) * WEEK, platforms=chance.choice([{}, BOTH]))

        assert all(one.value is None or 0 <= one.value <= 1 for one in score.parts)
        assert sum(one.weight for one in score.parts) == pytest.approx(0 if score.value is None else 1)
        if score.value is not None:
            assert score.interval
            assert 0 <= score.interval[0] <= score.value + 1e-9
            assert score.value - 1e-9 <= score.interval[1] <= 100
        assert all(
            0 < points <= 100
            for points in [*(one.points for one in score.losses), *(one.points for one in score.advice)]
        )
