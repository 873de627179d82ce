"""/v1/posts/{post_id}/targets: what is on record about one target, and a person's word where the machine has none."""

from dataclasses import asdict
from typing import Literal, Self

from pydantic import model_validator
from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer, PostAnswer, post_answer
from chalicelib.api.route import Answer, Call, route
from chalicelib.core.post import Instant, Line, Url, Value
from chalicelib.core.receipt import Attempt, Claims, Outcome, Source
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.service import evidence, resolve, shares
from chalicelib.service.evidence import Jwk
from chalicelib.service.records import TargetKey

PATH = "/v1/posts/{post_id}/targets/{target_id}"


class Resolution(Value):
    """What a person saw: the post's URL where it is out, or that it is not there and is to be sent again."""

    published: Url | None = None
    retry: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.published is None) == (self.retry is None):
            raise ValueError("give either `published` or `retry`")
        return self


class Confirmation(Value):
    """Where a person has published a target by hand, and when; just now where that is not given."""

    url: Url
    published_at: Instant | None = None


class Share(Value):
    """The id that the network gave for opening its app with a bundle."""

    share_id: Line


class BundleAnswer(TypedDict):
    """Everything that a person needs to publish a target by hand. `share` opens the network's app, where it can."""

    text: str
    title: str | None
    media: list[str]
    tags: list[str]
    link: str | None
    comment: str | None
    where: str
    share: dict[str, str]


class AttemptAnswer(TypedDict):
    """One request that was made for a target. `source` is how its outcome is known; null while nobody knows it."""

    number: int
    part: int
    effect: str
    intent_at: str
    answered_at: str | None
    status: int | None
    outcome: Outcome
    source: Source | None
    reason: str | None


class EventAnswer(TypedDict):
    """One line of a target's timeline."""

    at: str
    type: str
    detail: str | None


class ReceiptAnswer(TypedDict):
    """What a receipt says, and the same signed: a compact JWS whose payload it is."""

    receipt: Claims
    jws: str


class JwkSet(TypedDict):
    """The public keys that receipts are signed with (RFC 7517)."""

    keys: list[Jwk]


@route("POST", f"{PATH}/resolve", needs="posts:write", answers={200: PostAnswer, 202: PostAnswer}, kept=True)
def resolve_target(call: Call, post_id: str, target_id: str, body: Resolution) -> Answer:
    """Say what became of an unconfirmed target: where it is, or that it is not there and goes out again (202)."""
    at = TargetKey(call.workspace_id, post_id, target_id)
    if body.published:
        whole, status = resolve.found(call.world, at, body.published, call.key_id), 200
    else:
        whole, status = resolve.missing(call.world, at, call.key_id), 202
    return Answer(status, post_answer(whole), {"ETag": f'"v{whole.post.version}"'})


@route("GET", f"{PATH}/bundle", needs="posts:read", answers={200: BundleAnswer})
def get_bundle(call: Call, post_id: str, target_id: str) -> Answer:
    """What a person needs to publish a target by hand, on a network that takes posts from nobody else."""
    found = resolve.bundle(call.world, TargetKey(call.workspace_id, post_id, target_id))
    return Answer(200, {**asdict(found), "media": list(found.media), "tags": list(found.tags)})


@route("POST", f"{PATH}/confirm", needs="posts:write", answers={200: PostAnswer}, kept=True)
def confirm_target(call: Call, post_id: str, target_id: str, body: Confirmation) -> Answer:
    """Say that a person has published a target by hand, and where it is."""
    at = TargetKey(call.workspace_id, post_id, target_id)
    whole = resolve.done(call.world, at, body.url, call.key_id, body.published_at)
    return Answer(200, post_answer(whole), {"ETag": f'"v{whole.post.version}"'})


@route("PUT", f"{PATH}/share", needs="posts:write", answers={204: None})
def share_target(call: Call, post_id: str, target_id: str, body: Share) -> Answer:
    """Say under which share id the network's app will be opened with the bundle: its callback confirms the target."""
    shares.begin(call.world, TargetKey(call.workspace_id, post_id, target_id), body.share_id)
    return Answer(204)


@route("GET", f"{PATH}/attempts", needs="posts:read", answers={200: ListAnswer[AttemptAnswer]})
def list_attempts(call: Call, post_id: str, target_id: str) -> Answer:
    """The requests that were made to the network for a target, oldest first; nothing of what was in them."""
    found = evidence.attempts(call.world, TargetKey(call.workspace_id, post_id, target_id))
    return Answer(200, {"data": [_attempt(one) for one in found], "next_cursor": None})


@route("GET", f"{PATH}/events", needs="posts:read", answers={200: ListAnswer[EventAnswer]})
def list_events(call: Call, post_id: str, target_id: str) -> Answer:
    """A target's timeline, oldest first."""
    found = evidence.timeline(call.world, TargetKey(call.workspace_id, post_id, target_id))
    data = [{"at": stamp(one.at), "type": one.type, "detail": one.detail} for one in found]
    return Answer(200, {"data": data, "next_cursor": None})


@route("GET", f"{PATH}/receipt", needs="posts:read", answers={200: ReceiptAnswer})
def get_receipt(call: Call, post_id: str, target_id: str) -> Answer:
    """A published target's receipt, signed: whoever holds it can check it without us, with a key of the set."""
    found = evidence.receipt(call.world, TargetKey(call.workspace_id, post_id, target_id))
    return Answer(200, {"receipt": found.claims, "jws": found.jws})


@route("GET", "/v1/receipts/keys", needs="nothing", answers={200: JwkSet})
def list_receipt_keys(call: Call) -> Answer:
    """The public keys that receipts are signed with, for everybody."""
    return Answer(200, {"keys": evidence.keys(call.world)})


def _attempt(attempt: Attempt) -> AttemptAnswer:
    return {
        "number": attempt.number,
        "part": attempt.part,
        "effect": attempt.effect,
        "intent_at": stamp(attempt.intent_at),
        "answered_at": stamp_of(attempt.answered_at),
        "status": attempt.status,
        "outcome": attempt.outcome,
        "source": attempt.source,
        "reason": attempt.reason,
    }
