"""Workspaces and their API keys. A key is shown once and kept only as an HMAC.

Each request reads its key's row, consistently and from the table: what is revoked, or rotated without an overlap, is
worthless to the next request, and nothing remembers it for longer.
"""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from chalicelib.core import api_key
from chalicelib.core.errors import Conflict, Forbidden, Invalid, Issue, NotFound, Refused, Unauthorized
from chalicelib.core.timing import instant, stamp, stamp_of
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import idempotency, records, sealing
from chalicelib.service.reading import Page

SCOPES = (
    *("posts:read", "posts:write", "posts:review", "accounts:read", "accounts:write"),
    *("webhooks:read", "webhooks:write", "engagement:read", "engagement:write"),
    *("plan:read", "plan:write", "scores:read", "keys:read", "keys:write", "audit:read"),
)
PEPPER = Key("SYSTEM", "PEPPER")
PREFIX = "KEY#"
MOST = 100
"""Keys of a workspace that can be used at one time."""
AT_ONCE = 1000
"""Keys read at once to count them; those that ended are listed for a year and more."""
MOST_FORMER = 8
"""Secrets of one key that can be in their overlap at one time; all end in one transaction when it is revoked."""
OVERLAP = timedelta(days=1)
"""How long the old secret stays good beside the new one, unless told otherwise."""
LISTED_FOR = timedelta(days=400)
"""How long an ended key can still be seen."""
USE_NOTED_EVERY = timedelta(minutes=5)
"""A key's last use is written no more often than this: one small write then, and no other request waits for it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a workspace, by one of its keys, with these scopes."""

    workspace_id: str
    key_id: str
    scopes: frozenset[str]
    expires_at: datetime | None = None

    def may(self, scope: str) -> bool:
        """Whether the key has the scope, or all."""
        return scope in self.scopes or "*" in self.scopes

    def outlives(self, expires_at: datetime | None) -> bool:
        """Whether the key can be used for at least as long as one that ends then."""
        return self.expires_at is None or (expires_at is not None and expires_at <= self.expires_at)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key or its new secret, just made; `secret` is never shown again."""

    id: str
    secret: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as its owner may see it."""

    id: str
    scopes: tuple[str, ...]
    created_at: datetime
    name: str | None = None
    created_by: str | None = None
    """The key that made it; None where the operator did."""
    expires_at: datetime | None = None
    rotated_at: datetime | None = None
    last_used_at: datetime | None = None
    """To within `USE_NOTED_EVERY`."""
    revoked_at: datetime | None = None

    def ended(self, now: datetime) -> bool:
        """Whether it cannot be used any more."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)


def create_workspace(world: World, name: str) -> str:
    """A new tenant's id."""
    workspace_id = f"ws_{world.chance.token().lower()}"
    doc = {"id": workspace_id, "name": name, "created_at": stamp(world.clock.now())}
    world.table.write(Put(Item(_workspace(workspace_id), doc), expect=0))
    return workspace_id


def create_key(
    world: World,
    workspace_id: str,
    scopes: Sequence[str],
    *,
    name: str | None = None,
    expires_at: datetime | None = None,
    by: Caller | None = None,
    seed: str | None = None,
) -> NewKey:
    """A new API key of a workspace, made `by` a caller who may do all that it may do, or by the operator.

    The same `seed` makes the same key once, with a new secret each time, for a day: after that it is another request.
    ValueError for an unknown scope, NotFound for an unknown workspace, Forbidden and Invalid for what its maker may
    not give.
    """
    unknown = sorted(set(scopes) - {*SCOPES, "*"})
    if unknown or not scopes:
        raise ValueError(f"unknown scopes {unknown}; there are {', '.join(SCOPES)} and *")
    must_exist(world, workspace_id)
    _check_reach(scopes, by)
    _check_end(world, expires_at, by)
    if seed and (made := world.table.get(_by_id(workspace_id, f"key_{seed}"))):
        if world.clock.now() - instant(made.doc["created_at"]) <= idempotency.KEPT_FOR:
            # The first answer was lost, and with it the secret.
            return rotate_key(world, workspace_id, f"key_{seed}", timedelta(), by)
        seed = None
    if sum(not key.ended(world.clock.now()) for key in _all(world, workspace_id)) >= MOST:
        raise Conflict(f"a workspace has at most {MOST} keys that can be used", "too_many_keys")
    key_id, secret = f"key_{seed or world.chance.token().lower()}", api_key.written(world.chance.secret())
    doc: dict[str, Any] = {
        "id": key_id,
        "workspace_id": workspace_id,
        "scopes": list(dict.fromkeys(scopes)),
        "created_at": stamp(world.clock.now()),
        **({"expires_at": stamp(expires_at)} if expires_at else {}),
    }
    found_by = _by_secret(world, secret)
    shown = {**doc, "name": name, "created_by": by.key_id if by else None, "found_by": found_by.pk}
    until = expires_at + LISTED_FOR if expires_at else None
    listed = Item(_by_id(workspace_id, key_id), shown, expires=until)
    world.table.write(Put(Item(found_by, doc, expires=until), expect=0), Put(listed, expect=0))
    return NewKey(key_id, secret, tuple(doc["scopes"]))


