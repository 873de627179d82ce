"""`make soak`: half an hour of mixed load on the packaged service, and a verdict.

Starts a service of its own, as `make run` does, so that its webhooks may call a receiver on this machine and its memory
begins from nothing. Posts are made, moved and called off; one target in ten meets a fault of the sandbox (answers that
come too late or get lost, 5xx, 429); tools call about posts; webhooks go out. When the time is up, everything must come
to rest, and nothing may be lost, doubled, untold or leaked. What the emulator can do bounds the rate.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from infra.emulator import HOST, free_port
from infra.local import Service, running_service
from tests.bench.figures import Figure, percentile, shown, table
from tests.e2e.receiver import Receiver
from tests.soak import memory
from tests.soak.judge import ENDS, Became, Message, judged, miscounted, none_of
from tests.soak.load import TIMEOUT_SECONDS, Load, NoAnswer, Tower

TOWERS = 4
OPEN_SECONDS = 400
"""What a post may take to its end once the load is over: a claim that lapsed, a sweep, a quarantine, more than once."""
TOLD_SECONDS = 150
"""What a webhook or a callback may take after that: two retries."""
WINDOW = {"AlarmLeadSeconds": "60", "DirectWindowSeconds": "180"}
"""The shortest with a minute of lead, so that a short run meets alarms, too."""
UNANSWERED_SECONDS = 120
TERMINAL = {"published", "failed", "missed", "skipped", "cancelled", "removed"}

Json = dict[str, Any]


def main() -> int:
    """0 where the promise was kept."""
    asked = _arguments()
    with Receiver(free_port()) as receiver, _service(receiver) as service, _api(service) as api:
        load = Load(api, _towers(api), random.Random(asked.seed))
        api.post("/v1/webhooks", json={"url": receiver.url("/ends"), "events": list(ENDS)}).raise_for_status()
        watch = memory.Watch(service.emulator.process.pid)
        watch.start()
        _say(f"{asked.seconds} s of load, {asked.rate} stories a second …")
        load.run(asked.seconds, asked.rate)
        begun = time.monotonic()
        watch.end()
        figures = _verdict(load, receiver)
        rested = time.monotonic() - begun
    figures += [
        Figure("to rest after the load", shown(rested, "s")),
        *memory.judged(watch.samples, service.emulator.process.pid, len(load.asked) / watch.samples[-1].second),
    ]
    print(table(figures))
    print(*(f"  wrong: {one}" for one in load.wrong[:20]), sep="\n", end="\n" if load.wrong else "")
    broken = [one.what for one in figures if one.met is False]
    print(
        f"BROKEN: {'; '.join(broken)}" if broken else "kept: nothing lost, nothing twice, everybody told, memory level"
    )
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=1800, help="of load")
    parser.add_argument("--rate", type=float, default=1.0, help="stories begun a second, of 1.4 targets each")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@contextmanager
def _service(receiver: Receiver) -> Iterator[Service]:
    parameters = {**WINDOW, "AllowedPrivateHosts": f"{HOST}:{receiver.port}"}
    with (
        TemporaryDirectory(prefix="carillon-soak-") as directory,
        running_service(Path(directory), parameters, say=_say) as service,
    ):
        yield service


def _api(service: Service) -> httpx.Client:
    headers = {"Authorization": f"Bearer {service.key}"}
    return httpx.Client(base_url=service.url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)


def _towers(api: httpx.Client) -> list[Tower]:
    return [_tower(api, f"Tower {number}") for number in range(TOWERS)]


def _tower(api: httpx.Client, name: str) -> Tower:
    account = _good(api.post("/v1/accounts", json={"platform": "sandbox", "name": name}))
    callback = _good(api.post(f"/v1/accounts/{account['id']}/callbacks/standard", json={}))
    return Tower(account["id"], account["remote_id"], callback["url"], callback["secrets"]["signing_secret"])


def _good(answer: httpx.Response) -> Json:
    body: Json = answer.raise_for_status().json()
    return body


def _verdict(load: Load, receiver: Receiver) -> list[Figure]:
    """Wait for everything to come to rest, then judge it."""
    targets = _patiently(load, lambda: _targets(load), lambda found: not _open(found), OPEN_SECONDS, "all have ended")
    asked = list(load.asked.values())
    fates = {
        one["id"]: Became(one["state"], one["lateness_ms"], tuple(one["part_ids"]))
        for one in targets
        if one["id"] in load.asked
    }

    def events() -> list[Json]:
        return [json.loads(body) for _, body in receiver.at("/ends")]

    heard = _patiently(
        load, events, lambda found: len({_about(one) for one in found}) >= len(asked), TOLD_SECONDS, "all told"
    )
    counted = _patiently(
        load, lambda: _opened(load), lambda found: not miscounted(load.opened, found), 30, "all counted"
    )
    calls = sum(load.statuses.values())
    book = _patiently(load, lambda: _book(load), bool, TOLD_SECONDS, "the book")
    return [
        Figure("stories", ", ".join(f"{times} {name}" for name, times in load.stories.most_common())),
        *judged(asked, fates, book, heard),
        Figure("callbacks of tools", f"{sum(load.opened.values()):,}"),
        none_of("posts whose callbacks were miscounted", miscounted(load.opened, counted)),
        Figure("requests", f"{calls:,}"),
        Figure("answers, p50 and p99", f"{_ms(load, 50)} and {_ms(load, 99)}"),
        none_of("5xx", sum(times for status, times in load.statuses.items() if status >= 500)),
        none_of("otherwise wrong, or unanswered", len(load.wrong)),
    ]


def _ms(load: Load, percent: float) -> str:
    return shown(1000 * percentile(load.seconds, percent), "ms")


def _patiently(load: Load, look: Callable[[], Any], holds: Callable[[Any], bool], seconds: float, what: str) -> Any:
    """What is seen once something holds of it, or when patience is over."""
    give_up, seen = time.monotonic() + seconds, None
    while time.monotonic() < give_up or seen is None:
        with suppress(NoAnswer):  # is on the list, and does not end the waiting
            if holds(seen := look()):
                return seen
        time.sleep(2)
        if time.monotonic() > give_up + UNANSWERED_SECONDS:
            raise SystemExit(f"the service does not answer any more: {load.wrong[-1]}")
    _say(f"not within {seconds:.0f} s: {what}")
    return seen


def _targets(load: Load) -> list[Json]:
    found, cursor = list[Json](), None
    while True:
        page = load.call("GET", "/v1/posts", 200, params={"limit": "100", **({"cursor": cursor} if cursor else {})})
        found += [target for post in page["data"] for target in post["targets"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _open(targets: list[Json]) -> list[Json]:
    return [one for one in targets if one["state"] not in TERMINAL]


def _about(event: Json) -> str:
    return str(event["data"]["target_id"])


def _opened(load: Load) -> dict[str, int]:
    """What the service has counted of what the tools told."""
    found = dict[str, int]()
    for post_id in load.opened:
        figure = load.call("GET", f"/v1/posts/{post_id}/metrics", 200)["totals"]["opens"]
        found[post_id] = figure["value"] if figure else 0
    return found


def _book(load: Load) -> list[Message]:
    """What the sandbox has, in its own word."""
    return [
        Message(one["id"], tower.remote_id, one["text"], datetime.fromisoformat(one["created_at"]))
        for tower in load.towers
        for one in load.call("GET", "/sandbox/v1/posts", 200, params={"account": tower.remote_id})["data"]
    ]


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
