"""The JSON that goes out. Each shape is declared once and drives its builder (by mypy) and the OpenAPI document."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from typing_extensions import TypedDict

from chalicelib.api.problem import IssueAnswer, RuleAnswer, issue_answer, rule_answer
from chalicelib.core.account import Account, AccountStatus
from chalicelib.core.post import Content, TargetRef
from chalicelib.core.rendition import Change, Cost, Markup, Part
from chalicelib.core.target import State, Target
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.service.reading import Whole

if TYPE_CHECKING:  # compose brings all of adaptation, which many a request can do without
    from chalicelib.service.compose import Preview
    from chalicelib.service.credentials import Standing
    from chalicelib.service.signin import Connection

T = TypeVar("T")
Json = dict[str, Any]

RETRYING = frozenset({State.SCHEDULED, State.QUEUED, State.UNCONFIRMED})
"""Where the time of the machine's next look is news; elsewhere it is bookkeeping."""


class Verdict(TypedDict):
    """Whether a post could be created as it is."""

    valid: bool
    issues: list[IssueAnswer]


class FaultAnswer(TypedDict):
    """The last thing that went wrong for a target."""

    code: str
    message: str
    at: str


class TargetAnswer(TypedDict):
    """One post on one account, and its fate."""

    id: str
    account_id: str
    platform: str
    state: State
    scheduled_at: str | None
    next_attempt_at: str | None
    published_at: str | None
    lateness_ms: int | None
    platform_post_id: str | None
    url: str | None
    part_ids: list[str]
    attempts: int
    error: FaultAnswer | None
    overrides: Json | None
    options: Json


class PostAnswer(TypedDict):
    """A post and the fate of its targets. The fields of its content stand beside these, as they were sent."""

    id: str
    status: str
    version: int
    in_reply_to: str | None
    """The item of the inbox that this answers; null for a post."""
    schedule_id: str | None
    """The schedule that made it."""
    occurrence: str | None
    """Which of the schedule's times it is for."""
    external_id: str | None
    scheduled_at: str | None
    timezone: str | None
    late_policy: str
    grace_seconds: int
    expires_at: str | None
    source_event_at: str | None
    requires_approval: bool
    """Whether a reviewer has to say yes to what it says now; its status says whether that is still to come."""
    written_by: list[str]
    """The keys that made it or changed what it says."""
    trace_id: str | None
    """The trace of the request that made it, by which everything that came of it is in the logs."""
    created_at: str
    updated_at: str
    targets: list[TargetAnswer]


FLAT: dict[Any, type[Content]] = {PostAnswer: Content}
"""Shapes beside whose fields those of a model stand."""


class MarkupAnswer(TypedDict):
    """A link, mention, hashtag or cashtag; offsets in the unit's encoding."""

    type: str
    start: int
    end: int
    value: str


class PartAnswer(TypedDict):
    """One message; a thread has several. `wire` is the escaped form where it differs from what the reader sees."""

    text: str
    length: int
    limit: int | None
    unit: str
    bytes: int
    bytes_limit: int | None
    markup: list[MarkupAnswer]
    media: list[Json]
    wire: str | None


class ChangeAnswer(TypedDict):
    """One thing that adaptation changed or lost."""

    code: str
    part: int | None
    start: int | None
    end: int | None
    before: str | None
    after: str | None
    rule: RuleAnswer


class CostAnswer(TypedDict):
    """What the network charges for publishing this."""

    amount: str
    currency: str


class RenditionAnswer(TypedDict):
    """What one target would send, and what was changed or lost on the way."""

    platform: str
    account_id: str | None
    rules_version: str
    parts: list[PartAnswer]
    title: str | None
    card: Json | None
    first_comment: str | None
    poll: Json | None
    content_warning: str | None
    language: str | None
    visibility: str | None
    tags: list[str]
    labels: list[str]
    changes: list[ChangeAnswer]
    issues: list[IssueAnswer]
    fidelity: float
    estimated_cost: CostAnswer | None


class Renditions(TypedDict):
    """One rendition per target, in the order of the targets."""

    renditions: list[RenditionAnswer]


class AccountAnswer(TypedDict):
    """A connected account; its credentials are never shown."""

    id: str
    platform: str
    name: str
    handle: str | None
    remote_id: str | None
    host: str | None
    status: AccountStatus
    limits: Json
    settings: Json


class EndangeredAnswer(TypedDict):
    """A planned target that needs its account to be connected again."""

    post_id: str
    target_id: str
    scheduled_at: str | None


class AccountHealthAnswer(TypedDict):
    """Whether an account can publish, and until when."""

    account_id: str
    status: AccountStatus
    token_expires_at: str | None
    days_left: float | None
    renewable: bool
    scopes: list[str]
    quota_left: int | None
    endangered: list[EndangeredAnswer]


class ReachedAnswer(TypedDict):
    """An account that a consent reaches."""

    remote_id: str
    handle: str


class ConnectionAnswer(TypedDict):
    """One sign-in to a network. `url` is where to send the person, said once."""

    id: str
    platform: str
    status: str
    url: str | None
    choices: list[ReachedAnswer]
    account_ids: list[str]
    error: str | None
    created_at: str


class SignedInAnswer(TypedDict):
    """What a person sees who came back from a network."""

    connection_id: str
    status: str


class AppAnswer(TypedDict):
    """A workspace's own app with a network, without its secret."""

    platform: str
    client_id: str
    redirect_uri: str


class AuthAnswer(TypedDict):
    """What connecting an account asks for; `host` where its server has to be named."""

    kind: str
    credentials: list[str]
    optional: list[str]
    host: bool
    scopes: list[str]


