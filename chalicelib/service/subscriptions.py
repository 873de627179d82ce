"""Ask networks to call us, where they can be asked, and ask again before they stop.

A network that cannot be asked has a console where a person enters our address. What runs out stands in the `open`
index under `SUBSCRIBED`, by when it is to be asked again.
"""

import dataclasses
import logging
from datetime import timedelta

from chalicelib.callbacks.base import Keys
from chalicelib.core.errors import (
    Invalid,
    Issue,
    Limited,
    PlatformAnswer,
    Stale,
    Transient,
    TransportFailure,
    Unavailable,
)
from chalicelib.core.redaction import secrets_in, without
from chalicelib.core.timing import stamp
from chalicelib.platforms import platform
from chalicelib.ports import Found, Item, Key, Put, World
from chalicelib.service import callback_secrets, connect

log = logging.getLogger(__name__)

SUBSCRIBED = "SUBSCRIBED"
AHEAD = timedelta(days=3)
"""How long before a subscription ends it is asked for again: three daily rounds may fail."""


def subscribe(world: World, workspace_id: str, account_id: str, url: str, keys: Keys) -> timedelta | None:
    """Ask the account's network to call; for how long it will. Raises Invalid and Unavailable with its words."""
    item = world.table.get(connect.key(workspace_id, account_id))
    account = connect.with_secrets(world, item)
    network = platform(account.platform)
    hidden = secrets_in(account.secrets) | secrets_in(dict(keys))
    try:
        if connect.is_stale(network, account, world.clock.now()):
            account = connect.refreshed(world, network, account)
        return connect.converse(world, network.subscribe(account, url, keys))
    except (TransportFailure, PlatformAnswer) as no:
        said = without(hidden, str(no))
        if isinstance(no, TransportFailure | Transient | Limited):
            raise Unavailable(f"{network.title} does not answer as it should: {said}") from no
        refused = Issue("not_subscribed", "error", "network", f"{network.title} will not call: {said}")
        raise Invalid([refused]) from no


def placed(item: Item, lease: timedelta | None, world: World) -> Item:
    """A row of callbacks, found again before the subscription ends."""
    if lease is None:
        return dataclasses.replace(item, open=None)
    account_id = item.key.pk.removeprefix("C#")
    return dataclasses.replace(item, open=Key(SUBSCRIBED, f"{stamp(world.clock.now() + lease - AHEAD)}#{account_id}"))


def renew(world: World) -> None:
    """Once a day: ask again for what would end within three days."""
    end = stamp(world.clock.now()) + "\uffff"
    seen: Found | None = None
    while page := world.table.opened(SUBSCRIBED, end=end, after=seen):
        seen = page[-1]
        for item in world.table.get_many([row.key for row in page]):
            try:
                _again(world, item)
            except Exception:
                log.warning("not_subscribed", extra={"account": item.key.pk}, exc_info=True)


def _again(world: World, item: Item) -> None:
    account_id, about = item.key.pk.removeprefix("C#"), item.doc["subscribed"]
    found = callback_secrets.opened(world, account_id, about["network"])
    if found is None or not found.keys:
        return
    lease = subscribe(world, found.workspace_id, account_id, about["url"], found.keys[0])
    try:
        world.table.write(Put(placed(item, lease, world), expect=item.rev))
    except Stale:
        log.info("overtaken", extra={"account": account_id})
