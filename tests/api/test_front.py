"""What every answer has in common, however the request arrives and whatever goes wrong."""

import base64
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from chalicelib import platforms
from tests.api.client import Api, problem


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/healthz"),
        ("GET", "/v1/posts"),
        ("GET", "/v1/posts/none"),
        ("POST", "/v1/posts"),
        ("PUT", "/v1/posts"),
    ],
)
def test_every_answer_is_private_and_can_be_asked_about(client: Api, method: str, path: str) -> None:
    headers = client.send(method, path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"]


def test_an_unexpected_failure_says_nothing_of_the_inside_and_is_logged_with_its_id(
    client: Api, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(key: Any) -> None:
        raise ZeroDivisionError("the secret inside")

    client.world.table.get = broken  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        answer = client.get("/v1/posts")

    found = problem(answer, 500, "internal_error")
    assert b"secret" not in answer.body
    assert b"ZeroDivision" not in answer.body
    (record,) = caplog.records
    assert (record.message, vars(record)["request"]) == ("request_failed", found["request_id"])
    assert record.exc_info
    assert isinstance(record.exc_info[1], ZeroDivisionError)


def test_a_world_that_cannot_be_made_is_a_problem_too(client: Api) -> None:
    from chalice.app import Chalice
    from chalice.test import Client

    from chalicelib import api

    def no_world() -> Any:
        raise KeyError("CARILLON_TABLE")

    app = Chalice("carillon")
    api.install(app, no_world)
    answer = Client(app).http.get("/v1/healthz")

    problem(answer, 500, "internal_error")
    assert b"CARILLON" not in answer.body


def test_a_method_that_is_not_there_is_a_problem_that_lists_the_others(client: Api) -> None:
    answer = client.send("PUT", "/v1/posts", {})

    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST"}


def event(client: Api, body: Any, *, encoded: bool = False, **headers: str) -> dict[str, Any]:
    """A POST /v1/renditions as API Gateway hands it over."""
    return {
        "requestContext": {
            "resourcePath": "/v1/renditions",
            "httpMethod": "POST",
            "requestId": "req-from-the-gateway",
            "path": "/api/v1/renditions",
        },
        "headers": {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json", **headers},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": encoded,
    }


DOCUMENT = json.dumps({"text": "鐘声", "targets": [{"platform": "sandbox"}]}, ensure_ascii=False)


def test_a_body_is_read_as_text_or_as_base64(client: Api) -> None:
    plain = client.app(event(client, DOCUMENT), None)
    encoded = client.app(event(client, base64.b64encode(DOCUMENT.encode()).decode(), encoded=True), None)

    assert plain["statusCode"] == encoded["statusCode"] == 200
    assert plain["body"] == encoded["body"]
    assert json.loads(plain["body"])["renditions"][0]["parts"][0]["text"] == "鐘声"


def test_broken_utf8_is_seen_where_the_gateway_hands_over_the_bytes(client: Api) -> None:
    answer = client.app(event(client, base64.b64encode(b'{"text": "\xff"}').decode(), encoded=True), None)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["code"] == "invalid_utf8"


def test_the_gateways_request_id_is_the_requests_id(client: Api) -> None:
    answer = client.app(event(client, "{"), None)

    assert answer["headers"]["X-Request-Id"] == "req-from-the-gateway"
    assert json.loads(answer["body"])["request_id"] == "req-from-the-gateway"


def test_a_post_without_a_body_arrives_as_null(client: Api) -> None:
    assert json.loads(client.app(event(client, None), None)["body"])["code"] == "validation_failed"


def test_answers_are_readable_utf8(client: Api) -> None:
    assert "鐘声".encode() in client.post("/v1/renditions", DOCUMENT.encode()).body


def test_the_health_check_needs_no_key_and_fails_when_publishing_is_silent(client: Api) -> None:
    from chalicelib.service.sweep import sweep

    assert client.get("/v1/healthz", authorization="").status_code == 200
    sweep(client.world)
    assert client.get("/v1/healthz", authorization="").json_body["status"] == "ok"

    client.world.clock.advance(minutes=10)
    answer = client.get("/v1/healthz", authorization="")

    assert (answer.status_code, answer.json_body["status"]) == (503, "failing")
    assert answer.headers["Content-Type"] == "application/json"


def test_every_platform_is_listed_and_can_be_read_alone(client: Api) -> None:
    listed = client.get("/v1/platforms").json_body["data"]

    assert [each["name"] for each in listed] == platforms.names()
    for each in listed:
        assert client.get(f"/v1/platforms/{each['name']}").json_body == each
        assert each["rules"]["rules_version"]


def test_an_unknown_platform_is_not_found(client: Api) -> None:
    problem(client.get("/v1/platforms/friendster"), 404, "not_found")
    problem(client.get("/v1/platforms/base"), 404, "not_found")


def test_importing_the_api_brings_in_nothing_that_most_requests_do_not_need() -> None:
    heavy = [
        "httpx",
        "boto3",
        "cryptography",
        "chalicelib.api.openapi",
        "chalicelib.api.reference",
        "chalicelib.wiring",
    ]
    heavy += [f"chalicelib.platforms.{name}" for name in platforms.names()]
    program = f"import sys, chalicelib.api; print([name for name in {heavy!r} if name in sys.modules])"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
