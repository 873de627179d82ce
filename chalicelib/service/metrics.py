"""The figures of a post: what every network says that people did with it, and when that was so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.core.counters import Counters
from chalicelib.core.engagement import FIGURES, Source
from chalicelib.core.followed import Followed
from chalicelib.core.target import Target
from chalicelib.ports import World
from chalicelib.service import engaged, reading

NAMES = tuple(dict.fromkeys(FIGURES.values()))


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure, where it is from, and the instant that it is of."""

    value: int
    source: Source
    as_of: datetime


@dataclass(frozen=True, slots=True)
class TargetMetrics:
    """What people did with one target, all its parts together; None is what nobody has told."""

    target: Target
    figures: dict[str, Measured | None]
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What figures grew by in an hour or a day."""

    at: str
    grown: dict[str, int]


def of_post(world: World, workspace_id: str, post_id: str) -> list[TargetMetrics]:
    """The figures of every target; NotFound where this workspace has no such post."""
    whole = reading.post(world, workspace_id, post_id)
    followed = _followed(world, workspace_id, whole.targets)
    return [
        _of_target(target, [one.counters for one in followed if one.target_id == target.id]) for target in whole.targets
    ]


def timeline(world: World, workspace_id: str, post_id: str) -> list[Moment]:
    """What the figures of all targets grew by, by hour and further back by day, oldest first."""
    whole = reading.post(world, workspace_id, post_id)
    moments: dict[str, dict[str, int]] = {}
    for one in _followed(world, workspace_id, whole.targets):
        for at, grown in one.counters.timeline.items():
            sums = moments.setdefault(at, {})
            for name, value in grown.items():
                sums[name] = sums.get(name, 0) + value
    return [Moment(at, moments[at]) for at in sorted(moments)]


def _followed(world: World, workspace_id: str, targets: Sequence[Target]) -> list[Followed]:
    keys = [
        engaged.post_key(workspace_id, target.account_id, part)
        for target in targets
        for part in target.part_ids or ((target.platform_post_id,) if target.platform_post_id else ())
    ]
    return [engaged.post_of(item) for item in world.table.get_many(keys)]


def _of_target(target: Target, parts: list[Counters]) -> TargetMetrics:
    removed = [one.removed_at for one in parts if one.removed_at]
    return TargetMetrics(target, {name: _figure(name, parts) for name in NAMES}, min(removed, default=None))


def _figure(name: str, parts: list[Counters]) -> Measured | None:
    found = [one.figures[name] for one in parts if name in one.figures]
    latest = [(figure.latest, figure.source) for figure in found if figure.latest is not None]
    if not latest:
        return None
    second, source = max(latest)
    return Measured(sum(figure.value for figure in found), source, datetime.fromtimestamp(second, UTC))
