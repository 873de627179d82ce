"""When posts did best: by the local weekday and hour at which they went out, and only as surely as their number allows.

A recommendation takes three things: enough posts in the hour, a better half of the account's posts in it than chance
would put there, and that still where every hour that could have been recommended had its chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import comb
from statistics import mean, median
from typing import Literal

Signal = Literal["none", "thin", "ok"]

THIN = 3
"""Posts in an hour from which on its figures are shown as more than noise."""
OK = 8
"""Posts in an hour from which on it may be recommended."""
CHANCE = 0.05
"""How probable it may be, at most, that any recommendation is chance alone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a post in its first 24 hours."""

    published_at: datetime
    engagement: int


@dataclass(frozen=True, slots=True)
class Block:
    """An hour of the week: 1 is Monday, and 9 the hour from nine to ten."""

    weekday: int
    hour: int
    n: int
    """Posts in it."""
    mean: float
    median: float
    above: int
    """Those above the median of all posts."""
    signal: Signal


@dataclass(frozen=True, slots=True)
class BestTimes:
    """All hours of the week in which something went out, and those that can be recommended, best first."""

    n: int
    signal: Signal
    blocks: tuple[Block, ...]
    best: tuple[Block, ...]


def best_times(outcomes: Iterable[Outcome], zone: tzinfo) -> BestTimes:
    """What can be said of some posts."""
    all_ = list(outcomes)
    middle = median(one.engagement for one in all_) if all_ else 0.0
    hours: dict[tuple[int, int], list[int]] = {}
    for one in all_:
        local = one.published_at.astimezone(zone)
        hours.setdefault((local.isoweekday(), local.hour), []).append(one.engagement)
    blocks = tuple(_block(*place, hours[place], middle) for place in sorted(hours))
    sure = [one for one in blocks if one.signal == "ok"]
    best = [one for one in sure if by_chance(one.above, one.n) <= CHANCE / len(sure)]
    best.sort(key=lambda one: (-one.median, -one.n, one.weekday, one.hour))
    return BestTimes(len(all_), signal(max((one.n for one in blocks), default=0)), blocks, tuple(best))


def signal(n: int) -> Signal:
    """How much so many posts in one hour say."""
    return "none" if n < THIN else "thin" if n < OK else "ok"


def by_chance(above: int, n: int) -> float:
    """How probable it is that so many of n posts, or more, lie above the median by chance: the sign test."""
    return float(sum(comb(n, k) for k in range(above, n + 1)) / 2**n)


def _block(weekday: int, hour: int, found: list[int], middle: float) -> Block:
    above = sum(one > middle for one in found)
    return Block(weekday, hour, len(found), mean(found), float(median(found)), above, signal(len(found)))
