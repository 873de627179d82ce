"""Workspaces and their API keys. A key is shown once and kept only as an HMAC."""

import hmac
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from chalicelib.core.errors import NotFound, Unauthorized
from chalicelib.core.timing import stamp
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import records, sealing

KEY_PREFIX = "ck_live_"
SCOPES = (
    *("posts:read", "posts:write", "accounts:read", "accounts:write"),
    *("webhooks:read", "webhooks:write", "engagement:read", "engagement:write"),
    *("plan:read", "plan:write", "scores:read"),
)
PEPPER = Key("SYSTEM", "PEPPER")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a workspace, by one of its keys, with these scopes."""

    workspace_id: str
    key_id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the key has the scope, or all."""
        return scope in self.scopes or "*" in self.scopes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `secret` is never shown again."""

    id: str
    secret: str
    scopes: tuple[str, ...]


def create_workspace(world: World, name: str) -> str:
    """A new tenant's id."""
    workspace_id = f"ws_{world.chance.token().lower()}"
    doc = {"id": workspace_id, "name": name, "created_at": stamp(world.clock.now())}
    world.table.write(Put(Item(_workspace(workspace_id), doc), expect=0))
    return workspace_id


def create_key(world: World, workspace_id: str, scopes: tuple[str, ...]) -> NewKey:
    """A new API key of a workspace; ValueError for an unknown scope, NotFound for an unknown workspace."""
    unknown = sorted(set(scopes) - {*SCOPES, "*"})
    if unknown or not scopes:
        raise ValueError(f"unknown scopes {unknown}; there are {', '.join(SCOPES)} and *")
    if world.table.get(_workspace(workspace_id)) is None:
        raise NotFound(f"there is no workspace {workspace_id}")
    key = NewKey(f"key_{world.chance.token().lower()}", KEY_PREFIX + world.chance.secret(), scopes)
    found_by = _by_secret(world, key.secret)
    doc = {"id": key.id, "workspace_id": workspace_id, "scopes": list(scopes), "created_at": stamp(world.clock.now())}
    listed = Item(_by_id(workspace_id, key.id), {**doc, "found_by": found_by.pk})
    world.table.write(Put(Item(found_by, doc), expect=0), Put(listed, expect=0))
    return key


def revoke_key(world: World, workspace_id: str, key_id: str) -> None:
    """Make a key worthless at once; NotFound where the workspace has none of that id."""
    listed = world.table.get(_by_id(workspace_id, key_id))
    if listed is None:
        raise NotFound(f"there is no key {key_id}")
    revoked = {**listed.doc, "revoked_at": stamp(world.clock.now())}
    shown = Put(Item(listed.key, revoked), expect=None)
    world.table.write(shown, Put(Item(Key(listed.doc["found_by"], "KEY"), revoked), expect=None))


def authenticate(world: World, secret: str) -> Caller:
    """Who holds this key; Unauthorized for every reason alike.

    The lookup is by an HMAC under a secret pepper, so neither its time nor the table tells anything about keys.
    """
    if not secret.startswith(KEY_PREFIX) or not secret.isascii() or len(secret) > 100:
        raise Unauthorized("no valid API key")
    item = world.table.get(_by_secret(world, secret))
    if item is None or "revoked_at" in item.doc:
        raise Unauthorized("no valid API key")
    return Caller(item.doc["workspace_id"], item.doc["id"], frozenset(item.doc["scopes"]))


def workspace_name(world: World, workspace_id: str) -> str:
    """What a workspace is called; its id where it is not known."""
    item = world.table.get(_workspace(workspace_id))
    return str(item.doc["name"]) if item else workspace_id


def _workspace(workspace_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), "WORKSPACE")


def _by_id(workspace_id: str, key_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"KEY#{key_id}")


def _by_secret(world: World, secret: str) -> Key:
    digest = hmac.new(_pepper(world), secret.encode(), sha256).hexdigest()
    return Key(f"KEY#{digest}", "KEY")


@lru_cache(maxsize=8)
def _pepper(world: World) -> bytes:
    """The stage's pepper; kept in memory for the process's life."""
    return sealing.secret_of_the_stage(world, PEPPER).encode()
