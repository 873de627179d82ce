"""Instants, minutes and zones: when something is due, and what a wall-clock time means.

Instants are aware datetimes in UTC with milliseconds; `stamp` writes them with a fixed width, so they sort as text.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE = timedelta(minutes=1)


def stamp(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-22T09:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_of(instant: datetime | None) -> str | None:
    """The same of an instant that may not have come."""
    return stamp(instant) if instant else None


def instant(text: str) -> datetime:
    """The instant that `stamp` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def milliseconds(instant: datetime) -> datetime:
    """The instant cut to whole milliseconds, as it is stored."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def in_reach(when: datetime) -> datetime:
    """The same; ValueError where another zone, or a few years more, would lead out of what a datetime can say."""
    if not 2 <= when.year <= 9990:
        raise ValueError("must be between the years 2 and 9990")
    return when


def minute_of(instant: datetime) -> datetime:
    """The start of the UTC minute that holds the instant."""
    return instant.astimezone(UTC).replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a wall-clock time means; `note` explains a gap (`dst_gap`) or an overlap (`dst_overlap`)."""

    instant: datetime
    note: str | None = None


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as missing:
        raise ValueError(f"{name!r} is no IANA time zone such as 'Europe/Berlin' or 'Asia/Shanghai'") from missing


def resolve(wall: datetime, zone: ZoneInfo) -> Resolved:
    """The instant of a naive wall-clock time in a zone.

    A time inside a gap moves forward by the gap's length (02:30 becomes 03:30); one that happens twice is the first
    of the two. Both are the choices of RFC 5545 §3.3.5 (https://www.rfc-editor.org/rfc/rfc5545, read 2026-11-22).
    """
    first = wall.replace(tzinfo=zone, fold=0)
    there = first.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) != wall:
        return Resolved(there, "dst_gap")
    if wall.replace(tzinfo=zone, fold=1).astimezone(UTC) != there:
        return Resolved(there, "dst_overlap")
    return Resolved(there)
