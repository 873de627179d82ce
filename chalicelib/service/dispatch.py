"""The alarm of a due minute has rung: put a wake on the queue for everything that is due in it."""

from collections.abc import Callable, Iterable
from datetime import datetime

from chalicelib.core.timing import MINUTE, stamp
from chalicelib.ports import Found, Wake, World
from chalicelib.service import journal, records, vitals
from chalicelib.service.schedule import POLICY, alarm_at, delay

OnEach = Callable[[Callable[[str], int], Iterable[str]], Iterable[int]]
"""As `map`."""


def dispatch(world: World, minute: datetime, on_each: OnEach = map) -> int:
    """Queue every target whose minute this is; how many there were. `on_each` may take the shards side by side."""
    start, end = stamp(minute), stamp(minute + MINUTE)
    count = sum(on_each(lambda shard: _queue(world, shard, start, end), records.SHARD_NAMES))
    vitals.dispatched(world, count, alarm_at(minute, world.settings))
    return count


def _queue(world: World, shard: str, start: str, end: str) -> int:
    """Queue one shard's rows between two stamps, the second excluded."""
    count, after = 0, None
    while page := world.table.opened(shard, start=start, end=end, after=after):
        world.queue.send([(wake_of(row), delay(due_of(row) - POLICY.arm, world.clock.now())) for row in page])
        for row in page:
            journal.line("dispatched", **ids_in(row), due=stamp(due_of(row)))
        count += len(page)
        after = page[-1]
    return count


def wake_of(row: Found) -> Wake:
    """The wake for a row of the `open` index."""
    at = records.named(row.key)
    return Wake(at.workspace_id, at.post_id, at.target_id, row.version or 0)


def ids_in(row: Found) -> dict[str, str | None]:
    """What names the target of a row of the `open` index in a line."""
    at = records.named(row.key)
    names = {"workspace": at.workspace_id, "post": at.post_id, "target": at.target_id}
    return {**names, "trace_id": records.trace_of(row)}


def due_of(row: Found) -> datetime:
    """When a row of the `open` index has to be looked at."""
    return datetime.fromisoformat(row.at.sk.split("#", 1)[0])
