"""What was published is followed from then on: the network's id leads back to our post, and its figures are asked for.
An answer to what somebody said stops that item's clock instead.

It hangs off the table's stream, so that nothing is added to publishing; and may be done twice.
"""

import dataclasses
from datetime import datetime

from chalicelib.core.followed import POLLS, Followed
from chalicelib.core.target import State, Target
from chalicelib.ports import Change, Put, World
from chalicelib.service import engaged, inbox, records


def follow(world: World, change: Change) -> None:
    """Follow every part of a target that has just been published; raises Stale where somebody counts at that moment."""
    target = _published(change)
    if target is None or not target.published_at:
        return
    if target.answers:
        inbox.answered(world, target, target.answers)
        return
    parts = engaged.parts_of(target)
    keys = [engaged.post_key(target.workspace_id, target.account_id, part) for part in parts]
    known = {item.key: item for item in world.table.get_many(keys)}
    for number, (key, part) in enumerate(zip(keys, parts, strict=True)):
        item = known.get(key)
        before = engaged.post_of(item) if item else Followed(target.account_id, target.platform, part)
        if before.target_id is None:
            found = _ours(before, target, number, target.published_at)
            rev = item.rev if item else 0
            world.table.write(Put(engaged.post_item(target.workspace_id, found, rev), expect=rev))


def _published(change: Change) -> Target | None:
    """The target, where this change says that it is out."""
    if change.new is None or not change.new.key.sk.startswith(records.TARGET_PREFIX):
        return None
    was = change.old.doc["state"] if change.old else None
    out = change.new.doc["state"] == State.PUBLISHED != was
    return records.target_of(change.new) if out else None


def _ours(post: Followed, target: Target, part: int, at: datetime) -> Followed:
    return dataclasses.replace(
        post,
        post_id=target.post_id,
        target_id=target.id,
        trace_id=target.trace_id,
        part=part,
        published_at=at,
        next_at=at + POLLS[0],
    )
