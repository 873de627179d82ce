"""Once a minute, independent of every alarm: wake whatever is overdue, however old, and say that we are alive."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from chalicelib.core.timing import stamp
from chalicelib.ports import Found, Item, Key, Put, World
from chalicelib.service import journal, records, vitals
from chalicelib.service.dispatch import OnEach, due_of, ids_in, wake_of

log = logging.getLogger(__name__)

HEARTBEAT = Key("SYSTEM", "SWEEP")
SLACK = timedelta(seconds=5)
"""What is overdue by less than this is most likely on its way."""
MOST_DELIVERIES = 1000
"""Webhook deliveries of one shard that a sweep wakes: queueing a long backlog anew each minute would not shorten it."""

MOST_LINES = 100
"""Targets that a sweep names of those that it wakes: after an outage each is woken every minute until it is out."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: how many targets it had to wake, and by how much the oldest was overdue (seconds)."""

    at: datetime
    overdue: int
    oldest_seconds: float
    oldest_due_seconds: float = 0.0
    """How long ago that was due which has not ended, whatever it waits for: a retry, a limit, a hold, a person …"""
    unconfirmed: int = 0
    """Targets of which nobody knows whether they are out."""
    oldest_unconfirmed_seconds: float = 0.0


def sweep(world: World, on_each: OnEach = map) -> Swept:
    """Queue everything overdue once more. A wake too many is harmless: only one can claim.

    `on_each` may take the shards side by side: one request after the other, a minute is over after some 50,000 wakes.
    """
    now = world.clock.now()
    until = stamp(now - SLACK) + records.BEHIND_EVERY_ID
    waiting_in = {shard: _rows(world, shard, until) for shard in records.SHARD_NAMES}
    behind_in = {shard: _rows(world, shard) for shard in records.BEHIND_SHARD_NAMES}
    waiting, behind = list(chain(*waiting_in.values())), list(chain(*behind_in.values()))
    still = [row for shard in records.STILL_SHARD_NAMES for row in world.table.opened(shard, end=until, limit=1)]
    overdue = waiting_in | {shard: [row for row in rows if row.at.sk <= until] for shard, rows in behind_in.items()}
    sum(on_each(lambda shard: _wake(world, overdue[shard]), [shard for shard, rows in overdue.items() if rows]))
    found = list(chain(*overdue.values()))
    for row in found[:MOST_LINES]:
        journal.line("swept_up", **ids_in(row), overdue_seconds=round(_oldest(now, [due_of(row)]), 1))
    result = _judged(now, found, [*waiting, *still], behind)
    world.table.write(Put(Item(HEARTBEAT, records.to_doc(result)), expect=None))
    vitals.swept(world, result)
    _wake_deliveries(world, until)
    return result


def _wake(world: World, rows: list[Found]) -> int:
    world.queue.send([(wake_of(row), 0.0) for row in rows])
    return len(rows)


def _judged(now: datetime, found: list[Found], waiting: list[Found], behind: list[Found]) -> Swept:
    """What a sweep says of itself. What is waiting and overdue should have begun then, or waits for a person since."""
    since = [records.behind_since(row) for row in behind]
    doubted = [doubt for _, doubt in since if doubt]
    return Swept(
        now,
        len(found),
        _oldest(now, map(due_of, found)),
        _oldest(now, [*map(due_of, waiting), *(due for due, _ in since)]),
        len(doubted),
        _oldest(now, doubted),
    )


def _oldest(now: datetime, instants: Iterable[datetime]) -> float:
    """How long ago the first of these was, in seconds; 0 where there is none, or it has not come yet."""
    return max(0.0, max(((now - one).total_seconds() for one in instants), default=0.0))


def _wake_deliveries(world: World, end: str) -> None:
    """Queue webhook deliveries that are overdue. Publishing was seen to before, and nothing here may fail its sweep."""
    try:
        for shard in records.DELIVERY_SHARD_NAMES:
            found = world.table.opened(shard, end=end, limit=MOST_DELIVERIES)
            if found:
                world.deliveries.send([(records.errand_of(row), 0.0) for row in found])
    except Exception:
        log.exception("deliveries_not_swept")


def _rows(world: World, shard: str, end: str = records.BEHIND_EVERY_ID) -> list[Found]:
    rows: list[Found] = []
    while page := world.table.opened(shard, end=end, after=rows[-1] if rows else None):
        rows += page
    return rows
