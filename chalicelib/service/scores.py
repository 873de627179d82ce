"""Both scores of a workspace, of its platforms and of its accounts, as they lie in the table: to be read and told.

    S#<workspace>                SCORE#<scope>              the scores as last computed, with what explains them
                                 HISTORY#<scope>#<month>    what they were, day by day
                                 GOAL#<scope>               the last week whose goal was found to be at risk

`scorer` computes them. Publishing never reads anything of this.
"""

import logging
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar, cast

from chalicelib.core.errors import NotFound
from chalicelib.core.scores.goal import AtRisk
from chalicelib.core.scores.score import KINDS, WINDOWS, Confidence, Kind, Scope, Score
from chalicelib.core.webhooks import Message, goal_news, score_news
from chalicelib.ports import Change, Item, Key, World
from chalicelib.service import access, agenda, connect, records
from chalicelib.service.agenda import pk

log = logging.getLogger(__name__)
T = TypeVar("T")

SCORE, HISTORY, GOAL = "SCORE#", "HISTORY#", "GOAL#"


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one scope, by window, and when they last changed."""

    at: datetime
    scores: dict[str, Score]


@dataclass(frozen=True, slots=True)
class Point:
    """What a score was on a day."""

    value: float | None
    n: int
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Month:
    """What scores were, by kind and day."""

    days: dict[Kind, dict[str, Point]] = field(default_factory=dict)

    def noted(self, day: str, scores: dict[str, Score]) -> "Month":
        """The month after a day's scores were computed, for the last time or not."""
        points = {kind: scores[WINDOWS[kind][0]] for kind in KINDS}
        noted = {kind: Point(one.value, one.n, one.confidence) for kind, one in points.items()}
        return Month({kind: {**self.days.get(kind, {}), day: noted[kind]} for kind in KINDS})


def score_key(workspace_id: str, scope: Scope) -> Key:
    """Where the scores of a scope lie."""
    return Key(pk(workspace_id), f"{SCORE}{scope.name}")


def month_key(workspace_id: str, scope: Scope, month: str) -> Key:
    """Where the history of a scope's month lies."""
    return Key(pk(workspace_id), f"{HISTORY}{scope.name}#{month}")


def sound(kind: type[T], item: Item | None) -> T | None:
    """What is in a row of ours; None where there is none, or it makes no sense and is to be written anew."""
    try:
        return records.from_doc(kind, item.doc) if item else None
    except ValueError:
        log.exception("scores_unreadable", extra={"item": item.key.sk if item else ""})
        return None


def goal_key(workspace_id: str, scope: Scope) -> Key:
    """Where it says which week's goal was last at risk."""
    return Key(pk(workspace_id), f"{GOAL}{scope.name}")


def of_workspace(world: World, workspace_id: str) -> list[Item]:
    """The rows of all scopes that have scores."""
    return world.table.items(pk(workspace_id), SCORE)


def news(change: Change) -> list[Message]:
    """What customers hear of a change of scores: of each that is another in whole points, and of a goal at risk."""
    if change.new is None:
        return []
    workspace_id = change.new.key.pk.removeprefix(pk(""))
    if change.new.key.sk.startswith(GOAL):
        goal = sound(AtRisk, change.new)
        return [goal_news(workspace_id, goal)] if goal else []
    scope, new, old = change.new.key.sk.removeprefix(SCORE), sound(Scored, change.new), sound(Scored, change.old)
    if new is None:
        return []
    told = []
    for window in (windows[0] for windows in WINDOWS.values()):
        score, was = new.scores.get(window), old.scores.get(window) if old else None
        before = was.value if was else None
        if score and score.value is not None and (before is None or round(score.value) != round(before)):
            told.append(score_news(workspace_id, scope, window, score, before, new.at))
    return told


@dataclass(frozen=True, slots=True)
class Shown:
    """A scope's score in a window, as last computed."""

    scope: Scope
    platform: str | None
    window: str
    score: Score
    computed_at: datetime


def listed(
    world: World, workspace_id: str, scope: Scope | None, kind: Kind | None = None, window: str | None = None
) -> list[Shown]:
    """The scores of one scope, or of all; of each kind in its own window, where none is asked for."""
    rows = world.table.get_many([score_key(workspace_id, scope)]) if scope else of_workspace(world, workspace_id)
    plan, platforms = agenda.of(world, workspace_id), _platforms(world, workspace_id)
    wanted = [window] if window else [WINDOWS[one][0] for one in KINDS]
    found = list[Shown]()
    for item in rows:
        place, kept = _scope(item.key.sk), sound(Scored, item)
        if kept is None:
            continue
        computed_at = max(kept.at, plan.scored_at or kept.at) if plan else kept.at
        of = place.id if place.kind == "platform" else platforms.get(place.id)
        for name in wanted:
            if name in kept.scores and kind in (None, kept.scores[name].kind):
                found.append(Shown(place, of, name, kept.scores[name], computed_at))
    return sorted(found, key=lambda one: (_ORDER.index(one.scope.kind), one.scope.id, one.score.kind, one.window))


_ORDER = ("workspace", "platform", "account")


def _scope(sk: str) -> Scope:
    kind, _, id = sk.removeprefix(SCORE).partition("#")
    return Scope(cast(Literal["workspace", "platform", "account"], kind), id)


def _platforms(world: World, workspace_id: str) -> dict[str, str]:
    return {one.id: one.platform for one in connect.every(world, workspace_id)}


def known(world: World, workspace_id: str, account_id: str | None, platform: str | None) -> Scope:
    """The scope that is asked for; NotFound where the workspace has no such account, or none on such a platform."""
    platforms = _platforms(world, workspace_id) if account_id or platform else {}
    if account_id:
        if account_id not in platforms:
            raise NotFound(f"there is no account {account_id}")
        return Scope("account", account_id)
    if platform:
        if platform not in platforms.values():
            raise NotFound(f"there is no account on {platform}")
        return Scope("platform", platform)
    return Scope("workspace")


def title(world: World, workspace_id: str, scope: Scope) -> str:
    """What a scope is called among people."""
    if scope.kind == "account":
        return connect.account(world, workspace_id, scope.id).name
    if scope.kind == "platform":
        return scope.id
    return access.workspace_name(world, workspace_id)


def explained(world: World, workspace_id: str, scope: Scope, window: str) -> Shown:
    """One score with all that explains it; NotFound before anything was computed."""
    found = listed(world, workspace_id, scope, window=window)
    if not found:
        raise NotFound("no score was computed yet: the next run, within the hour, does", "not_computed_yet")
    return found[0]


def history(world: World, workspace_id: str, scope: Scope, kind: Kind, first: date, last: date) -> dict[date, Point]:
    """What a score was on each day of a span on which it was computed."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    months = dict.fromkeys(month_key(workspace_id, scope, f"{day:%Y-%m}") for day in days)
    found = dict[date, Point]()
    for item in world.table.get_many(list(months)):
        points = (sound(Month, item) or Month()).days.get(kind, {})
        found |= {date.fromisoformat(day): point for day, point in points.items()}
    return {day: found[day] for day in sorted(found) if first <= day <= last}
