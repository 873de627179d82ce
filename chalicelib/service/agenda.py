"""Whose scores are to be computed when: one row of a workspace, in the `open` index in shards of its own.

    S#<workspace>                SCORING        when its scores are due, and when they were last computed

What changes has the workspace computed by the next hourly run; every workspace is computed once a day.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zlib import crc32

from chalicelib.core.errors import Stale
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import records

log = logging.getLogger(__name__)

SHARD_NAMES = tuple(f"SCORE#{number:02d}" for number in range(records.SHARDS))
MOST = 1000
"""Workspaces of one shard that a run takes on."""
TRIES = 3
LEASE = timedelta(minutes=16)
"""Longer than the function may run that scores, so that a lease that lapsed is a scorer that died."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """When a workspace is to be scored next, and when it last was."""

    next_at: datetime
    scored_at: datetime | None = None


def pk(workspace_id: str) -> str:
    """The partition of a workspace's scores: all that the scorer's role may write."""
    return f"S#{workspace_id}"


def key(workspace_id: str) -> Key:
    """Where a workspace's agenda lies."""
    return Key(pk(workspace_id), "SCORING")


def of(world: World, workspace_id: str) -> Agenda | None:
    """The workspace's agenda; None where nothing was ever there to be scored."""
    return _known(world.table.get(key(workspace_id)))


def mark(world: World, workspace_id: str) -> None:
    """Have the workspace scored by the next run. One read, and a write only where it was not due already.

    The canary's has no scores: they would stand among those of the stage.
    """
    if workspace_id == records.CANARY:
        return
    now = milliseconds(world.clock.now())
    for _ in range(TRIES):
        item = world.table.get(key(workspace_id))
        known = _known(item)
        if known and known.next_at <= now:
            return
        try:
            _write(world, workspace_id, Agenda(now, known.scored_at if known else None), item)
            return
        except Stale:
            continue  # somebody marks it too, or begins to score it: then it has to be marked after that


def take(world: World, workspace_id: str, now: datetime) -> Item | None:
    """Take on a workspace that is due: it is due again once we must be dead. None where somebody else took it."""
    item = world.table.get(key(workspace_id))
    known = _known(item) or Agenda(now)
    if item is None or known.next_at > now:
        return None
    try:
        _write(world, workspace_id, replace(known, next_at=now + LEASE), item)
    except Stale:
        return None
    return replace(item, rev=item.rev + 1)


def done(world: World, workspace_id: str, taken: Item, scored_at: datetime, next_at: datetime) -> None:
    """The workspace was scored, and is due again then; or as it was marked by somebody in the meantime."""
    for _ in range(TRIES):
        item = world.table.get(key(workspace_id))
        if item is None:
            return
        since = _known(item) if item.rev != taken.rev else None
        try:
            _write(world, workspace_id, Agenda(since.next_at if since else next_at, scored_at), item)
            return
        except Stale:
            continue


def due(world: World, now: datetime) -> Iterator[str]:
    """The workspaces that are due, the earliest first: a run may not come to all of them."""
    end = stamp(now) + records.BEHIND_EVERY_ID
    rows = [row for shard in SHARD_NAMES for row in world.table.opened(shard, end=end, limit=MOST)]
    for row in sorted(rows, key=lambda row: row.at.sk):
        yield row.key.pk.removeprefix(pk(""))


def _known(item: Item | None) -> Agenda | None:
    """What is known; nothing where the row makes no sense, so that it is written anew: who marks it must not fail."""
    try:
        return records.from_doc(Agenda, item.doc) if item else None
    except ValueError:
        log.exception("agenda_unreadable", extra={"item": item.key.pk if item else ""})
        return None


def _write(world: World, workspace_id: str, agenda: Agenda, before: Item | None) -> None:
    shard = SHARD_NAMES[crc32(workspace_id.encode()) % records.SHARDS]
    place = Key(shard, f"{stamp(agenda.next_at)}#{workspace_id}")
    rev = before.rev if before else 0
    world.table.write(Put(Item(key(workspace_id), records.to_doc(agenda), rev=rev, open=place), expect=rev))
