"""How late posts go out that are all due at one instant: a thousand of them, through the packaged service on the
embedded AWS, by one alarm.

What bounds it is this machine: the embedded AWS gives the publisher five invocations at a time, of ten posts each, runs
on the same two processors as everything else, and does some hundreds of operations a second on its table, of which a
post takes about ten, the network that is posted to included. In AWS it is quotas: see docs/capacity.md.
"""

import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from infra.local import Service, running_service
from tests.bench.figures import Figure, percentile, shown
from tests.bench.lateness import arrivals, auth, lateness_of, listed, seconds_until, wake_network

POSTS = 1000
ACCOUNTS = 10
BATCH = 50
"""Of the API's batches, which are made one after the other here."""
WINDOW = {"AlarmLeadSeconds": "60", "DirectWindowSeconds": "180"}
AHEAD = timedelta(seconds=180 + 90)
"""Beyond the direct window when the last of them is made, so that one alarm rings for all."""
LOOK_EVERY_SECONDS = 30
"""A look reads a thousand posts, and takes from what is measured."""
PATIENCE = timedelta(seconds=300)

Json = dict[str, Any]


def measure() -> list[Figure]:
    """Percentiles of lateness in milliseconds, and how long it took until all were out."""
    with (
        TemporaryDirectory(prefix="carillon-burst-") as directory,
        running_service(Path(directory), WINDOW, say=_say) as service,
    ):
        wake_network(service)
        targets = _published(service)
        late = lateness_of(targets, arrivals(service))
    published = Figure("posts published", f"{len(late):,} of {POSTS:,}", f"{POSTS:,}", len(late) == POSTS)
    if not late:
        return [published]
    arrived, reported = [one.arrived for one in late], [one.reported for one in late]
    return [
        published,
        Figure("earliest", shown(min(arrived), "ms"), "≥ 0 ms", min(arrived) >= 0),
        *_percentiles("taken by the network", arrived),
        *_percentiles("lateness_ms, its answer read", reported),
        Figure("posts a second, from the first to the last", shown(len(arrived) / (max(arrived) / 1000), "posts/s")),
    ]


def _percentiles(name: str, late: list[float]) -> list[Figure]:
    figures = [Figure(f"{name}, p{percent}", shown(percentile(late, percent), "ms")) for percent in (50, 95, 99)]
    return [*figures, Figure(f"{name}, max", shown(max(late), "ms"))]


def _published(service: Service) -> list[Json]:
    """The targets, once all are published or patience ends."""
    with httpx.Client(base_url=service.url, headers=auth(service), timeout=120, trust_env=False) as api:
        towers = [_connected(api, number) for number in range(ACCOUNTS)]
        due = _whole_minute(datetime.now(UTC) + AHEAD)
        for start in range(0, POSTS, BATCH):
            _make(api, [_body(towers[number % ACCOUNTS], due, number) for number in range(start, start + BATCH)])
        _say(f"{POSTS} posts made, {seconds_until(due):.0f} s before they are due …")
        time.sleep(seconds_until(due) + LOOK_EVERY_SECONDS)
        return _ended(api, due + PATIENCE)


def _connected(api: httpx.Client, number: int) -> str:
    answer = api.post("/v1/accounts", json={"platform": "sandbox", "name": f"Tower {number}"}).raise_for_status()
    return str(answer.json()["id"])


def _make(api: httpx.Client, bodies: list[Json]) -> None:
    """Make them all: what a batch did not come to in its time is made when it is sent again."""
    while True:
        results = api.post("/v1/posts/batch", json={"posts": bodies}).raise_for_status().json()["data"]
        missing = [one for one in results if one["status"] != httpx.codes.ACCEPTED]
        if not missing:
            return
        _say(f"once more, for {len(missing)}: {missing[0]}")


def _body(account_id: str, due: datetime, number: int) -> Json:
    targets = [{"account_id": account_id}]
    return {"key": f"burst-{number}", "text": f"Stroke {number}", "targets": targets, "scheduled_at": due.isoformat()}


def _whole_minute(instant: datetime) -> datetime:
    """The next one, at which most people have things published."""
    return instant.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _ended(api: httpx.Client, patience_ends: datetime) -> list[Json]:
    targets: list[Json] = []
    while datetime.now(UTC) < patience_ends:
        with suppress(httpx.HTTPError):
            targets = [target for post in listed(api) for target in post["targets"]]
        if len(targets) >= POSTS and all(one["state"] == "published" for one in targets):
            break
        time.sleep(LOOK_EVERY_SECONDS)
    return targets


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr)
