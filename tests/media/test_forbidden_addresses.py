"""Nobody makes this service call where it must not: `forbidden_addresses.json` holds the addresses, each with why.

`resolves` is what a name's lookup answers; addresses that need no lookup go through the C library as they are, because
it reads many notations.
"""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from tempfile import TemporaryFile
from threading import Thread
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from chalicelib.core.conversation import Effect, Request
from chalicelib.core.errors import NotSent
from chalicelib.core.post import Media
from chalicelib.web import HttpWeb
from tests.api.client import Api, issues, problem
from tests.fakes import world

CORPUS = json.loads(Path(__file__).with_name("forbidden_addresses.json").read_bytes())
NAMES = {
    each["url"].removeprefix("https://").rstrip("/").lower(): each["resolves"] for each in CORPUS if "resolves" in each
}
NAMES["b\u00fccher.example"] = NAMES["xn--bcher-kva.example"]
TLS = ssl.create_default_context()  # reading all certificates takes longer than a test
REFUSALS = r"public address|not a|only https|no such host|redirects to nowhere|cannot be written|gaierror"

forbidden = pytest.mark.parametrize("address", CORPUS, ids=[ascii(each["url"]) for each in CORPUS])


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer) -> list[Any]:
    """Every place but those of the test that a connection is tried to; names resolve as the corpus says."""
    places: list[Any] = []
    look_up, connect = socket.getaddrinfo, socket.create_connection

    def looked_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        name = (host.decode() if isinstance(host, bytes) else host).lower()
        if name not in NAMES:
            return look_up(host, port, *rest, **{**more, "flags": socket.AI_NUMERICHOST})
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in NAMES[name]]

    def connected(place: Any, *rest: Any, **more: Any) -> Any:
        if place[1] != httpserver.port and f"{place[0]}:{place[1]}" not in places:
            places.append(place)
            raise ConnectionRefusedError
        return connect(place, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(socket, "create_connection", connected)
    return places


@pytest.fixture
def internet(httpserver: HTTPServer) -> Iterator[HttpWeb]:
    """An internet in which of this machine only the test's own server may be called."""
    with closing(internet_at(f"{httpserver.host}:{httpserver.port}")) as web:
        yield web


def internet_at(place: str) -> HttpWeb:
    return HttpWeb(frozenset({place}), tls=TLS, sleep=lambda _: None)


def test_the_corpus_is_large_and_gives_its_reasons() -> None:
    assert len(CORPUS) >= 100
    assert len({each["url"] for each in CORPUS}) == len(CORPUS)
    assert all(each["why"] for each in CORPUS)


@forbidden
def test_nothing_leaves_for_it(address: dict[str, Any], internet: HttpWeb, called: list[Any]) -> None:
    assert internet.objection(address["url"])
    with pytest.raises((NotSent, ValueError), match=REFUSALS):
        internet.send(Request("GET", address["url"], timeout=2.0))
    assert called == []


@forbidden
def test_it_cannot_become_a_medium(address: dict[str, Any], internet: HttpWeb, called: list[Any]) -> None:
    client = Api(world(web=internet))
    answer = client.post("/v1/media", {"url": address["url"]})
    problem(answer, 422, "validation_failed")
    assert [path for path, _ in issues(answer)] == ["url"]
    assert (called, client.world.probes.waiting) == ([], [])


@forbidden
def test_what_leads_there_only_when_it_is_fetched_is_not_fetched(
    address: dict[str, Any], internet: HttpWeb, called: list[Any]
) -> None:
    with pytest.raises(NotSent, match=REFUSALS), TemporaryFile() as file:
        internet.download(address["url"], file, 2.0)
    assert called == []


@forbidden
def test_a_medium_there_is_not_fetched_and_its_request_not_sent(
    address: dict[str, Any], internet: HttpWeb, called: list[Any], httpserver: HTTPServer
) -> None:
    medium = Media.model_construct(url=address["url"], mime_type=None)
    request = Request("POST", httpserver.url_for("/upload"), media=medium, effect=Effect.CREATE, timeout=2.0)
    with pytest.raises(NotSent, match=REFUSALS):
        internet.send(request)
    assert (called, httpserver.log) == ([], [])


@forbidden
def test_a_redirect_to_it_is_not_followed(address: dict[str, Any], called: list[Any]) -> None:
    with redirecting(address["url"]) as place, closing(internet_at(place)) as internet:
        called.append(place)
        with pytest.raises(NotSent, match=REFUSALS):
            internet.send(Request("GET", f"http://{place}/", timeout=2.0))
        medium = Request("POST", f"http://{place}/", media=Media(url=f"http://{place}/"), effect=Effect.CREATE)
        with pytest.raises(NotSent, match=REFUSALS):
            internet.send(medium)
    assert called == [place]


@contextmanager
def redirecting(target: str) -> Iterator[str]:
    """A server that answers everything with a redirect, whose bytes no library corrects; gives `host:port`."""
    location = "".join(target.splitlines()).encode()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("url", ["https://example.com/a@b.png", "https://bücher.example/x", "https://8.8.8.8:8443/x"])
def test_plain_addresses_are_not_objected_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("8.8.8.8", 443))])
    assert HttpWeb().objection(url) is None
