"""The OpenAPI 3.1 document, made from the same declarations that serve the requests."""

import json
import re
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, create_model
from pydantic.json_schema import JsonSchemaMode

from chalicelib.api import RESOURCES
from chalicelib.api.answers import FLAT
from chalicelib.api.problem import Problem
from chalicelib.api.route import Endpoint
from chalicelib.api.schedules import ScheduleAnswer

Json = dict[str, Any]

REF = "#/components/schemas/{model}"
EXAMPLES = Path(__file__).with_name("examples.json")

ABOUT = """One post goes in; every network receives it in its own shape, at the promised second, exactly once.

Times are RFC 3339. A time without an offset needs a `timezone` beside it. Every failure is a problem (RFC 9457)
that names everything wrong at once. A name that is not declared here, in a body or in a query, is refused."""


@cache
def document(base: str) -> Json:
    """The document, for a service at `base`."""
    return dict(json.loads(_public_names(json.dumps(_document(base)))))


def _public_names(text: str) -> str:
    """Outside, a shape has its thing's name: `PostAnswer` is a `Post`, `ListAnswer_PostAnswer_` a `PostList`."""
    return re.sub(r"\b([A-Z]\w*)Answer\b", r"\1", re.sub(r"\bListAnswer_(\w+?)(?:Answer)?_+\b", r"\1List", text))


def _document(base: str) -> Json:
    schemas = _Schemas()
    paths: dict[str, Json] = {}
    for tag, endpoint in _tagged():
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(tag, endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Carillon", "version": "1", "description": ABOUT, "license": _LICENSE},
        "servers": [{"url": base}],
        "tags": [{"name": _tag(each), "description": each.__doc__} for each in RESOURCES],
        "paths": {**paths, CALLED: {"get": _called("challenge"), "post": _called("callback")}},
        "components": {
            "schemas": schemas.all(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "ck_live_…"}},
        },
    }


CALLED = "/v1/callbacks/{platform}/{account_id}"
"""Where networks and tools call: a function of its own answers there, and no endpoint of the API's."""


def _called(doing: str) -> Json:
    """One way of calling. What proves a call, and what it wants to hear, is its network's own."""
    from chalicelib.callbacks import names

    said = {
        "challenge": "A network makes sure that the address is yours.",
        "callback": "A network, or a tool of yours that speaks Standard Webhooks, tells what people did.",
    }
    asked = [
        {"name": "platform", "in": "path", "required": True, "schema": {"type": "string", "enum": names()}},
        {"name": "account_id", "in": "path", "required": True, "schema": NAME},
    ]
    refused = {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}
    responses: Json = {
        "200": {"description": "Understood, in the form that the network wants.", "content": {"*/*": {}}},
        "204": {"description": "The same, where a network wants nothing back."},
        "401": {"description": "Whatever is wrong with the call.", "content": refused},
        "413": {"description": "More than 256 KB.", "content": refused},
    }
    operation: Json = {
        "tags": ["callbacks"],
        "operationId": f"receive_{doing}",
        "summary": said[doing],
        "parameters": asked,
        "responses": responses,
        "security": [],
    }
    return operation if doing == "challenge" else {**operation, "requestBody": {"content": {"*/*": {}}}}


_LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _tagged() -> list[tuple[str, Endpoint]]:
    return [(_tag(each), one) for each in RESOURCES for one in vars(each).values() if isinstance(one, Endpoint)]


def _tag(resource: Any) -> str:
    return str(resource.__name__).rsplit(".", 1)[1]


class _Schemas:
    """The schemas of every shape that was asked for, each by reference to one component."""

    def __init__(self) -> None:
        self._wanted: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = []
        shapes: list[tuple[Any, JsonSchemaMode]] = [(Problem, "serialization")]
        for _, endpoint in _tagged():
            shapes += [(endpoint.body, "validation")] if endpoint.body else []
            shapes += [(shape, "serialization") for shape in endpoint.answers.values() if shape]
        inputs: list[Any] = [(shape, mode, TypeAdapter(_whole(shape))) for shape, mode in shapes]
        found, definitions = TypeAdapter.json_schemas(inputs, ref_template=REF)
        self._found = {(str(shape), mode): schema for (shape, mode), schema in found.items()}
        self._definitions: Json = definitions["$defs"]
        for shape in FLAT:
            # A reader of answers has to bear new fields; only what is sent to us is closed.
            del self._definitions[shape.__name__]["additionalProperties"]

    def of(self, shape: Any, mode: JsonSchemaMode = "serialization") -> Json:
        """A reference to the shape's schema."""
        return self._found[str(shape), mode]

    def all(self) -> Json:
        """Every component."""
        return self._definitions


