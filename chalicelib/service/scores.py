"""Both scores of a workspace, of its platforms and of its accounts: computed from what was kept day by day.

    S#<workspace>                SCORE#<scope>              the scores as last computed, with what explains them
                                 HISTORY#<scope>#<month>    what they were, day by day
                                 GOAL#<scope>               the last week whose goal was found to be at risk

What is read does not grow with history: of each account the days of the windows, and a few rows of the workspace.
Publishing never reads anything of this, and nothing of publishing's is written here.
"""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar, cast

from chalicelib.core.account import Account
from chalicelib.core.day import Day, Waits
from chalicelib.core.errors import NotFound
from chalicelib.core.plan import PlannedWeek
from chalicelib.core.scores import scoring
from chalicelib.core.scores.goal import AtRisk, at_risk
from chalicelib.core.scores.score import KINDS, Confidence, Kind, Score
from chalicelib.core.scores.scoring import DAYS, LONGEST, WINDOWS, Kept, Scope
from chalicelib.core.target import State
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.core.webhooks import Message, goal_news, score_news
from chalicelib.ports import Change, Delete, Item, Key, Put, World
from chalicelib.service import (
    access,
    agenda,
    business_hours,
    connect,
    engaged,
    journal,
    outcomes,
    reading,
    records,
    weights,
)
from chalicelib.service.agenda import pk
from chalicelib.service.plan import Plans, Versions
from chalicelib.service.reading import PostFilter

log = logging.getLogger(__name__)
T = TypeVar("T")

SCORE, HISTORY, GOAL = "SCORE#", "HISTORY#", "GOAL#"
THREADS = 4
RUN = timedelta(minutes=10)
"""How long a run begins to score workspaces; its function's time-out is five minutes later."""
DAILY = timedelta(hours=23, minutes=30)
"""After this long a workspace is scored again though nothing changed: time alone moves scores."""
HOURLY = timedelta(minutes=30)
"""The same where somebody waits for an answer."""
AHEAD = 50
"""Posts of the rest of a week that are looked at."""
OPEN = frozenset({State.SCHEDULED, State.QUEUED, State.PUBLISHING, State.AWAITING_ACTION})
"""States of a target that will yet go out."""


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


def score(world: World) -> Counter[str]:
    """Score the workspaces whose turn it is, as many as one run can; how many ended how."""
    end, due = world.clock.now() + RUN, list(agenda.due(world, world.clock.now()))

    def one(workspace_id: str) -> str:
        return _in_turn(world, workspace_id) if world.clock.now() < end else "left"

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(one, due))
    journal.line("scored", due=len(due), **outcomes)
    return outcomes


def _in_turn(world: World, workspace_id: str) -> str:
    """Score a workspace, whatever becomes of the others; one that fails comes again with the next run."""
    try:
        now = milliseconds(world.clock.now())
        taken = agenda.take(world, workspace_id, now)
        if taken is None:
            return "overtaken"
        kept = gather(world, workspace_id, now)
        write(world, workspace_id, kept)
        _watch_goals(world, workspace_id, kept)
        agenda.done(world, workspace_id, taken, now, now + (HOURLY if _somebody_waits(kept) else DAILY))
    except Exception:
        log.exception("not_scored", extra={"workspace": workspace_id})
        return "failed"
    return "scored"


def gather(world: World, workspace_id: str, now: datetime) -> Kept:
    """Everything that a workspace's scores are computed from."""
    accounts = connect.every(world, workspace_id)
    plans = Plans.of(world, workspace_id)
    own = [one.id for one in accounts if plans.own(one.id)]
    weeks = {id: plans.weeks(id, now, LONGEST) for id in (None, *own)}
    versions: dict[str | None, Versions] = {None: plans.workspace, **{id: plans.accounts[id] for id in own}}
    first = min([now - timedelta(days=DAYS["28d"]), *(found[0].start for found in weeks.values())])
    plan, chosen = plans.plan(None), weights.of(world, workspace_id)
    return Kept(
        as_of=now,
        accounts={one.id: one.platform for one in accounts},
        began={one.id: began for one in accounts if (began := outcomes.began(world, workspace_id, one.id))},
        outcomes={one.id: outcomes.since(world, workspace_id, one.id, first) for one in accounts},
        waits={one.id: _waits(world, one, now) for one in accounts},
        weeks=weeks,
        chosen_at={id: found.versions[0].since for id, found in versions.items() if found.newest},
        mix=plan.mix,
        timezone=plan.timezone,
        hours=business_hours.of(world, workspace_id),
        weights=chosen.weights,
        half_lives=chosen.all_half_lives,
    )


def _waits(world: World, account: Account, now: datetime) -> dict[str, Waits]:
    """How people were answered, by hour. A day that makes no sense is left out."""
    before = engaged.day_key(account.workspace_id, account.id, now - timedelta(days=DAYS["28d"] + 2))
    return {
        hour: waits
        for item in world.table.items(before.pk, engaged.DAY, after=before.sk)
        for hour, waits in _day(item).waits.items()
    }


def _day(item: Item) -> Day:
    try:
        return engaged.day_of(item)
    except ValueError:
        log.exception("day_unreadable", extra={"item": f"{item.key.pk} {item.key.sk}"})
        return Day()


def _somebody_waits(kept: Kept) -> bool:
    """Whether time will soon change a score: whoever waits longer than the target was failed, and stays so."""
    return scoring.answers(kept, list(kept.accounts), kept.as_of - timedelta(days=DAYS["28d"])).waiting > 0


