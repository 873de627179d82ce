"""A server in front of the sandbox that can be switched off, as a network that is down."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import httpx

from infra.emulator import HOST


class Gateway:
    """While open, it passes everything on; while closed, nobody answers at its port."""

    def __init__(self, port: int, upstream: str) -> None:
        self.url = f"http://{HOST}:{port}"
        self._port = port
        self._upstream = upstream
        self.tokens = set[str]()
        """With which it was asked."""
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> "Gateway":
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Answer again."""
        self._server = ThreadingHTTPServer((HOST, self._port), _handler(self._upstream, self.tokens))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """Refuse every connection."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _handler(upstream: str, tokens: set[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            tokens.update(kept.get("Authorization", "").split()[1:])
            url = upstream + self.path
            reply = httpx.request(self.command, url, content=content, headers=kept, timeout=30, trust_env=False)
            self.send_response(reply.status_code)
            self.send_header("Content-Type", reply.headers["content-type"])
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler
