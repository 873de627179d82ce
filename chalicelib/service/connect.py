"""Accounts: connect them, keep their secrets sealed and their tokens fresh."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from chalicelib.core.account import Account
from chalicelib.core.conversation import Connected, Effect, Reply, Request, Wait
from chalicelib.core.errors import (
    Conflict,
    Invalid,
    Issue,
    NotFound,
    PlatformAnswer,
    ReconnectNeeded,
    RefreshNeeded,
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
from chalicelib.service import agenda, apps, callback_secrets, records, sandbox, sealing
from chalicelib.service.reading import Page

if TYPE_CHECKING:
    from chalicelib.platforms.base import Platform

T = TypeVar("T")

REFRESH_AHEAD = timedelta(minutes=5)
REFRESH_LEASE = timedelta(seconds=20)
PREFIX = records.ACCOUNT_PREFIX
GRANT_PREFIX = "GRANT#"
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
    return keep(world, workspace_id, new.platform, new.name, _connected(world, workspace_id, new), account_id)


def keep(
    world: World,
    workspace_id: str,
    network: str,
    name: str,
    found: Connected,
    account_id: str | None = None,
    grant: str | None = None,
) -> Account:
    """The account that was found, stored. One that the workspace has already gets the new secrets, and goes on.

    Where it shares its secrets with others, `grant` is where they are.
    """
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
        grant=grant,
    )
    world.table.write(Put(_item(world, account), expect=before.rev if before else 0))
    _tidy(world, workspace_id, before.doc.get("grant") if before else None)
    agenda.mark(world, workspace_id)
    return account


def keep_all(world: World, workspace_id: str, network: str, reached: Sequence[tuple[str, Connected]]) -> list[Account]:
    """The accounts of one consent, each under its name. Those that would be refreshed with one token share it.

    A network that rotates refresh tokens takes each of them once: of several copies, using one ends the others.
    """
    grants: dict[str, str] = {}
    shared = Counter(_together(one) for _, one in reached)
    for _, one in reached:
        if shared[_together(one)] > 1 and one.secrets.get("refresh_token") and _together(one) not in grants:
            grant = f"grant_{world.chance.token().lower()}"
            world.table.write(Put(_grant_item(world, workspace_id, grant, one.secrets), expect=0))
            grants[_together(one)] = grant
    return [keep(world, workspace_id, network, name, one, grant=grants.get(_together(one))) for name, one in reached]


def _together(found: Connected) -> str:
    return json.dumps(found.secrets, sort_keys=True)


def _rows(world: World, workspace_id: str) -> Iterator[Item]:
    """The rows of all the workspace's accounts."""
    after = ""
    while page := world.table.items(records.workspace_pk(workspace_id), PREFIX, after=after):
        yield from page
        after = page[-1].key.sk


def _sharing(world: World, workspace_id: str, grant: str) -> list[Item]:
    """The rows of the accounts that live on a grant."""
    return [item for item in _rows(world, workspace_id) if item.doc.get("grant") == grant]


def _tidy(world: World, workspace_id: str, grant: str | None) -> None:
    """Forget a grant that no account lives on any more."""
    if grant and not _sharing(world, workspace_id, grant):
        world.table.write(Delete(_grant_key(workspace_id, grant)))


def _same(world: World, workspace_id: str, network: str, found: Connected) -> Item | None:
    """The row of the same account on the same server."""
    for item in _rows(world, workspace_id):
        if (item.doc["platform"], item.doc["remote_id"], item.doc["host"]) == (network, found.remote_id, found.host):
            return item
    return None


def _connected(world: World, workspace_id: str, new: NewAccount) -> Connected:
    network = platform(new.platform)
    if new.platform == "sandbox" and not new.host:
        mine = sandbox.open_account(world, workspace_id, new.name)
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


def converse(
    world: World, conversation: Generator[Request | Wait, Any, T], heard: Callable[[Reply], None] | None = None
) -> T:
    """Run a conversation that makes nothing people see; every reply is shown to `heard`."""
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
            continue
        if step.effect is Effect.CREATE:
            raise TypeError("nothing is published here: it would not be in the ledger")
        reply = world.web.send(step)
        if heard:
            heard(reply)


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


