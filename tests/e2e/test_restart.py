"""The service stops and starts again: nothing is forgotten, and what was due meanwhile meets its late policy."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.aws.rows import Row, item_of
from chalicelib.core.target import State, Target
from chalicelib.service import records
from chalicelib.service.brakes import hold_key
from chalicelib.service.records import TargetKey
from infra.local import STAGE, Service, running_service
from tests import backup
from tests.e2e.evening import alarms
from tests.e2e.tenant import ROOT, Json, Tenant, instant, made, soon, tenant, wait_until

pytestmark = pytest.mark.e2e

POLICIES = ("publish", "skip", "hold")
AHEAD = 30
"""Seconds at least for making the posts and stopping the service; a busy machine has as long as its start took."""


@dataclass(frozen=True)
class Planned:
    """The posts of before: one that is out, one for each late policy and without grace, and one due in an hour."""

    out: Json
    due: datetime
    overdue: dict[str, Json]
    later: Json


@dataclass(frozen=True)
class Restart:
    """What was there before, and how it is seen after."""

    tenant: Tenant
    service: Service
    planned: Planned
    stopped_at: datetime


@pytest.fixture(scope="module")
def restart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restart]:
    home = tmp_path_factory.mktemp("restarted")
    planned = before(home)
    stopped_at = datetime.now(UTC)
    wait_until(planned.due)
    with running_service(home) as service, tenant(service.url, service.workspace_id, service.key) as owner:
        yield Restart(owner, service, planned, stopped_at)


def before(home: Path) -> Planned:
    """Make the posts, and stop."""
    began = time.monotonic()
    with running_service(home) as service, tenant(service.url, service.workspace_id, service.key) as owner:
        out = owner.ended(owner.post([owner.sandbox()], publish="now"))
        later = owner.post([owner.sandbox()], scheduled_at=soon(3600).isoformat())
        accounts = {policy: owner.sandbox() for policy in POLICIES}
        due = soon(max(AHEAD, time.monotonic() - began))
        overdue = {
            policy: owner.post([accounts[policy]], scheduled_at=due.isoformat(), late_policy=policy, grace_seconds=0)
            for policy in POLICIES
        }
    return Planned(out, due, overdue, later)


def ended(restart: Restart, policy: str) -> Json:
    """What became of the overdue post of that policy."""
    target: Json = restart.tenant.ended(restart.planned.overdue[policy])["targets"][0]
    return target


def test_it_stopped_before_they_were_due(restart: Restart) -> None:
    assert restart.stopped_at < restart.planned.due, "nothing below means anything"


def test_what_was_published_before_is_still_known_and_still_out(restart: Restart) -> None:
    assert restart.tenant.read(restart.planned.out["id"]) == restart.planned.out
    assert restart.tenant.texts(restart.planned.out["targets"][0]["account_id"]) == [restart.planned.out["text"]]


def test_what_waits_for_its_alarm_still_does(restart: Restart) -> None:
    later = restart.planned.later
    assert restart.tenant.read(later["id"]) == later
    assert alarms(restart.service) == [f"due-{instant(later['scheduled_at']):%Y%m%dT%H%M}"]


def test_a_post_that_was_due_meanwhile_goes_out_once_after_the_restart(restart: Restart) -> None:
    target = ended(restart, "publish")
    assert target["state"] == "published"
    assert instant(target["published_at"]) > restart.stopped_at
    assert restart.tenant.texts(target["account_id"]) == [restart.planned.overdue["publish"]["text"]]


def test_a_post_that_is_worthless_when_late_is_skipped(restart: Restart) -> None:
    target = ended(restart, "skip")
    assert target["state"] == "skipped"
    assert restart.tenant.texts(target["account_id"]) == []


def test_a_post_that_somebody_wants_to_look_at_when_late_is_held(restart: Restart) -> None:
    target = ended(restart, "hold")
    assert target["state"] == "held"
    assert restart.tenant.texts(target["account_id"]) == []


def test_an_export_of_its_table_is_restored_into_another_without_forgetting_what_went_out_since(
    restart: Restart, tmp_path: Path
) -> None:
    """As docs/operations.md has it; the embedded AWS exports no table, so that the files are made here."""
    service, owner, planned = restart.service, restart.tenant, restart.planned
    since = owner.post([owner.sandbox()], scheduled_at=soon(3600).isoformat())
    backup.made(rows(service, service.outputs["TableName"]), datetime.now(UTC)).write(tmp_path)
    made(owner.api.patch(f"/v1/posts/{since['id']}", json={"scheduled_at": soon(1).isoformat()}))
    assert owner.ended(since)["status"] == "published"

    words = ["--from", str(tmp_path), "--stage", STAGE, "--table", "again"]
    command = [sys.executable, "-m", "infra.restore", *words]
    environment = {**os.environ, **service.environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = {item.key: item for item in map(item_of, rows(service, "again"))}

    def target(post: Json) -> Target:
        key = records.target_key(TargetKey(owner.workspace_id, post["id"], post["targets"][0]["id"]))
        return records.target_of(again[key])

    assert target(planned.out).state is State.PUBLISHED
    assert target(planned.later).state is State.SCHEDULED
    assert target(since).state is State.UNCONFIRMED, "the logs say that it began to go out"
    assert hold_key(owner.workspace_id) in again


def rows(service: Service, table: str) -> list[Row]:
    """Every row of a table."""
    pages = service.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [row for page in pages for row in page["Items"]]
