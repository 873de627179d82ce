"""The sandbox: a social network that lives in this service, so that anybody can publish end to end without an account.

It does what networks do to a publisher on a bad day, on demand: `fault` in a post asks for it.
Like most real networks it has no idempotency: what is posted twice is there twice.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.core.errors import NotFound, Stale, Unauthorized
from chalicelib.core.post import Line, Value
from chalicelib.core.timing import stamp
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import records

Fault = Literal["timeout_after_accept", "server_error_after_accept", "rate_limit", "reject", "slow"]
Id = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_]{1,64}$")]

TAKEN_WITHIN = timedelta(seconds=25)
"""What is older is refused, so that the sandbox keeps to the longest late acceptance that its platform declares: 30 s,
since API Gateway gives up after 29 (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html, read
2026-11-22) and an emulator's gateway does not."""
TOO_LONG_SECONDS = 5.0
"""Longer than the publisher waits for the sandbox."""
SLOW_SECONDS = 1.5
TRIES = 8


class SandboxMedia(Value):
    """A medium by URL."""

    url: Annotated[str, Field(max_length=4096)]
    alt_text: Annotated[str, Field(max_length=10_000)] | None = None


Count = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class Reactions(Value):
    """What people do with a post from now on: added to what they did before; below nothing, what they take back."""

    views: Count = 0
    likes: Count = 0
    replies: Count = 0
    reposts: Count = 0
    quotes: Count = 0
    saves: Count = 0
    clicks: Count = 0


class SandboxPost(Value):
    """A post as the sandbox network takes it."""

    account: Id
    text: Annotated[str, Field(max_length=5000)]
    media: Annotated[tuple[SandboxMedia, ...], Field(max_length=20)] = ()
    reply_to: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    reference: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    content_warning: Line | None = None
    language: Annotated[str, Field(max_length=35)] | None = None
    part: Annotated[int, Field(ge=0, le=1000)] = 0
    title: Line | None = None
    card: Annotated[dict[str, Any], Field(max_length=20)] | None = None
    poll: Annotated[dict[str, Any], Field(max_length=20)] | None = None
    visibility: Annotated[str, Field(max_length=20)] | None = None
    labels: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=20)] | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """An account on the sandbox; the token is shown once."""

    id: str
    handle: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SandboxReply:
    """What the sandbox answers, after how long."""

    status: int
    body: dict[str, Any]
    delay_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


def open_account(world: World, workspace_id: str, name: str) -> SandboxAccount:
    """A new account on the sandbox. The workspace that opens it has its audience, too."""
    account_id = f"sbx_{world.chance.token().lower()}"
    slug = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower()).strip("-")
    account = SandboxAccount(account_id, f"{slug or 'account'}-{account_id[-6:]}", world.chance.secret())
    doc = {"handle": account.handle, "token": _digest(account.token), "workspace": workspace_id}
    by_handle = Item(Key(f"SANDBOX#@{account.handle}", "ACCOUNT"), {"id": account_id})
    world.table.write(Put(Item(_account_key(account_id), doc), expect=0), Put(by_handle, expect=0))
    return account


def post(world: World, token: str, new: SandboxPost) -> SandboxReply:
    """Accept a post, or do what its fault asks for."""
    account = world.table.get(_account_key(new.account))
    if account is None or account.doc["token"] != _digest(token):
        raise Unauthorized("no account of that token")
    if new.fault == "reject":
        return SandboxReply(422, {"code": "rejected", "detail": "the sandbox was asked to reject this"})
    if new.fault == "rate_limit" and _first_time(world, new):
        detail = {"code": "rate_limited", "detail": "the sandbox was asked to limit this"}
        return SandboxReply(429, detail, headers={"Retry-After": "2"})
    stored = _store(world, account, new)
    if new.fault == "server_error_after_accept" and _first_time(world, new):
        return SandboxReply(500, {"code": "internal", "detail": "the sandbox broke after accepting, as asked"})
    if new.fault == "timeout_after_accept" and _first_time(world, new):
        return SandboxReply(201, stored, TOO_LONG_SECONDS)
    return SandboxReply(201, stored, SLOW_SECONDS if new.fault == "slow" else 0.0)


