"""The secrets of callbacks. This is all that the receiver reads of the table, so that it starts fast.

C#<account>                CALLBACK                   the secrets of its callbacks, sealed, the latest first

The row is found by the account alone, because that is all that a network's call says of itself.
"""

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.callbacks.base import Keys
from chalicelib.core.timing import instant
from chalicelib.ports import Key, World

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
    plain = [world.vault.open(workspace_id, purpose(account_id, network), b64decode(one["sealed"])) for one in sets]
    return Opened(workspace_id, tuple(json.loads(one) for one in plain))


def active(sets: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Those of the stored sets that are good."""
    return [one for one in sets if "until" not in one or instant(one["until"]) > now][:ACTIVE]


def purpose(account_id: str, network: str) -> str:
    """What the secrets are sealed for."""
    return f"account {account_id} callback {network}"


def key(account_id: str) -> Key:
    """Where an account's callbacks lie."""
    return Key(f"C#{account_id}", "CALLBACK")
