"""Accounts: connect them, keep their secrets sealed and their tokens fresh."""

import dataclasses
import json
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from chalicelib.core.account import Account
from chalicelib.core.conversation import Connected, Reply, Request, Wait
from chalicelib.core.errors import (
    Conflict,
    Invalid,
    Issue,
    NotFound,
    PlatformAnswer,
    ReconnectNeeded,
    Rejected,
    Stale,
    Transient,
    TransportFailure,
    Unavailable,
)
from chalicelib.core.post import Line, Url, Value
from chalicelib.core.redaction import secrets_in, without
from chalicelib.core.timing import instant, stamp
from chalicelib.platforms import names, platform
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import apps, callback_secrets, records, sandbox, sealing
from chalicelib.service.reading import Page

if TYPE_CHECKING:
    from chalicelib.platforms.base import Platform

T = TypeVar("T")

REFRESH_AHEAD = timedelta(minutes=5)
REFRESH_LEASE = timedelta(seconds=20)
PREFIX = records.ACCOUNT_PREFIX
NOT_THE_ACCOUNT = ("sealed", "refreshing_until", "warned_at", "lost_at")
"""What else is in an account's row."""
EXPIRING = "EXPIRING"
"""The partition of the `open` index where accounts wait for their tokens to end."""


class NewAccount(Value):
    """An account to connect: the platform, its server where there are several, and what that platform asks for."""

    platform: Line
    name: Line
    host: Url | None = None
    credentials: dict[str, Line] = Field(default_factory=dict, max_length=20)


def connect(world: World, workspace_id: str, new: NewAccount, seed: str | None = None) -> Account:
    """Check the credentials with the platform and keep the account. The same `seed` makes the same account once."""
    if new.platform not in names():
        message = f"there is no platform {new.platform!r}; there are {', '.join(names())}"
        raise Invalid([Issue("unknown_platform", "error", "platform", message)])
    account_id = f"acc_{seed or world.chance.token().lower()}"
    if seed and (made := find(world, workspace_id, account_id)):
        return made
    return keep(world, workspace_id, new.platform, new.name, _connected(world, new), account_id)


def keep(
    world: World, workspace_id: str, network: str, name: str, found: Connected, account_id: str | None = None
) -> Account:
    """The account that was found, stored. One that the workspace has already gets the new secrets, and goes on."""
    before = _same(world, workspace_id, network, found)
    account = Account(
        before.key.sk.removeprefix(PREFIX) if before else account_id or f"acc_{world.chance.token().lower()}",
        workspace_id,
        network,
        name,
        found.handle,
        found.remote_id,
        found.host,
        limits=found.limits,
        settings=found.settings,
        secrets=found.secrets,
    )
    world.table.write(Put(_item(world, account), expect=before.rev if before else 0))
    return account


def _same(world: World, workspace_id: str, network: str, found: Connected) -> Item | None:
    """The row of the same account on the same server."""
    for item in world.table.items(records.workspace_pk(workspace_id), PREFIX):
        if (item.doc["platform"], item.doc["remote_id"], item.doc["host"]) == (network, found.remote_id, found.host):
            return item
    return None


def _connected(world: World, new: NewAccount) -> Connected:
    network = platform(new.platform)
    if new.platform == "sandbox" and not new.host:
        mine = sandbox.open_account(world, new.name)
        return Connected(mine.handle, mine.id, secrets={"token": mine.token})
    try:
        return converse(world, network.connect(new.host.rstrip("/") if new.host else "", dict(new.credentials)))
    except Transient as failure:
        said = without(secrets_in(new.credentials), str(failure))
        raise Unavailable(f"{network.title} does not answer as it should: {said}") from failure
    except PlatformAnswer as no:
        said = without(secrets_in(new.credentials), str(no))
        issue = Issue("credentials_refused", "error", "credentials", f"{network.title} said no: {said}")
        raise Invalid([issue]) from no
    except TransportFailure as failure:
        raise Unavailable(f"{network.title} does not answer: {failure}") from failure


def converse(world: World, conversation: Generator[Request | Wait, Any, T]) -> T:
    """Run a conversation that makes nothing people see."""
    reply: Reply | None = None
    while True:
        try:
            step = conversation.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result
        reply = None
        if isinstance(step, Wait):
            world.clock.sleep_until(world.clock.now() + step.delay)
        else:
            reply = world.web.send(step)


def accounts(world: World, workspace_id: str, limit: int = 20, cursor: str | None = None) -> Page[Account]:
    """The workspace's accounts, oldest first, without their secrets."""
    after = f"{PREFIX}{cursor}" if cursor else ""
    items = world.table.items(records.workspace_pk(workspace_id), PREFIX, limit=limit + 1, after=after)
    page = [without_secrets(item) for item in items[:limit]]
    return Page(page, page[-1].id if len(items) > limit else None)


def account(world: World, workspace_id: str, account_id: str) -> Account:
    """One account without its secrets; NotFound where this workspace has none of that id."""
    found = find(world, workspace_id, account_id)
    if found is None:
        raise NotFound(f"there is no account {account_id}")
    return found


def find(world: World, workspace_id: str, account_id: str) -> Account | None:
    """One account without its secrets, or None."""
    item = world.table.get(key(workspace_id, account_id))
    return without_secrets(item) if item else None


