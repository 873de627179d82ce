"""Webhooks: what customers hear of, how it is signed, when it is tried again, and when we stop trying.

    pending ──> delivered        a 2xx
       │  ^         │
       │  └─────────┤            redelivered by hand
       └──────> failed           the last retry failed, or the webhook was disabled or deleted

The scheme is Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md,
read 2026-11-22.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from chalicelib.core.account import Account
from chalicelib.core.errors import Conflict
from chalicelib.core.review import Review
from chalicelib.core.scores.goal import AtRisk
from chalicelib.core.scores.score import Score
from chalicelib.core.spikes import Spike
from chalicelib.core.target import Event, Target
from chalicelib.core.timing import milliseconds, stamp, stamp_of

PUBLIC = {
    "drafted": "target.drafted",
    "scheduled": "target.scheduled",
    "publish_now": "target.scheduled",
    "edited": "target.edited",
    "held": "target.held",
    "resumed": "target.resumed",
    "cancelled": "target.cancelled",
    "deferred": "target.deferred",
    "action_needed": "target.action_needed",
    "reminder": "target.reminder",
    "unconfirmed": "target.unconfirmed",
    "retried": "target.retried",
    "published": "target.published",
    "confirmed": "target.published",
    "failed": "target.failed",
    "missed": "target.missed",
    "skipped": "target.skipped",
    "removed": "target.removed",
    "approval_overdue": "target.approval_overdue",
    "rejected": "target.cancelled",
    "duplicate_found": "target.duplicate_found",
}
"""What customers hear of, by the word in the target's timeline."""
INTERNAL = frozenset(
    {"claimed", "queued", "resting", "not_applied", "restored", "review_requested", "approved", "changes_requested"}
)
"""Words of the timeline that are the machine's own business, or told once for the whole post."""
REVIEWED = {
    "requested": "post.review_requested",
    "approved": "post.approved",
    "changes_requested": "post.changes_requested",
    "rejected": "post.rejected",
}
"""What customers hear of a post's review, by its step."""
ACCOUNT_LOST = "account.reconnect_required"
ACCOUNT_EXPIRING = "account.expiring"
SPIKE = "engagement.spike"
SCORED = "score.updated"
GOAL_AT_RISK = "goal.at_risk"
DISABLED = "webhook.disabled"
TEST = "webhook.test"
EVERYTHING = "*"
EVENTS = (
    *dict.fromkeys(PUBLIC.values()),
    *REVIEWED.values(),
    *(ACCOUNT_LOST, ACCOUNT_EXPIRING, SPIKE, SCORED, GOAL_AT_RISK, DISABLED),
)
"""What a webhook can subscribe to; `webhook.test` comes without asking."""

SECRET_PREFIX = "whsec_"  # noqa: S105
OVERLAP = timedelta(hours=24)
"""How long the old key still signs after a rotation."""

RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 2 * 60, 10 * 60, 30 * 60, 2 * 3600, 6 * 3600, 16 * 3600)
)
"""The pauses after each failed try: 24 h 42 min together, before the jitter, which only lengthens them."""
JITTER = 0.2
LONGEST_PAUSE = timedelta(hours=24)
"""More than this a receiver may not ask for in `retry-after`."""
LEASE = timedelta(seconds=45)
"""Longer than the function that delivers may run, so that a claim that lapsed is a deliverer that died."""
KEPT_FOR = timedelta(days=30)
KEPT_ATTEMPTS = 50

NOTED_EVERY = timedelta(minutes=1)
HOPELESS_AFTER = timedelta(days=5)
HOPELESS_IN_A_ROW = 100
GONE = 410
ASKS_FOR_PATIENCE = frozenset({429, 503})

