"""/v1/webhooks: register, see, change, rotate, try, and look at what was delivered."""

import json
from typing import Any

import pytest
from standardwebhooks import Webhook as Receiver

from chalicelib.core.conversation import Reply, Request
from chalicelib.core.webhooks import EVENTS
from chalicelib.service.deliver import deliver
from tests.api.client import Api, issues, problem

URL = "https://receiver.test/hook"


def deliver_all(client: Api, *answers: int) -> list[Request]:
    """Carry out what is queued, the receiver giving these statuses; what it got."""
    client.world.web.sent.clear()
    for status in answers:
        client.world.web.expect(f"POST {URL}", Reply(status))
    for errand in client.world.deliveries.receive():
        deliver(client.world, errand)
    return client.world.web.sent


def test_the_key_is_shown_once_and_never_again(client: Api) -> None:
    answer = client.post("/v1/webhooks", {"url": URL, "description": "The desk"})

    assert answer.status_code == 201
    made = answer.json_body
    assert made["secret"].startswith("whsec_")
    assert answer.headers["Location"] == f"https://carillon.test/api/v1/webhooks/{made['id']}"
    shown = client.get(f"/v1/webhooks/{made['id']}").json_body
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert client.get("/v1/webhooks").json_body == {"data": [shown], "next_cursor": None}
    assert (shown["events"], shown["enabled"], shown["consecutive_failures"]) == (["*"], True, 0)


def test_the_key_lies_nowhere_in_the_table_in_the_clear(client: Api) -> None:
    made = client.post("/v1/webhooks", {"url": URL}, idempotency_key="monday").json_body
    turned = client.post(f"/v1/webhooks/{made['id']}/rotate", idempotency_key="tuesday").json_body

    stored = json.dumps([item.doc for item in client.world.table.everything])

    assert made["secret"] not in stored
    assert turned["secret"] not in stored


def test_the_same_request_again_shows_the_same_key(client: Api) -> None:
    first = client.post("/v1/webhooks", {"url": URL}, idempotency_key="monday")
    second = client.post("/v1/webhooks", {"url": URL}, idempotency_key="monday")

    assert (second.body, second.headers["Idempotency-Replayed"]) == (first.body, "true")
    assert len(client.get("/v1/webhooks").json_body["data"]) == 1


def test_an_address_where_nothing_may_be_sent_is_refused_at_once(client: Api) -> None:
    client.world.web.objections[URL] = "is not a public address"

    answer = client.post("/v1/webhooks", {"url": URL})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("url", "unreachable_url")]
    assert "is not a public address" in answer.json_body["issues"][0]["message"]


def test_everything_wrong_is_named_at_once(client: Api) -> None:
    client.world.web.objections[URL] = "only https is allowed"

    answer = client.post("/v1/webhooks", {"url": URL, "events": ["target.published", "target.exploded"]})

    assert issues(answer) == [("events[1]", "unknown_event"), ("url", "unreachable_url")]


@pytest.mark.parametrize("event", [*EVENTS, "*"])
def test_every_event_can_be_subscribed_to(client: Api, event: str) -> None:
    assert client.webhook(events=[event])["events"] == [event]


@pytest.mark.parametrize(
    "wrong", [{"url": "ftp://receiver.test"}, {"url": URL, "events": []}, {"url": URL, "no": 1}, {}]
)
def test_what_is_no_webhook_is_refused(client: Api, wrong: dict[str, Any]) -> None:
    problem(client.post("/v1/webhooks", wrong), 422, "validation_failed")


def test_a_workspace_has_twenty_webhooks_at_most(client: Api) -> None:
    for _ in range(20):
        client.webhook()

    problem(client.post("/v1/webhooks", {"url": URL}), 409, "too_many_webhooks")


def test_a_change_leaves_the_rest_as_it_was(client: Api) -> None:
    made = client.webhook(events=["target.failed"], description="The desk")

    changed = client.patch(f"/v1/webhooks/{made['id']}", {"url": "https://receiver.test/new"}).json_body

    assert changed["url"] == "https://receiver.test/new"
    assert (changed["events"], changed["description"]) == (["target.failed"], "The desk")
    assert client.patch(f"/v1/webhooks/{made['id']}", {"description": None}).json_body["description"] is None


