"""The port to the internet: the only time-out, retry, address and redaction policy.

httpx writes the requests; httpcore sends them over a network of our own, which connects to public addresses only and
knows whether anything was sent. No httpx.Client in between: its cookies would travel from one tenant to the next, and
its log lines hold URLs, in which Telegram keeps its token.

What an exception says is the host and the kind of failure. Causes are cut off (`from None`), since h11 quotes headers.
"""

import logging
import socket
import ssl
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from chalicelib.core.addresses import PORTS, host_of, is_public
from chalicelib.core.conversation import Effect, Reply, Request
from chalicelib.core.errors import MaybeSent, NotSent, TransportFailure

if TYPE_CHECKING:
    import httpcore
    import httpx

    from chalicelib.core.post import Media

T = TypeVar("T")

MAX_REPLY_BYTES = 5 * 1024 * 1024
"""A longer reply is `MaybeSent`: the request was taken, and what became of it cannot be read."""
MAX_MEDIA_BYTES = 100 * 1024 * 1024
MAX_REDIRECTS = 5
TRIES = 3
AGAIN_WITHIN = 1.0
"""Seconds in which a request that was not sent is tried again: much less than an intent may wait for its request."""
KEEP_SECONDS = 5
"""How long a connection is kept for the next request: after a freeze of the Lambda, older ones would be dead."""
CHUNK = 64 * 1024
BUSY = frozenset({502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GENERIC_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})


class Pointless(NotSent):
    """Not sent, and trying again at once changes nothing."""


class Unreadable(MaybeSent):
    """Answered, but not in a way that we can read; trying again at once changes nothing."""


@dataclass(frozen=True, slots=True)
class _Medium:
    """A fetched medium, in a file that vanishes when it is closed."""

    name: str
    file: IO[bytes]
    type: str


