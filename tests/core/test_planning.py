"""What a plan means in time. The tables in plans/ are the examples."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from math import pi, sin
from pathlib import Path

import holidays as package
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.business_hours import WEEKDAYS
from chalicelib.core.calendar import FESTIVALS, TABLES, calendar
from chalicelib.core.plan import Blackout, Goal, Holidays, Plan, Slot
from chalicelib.core.plan_faults import faults
from chalicelib.core.planning import left_out, local_date, monday, occurrences, planned_weeks
from chalicelib.core.timing import zone

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Shanghai")
EVERY_DAY = tuple(Slot(day, "09:00") for day in WEEKDAYS)
DAY = timedelta(days=1)


def rows(name: str, columns: int) -> list[list[str]]:
    """The lines of a table, cut at two spaces or more."""
    lines = (Path(__file__).parent / "plans" / name).read_text().splitlines()
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines if line[:1] != "#"]
    assert all(len(line) == columns for line in cells), cells
    return cells


def midnights(year: int, where: str = "UTC") -> tuple[datetime, datetime]:
    """A year's first instant, and the next one's."""
    start, end = (datetime(each, 1, 1, tzinfo=zone(where)).astimezone(UTC) for each in (year, year + 1))
    return start, end


def days_of(year: int) -> Iterator[date]:
    return (date(year, 1, 1) + DAY * number for number in range((date(year + 1, 1, 1) - date(year, 1, 1)).days))


def slot(label: str) -> Slot:
    day, _, clock = label.partition(" ")
    return Slot(next(each for each in WEEKDAYS if each == day), clock)


@pytest.mark.parametrize(("where", "label", "day", "local", "note"), rows("clocks.txt", 5))
def test_a_slot_on_the_day_of_a_change_is_what_rfc_5545_says(
    where: str, label: str, day: str, local: str, note: str
) -> None:
    plan, noon = Plan(where, slots=(slot(label),)), datetime.fromisoformat(f"{day}T12:00Z")

    (found,) = [one for one in occurrences(plan, noon - DAY, noon + DAY) if one.local[:10] == local[:10]]

    assert (found.local, found.note, found.slot) == (local, None if note == "-" else note, label)
    assert found.at == datetime.fromisoformat(local)


@pytest.mark.parametrize("where", ZONES)
def test_the_wall_clock_never_drifts(where: str) -> None:
    start, _ = midnights(2026, where)
    _, end = midnights(2027, where)

    found = occurrences(Plan(where, slots=EVERY_DAY), start, end)

    assert [one.local[:19] for one in found] == [f"{day}T09:00:00" for year in (2026, 2027) for day in days_of(year)]
    assert {one.note for one in found} == {None}


def test_of_two_slots_that_a_gap_makes_one_the_real_one_stays_and_the_other_is_explained() -> None:
    plan = Plan("Europe/Berlin", slots=(Slot("sun", "02:30"), Slot("sun", "03:30")))
    start, end = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)

    (found,) = occurrences(plan, start, end)
    (lost,) = left_out(plan, start, end)

    assert (found.slot, found.local, found.note) == ("sun 03:30", "2026-03-29T03:30:00+02:00", None)
    assert (lost.slot, lost.code) == ("sun 02:30", "dst_gap")


@pytest.mark.parametrize("year", [2026, 2027])
@pytest.mark.parametrize("country", ["CN", "US", "DE"])
def test_a_plan_leaves_out_exactly_a_countrys_holidays(country: str, year: int) -> None:
    plan = Plan(slots=EVERY_DAY, holidays=(Holidays(country),))
    theirs = package.country_holidays(country, years=year, language="en_US")

    found = {date.fromisoformat(one.local[:10]) for one in occurrences(plan, *midnights(year))}
    why = {one.date: (one.code, one.why) for one in left_out(plan, *midnights(year))}

    assert len(theirs) >= 9
    assert found == set(days_of(year)) - set(theirs)
    assert why == {day: ("holiday", name) for day, name in theirs.items()}


@pytest.mark.parametrize("year", [2026, 2027])
def test_chinas_working_days_are_the_packages_with_those_that_make_up(year: int) -> None:
    plan = Plan("Asia/Shanghai", slots=EVERY_DAY, skip_days=("sat", "sun"), holidays=(Holidays("CN"),))
    theirs = package.country_holidays("CN", years=range(year - 1, year + 2))

    found = {date.fromisoformat(one.local[:10]) for one in occurrences(plan, *midnights(year, "Asia/Shanghai"))}

    assert found == {day for day in days_of(year) if theirs.is_working_day(day)}


def test_the_weekends_on_which_china_works_in_2026_are_those_that_the_state_council_named() -> None:
    """The General Office's notice on the holidays of 2026: a package that forgets one of them is not taken."""
    named = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]

    assert sorted(map(str, calendar("CN", None, 2026).workdays)) == named