def keys(world: World, workspace_id: str, limit: int = 20, cursor: str | None = None) -> Page[KnownKey]:
    """A workspace's keys, oldest first, also those that ended within 400 days."""
    after = f"{PREFIX}{cursor}" if cursor else ""
    items = world.table.items(records.workspace_pk(workspace_id), PREFIX, limit=limit + 1, after=after)
    shown = _with_use(world, items[:limit])
    return Page(shown, shown[-1].id if len(items) > limit else None)


def key(world: World, workspace_id: str, key_id: str) -> KnownKey:
    """One key; NotFound where the workspace has none of that id."""
    return _with_use(world, [_listed(world, workspace_id, key_id)])[0]


def key_names(world: World, workspace_id: str, key_ids: Iterable[str]) -> dict[str, str | None]:
    """What those of the keys are called that can still be seen, by id."""
    found = world.table.get_many([_by_id(workspace_id, one) for one in sorted(set(key_ids))])
    return {item.doc["id"]: item.doc.get("name") for item in found}


def rotate_key(
    world: World, workspace_id: str, key_id: str, overlap: timedelta = OVERLAP, by: Caller | None = None
) -> NewKey:
    """A new secret of a key; the old one stays good for the overlap, and no longer than the key."""
    listed, now = _listed(world, workspace_id, key_id), world.clock.now()
    known = _with_use(world, [listed])[0]
    if known.ended(now):
        state = "revoked" if known.revoked_at else "expired"
        raise Conflict(f"the key is {state}: make a new one", f"key_{state}", state)
    _check_reach(known.scopes, by)
    if by and not by.outlives(known.expires_at):
        raise Forbidden("this key ends before that one: it cannot have its secret", "key_outlives_caller")
    former = {pk: until for pk, until in listed.doc.get("former", {}).items() if now < instant(until)}
    if len(former) >= MOST_FORMER:
        raise Conflict(f"{MOST_FORMER} old secrets of this key are good still: wait, or revoke it", "too_many_secrets")
    secret = api_key.written(world.chance.secret())
    found_by, old = _by_secret(world, secret), Key(listed.doc["found_by"], "KEY")
    ends = now + overlap
    if known.expires_at:  # before the key itself, for who lives as long as a key may rotate it
        ends = min(ends, known.expires_at - timedelta(milliseconds=1))
    doc = _found_doc(workspace_id, known)
    writes: list[Put | Delete] = [Put(Item(found_by, doc, expires=listed.expires), expect=0)]
    if ends > now:
        former[old.pk] = stamp(ends)
        writes.append(Put(Item(old, {**doc, "expires_at": stamp(ends)}, expires=ends), expect=None))
    else:
        writes.append(Delete(old))
    renewed = {**listed.doc, "found_by": found_by.pk, "former": former, "rotated_at": stamp(now)}
    world.table.write(*writes, Put(replace(listed, doc=renewed), expect=listed.rev))
    return NewKey(key_id, secret, known.scopes)


def revoke_key(world: World, workspace_id: str, key_id: str, by: Caller | None = None) -> None:
    """Make a key worthless at once, with all its secrets; NotFound where the workspace has none of that id."""
    listed = _listed(world, workspace_id, key_id)
    known = _with_use(world, [listed])[0]
    if known.revoked_at:
        return
    _check_reach(known.scopes, by)
    now = world.clock.now()
    revoked = {**listed.doc, "revoked_at": stamp(now), "last_used_at": stamp_of(known.last_used_at)}
    secrets = [Delete(Key(pk, "KEY")) for pk in (listed.doc["found_by"], *listed.doc.get("former", {}))]
    world.table.write(Put(replace(listed, doc=revoked, expires=now + LISTED_FOR), expect=listed.rev), *secrets)