def of_platform(world: World, workspace_id: str, network: str) -> list[Account]:
    """All accounts that the workspace has on a network, without their secrets."""
    found, cursor = list[Account](), None
    while True:
        page = accounts(world, workspace_id, 100, cursor)
        found += [one for one in page.data if one.platform == network]
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def find_many(world: World, workspace_id: str, account_ids: set[str]) -> dict[str, Account]:
    """Those of the accounts that this workspace has, by id, without their secrets."""
    items = world.table.get_many([key(workspace_id, one) for one in sorted(account_ids)])
    return {one.id: one for one in map(without_secrets, items)}


def disconnect(world: World, workspace_id: str, account_id: str) -> None:
    """Forget the account and its secrets. Targets still waiting on it fail with a clear word."""
    account(world, workspace_id, account_id)
    world.table.write(Delete(key(workspace_id, account_id)), Delete(callback_secrets.key(account_id)))


def is_stale(network: "Platform", account: Account, when: datetime) -> bool:
    """Whether the account's token will not last until then."""
    ends = network.expires_at(account)
    return ends is not None and ends <= when + REFRESH_AHEAD


def refreshed(world: World, network: "Platform", stale: Account) -> Account:
    """The account with fresh secrets, refreshed by exactly one of those who ask at the same time."""
    give_up = world.clock.now() + REFRESH_LEASE
    while world.clock.now() < give_up:
        item = world.table.get(key(stale.workspace_id, stale.id))
        current = with_secrets(world, item)
        if item is None or current.secrets != stale.secrets:
            return current
        if leased := _lease(world, item):
            return _refresh(world, network, current, leased)
        world.clock.sleep_until(world.clock.now() + timedelta(milliseconds=250))
    raise Transient("refresh_busy", "somebody else is refreshing the token and has not finished")


def lose(world: World, workspace_id: str, account_id: str) -> None:
    """The network will not have the account any more: say so, until a person connects it again."""
    item = world.table.get(key(workspace_id, account_id))
    if item and item.doc["status"] == "connected":
        fate = {"status": "reconnect_required", "lost_at": stamp(world.clock.now())}
        lost = dataclasses.replace(item, open=None, doc={**item.doc, **fate})
        world.table.write(Put(lost, expect=item.rev))


def _lease(world: World, item: Item) -> Item | None:
    """The account's row with the right to refresh it, or None while somebody else has that."""
    now = world.clock.now()
    until = item.doc.get("refreshing_until")
    if until and now < instant(until):
        return None
    leased = dataclasses.replace(item, doc={**item.doc, "refreshing_until": stamp(now + REFRESH_LEASE)})
    try:
        world.table.write(Put(leased, expect=item.rev))
    except Stale:
        return None
    return dataclasses.replace(leased, rev=item.rev + 1)


def _refresh(world: World, network: "Platform", account: Account, leased: Item) -> Account:
    """Refresh, and store the new secrets before anybody uses them."""
    try:
        secrets = converse(world, network.refresh(account, apps.of(world, account.workspace_id, account.platform)))
    except ReconnectNeeded:
        _keep(world, dataclasses.replace(account, status="reconnect_required"), leased)
        raise
    fresh = dataclasses.replace(account, secrets=secrets, status="connected")
    _keep(world, fresh, leased)
    return fresh


def _keep(world: World, account: Account, leased: Item) -> None:
    """Store what a refresh found out. Where somebody else has taken it over that is a Conflict, not a lost claim."""
    try:
        world.table.write(Put(_item(world, account), expect=leased.rev))
    except Stale as lost_race:
        raise Conflict("the account changed while its token was refreshed", "account_changed") from lost_race


def key(workspace_id: str, account_id: str) -> Key:
    """Where an account lies."""
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{account_id}")


def _item(world: World, account: Account) -> Item:
    network = platform(account.platform)
    ends = network.expires_at(account)
    shown = dataclasses.replace(
        account,
        secrets={},
        token_expires_at=ends,
        renewable=network.renewable(account),
        scopes=tuple(account.secrets.get("scope", "").replace(",", " ").split()),
    )
    doc = records.to_doc(shown)
    row = key(account.workspace_id, account.id)
    sealed = sealing.seal(world, secrets_place(account.workspace_id, row), json.dumps(account.secrets))
    if account.status == "reconnect_required":
        doc["lost_at"] = stamp(world.clock.now())
    place = Key(EXPIRING, f"{stamp(ends)}#{account.id}") if ends and account.status == "connected" else None
    return Item(row, {**doc, "sealed": sealed}, open=place)


def without_secrets(item: Item) -> Account:
    """The account in a row, its secrets left sealed."""
    known = {name: item.doc[name] for name in item.doc if name not in NOT_THE_ACCOUNT}
    return records.from_doc(Account, known)


def with_secrets(world: World, item: Item | None) -> Account:
    """The account in a row with its secrets, for a conversation; Rejected where there is no such row any more."""
    if item is None:
        raise Rejected("account_gone", "the account was disconnected")
    locked = without_secrets(item)
    plain = sealing.unseal(world, secrets_place(locked.workspace_id, item.key), item.doc["sealed"])
    host = locked.host or (world.settings.api_url if locked.platform == "sandbox" else "")
    return dataclasses.replace(locked, secrets=json.loads(plain), host=host)


def secrets_place(workspace_id: str, row: Key) -> sealing.Place:
    """Where an account's secrets lie: all of them are one JSON object, sealed as one."""
    return sealing.Place(workspace_id, row, "secrets")
