"""Carry out one delivery: claim it, sign it, send it, and write down what became of it."""

import logging
from datetime import datetime, timedelta

from chalicelib.core import webhooks as rules
from chalicelib.core.conversation import Effect, Reply, Request
from chalicelib.core.errors import Stale, TransportFailure
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.core.trace import traceparent
from chalicelib.core.webhooks import Attempt, Delivery, Webhook
from chalicelib.ports import Errand, World
from chalicelib.service import deliveries, journal, schedule, webhooks

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
"""For everything of one try together, however slowly the receiver drips."""
HEADERS = {"content-type": "application/json", "user-agent": "Carillon-Webhooks/1"}


def deliver(world: World, errand: Errand) -> None:
    """Do what this errand asks for, if it still holds."""
    delivery = deliveries.find(world, errand.workspace_id, errand.webhook_id, errand.delivery_id)
    now = world.clock.now()
    pause = rules.pause_before(delivery, errand.version, now) if delivery else None
    if delivery is None or pause is None:
        return
    with journal.about(**deliveries.ids(delivery)):
        _look_at(world, errand, delivery, now, pause)


def _look_at(world: World, errand: Errand, delivery: Delivery, now: datetime, pause: timedelta) -> None:
    if pause:
        world.deliveries.send([(errand, float(schedule.delay(now + pause, now)))])
        return
    webhook = webhooks.find(world, errand.workspace_id, errand.webhook_id)
    try:
        if webhook is None or webhook.disabled_at:
            deliveries.save(world, rules.given_up(delivery))
        else:
            secrets = webhooks.secrets(world, webhook)
            _carry_out(world, webhook, deliveries.save(world, rules.claimed(delivery, now)), secrets)
    except Stale:
        log.info("overtaken")


def _carry_out(world: World, webhook: Webhook, delivery: Delivery, secrets: list[str]) -> None:
    """Try a claimed delivery once."""
    started = milliseconds(world.clock.now())
    request = Request(
        "POST",
        webhook.url,
        headers={**HEADERS, **_traced(delivery), **rules.signed(secrets, delivery.id, started, delivery.body)},
        content=delivery.body.encode(),
        effect=Effect.CREATE,
        timeout=TIMEOUT_SECONDS,
    )
    attempt, asked = _sent(world, request, started)
    now = world.clock.now()
    after = deliveries.save(world, rules.after(delivery, attempt, now, world.chance.fraction(), asked))
    _say(after, attempt)
    deliveries.send(world, [after])
    _judge(world, webhook, attempt, after, now)


def _traced(delivery: Delivery) -> dict[str, str]:
    """The header by which the receiver's own tracing goes on with ours; each try is another caller."""
    if delivery.trace_id is None:
        return {}
    return {"traceparent": traceparent(delivery.trace_id, f"{delivery.id} {delivery.webhook_id} {delivery.version}")}


def _say(after: Delivery, attempt: Attempt) -> None:
    event = "delivered" if attempt.well else "not_delivered"
    again = stamp(after.next_at) if after.next_at else None
    journal.line(
        event, type=after.type, attempt=after.tries, status=attempt.status, took_ms=attempt.duration_ms, again=again
    )


def _sent(world: World, request: Request, started: datetime) -> tuple[Attempt, timedelta | None]:
    """How the try went, and the pause that the receiver asked for."""
    reply, error = _answer(world, request)
    now = world.clock.now()
    took = round((now - started).total_seconds() * 1000)
    status = reply.status if reply else None
    asked = rules.asked_pause(status, reply.headers, now) if reply else None
    return Attempt(started, status, error, took), asked


def _answer(world: World, request: Request) -> tuple[Reply | None, str | None]:
    """What the receiver said, of which only the status counts; or why it said nothing."""
    try:
        return world.web.send(request), None
    except (TransportFailure, ValueError) as failure:
        return None, str(failure)


def _judge(world: World, webhook: Webhook, attempt: Attempt, after: Delivery, now: datetime) -> None:
    """Keep in mind how it went, and stop delivering where the receiver is gone or hopeless."""
    exhausted = after.state == "failed"
    health = webhooks.note(world, webhook, attempt.well, exhausted)
    if attempt.status == rules.GONE:
        webhooks.disable(world, webhook, "gone")
    elif exhausted and rules.hopeless(health, now):
        webhooks.disable(world, webhook, "failing")