def authenticate(world: World, secret: str) -> Caller:
    """Who holds this key; Unauthorized for every reason alike.

    The lookup is by an HMAC under a secret pepper, so neither its time nor the table tells anything about keys. What
    is no key by its own check is not looked up.
    """
    item = world.table.get(_by_secret(world, secret)) if api_key.may_be_one(secret) else None
    now = world.clock.now()
    if item is None or "revoked_at" in item.doc:
        raise Unauthorized("no valid API key")
    expires_at = instant(item.doc["expires_at"]) if "expires_at" in item.doc else None
    if expires_at and expires_at <= now:
        raise Unauthorized("no valid API key")
    _note_use(world, item, now)
    return Caller(item.doc["workspace_id"], item.doc["id"], frozenset(item.doc["scopes"]), expires_at)


def _note_use(world: World, item: Item, now: datetime) -> None:
    """On condition that nobody wrote the row since: what was revoked in between must not come back."""
    last = item.doc.get("last_used_at")
    if last is None or now - instant(last) >= USE_NOTED_EVERY:
        used = replace(item, doc={**item.doc, "last_used_at": stamp(now)})
        with suppress(Refused):  # a request does not fail because nobody noted it
            world.table.write(Put(used, expect=item.rev))


def _check_reach(scopes: Sequence[str], by: Caller | None) -> None:
    missing = [scope for scope in dict.fromkeys(scopes) if by and not by.may(scope)]
    if missing:
        message = f"a key has power only over keys that may do no more than itself; it lacks {', '.join(missing)}"
        raise Forbidden(message, "scope_not_held")


def _check_end(world: World, expires_at: datetime | None, by: Caller | None) -> None:
    if expires_at and expires_at <= world.clock.now():
        raise Invalid([Issue("in_the_past", "error", "expires_at", "is over already")])
    if by and by.expires_at and not by.outlives(expires_at):
        message = f"must be no later than {stamp(by.expires_at)}, when the key that makes it ends"
        raise Invalid([Issue("outlives_its_maker", "error", "expires_at", message)])


def _all(world: World, workspace_id: str) -> Iterator[KnownKey]:
    after = ""
    while items := world.table.items(records.workspace_pk(workspace_id), PREFIX, limit=AT_ONCE, after=after):
        after = items[-1].key.sk
        yield from map(_known, items)


def _listed(world: World, workspace_id: str, key_id: str) -> Item:
    listed = world.table.get(_by_id(workspace_id, key_id))
    if listed is None:
        raise NotFound(f"there is no key {key_id}")
    return listed


def _known(item: Item, *used: str) -> KnownKey:
    known = records.from_doc(KnownKey, {name: item.doc[name] for name in KnownKey.__slots__ if name in item.doc})
    return replace(known, last_used_at=max(map(instant, used), default=known.last_used_at))


def _with_use(world: World, listed: list[Item]) -> list[KnownKey]:
    """The keys with their last use, which stands where requests find them."""
    places = {item.key: [item.doc["found_by"], *item.doc.get("former", {})] for item in listed}
    found = world.table.get_many([Key(pk, "KEY") for pks in places.values() for pk in pks])
    used = {item.key.pk: item.doc["last_used_at"] for item in found if item.doc.get("last_used_at")}
    return [_known(item, *(used[pk] for pk in places[item.key] if pk in used)) for item in listed]


def _found_doc(workspace_id: str, known: KnownKey) -> dict[str, Any]:
    """The row by which requests find a key's new secret."""
    doc = {
        "id": known.id,
        "workspace_id": workspace_id,
        "scopes": list(known.scopes),
        "created_at": stamp(known.created_at),
        "expires_at": stamp_of(known.expires_at),
        "last_used_at": stamp_of(known.last_used_at),
    }
    return {name: value for name, value in doc.items() if value is not None}


def must_exist(world: World, workspace_id: str) -> None:
    """NotFound for an unknown workspace."""
    if world.table.get(_workspace(workspace_id)) is None:
        raise NotFound(f"there is no workspace {workspace_id}")


def workspace_name(world: World, workspace_id: str) -> str:
    """What a workspace is called; its id where it is not known."""
    item = world.table.get(_workspace(workspace_id))
    return str(item.doc["name"]) if item else workspace_id


def _workspace(workspace_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), "WORKSPACE")


def _by_id(workspace_id: str, key_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{key_id}")


def _by_secret(world: World, secret: str) -> Key:
    digest = hmac.new(_pepper(world), secret.encode(), sha256).hexdigest()
    return Key(f"KEY#{digest}", "KEY")


@lru_cache(maxsize=8)
def _pepper(world: World) -> bytes:
    """The stage's pepper; kept in memory for the process's life."""
    return sealing.secret_of_the_stage(world, PEPPER).encode()