@pytest.mark.parametrize(("week", "country", "skips", "effect", "goal", "because"), rows("goals.txt", 6))
def test_a_goal_shrinks_or_rises_with_the_holidays_of_its_week(
    week: str, country: str, skips: str, effect: str, goal: str, because: str
) -> None:
    name, _, part = country.partition(" ")
    does, _, extra = effect.partition(" ")
    kept = next(each for each in ("shrink", "keep", "raise") if each == does)
    holidays = Holidays(name, part or None, kept, int(extra or 0))
    skipped = tuple(each for each in WEEKDAYS if each in skips)
    plan = Plan("Asia/Shanghai", skip_days=skipped, holidays=(holidays,))

    (found,) = planned_weeks(plan, date.fromisoformat(week), 1)

    assert f"{found.least}-{found.most}" == goal, because
    assert len(found.occurrences) == found.least, "without slots, as many even steps"
    assert bool(found.holidays) == (goal != "3-5")


def test_without_slots_the_steps_are_even_over_the_days_that_are_open() -> None:
    (week,) = planned_weeks(Plan(goal=Goal(5, 5), skip_days=("sat", "sun")), date(2026, 11, 25), 1)

    assert [one.local for one in week.occurrences] == [f"2026-11-{day}T12:00:00+00:00" for day in range(23, 28)]
    assert {one.slot for one in week.occurrences} == {"any"}


def test_a_blackout_shrinks_the_goal_by_its_whole_days_and_takes_the_slots_that_are_in_it() -> None:
    black = Blackout(datetime(2026, 11, 24, 18), datetime(2026, 11, 26, 9), "The tower is being painted")
    plan = Plan("Europe/Berlin", Goal(7, 14), slots=EVERY_DAY, blackouts=(black,))

    (week,) = planned_weeks(plan, date(2026, 11, 23), 1)
    lost = left_out(plan, week.start, week.end)

    assert (week.least, week.most) == (6, 12)
    assert [one.local[8:10] for one in week.occurrences] == ["23", "24", "26", "27", "28", "29"]
    assert [(str(one.date), one.slot, one.code, one.why) for one in lost] == [
        ("2026-11-25", "wed 09:00", "blackout", "The tower is being painted")
    ]


def test_a_plan_without_slots_explains_its_days() -> None:
    plan = Plan(skip_days=("sun",), holidays=(Holidays("DE"),))

    found = left_out(plan, datetime(2026, 12, 25, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC))

    assert [(one.date.day, one.slot, one.code) for one in found] == [
        *((25, None, "holiday"), (26, None, "holiday")),
        (27, None, "skip_day"),
    ]


