"""/v1/webhooks: hear of every change of a target. Signed by the Standard Webhooks scheme, delivered at least once."""

from typing import Any

from chalicelib.api.answers import Json, ListAnswer
from chalicelib.api.route import Answer, Call, PageQuery, route
from chalicelib.api.webhook_answers import (
    DeliveryAnswer,
    WebhookAnswer,
    WebhookWithSecretAnswer,
    delivery_answer,
    webhook_answer,
)
from chalicelib.core.webhooks import DeliveryState
from chalicelib.service import deliveries, webhooks
from chalicelib.service.webhooks import NewWebhook, Shown, WebhookPatch


class DeliveriesQuery(PageQuery):
    """Which deliveries are wanted."""

    state: DeliveryState | None = None


@route(
    "POST",
    "/v1/webhooks",
    needs="webhooks:write",
    answers={201: WebhookWithSecretAnswer},
    kept=True,
    sealed=True,
    audited=True,
)
def create_webhook(call: Call, body: NewWebhook) -> Answer:
    """Register a webhook; its signing key is shown this once."""
    made = webhooks.register(call.world, call.workspace_id, body, call.seed)
    return Answer(201, _with_secret(made), {"Location": f"{call.base}/v1/webhooks/{made.webhook.id}"})


@route("GET", "/v1/webhooks", needs="webhooks:read", answers={200: ListAnswer[WebhookAnswer]})
def list_webhooks(call: Call) -> Answer:
    """The workspace's webhooks, oldest first."""
    shown = webhooks.show(call.world, *webhooks.of(call.world, call.workspace_id))
    return Answer(200, {"data": [webhook_answer(each) for each in shown], "next_cursor": None})


@route("GET", "/v1/webhooks/{webhook_id}", needs="webhooks:read", answers={200: WebhookAnswer})
def get_webhook(call: Call, webhook_id: str) -> Answer:
    """One webhook, with how deliveries to it went."""
    shown = webhooks.show(call.world, webhooks.get(call.world, call.workspace_id, webhook_id))
    return Answer(200, webhook_answer(shown[0]))


@route("PATCH", "/v1/webhooks/{webhook_id}", needs="webhooks:write", answers={200: WebhookAnswer}, audited=True)
def edit_webhook(call: Call, webhook_id: str, body: WebhookPatch) -> Answer:
    """Change a webhook; fields that are not given stay as they are."""
    return Answer(200, webhook_answer(webhooks.change(call.world, call.workspace_id, webhook_id, body)))


@route("DELETE", "/v1/webhooks/{webhook_id}", needs="webhooks:write", answers={204: None}, audited=True)
def delete_webhook(call: Call, webhook_id: str) -> Answer:
    """Forget a webhook and what is still on its way to it."""
    webhooks.delete(call.world, call.workspace_id, webhook_id)
    return Answer(204)


@route(
    "POST",
    "/v1/webhooks/{webhook_id}/rotate",
    needs="webhooks:write",
    answers={201: WebhookWithSecretAnswer},
    kept=True,
    sealed=True,
    audited=True,
)
def rotate_webhook_secret(call: Call, webhook_id: str) -> Answer:
    """Make a new signing key, shown this once; for 24 hours the old one signs beside it."""
    return Answer(201, _with_secret(webhooks.rotate(call.world, call.workspace_id, webhook_id)))


@route(
    "POST",
    "/v1/webhooks/{webhook_id}/test",
    needs="webhooks:write",
    answers={202: DeliveryAnswer},
    kept=True,
    audited=True,
)
def test_webhook(call: Call, webhook_id: str) -> Answer:
    """Send a `webhook.test` event now, the way every event goes."""
    return Answer(202, delivery_answer(webhooks.try_out(call.world, call.workspace_id, webhook_id)))


@route(
    "GET",
    "/v1/webhooks/{webhook_id}/deliveries",
    needs="webhooks:read",
    answers={200: ListAnswer[DeliveryAnswer]},
)
def list_deliveries(call: Call, webhook_id: str, query: DeliveriesQuery) -> Answer:
    """What was delivered, or is to be, of the last 30 days, latest first."""
    webhook = webhooks.get(call.world, call.workspace_id, webhook_id)
    page = deliveries.page(call.world, webhook, query.state, query.limit, query.cursor)
    return Answer(200, {"data": [delivery_answer(each) for each in page.data], "next_cursor": page.next_cursor})


@route(
    "POST",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    needs="webhooks:write",
    answers={202: DeliveryAnswer},
    kept=True,
    audited=True,
)
def redeliver(call: Call, webhook_id: str, delivery_id: str) -> Answer:
    """Deliver it once more, from the first try, under the same id."""
    again = webhooks.redeliver(call.world, call.workspace_id, webhook_id, delivery_id)
    return Answer(202, delivery_answer(again))


def _with_secret(shown: Shown) -> Any:
    made: Json = {**webhook_answer(shown), "secret": shown.secret}
    return made
