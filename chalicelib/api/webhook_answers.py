"""The JSON of webhooks and their deliveries."""

import json

from typing_extensions import TypedDict

from chalicelib.api.answers import Json
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.core.webhooks import Attempt, Delivery, DeliveryState, DisabledReason
from chalicelib.service.webhooks import Shown


class WebhookAnswer(TypedDict):
    """Where events are delivered, and how that went lately. The signing key is not shown again."""

    id: str
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    disabled_at: str | None
    disabled_reason: DisabledReason | None
    created_at: str
    last_success_at: str | None
    last_failure_at: str | None
    failing_since: str | None
    consecutive_failures: int


class WebhookWithSecretAnswer(WebhookAnswer):
    """A webhook with the signing key that was just made."""

    secret: str


class TryAnswer(TypedDict):
    """One try: the receiver's status, or why there was none."""

    at: str
    status: int | None
    error: str | None
    duration_ms: int


class DeliveryAnswer(TypedDict):
    """One event on its way to one webhook. `id` is its `webhook-id`."""

    id: str
    type: str
    state: DeliveryState
    created_at: str
    next_attempt_at: str | None
    attempts: list[TryAnswer]
    payload: Json


def webhook_answer(shown: Shown) -> WebhookAnswer:
    """A webhook as JSON."""
    webhook, health = shown.webhook, shown.health
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "description": webhook.description,
        "enabled": webhook.disabled_at is None,
        "disabled_at": stamp_of(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason,
        "created_at": stamp(webhook.created_at),
        "last_success_at": stamp_of(health.last_success_at),
        "last_failure_at": stamp_of(health.last_failure_at),
        "failing_since": stamp_of(health.failing_since),
        "consecutive_failures": health.failures,
    }


def delivery_answer(delivery: Delivery) -> DeliveryAnswer:
    """A delivery as JSON."""
    return {
        "id": delivery.id,
        "type": delivery.type,
        "state": delivery.state,
        "created_at": stamp(delivery.created_at),
        "next_attempt_at": stamp_of(delivery.next_at),
        "attempts": [_try(attempt) for attempt in delivery.attempts],
        "payload": json.loads(delivery.body),
    }


def _try(attempt: Attempt) -> TryAnswer:
    return {
        "at": stamp(attempt.at),
        "status": attempt.status,
        "error": attempt.error,
        "duration_ms": attempt.duration_ms,
    }
