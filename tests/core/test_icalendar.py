"""The calendar is what RFC 5545 says, whatever the posts say."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.icalendar import Event, calendar, written

AT = datetime(2027, 5, 3, 7, 0, tzinfo=UTC)


def event(summary: str = "Bells", description: str = "") -> Event:
    return Event("post_1@carillon", AT, summary, description, "CONFIRMED", AT, 3, ("bluesky", "weibo"))


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value)


def test_an_event_reads_like_this() -> None:
    assert unfolded(calendar("Bell tower", [written(event("Bells; and more, today", "One\r\nTwo\\"))])) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Carillon//Posts//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "NAME:Bell tower",
        "X-WR-CALNAME:Bell tower",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
        "BEGIN:VEVENT",
        "UID:post_1@carillon",
        "DTSTAMP:20270503T070000Z",
        "LAST-MODIFIED:20270503T070000Z",
        "SEQUENCE:3",
        "DTSTART:20270503T070000Z",
        "DTEND:20270503T071500Z",
        r"SUMMARY:Bells\; and more\, today",
        r"DESCRIPTION:One\nTwo\\",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "CATEGORIES:bluesky,weibo",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_long_line_is_folded_between_characters() -> None:
    text = calendar("", [written(event("钟" * 60))])

    folded = next(re.finditer(r"SUMMARY:[^\r]*(?:\r\n [^\r]*)*", text))[0].split("\r\n")
    # 8 octets of the name and 22 × 3, then a blank and 24 × 3.
    assert [len(line.encode()) for line in folded] == [74, 73, 43]


@given(st.text(max_size=100), st.text(max_size=100))
def test_no_text_breaks_a_line_or_is_lost(summary: str, description: str) -> None:
    text = calendar(summary, [written(event(summary, description))])

    raw = text.encode().split(b"\r\n")
    assert all(len(line) <= 75 for line in raw)
    assert not any(re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line) for line in raw)
    lines = unfolded(text)
    assert len(lines) == 23
    for name, value in (("SUMMARY", summary), ("DESCRIPTION", description)):
        found = next(line for line in lines if line.startswith(f"{name}:")).partition(":")[2]
        breaks = re.sub(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", value)
        assert plain(found) == re.sub(r"[\x00-\x08\x0e-\x1f\x7f]", "", breaks)
