"""One day of an account: what its figures grew by, hour by hour, who addressed it, and how people were answered."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Waits:
    """How people were answered whose wait began in one hour; see `chalicelib.core.waits`."""

    waiting: int = 0
    """Not answered yet."""
    answered: int = 0
    in_time: int = 0
    """Of those answered: within the target."""
    speed: float = 0.0
    """The sum of 2^(-t / target) over those answered."""

    def plus(self, other: "Waits", sign: int = 1) -> "Waits":
        """Both together, or one without the other."""
        return Waits(
            self.waiting + sign * other.waiting,
            self.answered + sign * other.answered,
            self.in_time + sign * other.in_time,
            self.speed + sign * other.speed,
        )


@dataclass(frozen=True, slots=True)
class Day:
    """The hours of one day, in UTC, such as `2026-11-22T09`; one in which nothing happened is left out."""

    hours: dict[str, dict[str, int]] = field(default_factory=dict)
    """What figures grew by."""
    voices: dict[str, int] = field(default_factory=dict)
    """How often people said something to the account. Unlike `hours`, it never holds what only a late report told of:
    that was said some time, and not in this hour."""
    waits: dict[str, Waits] = field(default_factory=dict)
    """How those were answered whose wait began in an hour."""

    def heard(self, at: datetime, times: int) -> "Day":
        """The day after people said something so many times."""
        hour = hour_of(at)
        return dataclasses.replace(self, voices={**self.voices, hour: self.voices.get(hour, 0) + times})

    def answering(self, waits: Mapping[str, Waits]) -> "Day":
        """The day after the sums of some of its hours changed."""
        known = {**self.waits, **{hour: self.waits.get(hour, Waits()).plus(more) for hour, more in waits.items()}}
        left = {hour: sums for hour, sums in known.items() if sums.waiting or sums.answered}
        return dataclasses.replace(self, waits=left)


def hour_of(at: datetime) -> str:
    """The hour of an instant, as it is kept."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


def begin_of(hour: str) -> datetime:
    """The instant at which a kept hour begins."""
    return datetime.fromisoformat(f"{hour}:00+00:00")
