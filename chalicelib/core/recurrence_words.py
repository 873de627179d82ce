"""What the words of a request for a recurrence mean: a rule of RFC 5545 §3.3.10, its end, its exceptions.

Read here and not by `dateutil`, which stops at the first fault and takes some rules for what they are not: who sends a
rule is told of everything that is wrong with it at once.
"""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.recurrence import (
    CLOSEST,
    DAY,
    DAYS,
    END,
    FARTHEST_MOVE,
    FIRST,
    FREQUENCIES,
    HORIZON,
    MINUTE,
    MOST_TIMES,
    RFC,
    Recurrence,
    Rule,
    Weekday,
    add,
)
from chalicelib.core.timing import zone

LONGEST_INTERVAL = {
    "YEARLY": HORIZON,
    "MONTHLY": HORIZON * 12,
    "WEEKLY": HORIZON * 52,
    "DAILY": HORIZON * 365,
    "HOURLY": HORIZON * 8760,
    "MINUTELY": HORIZON * 525_600,
}
NUMBERS = {
    "BYSECOND": (0, 59),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYMONTH": (1, 12),
    "BYSETPOS": (-366, 366),
}
"""The first and last number of each part; where the first is negative there is no 0."""
IMPOSSIBLE = {
    "BYWEEKNO": {"MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"},
    "BYYEARDAY": {"MONTHLY", "WEEKLY", "DAILY"},
    "BYMONTHDAY": {"WEEKLY"},
}
"""What RFC 5545 does not let stand together."""

_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_INTEGER = re.compile(r"[+-]?\d{1,9}")
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_EXTENDED = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?")


def recurrence(
    rule: str,
    timezone: str,
    starts_at: datetime,
    until: str | None = None,
    count: int | None = None,
    exceptions: tuple[tuple[str, str | None], ...] = (),
) -> Recurrence:
    """What these words of a request mean; Invalid with everything that is wrong with them.

    Of an exception the first is the time that is left out, or the day; the second where it is moved to.
    """
    issues: list[Issue] = []
    read = _rule(rule, issues)
    home = _zone(timezone, issues)
    if starts_at.tzinfo is not None:
        add(issues, "wall_clock_expected", "starts_at", "is a wall-clock time of the `timezone`: leave the offset out")
    if starts_at.microsecond:
        add(issues, "whole_seconds", "starts_at", "is to be in whole seconds")
    if not FIRST <= starts_at.replace(tzinfo=None) < END:
        add(issues, "out_of_range", "starts_at", f"must be between {FIRST.year} and {END.year}")
    last = _last(until, issues) if until else None
    _check_end(read, last, count, issues)
    left_out, moved = _exceptions(exceptions, issues)
    if issues or read is None or home is None:
        raise Invalid(issues)
    end = last or read.until
    return Recurrence(read, home, starts_at, end and _within_reach(end), count or read.count, left_out, moved)


def _within_reach(end: datetime) -> datetime:
    """The same end: as a wall-clock time where it lies so far away that a zone would lead out of all calendars."""
    wall = end.replace(tzinfo=None)
    if end.tzinfo is None or FIRST < wall < END:
        return end.astimezone(UTC) if end.tzinfo else end
    return min(max(wall, FIRST - DAY), END)


