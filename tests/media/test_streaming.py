"""A medium of 100 MB goes from its server to the network's without ever lying in memory."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

SIZE = 100 * 1024 * 1024
MOST = 200 * 1024 * 1024
BLOCK = bytes(range(256)) * 256

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")

SEND = """
import re, sys
from tempfile import TemporaryFile
from chalicelib.core.conversation import Effect, Request
from chalicelib.core.post import Media
from chalicelib.web import HttpWeb

place, form = sys.argv[1:]
film = Media(url=f"http://{place}/film.mp4", kind="video")
body = {"files": {"file": film}, "form": {"description": "a film"}} if form == "multipart" else {"media": film}
internet = HttpWeb(frozenset({place}))
if form == "download":
    with TemporaryFile() as file:
        internet.download(film.url, file, 60.0)
        taken = file.tell()
else:
    request = Request("POST", f"http://{place}/upload", effect=Effect.CREATE, timeout=60.0, **body)
    taken = int(internet.send(request).body)
# Not ru_maxrss: what a process was before exec counts in that.
print(taken, re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.parametrize("form", ["body", "multipart", "download"])
def test_sending_or_fetching_a_medium_of_100_mb_takes_less_than_200_mb_of_memory(form: str) -> None:
    with network() as place:
        command = [sys.executable, "-c", SEND, place, form]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=100)
    taken, peak_kb = map(int, done.stdout.split())
    assert SIZE <= taken < SIZE + 1024, "the film, and nothing but the fields around it"
    assert peak_kb * 1024 < MOST


@contextmanager
def network() -> Iterator[str]:
    """A server that gives a film and counts the bytes of what is sent to it, both piece by piece; its `host:port`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Network) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Network(BaseHTTPRequestHandler):
    """Both sides: where the medium lies, and where it goes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(SIZE)
        for _ in range(SIZE // len(BLOCK)):
            self.wfile.write(BLOCK)

    def do_POST(self) -> None:
        wanted, taken = int(self.headers["Content-Length"]), 0
        while taken < wanted:
            taken += len(self.rfile.read(min(len(BLOCK), wanted - taken)))
        said = str(taken).encode()
        self.answer(len(said))
        self.wfile.write(said)

    def answer(self, length: int) -> None:
        """The head of an answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
