"""A post that is gone from its network: its target says so, and its workspace's webhooks tell it."""

from collections.abc import Iterable

from chalicelib.core import publishing
from chalicelib.core.errors import NotFound
from chalicelib.core.followed import Followed
from chalicelib.core.target import State
from chalicelib.ports import World
from chalicelib.service import journal, records
from chalicelib.service.records import TargetKey


def mark(world: World, workspace_id: str, posts: Iterable[Followed]) -> None:
    """Say of the targets of these posts that they are gone; once, however often it is told.

    It comes before what is counted is written, and is found done when that has to be tried again. Of a thread the
    first part decides: it is what the target's address leads to.
    """
    for post in posts:
        if post.post_id and post.target_id and post.part == 0 and post.counters.removed_at:
            at = TargetKey(workspace_id, post.post_id, post.target_id)
            try:
                target = records.load_target(world.table, at)
            except NotFound:
                continue
            if target.state is State.PUBLISHED:
                gone = publishing.removed(target, world.clock.now(), post.counters.removed_at)
                world.table.write(records.put_target(gone))
                journal.of(gone)