DeliveryState = Literal["pending", "delivered", "failed"]
DisabledReason = Literal["by_hand", "gone", "failing"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something that happened, as customers hear of it. The same event always makes the same message."""

    id: str
    type: str
    at: datetime
    data: dict[str, Any]
    trace_id: str | None = None
    """The trace of the post that it is about, which goes along in a header."""

    @property
    def body(self) -> str:
        """The text that is signed and sent, the same at every try."""
        said = {"type": self.type, "timestamp": stamp(self.at), "data": self.data}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key, sealed; after `until` it no longer signs."""

    sealed: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a workspace wants to hear of what."""

    id: str
    workspace_id: str
    url: str
    events: tuple[str, ...]
    description: str | None
    created_at: datetime
    keys: tuple[SigningKey, ...] = dataclasses.field(default=(), repr=False)
    """The newest first."""
    disabled_at: datetime | None = None
    disabled_reason: DisabledReason | None = None
    rev: int = 0

    def wants(self, type: str) -> bool:
        """Whether an event of this type is to be delivered here."""
        return self.disabled_at is None and (EVERYTHING in self.events or type in self.events)


@dataclass(frozen=True, slots=True)
class Health:
    """How deliveries to a webhook went lately. Counts may miss some of what happened at the same instant."""

    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    failing_since: datetime | None = None
    """When the first try failed of those after the last success."""
    failures: int = 0
    """Failed tries since the last success."""
    exhausted: int = 0
    """Deliveries since the last success that failed for good."""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, and its answer's status or why there was none."""

    at: datetime
    status: int | None
    error: str | None
    duration_ms: int

    @property
    def well(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one webhook."""

    id: str
    """The message's: a receiver that sees it twice knows that it is the same."""
    webhook_id: str
    workspace_id: str
    type: str
    body: str
    created_at: datetime
    state: DeliveryState = "pending"
    next_at: datetime | None = None
    """When it is tried next, or when whoever tries it now must be dead."""
    claimed_until: datetime | None = None
    tries: int = 0
    """Since it was made, or redelivered by hand."""
    attempts: tuple[Attempt, ...] = ()
    trace_id: str | None = None
    version: int = 1
    """Raised with every pause; a message that names another version is stale."""
    rev: int = 0

    @property
    def expires(self) -> datetime:
        """When it may be forgotten."""
        return (self.attempts[-1].at if self.attempts else self.created_at) + KEPT_FOR


def message_id(at: datetime, about: str) -> str:
    """The id of a message: sorts by time, and is the same again for the same event."""
    return f"msg_{int(at.timestamp() * 1000):012x}{hashlib.sha256(about.encode()).hexdigest()[:20]}"


def news(known: int, target: Target) -> list[Message]:
    """What customers hear of in a target's timeline, behind the first `known` lines."""
    lines = list(enumerate(target.events))[known:]
    return [_message(target, number, event) for number, event in lines if event.type in PUBLIC]


def _message(target: Target, number: int, event: Event) -> Message:
    about = f"{target.workspace_id} {target.post_id} {target.id} {number}"
    data = {**_snapshot(target), "sequence": number, "detail": event.detail}
    return Message(message_id(event.at, about), PUBLIC[event.type], event.at, data, target.trace_id)


def _snapshot(target: Target) -> dict[str, Any]:
    error = target.error
    return {
        "workspace_id": target.workspace_id,
        "post_id": target.post_id,
        "target_id": target.id,
        "account_id": target.account_id,
        "platform": target.platform,
        "state": target.state.value,
        "scheduled_at": stamp_of(target.scheduled_at),
        "published_at": stamp_of(target.published_at),
        "lateness_ms": target.lateness_ms,
        "platform_post_id": target.platform_post_id,
        "part_ids": list(target.part_ids),
        "url": target.url,
        "attempts": target.attempts,
        "error": {"code": error.code, "message": error.message, "at": stamp(error.at)} if error else None,
    }


def review_news(workspace_id: str, post_id: str, step: Review) -> Message:
    """What is told of a step of a post's review."""
    data = {
        "workspace_id": workspace_id,
        "post_id": post_id,
        "version": step.version,
        "key_id": step.by,
        "comment": step.comment,
        "scheduled_at": stamp_of(step.scheduled_at),
    }
    return Message(message_id(step.at, f"{workspace_id} {post_id} {step.id}"), REVIEWED[step.step], step.at, data)


def account_news(account: Account, type: str, at: datetime, endangered: Sequence[Target]) -> Message:
    """What is told of an account's credentials, with the targets that need them."""
    data = {
        "workspace_id": account.workspace_id,
        "account_id": account.id,
        "platform": account.platform,
        "name": account.name,
        "handle": account.handle,
        "token_expires_at": stamp_of(account.token_expires_at),
        "endangered": [
            {"post_id": one.post_id, "target_id": one.id, "scheduled_at": stamp_of(one.scheduled_at)}
            for one in endangered
        ],
    }
    return Message(message_id(at, f"{account.id} {type} {stamp(at)}"), type, at, data)


def spike_news(workspace_id: str, spike: Spike) -> Message:
    """What is told of people who suddenly raise their voices."""
    data = {
        "workspace_id": workspace_id,
        "account_id": spike.account_id,
        "platform": spike.platform,
        "hour": spike.hour,
        "count": spike.count,
        "usual": spike.usual,
        "bound": spike.bound,
        "held": spike.held,
    }
    return Message(message_id(spike.at, f"{spike.account_id} {SPIKE} {stamp(spike.at)}"), SPIKE, spike.at, data)


def score_news(
    workspace_id: str, scope: str, window: str, score: Score, previous: float | None, at: datetime
) -> Message:
    """What is told of a score that is another, in whole points, than it was."""
    data = {
        "workspace_id": workspace_id,
        "kind": score.kind,
        **_about(scope),
        "window": window,
        "value": None if score.value is None else round(score.value, 2),
        "previous": None if previous is None else round(previous, 2),
        "confidence": score.confidence,
        "n": score.n,
        "computed_at": stamp(at),
    }
    return Message(message_id(at, f"{workspace_id} {SCORED} {scope} {window} {stamp(at)}"), SCORED, at, data)


def goal_news(workspace_id: str, goal: AtRisk) -> Message:
    """What is told of a week's goal that will not be reached by itself."""
    data = {
        "workspace_id": workspace_id,
        **_about(goal.scope),
        "week": stamp(goal.week),
        "goal": goal.least,
        "published": goal.published,
        "scheduled": goal.scheduled,
        "missing": goal.missing,
    }
    about = f"{workspace_id} {GOAL_AT_RISK} {goal.scope} {stamp(goal.week)}"
    return Message(message_id(goal.at, about), GOAL_AT_RISK, goal.at, data)


def _about(scope: str) -> dict[str, str | None]:
    """What a scope's name says: of which account or platform, or of the workspace where both are None."""
    kind, _, id = scope.partition("#")
    return {"account_id": id if kind == "account" else None, "platform": id if kind == "platform" else None}


def trial(webhook: Webhook, at: datetime, token: str) -> Message:
    """A message that says nothing, for a receiver to be tried with."""
    data = {"workspace_id": webhook.workspace_id, "webhook_id": webhook.id}
    return Message(message_id(at, f"{webhook.id} {token}"), TEST, at, data)


def notice(webhook: Webhook) -> Message:
    """The message that a webhook was disabled, for the workspace's others."""
    at = webhook.disabled_at or webhook.created_at
    data = {
        "workspace_id": webhook.workspace_id,
        "webhook_id": webhook.id,
        "url": webhook.url,
        "reason": webhook.disabled_reason,
    }
    return Message(message_id(at, f"{webhook.id} disabled"), DISABLED, at, data)


def secret_of(raw: bytes) -> str:
    """A key as its owner sees it. The scheme wants 24 to 64 random bytes."""
    if not 24 <= len(raw) <= 64:
        raise ValueError("a signing key has 24 to 64 bytes")
    return SECRET_PREFIX + base64.b64encode(raw).decode()


def signature(secret: str, id: str, at: datetime, body: str) -> str:
    """What one key says about a message."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    said = f"{id}.{int(at.timestamp())}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def signed(secrets: list[str], id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers that a receiver verifies: one signature for each key that is good now."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signature(secret, id, at, body) for secret in secrets),
    }


def good_keys(webhook: Webhook, now: datetime) -> list[SigningKey]:
    """The keys that sign now."""
    return [key for key in webhook.keys if key.until is None or now < key.until]


def rotated(webhook: Webhook, key: SigningKey, now: datetime) -> Webhook:
    """The webhook with a new key; the one before it signs on for a day, so that nothing has to happen at once."""
    before = [dataclasses.replace(old, until=now + OVERLAP) for old in webhook.keys[:1]]
    return dataclasses.replace(webhook, keys=(key, *before))


def pause_before(delivery: Delivery, version: int, now: datetime) -> timedelta | None:
    """How long to wait until it may be tried; None where a message that names this version has nothing to do."""
    if delivery.state != "pending" or delivery.next_at is None or delivery.version != version:
        return None
    if delivery.claimed_until and now < delivery.claimed_until:
        return None
    return max(delivery.next_at - now, timedelta())


def claimed(delivery: Delivery, now: datetime) -> Delivery:
    """The delivery taken by one deliverer. The try counts from here, so that one that kills its deliverer ends too."""
    until = milliseconds(now + LEASE)
    return dataclasses.replace(delivery, claimed_until=until, next_at=until, tries=delivery.tries + 1)


def after(delivery: Delivery, attempt: Attempt, now: datetime, jitter: float, asked: timedelta | None) -> Delivery:
    """The delivery after a try: taken, to be tried again, or failed for good.

    `jitter` in [0, 1) lengthens the pause by up to a fifth; `asked` is the pause that the receiver asked for.
    """
    attempts = (*delivery.attempts, attempt)[-KEPT_ATTEMPTS:]
    done = dataclasses.replace(delivery, attempts=attempts, claimed_until=None)
    if attempt.well:
        return dataclasses.replace(done, state="delivered", next_at=None)
    if attempt.status == GONE or delivery.tries > len(RETRIES):
        return given_up(done)
    pause = max(RETRIES[delivery.tries - 1] * (1 + JITTER * jitter), asked or timedelta())
    return dataclasses.replace(done, next_at=milliseconds(now + pause), version=delivery.version + 1)


def given_up(delivery: Delivery) -> Delivery:
    """The delivery that is not tried any more unless somebody asks."""
    return dataclasses.replace(delivery, state="failed", next_at=None, claimed_until=None)


def redelivered(delivery: Delivery, now: datetime) -> Delivery:
    """The delivery once more from the first try, with its old attempts on record."""
    if delivery.state == "pending":
        raise Conflict("the delivery is still being tried", "still_pending")
    return dataclasses.replace(
        delivery, state="pending", next_at=milliseconds(now), tries=0, version=delivery.version + 1
    )


def asked_pause(status: int | None, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The pause that a receiver asks for with 429 or 503: seconds or an HTTP date, a day at most."""
    text = headers.get("retry-after", "").strip()
    if status not in ASKS_FOR_PATIENCE or not text:
        return None
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST_PAUSE.total_seconds()))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta()), LONGEST_PAUSE)


