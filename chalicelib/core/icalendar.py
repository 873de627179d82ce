"""A calendar of posts as RFC 5545 has it (https://www.rfc-editor.org/rfc/rfc5545, read 2026-11-23)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

LINE_OCTETS = 75
"""§3.1: a content line is folded so that no line is longer, its end not counted."""
SHOWN = timedelta(minutes=15)
"""How long an event looks in a calendar; a post takes no time, and many calendars do not draw what takes none."""
REFRESH = "PT15M"
"""How often a client is asked to look again (RFC 7986 §5.7; Outlook knows the older X-PUBLISHED-TTL)."""

Standing = Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Event:
    """One due time of a post. `uid` never changes; `sequence` is raised with every edit."""

    uid: str
    at: datetime
    summary: str
    description: str
    standing: Standing
    updated_at: datetime
    sequence: int
    categories: tuple[str, ...] = ()
    url: str | None = None


def calendar(name: str, events: Iterable[str]) -> str:
    """The whole calendar of events as `written`."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Carillon//Posts//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines += [f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}"]
    lines += [f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"]
    return "".join([_ended(lines), *events, _ended(["END:VCALENDAR"])])


def written(event: Event) -> str:
    """The lines of one event."""
    return _ended(_lines(event))


def _ended(lines: Iterable[str]) -> str:
    """Lines folded and ended with CRLF."""
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _lines(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{_utc(event.updated_at)}"
    yield f"LAST-MODIFIED:{_utc(event.updated_at)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTART:{_utc(event.at)}"
    yield f"DTEND:{_utc(event.at + SHOWN)}"
    yield f"SUMMARY:{_text(event.summary)}"
    yield f"DESCRIPTION:{_text(event.description)}"
    yield f"STATUS:{event.standing}"
    yield "TRANSP:TRANSPARENT"
    if event.categories:
        yield f"CATEGORIES:{','.join(map(_text, event.categories))}"
    if event.url:
        yield f"URL:{_CONTROL.sub('', event.url)}"
    yield "END:VEVENT"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""§3.1: what a value may not hold."""
_BREAK = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")


def _text(value: str) -> str:
    """A TEXT value (§3.3.11)."""
    for plain in "\\;,":
        value = value.replace(plain, f"\\{plain}")
    return _CONTROL.sub("", _BREAK.sub(r"\\n", value))


def _folded(line: str) -> str:
    """The line in pieces of at most 75 octets, each but the first behind a blank; no character is cut."""
    pieces, room = [""], LINE_OCTETS
    for letter in line:
        octets = len(letter.encode())
        if octets > room:
            pieces.append("")
            room = LINE_OCTETS - 1
        pieces[-1] += letter
        room -= octets
    return "\r\n ".join(pieces)
