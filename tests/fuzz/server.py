"""The API in memory, behind a port: what the gateway hands to the function, it is handed here."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

from chalice.app import Chalice

from chalicelib import api
from chalicelib.api.openapi import CALLED
from chalicelib.aws.gateway import answered
from chalicelib.core.conversation import Reply, Request
from chalicelib.core.errors import NotSent
from chalicelib.ports import Settings
from chalicelib.service import access, limits
from chalicelib.service.receive import receive
from tests.api.client import matching
from tests.fakes import FakeWorld, world

Json = dict[str, Any]

HOST = "127.0.0.1"
IN_MEMORY = "carillon-in-memory"
PLENTY = 10**9


class Nowhere:
    """An internet without anybody in it."""

    def objection(self, url: str) -> str | None:
        return None

    def warm(self) -> None:
        pass

    def download(self, url: str, into: IO[bytes], seconds: float) -> None:
        raise NotSent("nobody is there")

    def send(self, request: Request) -> Reply:
        raise NotSent("nobody is there")


@dataclass(frozen=True, slots=True)
class Served:
    """A service that answers, and one tenant's key to it."""

    url: str
    key: str
    key_id: str


@contextmanager
def serving() -> Iterator[Served]:
    """The API at a free port until the block ends, with an empty workspace whose requests nobody counts."""
    here = world(web=Nowhere(), settings=Settings(stage="test", api_url=f"http://{HOST}"))
    app = Chalice("carillon")
    api.install(app, lambda: here)
    server = ThreadingHTTPServer((HOST, 0), _handler(here, app))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield _tenant(here, f"http://{HOST}:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


def _tenant(here: FakeWorld, url: str) -> Served:
    workspace_id = access.create_workspace(here, "Fuzz")
    limits.change(here, workspace_id, limits.Limits(PLENTY, PLENTY))
    key = access.create_key(here, workspace_id, ("*",))
    return Served(url, key.secret, key.id)


def _handler(here: FakeWorld, app: Chalice) -> type[BaseHTTPRequestHandler]:
    one_at_a_time = threading.Lock()  # as each Lambda does

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def version_string(self) -> str:
            return IN_MEMORY

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._answer
            raise AttributeError(name)

        def _answer(self) -> None:
            length = self.headers.get("Content-Length", "0")
            body = self.rfile.read(int(length)) if length.isdigit() else b""
            with one_at_a_time:
                answer = asked(here, app, self.command, self.path, dict(self.headers.items()), body)
            content = str(answer["body"]).encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            if answer["statusCode"] != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler


def asked(here: FakeWorld, app: Chalice, method: str, target: str, headers: dict[str, str], body: bytes) -> Json:
    """What the function answers to the event that API Gateway would make of a request."""
    url = urlsplit(target)
    template = matching(app, url.path) or (CALLED if url.path.startswith(CALLED.split("{")[0]) else None)
    if template is None:
        return {"statusCode": 404, "headers": {}, "body": ""}
    names = zip(template.split("/"), url.path.split("/"), strict=False)
    event = {
        "requestContext": {"resourcePath": template, "httpMethod": method, "requestId": "req", "path": url.path},
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": parse_qs(url.query, keep_blank_values=True) or None,
        "pathParameters": {name[1:-1]: unquote(value) for name, value in names if name[:1] == "{"},
        "stageVariables": None,
        "body": b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    if template == CALLED:
        if method not in ("GET", "POST"):
            return {"statusCode": 405, "headers": {"Allow": "GET, POST"}, "body": ""}
        return answered(event, here.clock.now(), partial(receive, here))
    return dict(app(event, None))
