"""What a plan means in time: when something is to go out, what is left out and why, and what a week's goal comes to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.core.business_hours import DAY, WEEKDAYS
from chalicelib.core.calendar import calendar
from chalicelib.core.plan import Holidays, LeftOut, LeftOutCode, Occurrence, Plan, PlannedWeek
from chalicelib.core.timing import Resolved, resolve, zone

ANY = "any"
"""The label of what no slot asks for."""
SECOND = timedelta(seconds=1)
Span = tuple[datetime, datetime]
"""From a naive wall-clock time to before another."""
Why = tuple[LeftOutCode, str]
Week = dict[date, Why | None]
"""The days of a week, with why nothing at all is to go out on one."""


def occurrences(plan: Plan, start: datetime, end: datetime) -> tuple[Occurrence, ...]:
    """When the plan wants something out, from `start` to before `end`, in order, no instant twice."""
    weeks = planned_weeks(plan, *_weeks_between(plan, start, end))
    return tuple(one for week in weeks for one in week.occurrences if start <= one.at < end)


def planned_weeks(plan: Plan, day: date, count: int) -> tuple[PlannedWeek, ...]:
    """The ISO week that holds the day, by the plan's wall clock, and those that follow: `count` in all."""
    first = monday(day)
    return tuple(_planned_week(plan, first + 7 * DAY * number) for number in range(count))


def left_out(plan: Plan, start: datetime, end: datetime) -> tuple[LeftOut, ...]:
    """What the plan leaves out from `start` to before `end`: slots; or, where it has none, whole days."""
    if start >= end:
        return ()
    first, last = local_date(plan, start), local_date(plan, end - timedelta.resolution)
    days = [first + DAY * number for number in range((last - first).days + 1)]
    if not plan.slots:
        return tuple(LeftOut(day, None, *why) for day in days if (why := _why_closed(plan, day)))
    moments = (one for day in days for one in _of_slots(plan, day, _why_closed(plan, day)))
    found = [one for one in moments if start <= one.meant.instant < end]
    return tuple(LeftOut(one.date, one.label, *one.why) for one in _without_doubles(found) if one.why)


def local_date(plan: Plan, at: datetime) -> date:
    """The day that the plan's wall clock shows at an instant."""
    return at.astimezone(zone(plan.timezone)).date()


def monday(day: date) -> date:
    """The first day of the ISO week that holds a day."""
    return day - DAY * day.weekday()


def week_start(plan: Plan, first: date) -> datetime:
    """When the week begins whose Monday this is: its midnight, or what the clocks leave of it."""
    return resolve(datetime.combine(first, time()), zone(plan.timezone)).instant


@dataclass(frozen=True, slots=True)
class _Moment:
    """A wall-clock time that the plan wants, what it means, and why it is left out, if it is."""

    date: date
    label: str
    meant: Resolved
    why: Why | None = None


