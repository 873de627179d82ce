"""Connect accounts by OAuth: send a person to the network, and take what they come back with.

`begin` makes a connection and the address where the person agrees; the network sends them back to `finish`, once. Where
their consent reaches several accounts (pages, organisations), `choose` says which of them to keep.

The state is unguessable, works once and for ten minutes, and is stored as its hash; the verifier of PKCE never leaves
us. https://www.rfc-editor.org/rfc/rfc9700 (OAuth 2.0 security, 2025-01), https://www.rfc-editor.org/rfc/rfc7636.
"""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from chalicelib.core import redaction
from chalicelib.core.conversation import Connected
from chalicelib.core.errors import (
    Conflict,
    Invalid,
    Issue,
    NotFound,
    PlatformAnswer,
    Refused,
    Stale,
    TransportFailure,
)
from chalicelib.core.post import Line, Url, Value
from chalicelib.core.timing import instant, stamp
from chalicelib.platforms import names, platform
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import apps, connect, records, sealing
from chalicelib.service.sealing import Place

PREFIX = "CONNECTION#"
VALID = timedelta(minutes=10)
"""How long a person may take to agree."""
CHOSEN_WITHIN = timedelta(hours=1)
"""How long what a consent reaches is kept for choosing."""

Status = Literal["waiting", "choosing", "connected", "denied", "failed"]


class NewConnection(Value):
    """What the account is to be called, and either where the person is to land in the end, or credentials."""

    name: Line | None = None
    return_to: Url | None = None
    host: Url | None = None
    credentials: dict[str, Line] | None = Field(default=None, max_length=20)


class Choice(Value):
    """Which of the accounts to connect, by the network's own ids."""

    remote_ids: tuple[Line, ...] = Field(min_length=1, max_length=100)


@dataclass(frozen=True, slots=True)
class Reached:
    """An account that a consent reaches."""

    remote_id: str
    handle: str


@dataclass(frozen=True, slots=True)
class Connection:
    """One sign-in: what it is for, and what came of it."""

    id: str
    workspace_id: str
    platform: str
    status: Status
    created_at: datetime
    name: str | None = None
    return_to: str | None = None
    choices: tuple[Reached, ...] = ()
    account_ids: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A connection, and where to send the person; nowhere where credentials were enough."""

    connection: Connection
    url: str | None = None


def begin(world: World, workspace_id: str, network: str, new: NewConnection, base: str) -> Begun:
    """A new connection; `base` is this service's public address. Invalid where there is no app to sign in with."""
    about = platform(network).oauth if network in names() else None
    if about is None or new.credentials is not None:
        return Begun(_with_credentials(world, workspace_id, network, new))
    app = apps.of(world, workspace_id, network)
    if not app.id:
        message = f"the workspace has no app with {network}: PUT /v1/apps/{network} first"
        raise Invalid([Issue("no_app", "error", "platform", message)])
    state, verifier = world.chance.secret(), world.chance.secret() + world.chance.secret()
    now = world.clock.now()
    connection = Connection(
        f"con_{world.chance.token().lower()}", workspace_id, network, "waiting", now, new.name, new.return_to
    )
    opening = {
        "workspace_id": workspace_id,
        "connection_id": connection.id,
        "platform": network,
        "until": stamp(now + VALID),
        "sealed": sealing.seal(world, _verifier(workspace_id, state), verifier),
    }
    world.table.write(
        Put(Item(_opening_key(state), opening, expires=now + VALID), expect=0),
        Put(_item(connection), expect=0),
    )
    return Begun(connection, about.url(app, state, challenge(verifier), redirect(base, network)))


def _with_credentials(world: World, workspace_id: str, network: str, new: NewConnection) -> Connection:
    asked = connect.NewAccount(
        platform=network, name=new.name or network, host=new.host, credentials=new.credentials or {}
    )
    account = connect.connect(world, workspace_id, asked)
    con = f"con_{world.chance.token().lower()}"
    made = Connection(con, workspace_id, network, "connected", world.clock.now(), new.name, account_ids=(account.id,))
    return _keep(world, made)


def finish(world: World, network: str, returned: dict[str, str], base: str) -> Connection:
    """Take what a person came back with; Refused where the state is not one of ours, too old, or used before."""
    opening = _taken(world, network, returned.get("state", ""))
    found = _load(world, opening.doc["workspace_id"], opening.doc["connection_id"])
    if "code" not in returned:
        said = returned.get("error_description") or returned.get("error") or "the network sent no code"
        status: Status = "denied" if returned.get("error") == "access_denied" else "failed"
        return _keep(world, replace(found, status=status, error=said[:1000]))
    verifier = sealing.unseal(world, _verifier(found.workspace_id, returned["state"]), opening.doc["sealed"])
    try:
        reached = _reached(world, found, returned["code"], verifier, base)
    except (PlatformAnswer, TransportFailure) as no:
        ours = {"app": apps.of(world, found.workspace_id, network).secret, "verifier": verifier, **returned}
        said = redaction.without(redaction.secrets_in(ours), str(no))
        return _keep(world, replace(found, status="failed", error=said[:1000]))
    if not reached:
        return _keep(world, replace(found, status="failed", error="the consent reaches no account that can publish"))
    if len(reached) == 1:
        return _connect(world, found, reached)
    choices = tuple(Reached(one.remote_id, one.handle) for one in reached)
    return _keep(world, replace(found, status="choosing", choices=choices), reached)


