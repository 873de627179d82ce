"""How much of a wait was open time: as many minutes as somebody with a watch would count."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.business_hours import WEEKDAYS, BusinessHours, open_time

MINUTE = timedelta(minutes=1)
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"),
    *("Asia/Kathmandu", "Africa/Casablanca", "Asia/Shanghai", "Antarctica/Troll"),
)
CHANGES = (
    *("2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-11-01T06:00", "2011-12-30T10:00"),
    *("2026-04-04T15:00", "2026-10-03T15:30", "2026-02-15T02:00", "2026-06-01T12:00"),
)
"""Instants around which clocks change, in these zones or in others."""

spans = (
    st.lists(st.integers(0, 1440), unique=True, max_size=6)
    .map(sorted)
    .map(lambda ends: list(zip(ends[::2], ends[1::2], strict=False)))
)
days = st.dictionaries(st.sampled_from(WEEKDAYS), spans.map(tuple), max_size=7)
some_hours = st.builds(BusinessHours, st.sampled_from(ZONES), days)
instants = st.builds(
    lambda change, minutes: datetime.fromisoformat(change).replace(tzinfo=UTC) + MINUTE * minutes,
    st.sampled_from(CHANGES),
    st.integers(-2500, 2500),
)


def counted(hours: BusinessHours, start: datetime, end: datetime) -> timedelta:
    """By the watch: every minute of the world's time, and what the wall says in it."""
    total, at, zone = 0, start, ZoneInfo(hours.timezone)
    while at < end:
        wall = at.astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        total += any(opens <= minute < closes for opens, closes in hours.days.get(WEEKDAYS[wall.weekday()], ()))
        at += MINUTE
    return MINUTE * total


@settings(deadline=None, max_examples=60)
@given(some_hours, instants, st.integers(0, 3000))
def test_it_is_what_somebody_with_a_watch_counts(hours: BusinessHours, start: datetime, minutes: int) -> None:
    end = start + MINUTE * minutes

    assert open_time(hours, start, end) == counted(hours, start, end)


@given(some_hours, st.lists(instants, min_size=3, max_size=3).map(sorted), st.integers(0, 59_999_999))
def test_two_waits_in_a_row_are_one_wait(hours: BusinessHours, moments: list[datetime], microseconds: int) -> None:
    first, middle, last = moments
    middle = min(last, middle + timedelta(microseconds=microseconds))

    together = open_time(hours, first, middle) + open_time(hours, middle, last)

    assert open_time(hours, first, last) == together


@given(some_hours, instants, instants)
def test_it_is_never_less_than_nothing_nor_more_than_the_wait(hours: BusinessHours, a: datetime, b: datetime) -> None:
    assert timedelta() <= open_time(hours, a, b) <= max(timedelta(), b - a)


@given(st.sampled_from(ZONES), instants, instants)
def test_who_never_closes_counts_every_moment(name: str, a: datetime, b: datetime) -> None:
    assert open_time(BusinessHours(name), a, b) == max(timedelta(), b - a)


@pytest.mark.parametrize(
    ("start", "end", "open_hours"),
    [
        ("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", 3),
        ("2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", 5),
        ("2026-06-07T00:00+02:00", "2026-06-08T00:00+02:00", 4),
    ],
)
def test_an_hour_that_is_left_out_or_happens_twice_counts_as_often_as_it_is(
    start: str, end: str, open_hours: int
) -> None:
    nights = BusinessHours("Europe/Berlin", {"sun": ((0, 240),)})

    found = open_time(nights, datetime.fromisoformat(start), datetime.fromisoformat(end))

    assert found == timedelta(hours=open_hours)


def test_nine_to_six_on_weekdays_leaves_out_the_night_and_the_weekend() -> None:
    office = BusinessHours("Asia/Shanghai", dict.fromkeys(WEEKDAYS[:5], ((540, 1080),)))
    friday, monday = (datetime.fromisoformat(f"2026-11-{day}+08:00") for day in ("20T17:30", "23T09:45"))

    assert open_time(office, friday, monday) == timedelta(minutes=75)
