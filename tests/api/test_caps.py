"""Nothing that is sent to us is without end: bodies, texts, lists, depth, ids, headers. Routes are the registry's."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import api
from chalicelib.api import body
from chalicelib.api.openapi import CALLED
from chalicelib.api.route import Endpoint
from tests.api.client import Api, document, problem
from tests.api.test_access import NOBODYS, path, route

Json = dict[str, Any]

WRITING = [one for one in api.endpoints() if one.method in ("POST", "PUT", "PATCH")]
DEEP = b'{"a": ' * 50_000 + b"1" + b"}" * 50_000
BOMB = gzip.compress(json.dumps({"text": "x" * 10_000_000}).encode())
NAMED = [one for one in api.endpoints() if "{" in one.path]


def shapes(schema: Json, place: str, seen: set[str]) -> Iterator[tuple[str, Json]]:
    """Every schema inside a schema, with its place; each component once."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in seen:
            seen.add(name)
            yield from shapes(document()["components"]["schemas"][name], name, seen)
        return
    yield place, schema
    inside = {f"{place}.{name}": inner for name, inner in schema.get("properties", {}).items()}
    for number, inner in enumerate(
        [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("prefixItems", ())]
    ):
        inside[f"{place}|{number}"] = inner
    inside |= {f"{place}[]": schema["items"]} if "items" in schema else {}
    inside |= {f"{place}{{}}": schema[name] for name in ("additionalProperties",) if isinstance(schema.get(name), dict)}
    for where, inner in inside.items():
        yield from shapes(inner, where, seen)


def sent_to_us() -> Iterator[tuple[str, Json]]:
    """Every schema of a parameter or a body."""
    seen: set[str] = set()
    for where, methods in document()["paths"].items():
        if where == CALLED:
            continue
        for method, operation in methods.items():
            for parameter in operation["parameters"]:
                if parameter["name"] == "traceparent":  # what is no sound one, however long, is not looked at
                    continue
                yield from shapes(parameter["schema"], f"{method} {where} {parameter['name']}", seen)
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from shapes(content["schema"], f"{method} {where}", seen)


def endless(schema: Json) -> bool:
    """Whether it lets something of any length through."""
    chosen = {"enum", "const"} & schema.keys()
    kind = schema.get("type")
    open_ended = kind == "object" and schema.get("additionalProperties") not in (None, False)
    return bool(
        (kind == "string" and not chosen and "maxLength" not in schema)
        or (kind == "array" and "maxItems" not in schema)
        or (open_ended and "maxProperties" not in schema)
    )


def test_every_text_list_and_map_that_is_sent_to_us_has_an_end() -> None:
    found = list(sent_to_us())

    assert len(found) > 300
    assert [place for place, schema in found if endless(schema)] == []


@pytest.mark.parametrize(
    "schema",
    [{"type": "string"}, {"type": "array"}, {"type": "object", "additionalProperties": True}],
    ids=lambda one: one["type"],
)
def test_what_has_no_end_is_noticed(schema: Json) -> None:
    assert endless(schema)


@pytest.mark.parametrize("endpoint", WRITING, ids=route)
def test_no_route_takes_more_than_a_mebibyte(client: Api, endpoint: Endpoint) -> None:
    answer = client.send(endpoint.method, path(endpoint), b'{"text": "' + b"x" * body.MAX_BYTES + b'"}')

    problem(answer, 413, "body_too_large")
    assert "413" in document()["paths"][endpoint.path][endpoint.method.lower()]["responses"]


@pytest.mark.parametrize("endpoint", WRITING, ids=route)
def test_no_route_follows_a_body_into_the_deep(client: Api, endpoint: Endpoint) -> None:
    problem(client.send(endpoint.method, path(endpoint), DEEP), 400, "too_deep")


@pytest.mark.parametrize("endpoint", WRITING, ids=route)
def test_no_route_unpacks_anything(client: Api, endpoint: Endpoint) -> None:
    problem(client.send(endpoint.method, path(endpoint), BOMB, content_encoding="gzip"), 415, "unsupported_encoding")


@pytest.mark.parametrize("endpoint", NAMED, ids=route)
def test_no_route_looks_for_an_endless_id(client: Api, endpoint: Endpoint) -> None:
    client.world.table.calls.clear()
    long = dict.fromkeys(NOBODYS, "x" * 129)
    answer = client.send(
        endpoint.method,
        endpoint.path.format(**long, platform="x" * 129, network="x" * 129, name="x" * 129, handle="x" * 129),
    )

    problem(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [("idempotency_key", 400, "invalid_idempotency_key"), ("if_match", 400, "invalid_if_match")],
)
def test_no_header_is_endless(client: Api, header: str, status: int, code: str) -> None:
    method = "POST" if header == "idempotency_key" else "PATCH"

    problem(
        client.send(method, path(WRITING[0]) if method == "POST" else "/v1/posts/post_1", {}, **{header: "x" * 8000}),
        status,
        code,
    )
