"""The service stops and starts again: nothing is forgotten, and what was due meanwhile meets its late policy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local import running_service
from tests.e2e.tenant import Json, Tenant, instant, soon, tenant, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

POLICIES = ("publish", "skip", "hold")
AHEAD = 15
"""Seconds in which the posts are made and the service is stopped."""
STARTING = 90
"""Seconds in which what is overdue is found again, by its message or by the sweep."""


@dataclass(frozen=True)
class Restart:
    """What was there before, and how it is seen after."""

    tenant: Tenant
    out: Json
    due: datetime
    overdue: dict[str, Json]
    stopped_at: datetime


@pytest.fixture(scope="module")
def restart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restart]:
    home = tmp_path_factory.mktemp("restarted")
    out, due, overdue = before(home)
    stopped_at = datetime.now(UTC)
    wait_until(due)
    with running_service(home) as service, tenant(service.url, service.workspace_id, service.key) as owner:
        yield Restart(owner, out, due, overdue, stopped_at)


def before(home: Path) -> tuple[Json, datetime, dict[str, Json]]:
    """A post that is out, and one for each late policy, without grace, that is due when the service is stopped."""
    with running_service(home) as service, tenant(service.url, service.workspace_id, service.key) as owner:
        out = owner.ended(owner.post([owner.sandbox()], publish="now"))
        accounts = {policy: owner.sandbox() for policy in POLICIES}
        due = soon(AHEAD)
        overdue = {
            policy: owner.post([accounts[policy]], scheduled_at=due.isoformat(), late_policy=policy, grace_seconds=0)
            for policy in POLICIES
        }
    return out, due, overdue


def ended(restart: Restart, policy: str) -> Json:
    """What became of the overdue post of that policy."""
    target: Json = restart.tenant.ended(restart.overdue[policy], within=STARTING)["targets"][0]
    return target


def test_it_stopped_before_they_were_due(restart: Restart) -> None:
    assert restart.stopped_at < restart.due, "nothing below means anything"


def test_what_was_published_before_is_still_known_and_still_out(restart: Restart) -> None:
    assert restart.tenant.read(restart.out["id"]) == restart.out
    assert restart.tenant.texts(restart.out["targets"][0]["account_id"]) == [restart.out["text"]]


def test_a_post_that_was_due_meanwhile_goes_out_once_after_the_restart(restart: Restart) -> None:
    target = ended(restart, "publish")
    assert target["state"] == "published"
    assert instant(target["published_at"]) > restart.stopped_at
    assert restart.tenant.texts(target["account_id"]) == [restart.overdue["publish"]["text"]]


def test_a_post_that_is_worthless_when_late_is_skipped(restart: Restart) -> None:
    target = ended(restart, "skip")
    assert target["state"] == "skipped"
    assert restart.tenant.texts(target["account_id"]) == []


def test_a_post_that_somebody_wants_to_look_at_when_late_is_held_until_resumed(restart: Restart) -> None:
    target = ended(restart, "hold")
    assert target["state"] == "held"
    assert restart.tenant.texts(target["account_id"]) == []
    post_id = restart.overdue["hold"]["id"]
    assert restart.tenant.api.post(f"/v1/posts/{post_id}/resume").status_code == 202
    restart.tenant.once(restart.overdue["hold"], lambda now: now["status"] == "published")
    assert restart.tenant.texts(target["account_id"]) == [restart.overdue["hold"]["text"]]
