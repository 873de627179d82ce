"""What a first visitor sees: a workspace of their own, one post going out on time, and scores of the last weeks."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

ACCOUNTS = ("sandbox-one", "sandbox-two")
LEAD = timedelta(seconds=5)
PATIENCE = timedelta(seconds=60)
TEXT = "Carillon strikes the hour: one post, every network, on time. #carillon https://example.com/bells"
FINAL = {"published", "failed", "missed", "skipped", "cancelled", "removed"}


class DemoFailed(Exception):
    """The service did not do what the demo asked of it; the message gives its answer."""


@dataclass(frozen=True)
class Workspace:
    """A workspace with a key to it and the ids of its sandbox accounts by name."""

    workspace_id: str
    key: str
    accounts: dict[str, str]


def open_workspace(kept: Path, url: str, environment: Mapping[str, str]) -> Workspace:
    """The demo workspace whose key is kept in a file, made anew where the service does not know it."""
    if kept.exists():
        workspace = Workspace(**json.loads(kept.read_text()))
        with _api(url, workspace.key) as api:
            if api.get("/v1/accounts").status_code != httpx.codes.UNAUTHORIZED:
                return workspace
    workspace = _create_workspace(url, environment)
    write_private(kept, asdict(workspace))
    return workspace


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that holds a key: at once or not at all, and for the owner's eyes only."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    unfinished.replace(path)


def show(url: str, workspace: Workspace) -> bool:
    """Schedule one post a few seconds ahead, print its fate on every account; whether all were published."""
    due = (datetime.now(UTC) + LEAD).replace(microsecond=0) + timedelta(seconds=1)
    with _api(url, workspace.key) as api:
        post = _accept(api, workspace, due)
        print(f"A post was accepted at {_clock(datetime.now(UTC))}, adapted, and is due at {_clock(due)} (UTC):")
        targets = _wait_for_end(api, post["id"], due + PATIENCE)
    names = {account_id: name for name, account_id in workspace.accounts.items()}
    for target in targets:
        print(f"  {names[target['account_id']]:<12} {_fate(target)}")
    return all(target["state"] == "published" for target in targets)


def remember(url: str, workspace: Workspace, environment: Mapping[str, str], score: Callable[[], object]) -> None:
    """Give a workspace without scores the last weeks of a brand's life, have it scored, and print both scores."""
    with _api(url, workspace.key) as api:
        if not _scores(api):
            print("Both scores, of five weeks that come with the workspace …")
            _run(environment, "infra.demo_history", workspace.workspace_id)
            score()
        scores = _scores(api)
    for one in scores:
        low, high = one["interval"]
        print(f"  {one['kind']:<12} {one['value']:.1f} of 100, probably {low:.0f} to {high:.0f}")


def _scores(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _answer(api, "GET", "/v1/scores")["data"]
    return [one for one in found if one["scope"]["kind"] == "workspace" and one["value"] is not None]


def _create_workspace(url: str, environment: Mapping[str, str]) -> Workspace:
    workspace_id = _admin(environment, "workspace", "create", "--name", "Demo")["id"]
    key = _admin(environment, "key", "create", "--workspace", workspace_id, "--scopes", "*")["key"]
    with _api(url, key) as api:
        accounts = {name: _post(api, "/v1/accounts", _account(name))["id"] for name in ACCOUNTS}
    return Workspace(workspace_id, key, accounts)


def _account(name: str) -> dict[str, str]:
    return {"platform": "sandbox", "name": name}


def _admin(environment: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(_run(environment, "infra.admin", *arguments))
    return answered


def _run(environment: Mapping[str, str], module: str, *arguments: str) -> bytes:
    """What a module of ours prints, run as one who may use the service's table."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).resolve().parent.parent,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise DemoFailed(f"`python -m {module} {' '.join(arguments)}` failed; its reason is above")
    return done.stdout


def _accept(api: httpx.Client, workspace: Workspace, due: datetime) -> dict[str, Any]:
    body = {
        "text": TEXT,
        "targets": [{"account_id": account_id} for account_id in workspace.accounts.values()],
        "scheduled_at": due.isoformat(),
    }
    return _post(api, "/v1/posts", body)


def _wait_for_end(api: httpx.Client, post_id: str, patience_ends: datetime) -> list[dict[str, Any]]:
    while True:
        targets: list[dict[str, Any]] = _answer(api, "GET", f"/v1/posts/{post_id}")["targets"]
        if all(target["state"] in FINAL for target in targets) or datetime.now(UTC) > patience_ends:
            return targets
        time.sleep(0.25)


def _fate(target: Mapping[str, Any]) -> str:
    if target["state"] != "published":
        return f"{target['state']}  {target.get('error') or ''}".rstrip()
    published_at = datetime.fromisoformat(target["published_at"])
    return f"published at {_clock(published_at)}, {target['lateness_ms']} ms late  {target.get('url') or ''}".rstrip()


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]


def _api(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=300, trust_env=False)


def _post(api: httpx.Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return _answer(api, "POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})


def _answer(api: httpx.Client, method: str, path: str, **request: Any) -> dict[str, Any]:
    try:
        response = api.request(method, path, **request)
    except httpx.HTTPError as error:
        raise DemoFailed(f"{method} {path}: {error!r}") from error
    if response.is_error:
        raise DemoFailed(f"{method} {path} answered {response.status_code}: {response.text}")
    answered: dict[str, Any] = response.json()
    return answered
