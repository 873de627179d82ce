"""When a schedule repeats: the RFC's own examples, the clocks' changes, rules that make nothing, and every bad rule."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from dateutil import rrule as engine
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.recurrence import (
    CLOSEST,
    END,
    Mark,
    Occurrence,
    Recurrence,
    flaws,
    occurrences,
    reached,
    variation,
)
from chalicelib.core.recurrence_words import recurrence
from chalicelib.core.timing import stamp

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("recurrence").joinpath("rules.json").read_bytes())
ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe", "America/Santiago")
MONDAY = datetime(2026, 11, 23, 9)


def repeating(rule: str, starts_at: datetime = MONDAY, zone: str = "Europe/Berlin", **more: Any) -> Recurrence:
    return recurrence(rule, zone, starts_at, **more)


def times(of: Recurrence, many: int | None = None) -> list[str]:
    return [one.wall.isoformat(timespec="minutes") for one in islice(occurrences(of, of.start), many)]


def codes(*words: Any, **more: Any) -> list[tuple[str, str]]:
    """What is wrong with these words, as (path, code)."""
    with pytest.raises(Invalid) as wrong:
        recurrence(*words, **more)
    return [(issue.path, issue.code) for issue in wrong.value.issues]


def flawed(of: Recurrence) -> list[tuple[str, str]]:
    return [(issue.path, issue.code) for issue in flaws(of)]


@pytest.mark.parametrize(
    ("case", "rule"), [(case, rule) for case in CASES for rule in case["rules"]], ids=lambda it: str(it)[:80]
)
def test_a_rule_makes_the_times_that_it_means(case: dict[str, Any], rule: str) -> None:
    exceptions = tuple((at, None) for at in case.get("exceptions", ()))
    of = repeating(rule, datetime.fromisoformat(case["starts_at"]), "America/New_York", exceptions=exceptions)

    if "all" in case:
        assert times(of, 100) == case["all"]
        return
    found = times(of, case.get("many", len(case["first"])) + 1)
    assert found[: len(case["first"])] == case["first"]
    if "many" in case:
        assert (len(found), found[-1]) == (case["many"], case["last"])
    else:
        assert len(found) > len(case["first"])


@pytest.mark.parametrize(
    ("zone", "wall", "instant", "note"),
    [
        ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:30", "dst_gap"),
        ("Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30", "dst_overlap"),
        ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:30", "dst_gap"),
        ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30", "dst_overlap"),
        ("Pacific/Auckland", "2027-09-26T02:30", "2027-09-25T14:30", "dst_gap"),
        ("Pacific/Auckland", "2027-04-04T02:30", "2027-04-03T13:30", "dst_overlap"),
        ("Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:45", "dst_gap"),
        ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-03T14:45", "dst_overlap"),
        ("America/Santiago", "2027-09-05T00:30", "2027-09-05T04:30", "dst_gap"),
        ("America/Santiago", "2027-04-03T23:30", "2027-04-04T02:30", "dst_overlap"),
    ],
)
def test_on_the_day_of_a_change_a_time_moves_on_or_is_the_first_of_two(
    zone: str, wall: str, instant: str, note: str
) -> None:
    day = datetime.fromisoformat(wall)
    of = repeating("FREQ=DAILY", day - timedelta(days=3), zone)

    week = {one.wall: one for one in islice(occurrences(of, of.start), 7)}

    assert (stamp(week[day].at), week[day].note) == (f"{instant}:00.000Z", note)
    assert [one.note for one in week.values() if one.wall != day] == [None] * 6


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("clock", ["00:30", "01:45", "02:15", "09:00", "23:30"])
def test_in_three_years_no_wall_clock_time_drifts(zone: str, clock: str) -> None:
    of = repeating("FREQ=DAILY", datetime.fromisoformat(f"2026-01-01T{clock}"), zone)

    found = list(islice(occurrences(of, of.start), 1096))

    assert [one.wall.date() for one in found] == [date(2026, 1, 1) + timedelta(days=n) for n in range(1096)]
    assert {one.wall.strftime("%H:%M") for one in found} == {clock}
    shifted = [one for one in found if one.at.astimezone(of.zone).replace(tzinfo=None) != one.wall]
    assert all(one.note == "dst_gap" for one in shifted)
    assert len(shifted) <= 3
    assert all(earlier.at < later.at for earlier, later in pairwise(found))
    assert len({one.at.astimezone(of.zone).utcoffset() for one in found}) == 2, "the zone did change its clocks"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=30", "FREQ=MINUTELY;INTERVAL=45"])
def test_what_repeats_within_the_day_never_makes_two_at_one_instant(zone: str, rule: str) -> None:
    of = repeating(rule, datetime(2027, 3, 1, 0, 0), zone)

    instants = [one.at for one in islice(occurrences(of, of.start), 8000)]

    assert len(set(instants)) == len(instants)


def test_an_hour_that_does_not_exist_is_left_out_where_the_next_one_is_wanted_anyway() -> None:
    of = repeating("FREQ=HOURLY;COUNT=4", datetime(2027, 3, 28, 1))

    assert times(of) == ["2027-03-28T01:00", "2027-03-28T03:00", "2027-03-28T04:00"]


RULES = st.one_of(
    st.builds(
        lambda days, interval, week: f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={','.join(days)};WKST={week}",
        st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=3, unique=True),
        st.integers(1, 5),
        st.sampled_from(["MO", "SU", "WE"]),
    ),
    st.builds(
        lambda day, interval: f"FREQ=MONTHLY;INTERVAL={interval};BYDAY={day}",
        st.sampled_from(["1MO", "-1FR", "2TU,-2TU", "5SU"]),
        st.integers(1, 7),
    ),
    st.builds("FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, st.integers(1, 7), st.sampled_from([1, 15, 31, -1])),
    st.builds("FREQ=YEARLY;BYMONTH={};BYDAY={}".format, st.integers(1, 12), st.sampled_from(["MO", "1TU", "-1SU"])),
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 40)),
    st.builds("FREQ=HOURLY;INTERVAL={}".format, st.integers(1, 50)),
    st.builds("FREQ=MINUTELY;INTERVAL={}".format, st.integers(15, 3000)),
)
STARTS = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(microsecond=0))


@given(RULES, STARTS)
def test_other_years_of_the_same_weekdays_stand_in_for_these(rule: str, starts_at: datetime) -> None:
    of = repeating(rule, starts_at, "UTC")

    theirs = (one for one in engine.rrulestr(rule, dtstart=starts_at) if one < END)
    assert [one.wall for one in islice(occurrences(of, of.start), 40)] == list(islice(theirs, 40))


@given(RULES, STARTS, st.integers(1, 60), st.integers(0, 40), st.booleans())
def test_from_any_mark_on_it_goes_on_as_if_it_had_begun_at_the_beginning(
    rule: str, starts_at: datetime, count: int, place: int, ends: bool
) -> None:
    of = repeating(rule, starts_at, "America/New_York", count=count if ends else None)
    whole = list(islice(occurrences(of, of.start), 60))

    rest = list(islice(occurrences(of, whole[min(place, len(whole) - 1)].behind), 60))

    assert rest[: len(whole) - place - 1] == whole[place + 1 :]
    assert [one.number for one in whole] == list(range(len(whole)))


@given(RULES, STARTS, st.integers(0, 900))
def test_what_has_been_reached_is_all_that_has_come(rule: str, starts_at: datetime, days: int) -> None:
    of = repeating(rule, starts_at, "Europe/Berlin")
    now = starts_at.replace(tzinfo=UTC) + timedelta(days=days)

    ahead = next(occurrences(of, reached(of, now, 7)))

    assert ahead.number == 7
    mark, before = Mark(max(starts_at, ahead.wall - timedelta(days=3))), None
    for before in occurrences(of, mark):
        if before.at > now:
            break
    assert isinstance(before, Occurrence)
    assert before.wall == ahead.wall


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1",
        "FREQ=YEARLY;BYDAY=MO;BYSETPOS=200",
        "FREQ=MONTHLY;BYMONTH=4,6;BYMONTHDAY=31",
        "FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=2",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=8",
        "FREQ=MINUTELY;INTERVAL=15;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=8",
        "FREQ=DAILY;UNTIL=20261101",
    ],
)
def test_a_rule_that_makes_nothing_is_found_out_within_few_years(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    months = list[int]()
    rebuild = engine._iterinfo.rebuild

    def counting(self: Any, year: int, month: int) -> Any:
        months.append(year)
        return rebuild(self, year, month)

    monkeypatch.setattr(engine._iterinfo, "rebuild", counting)

    assert flawed(repeating(rule)) == [("rule", "makes_nothing")]
    assert len(months) < 60 * 53, "sixty years of weeks, and not eight thousand years"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY;BYMINUTE=0,10",
        "FREQ=DAILY;BYHOUR=9;BYMINUTE=0,14",
        "FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0,50",
        "FREQ=DAILY;BYSECOND=0,30",
        "FREQ=MINUTELY;INTERVAL=20;BYMINUTE=0,20,40;BYSECOND=0,1",
    ],
)
def test_a_rule_that_repeats_too_often_is_refused(rule: str) -> None:
    assert ("rule", "too_often") in flawed(repeating(rule))


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=MINUTELY;INTERVAL=14"])
def test_a_pace_that_is_too_fast_is_refused_at_once(rule: str) -> None:
    assert codes(rule, "UTC", MONDAY) == [("rule", "too_often")]


def numbers(many: int) -> str:
    return ",".join(map(str, range(many)))


@pytest.mark.parametrize(
    "rule",
    [
        f"FREQ=YEARLY;BYHOUR={numbers(24)};BYMINUTE={numbers(60)};BYSECOND={numbers(60)};BYSETPOS=1",
        f"FREQ=MONTHLY;BYHOUR={numbers(24)};BYMINUTE=0,10,20,30,40",
        f"FREQ=HOURLY;BYMINUTE={numbers(60)};BYSECOND={numbers(60)};BYSETPOS=1",
    ],
)
def test_more_times_a_day_than_there_may_be_are_refused_before_anybody_counts_them(rule: str) -> None:
    assert codes(rule, "UTC", MONDAY) == [("rule", "too_often")]


def test_every_quarter_of_an_hour_is_just_slow_enough() -> None:
    of = repeating("FREQ=MINUTELY;INTERVAL=15")

    assert flawed(of) == []
    assert flawed(repeating(f"FREQ=DAILY;BYHOUR={numbers(24)};BYMINUTE=0,15,30,45")) == []
    first, second = islice(occurrences(of, of.start), 2)
    assert second.at - first.at == CLOSEST


def test_everything_that_is_wrong_is_said_at_once() -> None:
    rule = "FREQ=WEEKLY;BYMONTHDAY=0,x;BYDAY=1XX,2MO;FOO=1;WKST=XX;INTERVAL=0;COUNT=3;COUNT=4;UNTIL=tomorrow"

    assert codes(rule, "Mars/Olympus", datetime(1890, 1, 1, tzinfo=UTC), until="soon", exceptions=(("x", None),)) == [
        ("rule", "unknown_part"),
        ("rule", "repeated_part"),
        ("rule", "invalid_part"),  # INTERVAL
        ("rule", "invalid_part"),  # WKST
        ("rule", "invalid_part"),  # 1XX
        ("rule", "invalid_part"),  # 2MO in a week
        ("rule", "invalid_part"),  # 0 and x
        ("rule", "invalid_part"),  # BYMONTHDAY in a week
        ("rule", "invalid_part"),  # UNTIL
        ("timezone", "unknown_timezone"),
        ("starts_at", "wall_clock_expected"),
        ("starts_at", "out_of_range"),
        ("until", "invalid_value"),
        ("exceptions[0].at", "invalid_value"),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "every Monday",
        "FREQ=FORTNIGHTLY",
        "INTERVAL=2",
        "FREQ=DAILY;",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=１",
        "FREQ=YEARLY;INTERVAL=11",
        "FREQ=DAILY;COUNT=10001",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYMONTH=-1",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MINUTELY;INTERVAL=15;BYMINUTE=0;BYSETPOS=1",
        "FREQ=DAILY;UNTIL=20270230",
        "FREQ=DAILY;UNTIL=20270228T250000",
        "FREQ=DAILY;BYDAY=" + "MO," * 400,
        "DTSTART:19970902T090000\nRRULE:FREQ=DAILY",
    ],
)
def test_what_is_no_rule_is_refused(rule: str) -> None:
    assert {path for path, _ in codes(rule, "UTC", MONDAY)} == {"rule"}


@given(st.text(max_size=60) | st.from_regex(r"FREQ=[A-Z]{1,9}(;[A-Z]{2,10}=[-+0-9A-Z,]{0,9}){0,4}", fullmatch=True))
def test_whatever_is_sent_is_a_rule_or_is_refused(text: str) -> None:
    try:
        of = repeating(text)
    except Invalid:
        return
    assert all(one.wall >= MONDAY for one in islice(occurrences(of, of.start), 3))


@pytest.mark.parametrize(
    ("rule", "more", "path"),
    [
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", {}, "rule"),
        ("FREQ=DAILY;COUNT=3", {"count": 3}, "count"),
        ("FREQ=DAILY;COUNT=3", {"until": "2027-01-01"}, "until"),
        ("FREQ=DAILY", {"count": 3, "until": "2027-01-01"}, "until"),
    ],
)
def test_it_has_one_end_at_most(rule: str, more: dict[str, Any], path: str) -> None:
    assert codes(rule, "UTC", MONDAY, **more) == [(path, "contradiction")]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("UNTIL=20261125", "2026-11-25T09:00"),
        ("UNTIL=20261125T085959", "2026-11-24T09:00"),
        ("UNTIL=20261125T090000", "2026-11-25T09:00"),
        ("UNTIL=20261125T080000Z", "2026-11-25T09:00"),
        ("UNTIL=20261125T075959Z", "2026-11-24T09:00"),
        ("2026-11-25", "2026-11-25T09:00"),
        ("2026-11-25T08:59:59", "2026-11-24T09:00"),
        ("2026-11-25T08:00:00Z", "2026-11-25T09:00"),
        ("2026-11-25T08:59:00+01:00", "2026-11-24T09:00"),
    ],
)
def test_the_end_is_a_day_a_wall_clock_time_or_an_instant(until: str, last: str) -> None:
    in_rule = until.startswith("UNTIL")
    rule, field = (f"FREQ=DAILY;{until}", None) if in_rule else ("FREQ=DAILY", until)

    assert times(repeating(rule, until=field))[-1] == last


@pytest.mark.parametrize("until", ["UNTIL=99991231T235959Z", "UNTIL=99991231T235959", "9999-12-31T23:59:59-11:00"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_an_end_that_no_calendar_reaches_is_none(until: str, zone: str) -> None:
    rule = f"FREQ=YEARLY;{until}" if until.startswith("UNTIL") else "FREQ=YEARLY"
    of = repeating(rule, zone=zone, until=None if rule.endswith(until) else until)

    assert flawed(of) == []
    assert times(of)[-1] == "2089-11-23T09:00"


@pytest.mark.parametrize("until", ["UNTIL=00010101T000000Z", "0001-01-01T00:00:00+05:00", "0001-01-01"])
def test_an_end_before_all_calendars_leaves_nothing(until: str) -> None:
    rule = f"FREQ=DAILY;{until}" if until.startswith("UNTIL") else "FREQ=DAILY"
    of = repeating(rule, zone="America/Los_Angeles", until=None if rule.endswith(until) else until)

    assert flawed(of) == [("rule", "makes_nothing")]


@pytest.mark.parametrize(
    "exception",
    [
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("9999-12-31T23:59:59", None),
        ("0001-01-01T09:00:00", "0001-01-02T09:00:00"),
        ("9999-12-30T09:00:00", "9999-12-31T09:00:00"),
    ],
)
def test_exceptions_that_no_calendar_reaches_are_no_times_of_the_rule(exception: Any) -> None:
    assert flawed(repeating("FREQ=DAILY", exceptions=(exception,))) == [("exceptions", "no_occurrence")]


def test_times_and_days_are_left_out_and_times_are_moved() -> None:
    exceptions = (("2026-11-24", None), ("2026-11-25T09:00", None), ("2026-11-26T09:00", "2026-11-26T17:30"))
    of = repeating("FREQ=DAILY;COUNT=5", exceptions=exceptions)

    found = list(occurrences(of, of.start))

    assert flawed(of) == []
    assert times(of) == ["2026-11-23T09:00", "2026-11-26T09:00", "2026-11-27T09:00"], "COUNT counts what is left out"
    assert [stamp(one.at) for one in found][1] == "2026-11-26T16:30:00.000Z"
    assert [one.number for one in found] == [0, 1, 2]


@pytest.mark.parametrize(
    ("exceptions", "flaw"),
    [
        ((("2026-11-24T10:00", None),), ("exceptions", "no_occurrence")),
        ((("2026-11-24T10:00", "2026-11-24T11:00"),), ("exceptions", "no_occurrence")),
        ((("2026-11-24T09:00", "2026-11-25T09:00"),), ("exceptions", "moved_past_another")),
        ((("2026-11-24T09:00", "2026-11-25T10:00"),), ("exceptions", "moved_past_another")),
        (
            (("2026-11-24T09:00", "2026-11-24T20:00"), ("2026-11-25T09:00", "2026-11-24T19:00")),
            ("exceptions", "moved_past_another"),
        ),
    ],
)
def test_exceptions_that_make_no_sense_are_found(exceptions: Any, flaw: tuple[str, str]) -> None:
    assert flaw in flawed(repeating("FREQ=DAILY", exceptions=exceptions))


def test_who_leaves_everything_out_is_told() -> None:
    of = repeating("FREQ=DAILY;COUNT=2", exceptions=(("2026-11-23", None), ("2026-11-24", None)))

    assert flawed(of) == [("exceptions", "makes_nothing")]


@pytest.mark.parametrize(
    ("exception", "code"),
    [
        (("2026-11-24", "2026-11-25T10:00"), ("exceptions[0]", "time_required")),
        (("2026-11-24T09:00", "2027-11-24T10:00"), ("exceptions[0].moved_to", "moved_too_far")),
        (("2026-11-24T09:00Z", None), ("exceptions[0].at", "wall_clock_expected")),
    ],
)
def test_exceptions_that_cannot_be_read_are_named(exception: Any, code: tuple[str, str]) -> None:
    assert codes("FREQ=DAILY", "UTC", MONDAY, exceptions=(exception,)) == [code]


def test_a_start_that_the_rule_does_not_make_is_no_occurrence() -> None:
    of = repeating("FREQ=WEEKLY;BYDAY=TU")

    assert flawed(of) == [("starts_at", "starts_off_rule")]
    assert times(of, 1) == ["2026-11-24T09:00"]


@given(st.integers(1, 9), st.text(max_size=5))
def test_shuffled_variations_are_all_used_and_never_the_same_twice_in_a_row(many: int, seed: str) -> None:
    found = [variation(number, many, "shuffled", seed) for number in range(6 * many)]

    assert found == [variation(number, many, "shuffled", seed) for number in range(6 * many)]
    assert all(sorted(found[n : n + many], key=str) == list(range(many)) for n in range(0, len(found), many))
    assert many == 1 or all(one != other for one, other in pairwise(found))


def test_variations_are_used_in_turn() -> None:
    assert [variation(number, 3, "in_turn", "") for number in range(5)] == [0, 1, 2, 0, 1]
    assert variation(7, 0, "shuffled", "") is None