class HttpWeb:
    """A `Web` over HTTP/1.1."""

    def __init__(
        self,
        allowed_private_hosts: frozenset[str] = frozenset(),
        *,
        lend: Callable[[str, str], str] = lambda url, _: url,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._allowed = allowed_private_hosts
        self._lend = lend
        self._tls = tls
        self._sleep = sleep
        self._network = _Network(allowed_private_hosts)
        self._pool_: httpcore.ConnectionPool | None = None
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Load now what the first request would wait for: libraries and certificates, 0.1 s of a whole processor."""
        import encodings.idna  # noqa: F401, looking up a name needs it

        import tenacity  # noqa: F401

        self._connections()

    def send(self, request: Request) -> Reply:
        """The reply to a request; raises `NotSent` or `MaybeSent`, and ValueError for what is no web address.

        `request.timeout` limits everything together: tries, redirects and the whole reply. Before, fetching its media
        may take as long each. Only a GET or HEAD that changes nothing is tried again or follows redirects.
        Media of our own are lent to the other side from now on for an hour, wherever in the request they are named.
        """
        request = lent(request, self._lend)
        host_of(request.url)
        with ExitStack() as files:
            media = {one.url: self._fetched(one, request.span, request.timeout, files) for one in _media(request)}

            def exchange(deadline: float) -> Reply:
                return self._exchange(request, media, deadline)

            if request.effect is not Effect.READ:
                return self._sent_once(exchange, request.timeout)
            return self._retried(exchange, request.timeout, lambda reply: reply.status in BUSY)

    def _sent_once(self, exchange: Callable[[float], Reply], seconds: float) -> Reply:
        """A request that must not arrive twice: tried again, for a second, only while it certainly never left."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_before_delay
        from tenacity import wait_random_exponential as full_jitter

        retrying = Retrying(
            retry=retry_if_exception(lambda failure: isinstance(failure, NotSent) and _may_pass(failure)),
            stop=stop_after_attempt(TRIES) | stop_before_delay(AGAIN_WITHIN),
            wait=full_jitter(multiplier=0.1, max=0.5),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(exchange, time.monotonic() + seconds)

    def objection(self, url: str) -> str | None:
        """Why no request would ever leave for this address; None where one would. Looks its name up."""
        import httpcore

        try:
            host, parts = host_of(url), urlsplit(url)
        except ValueError as fault:
            return str(fault)
        port = parts.port or PORTS[parts.scheme]
        if parts.scheme != "https" and _place(host, port) not in self._allowed:
            return "only https is allowed"
        try:
            return None if self._network.addresses(host, port) else "is not a public address"
        except httpcore.ConnectError as failure:
            return str(failure)

    def download(self, url: str, into: IO[bytes], seconds: float) -> None:
        """Write what is at an address into a file; raises `NotSent` where not all of it could be had in that time."""

        def once(deadline: float) -> None:
            into.seek(0)
            into.truncate()
            self._read(url, None, deadline, into)

        try:
            self._retried(once, seconds, lambda _: False)
        except (TransportFailure, ValueError) as failure:
            raise NotSent(f"medium at {failure}") from None

    def close(self) -> None:
        """Close kept connections."""
        if self._pool_:
            self._pool_.close()

    def _retried(self, call: Callable[[float], T], seconds: float, unsatisfying: Callable[[T], bool]) -> T:
        """Up to three calls, each given the one instant at which all of them end."""
        from tenacity import Retrying, retry_if_exception, retry_if_result, stop_after_attempt, stop_before_delay
        from tenacity import wait_random_exponential as full_jitter

        retrying = Retrying(
            retry=retry_if_exception(_may_pass) | retry_if_result(unsatisfying),
            stop=stop_after_attempt(TRIES) | stop_before_delay(seconds),
            wait=full_jitter(multiplier=0.2, max=2),
            sleep=self._sleep,
            retry_error_callback=lambda last: last.outcome.result() if last.outcome else None,
        )
        return retrying(call, time.monotonic() + seconds)

    def _exchange(self, request: Request, media: Mapping[str, _Medium], deadline: float) -> Reply:
        follow = request.effect is Effect.READ and request.method in ("GET", "HEAD")
        with self._opened(_written(request, media), deadline, follow) as response:
            headers = {"date": formatdate(usegmt=True), **_headers(response)}
            body = b"".join(self._chunks(response, host_of(request.url), MAX_REPLY_BYTES))
            return Reply(response.status, headers, _decoded(body, headers, host_of(request.url)))

    def _fetched(self, medium: "Media", span: tuple[int, int] | None, seconds: float, files: ExitStack) -> _Medium:
        try:
            return self._retried(lambda deadline: self._fetch(medium, span, deadline, files), seconds, lambda _: False)
        except (
            TransportFailure,
            ValueError,
        ) as failure:  # whatever happened to the medium, the request itself was not sent
            raise NotSent(f"medium at {failure}") from None

    def _fetch(self, medium: "Media", span: tuple[int, int] | None, deadline: float, files: ExitStack) -> _Medium:
        file = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115, the stack closes it
        headers = self._read(medium.url, span, deadline, file)
        file.seek(0)
        return _Medium(_file_name(medium.url), file, _media_type(headers, medium))

    def _read(self, url: str, span: tuple[int, int] | None, deadline: float, into: IO[bytes]) -> dict[str, str]:
        """A medium, or the stretch of it that was asked for; a server may answer that with all of it."""
        host = host_of(url)
        only = {"range": f"bytes={span[0]}-{span[1] - 1}"} if span else {}
        wanted = _written(Request("GET", url, headers={"accept-encoding": "identity", **only}), {})
        with self._opened(wanted, deadline, follow=True) as response:
            headers = _headers(response)
            partial = span is not None and response.status == 206
            if not (response.status == 200 or partial) or headers.get("content-encoding", "identity") != "identity":
                raise (NotSent if response.status in BUSY else Pointless)(f"{host}: answered {response.status}")
            for chunk in _within(self._chunks(response, host, MAX_MEDIA_BYTES), None if partial else span):
                into.write(chunk)
        return headers

    @contextmanager
    def _opened(self, request: "httpx.Request", deadline: float, follow: bool) -> "Iterator[httpcore.Response]":
        """The reply to a request, its body still on the wire, after `follow`ing redirects."""
        for _ in range(MAX_REDIRECTS):
            response = self._hop(request, deadline)
            try:
                target = _headers(response).get("location") if follow and response.status in REDIRECTS else None
                if target is None:
                    yield response
                    return
            finally:
                response.close()
            request = _redirected(request, target)
        raise Pointless(f"{request.url.host}: redirects too often")

    def _hop(self, request: "httpx.Request", deadline: float) -> "httpcore.Response":
        import httpcore

        url = request.url
        if url.scheme != "https" and _place(url.host, url.port or PORTS[url.scheme]) not in self._allowed:
            raise Pointless(f"{url.host}: only https is allowed")
        left = self._network.begin(deadline)
        call = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast(Any, request.stream),
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), left)},
        )
        with self._failing(url.host):
            return self._connections().handle_request(call)

    def _chunks(self, response: "httpcore.Response", host: str, limit: int) -> Iterator[bytes]:
        taken = 0
        with self._failing(host):
            for chunk in response.iter_stream():
                taken += len(chunk)
                if taken > limit:
                    raise Unreadable(f"{host}: answered more than {limit} bytes")
                yield chunk

    @contextmanager
    def _failing(self, host: str) -> Iterator[None]:
        """Turns failures into `NotSent` until the request's first byte has left, and into `MaybeSent` from then on."""
        import httpcore

        network = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError)
        try:
            yield
        except network as failure:
            kinds = [type(each).__name__ for each in (failure, failure.__cause__ or failure.__context__) if each]
            known = MaybeSent if self._network.sent else NotSent
            raise known(f"{host}: {' from '.join(kinds)}") from None

    def _connections(self) -> "httpcore.ConnectionPool":
        with self._lock:
            self._pool_ = self._pool_ or self._new_pool()
            return self._pool_

    def _new_pool(self) -> "httpcore.ConnectionPool":
        import httpcore
        import httpx

        logging.getLogger("httpcore").setLevel(logging.INFO)  # its debug lines hold headers
        return httpcore.ConnectionPool(
            ssl_context=self._tls or httpx.create_ssl_context(),
            max_connections=20,
            keepalive_expiry=KEEP_SECONDS,
            network_backend=cast("httpcore.NetworkBackend", self._network),
        )