def test_everything_that_is_wrong_with_a_plan_is_said_at_once() -> None:
    plan = Plan(
        "Mars/Olympus",
        Goal(5, 3),
        (Slot("mon", "09:30"), Slot("sun", "10:00"), Slot("mon", "09:30")),
        ("sun", "sun"),
        (
            Blackout(datetime(2026, 1, 2), datetime(2026, 1, 1)),
            Blackout(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1)),
        ),
        (
            *(Holidays("XX"), Holidays("DE", "XX"), Holidays("lunar", "easter"), Holidays("US", None, "raise")),
            *(Holidays("US"), Holidays("FR", None, "keep", 2)),
        ),
        {"x": 0.0},
    )

    assert [(one.path, one.code) for one in faults(plan)] == [
        ("timezone", "unknown_timezone"),
        ("goal.most", "most_below_least"),
        ("mix", "empty_mix"),
        ("skip_days[1]", "doubled_day"),
        ("slots[2]", "doubled_slot"),
        ("slots[1].day", "slot_on_skipped_day"),
        ("blackouts[0].end", "ends_too_early"),
        ("blackouts[1].start", "offset_not_wanted"),
        ("holidays[4]", "doubled_calendar"),
        ("holidays[0].country", "unknown_country"),
        ("holidays[1].subdivision", "unknown_subdivision"),
        ("holidays[2].subdivision", "unknown_subdivision"),
        ("holidays[3].extra", "nothing_raised"),
        ("holidays[5].extra", "extra_without_raise"),
    ]


def test_a_slot_on_a_skipped_day_is_for_the_working_days_that_make_up() -> None:
    plan = Plan("Asia/Shanghai", slots=(Slot("sat", "10:00"),), skip_days=("sat", "sun"), holidays=(Holidays("CN"),))

    assert faults(plan) == []
    found = occurrences(plan, *midnights(2026, "Asia/Shanghai"))
    assert [one.local[:10] for one in found] == ["2026-02-14", "2026-02-28", "2026-05-09", "2026-10-10"]


def new_moon(number: int) -> date:
    """The day in China of the new moon with this number, 0 being that of 6 January 2000.

    The mean moon and the eight largest terms of its correction, from Meeus, Astronomical Algorithms, chapter 49, and
    70 seconds between dynamical and universal time: good to a few minutes.
    """
    century = number / 1236.85
    sun = (2.5534 + 29.10535670 * number) * pi / 180
    moon = (201.5643 + 385.81693528 * number + 0.0107582 * century**2) * pi / 180
    node = (160.7108 + 390.67050284 * number) * pi / 180
    shift = -0.40720 * sin(moon) + 0.17241 * sin(sun) + 0.01608 * sin(2 * moon) + 0.01039 * sin(2 * node)
    shift += 0.00739 * sin(moon - sun) - 0.00514 * sin(moon + sun) + 0.00208 * sin(2 * sun)
    days = 5.59766 + 29.530588861 * number + 0.00015437 * century**2 + shift - 70 / 86400 + 8 / 24
    return (datetime(2000, 1, 1) + timedelta(days=days)).date()


MOONS = {new_moon(number) for number in range(300, 540)}


@pytest.mark.parametrize(
    ("festival", "nth"),
    [
        ("new_year", 1),
        ("lantern", 15),
        ("dragon_boat", 5),
        ("qixi", 7),
        ("mid_autumn", 15),
        ("double_ninth", 9),
        ("laba", 8),
    ],
)
def test_a_festival_of_the_moon_is_so_many_days_after_a_new_one(festival: str, nth: int) -> None:
    days = [day for year in range(2025, 2041) for day in calendar("lunar", festival, year).holidays]

    assert len(days) == 16
    assert [day for day in days if day - DAY * (nth - 1) not in MOONS] == []


def test_qixi_is_in_the_month_before_mid_autumn_and_laba_in_the_one_before_new_year() -> None:
    for year in range(2025, 2041):
        day = {name: next(iter(calendar("lunar", name, year).holidays)) for name in FESTIVALS}
        assert timedelta(37) <= day["mid_autumn"] - day["qixi"] <= timedelta(38)
        assert timedelta(22) <= day["new_year"] - day["laba"] <= timedelta(23)
    assert not any(calendar("lunar", name, 2041).holidays for name in TABLES)


