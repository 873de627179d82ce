"""From a post to its author's own server: table stream, outbox, queue, deliverer, signature."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from infra.emulator import HOST, free_port
from infra.local import STAGE, Service, running_service
from infra.trace import life, saying
from tests.e2e.receiver import Receiver
from tests.e2e.tenant import PATIENCE, Json, Tenant, eventually, made, soon, tenant

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver(free_port()) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Service]:
    """A service that may call the receiver, which is on this machine."""
    parameters = {"AllowedPrivateHosts": f"{HOST}:{receiver.port}"}
    with running_service(tmp_path_factory.mktemp("webhooks"), parameters) as running:
        yield running


@pytest.fixture(scope="module")
def owner(service: Service) -> Iterator[Tenant]:
    with tenant(service.url, service.workspace_id, service.key) as owner:
        yield owner


def registered(owner: Tenant, url: str, **fields: object) -> Json:
    return made(owner.api.post("/v1/webhooks", json={"url": url, **fields}))


def shown(owner: Tenant, path: str) -> Json:
    return made(owner.api.get(path))


def events(receiver: Receiver, path: str, post: Json) -> list[Json]:
    """What came to a path about a post, once each, in the order of its target's timeline."""
    told = {headers["webhook-id"]: json.loads(body) for headers, body in receiver.at(path)}
    mine = [event for event in told.values() if event["data"].get("post_id") == post["id"]]
    return sorted(mine, key=lambda event: int(event["data"]["sequence"]))


def test_every_change_of_a_target_arrives_signed(owner: Tenant, receiver: Receiver) -> None:
    webhook = registered(owner, receiver.url("/good"))

    post = owner.ended(owner.post([owner.sandbox()], publish="now"))

    def types() -> list[str]:
        return [event["type"] for event in events(receiver, "/good", post)]

    eventually(types, lambda found: found == ["target.scheduled", "target.published"])
    said = events(receiver, "/good", post)[-1]["data"]
    target = post["targets"][0]
    assert (said["target_id"], said["state"], said["url"]) == (target["id"], "published", target["url"])
    for headers, body in receiver.at("/good"):
        Webhook(webhook["secret"]).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(webhook["secret"]).verify(body.replace(b"published", b"publishes"), headers | {"webhook-id": "x"})


def test_one_id_tells_a_posts_whole_life_from_the_call_to_what_people_did(
    service: Service, owner: Tenant, receiver: Receiver
) -> None:
    trace_id, account = uuid4().hex, owner.sandbox()
    registered(owner, receiver.url("/traced"), events=["target.published"])
    made(owner.api.post(f"/v1/accounts/{account}/callbacks/standard", json={"secrets": {"signing_secret": TOOLS}}))
    draft = {"text": "Nine", "targets": [{"account_id": account}], "publish": "now"}
    answer = owner.api.post("/v1/posts", json=draft, headers={"traceparent": f"00-{trace_id}-{'b' * 16}-01"})
    post = owner.ended(made(answer))
    eventually(lambda: receiver.at("/traced"), bool)
    people_like(service, account, post["targets"][0]["platform_post_id"])
    assert (
        httpx.post(f"{service.url}/v1/callbacks/standard/{account}", timeout=PATIENCE, trust_env=False).status_code
        == 401
    )

    lines = eventually(
        lambda: life(service.client("logs"), STAGE, post["id"]),
        lambda found: {"counted", "delivered"} <= {line.said["event"] for line in found},
    )

    assert {line.said["trace_id"] for line in lines} == {trace_id}
    assert {(line.function, line.said["event"]) for line in lines} == {
        *(("api", "accepted"), ("api", "scheduled"), ("api", "request")),
        *(("publish", "claimed"), ("publish", "leaving"), ("publish", "answered"), ("publish", "published")),
        *(("tell", "told"), ("deliver", "delivered"), ("ingest", "counted")),
    }
    assert {headers["traceparent"][3:35] for headers, _ in receiver.at("/traced")} == {trace_id}
    assert answer.headers["traceparent"][3:35] == post["trace_id"] == trace_id
    (refused,) = saying(service.client("logs"), STAGE, "callback_refused")
    assert refused.said["account"] == account, "what Python logs is a line, too"


TOOLS = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""With which a tool of the customer's signs what people did."""


def people_like(service: Service, account_id: str, message_id: str) -> None:
    at = datetime.now(UTC)
    event = {"type": "engagement", "timestamp": at.isoformat(), "data": {"kind": "like", "post_id": message_id}}
    body, id = json.dumps(event), f"evt_{uuid4().hex}"
    headers = {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp()))}
    headers["webhook-signature"] = Webhook(TOOLS).sign(id, at, body)
    url = f"{service.url}/v1/callbacks/standard/{account_id}"
    assert httpx.post(url, content=body, headers=headers, timeout=PATIENCE, trust_env=False).is_success


def test_posts_go_out_while_one_receiver_hangs_and_another_breaks(owner: Tenant, receiver: Receiver) -> None:
    receiver.moods |= {"/hangs": None, "/breaks": 500}
    stuck = [registered(owner, receiver.url(path)) for path in ("/hangs", "/breaks")]

    waiting = [owner.post([owner.sandbox()], scheduled_at=soon(8).isoformat()) for _ in range(3)]
    eventually(lambda: len(receiver.at("/hangs")), lambda hanging: hanging >= 3)
    posts = [owner.ended(post) for post in waiting]
    posts += [owner.ended(owner.post([owner.sandbox()], publish="now"))]

    assert [target["state"] for post in posts for target in post["targets"]] == ["published"] * 4
    for webhook in stuck:
        path = f"/v1/webhooks/{webhook['id']}"
        health = eventually(partial(shown, owner, path), lambda now: now["consecutive_failures"] > 0)
        assert (health["enabled"], health["last_success_at"]) == (True, None)
        assert {one["state"] for one in made(owner.api.get(f"{path}/deliveries"))["data"]} == {"pending"}


def test_a_receiver_that_recovers_gets_what_it_missed_under_the_same_id(owner: Tenant, receiver: Receiver) -> None:
    receiver.moods["/recovers"] = 503
    webhook = registered(owner, receiver.url("/recovers"), events=["target.published"])
    test = made(owner.api.post(f"/v1/webhooks/{webhook['id']}/test"))
    eventually(lambda: receiver.at("/recovers"), bool)

    receiver.moods["/recovers"] = 200

    path = f"/v1/webhooks/{webhook['id']}/deliveries"
    (delivery,) = eventually(lambda: made(owner.api.get(path))["data"], lambda data: data[0]["state"] == "delivered")
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503, 200]
    assert {headers["webhook-id"] for headers, _ in receiver.at("/recovers")} == {test["id"]}


def test_a_private_address_is_refused_when_it_is_registered(owner: Tenant) -> None:
    for url in ("http://169.254.169.254/latest", "https://127.0.0.1/hook", "https://[::1]/hook", "https://10.0.0.1/"):
        answer = owner.api.post("/v1/webhooks", json={"url": url})
        assert answer.status_code == 422, url
        assert [issue["code"] for issue in answer.json()["issues"]] == ["unreachable_url"]
