"""Tenants never meet: whatever a request can say, and whatever a list can hold. The routes are taken from the registry.

What a path names is the matter of test_access.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import api
from chalicelib.api.openapi import EXAMPLES
from chalicelib.api.route import Endpoint
from tests.api.client import Api, document
from tests.api.test_access import BODIES, GUARDED, NOBODYS, alike, path, route, things

Json = dict[str, Any]

EXAMPLE_ACCOUNT = "acc_01jd3h8q9x4v2n6m7p5r0s1t2w"
NOT_OURS = {
    "external_id": "the customer's own name for a post",
    "share_id": "a network's",
    "actor_id": "a network's",
    "client_id": "a network's",
    "remote_ids": "a network's",
}
"""What is called an id and names nothing that another workspace could have."""
OURS = {"account_id", "post_id", "schedule_id", "key_id", "id", "accounts"}
"""What names a thing of a workspace in a query or a body."""
EXAMPLES_OF = json.loads(EXAMPLES.read_bytes())


def fields(schema: Json, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all fields that a body may have, at any depth."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in seen:
            yield from fields(document()["components"]["schemas"][name], (*seen, name))
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from fields(inner, seen)
    inside = [*schema.get("anyOf", ()), *schema.get("prefixItems", ()), schema.get("items", {})]
    for inner in (*inside, schema.get("additionalProperties", {})):
        if isinstance(inner, dict) and inner:
            yield from fields(inner, seen)


def operation(endpoint: Endpoint) -> Json:
    return dict(document()["paths"][endpoint.path][endpoint.method.lower()])


def body_fields(endpoint: Endpoint) -> set[str]:
    body = operation(endpoint).get("requestBody")
    return set(fields(body["content"]["application/json"]["schema"])) if body else set()


def query_names(endpoint: Endpoint) -> list[str]:
    return [one["name"] for one in operation(endpoint)["parameters"] if one["in"] == "query"]


def test_every_id_that_can_be_said_is_known_to_this_file() -> None:
    said = {name for one in GUARDED for name in (*body_fields(one), *query_names(one))}

    assert {name for name in said if name == "id" or name.endswith(("_id", "_ids"))} <= OURS | NOT_OURS.keys()


QUERIES = [(one, name) for one in GUARDED for name in query_names(one) if name in (*OURS, "thing")]
NEEDED = {"kind": "consistency", "from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
"""What some queries must say besides."""


@pytest.mark.parametrize(
    ("endpoint", "name"), QUERIES, ids=lambda one: route(one) if isinstance(one, Endpoint) else one
)
def test_another_tenants_id_in_a_query_finds_what_no_id_finds(client: Api, endpoint: Endpoint, name: str) -> None:
    theirs = things(client.stranger())
    needed = [one["name"] for one in operation(endpoint)["parameters"] if one["required"] and one["in"] == "query"]
    rest = "".join(f"&{one}={NEEDED[one]}" for one in needed if one != name)
    body = next(iter(EXAMPLES_OF.get(route(endpoint), {}).values()), BODIES.get(route(endpoint)))

    def asked(ids: Json) -> Any:
        found = ids["account_id" if name == "thing" else name]
        return client.send(endpoint.method, f"{path(endpoint, things(client))}?{name}={found}{rest}", body)

    assert alike(asked(theirs), asked(NOBODYS), theirs, NOBODYS)


SAYING = [
    (one, name)
    for one in GUARDED
    for name in EXAMPLES_OF.get(route(one), {})
    if EXAMPLE_ACCOUNT in json.dumps(EXAMPLES_OF[route(one)][name])
]


@pytest.mark.parametrize(("endpoint", "name"), SAYING, ids=lambda one: route(one) if isinstance(one, Endpoint) else one)
def test_another_tenants_account_in_a_body_is_as_unknown_as_none(client: Api, endpoint: Endpoint, name: str) -> None:
    theirs, mine = things(client.stranger()), things(client)
    text = json.dumps(EXAMPLES_OF[route(endpoint)][name])

    def asked(account_id: str) -> Any:
        said = json.loads(text.replace(EXAMPLE_ACCOUNT, account_id))
        return client.send(endpoint.method, path(endpoint, mine), said)

    strange, missing = asked(theirs["account_id"]), asked(NOBODYS["account_id"])
    assert alike(strange, missing, theirs, NOBODYS)
    assert not alike(strange, asked(mine["account_id"]), theirs, NOBODYS, mine)


def test_every_body_that_names_an_account_has_an_example_that_does() -> None:
    naming = {route(one) for one in GUARDED if body_fields(one) & {"account_id", "accounts"}}

    assert naming <= {route(one) for one, _ in SAYING} | {
        "PATCH /v1/posts/{post_id}",  # what may be edited is what may be made
        "PATCH /v1/schedules/{schedule_id}",
        "POST /v1/renditions",  # names accounts as /v1/validate does
    }


SHOWING = [one for one in api.endpoints() if {"media", "post", "posts"} & body_fields(one)]


@pytest.mark.parametrize("endpoint", [one for one in SHOWING if "medium" not in one.path], ids=route)
def test_another_tenants_medium_is_as_unknown_as_none(client: Api, endpoint: Endpoint) -> None:
    theirs, mine = things(client.stranger()), things(client)
    example = json.dumps(next(iter(EXAMPLES_OF[route(endpoint)].values()))).replace(EXAMPLE_ACCOUNT, mine["account_id"])

    def asked(medium_id: str) -> Any:
        said = json.loads(example)
        for post in said.get("posts", [said.get("post", said)]):
            post["media"] = [{"id": medium_id}]
        return client.send(endpoint.method, path(endpoint, mine), said)

    assert alike(asked(theirs["medium_id"]), asked(NOBODYS["medium_id"]), theirs, NOBODYS)


LISTS = [one for one in GUARDED if one.method == "GET" and "{" not in one.path]


@pytest.mark.parametrize("endpoint", LISTS, ids=route)
def test_nothing_of_another_tenant_is_in_any_list(client: Api, endpoint: Endpoint) -> None:
    stranger = client.stranger()
    theirs = things(stranger)
    needed = [one["name"] for one in operation(endpoint)["parameters"] if one["required"] and one["in"] == "query"]
    place = f"{endpoint.path}?{'&'.join(f'{one}={NEEDED[one]}' for one in needed)}".removesuffix("?")

    seen = client.get(place).body.decode()

    assert not [one for one in (*theirs.values(), stranger.workspace_id) if one in seen]
