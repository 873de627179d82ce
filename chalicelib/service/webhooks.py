"""Webhooks: register, change, rotate and try them. A signing key is shown once and kept sealed."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from chalicelib.core import webhooks
from chalicelib.core.errors import Conflict, Invalid, Issue, NotFound, Stale
from chalicelib.core.post import Line, Url, Value
from chalicelib.core.timing import milliseconds
from chalicelib.core.webhooks import EVENTS, EVERYTHING, Delivery, DisabledReason, Health, SigningKey, Webhook
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import deliveries, records, sealing

PREFIX = "WEBHOOK#"
MOST = 20
"""Webhooks that a workspace may have: each makes a delivery of every event."""
TRIES = 5

Events = Annotated[
    tuple[Annotated[str, Field(json_schema_extra={"enum": [*EVENTS, EVERYTHING]})], ...],
    Field(min_length=1, max_length=len(EVENTS)),
]


class NewWebhook(Value):
    """Where to deliver, and which events: `*` is all of them, those to come included."""

    url: Url
    events: Events = (EVERYTHING,)
    description: Line | None = None


class WebhookPatch(Value):
    """A change: only the fields given change. Enabling forgets past failures."""

    url: Url | None = None
    events: Events | None = None
    description: Line | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A webhook as its owner may see it; `secret` only when it was just made."""

    webhook: Webhook
    health: Health
    secret: str | None = field(default=None, repr=False)


def register(world: World, workspace_id: str, new: NewWebhook, seed: str | None = None) -> Shown:
    """A new webhook and its first key. The same `seed` makes the same webhook once."""
    _check(world, new.url, new.events)
    if seed and find(world, workspace_id, f"wh_{seed}"):
        return rotate(world, workspace_id, f"wh_{seed}")  # the first answer was lost, and with it the key
    if len(of(world, workspace_id)) >= MOST:
        raise Conflict(f"a workspace has at most {MOST} webhooks", "too_many_webhooks")
    webhook_id = f"wh_{seed or world.chance.token().lower()}"
    secret, key = _new_key(world, workspace_id, webhook_id)
    webhook = Webhook(
        webhook_id, workspace_id, new.url, new.events, new.description, milliseconds(world.clock.now()), (key,)
    )
    return Shown(_save(world, webhook), Health(), secret)


def of(world: World, workspace_id: str) -> list[Webhook]:
    """All webhooks of a workspace, oldest first."""
    return [_webhook(item) for item in world.table.items(records.workspace_pk(workspace_id), PREFIX)]


def find(world: World, workspace_id: str, webhook_id: str) -> Webhook | None:
    """The webhook, or None."""
    item = world.table.get(_key(workspace_id, webhook_id))
    return _webhook(item) if item else None


def get(world: World, workspace_id: str, webhook_id: str) -> Webhook:
    """The webhook; NotFound where this workspace has none of that id."""
    found = find(world, workspace_id, webhook_id)
    if found is None:
        raise NotFound(f"there is no webhook {webhook_id}")
    return found


def show(world: World, *shown: Webhook) -> list[Shown]:
    """Webhooks with how deliveries to them went."""
    items = world.table.get_many([_health_key(one) for one in shown])
    found = {item.key: _health(item) for item in items}
    return [Shown(one, found.get(_health_key(one), Health())) for one in shown]


def change(world: World, workspace_id: str, webhook_id: str, patch: WebhookPatch) -> Shown:
    """Change what is given."""
    _check(world, patch.url, patch.events)
    given = patch.model_dump(exclude_unset=True, exclude={"enabled"})
    wanted = {name: value for name, value in given.items() if value is not None or name == "description"}
    now = world.clock.now()

    def changed(webhook: Webhook) -> Webhook:
        webhook = dataclasses.replace(webhook, **wanted)
        if patch.enabled:
            return webhooks.enabled(webhook)
        stop = patch.enabled is False and webhook.disabled_at is None
        return webhooks.disabled(webhook, now, "by_hand") if stop else webhook

    if patch.enabled:
        world.table.write(Delete(_health_key(get(world, workspace_id, webhook_id))))
    return show(world, _change(world, workspace_id, webhook_id, changed))[0]


def delete(world: World, workspace_id: str, webhook_id: str) -> None:
    """Forget the webhook; what is still on its way to it is not tried any more."""
    webhook = get(world, workspace_id, webhook_id)
    world.table.write(Delete(_key(workspace_id, webhook_id)), Delete(_health_key(webhook)))


def rotate(world: World, workspace_id: str, webhook_id: str) -> Shown:
    """A new key; the old one signs beside it for a day."""
    secret, key = _new_key(world, workspace_id, webhook_id)
    now = milliseconds(world.clock.now())
    webhook = _change(world, workspace_id, webhook_id, lambda old: webhooks.rotated(old, key, now))
    return dataclasses.replace(show(world, webhook)[0], secret=secret)


