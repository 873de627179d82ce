"""The figures of a post and of an account: what every network says that people did, and when that was so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chalicelib.callbacks import names
from chalicelib.core.counters import Counters, Timeline, growth
from chalicelib.core.engagement import FIGURES, Source
from chalicelib.core.followed import Followed
from chalicelib.core.target import Target
from chalicelib.platforms import platform
from chalicelib.ports import World
from chalicelib.service import connect, engaged, reading
from chalicelib.service.reading import SCANNED, Page

NAMES = tuple(dict.fromkeys(FIGURES.values()))
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure, the instant of the last word in it, and where that came from."""

    value: int
    source: Source
    as_of: datetime


Figures = dict[str, Measured | None]
"""By name; None is what nobody has told."""


@dataclass(frozen=True, slots=True)
class TargetMetrics:
    """What people did with one target, all its parts together."""

    target: Target
    figures: Figures
    growth: Timeline
    sources: tuple[Source, ...]
    """How figures of this network can come at all: by its own callbacks, by our asking, both, or neither."""
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PostMetrics:
    """What people did with a post: on every target, and together."""

    targets: list[TargetMetrics]
    totals: Figures
    growth: Timeline


@dataclass(frozen=True, slots=True)
class AccountMetrics:
    """What an account's figures grew by, day by day, in UTC."""

    account_id: str
    days: dict[str, dict[str, int]]
    totals: dict[str, int]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A post of the account's that we did not publish, by the network's id, as far as people do something with it."""

    post: str
    figures: Figures
    removed_at: datetime | None


def of_post(world: World, workspace_id: str, post_id: str) -> PostMetrics:
    """The figures of a post; NotFound where this workspace has no such post."""
    whole = reading.post(world, workspace_id, post_id)
    followed = _followed(world, workspace_id, whole.targets)
    targets = [
        _of_target(one, [each.counters for each in followed if each.target_id == one.id]) for one in whole.targets
    ]
    counters = [one.counters for one in followed]
    return PostMetrics(targets, figures(counters), growth(one.timeline for one in counters))


def of_account(world: World, workspace_id: str, account_id: str, first: date, last: date) -> AccountMetrics:
    """What an account's figures grew by from a day to a day; NotFound where this workspace has no such account."""
    connect.account(world, workspace_id, account_id)
    limit = (last - first).days + 1
    after = f"{engaged.DAY}{first - DAY}"
    items = world.table.items(engaged.pk(workspace_id, account_id), engaged.DAY, limit=limit, after=after)
    days = {item.key.sk.removeprefix(engaged.DAY): _sum(item.doc["hours"].values()) for item in items}
    wanted = {day: grown for day, grown in days.items() if day <= str(last) and grown}
    return AccountMetrics(account_id, wanted, _sum(wanted.values()))


def elsewhere(
    world: World, workspace_id: str, account_id: str, limit: int = 20, cursor: str | None = None
) -> Page[Elsewhere]:
    """The account's other posts, by the network's id; a page may be short and still have a next one."""
    connect.account(world, workspace_id, account_id)
    pk, found = engaged.pk(workspace_id, account_id), list[Elsewhere]()
    after = f"{engaged.POST}{cursor}" if cursor else ""
    items = world.table.items(pk, engaged.POST, limit=SCANNED, after=after)
    for item in items:
        post = engaged.post_of(item)
        if post.target_id is None:
            found.append(Elsewhere(post.post, figures([post.counters]), post.counters.removed_at))
        if len(found) == limit:
            return Page(found, item.key.sk.removeprefix(engaged.POST))
    return Page(found, items[-1].key.sk.removeprefix(engaged.POST) if len(items) == SCANNED else None)


def figures(counters: Sequence[Counters]) -> Figures:
    """The figures of several things together."""
    return {name: _figure(name, counters) for name in NAMES}


def _followed(world: World, workspace_id: str, targets: Sequence[Target]) -> list[Followed]:
    keys = [
        engaged.post_key(workspace_id, target.account_id, part)
        for target in targets
        for part in engaged.parts_of(target)
    ]
    return [engaged.post_of(item) for item in world.table.get_many(keys)]


def _of_target(target: Target, parts: list[Counters]) -> TargetMetrics:
    removed = [one.removed_at for one in parts if one.removed_at]
    told: list[Source] = ["callback"] if target.platform in names() else []
    polled: list[Source] = ["poll"] if platform(target.platform).measurable else []
    grown = growth(one.timeline for one in parts)
    return TargetMetrics(target, figures(parts), grown, (*told, *polled), min(removed, default=None))


def _figure(name: str, parts: Sequence[Counters]) -> Measured | None:
    found = [one.figures[name] for one in parts if name in one.figures]
    latest = [(figure.latest, figure.source) for figure in found if figure.latest is not None]
    if not latest:
        return None
    second, source = max(latest)
    return Measured(sum(figure.value for figure in found), source, datetime.fromtimestamp(second, UTC))


def _sum(several: Iterable[dict[str, int]]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for one in several:
        for name, grown in one.items():
            whole[name] = whole.get(name, 0) + grown
    return {name: whole[name] for name in NAMES if whole.get(name)}
