"""Shares: a person finishes a target in the network's own app, and the network's callback says that they have.

Whoever opens the app asks the network for a share id, says here which target it is for, and opens the app under it.
"""

import logging
from datetime import datetime, timedelta

from chalicelib.core.account import Account
from chalicelib.core.engagement import Seen
from chalicelib.core.errors import Conflict, NotFound, Stale
from chalicelib.platforms import platform
from chalicelib.platforms.kinds import Assisted
from chalicelib.ports import Item, Put, World
from chalicelib.service import engaged, records, resolve
from chalicelib.service.records import TargetKey

log = logging.getLogger(__name__)

KEPT = timedelta(days=90)
BY = "callback"
"""Who says so, in the target's timeline."""


def begin(world: World, at: TargetKey, share_id: str) -> None:
    """The network's app will be opened with the target under this id; Conflict where it tells nothing of shares."""
    target = records.load_target(world.table, at)
    network = platform(target.platform)
    if not (isinstance(network, Assisted) and network.shares):
        raise Conflict(f"{network.title} tells nothing of what became of a share", "not_shared", target.state)
    key = engaged.share_key(at.workspace_id, target.account_id, share_id)
    item = Item(key, {"post_id": at.post_id, "target_id": at.target_id}, expires=world.clock.now() + KEPT)
    try:
        world.table.write(Put(item, expect=0))
    except Stale as taken:
        known = world.table.get(key)
        if known is None or known.doc != item.doc:
            raise Conflict("another target is shared under this id", "share_id_taken", target.state) from taken


def finish(world: World, account: Account, seen: Seen, at: datetime) -> None:
    """Confirm the target of the share that was published, if it is one, and somebody still has to."""
    share_id = seen.ref.get("share_id")
    if seen.kind != "published" or not share_id:
        return
    item = world.table.get(engaged.share_key(account.workspace_id, account.id, share_id))
    if item is None:
        log.info("share_unknown", extra={"account": account.id})
        return
    target = TargetKey(account.workspace_id, item.doc["post_id"], item.doc["target_id"])
    try:
        resolve.done(world, target, seen.url, BY, at, seen.post)
    except (Conflict, NotFound) as no:
        log.info("share_not_awaited", extra={"target": target.target_id, "why": str(no)})
