"""The port to the internet, against real servers on this machine."""

import gzip
import logging
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request as Got
from werkzeug import Response

from chalicelib import web
from chalicelib.core.addresses import is_public
from chalicelib.core.conversation import Effect, Request
from chalicelib.core.errors import MaybeSent, NotSent, TransportFailure
from chalicelib.core.post import Media
from chalicelib.web import HttpWeb

NewInternet = Callable[..., HttpWeb]
Handler = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def internet_with(naps: list[float]) -> Iterator[NewInternet]:
    """Makes an internet in which some servers on this machine may be called."""
    with ExitStack() as made:

        def new(*servers: HTTPServer | str) -> HttpWeb:
            places = [each if isinstance(each, str) else f"{each.host}:{each.port}" for each in servers]
            return made.enter_context(closing(HttpWeb(frozenset(places), sleep=naps.append)))

        yield new


@pytest.fixture
def internet(httpserver: HTTPServer, internet_with: NewInternet) -> HttpWeb:
    return internet_with(httpserver)


@dataclass
class StoppedClock:
    """The clock that the internet looks at: it moves only when a test says so, however slow the machine is."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
    stopped = StoppedClock()
    monkeypatch.setattr(web, "time", stopped)
    return stopped


@pytest.fixture
def rogue() -> Iterator[Callable[[Handler], str]]:
    """Starts servers that treat each connection as they like; gives `host:port`."""
    doors: list[socket.socket] = []

    def start(handler: Handler) -> str:
        door = socket.create_server(("127.0.0.1", 0))
        doors.append(door)
        threading.Thread(target=serve, args=(door, handler), daemon=True).start()
        return f"127.0.0.1:{door.getsockname()[1]}"

    yield start
    for door in doors:
        door.shutdown(socket.SHUT_RDWR)
        door.close()


def serve(door: socket.socket, handler: Handler) -> None:
    while True:
        try:
            guest, _ = door.accept()
        except OSError:
            return
        with guest:
            try:
                handler(guest)
            except OSError:
                continue


PRIVATE = {
    "this machine": "0.1.2.3 127.0.0.1 127.255.255.255 :: ::1",
    "private": "10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd00:ec2::254 fec0::1",
    "shared by carriers": "100.64.0.1 100.127.255.255",
    "this link": "169.254.169.254 fe80::1 fe80::1%eth0",
    "everybody": "224.0.0.1 239.1.1.1 255.255.255.255 ff02::1 ff0e::1",
    "reserved": "192.0.0.1 192.0.2.1 198.18.0.1 203.0.113.1 240.0.0.1 100::1 2001:db8::1",
    "another address in disguise": "::7f00:1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 64:ff9b::a00:1 64:ff9b::808:808 "
    "64:ff9b:1::1 2001::1 2002:a00:1:: 2002:808:808::1 192.88.99.1",
}


def take_request(guest: socket.socket) -> bytes:
    taken = b""
    while b"\r\n\r\n" not in taken:
        taken += guest.recv(65536)
    return taken


def reset(guest: socket.socket) -> None:
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def create(url: str, **fields: object) -> Request:
    return Request("POST", url, effect=Effect.CREATE, **{"json": {"text": "hi"}, "timeout": 5.0, **fields})  # type: ignore[arg-type]


def test_a_request_goes_out_as_asked_and_its_reply_comes_back(httpserver: HTTPServer, internet: HttpWeb) -> None:
    asked: list[Got] = []

    def answer(got: Got) -> Response:
        got.get_data()
        asked.append(got)
        return Response(b'{"id": 1}', 201, {"X-RateLimit-Remaining": "7", "Content-Type": "application/json"})

    httpserver.expect_request("/v1/posts").respond_with_handler(answer)
    url = httpserver.url_for("/v1/posts?a=1")
    reply = internet.send(create(url, headers={"Authorization": "Bearer t"}, params={"b": "ü &"}))
    assert (reply.status, reply.json, reply.headers["x-ratelimit-remaining"]) == (201, {"id": 1}, "7")
    [got] = asked
    assert (got.method, dict(got.args), got.json) == ("POST", {"a": "1", "b": "ü &"}, {"text": "hi"})
    assert got.headers["Authorization"] == "Bearer t"
    assert got.headers["User-Agent"].startswith("Carillon")


def test_bodies_are_forms_bytes_or_nothing(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/").respond_with_handler(
        lambda got: Response(f"{got.content_type}|".encode() + got.get_data(parse_form_data=False))
    )
    url = httpserver.url_for("/")
    form = internet.send(create(url, json=None, form={"a": "ü b"}))
    assert form.body == b"application/x-www-form-urlencoded|a=%C3%BC+b"
    raw = internet.send(create(url, json=None, content=b"\x00\xff", headers={"content-type": "image/png"}))
    assert raw.body == b"image/png|\x00\xff"
    assert internet.send(create(url, json=None)).body == b"None|"


def test_cookies_of_one_reply_never_travel_with_the_next_request(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/").respond_with_handler(
        lambda got: Response(got.headers.get("Cookie", "none"), headers={"Set-Cookie": "tenant=one"})
    )
    replies = [internet.send(create(httpserver.url_for("/"))) for _ in range(2)]
    assert replies[1].body == b"none"


def test_repeated_headers_of_a_reply_are_joined(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/").respond_with_response(Response(headers=[("Link", "<a>"), ("Link", "<b>")]))
    assert internet.send(Request("GET", httpserver.url_for("/"))).headers["link"] == "<a>, <b>"


def test_a_refused_connection_is_not_sent(internet_with: NewInternet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        place = f"127.0.0.1:{door.getsockname()[1]}"
    internet = internet_with(place)
    with pytest.raises(NotSent, match="ConnectError from ConnectionRefusedError"):
        internet.send(create(f"http://{place}/"))


def test_a_host_that_does_not_exist_is_not_sent() -> None:
    with pytest.raises(NotSent, match=r"nowhere.invalid: ConnectError from gaierror"):
        HttpWeb().send(create("https://nowhere.invalid/"))


def test_a_host_name_that_cannot_exist_is_not_sent() -> None:
    with pytest.raises(NotSent):
        HttpWeb().send(create(f"https://{'a' * 70}.example/"))


@pytest.mark.parametrize(
    "fault",
    [
        {"url_tail": "x" * 70_000},
        {"headers": {"X-Bad": "Bearer s3cret\r\nX-More: 1"}},
        {"headers": {"X-Bad": "s3cret \ud83d"}},
        {"json": {"number": {1, 2}}},
    ],
)
def test_what_cannot_be_written_is_not_sent_and_not_quoted(
    httpserver: HTTPServer, internet: HttpWeb, fault: dict[str, object]
) -> None:
    url = httpserver.url_for("/") + str(fault.pop("url_tail", ""))
    with pytest.raises(NotSent) as failed:
        internet.send(create(url, **fault))
    assert "s3cret" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__
    assert httpserver.log == []


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "https:///x", "example.com", "https://[::1", ""]
)
def test_what_is_no_web_address_is_a_mistake_of_the_caller(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        HttpWeb().send(create(url))


def test_a_certificate_that_nobody_vouches_for_is_not_sent(
    rogue: Callable[[Handler], str], internet_with: NewInternet
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    taken: list[bytes] = []

    def handler(guest: socket.socket) -> None:
        with context.wrap_socket(guest, server_side=True) as inner:
            taken.append(inner.recv(1))

    place = rogue(handler).replace("127.0.0.1", "localhost")
    internet = internet_with(place)
    with pytest.raises(NotSent, match="SSLCertVerificationError"):
        internet.send(create(f"https://{place}/"))
    assert not any(taken)


@pytest.mark.parametrize(("name", "outcome"), [("localhost", 200), ("other.test", NotSent)])
def test_a_certificate_must_name_the_host_and_not_its_address(
    monkeypatch: pytest.MonkeyPatch, name: str, outcome: int | type[NotSent]
) -> None:
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_side)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    known = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: known("127.0.0.1", *rest, **more))
    with HTTPServer(ssl_context=server_side) as server:
        server.expect_request("/").respond_with_data("ok")
        place = f"{name}:{server.port}"
        with closing(HttpWeb(frozenset([place]), tls=trusting)) as internet:
            if isinstance(outcome, int):
                assert internet.send(create(f"https://{place}/")).status == outcome
            else:
                with pytest.raises(outcome, match="SSLCertVerificationError"):
                    internet.send(create(f"https://{place}/"))


def test_a_reset_after_the_request_may_have_been_sent(
    rogue: Callable[[Handler], str], internet_with: NewInternet
) -> None:
    def handler(guest: socket.socket) -> None:
        take_request(guest)
        reset(guest)

    place = rogue(handler)
    internet = internet_with(place)
    with pytest.raises(MaybeSent):
        internet.send(create(f"http://{place}/"))


def test_a_reset_in_the_middle_of_the_body_may_have_been_sent(
    rogue: Callable[[Handler], str], internet_with: NewInternet
) -> None:
    def handler(guest: socket.socket) -> None:
        take_request(guest)
        reset(guest)

    place = rogue(handler)
    internet = internet_with(place)
    with pytest.raises(MaybeSent):
        internet.send(create(f"http://{place}/", json=None, content=b"x" * 30_000_000))


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", HEAD + b"ok", b"nonsense\r\n\r\n", HEAD.replace(b"200", b"2xx")]
)
def test_an_answer_that_breaks_off_or_makes_no_sense_may_have_been_sent(
    rogue: Callable[[Handler], str], answer: bytes, internet_with: NewInternet
) -> None:
    def handler(guest: socket.socket) -> None:
        take_request(guest)
        guest.sendall(answer)

    place = rogue(handler)
    internet = internet_with(place)
    with pytest.raises(MaybeSent):
        internet.send(create(f"http://{place}/"))


@pytest.mark.usefixtures("clock")  # so that only the reading takes time, and a busy machine cannot end it before that
def test_a_server_that_never_answers_may_have_been_sent(
    rogue: Callable[[Handler], str], internet_with: NewInternet
) -> None:
    finished = threading.Event()

    def handler(guest: socket.socket) -> None:
        take_request(guest)
        finished.wait(20)

    place = rogue(handler)
    internet = internet_with(place)
    with pytest.raises(MaybeSent, match="ReadTimeout"):
        internet.send(create(f"http://{place}/", timeout=0.2))
    finished.set()


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_a_server_that_drips_is_cut_off_in_its_head_and_in_its_body(
    rogue: Callable[[Handler], str], first: bytes, internet_with: NewInternet, clock: StoppedClock
) -> None:
    gone = threading.Event()
    drops: list[int] = []

    def handler(guest: socket.socket) -> None:
        take_request(guest)
        guest.sendall(first or b"HTTP/1.1 200 OK\r\nX-Long: ")
        try:
            for drop in range(10_000):
                guest.sendall(b"a")
                drops.append(drop)
                clock.now += 1.0
                if gone.wait(0.02):
                    return
        finally:
            gone.set()

    place = rogue(handler)
    internet = internet_with(place)
    with pytest.raises(MaybeSent, match="ReadTimeout"):
        internet.send(create(f"http://{place}/", timeout=20.0))
    assert gone.wait(20), "the connection stayed open"
    assert len(drops) < 10_000, "it was read to the end"


def test_time_that_is_over_before_connecting_is_not_sent(httpserver: HTTPServer, internet: HttpWeb) -> None:
    with pytest.raises(NotSent):
        internet.send(create(httpserver.url_for("/"), timeout=0.0))
    assert httpserver.log == []


def test_a_huge_reply_may_have_been_sent(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer, internet: HttpWeb
) -> None:
    monkeypatch.setattr(web, "MAX_REPLY_BYTES", 1000)
    httpserver.expect_request("/fits").respond_with_data(b"x" * 1000)
    httpserver.expect_request("/huge").respond_with_data(b"x" * 1001)
    httpserver.expect_request("/bomb").respond_with_data(
        gzip.compress(b"x" * 1001), headers={"Content-Encoding": "gzip"}
    )
    assert len(internet.send(create(httpserver.url_for("/fits"))).body) == 1000
    for path in ("/huge", "/bomb"):
        with pytest.raises(MaybeSent):
            internet.send(create(httpserver.url_for(path)))


def test_a_compressed_reply_is_unpacked(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/").respond_with_data(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})
    assert internet.send(create(httpserver.url_for("/"))).json == {"a": 1}


@pytest.mark.parametrize(
    ("encoding", "body"), [("br", b"x"), ("gzip", b"x"), ("gzip", gzip.compress(b"abc", mtime=0)[:-9])]
)
def test_an_encoding_that_cannot_be_read_may_have_been_sent(
    httpserver: HTTPServer, internet: HttpWeb, encoding: str, body: bytes
) -> None:
    httpserver.expect_request("/").respond_with_data(body, headers={"Content-Encoding": encoding})
    with pytest.raises(MaybeSent):
        internet.send(create(httpserver.url_for("/")))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_creating_request_never_follows_a_redirect(httpserver: HTTPServer, internet: HttpWeb, status: int) -> None:
    httpserver.expect_request("/").respond_with_data("", status, {"Location": "/elsewhere"})
    reply = internet.send(create(httpserver.url_for("/")))
    assert (reply.status, reply.headers["location"]) == (status, "/elsewhere")
    assert len(httpserver.log) == 1


def test_reading_follows_redirects_and_keeps_its_headers_on_the_same_server(
    httpserver: HTTPServer, internet: HttpWeb
) -> None:
    httpserver.expect_request("/").respond_with_data("", 302, {"Location": "/there"})
    httpserver.expect_request("/there").respond_with_handler(lambda got: Response(got.headers["Authorization"]))
    reply = internet.send(Request("GET", httpserver.url_for("/"), headers={"Authorization": "Bearer t"}))
    assert reply.body == b"Bearer t"


def test_another_server_gets_no_credentials(httpserver: HTTPServer, internet_with: NewInternet) -> None:
    with HTTPServer() as other:
        internet = internet_with(httpserver, other)
        other.expect_request("/").respond_with_handler(lambda got: Response(str(sorted(got.headers.keys()))))
        httpserver.expect_request("/").respond_with_data("", 302, {"Location": other.url_for("/")})
        secret = {"Authorization": "Bearer t", "X-Api-Key": "k"}
        reply = internet.send(Request("GET", httpserver.url_for("/"), headers=secret))
    assert reply.body == b"['Accept', 'Accept-Encoding', 'Host', 'User-Agent']"


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "https://169.254.169.254/", "ftp://x/"]
)
def test_a_redirect_to_a_private_address_is_refused(httpserver: HTTPServer, internet: HttpWeb, target: str) -> None:
    httpserver.expect_request("/").respond_with_data("", 302, {"Location": target})
    with pytest.raises(NotSent, match=r"public|https|nowhere"):
        internet.send(Request("GET", httpserver.url_for("/")))
    assert len(httpserver.log) == 1


def test_redirects_in_a_circle_end(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/").respond_with_data("", 302, {"Location": "/"})
    with pytest.raises(NotSent, match="too often"):
        internet.send(Request("GET", httpserver.url_for("/")))
    assert len(httpserver.log) == web.MAX_REDIRECTS


def test_reading_is_tried_three_times_while_a_server_is_busy(
    httpserver: HTTPServer, internet: HttpWeb, naps: list[float]
) -> None:
    httpserver.expect_ordered_request("/").respond_with_data("", 503)
    httpserver.expect_ordered_request("/").respond_with_data("", 502)
    httpserver.expect_ordered_request("/").respond_with_data("at last")
    assert internet.send(Request("GET", httpserver.url_for("/"))).body == b"at last"
    assert len(naps) == 2


def test_a_server_that_stays_busy_says_so_in_the_end(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/").respond_with_data("", 503)
    assert internet.send(Request("GET", httpserver.url_for("/"))).status == 503
    assert len(httpserver.log) == 3


def test_reading_is_tried_again_after_a_lost_connection(
    rogue: Callable[[Handler], str], internet_with: NewInternet
) -> None:
    calls: list[bytes] = []

    def handler(guest: socket.socket) -> None:
        calls.append(take_request(guest))
        if len(calls) == 3:
            guest.sendall(HEAD + b"hello")

    place = rogue(handler)
    internet = internet_with(place)
    assert internet.send(Request("GET", f"http://{place}/")).body == b"hello"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_other_answers_are_not_asked_for_again(httpserver: HTTPServer, internet: HttpWeb, status: int) -> None:
    httpserver.expect_request("/").respond_with_data("", status)
    assert internet.send(Request("GET", httpserver.url_for("/"))).status == status
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("effect", [Effect.PREPARE, Effect.CREATE])
def test_what_changes_something_is_never_sent_twice(httpserver: HTTPServer, internet: HttpWeb, effect: Effect) -> None:
    httpserver.expect_request("/").respond_with_data("", 503)
    assert internet.send(Request("POST", httpserver.url_for("/"), effect=effect)).status == 503
    assert len(httpserver.log) == 1


def test_the_bytes_of_a_medium_are_the_body(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/cat.png").respond_with_data(b"PNG!" * 50_000, content_type="image/png; charset=x")
    httpserver.expect_request("/upload").respond_with_handler(
        lambda got: Response(f"{got.content_type} {got.content_length} {got.get_data() == b'PNG!' * 50_000}")
    )
    medium = Media(url=httpserver.url_for("/cat.png"))
    reply = internet.send(create(httpserver.url_for("/upload"), json=None, media=medium))
    assert reply.body == b"image/png 200000 True"


def test_a_medium_that_is_sent_again_is_sent_whole(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/cat.png").respond_with_data(b"cat")
    lengths: list[int] = []

    def answer(got: Got) -> Response:
        lengths.append(len(got.get_data()))
        return Response(status=503)

    httpserver.expect_request("/check").respond_with_handler(answer)
    internet.send(Request("POST", httpserver.url_for("/check"), media=Media(url=httpserver.url_for("/cat.png"))))
    assert lengths == [3, 3, 3]


@pytest.mark.parametrize("ranges", [True, False], ids=["a server that knows ranges", "one that does not"])
@pytest.mark.parametrize("span", [(0, 70_000), (70_000, 140_000), (199_999, 200_000)])
def test_a_stretch_of_a_medium_is_the_body(
    httpserver: HTTPServer, internet: HttpWeb, span: tuple[int, int], ranges: bool
) -> None:
    film, taken = bytes(range(256)) * 782, list[bytes]()

    def serve(got: Got) -> Response:
        if not ranges:
            return Response(film)
        first, last = map(int, got.headers["range"].removeprefix("bytes=").split("-"))
        return Response(film[first : last + 1], status=206)

    def take(got: Got) -> Response:
        taken.append(got.get_data())
        return Response("ok")

    httpserver.expect_request("/film.mp4").respond_with_handler(serve)
    httpserver.expect_request("/chunk").respond_with_handler(take)
    film_there = Media(url=httpserver.url_for("/film.mp4"), kind="video")
    internet.send(create(httpserver.url_for("/chunk"), json=None, media=film_there, span=span))
    assert taken == [film[slice(*span)]]


def test_media_and_fields_travel_as_multipart(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/pictures/cat.jpg").respond_with_data(b"\xff\xd8cat", content_type="image/jpeg")
    httpserver.expect_request("/blob").respond_with_data(b"film", content_type="application/octet-stream")
    asked: list[tuple[dict[str, str], dict[str, tuple[str | None, str | None, bytes]]]] = []

    def answer(got: Got) -> Response:
        files = {name: (each.filename, each.content_type, each.read()) for name, each in got.files.items()}
        asked.append((dict(got.form), files))
        return Response("ok")

    httpserver.expect_request("/upload").respond_with_handler(answer)
    files = {
        "file": Media(url=httpserver.url_for("/pictures/cat.jpg")),
        "film": Media(url=httpserver.url_for("/blob"), kind="video", mime_type="video/mp4"),
    }
    form = {"description": "Eine Katze 🐈"}
    internet.send(create(httpserver.url_for("/upload"), json=None, form=form, files=files))
    assert asked == [
        (form, {"file": ("cat.jpg", "image/jpeg", b"\xff\xd8cat"), "film": ("blob", "video/mp4", b"film")})
    ]


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (503, 3)])
def test_a_medium_that_is_not_there_means_not_sent(
    httpserver: HTTPServer, internet: HttpWeb, status: int, tries: int
) -> None:
    httpserver.expect_request("/cat.png").respond_with_data("", status)
    with pytest.raises(NotSent, match=f"medium at .*: answered {status}"):
        internet.send(create(httpserver.url_for("/up"), json=None, media=Media(url=httpserver.url_for("/cat.png"))))
    assert [got.path for got, _ in httpserver.log] == ["/cat.png"] * tries


def test_a_medium_that_is_too_large_means_not_sent(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer, internet: HttpWeb
) -> None:
    monkeypatch.setattr(web, "MAX_MEDIA_BYTES", 10)
    httpserver.expect_request("/cat.png").respond_with_data(b"x" * 11)
    with pytest.raises(NotSent, match="more than 10 bytes"):
        internet.send(create(httpserver.url_for("/up"), json=None, media=Media(url=httpserver.url_for("/cat.png"))))
    assert len(httpserver.log) == 1


def test_a_medium_on_a_private_address_means_not_sent(httpserver: HTTPServer, internet: HttpWeb) -> None:
    with pytest.raises(NotSent, match="public"):
        internet.send(create(httpserver.url_for("/up"), json=None, media=Media(url="https://127.0.0.1:1/x.png")))
    assert httpserver.log == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "10.0.0.1",
        "169.254.169.254",
    ],
)
def test_private_hosts_are_refused_however_they_are_written(host: str) -> None:
    with pytest.raises((NotSent, ValueError), match=r"is not a public address|not a plain host"):
        HttpWeb().send(create(f"https://{host}:1/", timeout=1.0))


def test_plain_http_is_refused_everywhere_else() -> None:
    with pytest.raises(NotSent, match="only https"):
        HttpWeb(frozenset({"example.com:8080"})).send(create("http://example.com/"))


def test_an_allowed_private_host_is_allowed_on_its_port_only(httpserver: HTTPServer, internet: HttpWeb) -> None:
    httpserver.expect_request("/").respond_with_data("ok")
    assert internet.send(create(httpserver.url_for("/"))).ok
    with pytest.raises(NotSent, match="public"):
        internet.send(create(f"https://{httpserver.host}:{httpserver.port + 1}/"))


def test_every_try_calls_the_address_that_it_checked_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when checked and private when called (DNS rebinding) gains nothing."""
    lookups: list[str] = []
    called: list[str] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        lookups.append(host)
        address = "93.184.215.14" if len(lookups) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        called.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NotSent):
        HttpWeb().send(create("https://rebinding.test/"))
    assert lookups == ["rebinding.test"] * 2, "the second try looks the name up again, and finds it private"
    assert called == ["93.184.215.14"]


