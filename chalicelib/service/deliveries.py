"""Deliveries: one row for each message on its way to each webhook, and an errand on the queue for what is due soon."""

import dataclasses
import json
from collections.abc import Sequence
from contextlib import suppress

from chalicelib.core import webhooks
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.timing import milliseconds
from chalicelib.core.webhooks import Delivery, DeliveryState, Message, Webhook
from chalicelib.ports import Errand, Item, Put, World
from chalicelib.service import journal, records, schedule
from chalicelib.service.reading import SCANNED, Page

PAGE = 50


def ids(delivery: Delivery) -> dict[str, str | None]:
    """What names a delivery in a line, with the target that it is about."""
    about: dict[str, str] = json.loads(delivery.body)["data"]
    names = {"post": about.get("post_id"), "target": about.get("target_id"), "account": about.get("account_id")}
    places = {"workspace": delivery.workspace_id, "webhook": delivery.webhook_id, "delivery": delivery.id}
    return {**places, **names, "trace_id": delivery.trace_id}


def post(world: World, message: Message, to: Sequence[Webhook]) -> list[Delivery]:
    """Send a message to those of the webhooks that want it. The same message again changes nothing."""
    made = [store(world, message, webhook) for webhook in to if webhook.wants(message.type)]
    send(world, made)
    return made


def store(world: World, message: Message, webhook: Webhook) -> Delivery:
    """The delivery of a message to a webhook, its row written unless it is there already."""
    now = milliseconds(world.clock.now())
    delivery = Delivery(
        message.id,
        webhook.id,
        webhook.workspace_id,
        message.type,
        message.body,
        created_at=now,
        next_at=now,
        trace_id=message.trace_id or journal.trace_id(),
    )
    with suppress(Stale):
        return save(world, delivery)
    return delivery


def save(world: World, delivery: Delivery) -> Delivery:
    """Write a delivery, on condition that nobody wrote it since it was read."""
    world.table.write(Put(_item(delivery), expect=delivery.rev))
    return dataclasses.replace(delivery, rev=delivery.rev + 1)


def send(world: World, deliveries: Sequence[Delivery]) -> None:
    """Queue what is due within the queue's reach; later ones are left to the sweep."""
    now = world.clock.now()
    errands = [
        (errand_of(one), float(schedule.delay(one.next_at, now)))
        for one in deliveries
        if one.next_at and (one.next_at - now).total_seconds() <= schedule.MAX_DELAY_SECONDS
    ]
    if errands:
        world.deliveries.send(errands)


def errand_of(delivery: Delivery) -> Errand:
    """The message that has this delivery tried as it is now."""
    return Errand(delivery.workspace_id, delivery.webhook_id, delivery.id, delivery.version)


def find(world: World, workspace_id: str, webhook_id: str, delivery_id: str) -> Delivery | None:
    """The delivery, or None."""
    item = world.table.get(records.delivery_key(workspace_id, webhook_id, delivery_id))
    return _delivery(item) if item else None


def page(
    world: World,
    webhook: Webhook,
    state: DeliveryState | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Delivery]:
    """The latest deliveries first; a page may be short and still have a next one."""
    pk, after, data = records.deliveries_pk(webhook.workspace_id, webhook.id), cursor or "", list[Delivery]()
    for _ in range(SCANNED // PAGE):
        items = world.table.items(pk, limit=PAGE, after=after, reverse=True)
        for one in map(_delivery, items):
            after = one.id
            if state is None or one.state == state:
                data.append(one)
                if len(data) == limit:
                    return Page(data, after)
        if len(items) < PAGE:
            return Page(data)
    return Page(data, after)


def redeliver(world: World, webhook: Webhook, delivery_id: str) -> Delivery:
    """Try a delivery again from the start, now."""
    delivery = find(world, webhook.workspace_id, webhook.id, delivery_id)
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    again = save(world, webhooks.redelivered(delivery, world.clock.now()))
    send(world, [again])
    return again


def _item(delivery: Delivery) -> Item:
    open_place = records.delivery_place(delivery.id, delivery.next_at) if delivery.next_at else None
    key = records.delivery_key(delivery.workspace_id, delivery.webhook_id, delivery.id)
    doc = records.to_doc(delivery)
    return Item(key, doc, open=open_place, version=delivery.version, expires=delivery.expires)


def _delivery(item: Item) -> Delivery:
    return records.from_doc(Delivery, {**item.doc, "rev": item.rev})