def _whole(shape: Any) -> Any:
    """The shape, with the fields that stand flat beside its own."""
    args = getattr(shape, "__args__", ())
    if args and args[0] in FLAT:
        return shape.__origin__[_whole(args[0])]
    if shape not in FLAT:
        return shape
    own: Any = {name: (kind, ...) for name, kind in get_type_hints(shape, include_extras=True).items()}
    return create_model(shape.__name__, __base__=FLAT[shape], __doc__=shape.__doc__, **own)


def _operation(tag: str, endpoint: Endpoint, schemas: _Schemas) -> Json:
    said = (endpoint.handler.__doc__ or "").strip()
    operation: Json = {
        "tags": [tag],
        "operationId": endpoint.name,
        "summary": said.splitlines()[0],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_header_parameters(endpoint)],
        "responses": _responses(endpoint, schemas),
        "security": [] if endpoint.needs == "nothing" else [{"key": []}],
    }
    if ":" in endpoint.needs:
        operation["description"] = f"Needs a key with the scope `{endpoint.needs}`."
        operation["x-scope"] = endpoint.needs
    if endpoint.body:
        operation["requestBody"] = _request_body(endpoint, schemas)
    return operation


NAME = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9_.@-]+$"}
"""Any part of a path; anything else names nothing, and is answered 404."""


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": NAME} for name in names]


def _query_parameters(endpoint: Endpoint) -> list[Json]:
    schema = endpoint.query.model_json_schema()
    required = schema.get("required", [])
    return (
        [
            {"name": name, "in": "query", "required": name in required, "schema": _bare(field)}
            for name, field in schema["properties"].items()
        ]
        if "properties" in schema
        else []
    )


def _bare(field: Json) -> Json:
    """A parameter's schema: being absent is not being null."""
    choices = [choice for choice in field.get("anyOf", []) if choice != {"type": "null"}]
    kept = {name: value for name, value in field.items() if name not in ("title", "anyOf") and value is not None}
    return {**kept, **choices[0]} if choices else kept


def _header_parameters(endpoint: Endpoint) -> list[Json]:
    return [*_own_headers(endpoint), _header("traceparent", _TRACED)]


def _own_headers(endpoint: Endpoint) -> list[Json]:
    if endpoint.method == "POST" and endpoint.needs != "nothing":
        about = _KEPT if endpoint.kept else _NOT_KEPT
        return [_header("Idempotency-Key", about, maxLength=255, pattern=r"^[\x21-\x7e]{1,255}$")]
    if _is_versioned(endpoint):
        about = "The ETag of the version that you have seen; another one answers 412."
        return [_header("If-Match", about, maxLength=20, pattern=_TAGS)]
    return []


def _is_versioned(endpoint: Endpoint) -> bool:
    return endpoint.method in ("PATCH", "DELETE") and endpoint.path.endswith(("{post_id}", "{schedule_id}"))


_TRACED = (
    "Your trace, as W3C Trace Context writes it: its id is that of the answer, of whatever comes of the request, and "
    "of what webhooks tell of that. Without a sound one a new trace begins."
)
_KEPT = "Sent again within 24 hours with the same key and body, the request is answered as it was the first time."
_NOT_KEPT = "Accepted and not needed: this can be repeated freely."
_TAGS = r'^(\*|"v[1-9][0-9]{0,14}")$'


def _header(name: str, about: str, **bounds: str | int) -> Json:
    schema = {"type": "string", **bounds}
    return {"name": name, "in": "header", "required": False, "description": about, "schema": schema}


def _request_body(endpoint: Endpoint, schemas: _Schemas) -> Json:
    content: Json = {"schema": schemas.of(endpoint.body, "validation")}
    examples = _examples().get(f"{endpoint.method} {endpoint.path}")
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    required = any(field.is_required() for field in endpoint.body.model_fields.values()) if endpoint.body else False
    return {"required": required, "content": {"application/json": content}}


