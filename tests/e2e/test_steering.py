"""People change their minds: edit, delete, cancel, hold, resume, publish now, and every request may come twice."""

import uuid
from collections.abc import Callable

import httpx
import pytest

from tests.e2e.tenant import Json, Tenant, instant, made, soon

pytestmark = pytest.mark.e2e

Passed = Callable[[], None]


@pytest.fixture
def after_its_time(owner: Tenant) -> Passed:
    """Returns once a post due later than all others of this test is out, so that theirs would be too."""

    def passed() -> None:
        owner.ended(owner.post([owner.sandbox()], scheduled_at=soon(7).isoformat()))

    return passed


def act(owner: Tenant, post: Json, verb: str) -> httpx.Response:
    """Ask for one of the actions."""
    return owner.api.post(f"/v1/posts/{post['id']}/{verb}")


def test_an_edited_post_goes_out_in_its_new_words(owner: Tenant, account: str) -> None:
    post = owner.post([account], scheduled_at=soon(5).isoformat())
    edited = owner.api.patch(f"/v1/posts/{post['id']}", json={"text": "Ten o'clock."}, headers={"If-Match": '"v1"'})
    assert made(edited)["version"] == 2
    assert edited.headers["etag"] == '"v2"'
    owner.ended(post)
    assert owner.texts(account) == ["Ten o'clock."]


def test_an_edit_of_what_somebody_else_edited_meanwhile_is_refused(owner: Tenant, account: str) -> None:
    draft = owner.post([account])
    made(owner.api.patch(f"/v1/posts/{draft['id']}", json={"text": "Ten o'clock."}))
    late = owner.api.patch(f"/v1/posts/{draft['id']}", json={"text": "Eleven."}, headers={"If-Match": '"v1"'})
    assert late.status_code == 412
    assert owner.read(draft["id"])["text"] == "Ten o'clock."


def test_a_rescheduled_post_goes_out_once_at_its_new_time(owner: Tenant, account: str) -> None:
    post = owner.post([account], scheduled_at=soon(5).isoformat())
    later = soon(10).isoformat()
    made(owner.api.patch(f"/v1/posts/{post['id']}", json={"scheduled_at": later}))
    end = owner.ended(post)
    assert end["targets"][0]["lateness_ms"] >= 0
    assert instant(end["targets"][0]["published_at"]) >= instant(later)
    assert owner.texts(account) == [post["text"]]


def test_a_deleted_post_is_gone_and_never_goes_out(owner: Tenant, account: str, after_its_time: Passed) -> None:
    post = owner.post([account], scheduled_at=soon(6).isoformat())
    assert owner.api.delete(f"/v1/posts/{post['id']}").status_code == 204
    assert owner.api.get(f"/v1/posts/{post['id']}").status_code == 404
    after_its_time()
    assert owner.texts(account) == []


def test_what_is_out_can_be_neither_edited_nor_cancelled_nor_deleted(owner: Tenant, account: str) -> None:
    post = owner.ended(owner.post([account], publish="now"))
    place = f"/v1/posts/{post['id']}"
    refusals = [
        owner.api.patch(place, json={"text": "Never mind."}),
        owner.api.delete(place),
        act(owner, post, "cancel"),
    ]
    assert [(each.status_code, each.json()["code"]) for each in refusals] == [
        (409, "too_late"),
        (409, "already_out"),
        (409, "too_late"),
    ]
    assert owner.texts(account) == [post["text"]]


def test_a_cancelled_post_whose_message_is_on_the_queue_never_goes_out(
    owner: Tenant, account: str, after_its_time: Passed
) -> None:
    post = owner.post([account], scheduled_at=soon(6).isoformat())
    assert made(act(owner, post, "cancel"))["status"] == "cancelled"
    after_its_time()
    assert owner.read(post["id"])["status"] == "cancelled"
    assert owner.texts(account) == []


def test_a_held_post_waits_past_its_time_until_it_is_resumed(
    owner: Tenant, account: str, after_its_time: Passed
) -> None:
    post = owner.post([account], scheduled_at=soon(6).isoformat())
    assert made(act(owner, post, "hold"))["status"] == "held"
    after_its_time()
    assert (owner.read(post["id"])["status"], owner.texts(account)) == ("held", [])
    made(act(owner, post, "resume"))
    assert owner.once(post, lambda now: now["status"] == "published")
    assert owner.texts(account) == [post["text"]]


def test_a_draft_goes_out_when_it_is_told_to(owner: Tenant, account: str) -> None:
    draft = owner.post([account])
    assert draft["status"] == "draft"
    response = act(owner, draft, "publish")
    assert response.status_code == 202
    assert owner.once(draft, lambda now: now["status"] == "published")
    assert owner.texts(account) == [draft["text"]]


@pytest.mark.parametrize("late_policy", ["skip", "hold"])
def test_what_a_person_wants_out_now_is_not_late_however_little_grace_it_has(
    owner: Tenant, account: str, late_policy: str
) -> None:
    post = owner.ended(owner.post([account], publish="now", late_policy=late_policy, grace_seconds=0))
    assert post["status"] == "published"


def test_the_same_request_twice_makes_one_post_and_says_that_it_did(owner: Tenant, account: str) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"text": "Ding dong.", "targets": [{"account_id": account}], "publish": "now"}
    first, second = [owner.api.post("/v1/posts", json=body, headers=headers) for _ in range(2)]
    assert second.status_code == first.status_code == 202
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    owner.ended(first.json())
    owner.api.post("/v1/posts", json=body, headers=headers)
    assert owner.texts(account) == ["Ding dong."]


def test_another_request_under_the_same_idempotency_key_is_refused(owner: Tenant, account: str) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"text": "Ding dong.", "targets": [{"account_id": account}]}
    made(owner.api.post("/v1/posts", json=body, headers=headers))
    other = owner.api.post("/v1/posts", json={**body, "text": "Dong ding."}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
