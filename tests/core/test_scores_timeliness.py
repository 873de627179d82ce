"""Whether a brand is on time: known answers, and what may never lower the score."""

import math
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.scores.outcome import Answers, Fate, Outcome
from chalicelib.core.scores.timeliness import punctuality, timeliness
from chalicelib.core.scores.weights import Weights
from tests.core.histories import MONDAY, out, part, total, valued

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOBODY = Answers()
TEN = Answers(answered=9, in_time=7, overdue=1, waiting=3, speed=5.4, target_seconds=900)


@pytest.mark.parametrize(
    ("late", "expected"),
    [(0, 1), (1, 1), (math.sqrt(300), 0.5), (60, 0.282171), (120, 0.160647), (299.999, 0), (300, 0), (86400, 0)],
)
def test_lateness_costs_by_its_logarithm(late: float, expected: float) -> None:
    assert punctuality(out(MONDAY, late=late)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ("published", 1),
        ("removed", 1),
        ("missed", 0),
        ("skipped", 0),
        ("failed", 0),
        ("refused", None),
        ("cancelled", None),
    ],
)
def test_who_broke_the_promise(fate: Fate, expected: float | None) -> None:
    score = timeliness([out(MONDAY, fate=fate)], NOBODY)

    assert part(score, "publish").value == expected
    assert score.n == (expected is not None)


def test_early_is_not_on_time_and_unknown_is_nothing() -> None:
    early = replace(out(MONDAY), early=True)
    unknown = replace(out(MONDAY), at=None)

    assert valued(timeliness([early], NOBODY), "publish") == 0
    assert part(timeliness([early], NOBODY), "publish").figures["early"] == 1
    assert timeliness([unknown], NOBODY).n == 0


def test_publish_and_what_is_shown_beside_it() -> None:
    late = [0.2, 1.0, 3.0, 4.0, 60.0]
    posts = [out(MONDAY + number * HOUR, late=seconds) for number, seconds in enumerate(late)]
    posts += [out(MONDAY + 9 * HOUR, fate="missed"), replace(out(MONDAY + 10 * HOUR), early=True)]
    posts[0] = replace(posts[0], person_ms=90_000)
    posts[1] = replace(posts[1], person_ms=10_000)

    found = part(timeliness(posts, NOBODY), "publish")

    assert found.n == 7
    assert found.value == pytest.approx((2 + 3 - (math.log(3) + math.log(4) + math.log(60)) / math.log(300)) / 7)
    assert found.figures == pytest.approx(
        {
            "apdex_1s": 3 / 7,
            "p50_seconds": 3,
            "p95_seconds": 48.8,
            "on_time": 2 / 7,
            "on_time_beta": 10 / 17,
            "on_time_low": 0.082219,
            "on_time_high": 0.641066,
            "not_out": 1,
            "early": 1,
            "waited_for_people": 2,
            "person_ms": 100_000,
        },
        abs=1e-6,
    )
    assert found.interval
    assert found.interval[0] < (found.value or 0) < found.interval[1]


def test_waiting_for_a_person_is_not_lateness() -> None:
    posts = [out(MONDAY, late=0.5)]

    assert timeliness([replace(posts[0], person_ms=10**9)], NOBODY).value == timeliness(posts, NOBODY).value


def test_response_is_half_how_many_and_half_how_fast() -> None:
    score = timeliness([], TEN)
    found = part(score, "response")

    assert found.value == pytest.approx((15 / 20 + 0.54) / 2)
    assert (found.n, score.n, found.weight) == (10, 10, 1)
    assert found.figures == pytest.approx(
        {
            "rate": 0.75,
            "in_time": 0.7,
            "in_time_low": 0.396778,
            "in_time_high": 0.892209,
            "speed": 0.54,
            "answered": 9,
            "overdue": 1,
            "waiting": 3,
            "target_seconds": 900,
        },
        abs=1e-6,
    )


def test_who_may_still_be_answered_in_time_is_in_no_figure() -> None:
    assert timeliness([], replace(TEN, waiting=99)).value == timeliness([], TEN).value
    assert part(timeliness([], Answers(waiting=4)), "response").note == "nobody_asked"


@pytest.mark.parametrize(
    ("platform", "hours", "expected"),
    [("x", 49 / 60, 0.5), ("linkedin", 1426 / 60, 0.5), ("sandbox", 24, 0.5), ("sandbox", 48, 0.25), ("x", -1, 1)],
)
def test_news_halves_with_the_networks_half_life(platform: str, hours: float, expected: float) -> None:
    post = replace(out(MONDAY, platform), source_event_at=MONDAY - timedelta(hours=hours))
    score = timeliness([post], NOBODY)

    assert valued(score, "fresh") == pytest.approx(expected)
    assert part(score, "fresh").figures["p50_hours"] == pytest.approx(hours)
    assert valued(timeliness([replace(post, fate="removed")], NOBODY), "fresh") == pytest.approx(expected)


def test_half_lives_can_be_overridden() -> None:
    post = replace(out(MONDAY), source_event_at=MONDAY - 6 * HOUR)

    assert valued(timeliness([post], NOBODY, half_lives={"x": 3.0}), "fresh") == pytest.approx(0.25)


def test_parts_without_data_are_dropped_and_the_others_share_their_weight() -> None:
    nothing = timeliness([], NOBODY)
    some = timeliness([out(MONDAY)], TEN)

    assert (nothing.value, nothing.interval, nothing.n, nothing.confidence) == (None, None, 0, "C")
    assert [one.note for one in nothing.parts] == ["no_posts", "nobody_asked", "no_source_events"]
    assert [one.weight for one in some.parts] == pytest.approx([0.5 / 0.8, 0.3 / 0.8, 0])
    assert total(some) == pytest.approx(100 * (0.5 + 0.3 * 0.645) / 0.8)
    assert some.confidence == "B"


