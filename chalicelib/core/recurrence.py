"""Recurrence rules (RFC 5545 §3.3.10, https://www.rfc-editor.org/rfc/rfc5545, read 2026-11-23), by the wall clock.

A rule makes naive wall-clock times; each is resolved in its zone for itself, so that 09:00 stays 09:00 the whole year.
What is read here is `dateutil`'s to expand, with three guards around it:

- It always begins at the start of a period (year, month, week …) with every part spelt out, so that it can begin
  anywhere, and a first week is a whole one to BYSETPOS.
- It counts on to the year 9999 where a rule makes nothing, which takes seconds to minutes. So it is shown the last
  years before 9999 that fall on the same weekdays as those asked for, and soon comes to the end.
- `BYDAY=MO,1TU` is every Monday and the first Tuesday; dateutil wants days that are both.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from chalicelib.core.errors import Issue, RuleRef
from chalicelib.core.timing import resolve

if TYPE_CHECKING:
    from dateutil.rrule import rrule

CLOSEST = timedelta(minutes=15)
"""Nobody wants to hear from a brand more often; and each is a post with renditions, alarms and a history."""
MOST_TIMES = 10_000
HORIZON = 10
"""Years in which a rule has to make something, from wherever one looks; what is rarer has ended, for us."""
FIRST, END = datetime.combine(date(1970, 1, 1), time()), datetime.combine(date(2090, 1, 1), time())
"""Up to 2099 the calendar repeats every 28 years; nobody plans as far as here."""
SAMPLE = 1_000
"""Occurrences that are looked at to see how close they follow each other."""
FARTHEST_MOVE = timedelta(days=31)
RFC = RuleRef("rfc5545.recur", "https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10", "2026-11-23")

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEPS = {"WEEKLY": 7 * DAY, "DAILY": DAY, "HOURLY": HOUR, "MINUTELY": MINUTE}

Order = Literal["in_turn", "shuffled"]


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week, or its n-th of the month or year."""

    day: int
    """0 is Monday."""
    nth: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, read."""

    frequency: str
    interval: int = 1
    week_start: int = 0
    weekdays: tuple[Weekday, ...] = ()
    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The other BY parts that are there, by name."""
    count: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A place among the occurrences: everything before `wall` has been counted."""

    wall: datetime
    raw: int = 0
    """How many times the rule has made before; COUNT counts these."""
    number: int = 0
    """How many of them were occurrences: not left out."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which the rule wants a post."""

    wall: datetime
    """The time that the rule made: its name, also where it was moved."""
    local: datetime
    """The wall-clock time that was meant: the same, or where it was moved to."""
    at: datetime
    """The instant, in UTC."""
    number: int
    """How many came before."""
    behind: Mark
    """Where the next ones begin."""
    note: str | None = None
    """`dst_gap` where the wall-clock time does not exist that day, `dst_overlap` where it happens twice."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule with all that RFC 5545 puts beside it: zone, DTSTART, and exceptions."""

    rule: Rule
    zone: ZoneInfo
    starts_at: datetime
    until: datetime | None = None
    """The last instant (aware) or wall-clock time (naive), included."""
    count: int | None = None
    left_out: frozenset[date | datetime] = frozenset()
    moved: dict[datetime, datetime] = field(default_factory=dict)

    @property
    def start(self) -> Mark:
        """In front of the first occurrence."""
        return Mark(self.starts_at)

    def is_left_out(self, wall: datetime) -> bool:
        """Whether there is to be none at this time of the rule."""
        return wall in self.left_out or wall.date() in self.left_out


def add(issues: list[Issue], code: str, path: str, message: str, rule: RuleRef | None = None) -> None:
    """Note something that is wrong."""
    issues.append(Issue(code, "error", path, message, rule))


def flaws(recurrence: Recurrence) -> list[Issue]:
    """What is wrong, or worth knowing, about what the rule makes."""
    issues: list[Issue] = []
    walls = list(islice(_walls(recurrence, recurrence.start), SAMPLE))
    if not walls:
        add(issues, "makes_nothing", "rule", f"makes nothing within {HORIZON} years, or before it ends")
        return issues
    if any(later - earlier < CLOSEST for earlier, later in pairwise(walls)):
        add(issues, "too_often", "rule", f"repeats more often than every {CLOSEST // MINUTE} minutes")
    elif next(occurrences(recurrence, recurrence.start), None) is None:
        add(issues, "makes_nothing", "exceptions", "leave out everything that the rule makes")
    if walls[0] != recurrence.starts_at:
        message = f"is no time that the rule makes: the first is {walls[0].isoformat()}"
        issues.append(Issue("starts_off_rule", "warning", "starts_at", message, RFC))
    return issues + _flaws_of_moves(recurrence)