def posts(world: World, account_id: str, reference: str | None = None) -> list[dict[str, Any]]:
    """What an account has posted, oldest first; only what carries the reference where one is given."""
    prefix = f"POST#{reference}#" if reference else "POST#"
    found = list[Item]()
    while page := world.table.items(f"SANDBOX#{account_id}", prefix, after=found[-1].key.sk if found else ""):
        found += page
    return sorted((item.doc for item in found), key=lambda doc: (doc["created_at"], doc["id"]))


def measured(world: World, post_id: str) -> dict[str, Any]:
    """A post with its figures; NotFound where there is none, or none any more."""
    found = _post(world, post_id)
    return {**found.doc, "figures": found.doc.get("figures") or Reactions().model_dump()}


def react(world: World, workspace_id: str, post_id: str, more: Reactions) -> dict[str, Any]:
    """Have people do something with a post of the workspace's; the post with its figures."""
    for _ in range(TRIES):
        found = _own_post(world, workspace_id, post_id)
        before = {**Reactions().model_dump(), **found.doc.get("figures", {})}
        figures = {name: max(0, value + getattr(more, name)) for name, value in before.items()}
        with suppress(Stale):
            world.table.write(Put(replace(found, doc={**found.doc, "figures": figures}), expect=found.rev))
            break
    return measured(world, post_id)


def take_down(world: World, workspace_id: str, post_id: str) -> None:
    """Have the network take away a post of the workspace's."""
    world.table.write(Delete(_own_post(world, workspace_id, post_id).key))


def _own_post(world: World, workspace_id: str, post_id: str) -> Item:
    found = _post(world, post_id)
    account = world.table.get(_account_key(found.doc["account"]))
    if account is None or account.doc.get("workspace") != workspace_id:
        raise NotFound(f"there is no {post_id} on the sandbox")
    return found


def _post(world: World, post_id: str) -> Item:
    place = world.table.get(_place_key(post_id))
    found = world.table.get(Key(place.doc["pk"], place.doc["sk"])) if place else None
    if found is None:
        raise NotFound(f"there is no {post_id} on the sandbox")
    return found


def timeline(world: World, handle: str) -> list[dict[str, Any]]:
    """What everybody can read of an account, newest first."""
    item = world.table.get(Key(f"SANDBOX#@{handle}", "ACCOUNT"))
    if item is None:
        raise NotFound(f"there is no @{handle} on the sandbox")
    return posts(world, item.doc["id"])[::-1]


def _store(world: World, account: Item, new: SandboxPost) -> dict[str, Any]:
    post_id, now = f"sp_{world.chance.token().lower()}", world.clock.now()
    doc = {
        **new.model_dump(mode="json", exclude={"fault"}, exclude_none=True),
        "id": post_id,
        "url": f"/sandbox/v1/timeline/{account.doc['handle']}#{post_id}",
        "created_at": stamp(now),
    }
    row = Key(f"SANDBOX#{new.account}", f"POST#{new.reference}#{post_id}")
    expires = records.passing(account.doc.get("workspace", ""), now)
    place = Item(_place_key(post_id), {"pk": row.pk, "sk": row.sk}, expires=expires)
    world.table.write(Put(Item(row, doc, expires=expires), expect=0), Put(place, expect=0))
    return doc


def _first_time(world: World, new: SandboxPost) -> bool:
    """Whether this fault has not struck this reference yet."""
    place = Key(f"SANDBOX#{new.account}", f"FAULT#{new.reference}")
    try:
        world.table.write(Put(Item(place, {"fault": new.fault}), expect=0))
    except Stale:
        return False
    return True


def _account_key(account_id: str) -> Key:
    return Key(f"SANDBOX#{account_id}", "ACCOUNT")


def _place_key(post_id: str) -> Key:
    """Where it is written where a post lies."""
    return Key(f"SANDBOX#!{post_id}", "PLACE")


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
