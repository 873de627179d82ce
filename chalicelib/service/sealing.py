"""Secrets in rows: sealed for the one field of the one row where they lie, and written as text.

What a secret is bound to is authenticated with it: its workspace, its row (which names the account, the app, the
webhook …), its field, and by the vault the version of its format. Copied anywhere else it does not open.
"""

import json
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import NamedTuple

from chalicelib.core.errors import Stale
from chalicelib.ports import Item, Key, Put, World

STAGE = "system"
"""The vault's workspace for what belongs to no tenant."""


class Place(NamedTuple):
    """The only place where a sealed secret opens."""

    workspace_id: str
    row: Key
    field: str


def seal(world: World, place: Place, secret: str) -> str:
    """The secret as it may lie in its place."""
    return b64encode(world.vault.seal(place.workspace_id, _purpose(place), secret.encode())).decode()


def unseal(world: World, place: Place, sealed: str) -> str:
    """The secret again; ValueError where it was sealed for another place, or changed."""
    return world.vault.open(place.workspace_id, _purpose(place), b64decode(sealed)).decode()


def secret_of_the_stage(world: World, row: Key) -> str:
    """The secret in a row of the stage's own, made at its first use."""
    return secret_in(world, STAGE, row)


def secret_in(world: World, workspace_id: str, row: Key) -> str:
    """The secret in a row that holds nothing else, made at its first use."""
    place = Place(workspace_id, row, "secret")
    item = world.table.get(row)
    if item is None:
        sealed = seal(world, place, world.chance.secret())
        with suppress(Stale):  # two made a first one at once: both use the one that was stored
            world.table.write(Put(Item(row, {"sealed": sealed}), expect=0))
        item = world.table.get(row)
    if item is None:
        raise RuntimeError(f"{row.sk} was written and is not there")
    return unseal(world, place, item.doc["sealed"])


def _purpose(place: Place) -> str:
    """JSON, so that no two places read alike."""
    return json.dumps([*place.row, place.field])
