"""/v1/posts/{post_id}/targets as its clients see it: a person's word, the record, and the receipt."""

from typing import Any

import jwt
import pytest

from chalicelib.core.conversation import Idempotency, Safety
from chalicelib.core.post import Content
from chalicelib.core.receipt import content_hash
from chalicelib.platforms import platform
from chalicelib.service.publish import publish
from tests.api.client import Api, issues, problem
from tests.fakes import world
from tests.service.sandbox_web import SandboxWeb

Json = dict[str, Any]

URL = "https://sandbox.example/@tower/1"


@pytest.fixture
def client() -> Api:
    """A client of a service whose sandbox answers; what is on the queue is worked off by `work`."""
    web = SandboxWeb()
    fakes = world(web=web)
    web.world = fakes
    return Api(fakes)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that offers neither a key nor a way to look."""
    monkeypatch.setattr(
        type(platform("sandbox")), "idempotency", lambda self, account: Idempotency(Safety.NONE, readable=False)
    )


def work(client: Api, seconds: float = 200) -> None:
    """Do what is on the queue, as long as there is something within these seconds."""
    end = client.world.clock.now().timestamp() + seconds
    while client.world.queue.next_at and client.world.queue.next_at.timestamp() <= end:
        client.world.clock.sleep_until(client.world.queue.next_at)
        for wake in client.world.queue.receive():
            publish(client.world, wake)


def posted(client: Api, fault: str | None = None) -> tuple[str, Json]:
    """Where the only target of a new post is, and the post."""
    target = {"account_id": client.account(), "options": {"fault": fault} if fault else {}}
    post = client.post("/v1/posts", {"text": "Ding dong", "targets": [target], "publish": "now"}).json_body
    work(client)
    return f"/v1/posts/{post['id']}/targets/{post['targets'][0]['id']}", post


def lost(client: Api) -> str:
    """Where a target is whose answer was lost, and whose quarantine is over."""
    place, _ = posted(client, "timeout_after_accept")
    client.world.clock.advance(minutes=5)
    return place


@pytest.mark.usefixtures("blind")
def test_a_person_who_found_the_post_closes_it(client: Api) -> None:
    place = lost(client)
    assert client.get("/v1/posts?status=unconfirmed").json_body["data"][0]["targets"][0]["id"] in place

    answer = client.post(f"{place}/resolve", {"published": URL})

    assert (answer.status_code, answer.json_body["status"], answer.headers["ETag"]) == (200, "published", '"v1"')
    assert answer.json_body["targets"][0]["url"] == URL
    receipt = client.get(f"{place}/receipt").json_body["receipt"]
    assert (receipt["evidence"]["source"], receipt["url"], receipt["platform_post_id"]) == ("person", URL, None)


@pytest.mark.usefixtures("blind")
def test_a_person_who_missed_the_post_has_it_sent_again(client: Api) -> None:
    place = lost(client)

    answer = client.post(f"{place}/resolve", {"retry": True})

    assert (answer.status_code, answer.json_body["status"]) == (202, "queued")
    work(client)
    outcomes = [(one["outcome"], one["source"]) for one in client.get(f"{place}/attempts").json_body["data"]]
    assert outcomes == [("not_applied", "person"), ("applied", "reply")]


@pytest.mark.usefixtures("blind")
def test_the_key_of_who_said_it_is_noted(client: Api) -> None:
    place = lost(client)
    client.post(f"{place}/resolve", {"retry": True})

    found = {line["type"]: line["detail"] for line in client.get(f"{place}/events").json_body["data"]}

    assert found["retried"].startswith("key_")
    assert client.key not in str(found)


@pytest.mark.usefixtures("blind")
def test_the_same_word_twice_under_one_idempotency_key_counts_once(client: Api) -> None:
    place = lost(client)

    first = client.post(f"{place}/resolve", {"retry": True}, idempotency_key="again")
    second = client.post(f"{place}/resolve", {"retry": True}, idempotency_key="again")

    assert (second.status_code, second.json_body) == (202, first.json_body)
    problem(client.post(f"{place}/resolve", {"retry": True}), 409, "not_unconfirmed")


def test_what_is_not_in_doubt_answers_with_its_state(client: Api) -> None:
    place, _ = posted(client)

    for body in ({"published": URL}, {"retry": True}):
        assert "published" in problem(client.post(f"{place}/resolve", body), 409, "not_unconfirmed")["detail"]


def test_before_the_quarantine_is_over_nobodys_look_counts(client: Api) -> None:
    target = {"account_id": client.account(), "options": {"fault": "timeout_after_accept"}}
    post = client.post("/v1/posts", {"text": "Ding", "targets": [target], "publish": "now"}).json_body
    work(client, seconds=5)
    place = f"/v1/posts/{post['id']}/targets/{post['targets'][0]['id']}"

    problem(client.post(f"{place}/resolve", {"retry": True}), 409, "too_early")
    assert client.post(f"{place}/resolve", {"published": URL}).status_code == 200


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ("", "invalid_value")),
        ({"published": URL, "retry": True}, ("", "invalid_value")),
        ({"retry": False}, ("retry", "literal_error")),
        ({"published": "javascript:alert(1)"}, ("published", "string_pattern_mismatch")),
        ({"retry": True, "why": "?"}, ("why", "unknown_field")),
    ],
)
def test_exactly_one_thing_can_be_said(client: Api, body: Json, where: tuple[str, str]) -> None:
    place, _ = posted(client)

    answer = client.post(f"{place}/resolve", body)

    problem(answer, 422, "validation_failed")
    assert where in issues(answer)


def test_the_record_of_a_good_day(client: Api) -> None:
    place, _ = posted(client)

    (attempt,) = client.get(f"{place}/attempts").json_body["data"]
    known = {
        "number": 1,
        "part": 0,
        "effect": "create",
        "status": 201,
        "outcome": "applied",
        "source": "reply",
    }
    assert attempt.items() >= known.items()
    types = [line["type"] for line in client.get(f"{place}/events").json_body["data"]]
    assert types[-1] == "published"
    assert "claimed" in types


def test_a_receipt_can_be_checked_with_the_keys_that_everybody_can_read(client: Api) -> None:
    place, post = posted(client)

    answer = client.get(f"{place}/receipt").json_body
    keys = client.get("/v1/receipts/keys", authorization="").json_body

    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(answer["jws"])["kid"]]
    assert jwt.decode(answer["jws"], key, algorithms=["EdDSA"]) == answer["receipt"]
    assert "d" not in keys["keys"][0]
    written = {name: post[name] for name in Content.model_fields}
    assert answer["receipt"]["content_hash"] == content_hash(Content.model_validate(written))


def test_what_is_not_published_has_no_receipt(client: Api) -> None:
    place, _ = posted(client, "reject")

    assert "failed" in problem(client.get(f"{place}/receipt"), 409, "not_published")["detail"]


def test_a_target_of_another_post_is_not_there(client: Api) -> None:
    place, post = posted(client)
    elsewhere = place.replace(post["id"], client.created()["id"])

    for name in ("attempts", "events", "receipt"):
        problem(client.get(f"{elsewhere}/{name}"), 404, "not_found")
    problem(client.post(f"{elsewhere}/resolve", {"retry": True}), 404, "not_found")


def test_a_share_is_of_a_target_whose_network_tells_of_shares(client: Api) -> None:
    film = {"url": "https://cdn.example/ring.mp4", "mime_type": "video/mp4", "width": 1080, "height": 1920}
    new = {"platform": "douyin", "name": "Brand", "credentials": {"handle": "钟楼"}}
    targets = [{"account_id": client.post("/v1/accounts", new).json_body["id"]}]
    post = client.created(text="钟声", media=[film], targets=targets)
    place = f"/v1/posts/{post['id']}/targets/{post['targets'][0]['id']}/share"
    share = {"share_id": "1743456789012345"}

    assert [client.send("PUT", place, share).status_code for _ in range(2)] == [204, 204]

    problem(client.stranger().send("PUT", place, share), 404, "not_found")
    assert issues(client.send("PUT", place, {"share": "1"})) == [
        ("share_id", "required"),
        ("share", "unknown_field"),
    ]
    elsewhere, _ = posted(client)
    assert problem(client.send("PUT", f"{elsewhere}/share", share), 409, "not_shared")["state"]
