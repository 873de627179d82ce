"""What is on record about a target, for those who were not there: its attempts, and the receipt of its publication.

A receipt speaks for itself: it names what was said by hashes over canonical JSON (RFC 8785), so that the same content
has the same hash wherever it is computed.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, Literal

from typing_extensions import TypedDict

from chalicelib.core.conversation import Effect
from chalicelib.core.errors import Conflict
from chalicelib.core.post import Content, Post
from chalicelib.core.target import Exchange, State, Target
from chalicelib.core.timing import stamp, stamp_of

Source = Literal["reply", "read_back", "person"]
Outcome = Literal["applied", "not_applied", "unknown"]

OURS = frozenset({"not_sent", "frozen"})
"""What voids a request without anybody having said or seen anything: it never left."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that was made for a target, and what is known of it; nothing of what was in it."""

    number: int
    part: int
    effect: Effect
    intent_at: datetime
    answered_at: datetime | None
    status: int | None
    outcome: Outcome
    source: Source | None
    reason: str | None
    """Why it counts as not applied."""


class Evidence(TypedDict):
    """How it is known that the post is out: the weakest of what is known of its parts, and since when."""

    source: Source
    at: str
    by: str | None
    """The API key of the person who said so."""


class Claims(TypedDict):
    """What a receipt says. Times are on our clock; `platform_at` is on the platform's."""

    type: Literal["carillon.receipt"]
    version: Literal[1]
    workspace_id: str
    post_id: str
    target_id: str
    account_id: str
    platform: str
    content_hash: str
    rendition_hash: str
    rules_version: str
    parts_planned: int
    parts_sent: int
    accepted_at: str
    due_at: str | None
    sent_at: str | None
    published_at: str | None
    answered_at: str | None
    platform_at: str | None
    lateness_ms: int | None
    platform_post_id: str | None
    part_ids: list[str]
    url: str | None
    evidence: Evidence
    attempts: int


def attempts(target: Target) -> list[Attempt]:
    """Every request of the ledger, the oldest first; one that was sent again is there each time."""
    sent = chain.from_iterable(map(_sendings, target.ledger))
    return [_attempt(number, exchange) for number, exchange in enumerate(sent, start=1)]


def _sendings(exchange: Exchange) -> list[Exchange]:
    """Each time that a request was sent: what was answered in the end, was answered to the last."""
    *unanswered, last = exchange.intent_at, *exchange.repeated_at
    return [
        *(dataclasses.replace(exchange, intent_at=at, answer=None) for at in unanswered),
        dataclasses.replace(exchange, intent_at=last),
    ]


def _attempt(number: int, exchange: Exchange) -> Attempt:
    answer = exchange.answer
    source: Source | None = answer.source if answer else _source(exchange)
    return Attempt(
        number,
        exchange.part,
        exchange.effect,
        exchange.intent_at,
        answer.at if answer else exchange.void_at,
        answer.status if answer and answer.source == "reply" else None,
        "not_applied" if exchange.void else "applied" if answer else "unknown",
        source,
        exchange.void_why,
    )


def _source(exchange: Exchange) -> Source | None:
    """How a request without a recorded answer came to count as not applied."""
    if not exchange.void or exchange.void_why in OURS:
        return None
    match exchange.void_why:
        case "read_back" | "person" as said:
            return said
        case _:
            return "reply"


def claims(target: Target, post: Post, rendition: dict[str, Any], planned: int) -> Claims:
    """What the receipt of a published target says.

    `rendition` is the document that was stored for it, and `planned` is how many messages that makes.
    """
    if target.state is not State.PUBLISHED:
        raise Conflict(f"a target that is {target.state} has no receipt", "not_published", target.state)
    creates = target.creates
    return {
        "type": "carillon.receipt",
        "version": 1,
        "workspace_id": target.workspace_id,
        "post_id": target.post_id,
        "target_id": target.id,
        "account_id": target.account_id,
        "platform": target.platform,
        "content_hash": content_hash(post.content),
        "rendition_hash": digest(rendition),
        "rules_version": rendition["rules_version"],
        "parts_planned": planned,
        "parts_sent": len(creates),
        "accepted_at": stamp(post.created_at),
        "due_at": stamp_of(target.scheduled_at),
        "sent_at": stamp_of(creates[0].intent_at if creates else None),
        "published_at": stamp_of(target.published_at),
        "answered_at": stamp_of(creates[-1].answer.at if creates and creates[-1].answer else None),
        "platform_at": stamp_of(target.platform_at),
        "lateness_ms": target.lateness_ms,
        "platform_post_id": target.platform_post_id,
        "part_ids": list(target.part_ids),
        "url": target.url,
        "evidence": _evidence(target),
        "attempts": target.attempts,
    }


def _evidence(target: Target) -> Evidence:
    answers = [create.answer for create in target.creates if create.answer]
    for source in ("person", "read_back", "reply"):
        for answer in answers:
            if answer.source == source:
                return {"source": answer.source, "at": stamp(answer.at), "by": answer.by}
    return {"source": "person", "at": stamp(target.published_at or target.events[-1].at), "by": None}


def content_hash(content: Content) -> str:
    """The hash of what an author wrote. Fields at their defaults are left out: fields of later versions change none."""
    return digest(content.model_dump(mode="json", exclude_defaults=True))


def digest(value: Any) -> str:
    """`sha256:` and the hexadecimal SHA-256 of a value's canonical JSON."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def canonical(value: Any) -> bytes:
    """A JSON value in its one canonical form: RFC 8785, but with integers of any size."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_written(name)}:{_written(value[name])}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """As ECMAScript does: https://262.ecma-international.org/#sec-numeric-types-number-tostring, read 2026-11-22."""
    exact = Decimal(repr(value)).normalize()
    if not exact:
        return "0"
    if 0 <= (power := exact.adjusted()) < 21 or -7 < power < 0:
        return f"{exact:f}"
    shown = f"{exact.scaleb(-power).normalize():f}"
    return f"{shown}e{power:+d}"