class _Network:
    """An httpcore network backend that connects to the very addresses it checked, and keeps each thread's deadline."""

    def __init__(self, allowed_private_hosts: frozenset[str]) -> None:
        self._allowed = allowed_private_hosts
        self._thread = threading.local()

    def begin(self, deadline: float) -> float:
        """A new exchange of this thread, to end at a `time.monotonic()`; gives the seconds left."""
        self._thread.deadline, self._thread.sent = deadline, False
        return max(deadline - time.monotonic(), 0.0)

    @property
    def sent(self) -> bool:
        """Whether this thread's exchange has begun to send its request."""
        return bool(self._thread.sent)

    def sending(self) -> None:
        """From here on, the other side may have the request."""
        self._thread.sent = True

    def left(self) -> float:
        """Seconds left for this thread's exchange."""
        import httpcore

        left: float = self._thread.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return left

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> "_Stream":
        """A connection to the host; httpcore then speaks TLS over it, in the name of the host."""
        import httpcore

        backend = httpcore.SyncBackend()
        addresses = self.addresses(host, port)
        for tried, address in enumerate(addresses, start=1):
            try:
                share = self.left() / (len(addresses) - tried + 1)
                return _Stream(backend.connect_tcp(address, port, share, **options), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(addresses):
                    raise
        raise Pointless(f"{host}: is not a public address")

    def addresses(self, host: str, port: int) -> list[str]:
        """The host's addresses that may be called."""
        import httpcore

        try:
            known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as failure:
            raise httpcore.ConnectError("no such host") from failure
        addresses = dict.fromkeys(str(each[4][0]) for each in known)
        allowed = _place(host, port) in self._allowed
        return [address for address in addresses if allowed or is_public(address)]


class _Stream:
    """An httpcore network stream that ends with its thread's deadline, however slowly the other side drips."""

    def __init__(self, stream: "httpcore.NetworkStream", network: _Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to so many bytes."""
        return self._stream.read(max_bytes, self._network.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All the bytes."""
        for start in range(0, len(buffer), CHUNK):
            left = self._network.left()
            self._network.sending()
            self._stream.write(buffer[start : start + CHUNK], left)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_Stream":
        """The same under TLS; the handshake sends nothing of the request."""
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._network.left()), self._network)

    def close(self) -> None:
        """Let go."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore wants to know about the socket."""
        return self._stream.get_extra_info(info)


