"""What a brand did with its plan: its posts in order, the appearances that they make, and the weeks they fell into."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.core.plan import PlannedWeek
from chalicelib.core.scores.outcome import Message, Outcome
from chalicelib.core.scores.statistics import clamp
from chalicelib.core.scores.weights import (
    APPEARANCE,
    CONTAINMENT,
    COVERAGE,
    DROWNED,
    DROWNING,
    DROWNING_COSTS,
    FADE_WEEKS,
)


@dataclass(frozen=True, slots=True)
class Post:
    """One canonical post that was out: when first on each network, and how much of it arrived."""

    id: str
    first: Mapping[str, datetime]
    message: float | None = None
    """The mean over its targets; None where it is not to be compared, having fewer than two."""
    at: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", min(self.first.values()))


@dataclass(frozen=True, slots=True)
class KeptWeek:
    """A planned week, and what became of it."""

    week: PlannedWeek
    age: int
    """In weeks; the present one is 0."""
    due: int
    """The posts that must be out by now: all of them when it is over."""
    posted: int
    """Appearances."""
    posts: int

    @property
    def kept(self) -> bool:
        return self.posted >= self.week.least

    @property
    def drowning(self) -> float:
        """What too many posts cost: nothing up to 1.5 × the goal's upper end, then evenly up to 0.2 at 3 ×."""
        most = max(self.week.most, self.week.least)
        return DROWNING_COSTS * clamp((self.posts / most - DROWNING) / (DROWNED - DROWNING))

    @property
    def value(self) -> float:
        """What is due and there, at most all of it, less what too many cost."""
        return max(min(self.posted / self.due, 1.0) - self.drowning, 0.0)

    @property
    def weight(self) -> float:
        """Half as much four weeks ago; and of the present week as much as is due by now."""
        return fade(self.age) * self.due / self.week.least


@dataclass(frozen=True, slots=True)
class History:
    """Everything that the parts are computed from, in order; built by `history`."""

    weeks: Sequence[PlannedWeek]
    until: datetime
    """The instant of the score."""
    platforms: Mapping[str, float]
    """Shares that make 1; empty where networks are not compared."""
    posts: Sequence[Post]
    appearances: Sequence[datetime] = field(init=False)
    kept: Sequence[KeptWeek] = field(init=False)
    """The planned weeks that have begun; weeks off are none."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "appearances", [group[0].at for group in together(self.posts)])
        object.__setattr__(self, "kept", self._kept())

    @property
    def over(self) -> list[KeptWeek]:
        """The planned weeks that are over."""
        return [one for one in self.kept if one.week.end <= self.until]

    def _kept(self) -> list[KeptWeek]:
        begun, times = [week for week in self.weeks if week.start <= self.until], [post.at for post in self.posts]
        present = len(begun) - 1 if begun and begun[-1].end > self.until else len(begun)
        return [
            KeptWeek(
                week, present - number, due(week, self.until), _within(week, self.appearances), _within(week, times)
            )
            for number, week in enumerate(begun)
            if week.least > 0
        ]


def history(
    outcomes: Sequence[Outcome],
    weeks: Sequence[PlannedWeek],
    now: datetime,
    platforms: Mapping[str, float],
    shared: frozenset[str] | None,
) -> History:
    """The history of one scope, from what `consistency` takes."""
    ordered, all_ = sorted(weeks, key=lambda week: week.start), math.fsum(platforms.values())
    shares = {name: share / all_ for name, share in platforms.items() if share > 0}
    return History(ordered, now, shares if len(shares) > 1 else {}, _posts(outcomes, ordered, shared))


def _posts(outcomes: Sequence[Outcome], weeks: Sequence[PlannedWeek], shared: frozenset[str] | None) -> list[Post]:
    """The posts that were out in these weeks and still are, by when they first were."""
    targets: dict[str, list[tuple[datetime, Outcome]]] = defaultdict(list)
    for one in outcomes:
        if one.fate == "published" and one.at and weeks and weeks[0].start <= one.at < weeks[-1].end:
            targets[one.post_id].append((one.at, one))
    posts = []
    for post_id, found in targets.items():
        compared = len(found) > 1 if shared is None else post_id in shared
        fits = [fit(one.message) for _, one in found if one.message]
        first: dict[str, datetime] = {}
        for at, one in found:
            first[one.platform] = min(at, first.get(one.platform, at))
        posts.append(Post(post_id, first, math.fsum(fits) / len(fits) if compared and fits else None))
    return sorted(posts, key=order)


def order(post: Post) -> tuple[datetime, str]:
    return post.at, post.id


def fit(message: Message) -> float:
    """How well one rendition carries the canonical message."""
    return CONTAINMENT * message.containment + COVERAGE * message.coverage


def together(posts: Sequence[Post]) -> list[list[Post]]:
    """Posts by appearance: each less than an hour after the one before."""
    groups: list[list[Post]] = []
    for post in posts:
        if groups and post.at - groups[-1][-1].at < APPEARANCE:
            groups[-1].append(post)
        else:
            groups.append([post])
    return groups


def _within(week: PlannedWeek, ordered: Sequence[datetime]) -> int:
    return bisect_left(ordered, week.end) - bisect_left(ordered, week.start)


def fade(weeks: float) -> float:
    """λ^weeks: what a week counts that is so old; half after four."""
    return float(2.0 ** (-weeks / FADE_WEEKS))


def due(week: PlannedWeek, now: datetime) -> int:
    """How many posts must be out by now for the goal still to be kept at the times that are to come.

    With as many times as the goal has posts: those times that have passed. Never more than these, and all of the goal
    when the week is over.
    """
    if week.end <= now:
        return week.least
    passed = sum(occurrence.at <= now for occurrence in week.occurrences)
    return min(max(week.least - (len(week.occurrences) - passed), 0), passed)