def worth_noting(health: Health, now: datetime) -> bool:
    """Whether a success says something new: after failures, or a minute after the last one that was noted."""
    if health.failures or health.last_success_at is None:
        return True
    return now - health.last_success_at >= NOTED_EVERY


def healthy(health: Health, now: datetime) -> Health:
    """The health after a success."""
    return Health(milliseconds(now), health.last_failure_at, rev=health.rev)


def unhealthy(health: Health, now: datetime, exhausted: bool) -> Health:
    """The health after a failed try, which may have been the delivery's last."""
    now = milliseconds(now)
    return dataclasses.replace(
        health,
        last_failure_at=now,
        failing_since=health.failing_since or now,
        failures=health.failures + 1,
        exhausted=health.exhausted + exhausted,
    )


def hopeless(health: Health, now: datetime) -> bool:
    """Whether to stop, judged when a delivery has failed for good: five days or a hundred in a row without success."""
    too_long = health.failing_since is not None and now - health.failing_since >= HOPELESS_AFTER
    return health.exhausted > 0 and (too_long or health.exhausted >= HOPELESS_IN_A_ROW)


def disabled(webhook: Webhook, now: datetime, reason: DisabledReason) -> Webhook:
    """The webhook to which nothing is delivered until somebody enables it."""
    return dataclasses.replace(webhook, disabled_at=milliseconds(now), disabled_reason=reason)


def enabled(webhook: Webhook) -> Webhook:
    """The webhook to which things are delivered again."""
    return dataclasses.replace(webhook, disabled_at=None, disabled_reason=None)
