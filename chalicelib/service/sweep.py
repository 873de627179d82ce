"""Once a minute, independent of every alarm: wake whatever is overdue, however old, and say that we are alive."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.timing import stamp
from chalicelib.ports import Found, Item, Key, Put, World
from chalicelib.service import records
from chalicelib.service.dispatch import due_of, wake_of

log = logging.getLogger(__name__)

HEARTBEAT = Key("SYSTEM", "SWEEP")
SLACK = timedelta(seconds=5)
"""What is overdue by less than this is most likely on its way."""
MOST_DELIVERIES = 1000
"""Webhook deliveries of one shard that a sweep wakes: queueing a long backlog anew each minute would not shorten it."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: how many targets were overdue, and by how much the oldest (seconds)."""

    at: datetime
    overdue: int
    oldest_seconds: float


def sweep(world: World) -> Swept:
    """Queue everything overdue once more. A wake too many is harmless: only one can claim."""
    now = world.clock.now()
    found = [row for shard in records.SHARD_NAMES for row in _overdue(world, shard, now - SLACK)]
    if found:
        world.queue.send([(wake_of(row), 0.0) for row in found])
    oldest = max(((now - due_of(row)).total_seconds() for row in found), default=0.0)
    result = Swept(now, len(found), oldest)
    world.table.write(Put(Item(HEARTBEAT, records.to_doc(result)), expect=None))
    _wake_deliveries(world, stamp(now - SLACK) + records.BEHIND_EVERY_ID)
    return result


def _wake_deliveries(world: World, end: str) -> None:
    """Queue webhook deliveries that are overdue. Publishing was seen to before, and nothing here may fail its sweep."""
    try:
        for shard in records.DELIVERY_SHARD_NAMES:
            found = world.table.opened(shard, end=end, limit=MOST_DELIVERIES)
            if found:
                world.deliveries.send([(records.errand_of(row), 0.0) for row in found])
    except Exception:
        log.exception("deliveries_not_swept")


def _overdue(world: World, shard: str, until: datetime) -> list[Found]:
    rows: list[Found] = []
    end = stamp(until) + records.BEHIND_EVERY_ID
    while page := world.table.opened(shard, end=end, after=rows[-1] if rows else None):
        rows += page
    return rows
