"""How late posts go out: 200 sandbox posts, due one every 0.3 s, through the packaged service on the embedded AWS.

Everything runs on this machine, the network that is posted to included; both ends read the same clock.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import httpx

from infra.local import Service, running_service
from tests.bench.figures import Figure, at_most, percentile, shown

POSTS = 200
FIRST_DUE_IN = timedelta(seconds=25)
"""Time enough to create all of them before the publisher begins with the first."""
APART = timedelta(seconds=60) / POSTS
CALLERS = 3
NETWORK_WORKERS = 10
"""As many as the publisher may send to at once from one batch. The network that is posted to is in the house and starts
them cold, a second of a processor each: that is a network's lateness, not ours. Publishers do start cold."""
SETTLE = timedelta(seconds=5)
PATIENCE = timedelta(seconds=60)

Json = dict[str, Any]


def measure() -> list[Figure]:
    """Lateness in milliseconds as the network saw it, and as our API reports it."""
    with (
        TemporaryDirectory(prefix="carillon-bench-") as directory,
        running_service(Path(directory), say=_say) as service,
    ):
        wake_network(service)
        targets = _published(service)
        seen = arrivals(service)
    late = lateness_of(targets, seen)
    published = Figure("posts published", f"{len(late)} of {POSTS}", f"{POSTS}", len(late) == POSTS)
    if not late:
        return [published]
    arrived, reported = [one.arrived for one in late], [one.reported for one in late]
    return [
        published,
        Figure("earliest", shown(min(arrived), "ms"), "≥ 0 ms", min(arrived) >= 0),
        *_percentiles("taken by the network", arrived),
        *_percentiles("lateness_ms, its answer read", reported),
    ]


class Late(NamedTuple):
    """How late a post was, in milliseconds: when the network took it, and as our API reports it."""

    arrived: float
    reported: float


def lateness_of(targets: list[Json], seen: dict[str, datetime]) -> list[Late]:
    """The lateness of each of the targets that the network has."""
    out = [one for one in targets if one["platform_post_id"] in seen]
    return [
        Late(_milliseconds(_instant(one["scheduled_at"]), seen[one["platform_post_id"]]), float(one["lateness_ms"]))
        for one in out
    ]


def _percentiles(name: str, late: list[float]) -> list[Figure]:
    return [
        at_most(f"{name}, p50", percentile(late, 50), 100, "ms"),
        Figure(f"{name}, p95", shown(percentile(late, 95), "ms")),
        at_most(f"{name}, p99", percentile(late, 99), 1000, "ms"),
        Figure(f"{name}, max", shown(max(late), "ms")),
    ]


def wake_network(service: Service) -> None:
    """Start the workers of the network that is posted to."""
    with ThreadPoolExecutor(NETWORK_WORKERS) as callers:
        list(
            callers.map(
                lambda _: httpx.get(f"{service.url}/v1/healthz", timeout=30, trust_env=False), range(NETWORK_WORKERS)
            )
        )


def _published(service: Service) -> list[Json]:
    """The targets of 200 posts after the last of them should be out."""
    with httpx.Client(base_url=service.url, headers=auth(service), timeout=30, trust_env=False) as api:
        first = datetime.now(UTC).replace(microsecond=0) + FIRST_DUE_IN
        accounts = cycle(service.accounts.values())
        bodies = [_body(next(accounts), first + number * APART, number) for number in range(POSTS)]
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(lambda body: _create(api, body), bodies))
        last = first + POSTS * APART
        _say(f"{POSTS} posts created, {seconds_until(first):.0f} s before the first is due; they take a minute …")
        time.sleep(seconds_until(last + SETTLE))
        return _ended(api, last + PATIENCE)


def _body(account_id: str, due: datetime, number: int) -> Json:
    return {"text": f"Stroke {number}", "targets": [{"account_id": account_id}], "scheduled_at": due.isoformat()}


def _create(api: httpx.Client, body: Json) -> None:
    api.post("/v1/posts", json=body).raise_for_status()


def _ended(api: httpx.Client, patience_ends: datetime) -> list[Json]:
    """The targets once all are published, or as they are when patience ends."""
    targets: list[Json] = []
    while datetime.now(UTC) < patience_ends:
        with suppress(httpx.HTTPError):  # a machine that is too busy to answer may be done in a moment
            targets = [target for post in listed(api) for target in post["targets"]]
        if targets and all(one["state"] == "published" for one in targets):
            break
        time.sleep(1)
    return targets


def listed(api: httpx.Client) -> list[Json]:
    """All posts of the workspace."""
    posts: list[Json] = []
    cursor = None
    while True:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        page = api.get("/v1/posts", params=query).raise_for_status().json()
        posts += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return posts


def arrivals(service: Service) -> dict[str, datetime]:
    """When the sandbox took each of its posts, by id, in its own word."""
    with httpx.Client(base_url=service.url, headers=auth(service), timeout=30, trust_env=False) as api:
        handles = [one["handle"] for one in api.get("/v1/accounts").raise_for_status().json()["data"]]
        timelines = [api.get(f"/sandbox/v1/timeline/{handle}").raise_for_status().json() for handle in handles]
    return {one["id"]: _instant(one["created_at"]) for timeline in timelines for one in timeline["data"]}


def auth(service: Service) -> dict[str, str]:
    """The header of a request."""
    return {"Authorization": f"Bearer {service.key}"}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _milliseconds(start: datetime, end: datetime) -> float:
    return (end - start) / timedelta(milliseconds=1)


def seconds_until(instant: datetime) -> float:
    """How long to wait, which may be not at all."""
    return max((instant - datetime.now(UTC)).total_seconds(), 0.0)


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr)