def occurrences(recurrence: Recurrence, mark: Mark) -> Iterator[Occurrence]:
    """The occurrences behind a mark, in order, as long as somebody wants more of them.

    One that the clocks' change moves onto another's instant is left out: the other one is there already.
    """
    raw, number = mark.raw, mark.number
    for wall in _walls(recurrence, mark):
        raw += 1
        local = recurrence.moved.get(wall, wall)
        found = resolve(local, recurrence.zone)
        late = (
            recurrence.until and recurrence.until.tzinfo and resolve(wall, recurrence.zone).instant > recurrence.until
        )
        if recurrence.is_left_out(wall) or late or (found.note == "dst_gap" and _is_taken(recurrence, found.instant)):
            continue
        behind = Mark(wall + SECOND, raw, number + 1)
        yield Occurrence(wall, local, found.instant, number, behind, found.note)
        number += 1


def reached(recurrence: Recurrence, now: datetime, number: int = 0) -> Mark:
    """The mark in front of the first occurrence that has not come yet, which is to have this number.

    Only what COUNT counts is counted from the beginning: it is never much.
    """
    mark = replace(recurrence.start, number=number)
    if recurrence.count is None:
        back = FARTHEST_MOVE + DAY if recurrence.moved else DAY
        wall = now.astimezone(recurrence.zone).replace(tzinfo=None, microsecond=0) - back
        mark = replace(mark, wall=max(wall, mark.wall))
    for one in occurrences(recurrence, mark):
        if one.at > now:
            break
        mark = replace(one.behind, number=number)
    return mark


def variation(number: int, many: int, order: Order, seed: str) -> int | None:
    """Which of so many variations the occurrence of this number has; None where there are none.

    `shuffled` uses each once before any comes again, and never the same twice in a row. The seed decides the order.
    """
    if many == 0:
        return None
    turn, place = divmod(number, many)
    return place if order == "in_turn" else _shuffled(turn, many, seed)[place]


def _shuffled(turn: int, many: int, seed: str) -> list[int]:
    if many <= 2:  # two can only alternate
        turn = 0
    first = _by_chance(turn, many, seed)
    if turn and first[0] == _by_chance(turn - 1, many, seed)[-1]:
        first[0], first[1] = first[1], first[0]
    return first


def _by_chance(turn: int, many: int, seed: str) -> list[int]:
    return sorted(range(many), key=lambda one: sha256(f"{seed}\n{turn}\n{one}".encode()).digest())


def _walls(recurrence: Recurrence, mark: Mark) -> Iterator[datetime]:
    """The times that the rule makes behind a mark, exceptions included."""
    left = None if recurrence.count is None else recurrence.count - mark.raw
    last = _last_wall(recurrence)
    for wall in _unending(recurrence, max(mark.wall, recurrence.starts_at)):
        if (left is not None and left <= 0) or (last and wall > last):
            return
        yield wall
        left = None if left is None else left - 1


def _last_wall(recurrence: Recurrence) -> datetime | None:
    """A wall-clock time behind which nothing is wanted; an instant is compared again, when the time is resolved."""
    until = recurrence.until
    if until is None or until.tzinfo is None:
        return until
    return until.astimezone(recurrence.zone).replace(tzinfo=None) + DAY


def _unending(recurrence: Recurrence, since: datetime) -> Iterator[datetime]:
    """The rule without its end, until it makes nothing for years."""
    while since < END:
        wall, end = None, min(_start(since.year + HORIZON), END)
        for wall in _between(recurrence, since, end):
            yield wall
        if wall is None:
            return
        since = end


def _between(recurrence: Recurrence, since: datetime, end: datetime) -> Iterator[datetime]:
    """What the rule makes in a span: `end` is the start of a year, and not in it."""
    first = _period(recurrence, since)
    real, twin = _start(first.year), _start(_twin(first.year, end.year - first.year))
    try:
        for found in _engine(recurrence, first - real + twin):
            wall = found - twin + real
            if wall >= end:
                return
            if wall >= since:
                yield wall
    except (ValueError, OverflowError):  # no such combination of parts, or the calendar is at its end
        return


@cache
def _twin(year: int, years: int) -> int:
    """The last year from which as many years fall on the same weekdays as from this one."""

    def shape(first: int) -> list[tuple[int, bool]]:
        # Weeks reach into the years before and after.
        return [(calendar.weekday(one, 1, 1), calendar.isleap(one)) for one in range(first - 1, first + years + 2)]

    wanted = shape(year)
    return next(one for one in range(9998 - years, 0, -1) if shape(one) == wanted)


