"""A customer's own server, that takes webhooks and keeps what it was sent."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.emulator import HOST


@dataclass
class Receiver:
    """Listens on its port until the block ends. Paths in `moods` answer otherwise than with 204, or not at all."""

    port: int
    moods: dict[str, int | None] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def url(self, path: str) -> str:
        """Where to register."""
        return f"http://{HOST}:{self.port}{path}"

    def at(self, path: str) -> list[tuple[dict[str, str], bytes]]:
        """The headers and bodies that came to a path."""
        return [(headers, body) for where, headers, body in list(self.got) if where == path]

    def __enter__(self) -> "Receiver":
        self._over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                status = receiver.moods.get(self.path, 204)
                if status is None:
                    receiver._over.wait(30)
                    return
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