def write(world: World, workspace_id: str, kept: Kept) -> None:
    """Compute and keep the scores of everything in the workspace, and forget those of what is no longer in it."""
    known = {item.key: item for item in world.table.items(pk(workspace_id), SCORE)}
    for scope in scoring.scopes(kept):
        made = Scored(kept.as_of, scoring.scored(kept, scope))
        _keep(world, workspace_id, scope, made, known.pop(score_key(workspace_id, scope), None))
        if scope.kind == "workspace":
            _measure(world, workspace_id, made)
    for gone in known:
        world.table.write(Delete(gone))


def _keep(world: World, workspace_id: str, scope: Scope, made: Scored, item: Item | None) -> None:
    """Keep a scope's scores and the day's point of its history; nothing where both are known."""
    before = _sound(Scored, item)
    day = stamp(made.at)[:10]
    if before and before.scores == made.scores and stamp(before.at)[:10] == day:
        return
    place = month_key(workspace_id, scope, day[:7])
    noted = (_sound(Month, world.table.get(place)) or Month()).noted(day, made.scores)
    world.table.write(
        Put(Item(score_key(workspace_id, scope), records.to_doc(made)), expect=None),
        Put(Item(place, records.to_doc(noted)), expect=None),
    )


def _sound(kind: type[T], item: Item | None) -> T | None:
    """What is in a row of ours; None where there is none, or it makes no sense and is to be written anew."""
    try:
        return records.from_doc(kind, item.doc) if item else None
    except ValueError:
        log.exception("scores_unreadable", extra={"item": item.key.sk if item else ""})
        return None


def _measure(world: World, workspace_id: str, made: Scored) -> None:
    """Have CloudWatch measure a workspace's scores."""
    values = {kind: made.scores[WINDOWS[kind][0]].value for kind in KINDS}
    known = {kind.capitalize(): value for kind, value in values.items() if value is not None}
    if known:
        by_name = workspace_id in world.settings.measured_workspaces
        facts = {"stage": world.settings.stage, "workspace": workspace_id}
        sets = [["stage"], ["stage", "workspace"]] if by_name else [["stage"]]
        journal.measured(made.at, facts, journal.Group(known, sets))


def _watch_goals(world: World, workspace_id: str, kept: Kept) -> None:
    """Tell, once a week, of each goal that somebody chose and that will not be reached by itself."""
    for id in kept.chosen_at:
        week = scoring.rest(kept.weeks[id][-1], kept.chosen_at[id])
        scope = Scope("account", id) if id else Scope("workspace")
        accounts = [id] if id else list(kept.accounts)
        inside = [one for account in accounts for one in kept.outcomes.get(account, ()) if one.due >= week.start]
        published = {one.post_id for one in inside if one.fate == "published"}
        if len(published) >= week.least:
            continue
        scheduled = _ahead(world, workspace_id, id, kept, week) - published
        found = at_risk(scope.name, week, len(published), len(scheduled), kept.as_of)
        place = goal_key(workspace_id, scope)
        told = _sound(AtRisk, world.table.get(place)) if found else None
        if found and (told is None or told.week != found.week):
            world.table.write(Put(Item(place, records.to_doc(found)), expect=None))


def _ahead(world: World, workspace_id: str, account_id: str | None, kept: Kept, week: PlannedWeek) -> set[str]:
    """The posts that will go out in what is left of the week, as far as they are looked at."""
    wanted = PostFilter(account_id=account_id, since=kept.as_of, until=week.end)
    page = reading.posts(world, workspace_id, wanted, limit=AHEAD)
    return {
        target.post_id
        for whole in page.data
        for target in whole.targets
        if target.state in OPEN and account_id in (None, target.account_id)
    }


def goal_key(workspace_id: str, scope: Scope) -> Key:
    """Where it says which week's goal was last at risk."""
    return Key(pk(workspace_id), f"{GOAL}{scope.name}")


def news(change: Change) -> list[Message]:
    """What customers hear of a change of scores: of each that is another in whole points, and of a goal at risk."""
    if change.new is None:
        return []
    workspace_id = change.new.key.pk.removeprefix(pk(""))
    if change.new.key.sk.startswith(GOAL):
        goal = _sound(AtRisk, change.new)
        return [goal_news(workspace_id, goal)] if goal else []
    scope, new, old = change.new.key.sk.removeprefix(SCORE), _sound(Scored, change.new), _sound(Scored, change.old)
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
    begin = f"{SCORE}{scope.name}" if scope else SCORE
    rows = [item for item in world.table.items(pk(workspace_id), begin) if scope is None or item.key.sk == begin]
    plan, platforms = agenda.of(world, workspace_id), _platforms(world, workspace_id)
    wanted = [window] if window else [WINDOWS[one][0] for one in KINDS]
    found = list[Shown]()
    for item in rows:
        place, kept = _scope(item.key.sk), _sound(Scored, item)
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
    begin, end = (month_key(workspace_id, scope, f"{day:%Y-%m}") for day in (first, last))
    rows = [item for item in _from(world, begin) if item.key.sk <= end.sk]
    months = [_sound(Month, item) or Month() for item in rows]
    days = {day: point for month in months for day, point in month.days.get(kind, {}).items()}
    return {day: point for text, point in sorted(days.items()) if first <= (day := date.fromisoformat(text)) <= last}


def _from(world: World, begin: Key) -> list[Item]:
    """The months of a scope, from one on."""
    return world.table.items(begin.pk, begin.sk[: -len("0000-00")], after=begin.sk[:-1])