def lent(request: Request, lend: Callable[[str, str], str]) -> Request:
    """The request with media of our own at addresses that the other side can read, wherever they are named whole."""

    def read(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: read(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [read(each) for each in value]
        return lend(value, "GET") if type(value) is str else value

    def medium(each: "Media") -> "Media":
        return each.model_copy(update={"url": lend(each.url, "GET")})

    return replace(
        request,
        url=lend(request.url, request.method),
        params=read(request.params),
        json=read(request.json),
        form=read(request.form),
        media=medium(request.media) if request.media else None,
        files={name: medium(each) for name, each in request.files.items()},
    )


def _may_pass(failure: BaseException) -> bool:
    return isinstance(failure, TransportFailure) and not isinstance(failure, Pointless | Unreadable)


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _media(request: Request) -> "list[Media]":
    return [*([request.media] if request.media else ()), *request.files.values()]


def _written(request: Request, media: Mapping[str, _Medium]) -> "httpx.Request":
    """The request as httpx has it; none of its exceptions may pass, since they quote what they could not encode."""
    import httpx

    try:
        url = httpx.URL(request.url)
        if request.params:
            url = url.copy_merge_params(request.params)
        headers = httpx.Headers({"user-agent": "Carillon", "accept": "*/*", "accept-encoding": "gzip"})
        headers.update(request.headers)
        return httpx.Request(request.method, url, headers=headers, **_body(request, media, headers))
    except (httpx.InvalidURL, TypeError, ValueError) as failure:
        raise Pointless(f"{host_of(request.url)}: cannot be written: {type(failure).__name__}") from None


def _body(request: Request, media: Mapping[str, _Medium], headers: "httpx.Headers") -> dict[str, Any]:
    if request.files:
        parts = [(name, media[each.url]) for name, each in request.files.items()]
        return {"data": request.form, "files": [(name, (part.name, part.file, part.type)) for name, part in parts]}
    if request.media:
        medium = media[request.media.url]
        medium.file.seek(0)
        headers.setdefault("content-type", medium.type)
        return {"content": medium.file}
    return {"json": request.json, "data": request.form, "content": request.content}


def _redirected(request: "httpx.Request", target: str) -> "httpx.Request":
    """The same question elsewhere; another server gets none of the headers that were meant for the first."""
    import httpx

    try:
        url = request.url.join(target)
        host_of(str(url))
        # Reading `host` decodes IDNA, which may fail as late as here.
        same = (url.scheme, url.host, url.port) == (request.url.scheme, request.url.host, request.url.port)
    except (httpx.InvalidURL, ValueError):
        raise Pointless(f"{request.url.host}: redirects to nowhere") from None
    kept = [name for name in request.headers if name != "host"] if same else ["user-agent", "accept", "accept-encoding"]
    return httpx.Request(request.method, url, headers={name: request.headers[name] for name in kept})


def _headers(response: "httpcore.Response") -> dict[str, str]:
    """Headers by lower-case name; repeated ones are joined."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _decoded(body: bytes, headers: Mapping[str, str], host: str) -> bytes:
    """The body unzipped, as far as the cap on replies goes: a small one can unfold to gigabytes."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity" or not body:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreadable(f"{host}: answered in an encoding that nobody asked for")
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        decoded = unzip.decompress(body, MAX_REPLY_BYTES + 1)
    except zlib.error:
        raise Unreadable(f"{host}: answered with broken {encoding}") from None
    if len(decoded) > MAX_REPLY_BYTES or not unzip.eof:
        raise Unreadable(f"{host}: answered with too much or cut-off {encoding}")
    return decoded


def _media_type(headers: Mapping[str, str], medium: "Media") -> str:
    said = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (medium.mime_type or "application/octet-stream") if said in GENERIC_TYPES else said


def _within(chunks: Iterator[bytes], span: tuple[int, int] | None) -> Iterator[bytes]:
    """What of a stream lies in the span; all of it without one."""
    at = 0
    for chunk in chunks:
        yield chunk if span is None else chunk[max(0, span[0] - at) : max(0, span[1] - at)]
        at += len(chunk)
        if span and at >= span[1]:
            return


def _file_name(url: str) -> str:
    """The last word of the address, as the name of the file: platforms look at its ending."""
    last = unquote(urlsplit(url).path.rpartition("/")[2])
    return (
        "".join(letter for letter in last if letter.isascii() and (letter.isalnum() or letter in "._-"))[-100:]
        or "file"
    )
