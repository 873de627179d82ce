"""How often people did what with one post: increases are added once, reports are set, in whatever order they come.

A network tells of single deeds (a callback), of whole figures (a report, mostly polled), or of both. A figure is the
latest report and every increase after it; an increase that happened before it is in it already. The same events in any
order make the same figures and the same growth, as long as no report comes so late that what it has to be told apart
from was made one number already: after 300 later seconds in which something happened, or 50 later reports.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from chalicelib.core.day import hour_of
from chalicelib.core.engagement import Source

REMEMBERED = 300
"""Seconds in which something happened that are kept apart, before the oldest are made one number."""
REPORTS = 50
"""Reports that are remembered."""
IN_HOURS = timedelta(days=4)
"""How long a timeline tells hours apart, from the day of its first event; of later days it knows the days."""

Timeline = dict[str, dict[str, int]]
"""What figures grew by, by hour (`2026-11-22T09`) or day (`2026-11-22`), in UTC. Where something was undone, or a
network corrected itself, they grew by less than nothing."""


class Report(NamedTuple):
    """A whole figure as a network told it."""

    at: int
    total: int
    source: Source = "poll"


class Move(NamedTuple):
    """By how much a figure turned out to have grown in a second."""

    at: int
    grown: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what was reported of it, and what happened. Instants are whole seconds since 1970."""

    reports: tuple[Report, ...] = ()
    """The latest ones, in order, each of another second."""
    base: int = 0
    """What happened up to `folded`, and after the last report."""
    folded: int | None = None
    recent: tuple[tuple[int, int], ...] = ()
    """What happened after `folded`, by second, in order."""

    @property
    def as_of(self) -> int | None:
        """What instant the last report was of."""
        return self.reports[-1].at if self.reports else None

    @property
    def value(self) -> int:
        """The figure; never below nothing, though an undoing may be told of before the deed."""
        return max(0, self._level(None))

    @property
    def latest(self) -> int | None:
        """The instant that the figure is of."""
        known = (self.as_of, self.folded, self.recent[-1][0] if self.recent else None)
        return max((at for at in known if at is not None), default=None)

    @property
    def source(self) -> Source:
        """Where the last word came from."""
        return self.reports[-1].source if self.reports and self.latest == self.as_of else "callback"

    def plus(self, second: int, value: int) -> tuple["Figure", tuple[Move, ...]]:
        """The figure after an increase; what the next report held of it already, it did not grow by then."""
        following = next((one for one in self.reports if one.at >= second), None)
        moves = (Move(second, value), *((Move(following.at, -value),) if following else ()))
        if self.folded is not None and second <= self.folded:
            counts = following is None
            return (dataclasses.replace(self, base=self.base + value) if counts else self), moves
        seconds = dict(self.recent)
        seconds[second] = seconds.get(second, 0) + value
        return dataclasses.replace(self, recent=tuple(sorted(seconds.items())))._folded(), moves

    def told(self, report: Report) -> tuple["Figure", tuple[Move, ...]]:
        """The figure after a report; of two for one second the larger holds."""
        before = [one for one in self.reports if one.at <= report.at]
        following = self.reports[len(before)] if len(before) < len(self.reports) else None
        last = before[-1] if before else None
        if (last and last.at == report.at and report <= last) or not self._knows(report.at, last, following):
            return self, ()
        grown = report.total - self._level(report.at)
        moves = (Move(report.at, grown), *((Move(following.at, -grown),) if following else ()))
        reports = sorted([*(one for one in self.reports if one.at != report.at), report])
        base = self.base if following else 0
        return dataclasses.replace(self, reports=tuple(reports[-REPORTS:]), base=base), moves

    def _knows(self, second: int, last: Report | None, following: Report | None) -> bool:
        """Whether everything between a report for this second and the one before it is still kept apart."""
        if following is None:
            return self.folded is None or second >= self.folded
        if last is None:
            return self.folded is None and len(self.reports) < REPORTS
        return self.folded is None or last.at >= self.folded

    def _level(self, second: int | None) -> int:
        """Where the figure stood at the end of a second; None is now."""
        before = [one for one in self.reports if second is None or one.at <= second]
        start = before[-1].at if before else None
        since = [n for at, n in self.recent if (start is None or at > start) and (second is None or at <= second)]
        base = self.base if len(before) == len(self.reports) else 0
        return (before[-1].total if before else 0) + base + sum(since)

    def _folded(self) -> "Figure":
        over = len(self.recent) - REMEMBERED
        if over <= 0:
            return self
        old, recent = self.recent[:over], self.recent[over:]
        base = self.base + sum(n for at, n in old if self.as_of is None or at > self.as_of)
        return dataclasses.replace(self, base=base, folded=old[-1][0], recent=recent)


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything that was counted of one post on one account."""

    figures: dict[str, Figure] = field(default_factory=dict)
    timeline: Timeline = field(default_factory=dict)
    removed_at: datetime | None = None
    """Since when it is gone from the network."""

    def value(self, name: str) -> int:
        """A figure, or nothing where nobody has told of it."""
        return self.figures[name].value if name in self.figures else 0

    def counted(self, name: str, at: datetime, value: int) -> tuple["Counters", tuple[Move, ...]]:
        """The counters after an increase."""
        return self._with(name, *self.figures.get(name, Figure()).plus(_second(at), value))

    def reported(self, name: str, at: datetime, total: int, source: Source) -> tuple["Counters", tuple[Move, ...]]:
        """The counters after a report of a whole figure."""
        return self._with(name, *self.figures.get(name, Figure()).told(Report(_second(at), total, source)))

    def gone(self, at: datetime) -> "Counters":
        """The counters of a post that was taken away; what was counted stays counted."""
        return dataclasses.replace(self, removed_at=min(at, self.removed_at or at))

    def _with(self, name: str, figure: Figure, moves: tuple[Move, ...]) -> tuple["Counters", tuple[Move, ...]]:
        timeline = added(self.timeline, name, moves)
        return dataclasses.replace(self, figures={**self.figures, name: figure}, timeline=timeline), moves


def added(timeline: Mapping[str, dict[str, int]], name: str, moves: Iterable[Move]) -> Timeline:
    """A timeline with what else it turned out that a figure grew by. What comes to nothing stays, as a place in it."""
    known = dict(timeline)
    for move in moves:
        hour = hour_of(datetime.fromtimestamp(move.at, UTC))
        first = min((place[:10] for place in known), default=hour[:10])
        if hour[:10] < first:
            known = _in_days(known, _end_of_hours(hour[:10]))
        place = hour if hour[:10] < _end_of_hours(min(first, hour[:10])) else hour[:10]
        figures = known.get(place, {})
        known[place] = {**figures, name: figures.get(name, 0) + move.grown}
    return known


def growth(timelines: Iterable[Mapping[str, Mapping[str, int]]]) -> Timeline:
    """What figures grew by in all of some timelines together, oldest first, without what came to nothing.

    Where one of them knows of the day only, so do all.
    """
    known = list(timelines)
    days = {place for one in known for place in one if "T" not in place}
    sums: Timeline = {}
    for one in known:
        for place, figures in one.items():
            whole = sums.setdefault(place[:10] if place[:10] in days else place, {})
            for name, grown in figures.items():
                whole[name] = whole.get(name, 0) + grown
    return {place: left for place in sorted(sums) if (left := {name: n for name, n in sums[place].items() if n})}


def _in_days(timeline: Timeline, end: str) -> Timeline:
    folded: Timeline = {}
    for place, figures in timeline.items():
        whole = folded.setdefault(place if place[:10] < end else place[:10], {})
        for name, grown in figures.items():
            whole[name] = whole.get(name, 0) + grown
    return folded


def _end_of_hours(first: str) -> str:
    return f"{min(date.fromisoformat(first), date.max - IN_HOURS) + IN_HOURS:%Y-%m-%d}"


def _second(at: datetime) -> int:
    return int(at.timestamp())
