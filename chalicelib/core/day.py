"""One day of an account: what its figures grew by, hour by hour, and how often people addressed it."""

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Day:
    """The hours of one day, in UTC, such as `2026-11-22T09`; one in which nothing happened is left out."""

    hours: dict[str, dict[str, int]] = field(default_factory=dict)
    """What figures grew by."""
    voices: dict[str, int] = field(default_factory=dict)
    """How often people said something to the account. Unlike `hours`, it never holds what only a late report told of:
    that was said some time, and not in this hour."""

    def heard(self, at: datetime, times: int) -> "Day":
        """The day after people said something so many times."""
        hour = hour_of(at)
        return dataclasses.replace(self, voices={**self.voices, hour: self.voices.get(hour, 0) + times})


def hour_of(at: datetime) -> str:
    """The hour of an instant, as it is kept."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")
