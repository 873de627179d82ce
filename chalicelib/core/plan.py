"""A publishing plan: how much a brand means to publish a week, when, and when not."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from chalicelib.core.business_hours import Weekday

HolidayEffect = Literal["shrink", "keep", "raise"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One time a week at which something is to go out, by the wall clock of the plan's zone."""

    day: Weekday
    time: str
    """`HH:MM`."""

    @property
    def label(self) -> str:
        """What names the slot: `mon 09:30`."""
        return f"{self.day} {self.time}"


@dataclass(frozen=True, slots=True)
class Goal:
    """How many posts a week are meant to go out; fewer than `least` miss it, far more than `most` drown people."""

    least: int = 3
    most: int = 5


@dataclass(frozen=True, slots=True)
class Blackout:
    """A span in which nothing is to go out by plan, up to `end`; naive times of the plan's wall clock, in seconds."""

    start: datetime
    end: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Holidays:
    """Whose public holidays count, and what one does to the plan.

    `shrink` empties the day and takes its share off the week's goal; `keep` changes nothing; `raise` keeps the day and
    adds `extra` to the goal of a week that holds a holiday.
    """

    country: str
    """ISO 3166-1 alpha-2, such as `CN`; or `lunar`: festivals of the Chinese calendar, public holidays or not."""
    subdivision: str | None = None
    """The package's code of a state or province, such as `BY`; one festival, such as `qixi`, of the `lunar` ones."""
    effect: HolidayEffect = "shrink"
    extra: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a workspace, or one of its accounts, means to do. Who has said nothing means 3 to 5 posts in any week."""

    timezone: str = "UTC"
    goal: Goal = Goal()
    slots: tuple[Slot, ...] = ()
    """None: any time will do, evenly over the days that are not skipped."""
    skip_days: tuple[Weekday, ...] = ()
    """Days of the week on which nothing goes out; a working day that makes up for a holiday is none of them."""
    blackouts: tuple[Blackout, ...] = ()
    holidays: tuple[Holidays, ...] = ()
    mix: dict[str, float] = field(default_factory=dict)
    """How much of all is meant for each platform, in any unit; empty: as much for each that is connected."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which the plan wants something out."""

    at: datetime
    """The instant, in UTC."""
    slot: str
    """The slot's label; `any` where the plan has no slots and this is one of its even steps."""
    local: str
    """What the wall clock says then, with its offset: `2026-03-29T03:30:00+02:00`."""
    note: str | None = None
    """`dst_gap` where the slot's wall-clock time does not exist that day, `dst_overlap` where it happens twice."""


LeftOutCode = Literal["holiday", "skip_day", "blackout", "dst_gap"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the plan would have wanted and does not, and why."""

    date: date
    """By the wall clock of the plan's zone."""
    slot: str | None
    """The slot's label; None where the plan has no slots, and the whole day is left out."""
    code: LeftOutCode
    why: str
    """For people: a holiday's name, a blackout's reason …"""


@dataclass(frozen=True, slots=True)
class PlannedWeek:
    """One ISO week, Monday to Monday by the plan's zone, as the plan of that time wanted it."""

    start: datetime
    end: datetime
    """The next week's start. Both in UTC."""
    least: int
    """The goal, after holidays, skipped days and blackouts: 0 for a week off."""
    most: int
    occurrences: tuple[Occurrence, ...]
    """By slots, or `least` even steps over the open days where there are none; in order."""
    holidays: tuple[str, ...] = ()
    """Names of those that changed the week, as `2026-10-01 National Day`."""
