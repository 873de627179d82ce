"""Where networks call us about an account: set up, shown, taken away."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.callbacks import callbacks, names
from chalicelib.callbacks.base import Callbacks, Keys
from chalicelib.core.errors import Invalid, Issue, NotFound
from chalicelib.core.timing import instant, stamp
from chalicelib.platforms import platform
from chalicelib.ports import Delete, Item, Put, World
from chalicelib.service import connect, sealing, subscriptions
from chalicelib.service.callback_secrets import ACTIVE, active, key, place

OVERLAP = timedelta(hours=24)
"""How long the secrets before the latest go on being good, so that nothing is lost while somebody changes them."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One network's way to call us about one account."""

    network: str
    url: str
    setup: str
    since: datetime
    previous_until: datetime | None
    """Until when the secrets before these are good, too."""


def speak_to(platform: str) -> list[str]:
    """Who may call about an account of this platform: the network, where it calls, and any tool."""
    return [name for name in (platform, "standard") if name in names()]


def set_up(
    world: World, workspace_id: str, account_id: str, network: str, given: Mapping[str, str], base: str
) -> tuple[Callback, dict[str, str]]:
    """Let a network call about an account, or change its secrets; gives also those that were made up, once.

    Where the network can be asked to call, it is.

    The secrets before stay good for a day; `base` is this service's own address. Raises NotFound, and Invalid with
    everything that is wrong.
    """
    how = _of(world, workspace_id, account_id, network)
    made = {name: how.make(world.chance.secret()) for name in how.makes if name not in given}
    if issues := _faults(how, given):
        raise Invalid(issues)
    item = world.table.get(key(account_id))
    now = world.clock.now()
    fresh = {
        "since": stamp(now),
        "sealed": _sealed(world, workspace_id, account_id, network, {**given, **made}),
    }
    before = active(item.doc["networks"].get(network, []), now)[: ACTIVE - 1] if item else []
    retiring = [{**one, "until": stamp(now + OVERLAP)} for one in before]
    networks = {**(item.doc["networks"] if item else {}), network: [fresh, *retiring]}
    doc = {**(item.doc if item else {}), "workspace_id": workspace_id, "networks": networks}
    rev = item.rev if item else 0
    world.table.write(Put(Item(key(account_id), doc, open=item.open if item else None), expect=rev))
    if network != "standard" and platform(network).subscribes:
        _subscribe(world, Item(key(account_id), doc, rev + 1), network, {**given, **made}, base)
    return _shown(world, account_id, network, networks[network], base), made


def _subscribe(world: World, item: Item, network: str, keys: Keys, base: str) -> None:
    """Ask the network to call, once its first call would be believed. A no leaves the secrets as they are."""
    workspace_id, account_id = item.doc["workspace_id"], item.key.pk.removeprefix("C#")
    url = _url(base, network, account_id)
    lease = subscriptions.subscribe(world, workspace_id, account_id, url, keys)
    doc = {**item.doc, "subscribed": {"network": network, "url": url}}
    world.table.write(Put(subscriptions.placed(dataclasses.replace(item, doc=doc), lease, world), expect=item.rev))


def of(world: World, workspace_id: str, account_id: str, base: str) -> list[Callback]:
    """The account's callbacks, without their secrets; NotFound where the workspace has no such account."""
    connect.account(world, workspace_id, account_id)
    item = world.table.get(key(account_id))
    return (
        [_shown(world, account_id, name, sets, base) for name, sets in sorted(item.doc["networks"].items())]
        if item
        else []
    )


def remove(world: World, workspace_id: str, account_id: str, network: str) -> None:
    """Let the network call no more; NotFound where it does not."""
    _of(world, workspace_id, account_id, network)
    item = world.table.get(key(account_id))
    if item is None or network not in item.doc["networks"]:
        raise NotFound(f"{network} does not call about this account")
    left = {name: sets for name, sets in item.doc["networks"].items() if name != network}
    write = Put(Item(key(account_id), {**item.doc, "networks": left}, open=item.open), expect=item.rev)
    world.table.write(write if left else Delete(key(account_id), expect=item.rev))


def _of(world: World, workspace_id: str, account_id: str, network: str) -> Callbacks:
    account = connect.account(world, workspace_id, account_id)
    if network not in speak_to(account.platform):
        raise NotFound(f"{network} does not call about accounts on {account.platform}")
    return callbacks(network)


def _faults(how: Callbacks, given: Mapping[str, str]) -> list[Issue]:
    known = {name.rstrip("?") for name in (*how.secrets, *how.makes)}
    needed = {name for name in how.secrets if not name.endswith("?")}
    there = {name: value for name, value in given.items() if value}
    empty = needed | (known & given.keys())
    missing = [Issue("required", "error", f"secrets.{name}", "is missing") for name in sorted(empty - there.keys())]
    others = sorted(given.keys() - known)
    unknown = [Issue("unknown_field", "error", f"secrets.{name}", "is none of these") for name in others]
    return [*missing, *unknown, *how.faults(there)]


def _url(base: str, network: str, account_id: str) -> str:
    return f"{base}/v1/callbacks/{network}/{account_id}"


def _shown(world: World, account_id: str, network: str, sets: list[dict[str, Any]], base: str) -> Callback:
    good = active(sets, world.clock.now())
    until = instant(good[1]["until"]) if len(good) > 1 else None
    return Callback(
        network, _url(base, network, account_id), callbacks(network).setup, instant(sets[0]["since"]), until
    )


def _sealed(world: World, workspace_id: str, account_id: str, network: str, keys: Keys) -> str:
    return sealing.seal(world, place(workspace_id, account_id, network), json.dumps(dict(keys)))
