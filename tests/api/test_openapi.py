"""/v1/openapi.json: valid, complete, and true. That every answer fits it is checked by the client of these tests."""

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib import api
from chalicelib.api import openapi
from chalicelib.api.openapi import CALLED, EXAMPLES
from tests.api.client import Api, document, problem, validator

ANSWERS = {(one.method, one.path): one.answers for one in api.endpoints()}
ROUTES = list(ANSWERS)
BODIES: dict[str, dict[str, Any]] = json.loads(EXAMPLES.read_bytes())

OPEN = (
    "/docs",
    "/v1/calendar.ics",
    "/v1/healthz",
    "/v1/openapi.json",
    "/v1/receipts/keys",
    "/v1/accounts/connect/{platform}/callback",
)
"""What anybody may ask of us without a key."""
KEYED = {
    ("POST", "/sandbox/v1/accounts"),
    ("POST", "/sandbox/v1/posts/{message_id}/reactions"),
    ("DELETE", "/sandbox/v1/posts/{message_id}"),
}
"""What belongs to the sandbox, and is for whoever has opened an account on it."""


def operation(method: str, path: str) -> dict[str, Any]:
    return dict(document()["paths"][path][method.lower()])


def test_the_document_is_valid_and_served_to_everybody(client: Api) -> None:
    answer = client.get("/v1/openapi.json", authorization="")

    OpenAPIV31SpecValidator(answer.json_body).validate()
    assert answer.json_body["openapi"].startswith("3.1")
    assert answer.json_body["servers"] == [{"url": "https://carillon.test/api"}]


def test_it_holds_exactly_the_routes_that_are_served(client: Api) -> None:
    described = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}
    served = {(method, path) for path, methods in client.app.routes.items() for method in methods}

    assert described - {("GET", CALLED), ("POST", CALLED)} == served == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_operation_says_what_it_needs_and_how_it_fails(method: str, path: str) -> None:
    found = operation(method, path)

    assert found["summary"].endswith((".", "it.", "key."))
    assert found["operationId"]
    ours = path.startswith("/v1/") and path not in OPEN
    if ours or (method, path) in KEYED:
        assert found["security"] == [{"key": []}]
        assert {"401", "500"} <= found["responses"].keys()
    else:
        assert found["security"] == []
    for status, response in found["responses"].items():
        if int(status) not in ANSWERS[method, path]:
            assert response["content"].keys() == {"application/problem+json"}


def test_operation_ids_are_unique() -> None:
    names = [one.name for one in api.endpoints()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("method", "path"), [route for route in ROUTES if route[0] == "POST" and "/v1" in route[1][:3]]
)
def test_every_post_takes_an_idempotency_key(method: str, path: str) -> None:
    assert "Idempotency-Key" in [one["name"] for one in operation(method, path)["parameters"]]


def test_every_body_has_an_example_and_every_example_a_body() -> None:
    assert {f"{one.method} {one.path}" for one in api.endpoints() if one.body} == BODIES.keys()


@pytest.mark.parametrize(
    ("route", "name"), [(route, name) for route, examples in BODIES.items() for name in examples], ids=str
)
def test_every_example_works_as_it_is_but_for_ids(client: Api, route: str, name: str) -> None:
    method, path = route.split(" ")
    text = json.dumps(operation(method, path)["requestBody"]["content"]["application/json"]["examples"][name]["value"])
    schema = operation(method, path)["requestBody"]["content"]["application/json"]["schema"]
    validator({**schema, "components": document()["components"]}).validate(json.loads(text))
    if name in ("bluesky", "credentials", "two_pages") or path.endswith(
        ("/resolve", "/confirm", "/share", "/review")
    ):  # tested with a network, or a reviewer, at hand
        return
    opened = client.post("/sandbox/v1/accounts", {"name": "Tower"}).json_body
    text = text.replace("acc_01jd3h8q9x4v2n6m7p5r0s1t2w", client.account())
    text = text.replace("sbx_01jd3h8q9x4v2n6m7p5r0s1t2w", opened["id"])
    key = opened["token"] if path == "/sandbox/v1/posts" else client.key

    client.send("PUT", "/v1/apps/x", {"client_id": "carillon", "client_secret": "s"})
    ids = {"post_id": client.created()["id"], "webhook_id": client.webhook()["id"], "platform": "x"}
    ids |= {"account_id": client.account(), "network": "standard", "message_id": _said(client, opened)}
    ids["key_id"] = client.get("/v1/keys").json_body["data"][0]["id"]
    ids["schedule_id"] = client.schedule()["id"]
    ids["item_id"] = client.item(ids["account_id"])
    answer = client.send(method, path.format(**ids), text.encode(), authorization=f"Bearer {key}")

    assert 200 <= answer.status_code < 300, answer.body


def _said(client: Api, opened: dict[str, Any]) -> str:
    said = {"account": opened["id"], "text": "Ding", "reference": "bells-1"}
    return str(client.post("/sandbox/v1/posts", said, authorization=f"Bearer {opened['token']}").json_body["id"])


def test_the_document_takes_no_query(client: Api) -> None:
    problem(client.get("/v1/openapi.json?format=yaml"), 400, "invalid_query")


def test_no_two_shapes_have_one_name_outside() -> None:
    """`PostAnswer` is called `Post` there: a body of that name would get the answer's schema."""
    inside = openapi._document("https://carillon.test/api")["components"]["schemas"]

    assert len(document()["components"]["schemas"]) == len(inside)
