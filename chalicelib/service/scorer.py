"""Compute both scores of every workspace whose turn it is, from what was kept day by day; and watch over goals.

What is read does not grow with history: of each account the days of the windows, and a few rows of the workspace.
Nothing of publishing's is written here, and the scorer's role could not.
"""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from chalicelib.core.account import Account
from chalicelib.core.day import Day, Waits
from chalicelib.core.plan import PlannedWeek
from chalicelib.core.scores import scoring
from chalicelib.core.scores.goal import AtRisk, at_risk
from chalicelib.core.scores.score import DAYS, KINDS, WINDOWS, Scope
from chalicelib.core.scores.scoring import LONGEST, Kept
from chalicelib.core.target import State
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.ports import Delete, Item, Put, World
from chalicelib.service import (
    agenda,
    business_hours,
    connect,
    engaged,
    journal,
    outcomes,
    reading,
    records,
    scores,
    weights,
)
from chalicelib.service.plan import Plans, Versions
from chalicelib.service.reading import PostFilter
from chalicelib.service.scores import Month, Scored, goal_key, month_key, score_key, sound

log = logging.getLogger(__name__)

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
    known = {item.key: item for item in scores.of_workspace(world, workspace_id)}
    for scope in scoring.scopes(kept):
        made = Scored(kept.as_of, scoring.scored(kept, scope))
        _keep(world, workspace_id, scope, made, known.pop(score_key(workspace_id, scope), None))
        if scope.kind == "workspace":
            _measure(world, workspace_id, made)
    for gone in known:
        world.table.write(Delete(gone))


def _keep(world: World, workspace_id: str, scope: Scope, made: Scored, item: Item | None) -> None:
    """Keep a scope's scores and the day's point of its history; nothing where both are known."""
    before = sound(Scored, item)
    day = stamp(made.at)[:10]
    if before and before.scores == made.scores and stamp(before.at)[:10] == day:
        return
    place = month_key(workspace_id, scope, day[:7])
    noted = (sound(Month, world.table.get(place)) or Month()).noted(day, made.scores)
    world.table.write(
        Put(Item(score_key(workspace_id, scope), records.to_doc(made)), expect=None),
        Put(Item(place, records.to_doc(noted)), expect=None),
    )


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
        told = sound(AtRisk, world.table.get(place)) if found else None
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