def every(world: World, workspace_id: str) -> list[Account]:
    """All accounts of the workspace, without their secrets."""
    found, cursor = list[Account](), None
    while True:
        page = accounts(world, workspace_id, 100, cursor)
        found += page.data
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def of_platform(world: World, workspace_id: str, network: str) -> list[Account]:
    """All accounts that the workspace has on a network, without their secrets."""
    return [one for one in every(world, workspace_id) if one.platform == network]


def disconnect(world: World, workspace_id: str, account_id: str) -> None:
    """Forget the account and its secrets. Targets still waiting on it fail with a clear word.

    Secrets that other accounts live on stay until the last of these is gone; what people did there is still kept, and
    can be erased.
    """
    gone = account(world, workspace_id, account_id)
    former = Key(records.workspace_pk(workspace_id), f"{records.FORMER_PREFIX}{account_id}")
    left = Put(Item(former, {"platform": gone.platform}), expect=None)
    world.table.write(Delete(key(workspace_id, account_id)), Delete(callback_secrets.key(account_id)), left)
    _tidy(world, workspace_id, gone.grant)
    agenda.mark(world, workspace_id)


def is_stale(network: "Platform", account: Account, when: datetime) -> bool:
    """Whether the account's token will not last until then."""
    ends = network.expires_at(account)
    return ends is not None and ends <= when + REFRESH_AHEAD


def refreshed(world: World, network: "Platform", stale: Account) -> Account:
    """The account with fresh secrets, refreshed by exactly one of those who ask at the same time.

    Whoever shares a grant asks for the same: the right to refresh is with the row that holds the secrets.
    """
    give_up = world.clock.now() + REFRESH_LEASE
    while world.clock.now() < give_up:
        current, holder = _opened(world, world.table.get(key(stale.workspace_id, stale.id)))
        if current.secrets != stale.secrets:
            return current
        if current.status != stale.status:
            raise ReconnectNeeded("reconnect_required", "the network has just refused to refresh the token")
        if leased := _lease(world, holder):
            return _refresh(world, network, current, leased)
        world.clock.sleep_until(world.clock.now() + timedelta(milliseconds=250))
    raise Transient("refresh_busy", "somebody else is refreshing the token and has not finished")


def with_good_token(
    world: World, network: "Platform", account: Account, when: datetime, act: Callable[[Account], T]
) -> T:
    """What comes of acting as the account at that instant, its token refreshed before where it ends, or once after."""
    if is_stale(network, account, when):
        account = refreshed(world, network, account)
    try:
        return act(account)
    except RefreshNeeded:
        account = refreshed(world, network, account)
    try:
        return act(account)
    except RefreshNeeded as again:
        raise ReconnectNeeded(again.code, again.message) from again


def lose(world: World, workspace_id: str, account_id: str) -> None:
    """The network will not have the account any more: say so, until a person connects it again."""
    fate = {"status": "reconnect_required", "lost_at": stamp(world.clock.now())}

    def lost(item: Item) -> Item | None:
        connected = item.doc["status"] == "connected"
        return dataclasses.replace(item, open=None, doc={**item.doc, **fate}) if connected else None

    _amend(world, key(workspace_id, account_id), lost)


def _amend(world: World, at: Key, change: Callable[[Item], Item | None]) -> bool:
    """Change what is stored, whoever else does, and say so; not where there is nothing, or nothing to change."""
    while (item := world.table.get(at)) and (changed := change(item)):
        try:
            world.table.write(Put(changed, expect=item.rev))
        except Stale:
            continue
        return True
    return False


def _lease(world: World, holder: Item) -> Item | None:
    """The row that holds the secrets, with the right to refresh them; None while somebody else has that."""
    now = world.clock.now()
    until = holder.doc.get("refreshing_until")
    if until and now < instant(until):
        return None
    leased = dataclasses.replace(holder, doc={**holder.doc, "refreshing_until": stamp(now + REFRESH_LEASE)})
    try:
        world.table.write(Put(leased, expect=holder.rev))
    except Stale:
        return None
    return dataclasses.replace(leased, rev=holder.rev + 1)