def test_weights_can_be_overridden() -> None:
    weights = Weights(timeliness={"publish": 0, "response": 2, "fresh": 5})

    assert total(timeliness([out(MONDAY)], TEN, weights=weights)) == pytest.approx(64.5)


# What cost points, and what would bring some


def test_the_three_posts_that_cost_most_and_why() -> None:
    posts = [out(MONDAY + number * HOUR) for number in range(20)]
    posts[1] = replace(out(MONDAY + HOUR), source_event_at=MONDAY - 23 * HOUR, platform="sandbox")
    posts[2] = out(MONDAY + 2 * HOUR, late=60)
    posts[3] = out(MONDAY + 3 * HOUR, fate="skipped")
    posts[4] = replace(out(MONDAY + 4 * HOUR), early=True)
    posts += [out(MONDAY + 4 * HOUR, "mastodon", late=2)]

    losses = timeliness(posts, NOBODY).losses

    assert [loss.why for loss in losses] == ["stale_by 24.0 h", "early", "skipped"]
    one = 100 * 0.5 / 0.7 / 21
    assert [loss.points for loss in losses] == pytest.approx(
        [100 * 0.2 / 0.7 / 2, one * (1 + math.log(2) / math.log(300)), one]
    )


def test_a_loss_is_what_the_score_would_rise_by() -> None:
    posts = [out(MONDAY + number * HOUR, late=late) for number, late in enumerate([0, 5, 312, 0])]
    losses = timeliness(posts, TEN).losses

    assert losses[0].why == "late_by 312.0 s"
    for loss in losses:
        perfect = [replace(one, at=one.due) if one.post_id == loss.post_id else one for one in posts]
        assert loss.points == pytest.approx(total(timeliness(perfect, TEN)) - total(timeliness(posts, TEN)))


def test_advice_says_what_each_thing_would_bring_and_the_most_worthwhile_first() -> None:
    posts = [replace(out(MONDAY, "sandbox", late=60), source_event_at=MONDAY + timedelta(minutes=1) - DAY)]

    advice = timeliness(posts, TEN).advice

    assert {one.code: one.points for one in advice} == pytest.approx(
        {
            "publish_on_time": 50 * math.log(60) / math.log(300),
            "follow_sooner": 20 * 0.5,
            "answer_faster": 30 * 0.5 * 0.46,
            "answer_in_time": 30 * 0.5 * 3 / 20,
        }
    )
    assert [one.points for one in advice] == sorted((one.points for one in advice), reverse=True)
    assert {one.code: one.message for one in advice}["answer_in_time"] == "Answer within 15 minutes; 3 of 10 were not"


def test_a_perfect_brand_needs_no_advice_but_to_answer() -> None:
    post = replace(out(MONDAY), source_event_at=MONDAY)

    assert (timeliness([post], NOBODY).value, timeliness([post], NOBODY).advice) == (100, ())
    assert [one.code for one in timeliness([post], Answers(5, 5, 0, 0, 4.0)).advice] == ["answer_faster"]


# What may never lower it, and what may not matter


def random_answers(chance: random.Random) -> Answers:
    answered = chance.choice([0, 0, 1, 30])
    in_time = chance.randint(0, answered)
    return Answers(answered, in_time, chance.choice([0, 0, 5]), chance.randint(0, 3), chance.random() * answered)


def random_posts(chance: random.Random) -> list[Outcome]:
    fates: list[Fate] = ["published", "published", "published", "removed", "missed", "failed", "refused", "cancelled"]
    return [
        replace(
            out(
                MONDAY + chance.uniform(0, 28) * DAY,
                chance.choice(["x", "linkedin", "sandbox"]),
                late=chance.choice([0, 0.5, 2, 30, 299, 1e5]) * chance.random(),
                fate=chance.choice(fates),
            ),
            early=chance.random() < 0.1,
            source_event_at=chance.choice([None, MONDAY + chance.uniform(-400, 28) * DAY]),
        )
        for _ in range(chance.randint(0, 4))
    ]


def test_the_score_stays_within_its_bounds() -> None:
    chance = random.Random(7)
    for _ in range(10_000):
        score = timeliness(random_posts(chance), random_answers(chance))

        assert all(one.value is None or 0 <= one.value <= 1 for one in score.parts)
        if score.value is not None:
            assert score.interval
            assert -1e-9 <= score.interval[0] - 1e-9 <= score.value <= score.interval[1] + 1e-9 <= 100 + 1e-8


@given(st.randoms(use_true_random=False), st.floats(0, 1))
def test_one_more_post_on_time_never_lowers_it(chance: random.Random, late: float) -> None:
    posts, answers = random_posts(chance), random_answers(chance)
    before = timeliness(posts, answers)

    after = timeliness([*posts, out(MONDAY, late=late)], answers)

    assert total(after) >= (before.value or 0) - 1e-9


@given(st.randoms(use_true_random=False), st.integers(-14 * 60, 14 * 60))
def test_neither_order_nor_repetition_nor_the_zone_matters(chance: random.Random, minutes: int) -> None:
    posts, answers, by = random_posts(chance), random_answers(chance), timedelta(minutes=minutes)
    score = timeliness(posts, answers)
    shuffled = list(posts)
    chance.shuffle(shuffled)
    elsewhere = [
        replace(
            one,
            due=one.due + by,
            at=one.at + by if one.at else None,
            source_event_at=one.source_event_at + by if one.source_event_at else None,
        )
        for one in posts
    ]

    assert timeliness(posts, answers) == score
    assert timeliness(shuffled, answers) == score
    assert timeliness(elsewhere, answers) == score
