"""When people address an account far more often than they use to: a campaign that works, or a crisis.

An hour is compared with what the account itself is used to at that time of day: the same hour and its neighbours, on
each of the last 14 days. Median and median absolute deviation, and not mean and standard deviation, so that the spike
of last week does not hide the one of today. An hour stands out where its modified z-score passes 3.5 (Iglewicz and
Hoaglin 1993, https://www.itl.nist.gov/div898/handbook/eda/section3/eda35h.htm, read 2026-11-22), and where it is so
many times the usual, and so many at all, as the rule wants. Counts scatter by their square root even when nothing
happens (Poisson), so no hour is held against less than that.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from chalicelib.core.day import hour_of

DAYS = 14
FEWEST_DAYS = 3
"""With fewer days behind it, nobody knows what an account is used to."""
NEIGHBOURS = (timedelta(hours=-1), timedelta(), timedelta(hours=1))
OUTLIER = 3.5
NORMAL = 1.4826
"""Median absolute deviation × this is the standard deviation of what is normally distributed."""
COOL_DOWN = timedelta(hours=6)
"""One spike is told once: the next one not before this."""
LEAST = 5
"""No rule looks at fewer than this many."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a workspace calls a spike, and whether one holds the account's posts."""

    hold: bool = False
    factor: float = 5.0
    """How many times the usual."""
    minimum: int = 20
    """How many in the hour at least."""


@dataclass(frozen=True, slots=True)
class Spike:
    """An hour in which people addressed an account far more often than usual."""

    at: datetime
    """When it was found."""
    account_id: str
    platform: str
    hour: str
    count: int
    usual: float
    bound: int
    """From how many on it was one."""
    held: bool = False
    """Whether it holds the account's posts."""


def bound(counts: Sequence[int], rule: Rule) -> int:
    """From how many on an hour is a spike, where such hours used to have these counts."""
    usual = median(counts)
    scatter = max(NORMAL * median(abs(count - usual) for count in counts), math.sqrt(max(usual, 1)))
    return max(rule.minimum, math.ceil(rule.factor * usual), math.ceil(usual + OUTLIER * scatter))


def compared(voices: Mapping[str, int], now: datetime, known_since: date) -> list[int]:
    """The counts that this hour is compared with, none where the account is not known for long enough.

    `voices` are the account's hours; one that is left out had none.
    """
    first = max(known_since, now.date() - timedelta(days=DAYS))
    if now.date() - first < timedelta(days=FEWEST_DAYS):
        return []
    return [voices.get(hour_of(at), 0) for at in _like(now) if at.date() >= first]


def _like(now: datetime) -> Iterator[datetime]:
    for days in range(1, DAYS + 1):
        yield from (now - timedelta(days=days) + step for step in NEIGHBOURS)


def is_over(spike: Spike | None, now: datetime) -> bool:
    """Whether another one may be told of."""
    return spike is None or now >= spike.at + COOL_DOWN