def _rule(text: str, issues: list[Issue]) -> Rule | None:
    """The rule in a text; what is wrong with it goes to the issues."""
    before, given = len(issues), dict[str, str]()
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if name not in ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *NUMBERS):
            add(issues, "unknown_part", "rule", f"{name[:40]!r} is no part of a recurrence rule", RFC)
        elif name in given:
            add(issues, "repeated_part", "rule", f"{name} is there more than once", RFC)
        else:
            given[name] = value
    frequency = _frequency(given, issues)
    interval = _integer(given, "INTERVAL", 1, LONGEST_INTERVAL.get(frequency, MOST_TIMES), issues) or 1
    count = _integer(given, "COUNT", 1, MOST_TIMES, issues)
    week_start = given.get("WKST", "MO")
    if week_start not in DAYS:
        add(issues, "invalid_part", "rule", f"WKST is one of {', '.join(DAYS)}", RFC)
    weekdays = _weekdays(given, frequency, issues)
    numbers = {name: _numbers(given, name, frequency, issues) for name in NUMBERS if name in given}
    if "BYSETPOS" in given and not given.keys() & {"BYDAY", *NUMBERS} - {"BYSETPOS"}:
        add(issues, "invalid_part", "rule", "BYSETPOS chooses among what another BY part makes: there is none", RFC)
    if frequency == "MINUTELY" and "BYSETPOS" in given:
        add(issues, "invalid_part", "rule", "BYSETPOS cannot choose among the times of a minute: there is one")
    until = _moment_of_rule(given["UNTIL"], issues) if "UNTIL" in given else None
    if frequency == "MINUTELY" and interval < CLOSEST // MINUTE and "BYMINUTE" not in given:
        add(issues, "too_often", "rule", f"repeats more often than every {CLOSEST // MINUTE} minutes")
    if _times_a_day(frequency, numbers) > DAY // CLOSEST:
        message = f"names more times of a day than there are with {CLOSEST // MINUTE} minutes between them"
        add(issues, "too_often", "rule", message)
    if len(issues) > before:
        return None
    return Rule(frequency, interval, DAYS.index(week_start), weekdays, numbers, count, until)


