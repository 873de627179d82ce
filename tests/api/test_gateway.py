"""HTTP as API Gateway hands it over: every byte, every value, and the address that was called."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.app import Request

from chalicelib.api.serve import _base
from chalicelib.aws.gateway import answered
from chalicelib.callbacks.base import Forged, Incoming, Response
from chalicelib.ports import Settings
from tests.fakes import world

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PARAMETERS = {"platform": "x", "account_id": "acc_1"}


def handed(**event: Any) -> tuple[list[tuple[str, str, Incoming]], dict[str, Any]]:
    """What the receiver is handed of an event, and what the gateway is told."""
    calls = list[tuple[str, str, Incoming]]()

    def receive(network: str, account_id: str, call: Incoming) -> Response:
        calls.append((network, account_id, call))
        return Response(202, "thanks: 谢谢", "text/plain; charset=utf-8")

    return calls, answered({"httpMethod": "POST", "pathParameters": PARAMETERS, **event}, NOW, receive)


def incoming(**event: Any) -> Incoming:
    (((_, _, call),), _) = handed(**event)
    return call


def test_the_path_says_whose_call_it_is() -> None:
    ((network, account_id, call),), _ = handed(httpMethod="GET")
    assert (network, account_id, call.method, call.at) == ("x", "acc_1", "GET", NOW)


def test_without_a_path_it_is_nobodys() -> None:
    ((network, account_id, _),), _ = handed(pathParameters=None)
    assert (network, account_id) == ("", "")


@pytest.mark.parametrize("body", [b"", b"{}", "é\u2028钟".encode(), b"\xff\x00\r\n", bytes(range(256))])
def test_a_body_in_base_64_is_the_bytes_that_were_sent(body: bytes) -> None:
    assert incoming(body=base64.b64encode(body).decode(), isBase64Encoded=True).body == body


def test_a_body_as_text_is_the_bytes_that_were_sent() -> None:
    text = '{"a": "é\\u00e9 钟", "b" : 1 }\r\n'
    assert incoming(body=text, isBase64Encoded=False).body == text.encode()
    assert incoming(body=text).body == text.encode()


@pytest.mark.parametrize("body", [None, ""])
def test_no_body_is_an_empty_one(body: str | None) -> None:
    assert incoming(body=body).body == b""


def test_a_header_that_comes_twice_is_no_header() -> None:
    several = {"X-Signature": ["a", "b"], "Webhook-Id": ["1"]}
    call = incoming(headers={"X-Signature": "b", "Webhook-Id": "1"}, multiValueHeaders=several)
    assert call.header("webhook-id") == "1"
    with pytest.raises(Forged):
        call.header("x-signature")


def test_a_header_written_in_two_ways_is_no_header() -> None:
    call = incoming(multiValueHeaders={"X-Signature": ["a"], "x-signature": ["b"]})
    with pytest.raises(Forged):
        call.header("x-signature")


def test_single_headers_will_do_where_the_gateway_gives_no_others() -> None:
    call = incoming(headers={"X-Signature": "a"}, queryStringParameters={"nonce": "1"})
    assert (call.header("x-signature"), call.param("nonce")) == ("a", "1")


def test_a_parameter_that_comes_twice_is_no_parameter() -> None:
    call = incoming(
        queryStringParameters={"nonce": "2", "echostr": "a b+c/d="},
        multiValueQueryStringParameters={"nonce": ["1", "2"], "echostr": ["a b+c/d="]},
    )
    assert call.param("echostr") == "a b+c/d="
    with pytest.raises(Forged):
        call.param("nonce")


def test_parameters_keep_their_case() -> None:
    call = incoming(multiValueQueryStringParameters={"challengeCode": ["1"]})
    assert call.param("challengeCode") == "1"
    with pytest.raises(Forged):
        call.param("challengecode")


@pytest.mark.parametrize("name", ["headers", "multiValueHeaders"])
def test_without_headers_there_are_none(name: str) -> None:
    with pytest.raises(Forged):
        incoming(**{name: None}).header("x-signature")


def test_the_answer_is_the_networks_and_no_cache_keeps_it() -> None:
    _, answer = handed()
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (202, "thanks: 谢谢", False)
    assert answer["headers"] == {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "text/plain; charset=utf-8",
    }


ROUTE = "/v1/accounts/{account_id}/callbacks/{network}"
CALLED = "/v1/accounts/acc_1/callbacks/x"


def base(settings: Settings, route: str = ROUTE, **context: Any) -> str:
    event = {
        "requestContext": {"resourcePath": route, "httpMethod": "POST", **context},
        "headers": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "body": None,
        "stageVariables": None,
        "isBase64Encoded": False,
    }
    return _base(world(settings=settings), Request(event))


EXECUTE = "abc123.execute-api.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("domain", "path", "expected"),
    [
        (EXECUTE, f"/api{CALLED}", f"https://{EXECUTE}/api"),
        (EXECUTE, f"/v1{CALLED}", f"https://{EXECUTE}/v1"),
        ("social.brand.example", CALLED, "https://social.brand.example"),
        ("brand.example", f"/social{CALLED}", "https://brand.example/social"),
        ("brand.example", f"/tools/social{CALLED}", "https://brand.example/tools/social"),
    ],
    ids=["stage", "a stage called v1", "own domain", "base path", "base path of two parts"],
)
def test_the_service_knows_the_address_by_which_it_was_called(domain: str, path: str, expected: str) -> None:
    assert base(Settings(), domainName=domain, path=path) == expected


def test_a_short_route_is_cut_as_well() -> None:
    assert base(Settings(), "/v1/posts", domainName=EXECUTE, path="/api/v1/posts") == f"https://{EXECUTE}/api"


def test_an_address_that_was_set_is_the_address() -> None:
    settings = Settings(api_url="https://carillon.example/api")
    assert base(settings, domainName=EXECUTE, path=f"/api{CALLED}") == "https://carillon.example/api"


def test_an_emulated_gateway_does_not_say_where_it_was_called() -> None:
    settings = Settings(emulated_url="http://localhost:4566/_aws/execute-api/{apiId}/{stage}")
    assert base(settings, apiId="abc123", stage="api") == "http://localhost:4566/_aws/execute-api/abc123/api"
    assert base(settings, domainName=EXECUTE, path=f"/api{CALLED}") == f"https://{EXECUTE}/api"


def test_without_any_of_these_addresses_are_relative() -> None:
    assert base(Settings()) == ".."