def _period(recurrence: Recurrence, since: datetime) -> datetime:
    """The start of the last period of the rule's own pace that begins no later than `since`."""
    rule, first = recurrence.rule, recurrence.starts_at
    if rule.frequency == "YEARLY":
        return _start(since.year - (since.year - first.year) % rule.interval)
    if rule.frequency == "MONTHLY":
        months = since.year * 12 + since.month - 1
        months -= (months - first.year * 12 - first.month + 1) % rule.interval
        return _start(months // 12, months % 12 + 1)
    day = datetime.combine(first, time())
    begins = {
        "WEEKLY": day - (first.weekday() - rule.week_start) % 7 * DAY,
        "DAILY": day,
        "HOURLY": first.replace(minute=0, second=0),
        "MINUTELY": first.replace(second=0),
    }[rule.frequency]
    pace = STEPS[rule.frequency] * rule.interval
    return begins + (since - begins) // pace * pace


def _start(year: int, month: int = 1) -> datetime:
    return datetime.combine(date(year, month, 1), time())


def _engine(recurrence: Recurrence, start: datetime) -> "rrule":
    """dateutil's rule, beginning with a period, and every part spelt out that would follow from DTSTART."""
    from dateutil import rrule as engine

    rule, first = recurrence.rule, recurrence.starts_at
    level = FREQUENCIES.index(rule.frequency)
    parts: dict[str, Any] = {name.lower(): numbers for name, numbers in rule.numbers.items()}
    if rule.weekdays:
        parts["byweekday"] = [engine.weekday(one.day, one.nth) for one in _alike(rule)]
    if not parts.keys() & {"byweekday", "bymonthday", "byyearday"}:
        if rule.frequency == "WEEKLY" or "byweekno" in parts:
            parts["byweekday"] = first.weekday()
        elif rule.frequency in ("YEARLY", "MONTHLY"):
            parts["bymonthday"] = first.day
            if rule.frequency == "YEARLY":
                parts.setdefault("bymonth", first.month)
    for name, value in (("byhour", first.hour), ("byminute", first.minute), ("bysecond", first.second)):
        if level < {"byhour": 4, "byminute": 5, "bysecond": 6}[name]:
            parts.setdefault(name, value)
    frequency = getattr(engine, rule.frequency)
    return engine.rrule(frequency, dtstart=start, interval=rule.interval, wkst=rule.week_start, **parts)


def _alike(rule: Rule) -> list[Weekday]:
    """The weekdays; all of them counted, where one is."""
    if not any(one.nth for one in rule.weekdays):
        return list(rule.weekdays)
    many = 5 if rule.frequency == "MONTHLY" or "BYMONTH" in rule.numbers else 53
    return [
        each
        for one in rule.weekdays
        for each in ([one] if one.nth else [Weekday(one.day, nth) for nth in range(1, many + 1)])
    ]


def _is_taken(recurrence: Recurrence, instant: datetime) -> bool:
    """Whether the rule makes the time, too, that the clocks show at this instant."""
    wall = instant.astimezone(recurrence.zone).replace(tzinfo=None)
    return not recurrence.is_left_out(wall) and wall in _within(recurrence, wall, wall)


def _within(recurrence: Recurrence, first: datetime, last: datetime) -> list[datetime]:
    """The times that the rule itself makes between these two, both included; whether it has ended does not matter."""
    if last < recurrence.starts_at or first >= END:
        return []
    end = _start(last.year + 1)
    found = list[datetime]()
    for wall in _between(recurrence, max(first, recurrence.starts_at), end):
        if wall > last:
            break
        found.append(wall)
    return found


def _flaws_of_moves(recurrence: Recurrence) -> list[Issue]:
    issues: list[Issue] = []
    for one in sorted(recurrence.left_out, key=str):
        times = (time(), time(23, 59, 59))
        first, last = (one, one) if isinstance(one, datetime) else [datetime.combine(one, each) for each in times]
        if not _within(recurrence, first, last):
            message = f"{one.isoformat()} is no time that the rule makes: it leaves nothing out"
            issues.append(Issue("no_occurrence", "warning", "exceptions", message))
    for wall, to in sorted(recurrence.moved.items()):
        between = _within(recurrence, min(wall, to), max(wall, to))
        if wall not in between:
            add(issues, "no_occurrence", "exceptions", f"{wall.isoformat()} is no time that the rule makes")
        elif any(one != wall and not recurrence.is_left_out(one) for one in between):
            add(issues, "moved_past_another", "exceptions", f"{wall.isoformat()} is moved onto or past another one")
    for (_, to), (wall, later) in pairwise(sorted(recurrence.moved.items())):
        if later <= to:
            add(issues, "moved_past_another", "exceptions", f"{wall.isoformat()} is moved onto or past another one")
    return issues
