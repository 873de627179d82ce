"""A line to a server that passes everything on, and once loses a request on its way, or the answer to one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Loss = Literal["request", "answer"]
CALL_SECONDS = 30
Named = Callable[[str, Message, bytes], str | None]
"""The key of what a request's path, headers and body put there for people to see; None where they put nothing."""
OURS_TO_WRITE = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})


class BadLine:
    """What has come over the line, and what gets lost on it."""

    def __init__(self, url: str, named: Named) -> None:
        self.url, self._named = url, named
        self.puts: list[tuple[str, Loss | None]] = []
        """The key of each thing that was to be put there, in order, and what of it got lost."""
        self._next: dict[int, Loss] = {}

    def lose(self, what: Loss, *, of_put: int) -> None:
        """Forget what came so far; of the n-th thing that is put there from now on, lose this."""
        self.puts, self._next = [], {of_put: what}

    def coming(self, path: str, headers: Message, body: bytes) -> Loss | None:
        """What this request is to lose."""
        key = self._named(path, headers, body)
        if key is None:
            return None
        loss = self._next.pop(len(self.puts) + 1, None)
        self.puts += [(key, loss)]
        return loss


@contextmanager
def bad_line(server: str, host: str, named: Named) -> Iterator[BadLine]:
    """A line to the server, which is at `host:port`, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def do_DELETE(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            """Returning without an answer cuts the connection."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            loss = line.coming(self.path, self.headers, body)
            if loss == "request":
                return
            status, headers, answer = self._answer(body)
            if loss == "answer":
                return
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in OURS_TO_WRITE:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _answer(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            """The server's; where it names itself it is made to name the line, so that all calls come over it."""
            headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            connection = HTTPConnection(server, timeout=CALL_SECONDS)
            try:
                connection.request(self.command, self.path, body, headers)
                reply = connection.getresponse()
                itself, us = f"localhost:{server.rpartition(':')[2]}", line.url.removeprefix("http://")
                return reply.status, reply.getheaders(), reply.read().replace(itself.encode(), us.encode())
            finally:
                connection.close()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((host, 0), Handler) as listening:
        line = BadLine(f"http://{host}:{listening.server_port}", named)
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield line
        listening.shutdown()
