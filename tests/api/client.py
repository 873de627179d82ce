"""The API as its clients see it: the real routes and services over a world in memory."""

import json
import zlib
from base64 import b64encode
from datetime import timedelta
from functools import cache
from typing import Any

from chalice.app import Chalice
from chalice.test import Client, HTTPResponse
from jsonschema import Draft202012Validator

from chalicelib import api
from chalicelib.api import openapi
from chalicelib.core.timing import stamp
from chalicelib.ports import Heard
from chalicelib.service import access, engaged
from chalicelib.service.ingest import ingest
from tests.fakes import FakeWorld

Json = dict[str, Any]

SCOPES = (
    *("posts:read", "posts:write", "posts:review", "accounts:read", "accounts:write"),
    *("webhooks:read", "webhooks:write", "engagement:read", "engagement:write"),
    *("plan:read", "plan:write", "scores:read", "keys:read", "keys:write", "audit:read"),
)


class Api:
    """A client with a key that may do everything. Every answer is held against the OpenAPI document."""

    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        self.app = Chalice("carillon")
        api.install(self.app, lambda: self.world)
        self.workspace_id = access.create_workspace(world, "Bell tower")
        self.key = self.new_key("*")
        self._http = Client(self.app).http

    def new_key(self, *scopes: str) -> str:
        """Another key of the workspace."""
        return access.create_key(self.world, self.workspace_id, scopes).secret

    def stranger(self) -> "Api":
        """Another tenant of the same service."""
        return Api(self.world)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        """Send a request; a body that is not bytes goes as JSON. Headers as `if_match=`, `idempotency_key=` …"""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        defaults = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        sent = {name: value for name, value in {**defaults, **given}.items() if value}
        answer = self._http.request(method, path, headers=sent, body=raw)
        must_fit(self.app, method, path, answer)
        return answer

    def get(self, path: str, **headers: str) -> HTTPResponse:
        """GET."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        """POST."""
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HTTPResponse:
        """PATCH."""
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HTTPResponse:
        """DELETE."""
        return self.send("DELETE", path, **headers)

    def account(self, name: str = "Tower") -> str:
        """The id of a newly connected sandbox account."""
        answer = self.post("/v1/accounts", {"platform": "sandbox", "name": name})
        assert answer.status_code == 201, answer.body
        return str(answer.json_body["id"])

    def webhook(self, **fields: Any) -> Json:
        """A webhook just registered, with its signing key."""
        answer = self.post("/v1/webhooks", {"url": "https://receiver.test/hook", **fields})
        assert answer.status_code == 201, answer.body
        return dict(answer.json_body)

    def schedule(self, **fields: Any) -> Json:
        """A schedule just made: every day at nine in Berlin, from tomorrow on."""
        post = {"text": "Ding dong", "targets": [{"account_id": self.account()}]}
        tomorrow = (self.world.clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT09:00:00")
        wanted = {"rule": "FREQ=DAILY", "timezone": "Europe/Berlin", "starts_at": tomorrow, "post": post, **fields}
        answer = self.post("/v1/schedules", wanted)
        assert answer.status_code == 201, answer.body
        return dict(answer.json_body)

    def item(self, account_id: str, kind: str = "comment", thing: str = "sp_theirs") -> str:
        """The id of an item of the inbox: what somebody has just said to an account."""
        about = {"kind": kind, "actor": "ringer", "thing_id": thing, "text": "How loud?"}
        event = {"type": "engagement", "timestamp": stamp(self.world.clock.now()), "data": about}
        packed = b64encode(zlib.compress(json.dumps(event).encode())).decode()
        kept, at = json.dumps({"webhook-id": f"evt_{thing}"}), stamp(self.world.clock.now())
        heard = Heard(self.workspace_id, account_id, "standard", at, kept, packed)
        assert ingest(self.world, {"1": heard}) == []
        return engaged.inbox_id(account_id, thing)

    def draft(self, **fields: Any) -> Json:
        """The body of a post to one new account."""
        return {"text": "Ding dong", "targets": [{"account_id": self.account()}], **fields}

    def created(self, **fields: Any) -> Json:
        """A post just made, due in an hour unless told otherwise."""
        answer = self.post("/v1/posts", self.draft(**{"scheduled_at": self.later(), **fields}))
        assert answer.status_code in (201, 202), answer.body
        return dict(answer.json_body)

    def later(self, minutes: int = 60) -> str:
        """A time that many minutes ahead."""
        return stamp(self.world.clock.now() + timedelta(minutes=minutes))


def must_fit(app: Chalice, method: str, path: str, answer: HTTPResponse) -> None:
    """The answer is one that the document promises: its status, its media type, and exactly its fields."""
    template = matching(app, path.split("?")[0])
    if template is None or method.lower() not in document()["paths"][template]:
        return
    responses = document()["paths"][template][method.lower()]["responses"]
    assert str(answer.status_code) in responses, f"{method} {template} may not answer {answer.status_code}"
    content = responses[str(answer.status_code)].get("content")
    if content is None:
        assert answer.body == b""
        return
    kind = answer.headers["Content-Type"]
    assert kind in content, f"{method} {template} may not answer {answer.status_code} as {kind}"
    if kind not in ("application/json", "application/problem+json"):
        return
    validator({**content[kind]["schema"], "components": document()["components"]}).validate(answer.json_body)


def matching(app: Chalice, path: str) -> str | None:
    """The route that a path belongs to."""
    parts = path.split("/")
    for template in app.routes:
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(w[:1] == "{" or w == p for w, p in zip(wanted, parts, strict=True)):
            return str(template)
    return None


def validator(schema: Json) -> Draft202012Validator:
    """A validator of the schema."""
    return Draft202012Validator(schema)


@cache
def document() -> Json:
    """Our OpenAPI document, where every object of an answer is closed: what is not declared may not be sent."""
    found = json.loads(json.dumps(openapi.document("https://carillon.test/api")))
    for schema in found["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return dict(found)


def problem(answer: HTTPResponse, status: int, code: str) -> Json:
    """The problem that the answer is, which must have this status and code."""
    assert (answer.status_code, answer.json_body.get("code")) == (status, code), answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json_body["status"] == status
    assert answer.json_body["request_id"] == answer.headers["X-Request-Id"]
    return dict(answer.json_body)


def issues(answer: HTTPResponse) -> list[tuple[str, str]]:
    """What is wrong and where, as (path, code)."""
    return [(issue["path"], issue["code"]) for issue in answer.json_body["issues"]]
