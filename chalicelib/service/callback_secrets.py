"""The secrets of callbacks. This is all that the receiver reads of the table, so that it starts fast.

C#<account>                CALLBACK                   the secrets of its callbacks, sealed, the latest first

The row is found by the account alone, because that is all that a network's call says of itself.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.callbacks.base import Keys
from chalicelib.core.timing import instant
from chalicelib.ports import Key, World
from chalicelib.service import sealing
from chalicelib.service.sealing import Place

ACTIVE = 2
"""Secrets of one network that are good at a time."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A callback as the receiver needs it: whose it is, and its secrets, the latest first."""

    workspace_id: str
    keys: tuple[Keys, ...]


def opened(world: World, account_id: str, network: str) -> Opened | None:
    """Whose callback it is and its good secrets, for the receiver; None where there are none."""
    item = world.table.get(key(account_id))
    if item is None:
        return None
    workspace_id = item.doc["workspace_id"]
    sets = active(item.doc["networks"].get(network, []), world.clock.now())
    at = place(workspace_id, account_id, network)
    plain = [sealing.unseal(world, at, one["sealed"]) for one in sets]
    return Opened(workspace_id, tuple(json.loads(one) for one in plain))


def active(sets: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Those of the stored sets that are good."""
    return [one for one in sets if "until" not in one or instant(one["until"]) > now][:ACTIVE]


def place(workspace_id: str, account_id: str, network: str) -> Place:
    """Where alone the secrets open."""
    return Place(workspace_id, key(account_id), network)


def key(account_id: str) -> Key:
    """Where an account's callbacks lie."""
    return Key(f"C#{account_id}", "CALLBACK")