def _times_a_day(frequency: str, numbers: dict[str, tuple[int, ...]]) -> int:
    """How many times of a day a rule names, BYSETPOS aside: the engine lays them all out for every day or hour."""
    if frequency == "MINUTELY":
        return 1
    hours, minutes, seconds = (len(numbers.get(name, ())) or 1 for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    return (24 if frequency == "HOURLY" else hours) * minutes * seconds


def _frequency(given: dict[str, str], issues: list[Issue]) -> str:
    frequency = given.get("FREQ", "")
    if frequency == "SECONDLY":
        add(issues, "too_often", "rule", f"repeats more often than every {CLOSEST // MINUTE} minutes")
    elif frequency not in FREQUENCIES:
        add(issues, "invalid_part", "rule", f"FREQ is one of {', '.join(FREQUENCIES)}", RFC)
    return frequency


def _integer(given: dict[str, str], name: str, least: int, most: int, issues: list[Issue]) -> int | None:
    if name not in given:
        return None
    if not given[name].isascii() or not given[name].isdigit() or not least <= int(given[name][:10]) <= most:
        add(issues, "invalid_part", "rule", f"{name} is a whole number from {least} to {most:,}", RFC)
        return None
    return int(given[name])


def _weekdays(given: dict[str, str], frequency: str, issues: list[Issue]) -> tuple[Weekday, ...]:
    found = list[Weekday]()
    for word in given["BYDAY"].split(",") if "BYDAY" in given else ():
        read = _WEEKDAY.fullmatch(word)
        most = 5 if frequency == "MONTHLY" else 53
        if read is None or (read[1] and not 1 <= abs(int(read[1])) <= most):
            message = f"BYDAY holds days such as MO, 1MO or -1FR, the number up to {most}: {word[:20]!r} is none"
            add(issues, "invalid_part", "rule", message, RFC)
            continue
        if read[1] and (frequency not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in given):
            message = f"{word}: a day has a number only where FREQ is MONTHLY or YEARLY, and there is no BYWEEKNO"
            add(issues, "invalid_part", "rule", message, RFC)
        found.append(Weekday(DAYS.index(read[2]), int(read[1]) if read[1] else None))
    return tuple(found)


def _numbers(given: dict[str, str], name: str, frequency: str, issues: list[Issue]) -> tuple[int, ...]:
    least, most = NUMBERS[name]
    words = given[name].split(",")
    bad = [word for word in words if not _INTEGER.fullmatch(word) or not _fits(int(word), least, most)]
    if bad:
        zero = " but not 0" if least < 0 else ""
        message = f"{name} holds whole numbers from {least} to {most}{zero}: not {', '.join(bad)[:60]!r}"
        add(issues, "invalid_part", "rule", message, RFC)
    if frequency in IMPOSSIBLE.get(name, ()):
        add(issues, "invalid_part", "rule", f"{name} cannot stand beside FREQ={frequency}", RFC)
    return () if bad else tuple(dict.fromkeys(map(int, words)))


def _fits(number: int, least: int, most: int) -> bool:
    return least <= number <= most and (number != 0 or least == 0)


def _moment_of_rule(text: str, issues: list[Issue]) -> datetime | None:
    """UNTIL: a day, all of which is in it, a wall-clock time, or an instant in UTC."""
    read = _BASIC.fullmatch(text)
    try:
        if read is None:
            raise ValueError
        day = date(int(read[1]), int(read[2]), int(read[3]))
        clock = time(int(read[4]), int(read[5]), int(read[6])) if read[4] else time(23, 59, 59)
    except ValueError:
        message = "UNTIL is a day such as 20271224, or a time such as 20271224T080000Z in UTC"
        add(issues, "invalid_part", "rule", message, RFC)
        return None
    return datetime.combine(day, clock, UTC if read[7] else None)


def _moment(text: str, path: str, issues: list[Issue]) -> date | datetime | None:
    """A day or a time in a field of its own."""
    try:
        if not _EXTENDED.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        add(issues, "invalid_value", path, "must be a day such as 2027-12-24 or a time such as 2027-12-24T09:00:00")
        return None


def _last(text: str, issues: list[Issue]) -> datetime | None:
    """The end that a field of its own says; of a day, its last second."""
    found = _moment(text, "until", issues)
    return found if found is None or isinstance(found, datetime) else datetime.combine(found, time(23, 59, 59))


def _zone(name: str, issues: list[Issue]) -> ZoneInfo | None:
    try:
        return zone(name)
    except ValueError as unknown:
        add(issues, "unknown_timezone", "timezone", str(unknown))
        return None


def _check_end(rule: Rule | None, until: datetime | None, count: int | None, issues: list[Issue]) -> None:
    """A recurrence has one end at most."""
    ends = {"until": until, "count": count, "rule's UNTIL": rule and rule.until, "rule's COUNT": rule and rule.count}
    given = [name for name, end in ends.items() if end is not None]
    if len(given) > 1:
        path = given[0] if given[0] in ("until", "count") else "rule"
        add(issues, "contradiction", path, f"give one end only, not {' and '.join(given)}", RFC)


def _exceptions(
    given: tuple[tuple[str, str | None], ...], issues: list[Issue]
) -> tuple[frozenset[date | datetime], dict[datetime, datetime]]:
    left_out, moved = set[date | datetime](), dict[datetime, datetime]()
    for number, (at, to) in enumerate(given):
        path = f"exceptions[{number}]"
        what = _wall(at, f"{path}.at", issues)
        where = _wall(to, f"{path}.moved_to", issues) if to else None
        if what in left_out or what in moved:
            add(issues, "duplicate_exception", f"{path}.at", "is there twice")
        elif to is None and what:
            left_out.add(what)
        elif isinstance(what, datetime) and isinstance(where, datetime):
            moved[what] = where
            if abs(where - what) > FARTHEST_MOVE:
                add(issues, "moved_too_far", f"{path}.moved_to", f"is more than {FARTHEST_MOVE.days} days away")
        elif what and where:
            add(issues, "time_required", path, "what is moved is a time, and so is where it is moved to")
    return frozenset(left_out), moved


def _wall(text: str, path: str, issues: list[Issue]) -> date | datetime | None:
    found = _moment(text, path, issues)
    if isinstance(found, datetime) and found.tzinfo:
        add(issues, "wall_clock_expected", path, "is a wall-clock time of the `timezone`: leave the offset out")
        return None
    return found