def test_a_webhook_can_be_stopped_and_started_by_hand(client: Api) -> None:
    made = client.webhook()

    stopped = client.patch(f"/v1/webhooks/{made['id']}", {"enabled": False}).json_body
    assert (stopped["enabled"], stopped["disabled_reason"]) == (False, "by_hand")
    problem(client.post(f"/v1/webhooks/{made['id']}/test"), 409, "webhook_disabled")

    started = client.patch(f"/v1/webhooks/{made['id']}", {"enabled": True}).json_body
    assert (started["enabled"], started["disabled_at"], started["disabled_reason"]) == (True, None, None)


def test_a_deleted_webhook_is_gone_with_what_was_on_its_way(client: Api) -> None:
    made = client.webhook()
    client.post(f"/v1/webhooks/{made['id']}/test")

    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204

    problem(client.get(f"/v1/webhooks/{made['id']}"), 404, "not_found")
    problem(client.delete(f"/v1/webhooks/{made['id']}"), 404, "not_found")
    assert deliver_all(client) == []


def test_a_test_event_goes_the_way_of_every_other_and_is_on_record(client: Api) -> None:
    made = client.webhook(events=["target.failed"])

    answer = client.post(f"/v1/webhooks/{made['id']}/test")
    assert (answer.status_code, answer.json_body["state"]) == (202, "pending")
    (sent,) = deliver_all(client, 200)

    assert json.loads(sent.content or b"")["type"] == "webhook.test"
    (delivery,) = client.get(f"/v1/webhooks/{made['id']}/deliveries").json_body["data"]
    assert (delivery["id"], delivery["state"]) == (answer.json_body["id"], "delivered")
    assert [one["status"] for one in delivery["attempts"]] == [200]
    assert client.get(f"/v1/webhooks/{made['id']}").json_body["last_success_at"] is not None


def test_after_a_rotation_receivers_with_either_key_accept(client: Api) -> None:
    made = client.webhook()
    turned = client.post(f"/v1/webhooks/{made['id']}/rotate")
    assert turned.status_code == 201
    assert turned.json_body["secret"] != made["secret"]

    client.post(f"/v1/webhooks/{made['id']}/test")
    (sent,) = deliver_all(client, 200)

    for secret in (made["secret"], turned.json_body["secret"]):
        signer = Receiver(secret)
        at = client.world.clock.now()
        wanted = signer.sign(sent.headers["webhook-id"], at, (sent.content or b"").decode())
        assert wanted in sent.headers["webhook-signature"].split(" ")


def test_deliveries_come_in_pages_and_by_state(client: Api) -> None:
    made = client.webhook()
    ids = []
    for status in (200, 500, 200):
        ids.append(client.post(f"/v1/webhooks/{made['id']}/test").json_body["id"])
        client.world.clock.advance(1)
        deliver_all(client, status)

    path = f"/v1/webhooks/{made['id']}/deliveries"
    first = client.get(f"{path}?limit=2").json_body
    rest = client.get(f"{path}?limit=2&cursor={first['next_cursor']}").json_body

    assert [one["id"] for one in first["data"] + rest["data"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert [one["id"] for one in client.get(f"{path}?state=pending").json_body["data"]] == [ids[1]]
    problem(client.get(f"{path}?state=lost"), 400, "invalid_query")


def test_a_delivery_is_made_again_under_the_same_id(client: Api) -> None:
    made = client.webhook()
    delivery = client.post(f"/v1/webhooks/{made['id']}/test").json_body
    again = f"/v1/webhooks/{made['id']}/deliveries/{delivery['id']}/redeliver"
    problem(client.post(again), 409, "still_pending")
    (first,) = deliver_all(client, 200)
    before = first.headers["webhook-id"]

    assert client.post(again).status_code == 202
    (second,) = deliver_all(client, 200)

    assert second.headers["webhook-id"] == before
    assert second.content == first.content
    problem(client.post(again.replace(delivery["id"], "msg_nothing")), 404, "not_found")
