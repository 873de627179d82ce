"""A tenant of the running service, and what it can see and do over HTTP."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from infra.local import Service

T = TypeVar("T")
Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
ENDS = frozenset({"published", "failed", "missed", "skipped", "cancelled", "held", "removed"})
POLL_SECONDS = 0.25
PATIENCE = 300
"""Seconds, more than anything takes on a machine that is far too busy; how fast it is otherwise, `make bench` says."""


@dataclass(frozen=True)
class Tenant:
    """A workspace and one key to it."""

    api: httpx.Client
    workspace_id: str

    def sandbox(self, **account: Any) -> str:
        """The id of a new account on the sandbox, with an empty timeline."""
        return str(self.connect(platform="sandbox", name="Bell tower", **account)["id"])

    def connect(self, **account: Any) -> Json:
        """A new account."""
        return made(self.api.post("/v1/accounts", json=account))

    def post(self, account_ids: list[str], options: Json | None = None, **fields: Any) -> Json:
        """A new post for these accounts, saying what no other post says unless told otherwise."""
        targets = [{"account_id": one, "options": options or {}} for one in account_ids]
        body = {"text": f"Nine o'clock, and all is well. {uuid.uuid4()}", "targets": targets, **fields}
        return made(self.api.post("/v1/posts", json=body))

    def read(self, post_id: str) -> Json:
        """The post as it is now."""
        return made(self.api.get(f"/v1/posts/{post_id}"))

    def ended(self, post: Json) -> Json:
        """The post once nothing of it is under way any more."""
        return self.once(post, lambda now: all(one["state"] in ENDS for one in now["targets"]))

    def once(self, post: Json, holds: Callable[[Json], bool]) -> Json:
        """The post once something holds of it."""
        return eventually(lambda: self.read(post["id"]), holds)

    def timeline(self, account_id: str) -> list[Json]:
        """What readers see of a sandbox account, newest first."""
        handle = made(self.api.get(f"/v1/accounts/{account_id}"))["handle"]
        seen: list[Json] = made(self.api.get(f"/sandbox/v1/timeline/{handle}"))["data"]
        return seen

    def texts(self, account_id: str) -> list[str]:
        """The words that readers see of a sandbox account, oldest first."""
        return [one["text"] for one in reversed(self.timeline(account_id))]


@contextmanager
def tenant(url: str, workspace_id: str, key: str) -> Iterator[Tenant]:
    """A tenant by its key."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False) as api:
        yield Tenant(api, workspace_id)


def admin(service: Service, *words: str) -> Json:
    """What `python -m infra.admin` prints."""
    command = [sys.executable, "-m", "infra.admin", *words]
    environment = {**os.environ, **service.environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed: Json = json.loads(done.stdout)
    return printed


def made(response: httpx.Response) -> Json:
    """The body of a good answer."""
    assert response.is_success, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
    body: Json = response.json()
    return body


def eventually(look: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """What is seen once something holds of it; fails with what was seen last."""
    give_up = time.monotonic() + PATIENCE
    while not holds(seen := look()):
        assert time.monotonic() < give_up, f"not within {PATIENCE} s: {seen}"
        time.sleep(POLL_SECONDS)
    return seen


def wait_until(instant: datetime) -> None:
    """Return once the instant has passed."""
    while (left := (instant - datetime.now(UTC)).total_seconds()) > 0:
        time.sleep(left)


def soon(seconds: float) -> datetime:
    """An instant so many seconds ahead, in whole milliseconds as the API keeps them."""
    ahead = datetime.now(UTC) + timedelta(seconds=seconds)
    return ahead.replace(microsecond=ahead.microsecond // 1000 * 1000)


def instant(text: str) -> datetime:
    """The instant that the API wrote."""
    return datetime.fromisoformat(text)