class PlatformAnswer(TypedDict):
    """A network: what it allows, each limit with its source, the date it was checked and how sure we are."""

    name: str
    title: str
    publish: str
    """`api`, or `assisted` where a person publishes what we get ready."""
    auth: AuthAnswer
    tested: str
    """What its conversations were tried against."""
    removable: bool
    measurable: bool
    subscribes: bool
    answerable: list[str]
    """What people say that can be answered from the inbox, by kind."""
    rules: Json


class HealthAnswer(TypedDict):
    """Whether publishing is alive."""

    status: str
    checks: Json


class ListAnswer(TypedDict, Generic[T]):
    """A page; `next_cursor` is null on the last one."""

    data: list[T]
    next_cursor: str | None


def post_answer(whole: Whole) -> Json:
    """A post as JSON."""
    post = whole.post
    targets = {target.id: target for target in whole.targets}
    own: PostAnswer = {
        "id": post.id,
        "status": whole.status,
        "version": post.version,
        "in_reply_to": post.in_reply_to,
        "schedule_id": post.schedule_id,
        "occurrence": post.occurrence,
        "external_id": post.external_id,
        "scheduled_at": stamp_of(post.scheduled_at),
        "timezone": post.timezone,
        "late_policy": post.late_policy,
        "grace_seconds": post.grace_seconds,
        "expires_at": stamp_of(post.expires_at),
        "source_event_at": stamp_of(post.source_event_at),
        "requires_approval": post.requires_approval,
        "written_by": list(post.written_by),
        "trace_id": post.trace_id,
        "created_at": stamp(post.created_at),
        "updated_at": stamp(post.updated_at),
        "targets": [_target(ref, targets[ref.id]) for ref in post.targets if ref.id in targets],
    }
    return {**post.content.model_dump(mode="json"), **own}


def _target(ref: TargetRef, target: Target) -> TargetAnswer:
    error = target.error
    return {
        "id": target.id,
        "account_id": target.account_id,
        "platform": target.platform,
        "state": target.state,
        "scheduled_at": stamp_of(target.scheduled_at),
        "next_attempt_at": stamp_of(target.next_at) if target.state in RETRYING else None,
        "published_at": stamp_of(target.published_at),
        "lateness_ms": target.lateness_ms,
        "platform_post_id": target.platform_post_id,
        "url": target.url,
        "part_ids": list(target.part_ids),
        "attempts": target.attempts,
        "error": {"code": error.code, "message": error.message, "at": stamp(error.at)} if error else None,
        "overrides": ref.overrides.model_dump(mode="json", exclude_unset=True) if ref.overrides else None,
        "options": ref.options,
    }


def rendition_answer(preview: "Preview") -> RenditionAnswer:
    """What one target would send, as JSON."""
    rendition = preview.rendition
    return {
        "platform": rendition.platform,
        "account_id": preview.account_id,
        "rules_version": rendition.rules_version,
        "parts": [_part(part) for part in rendition.parts],
        "title": rendition.title,
        "card": rendition.card.model_dump(mode="json") if rendition.card else None,
        "first_comment": rendition.first_comment,
        "poll": rendition.poll.model_dump(mode="json") if rendition.poll else None,
        "content_warning": rendition.content_warning,
        "language": rendition.language,
        "visibility": rendition.visibility,
        "tags": list(rendition.tags),
        "labels": list(rendition.labels),
        "changes": [_change(change) for change in rendition.changes],
        "issues": [issue_answer(issue) for issue in rendition.issues],
        "fidelity": rendition.fidelity,
        "estimated_cost": _cost(rendition.estimated_cost),
    }


def _part(part: Part) -> PartAnswer:
    return {
        "text": part.text,
        "length": part.length,
        "limit": part.limit,
        "unit": part.unit,
        "bytes": part.bytes,
        "bytes_limit": part.bytes_limit,
        "markup": [_markup(mark) for mark in part.markup],
        "media": [media.model_dump(mode="json") for media in part.media],
        "wire": part.wire,
    }


def _markup(mark: Markup) -> MarkupAnswer:
    return {"type": mark.type, "start": mark.start, "end": mark.end, "value": mark.value}


def _change(change: Change) -> ChangeAnswer:
    return {
        "code": change.code,
        "part": change.part,
        "start": change.start,
        "end": change.end,
        "before": change.before,
        "after": change.after,
        "rule": rule_answer(change.rule),
    }


def _cost(cost: Cost | None) -> CostAnswer | None:
    return {"amount": cost.amount, "currency": cost.currency} if cost else None


def account_answer(account: Account) -> AccountAnswer:
    """An account as JSON, without its secrets."""
    return {
        "id": account.id,
        "platform": account.platform,
        "name": account.name,
        "handle": account.handle or None,
        "remote_id": account.remote_id or None,
        "host": account.host or None,
        "status": account.status,
        "limits": account.limits,
        "settings": account.settings,
    }


def account_health_answer(found: "Standing") -> AccountHealthAnswer:
    """How an account stands, as JSON."""
    return {
        "account_id": found.account.id,
        "status": found.account.status,
        "token_expires_at": stamp_of(found.account.token_expires_at),
        "days_left": found.days_left,
        "renewable": found.account.renewable,
        "scopes": list(found.scopes),
        "quota_left": found.quota_left,
        "endangered": [
            {"post_id": one.post_id, "target_id": one.id, "scheduled_at": stamp_of(one.scheduled_at)}
            for one in found.endangered
        ],
    }


def connection_answer(found: "Connection", url: str | None = None) -> ConnectionAnswer:
    """A sign-in as JSON."""
    return {
        "id": found.id,
        "platform": found.platform,
        "status": found.status,
        "url": url,
        "choices": [{"remote_id": one.remote_id, "handle": one.handle} for one in found.choices],
        "account_ids": list(found.account_ids),
        "error": found.error,
        "created_at": stamp(found.created_at),
    }
