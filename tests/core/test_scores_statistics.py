"""Every statistic against an answer that was known before: by hand, or as published; and every number's own range."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.errors import Invalid
from chalicelib.core.scores.statistics import (
    apdex,
    beta_mean,
    burstiness,
    confidence,
    divergence,
    freshness,
    jensen_shannon,
    percentile,
    plan_time,
    wilson,
)
from chalicelib.core.scores.weights import (
    CONSISTENCY,
    HALF_LIFE,
    HALF_LIVES,
    TIMELINESS,
    WEIGHTS,
    faults,
    overridden,
)
from chalicelib.platforms import names

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
TIMES = [MONDAY, MONDAY + timedelta(days=2), MONDAY + timedelta(days=3)]


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([1, 1], -1),
        ([7, 7, 7, 7, 7], -1),
        ([0, 4], 1),  # the most that two can differ: r = √(k - 1) = 1
        ([0, 0, 0, 0, 9], 1),
        ([0, 0, 0], 1),
        ([1 + math.sqrt(0.75), 1, 1 - math.sqrt(0.75)], 0),  # r = √((k - 1) / (k + 1)), as chance has it for k = 3
        ([1, 3], -0.154701),  # (√3 · 0.5 - 1) / ((√3 - 2) · 0.5 + 1)
        ([1, 1, 1, 1, 2, 1, 1, 1, 1, 1], -0.623822),
    ],
)
def test_burstiness(intervals: list[float], expected: float) -> None:
    assert burstiness(intervals) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("hours", "expected"), [(0, 0), (24, 0.5), (48, 1), (60, 1.5), (72, 2), (108, 3), (-36, -1), (90, 2.5)]
)
def test_plan_time_goes_straight_from_one_time_to_the_next_and_on_at_the_mean_pace(
    hours: float, expected: float
) -> None:
    assert plan_time(MONDAY + timedelta(hours=hours), TIMES) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        ([0.2, 0.3, 0.5], [0.2, 0.3, 0.5], 0),
        ([1, 0], [0, 1], 1),
        ([0.5, 0.5], [1, 0], 0.311278),  # H(3/4, 1/4) - H(1/2, 1/2) / 2
    ],
)
def test_jensen_shannon(p: list[float], q: list[float], expected: float) -> None:
    assert jensen_shannon(p, q) == pytest.approx(expected, abs=1e-6)
    assert jensen_shannon(q, p) == pytest.approx(expected, abs=1e-6)


def test_half_a_count_is_added_to_every_cell_of_both_sides() -> None:
    a, b = ("x", "mon"), ("x", "wed")
    # One count: (1.5, 0.5) / 2 against (0.5, 1.5) / 2; 0.75 · log2(1.5) + 0.25 · log2(0.5)
    assert divergence({a: 1}, {b: 1.0}) == pytest.approx(0.188722, abs=1e-6)
    assert divergence({a: 10, b: 20}, {a: 1 / 3, b: 2 / 3}) == pytest.approx(0, abs=1e-15)
    assert divergence({a: 3}, {a: 0.5, b: 0.5}) < divergence({a: 300}, {a: 0.5, b: 0.5})


def test_apdex() -> None:
    # 60 satisfied, 30 tolerating, 10 frustrated; the bounds belong to the better side.
    assert apdex([1.0] * 60 + [1.001] * 15 + [4.0] * 15 + [4.001] * 10, 100) == 0.75
    assert apdex([0.2], 2) == 0.5
    assert apdex([], 0) is None


@pytest.mark.parametrize(("share", "expected"), [(0, 15), (0.4, 29), (0.5, 35), (0.95, 48), (1, 50)])
def test_percentiles(share: float, expected: float) -> None:
    assert percentile([50, 15, 40, 20, 35], share) == pytest.approx(expected)


def test_of_nothing_there_is_no_percentile_and_of_one_it_is_that_one() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3], 0.95) == 3


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_newcombe_has_it(successes: int, n: int, low: float, high: float) -> None:
    """Statistics in Medicine 17 (1998), 857-872, table I, method 3."""
    assert wilson(successes / n, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_at_its_ends() -> None:
    assert wilson(0.3, 0) == (0.0, 1.0)
    assert wilson(1.0, 4)[1] == 1.0
    assert wilson(0.0, 4)[0] == 0.0
    # 1.959964² / (n + 1.959964²): to the ninth place, so that nobody says 1.96
    assert wilson(1.0, 4)[0] == pytest.approx(0.510109163, abs=1e-9)


def test_the_beta_mean_believes_in_eight_of_ten_before_it_knows() -> None:
    assert [beta_mean(0, 0), beta_mean(10, 10), beta_mean(0, 10), beta_mean(2, 30)] == [0.8, 0.9, 0.4, 0.25]


@pytest.mark.parametrize(("hours", "expected"), [(0, 1), (6, 0.5), (12, 0.25), (3, math.sqrt(0.5)), (-5, 1)])
def test_freshness_halves_with_every_half_life(hours: float, expected: float) -> None:
    assert freshness(timedelta(hours=hours), 6) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "letter"), [(0, "C"), (4, "C"), (5, "B"), (19, "B"), (20, "A"), (9999, "A")])
def test_a_letter_says_how_far_to_trust(n: int, letter: str) -> None:
    assert confidence(n) == letter


def test_statistics_stay_within_their_bounds() -> None:
    chance = random.Random(7)
    for _ in range(22_000):
        k, n = chance.randint(2, 9), chance.randint(1, 40)
        values = [chance.choice([0, chance.expovariate(1), chance.random() * 1e9, 1e-300]) for _ in range(k)]
        counts = {("x", str(cell)): chance.randint(0, n) for cell in range(k)}
        shares = {("x", str(cell)): 1 / k for cell in range(chance.randint(0, 3), k)}
        mean = chance.choice([0.0, 1.0, chance.random()])
        low, high = wilson(mean, n)

        assert -1 <= burstiness(values) <= 1
        assert 0 <= divergence(counts, shares) <= 1
        assert 0 <= low <= mean <= high <= 1
        assert 0 <= freshness(timedelta(hours=chance.uniform(-9, 1e6)), chance.uniform(0.02, 1e5)) <= 1


def test_the_weights_are_those_that_were_chosen() -> None:
    assert CONSISTENCY == {"cadence": 0.35, "regularity": 0.25, "mix": 0.15, "streak": 0.10, "message": 0.15}
    assert TIMELINESS == {"publish": 0.5, "response": 0.3, "fresh": 0.2}
    assert (WEIGHTS.consistency, WEIGHTS.timeliness) == (CONSISTENCY, TIMELINESS)
    assert sum(CONSISTENCY.values()) == pytest.approx(1)
    assert sum(TIMELINESS.values()) == pytest.approx(1)


def test_half_lives_are_those_that_were_read_and_of_networks_that_there_are() -> None:
    read = {"x": 49, "facebook": 81, "instagram": 1143, "linkedin": 1426, "youtube": 13968, "pinterest": 153300}
    blogs = dict.fromkeys(("ghost", "wordpress", "devto"), 1_008_000)

    assert {name: hours * 60 for name, hours in HALF_LIVES.items()} == pytest.approx({**read, **blogs})
    assert set(HALF_LIVES) <= set(names())
    assert HALF_LIFE == 24


def test_overrides_that_can_be_used_take_the_place_of_what_they_name() -> None:
    assert faults({"mix": 0}, {"fresh": 100}, {"x": 1 / 60, "sandbox": 87_600}, names()) == []

    weights = overridden({"mix": 0}, {"fresh": 100})

    assert weights.consistency == {**CONSISTENCY, "mix": 0}
    assert weights.timeliness == {**TIMELINESS, "fresh": 100}


def test_all_that_is_wrong_with_overrides_is_said_at_once() -> None:
    found = faults(
        {"cadence": -0.1, "luck": 1, "mix": math.nan},
        {"publish": 0, "response": 0, "fresh": 0},
        {"x": 1 / 60.1, "orkut": 1, "youtube": 87_601},
        names(),
    )

    assert [(issue.code, issue.path) for issue in found] == [
        ("weight_out_of_range", "consistency.cadence"),
        ("unknown_part", "consistency.luck"),
        ("weight_out_of_range", "consistency.mix"),
        ("no_weight", "timeliness"),
        ("half_life_out_of_range", "half_lives.x"),
        ("unknown_platform", "half_lives.orkut"),
        ("half_life_out_of_range", "half_lives.youtube"),
    ]
    assert {issue.severity for issue in found} == {"error"}


@pytest.mark.parametrize("weights", [{"publish": 100.5}, {"late": 1}, {"publish": math.inf}])
def test_overrides_that_cannot_be_used_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        overridden({}, weights)