def secrets(world: World, webhook: Webhook) -> list[str]:
    """The keys that sign now, opened."""
    good = webhooks.good_keys(webhook, world.clock.now())
    place = _signing_key(webhook.workspace_id, webhook.id)
    return [webhooks.secret_of(sealing.unseal(world, place, key.sealed).encode()) for key in good]


def try_out(world: World, workspace_id: str, webhook_id: str) -> Delivery:
    """Send a message that says nothing, as every other is sent."""
    webhook = _enabled(get(world, workspace_id, webhook_id))
    message = webhooks.trial(webhook, milliseconds(world.clock.now()), world.chance.token())
    delivery = deliveries.store(world, message, webhook)
    deliveries.send(world, [delivery])
    return delivery


def redeliver(world: World, workspace_id: str, webhook_id: str, delivery_id: str) -> Delivery:
    """Try a delivery again from the start, now."""
    return deliveries.redeliver(world, _enabled(get(world, workspace_id, webhook_id)), delivery_id)


def note(world: World, webhook: Webhook, well: bool, exhausted: bool) -> Health:
    """Keep in mind how a try went. Under contention one may go uncounted: the judgement needs no exact count."""
    now, health = world.clock.now(), Health()
    for _ in range(TRIES):
        item = world.table.get(_health_key(webhook))
        old = _health(item) if item else Health()
        if well and not webhooks.worth_noting(old, now):
            return old
        health = webhooks.healthy(old, now) if well else webhooks.unhealthy(old, now, exhausted)
        try:
            world.table.write(Put(Item(_health_key(webhook), records.to_doc(health)), expect=old.rev))
        except Stale:
            continue
        break
    return health


def disable(world: World, webhook: Webhook, reason: DisabledReason) -> None:
    """Stop delivering to a webhook, and tell the workspace's others."""
    now = milliseconds(world.clock.now())
    if webhook.disabled_at:
        return
    try:
        stopped = _save(world, webhooks.disabled(webhook, now, reason))
    except Stale:
        return  # somebody changed or disabled it just now; the next failure will tell
    others = [other for other in of(world, webhook.workspace_id) if other.id != webhook.id]
    deliveries.post(world, webhooks.notice(stopped), others)


def _change(world: World, workspace_id: str, webhook_id: str, move: Callable[[Webhook], Webhook]) -> Webhook:
    for _ in range(TRIES):
        old = get(world, workspace_id, webhook_id)
        try:
            return _save(world, move(old))
        except Stale:
            continue
    raise Stale("somebody else keeps changing this webhook")


def _save(world: World, webhook: Webhook) -> Webhook:
    item = Item(_key(webhook.workspace_id, webhook.id), records.to_doc(webhook))
    world.table.write(Put(item, expect=webhook.rev))
    return dataclasses.replace(webhook, rev=webhook.rev + 1)


def _check(world: World, url: str | None, events: tuple[str, ...] | None) -> None:
    """Raises Invalid with everything that is wrong."""
    issues = [
        Issue("unknown_event", "error", f"events[{number}]", f"there is no event of this name; there are {_names()}")
        for number, name in enumerate(events or ())
        if name not in (*EVENTS, EVERYTHING)
    ]
    objection = world.web.objection(url) if url else None
    if objection:
        issues.append(Issue("unreachable_url", "error", "url", f"nothing can be delivered there: {objection}"))
    if issues:
        raise Invalid(issues)


def _names() -> str:
    return ", ".join((*EVENTS, EVERYTHING))


def _enabled(webhook: Webhook) -> Webhook:
    if webhook.disabled_at:
        raise Conflict("the webhook is disabled; enable it first", "webhook_disabled")
    return webhook


def _new_key(world: World, workspace_id: str, webhook_id: str) -> tuple[str, SigningKey]:
    raw = world.chance.secret()
    sealed = sealing.seal(world, _signing_key(workspace_id, webhook_id), raw)
    return webhooks.secret_of(raw.encode()), SigningKey(sealed)


def _signing_key(workspace_id: str, webhook_id: str) -> sealing.Place:
    return sealing.Place(workspace_id, _key(workspace_id, webhook_id), "signing_key")


def _key(workspace_id: str, webhook_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{webhook_id}")


def _health_key(webhook: Webhook) -> Key:
    return Key(records.workspace_pk(webhook.workspace_id), f"WEBHOOK_HEALTH#{webhook.id}")


def _webhook(item: Item) -> Webhook:
    return records.from_doc(Webhook, {**item.doc, "rev": item.rev})


def _health(item: Item) -> Health:
    return records.from_doc(Health, {**item.doc, "rev": item.rev})