@cache
def _examples() -> Json:
    found: Json = json.loads(EXAMPLES.read_bytes())
    return found


def _responses(endpoint: Endpoint, schemas: _Schemas) -> Json:
    """Everything that may come back; a failure of the endpoint's own stands beside the problem of that status."""
    answers, problems = _answers(endpoint, schemas), _problems(endpoint, schemas)
    for status in answers.keys() & problems.keys():
        answers[status]["content"] |= problems[status]["content"]
    return {**problems, **answers}


def _answers(endpoint: Endpoint, schemas: _Schemas) -> Json:
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": _answer_headers(endpoint, status),
            **({"content": _content(endpoint, shape, schemas)} if shape else {}),
        }
        for status, shape in endpoint.answers.items()
    }


def _content(endpoint: Endpoint, shape: Any, schemas: _Schemas) -> Json:
    """The shape under its media type, which text is annotated with."""
    picture: Json = {"image/svg+xml": {"schema": {"type": "string"}}} if endpoint.pictured else {}
    (media_type,) = getattr(shape, "__metadata__", ("application/json",))
    return {media_type: {"schema": schemas.of(shape)}, **picture}


LOCATED = ("/v1/posts", "/v1/schedules", "/v1/media", "/v1/accounts", "/v1/webhooks", "/v1/keys")
TAGGED = (*FLAT, ScheduleAnswer)
"""Shapes whose version is their ETag."""


def _answer_headers(endpoint: Endpoint, status: int) -> Json:
    names = ["X-Request-Id", "traceparent"]
    if endpoint.needs != "nothing":
        names += ["RateLimit", "RateLimit-Policy"]
    if endpoint.method == "POST" and endpoint.path in LOCATED:
        names += ["Location"]
    if endpoint.answers[status] in TAGGED and endpoint.path.startswith(("/v1/posts", "/v1/schedules")):
        names += ["ETag"]
    if endpoint.kept:
        names += ["Idempotency-Replayed"]
    return {name: {"schema": {"type": "string"}} for name in names}


def _problems(endpoint: Endpoint, schemas: _Schemas) -> Json:
    content = {"application/problem+json": {"schema": schemas.of(Problem)}}
    return {
        str(status): {"description": about, "content": content}
        for status, about in PROBLEMS.items()
        if _possible(endpoint, status)
    }


PROBLEMS = {
    400: "The request cannot be read: its JSON, its UTF-8, its query or a header",
    401: "No API key, or not a good one",
    403: "The key lacks the scope",
    404: "There is no such thing in this workspace",
    409: "The thing's state forbids it, others change it now, or a request with the same Idempotency-Key is in flight",
    412: "The thing is at another version than If-Match says",
    413: "The body is larger than 1 MiB",
    415: "The body is not application/json",
    422: "The body breaks rules: every one is named; or the Idempotency-Key was used with another request",
    429: "The requests of this minute are used up, of the key, workspace or link; Retry-After says when there are more",
    500: "Something went wrong here",
    503: "Something that we need does not answer, or a newer release wrote this; the same again later may work",
}


BY_ACCOUNT = ("/v1/plan", "/v1/scores")
"""Where an account may be named in the query."""


def _possible(endpoint: Endpoint, status: int) -> bool:
    reads = endpoint.method in ("POST", "PATCH", "PUT")
    return {
        401: endpoint.needs != "nothing" or "sandbox" in endpoint.path,
        403: ":" in endpoint.needs,
        404: "{" in endpoint.path or endpoint.path.startswith(BY_ACCOUNT) or endpoint.path.endswith(".ics"),
        409: endpoint.method in ("PATCH", "DELETE")
        or endpoint.kept
        or (endpoint.method, endpoint.path) == ("PUT", "/v1/plan")
        or endpoint.path.endswith(("/receipt", "/callback", "/accounts", "/bundle", "/share")),
        412: _is_versioned(endpoint),
        413: reads,
        415: reads,
        422: reads,
        429: endpoint.needs != "nothing" or endpoint.path.endswith(".ics"),
    }.get(status, True)