def _refresh(world: World, network: "Platform", account: Account, leased: Item) -> Account:
    """Refresh, and store the new secrets before anybody uses them. A no is meant for all who share them."""
    try:
        secrets = converse(world, network.refresh(account, apps.of(world, account.workspace_id, account.platform)))
    except ReconnectNeeded:
        current, _ = _opened(world, world.table.get(key(account.workspace_id, account.id)))
        if current.secrets != account.secrets:  # whoever had the right before us took longer than that, and got them
            return current
        for one in _sharing(world, account.workspace_id, account.grant) if account.grant else ():
            lose(world, account.workspace_id, one.key.sk.removeprefix(PREFIX))
        lose(world, account.workspace_id, account.id)
        _amend(world, leased.key, _unleased)
        raise
    fresh = dataclasses.replace(account, secrets=secrets, status="connected")
    if account.grant is None:
        _keep(world, _item(world, fresh), leased)
    else:
        _keep(world, _grant_item(world, account.workspace_id, account.grant, secrets), leased)
        _tell_all(world, fresh, account.grant)
    return fresh


def _unleased(item: Item) -> Item | None:
    doc = {name: value for name, value in item.doc.items() if name != "refreshing_until"}
    return dataclasses.replace(item, doc=doc) if doc != item.doc else None


def _keep(world: World, renewed: Item, leased: Item) -> None:
    """Store fresh secrets in the place of those that were traded for them; whatever else became of the row.

    Where a person has given others meanwhile these are no longer wanted: a Conflict.
    """

    def stored(item: Item) -> Item | None:
        return renewed if item.doc["sealed"] == leased.doc["sealed"] else None

    if not _amend(world, leased.key, stored):
        raise Conflict("the account changed while its token was refreshed", "account_changed")


def _tell_all(world: World, fresh: Account, grant: str) -> None:
    """Write down with every account of the grant what is known of its new token; only who asked is known to be well."""
    for one in _sharing(world, fresh.workspace_id, grant):

        def told(item: Item) -> Item | None:
            known = without_secrets(item)
            if known.grant != grant:
                return None
            status = fresh.status if known.id == fresh.id else known.status
            renewed = _item(world, dataclasses.replace(known, secrets=fresh.secrets, status=status))
            lost = {name: item.doc[name] for name in ("lost_at",) if name in item.doc and status != "connected"}
            return dataclasses.replace(renewed, doc={**renewed.doc, **lost})

        _amend(world, one.key, told)


def key(workspace_id: str, account_id: str) -> Key:
    """Where an account lies."""
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{account_id}")


def _grant_key(workspace_id: str, grant: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"{GRANT_PREFIX}{grant}")


def _grant_item(world: World, workspace_id: str, grant: str, secrets: dict[str, str]) -> Item:
    row = _grant_key(workspace_id, grant)
    return Item(row, _sealed(world, workspace_id, row, secrets))


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
    row = key(account.workspace_id, account.id)
    sealed = {} if account.grant else _sealed(world, account.workspace_id, row, account.secrets)
    place = Key(EXPIRING, f"{stamp(ends)}#{account.id}") if ends and account.status == "connected" else None
    return Item(row, {**records.to_doc(shown), **sealed}, open=place)


def without_secrets(item: Item) -> Account:
    """The account in a row, its secrets left sealed."""
    known = {name: item.doc[name] for name in item.doc if name not in NOT_THE_ACCOUNT}
    return records.from_doc(Account, known)


def with_secrets(world: World, item: Item | None) -> Account:
    """The account in a row with its secrets, for a conversation; Rejected where there is no such row any more."""
    return _opened(world, item)[0]


def _opened(world: World, item: Item | None) -> tuple[Account, Item]:
    """The account with its secrets, and the row that holds these: its own, or its grant's."""
    if item is None:
        raise Rejected("account_gone", "the account was disconnected")
    locked = without_secrets(item)
    holder = world.table.get(_grant_key(locked.workspace_id, locked.grant)) if locked.grant else item
    if holder is None:  # connected again since the row was read, or gone with its grant
        now = world.table.get(item.key)
        return _opened(world, now if now and now.rev != item.rev else None)
    plain = sealing.unseal(world, secrets_place(locked.workspace_id, holder.key), holder.doc["sealed"])
    host = locked.host or (world.settings.api_url if locked.platform == "sandbox" else "")
    return dataclasses.replace(locked, secrets=json.loads(plain), host=host), holder


def _sealed(world: World, workspace_id: str, row: Key, secrets: dict[str, str]) -> dict[str, str]:
    return {"sealed": sealing.seal(world, secrets_place(workspace_id, row), json.dumps(secrets))}


def secrets_place(workspace_id: str, row: Key) -> sealing.Place:
    """Where the secrets of an account or a grant lie: all of them are one JSON object, sealed as one."""
    return sealing.Place(workspace_id, row, "secrets")
