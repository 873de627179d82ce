"""What a request costs in our own code: the real app on API Gateway events, over a world in memory.

Nothing here waits for anything, so the time of the processor is the time of a request on an idle machine; what other
programs take is in the wall-clock line alone.
"""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalice.app import Chalice

from chalicelib import api
from chalicelib.core.timing import stamp
from chalicelib.service import access, connect
from tests.bench.figures import Figure, at_most, percentile, shown
from tests.fakes import FakeWorld, world

WARM_UP = 50
REQUESTS = 1000
LIMIT_MS = 5.0
TEXT = "Our spring menu is here 🌸 全新春季菜单来了 #spring https://example.com/menu"

Event = dict[str, Any]


def measure() -> list[Figure]:
    """Milliseconds per request, and requests per second, of creating and previewing a post."""
    fakes = world()
    app = Chalice("bench")
    api.install(app, lambda: fakes)
    workspace_id = access.create_workspace(fakes, "Bench")
    key = access.create_key(fakes, workspace_id, ("*",)).secret
    return [
        *_timed("create, 2 targets", app, "/v1/posts", key, _created(fakes, workspace_id)),
        *_timed("preview, 3 platforms", app, "/v1/renditions", key, _previewed),
    ]


def _created(fakes: FakeWorld, workspace_id: str) -> Callable[[int], Event]:
    accounts = [
        connect.connect(fakes, workspace_id, connect.NewAccount(platform="sandbox", name=name)).id
        for name in ("one", "two")
    ]
    due = stamp(fakes.clock.now() + timedelta(hours=1))
    targets = [{"account_id": one} for one in accounts]
    return lambda number: {"text": f"{TEXT} {number}", "targets": targets, "scheduled_at": due}


def _previewed(number: int) -> Event:
    targets = [{"platform": name} for name in ("x", "bluesky", "mastodon")]
    return {"text": f"{TEXT} {number}", "targets": targets}


def _timed(name: str, app: Chalice, path: str, key: str, body: Callable[[int], Event]) -> list[Figure]:
    events = [_event(path, key, body(number)) for number in range(WARM_UP + REQUESTS)]
    for event in events[:WARM_UP]:
        _answered(app, event)
    taken = [_answered(app, event) for event in events[WARM_UP:]]
    milliseconds, wall = [one for one, _ in taken], [one for _, one in taken]
    rate = 1000 * REQUESTS / sum(milliseconds)
    return [
        Figure(f"{name}, p50", shown(percentile(milliseconds, 50), "ms")),
        at_most(f"{name}, p99", percentile(milliseconds, 99), LIMIT_MS, "ms"),
        Figure(f"{name}, p99 by the wall clock", shown(percentile(wall, 99), "ms")),
        Figure(f"{name}, one core", shown(rate, "requests/s")),
    ]


def _answered(app: Chalice, event: Event) -> tuple[float, float]:
    """Milliseconds from the event to the answer: of the processor, and by the wall clock."""
    wall, processor = time.perf_counter(), time.process_time()
    answer = app(event, None)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    if answer["statusCode"] >= 300:
        raise RuntimeError(answer["body"])
    return processor * 1000, wall * 1000


def _event(path: str, key: str, body: Event) -> Event:
    """What API Gateway hands to Lambda."""
    return {
        "httpMethod": "POST",
        "path": path,
        "requestContext": {"httpMethod": "POST", "resourcePath": path, "identity": {}, "path": path},
        "headers": {"authorization": f"Bearer {key}", "content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