CLOCKS = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
INSTANTS = st.datetimes(datetime(2025, 6, 1), datetime(2027, 6, 1), timezones=st.just(UTC))
BLACKOUTS = st.builds(
    lambda start, hours, why: Blackout(start.replace(microsecond=0), start.replace(microsecond=0) + hours, why),
    st.datetimes(datetime(2025, 6, 1), datetime(2027, 6, 1)),
    st.integers(1, 400).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["", "quiet"]),
)
CALENDARS = st.sampled_from(
    [Holidays("CN"), Holidays("US", None, "raise", 2), Holidays("DE", "BY"), Holidays("lunar", None, "raise", 1)]
)
PLANS = st.builds(
    Plan,
    st.sampled_from(ZONES),
    st.builds(lambda least, more: Goal(least, least + more), st.integers(0, 9), st.integers(0, 5)),
    st.lists(st.builds(Slot, st.sampled_from(WEEKDAYS), CLOCKS), max_size=8, unique=True).map(tuple),
    st.lists(st.sampled_from(WEEKDAYS), max_size=6, unique=True).map(tuple),
    st.lists(BLACKOUTS, max_size=3).map(tuple),
    st.lists(CALENDARS, max_size=2, unique=True).map(tuple),
)


@given(PLANS, INSTANTS, st.integers(0, 40), st.integers(0, 40))
def test_occurrences_lie_in_their_bounds_in_order_once_each_however_one_asks(
    plan: Plan, start: datetime, days: int, more: int
) -> None:
    middle, end = start + days * DAY, start + (days + more) * DAY
    found = occurrences(plan, start, end)

    assert all(start <= one.at < end for one in found)
    assert [one.at for one in found] == sorted({one.at for one in found})
    assert found == occurrences(plan, start, middle) + occurrences(plan, middle, end)


@given(PLANS, INSTANTS)
@settings(max_examples=50)
def test_nothing_is_planned_on_a_day_off_and_what_is_left_out_is_not_planned(plan: Plan, start: datetime) -> None:
    end = start + 30 * DAY
    found = occurrences(plan, start, end)
    closed = {(one.date, one.slot) for one in left_out(plan, start, end)}

    for one in found:
        shown = datetime.fromisoformat(one.local)
        assert shown == one.at
        assert (shown.date(), one.slot if plan.slots else None) not in closed
        assert not any(black.start <= shown.replace(tzinfo=None) < black.end for black in plan.blackouts)
    if plan.slots:
        all_year = Plan(plan.timezone, slots=plan.slots)
        wanted = [*occurrences(all_year, start, end), *left_out(all_year, start, end)]
        assert len(found) + len(left_out(plan, start, end)) == len(wanted), "each slot is planned, or explained"


@given(PLANS, st.dates(date(2025, 6, 1), date(2027, 6, 1)), BLACKOUTS)
def test_a_week_is_never_negative_and_less_time_never_asks_for_more(plan: Plan, day: date, black: Blackout) -> None:
    fewer = Plan(plan.timezone, plan.goal, plan.slots, plan.skip_days, (*plan.blackouts, black), plan.holidays)
    for week, less in zip(planned_weeks(plan, day, 3), planned_weeks(fewer, day, 3), strict=True):
        assert 0 <= week.least <= week.most
        assert (less.least, less.most) <= (week.least, week.most)
        assert len(less.occurrences) <= len(week.occurrences) or not plan.slots
        if not plan.slots:
            assert len(week.occurrences) == week.least


@given(PLANS, st.dates(date(2025, 6, 1), date(2027, 6, 1)))
def test_weeks_follow_each_other_from_midnight_to_midnight(plan: Plan, day: date) -> None:
    weeks = planned_weeks(plan, day, 4)

    assert [week.end for week in weeks[:-1]] == [week.start for week in weeks[1:]]
    assert [local_date(plan, week.start) for week in weeks] == [monday(day) + 7 * number * DAY for number in range(4)]
    assert all(week.start.astimezone(zone(plan.timezone)).time() == time() for week in weeks)
