"""Plans, and what became of them, to try scores on: three posts a week in UTC, unless something else is said."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from chalicelib.core.business_hours import WEEKDAYS
from chalicelib.core.plan import Occurrence, PlannedWeek
from chalicelib.core.scores.outcome import Fate, Message, Outcome
from chalicelib.core.scores.score import Part, Score

MONDAY = datetime(2026, 9, 28, tzinfo=UTC)
SLOTS = ("mon 09:00", "wed 09:00", "fri 09:00")
WHOLE = Message(1.0, 1.0)


def moment(week: int, slot: str) -> datetime:
    """The instant of `wed 09:30` in the week of this number; 0 is the first."""
    day, _, clock = slot.partition(" ")
    hours, minutes = clock.split(":")
    days = timedelta(weeks=week, days=[*WEEKDAYS].index(day))  # type: ignore[arg-type]
    return MONDAY + days + timedelta(hours=int(hours), minutes=int(minutes))


def week(
    number: int, slots: Iterable[str] = SLOTS, least: int | None = None, most: int = 5, label: str | None = None
) -> PlannedWeek:
    times = tuple(Occurrence(moment(number, slot), label or slot, "") for slot in slots)
    start = MONDAY + timedelta(weeks=number)
    return PlannedWeek(start, start + timedelta(weeks=1), len(times) if least is None else least, most, times)


def weeks(number: int, slots: Iterable[str] = SLOTS) -> list[PlannedWeek]:
    """So many weeks, and the one that is just beginning."""
    return [week(one, tuple(slots)) for one in range(number + 1)]


def out(
    at: datetime,
    platform: str = "x",
    *,
    late: float = 0.0,
    fate: Fate = "published",
    message: Message | None = WHOLE,
    post: str | None = None,
) -> Outcome:
    """A post that was due then; its id is its time, unless it is given."""
    post_id = post or f"post_{at.isoformat()}"
    there = fate in ("published", "removed")
    return Outcome(
        f"{post_id}_{platform}",
        post_id,
        f"acc_{platform}",
        platform,
        at,
        fate,
        at + timedelta(seconds=late) if there else None,
        message=message if there else None,
    )


def kept(planned: Iterable[PlannedWeek], platforms: Iterable[str] = ("x",)) -> list[Outcome]:
    """What comes out of plans that are kept to the second, on each of the networks."""
    names = tuple(platforms)
    return [out(time.at, name) for one in planned for time in one.occurrences for name in names]


def part(score: Score, name: str) -> Part:
    (found,) = [one for one in score.parts if one.name == name]
    return found


def valued(score: Score, name: str) -> float:
    """The value of a part that has one."""
    found = part(score, name).value
    assert found is not None
    return found


def total(score: Score) -> float:
    assert score.value is not None
    return score.value