def test_of_several_addresses_only_the_public_ones_are_tried_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    addresses = ["10.0.0.1", "93.184.215.14", "93.184.215.15"]
    known = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        called.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NotSent):
        HttpWeb().send(create("https://many.test/"))
    assert called == ["93.184.215.14", "93.184.215.15"] * 3, "three tries, each in turn"


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::6810:84e5", "2a00:1450:4001::200e"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [address for addresses in PRIVATE.values() for address in addresses.split()],
)
def test_all_other_addresses_are_not(address: str) -> None:
    assert not is_public(address)


def test_nothing_that_is_logged_or_raised_holds_a_secret(
    caplog: pytest.LogCaptureFixture, httpserver: HTTPServer, internet: HttpWeb
) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/bots3cret/send").respond_with_data("s3cret answer", headers={"X-Token": "s3cret"})
    token = {"Authorization": "Bearer s3cret"}
    internet.send(create(httpserver.url_for("/bots3cret/send"), headers=token, json={"text": "s3cret"}))
    httpserver.stop()
    with pytest.raises(TransportFailure) as failed:
        internet.send(create(httpserver.url_for("/bots3cret/send"), headers=token))
    httpserver.start()
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("werkzeug")]
    assert "s3cret" not in " ".join([*ours, str(failed.value), repr(failed.value)])


