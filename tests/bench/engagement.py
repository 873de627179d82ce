"""What a callback costs: to take it in, beside one HMAC and one call of SQS; and to count what it says.

The receiver talks to a queue on this machine that says yes to everything, over the very client that talks to SQS, so
that both sides of the ratio pay for the call. Counting happens over a table in memory that packs its rows as in AWS.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast

import botocore.session

from chalicelib.aws.sqs import SqsQueue
from chalicelib.callbacks.base import Incoming
from chalicelib.core.timing import stamp
from chalicelib.ports import Delete, Heard, Put, World
from chalicelib.service import access, callbacks, connect
from chalicelib.service.ingest import ingest
from chalicelib.service.receive import receive
from tests.bench.figures import Figure, percentile, shown
from tests.fakes import FakeTable, FakeWorld, world

WARM_UP = 100
CALLS = 2000
EVENTS = 1000
BATCH = 100
SPREAD = 1000


class CountingTable(FakeTable):
    """A table that counts the items that are written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0

    def write(self, *writes: Put | Delete) -> None:
        super().write(*writes)
        self.written += len(writes)


def measure() -> list[Figure]:
    """Callbacks per second, and events per second with the records that they take."""
    return [*_receiving(), *_counting("one hot post", 1), *_counting(f"{SPREAD:,} posts", SPREAD)]


def _receiving() -> list[Figure]:
    with _yes() as url:
        client = botocore.session.get_session().create_client(
            "sqs", "us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="s"
        )
        queue: SqsQueue[Heard] = SqsQueue(f"{url}/q", lambda: client)
        fakes, account_id, secret = _tenant(world())
        ours = cast(World, replace(cast(Any, fakes), heard=queue))
        calls = [_call(ours, secret, f"post-{number % 10}", number) for number in range(WARM_UP + CALLS)]
        key = base64.b64decode(secret.removeprefix("whsec_"))

        def floor(call: Incoming) -> None:
            hmac.new(key, call.body, hashlib.sha256).hexdigest()
            entry = {"Id": "0", "MessageBody": base64.b64encode(call.body).decode()}
            client.send_message_batch(QueueUrl=f"{url}/q", Entries=[entry])

        def received(call: Incoming) -> None:
            if receive(ours, "standard", account_id, call).status != 200:
                raise RuntimeError("not taken in")

        least, taken = _timed(floor, calls), _timed(received, calls)
    ratio = sum(taken) / sum(least)
    return [
        Figure("verify and queue, one core", shown(1000 * CALLS / sum(taken), "callbacks/s")),
        Figure("verify and queue, p99", shown(percentile(taken, 99), "ms")),
        Figure("one HMAC and one SQS call, one core", shown(1000 * CALLS / sum(least), "calls/s")),
        Figure("one HMAC and one SQS call, p99", shown(percentile(least, 99), "ms")),
        Figure("verify and queue, times the floor", f"{ratio:.2f} x"),
    ]


def _timed(act: Callable[[Incoming], None], calls: Sequence[Incoming]) -> list[float]:
    """Milliseconds of this thread's processor time per call."""
    for call in calls[:WARM_UP]:
        act(call)
    taken = list[float]()
    for call in calls[WARM_UP:]:
        begun = time.thread_time()
        act(call)
        taken.append((time.thread_time() - begun) * 1000)
    return taken


def _counting(name: str, posts: int) -> list[Figure]:
    table = CountingTable()
    fakes, account_id, secret = _tenant(world(table=table))
    for number in range(EVENTS):
        receive(fakes, "standard", account_id, _call(fakes, secret, f"post-{number % posts}", number))
    heard = {str(number): message for number, message in enumerate(fakes.heard.receive())}
    table.written, begun = 0, time.process_time()
    ids = list(heard)
    for start in range(0, len(ids), BATCH):
        if ingest(fakes, {id: heard[id] for id in ids[start : start + BATCH]}):
            raise RuntimeError("not counted")
    seconds = time.process_time() - begun
    return [
        Figure(f"count {EVENTS:,} events around {name}, one core", shown(EVENTS / seconds, "events/s")),
        Figure(f"items written for {EVENTS:,} events around {name}", shown(table.written, "items")),
    ]


def _tenant(fakes: FakeWorld) -> tuple[FakeWorld, str, str]:
    workspace_id = access.create_workspace(fakes, "Bench")
    account = connect.connect(fakes, workspace_id, connect.NewAccount(platform="sandbox", name="one"))
    _, made = callbacks.set_up(fakes, workspace_id, account.id, "standard", {}, "https://carillon.test")
    return fakes, account.id, made["signing_secret"]


def _call(fakes: World, secret: str, post: str, number: int) -> Incoming:
    now = fakes.clock.now()
    data = {"kind": "like", "post_id": post, "actor": f"person-{number}"}
    body = json.dumps({"type": "engagement", "timestamp": stamp(now), "data": data}).encode()
    id, timestamp = f"msg_{number}", str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = base64.b64encode(hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": (id,), "webhook-timestamp": (timestamp,), "webhook-signature": (f"v1,{said}",)}
    return Incoming("POST", now, headers, {}, body)


class _Yes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _yes() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Yes)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