def _weeks_between(plan: Plan, start: datetime, end: datetime) -> tuple[date, int]:
    """The day with which the first week begins, and how many weeks there are."""
    first, last = local_date(plan, start), local_date(plan, end)
    return first, max(0, (monday(last) - monday(first)).days // 7 + 1)


def _planned_week(plan: Plan, first: date) -> PlannedWeek:
    week = {day: _why_closed(plan, day) for day in (first + DAY * number for number in range(7))}
    least, most = (_goal(plan, week, wanted) for wanted in (plan.goal.least, plan.goal.most))
    slots = (one for day, closed in week.items() for one in _of_slots(plan, day, closed))
    moments = slots if plan.slots else _evenly(plan, week, least)
    found = tuple(_occurrence(one, zone(plan.timezone)) for one in _without_doubles(moments) if not one.why)
    start, end = (week_start(plan, day) for day in (first, first + 7 * DAY))
    return PlannedWeek(start, end, least, most, found, tuple(_holidays_that_changed(plan, week)))


def _goal(plan: Plan, week: Week, wanted: int) -> int:
    """What is left of a week's goal: its share of the days that are normally open, rounded half up, and the extra.

    A day that makes up for a holiday counts as open; but no week is asked for more than the goal because of one.
    """
    normally = sum(not _is_skipped(plan, day) for day in week)
    still = min(normally, list(week.values()).count(None))
    if not still:
        return 0
    extra = sum(each.extra for each in _counting(plan, "raise") if any(_name(each, day) for day in week))
    return (2 * wanted * still + normally) // (2 * normally) + extra


def _holidays_that_changed(plan: Plan, week: Week) -> Iterator[str]:
    for day, why in week.items():
        shrunk = [why[1]] if why and why[0] == "holiday" else []
        raised = [name for each in _counting(plan, "raise") if (name := _name(each, day))]
        yield from (f"{day} {name}" for name in dict.fromkeys(shrunk + raised))


def _why_closed(plan: Plan, day: date) -> Why | None:
    """Why nothing at all is to go out on a day; None where something may."""
    if _is_skipped(plan, day) and not _makes_up(plan, day):
        return "skip_day", f"the plan skips every {WEEKDAYS[day.weekday()]}"
    for each in _counting(plan, "shrink"):
        if name := _name(each, day):
            return "holiday", name
    return None if _open_spans(plan, day) else ("blackout", _blackout_over(plan, *_whole(day)) or "")


def _is_skipped(plan: Plan, day: date) -> bool:
    return WEEKDAYS[day.weekday()] in plan.skip_days


def _makes_up(plan: Plan, day: date) -> bool:
    """Whether people work that day although it is one of a weekend."""
    return any(
        day in calendar(each.country, each.subdivision, day.year).workdays
        for each in plan.holidays
        if each.effect != "keep"
    )


def _counting(plan: Plan, effect: str) -> list[Holidays]:
    return [each for each in plan.holidays if each.effect == effect]


def _name(holidays: Holidays, day: date) -> str | None:
    return calendar(holidays.country, holidays.subdivision, day.year).holidays.get(day)


def _blackout_over(plan: Plan, start: datetime, end: datetime) -> str | None:
    """Why a span, or some of it, is blacked out; None where it is not."""
    over = [each for each in plan.blackouts if each.start < end and start < each.end]
    return (over[0].why or "blackout") if over else None


def _whole(day: date) -> Span:
    midnight = datetime.combine(day, time())
    return midnight, midnight + DAY


def _open_spans(plan: Plan, day: date) -> list[Span]:
    """What blackouts leave of a day."""
    spans = [_whole(day)]
    for black in plan.blackouts:
        parts = [
            part for start, end in spans for part in ((start, min(end, black.start)), (max(start, black.end), end))
        ]
        spans = [(start, end) for start, end in parts if start < end]
    return spans


def _of_slots(plan: Plan, day: date, closed: Why | None) -> Iterator[_Moment]:
    """The day's slots. What the wall clock really says then is what a blackout is held against."""
    where = zone(plan.timezone)
    for slot in plan.slots:
        if slot.day == WEEKDAYS[day.weekday()]:
            meant = resolve(datetime.combine(day, time.fromisoformat(slot.time)), where)
            shown = meant.instant.astimezone(where).replace(tzinfo=None)
            black = _blackout_over(plan, shown, shown + timedelta.resolution)
            yield _Moment(day, slot.label, meant, closed or (("blackout", black) if black else None))


def _evenly(plan: Plan, week: Week, count: int) -> Iterator[_Moment]:
    """As many steps, each in the middle of its equal share of the time that is open."""
    spans = [span for day, closed in week.items() if not closed for span in _open_spans(plan, day)]
    total = sum((end - start for start, end in spans), timedelta())
    for number in range(count):
        wall = _into(spans, total * (2 * number + 1) / (2 * count))
        yield _Moment(wall.date(), ANY, resolve(wall, zone(plan.timezone)))


def _into(spans: list[Span], elapsed: timedelta) -> datetime:
    """The wall-clock time, to the second, at which so much of the spans is over."""
    for start, end in spans:
        if elapsed < end - start:
            return start + elapsed // SECOND * SECOND
        elapsed -= end - start
    raise ValueError("there is less open time than that")


def _without_doubles(moments: Iterable[_Moment]) -> list[_Moment]:
    """The moments in order. Of two that mean one instant, the one that a gap pushed there is left out."""
    kept: dict[datetime, _Moment] = {}
    doubles: list[_Moment] = []
    for one in sorted(moments, key=lambda each: (each.meant.instant, each.meant.note == "dst_gap", bool(each.why))):
        first = kept.setdefault(one.meant.instant, one)
        if first is not one:
            said = f"this wall-clock time does not exist that day, and {first.label} has the time that it moves to"
            doubles.append(_Moment(one.date, one.label, one.meant, one.why or ("dst_gap", said)))
    return sorted([*kept.values(), *doubles], key=lambda each: each.meant.instant)


def _occurrence(moment: _Moment, where: ZoneInfo) -> Occurrence:
    local = moment.meant.instant.astimezone(where).isoformat(timespec="seconds")
    return Occurrence(moment.meant.instant, moment.label, local, moment.meant.note)
