"""The statistics that both scores share. Each can be done by hand: docs/scores.md does."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib.core.scores.score import Confidence
from chalicelib.core.scores.weights import FEW, PRIOR_N, PRIOR_SUCCESSES, SATISFIED, SMOOTHING, SOME, TOLERATED, Z_95

Cell = tuple[str, str]
Interval = tuple[float, float]


def clamp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """The value, or the bound that it passes."""
    return min(max(value, low), high)


def burstiness(intervals: Sequence[float]) -> float:
    """How bursty intervals are: -1 all alike, 0 as chance would have it, 1 everything at once. Two of them at least.

    The finite-size form of Kim & Jo, Phys. Rev. E 94, 032311 (2016), https://arxiv.org/abs/1604.01125, with the
    population's deviation, so that any number of intervals reaches both limits; after Goh & Barabási, EPL 81, 48002
    (2008). Intervals that are all nothing are one burst.
    """
    k = len(intervals)
    mean = math.fsum(intervals) / k
    if mean <= 0:
        return 1.0
    ratio = math.sqrt(math.fsum((one - mean) ** 2 for one in intervals) / k) / mean
    ends, root = math.sqrt(k - 1), math.sqrt(k + 1)
    return clamp((root * ratio - ends) / ((root - 2) * ratio + ends), -1.0)


def plan_time(at: datetime, occurrences: Sequence[datetime]) -> float:
    """Λ(t): how many times were planned until then, after the first, in a straight line from each to the next.

    Before the first and after the last it goes on at the plan's mean pace. `occurrences` are in order, all different,
    and at least two. Time rescaling: Brown et al., Neural Computation 14 (2002),
    https://doi.org/10.1162/08997660252741149.
    """
    first, last = occurrences[0], occurrences[-1]
    pace = (last - first) / (len(occurrences) - 1)
    if at <= first:
        return (at - first) / pace
    if at >= last:
        return len(occurrences) - 1 + (at - last) / pace
    passed = bisect_right(occurrences, at) - 1
    return passed + (at - occurrences[passed]) / (occurrences[passed + 1] - occurrences[passed])


def jensen_shannon(p: Sequence[float], q: Sequence[float]) -> float:
    """How far two distributions over the same cells are apart: 0 they are one, 1 they share nothing.

    To the base 2: Lin, IEEE Trans. Inf. Theory 37 (1991), https://doi.org/10.1109/18.61115.
    """
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return clamp((_kullback_leibler(p, middle) + _kullback_leibler(q, middle)) / 2)


def _kullback_leibler(p: Sequence[float], q: Sequence[float]) -> float:
    return math.fsum(a * math.log2(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def divergence(counts: Mapping[Cell, int], shares: Mapping[Cell, float]) -> float:
    """How far what was counted is from planned shares, which make 1; at least one is counted.

    Jensen–Shannon, after half a count was added to every cell of both sides: to the plan's on top of the counts that
    it expects of so many. So a few posts prove little, and counts as planned are exactly 0 apart.
    """
    cells, n = list({*counts, *shares}), sum(counts.values())
    total = n + SMOOTHING * len(cells)
    achieved = [(counts.get(cell, 0) + SMOOTHING) / total for cell in cells]
    expected = [(n * shares.get(cell, 0) + SMOOTHING) / total for cell in cells]
    return jensen_shannon(achieved, expected)


def apdex(seconds: Sequence[float], n: int) -> float | None:
    """(satisfied + tolerating / 2) / n: satisfied within T, tolerating within 4T, of n that were to come; None of none.

    Apdex Alliance, Technical Specification 1.1 (2007), https://www.apdex.org.
    """
    satisfied = sum(one <= SATISFIED for one in seconds)
    tolerating = sum(SATISFIED < one <= TOLERATED for one in seconds)
    return (satisfied + tolerating / 2) / n if n else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """What this share of the values does not exceed, in a straight line between two of them; None of none.

    Definition 7 of Hyndman & Fan, The American Statistician 50 (1996), https://doi.org/10.2307/2684934.
    """
    if not values:
        return None
    ordered, place = sorted(values), share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def wilson(mean: float, n: float) -> Interval:
    """Where a share that was found to be `mean` of n probably lies (95 %); anywhere, for none.

    Wilson, JASA 22 (1927), https://doi.org/10.1080/01621459.1927.10502953; advised for few by Agresti & Coull, The
    American Statistician 52 (1998). A mean of values in [0, 1] scatters at most as a share of the same size does, so
    for one this interval is a careful one.
    """
    if n <= 0:
        return 0.0, 1.0
    square = Z_95**2 / n
    centre = (mean + square / 2) / (1 + square)
    reach = Z_95 * math.sqrt(mean * (1 - mean) / n + square / (4 * n)) / (1 + square)
    # At both ends a bound is the mean itself, but for what rounding leaves.
    return min(clamp(centre - reach), mean), max(clamp(centre + reach), mean)


def beta_mean(successes: float, n: float) -> float:
    """A share with 8 in 10 taken for known before anything is: (s + 8) / (n + 10), the mean of a Beta posterior.

    Agresti & Coull, The American Statistician 52 (1998), https://doi.org/10.2307/2685469.
    """
    return (successes + PRIOR_SUCCESSES) / (n + PRIOR_N)


def freshness(age: timedelta, half_life: float) -> float:
    """2^(-Δ/h): how much of the interest is left, with the half-life in hours; all of it where the age is below 0."""
    return float(2.0 ** -(max(age, timedelta()) / timedelta(hours=half_life)))


def confidence(n: int) -> Confidence:
    """How far to trust a figure made of so many: C for fewer than 5, B for fewer than 20, A."""
    return "C" if n < FEW else "B" if n < SOME else "A"
