"""A workspace's own registrations with networks: the client id and secret that sign people in and refresh tokens."""

import json
from base64 import b64decode, b64encode

from pydantic import Field

from chalicelib.core.account import App
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.post import Line, Value
from chalicelib.platforms import names, platform
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import records

PREFIX = "APP#"


class NewApp(Value):
    """What a network's developers' console gives."""

    client_id: Line
    client_secret: Line = Field(repr=False)


def register(world: World, workspace_id: str, network: str, new: NewApp) -> App:
    """Keep a registration, in the place of an earlier one with the same network."""
    if network not in names() or platform(network).oauth is None:
        raise Invalid([Issue("no_oauth", "error", "platform", f"{network} signs nobody in with an app of ours")])
    sealed = world.vault.seal(workspace_id, _purpose(network), json.dumps(new.client_secret).encode())
    doc = {"platform": network, "client_id": new.client_id, "sealed": b64encode(sealed).decode()}
    world.table.write(Put(Item(_key(workspace_id, network), doc), expect=None))
    return App(new.client_id)


def registered(world: World, workspace_id: str) -> dict[str, App]:
    """The registrations by network, without their secrets."""
    items = world.table.items(records.workspace_pk(workspace_id), PREFIX)
    return {item.doc["platform"]: App(item.doc["client_id"]) for item in items}


def forget(world: World, workspace_id: str, network: str) -> None:
    """Delete a registration; accounts that were connected with it can no longer be refreshed."""
    world.table.write(Delete(_key(workspace_id, network)))


def of(world: World, workspace_id: str, network: str) -> App:
    """The registration with its secret; an empty one where the workspace has none with this network."""
    item = world.table.get(_key(workspace_id, network)) if platform(network).oauth else None
    if item is None:
        return App("")
    plain = world.vault.open(workspace_id, _purpose(network), b64decode(item.doc["sealed"]))
    return App(item.doc["client_id"], json.loads(plain))


def _key(workspace_id: str, network: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{network}")


def _purpose(network: str) -> str:
    return f"app {network} secret"
