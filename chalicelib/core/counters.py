"""How often people did what with one post: increases are added once, reports are set, in whatever order they come.

A network tells of single deeds (a callback), of whole figures (a report, mostly polled), or of both. A figure is the
latest report and every increase after it; an increase that happened before it is in it already. So the same events in
any order make the same figures, as long as no report is older than the increases that were folded into one number.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.core.day import hour_of
from chalicelib.core.engagement import Source

REMEMBERED = 300
"""Seconds in which something happened that are kept apart, until a report makes them one number."""
HOURS = 96
"""Hours of a timeline that are kept apart, before the oldest are folded into days."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: the latest report and what happened since. Instants are whole seconds since 1970."""

    reported: int | None = None
    as_of: int | None = None
    """What instant the report was of."""
    base: int = 0
    """What happened up to `folded`, and after the report."""
    folded: int | None = None
    recent: tuple[tuple[int, int], ...] = ()
    """What happened after that, by second, in order."""

    @property
    def value(self) -> int:
        """The figure; never below nothing, though an undoing may be told of before the deed."""
        return max(0, (self.reported or 0) + self.base + sum(value for _, value in self.recent))

    @property
    def latest(self) -> int | None:
        """The instant that the figure is of."""
        known = [at for at in (self.as_of, self.folded, self.recent[-1][0] if self.recent else None) if at is not None]
        return max(known, default=None)

    @property
    def source(self) -> Source:
        """Where the last word came from."""
        return "poll" if self.as_of is not None and self.latest == self.as_of else "callback"

    def plus(self, second: int, value: int) -> "Figure":
        """The figure after an increase."""
        if self.as_of is not None and second <= self.as_of:
            return self
        if self.folded is not None and second <= self.folded:
            return dataclasses.replace(self, base=self.base + value)
        seconds = dict(self.recent)
        seconds[second] = seconds.get(second, 0) + value
        return dataclasses.replace(self, recent=tuple(sorted(seconds.items())))._folded()

    def told(self, second: int, total: int) -> "Figure":
        """The figure after a report. An older one says nothing new; of two for one second the larger holds."""
        if self.folded is not None and second < self.folded:
            return self
        if self.as_of is not None and (second, total) <= (self.as_of, self.reported or 0):
            return self
        return Figure(total, second, recent=tuple(each for each in self.recent if each[0] > second))

    def _folded(self) -> "Figure":
        over = len(self.recent) - REMEMBERED
        if over <= 0:
            return self
        old, recent = self.recent[:over], self.recent[over:]
        return dataclasses.replace(self, base=self.base + sum(n for _, n in old), folded=old[-1][0], recent=recent)


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything that was counted of one post on one account."""

    figures: dict[str, Figure] = field(default_factory=dict)
    timeline: dict[str, dict[str, int]] = field(default_factory=dict)
    """Increases of figures by hour (`2026-11-22T09`) and, further back, by day (`2026-11-22`), in UTC."""
    removed_at: datetime | None = None
    """Since when it is gone from the network."""

    def value(self, name: str) -> int:
        """A figure, or nothing where nobody has told of it."""
        return self.figures[name].value if name in self.figures else 0

    def counted(self, name: str, at: datetime, value: int) -> "Counters":
        """The counters after an increase."""
        return self._with(name, self.figures.get(name, Figure()).plus(_second(at), value), at)

    def reported(self, name: str, at: datetime, total: int) -> "Counters":
        """The counters after a report of a whole figure."""
        return self._with(name, self.figures.get(name, Figure()).told(_second(at), total), at)

    def gone(self, at: datetime) -> "Counters":
        """The counters of a post that was taken away; what was counted stays counted."""
        return dataclasses.replace(self, removed_at=min(at, self.removed_at or at))

    def _with(self, name: str, figure: Figure, at: datetime) -> "Counters":
        before = self.figures.get(name, Figure())
        grown = figure.value - before.value
        timeline = added(self.timeline, name, at, grown) if grown else self.timeline
        return dataclasses.replace(self, figures={**self.figures, name: figure}, timeline=timeline)


def added(timeline: Mapping[str, dict[str, int]], name: str, at: datetime, grown: int) -> dict[str, dict[str, int]]:
    """A timeline with one more increase; its oldest hours become days once there are too many."""
    hour = hour_of(at)
    place = hour[:10] if hour[:10] in timeline else hour
    grew = {place: {**timeline.get(place, {}), name: timeline.get(place, {}).get(name, 0) + grown}}
    return _in_days({**timeline, **grew})


def _in_days(timeline: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    hours = sorted(place for place in timeline if "T" in place)
    if len(hours) <= HOURS:
        return timeline
    day, whole = hours[0][:10], dict[str, int]()
    folded = {place: figures for place, figures in timeline.items() if not place.startswith(day)}
    for place in timeline.keys() - folded.keys():
        for name, grown in timeline[place].items():
            whole[name] = whole.get(name, 0) + grown
    return {**folded, day: whole}


def _second(at: datetime) -> int:
    return int(at.timestamp())
