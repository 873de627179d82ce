"""`make chaos`: kill publishers in the middle of their work, a hundred times and more, and count what came of it.

Runs against the service that `make run` started, over HTTP, on the deployed template. Posts with and without faults go
out all the while; any publisher process that is working is killed with SIGKILL. When the killing is over, every target
must end, every post must be there, and none of them twice.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx

SERVICE = Path(__file__).parents[2] / ".local" / "service.json"
FAULTS = (None, None, "slow", "slow", "slow", "timeout_after_accept", "server_error_after_accept")
WAVE = 6
"""Posts made at once, each to both accounts."""
TERMINAL = {"published", "failed", "missed", "skipped", "cancelled", "removed"}
PATIENCE_SECONDS = 480
"""A killed claim lapses after 90 s, is swept within 60 s, and may then rest before it is read back; more than once."""

Json = dict[str, Any]


def main() -> int:
    """Run until enough publishes were killed, wait for everything to end, and print the table."""
    asked = _arguments()
    service = json.loads(SERVICE.read_text())
    dice = random.Random(asked.seed)
    over = Event()
    killer = Killer(dice, over)
    with httpx.Client(base_url=service["url"], headers=_auth(service), timeout=60) as api:
        killer.start()
        posts = list(_posts_until(api, service, killer, asked.kills, dice))
        over.set()
        killer.join()
        print(f"{len(posts)} posts made, {killer.kills} working publishers killed; waiting for everything to end …")
        targets = _ended(api, posts)
        shown = _counted(api, service, targets)
    return _report(targets, shown, killer.kills)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="working publishers to kill")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _auth(service: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {service['key']}"}


class Killer(Thread):
    """Kills publisher processes while they have work, at random moments."""

    def __init__(self, dice: random.Random, over: Event) -> None:
        super().__init__(daemon=True)
        self.kills = 0
        self._dice = dice
        self._over = over

    def run(self) -> None:
        """Kill until it is over."""
        while not self._over.wait(self._dice.uniform(0.3, 1.5)):
            working = [pid for pid in _publishers() if _is_working(pid)]
            if working:
                os.kill(self._dice.choice(working), signal.SIGKILL)
                self.kills += 1


def _publishers() -> list[int]:
    """The processes of the local service that run the publish function."""
    home = str(SERVICE.parent)
    listed = subprocess.run(["ps", "-axo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if home in line and "-Publish-" in line]


def _is_working(pid: int) -> bool:
    """Whether the process has more than its main thread: one for each target in its batch."""
    listed = subprocess.run(["ps", "-o", "nlwp=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return listed.strip().isdigit() and int(listed) > IDLE_THREADS


IDLE_THREADS = 1


def _posts_until(api: httpx.Client, service: Json, killer: Killer, kills: int, dice: random.Random) -> Iterator[Json]:
    """Make posts, due within seconds, until enough publishers are dead."""
    accounts = list(service["accounts"].values())
    while killer.kills < kills:
        for _ in range(WAVE):
            yield _made(api, accounts, dice)
        print(f"\r{killer.kills} of {kills} killed", end="", flush=True)
        time.sleep(2)
    print()


def _made(api: httpx.Client, accounts: list[str], dice: random.Random) -> Json:
    due = datetime.now(UTC) + timedelta(seconds=dice.uniform(2, 10))
    long = dice.random() < 0.3
    text = " ".join(f"Bell {number} rings {dice.randrange(10**9)}." for number in range(60 if long else 2))
    targets = [{"account_id": one, "options": _fault(dice)} for one in accounts]
    body = {"text": text, "scheduled_at": due.isoformat(), "targets": targets}
    answer = api.post("/v1/posts", json=body, headers={"Idempotency-Key": f"chaos-{uuid4()}"})
    if answer.status_code != httpx.codes.ACCEPTED:
        raise SystemExit(f"a post was not accepted: {answer.text}")
    return dict(answer.json())


def _fault(dice: random.Random) -> Json:
    fault = dice.choice(FAULTS)
    return {"fault": fault} if fault else {}


def _ended(api: httpx.Client, posts: list[Json]) -> list[Json]:
    """Every target once all have ended, or as they are when patience is."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        targets = [target for post in posts for target in api.get(f"/v1/posts/{post['id']}").json()["targets"]]
        open_ones = [target for target in targets if target["state"] not in TERMINAL]
        print(f"\r{len(open_ones)} targets still open   ", end="", flush=True)
        if not open_ones or time.monotonic() > give_up:
            print()
            return targets
        time.sleep(5)


def _counted(api: httpx.Client, service: Json, targets: list[Json]) -> Counter[str]:
    """How often each message is to be seen on the sandbox, by its id and by the part it is."""
    seen: Counter[str] = Counter()
    for account_id in service["accounts"].values():
        remote = api.get(f"/v1/accounts/{account_id}").json()["remote_id"]
        found = api.get("/sandbox/v1/posts", params={"account": remote}).json()["data"]
        seen.update(post["reference"] for post in found)
        seen.update(f"id {post['id']}" for post in found)
    return seen


def _report(targets: list[Json], seen: Counter[str], kills: int) -> int:
    """Print the table; the exit code says whether the promise was kept."""
    states = Counter(target["state"] for target in targets)
    again = sum(1 for target in targets if target["attempts"] > 1)
    twice = sum(count - 1 for name, count in seen.items() if not name.startswith("id ") and count > 1)
    lost = sum(1 for target in targets if target["state"] == "published" and not _is_there(target, seen))
    open_ones = sum(count for state, count in states.items() if state not in TERMINAL)
    rows = {
        "publishers killed while working": kills,
        "targets": len(targets),
        "targets that needed more than one attempt": again,
        **{f"targets {state}": count for state, count in sorted(states.items())},
        "published but not to be seen (lost)": lost,
        "not ended": open_ones,
        "messages to be seen twice (duplicates)": twice,
    }
    for name, count in rows.items():
        print(f"{name:46} {count:6}")
    kept = not twice and not lost and states["published"] == len(targets)
    print("kept: nothing twice, nothing lost" if kept else "BROKEN")
    return 0 if kept else 1


def _is_there(target: Json, seen: Counter[str]) -> bool:
    return all(seen[f"id {part}"] == 1 for part in target["part_ids"])


if __name__ == "__main__":
    sys.exit(main())
