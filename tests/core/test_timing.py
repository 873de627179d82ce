"""Instants, minutes and zones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.timing import instant, milliseconds, minute_of, resolve, stamp, zone

ANY_TIME = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(milliseconds)


@given(ANY_TIME, ANY_TIME)
def test_stamps_sort_as_their_instants_do(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) == (one < other)


@given(ANY_TIME)
def test_a_stamp_reads_back_as_its_instant(one: datetime) -> None:
    assert instant(stamp(one)) == one


@given(ANY_TIME)
def test_an_instant_lies_in_its_minute(one: datetime) -> None:
    assert timedelta() <= one - minute_of(one) < timedelta(minutes=1)


def test_a_wall_clock_time_is_read_in_its_zone() -> None:
    resolved = resolve(datetime(2026, 11, 23, 9, 0), zone("Asia/Shanghai"))
    assert stamp(resolved.instant) == "2026-11-23T01:00:00.000Z"
    assert resolved.note is None


def test_a_time_that_does_not_exist_moves_forward_by_the_gap() -> None:
    resolved = resolve(datetime(2026, 3, 29, 2, 30), zone("Europe/Berlin"))
    assert stamp(resolved.instant) == "2026-03-29T01:30:00.000Z", "03:30 summer time"
    assert resolved.note == "dst_gap"


def test_a_time_that_happens_twice_is_the_first() -> None:
    resolved = resolve(datetime(2026, 11, 1, 1, 30), zone("America/New_York"))
    assert stamp(resolved.instant) == "2026-11-01T05:30:00.000Z", "01:30 daylight time"
    assert resolved.note == "dst_overlap"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "CEST?", "/etc/localtime"])
def test_what_is_no_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no IANA time zone"):
        zone(name)


@given(ANY_TIME, st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"]))
def test_a_time_that_exists_once_comes_back_as_it_was(one: datetime, name: str) -> None:
    wall = one.astimezone(zone(name)).replace(tzinfo=None)
    resolved = resolve(wall, zone(name))
    assert resolved.note == "dst_overlap" or resolved.instant == one
