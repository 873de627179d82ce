"""What a broken client sends, through API Gateway and Lambda: a precise problem each time, and nothing stored."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.tenant import Tenant

pytestmark = pytest.mark.e2e

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def customer(stranger: Tenant) -> Iterator[Tenant]:
    """A tenant who still has nothing afterwards."""
    yield stranger
    assert stranger.api.get("/v1/posts").json()["data"] == []


def send(customer: Tenant, content: bytes, **headers: str) -> httpx.Response:
    """Post these very bytes."""
    return customer.api.post("/v1/posts", content=content, headers={**JSON, **headers})


def refusal(response: httpx.Response) -> tuple[int, str]:
    """The status and code of a problem of ours."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["request_id"]
    return response.status_code, problem["code"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"text=Ding+dong", "invalid_json"),
        (b'{"text": "Ding dong"', "invalid_json"),
        (b'{"text": NaN}', "invalid_json"),
        (b'["Ding dong"]', "not_an_object"),
        (b'{"text": "Ding", "text": "dong"}', "duplicate_key"),
        (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
        (b'{"text": "\\ud83d"}', "invalid_unicode"),
    ],
    ids=["a form", "cut off", "not a number", "a list", "a name twice", "deep", "half a surrogate pair"],
)
def test_what_is_no_json_of_ours_is_refused(customer: Tenant, content: bytes, code: str) -> None:
    assert refusal(send(customer, content)) == (400, code)


def test_broken_utf8_is_refused(owner: Tenant, account: str) -> None:
    content = b'{"text": "Ding \xff dong", "targets": [{"account_id": "%b"}]}' % account.encode()
    assert refusal(send(owner, content)) == (400, "invalid_utf8")


def test_ten_megabytes_are_refused(customer: Tenant) -> None:
    body = b'{"text": "' + b"x" * 10_000_000 + b'", "targets": [{"account_id": "acc_1"}]}'
    assert refusal(send(customer, body)) == (413, "body_too_large")


def test_another_type_of_body_is_refused(customer: Tenant) -> None:
    form = send(customer, b"text=Ding+dong", **{"Content-Type": "application/x-www-form-urlencoded"})
    assert refusal(form) == (415, "unsupported_media_type")


def test_everything_that_is_wrong_is_named_at_once(customer: Tenant) -> None:
    body = {
        "txet": "Ding dong",
        "text": "Ding dong",
        "scheduled_at": "tomorrow",
        "targets": [{"account_id": "acc_of_nobody", "option": {}}],
    }
    response = customer.api.post("/v1/posts", json=body)
    assert refusal(response) == (422, "validation_failed")
    assert {(one["path"], one["code"]) for one in response.json()["issues"]} == {
        ("txet", "unknown_field"),
        ("targets[0].option", "unknown_field"),
        ("scheduled_at", "invalid_value"),
    }


@pytest.mark.parametrize(
    ("scheduled_at", "code"),
    [("2999-05-03T09:00:00", "timezone_required"), ("2020-05-03T09:00:00Z", "in_the_past")],
)
def test_a_time_that_nobody_can_keep_is_refused(customer: Tenant, scheduled_at: str, code: str) -> None:
    body = {"text": "Ding dong", "scheduled_at": scheduled_at, "targets": [{"account_id": "acc_of_nobody"}]}
    response = customer.api.post("/v1/posts", json=body)
    assert refusal(response) == (422, "validation_failed")
    found = {(one["path"], one["code"]) for one in response.json()["issues"]}
    assert found == {("scheduled_at", code), ("targets[0].account_id", "unknown_account")}