def test_threads_do_not_share_their_deadlines(httpserver: HTTPServer, internet: HttpWeb) -> None:
    arrived = threading.Barrier(2, timeout=10)
    cut_off = threading.Event()

    def slow(_: Got) -> Response:
        arrived.wait()
        assert cut_off.wait(10)
        return Response("slow")

    httpserver.expect_request("/slow").respond_with_handler(slow)
    replies: list[bytes] = []
    patient = threading.Thread(target=lambda: replies.append(internet.send(create(httpserver.url_for("/slow"))).body))
    patient.start()
    arrived.wait()
    with pytest.raises(NotSent):
        internet.send(create(httpserver.url_for("/"), timeout=0.0))
    cut_off.set()
    patient.join()
    assert replies == [b"slow"]


def test_once_warm_the_first_request_loads_nothing_more(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_json({})
    script = f"""
import sys
from chalicelib.core.conversation import Request
from chalicelib.web import HttpWeb
internet = HttpWeb(frozenset({{"{httpserver.host}:{httpserver.port}"}}))
internet.warm()
loaded = set(sys.modules)
assert internet.send(Request("GET", "{httpserver.url_for("/")}")).ok
print(*sorted(set(sys.modules) - loaded))
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True, text=True)
    assert done.stdout.split() == []
