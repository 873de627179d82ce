"""Business hours: when somebody is there to answer, and how much of a wait fell into that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Open = tuple[int, int]
"""From which minute of the day to before which: (540, 1080) is nine to six, (0, 1440) the whole day."""

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
WHOLE_DAY: Open = (0, 1440)
ALWAYS: dict[Weekday, tuple[Open, ...]] = dict.fromkeys(WEEKDAYS, (WHOLE_DAY,))


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """A workspace's hours, by the wall clocks of its zone, and how much open time an answer may take.

    Who has not said anything is always open and has 15 minutes, the bar of Meta's badge for very responsive pages.
    """

    timezone: str = "UTC"
    days: Mapping[Weekday, tuple[Open, ...]] = field(default_factory=lambda: ALWAYS)
    """A day that is missing is closed."""
    target: timedelta = timedelta(minutes=15)


def open_time(hours: BusinessHours, start: datetime, end: datetime) -> timedelta:
    """How much of the time between two instants was open; nothing where the end is not after the start.

    Exact across changes of the clocks: an hour that happens twice counts twice, and one that is left out not at all.
    """
    zone = ZoneInfo(hours.timezone)
    spans = _steady(start.astimezone(UTC), end.astimezone(UTC), zone)
    return sum((_between(hours.days, first + offset, last + offset) for first, last, offset in spans), timedelta())


def _steady(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The time in spans over which the zone's offset stays the same; no zone changes its offset twice in a day."""
    while start < end:
        offset, until = _offset(start, zone), min(end, start + DAY)
        if _offset(until, zone) != offset:
            until = _change(start, until, zone)
        yield start, until, offset
        start = until


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, to the second, at which the offset is no longer what it was before."""
    offset, step = _offset(before, zone), timedelta(seconds=1)
    origin = before.replace(microsecond=0)
    low, high = 0, -((origin - after) // step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(origin + step * middle, zone) == offset else (low, middle)
    return origin + step * high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _between(days: Mapping[Weekday, tuple[Open, ...]], start: datetime, end: datetime) -> timedelta:
    """The open time between two moments of one wall clock."""
    total, midnight = timedelta(), datetime.combine(start.date(), time(), start.tzinfo)
    while midnight < end:
        for opens, closes in days.get(WEEKDAYS[midnight.weekday()], ()):
            first, last = (midnight + timedelta(minutes=minute) for minute in (opens, closes))
            total += max(timedelta(), min(end, last) - max(start, first))
        midnight += DAY
    return total