def connection(world: World, workspace_id: str, connection_id: str) -> Connection:
    """One connection; NotFound where this workspace has none of that id."""
    return _load(world, workspace_id, connection_id)


def choose(world: World, workspace_id: str, connection_id: str, choice: Choice) -> Connection:
    """Connect those of the accounts that a person chose."""
    item = _stored(world, workspace_id, connection_id)
    found = records.from_doc(Connection, _plain(item.doc))
    if found.status != "choosing":
        raise Conflict(f"there is nothing to choose: the connection is {found.status}", "not_choosing", found.status)
    kept = json.loads(sealing.unseal(world, _choices(workspace_id, connection_id), item.doc["sealed"]))
    reached = {one["remote_id"]: Connected(**one) for one in kept}
    if unknown := sorted(set(choice.remote_ids) - set(reached)):
        message = f"is none of the accounts: {', '.join(unknown)}"
        raise Invalid([Issue("unknown_account", "error", "remote_ids", message)])
    return _connect(world, found, [reached[one] for one in dict.fromkeys(choice.remote_ids)])


def challenge(verifier: str) -> str:
    """What the network is shown of the verifier: https://www.rfc-editor.org/rfc/rfc7636#section-4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def redirect(base: str, network: str) -> str:
    """Where the network sends people back to: this must be registered with the app, letter by letter."""
    return f"{base}/v1/accounts/connect/{network}/callback"


def _taken(world: World, network: str, state: str) -> Item:
    """The opening that this state belongs to, used up."""
    item = world.table.get(_opening_key(state)) if state else None
    unknown = Refused("this sign-in is unknown, was used before, or took too long: begin again", "unknown_state")
    if item is None or item.doc["platform"] != network or world.clock.now() >= instant(item.doc["until"]):
        raise unknown
    try:
        world.table.write(Delete(item.key, expect=item.rev))
    except Stale:
        raise unknown from None
    return item


def _reached(world: World, found: Connection, code: str, verifier: str, base: str) -> list[Connected]:
    network = platform(found.platform)
    app = apps.of(world, found.workspace_id, found.platform)
    secrets = connect.converse(world, network.granted(app, code, verifier, redirect(base, found.platform)))
    return list(connect.converse(world, network.accounts("", secrets)))


def _connect(world: World, found: Connection, reached: list[Connected]) -> Connection:
    named = [(found.name or one.handle or found.platform, one) for one in reached]
    accounts = connect.keep_all(world, found.workspace_id, found.platform, named)
    ids = tuple(account.id for account in accounts)
    return _keep(world, replace(found, status="connected", account_ids=ids, choices=()))


def _keep(world: World, found: Connection, reached: list[Connected] | None = None) -> Connection:
    item = _item(found)
    if reached:
        secrets = json.dumps([records.to_doc(one) for one in reached])
        sealed = sealing.seal(world, _choices(found.workspace_id, found.id), secrets)
        expires = world.clock.now() + CHOSEN_WITHIN
        item = replace(item, doc={**item.doc, "sealed": sealed, "until": stamp(expires)})
    world.table.write(Put(item, expect=None))
    return found


def _load(world: World, workspace_id: str, connection_id: str) -> Connection:
    return records.from_doc(Connection, _plain(_stored(world, workspace_id, connection_id).doc))


def _stored(world: World, workspace_id: str, connection_id: str) -> Item:
    item = world.table.get(_key(workspace_id, connection_id))
    if item is None or world.clock.now() >= instant(item.doc.get("until", stamp(world.clock.now() + VALID))):
        raise NotFound(f"there is no connection {connection_id}")
    return item


def _plain(doc: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in doc.items() if name not in ("sealed", "until")}


def _item(found: Connection) -> Item:
    return Item(_key(found.workspace_id, found.id), records.to_doc(found), expires=found.created_at + timedelta(days=7))


def _key(workspace_id: str, connection_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{connection_id}")


def _opening_key(state: str) -> Key:
    return Key(f"SIGNIN#{sha256(state.encode()).hexdigest()}", "SIGNIN")


def _verifier(workspace_id: str, state: str) -> Place:
    return Place(workspace_id, _opening_key(state), "verifier")


def _choices(workspace_id: str, connection_id: str) -> Place:
    """The accounts to choose from lie with the secrets that reach them."""
    return Place(workspace_id, _key(workspace_id, connection_id), "choices")
