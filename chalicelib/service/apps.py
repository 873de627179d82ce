"""A workspace's own registrations with networks: the client id and secret that sign people in and refresh tokens."""

from pydantic import Field

from chalicelib.core.account import App
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.post import Line, Value
from chalicelib.platforms import names, platform
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import records, sealing
from chalicelib.service.sealing import Place

PREFIX = "APP#"


class NewApp(Value):
    """What a network's developers' console gives."""

    client_id: Line
    client_secret: Line = Field(repr=False)


def register(world: World, workspace_id: str, network: str, new: NewApp) -> App:
    """Keep a registration, in the place of an earlier one with the same network."""
    if network not in names() or platform(network).oauth is None:
        raise Invalid([Issue("no_oauth", "error", "platform", f"{network} signs nobody in with an app of ours")])
    sealed = sealing.seal(world, _place(workspace_id, network), new.client_secret)
    doc = {"platform": network, "client_id": new.client_id, "sealed": sealed}
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
    return App(item.doc["client_id"], sealing.unseal(world, _place(workspace_id, network), item.doc["sealed"]))


def _key(workspace_id: str, network: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{network}")


def _place(workspace_id: str, network: str) -> Place:
    return Place(workspace_id, _key(workspace_id, network), "client_secret")
