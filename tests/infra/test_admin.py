"""The operator's commands: what they print, and what the audit log says of them."""

import json
from datetime import timedelta

import pytest

from chalicelib.core.errors import Unauthorized
from chalicelib.service import access, audit, limits
from chalicelib.service.audit import Wanted
from chalicelib.service.limits import Limits
from infra import admin
from tests.fakes import FakeWorld, world


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """The world that the commands act on."""
    made = world()
    monkeypatch.setattr(admin, "world", lambda: made)
    return made


@pytest.fixture
def workspace_id(here: FakeWorld) -> str:
    """A workspace."""
    return access.create_workspace(here, "Bell tower")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """What a command prints."""
    assert admin.main(list(words)) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_key_is_made_listed_rotated_and_revoked(
    here: FakeWorld, workspace_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of = ("--workspace", workspace_id)
    end = (here.clock.now() + timedelta(days=2)).isoformat()
    made = run(capsys, "key", "create", *of, "--scopes", "posts:read", "--name", "Planner", "--expires-at", end)
    key = ("--key", str(made["id"]))
    assert str(made["key"]) not in (listed := json.dumps(run(capsys, "key", "list", *of)))
    assert "Planner" in listed
    new = run(capsys, "key", "rotate", *of, *key, "--overlap-hours", "0.5")

    here.clock.advance(minutes=30)
    assert access.authenticate(here, str(new["key"])).scopes == {"posts:read"}
    for ended in (made, run(capsys, "key", "revoke", *of, *key) and new):
        with pytest.raises(Unauthorized):
            access.authenticate(here, str(ended["key"]))
    acts = audit.page(here, workspace_id, Wanted(thing=str(made["id"]))).data
    assert [act.action for act in acts] == ["admin key revoke", "admin key rotate", "admin key create"]


def test_limits_are_set_and_taken_back(here: FakeWorld, workspace_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    of = ("--workspace", workspace_id)
    run(capsys, "limits", "set", *of, "--per-key", "60", "--per-workspace", "90")
    assert limits.of(here, workspace_id) == Limits(60, 90)

    run(capsys, "limits", "reset", *of)
    assert limits.of(here, workspace_id) == Limits()
    acts = audit.page(here, workspace_id, Wanted()).data
    assert [act.action for act in acts] == ["admin limits reset", "admin limits set"]


@pytest.mark.parametrize(
    "words",
    [
        ("limits", "set", "--workspace", "ws_none", "--per-key", "1", "--per-workspace", "1"),
        ("key", "revoke", "--workspace", "ws_none", "--key", "key_1"),
    ],
)
def test_what_is_not_there_is_said(here: FakeWorld, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert admin.main(list(words)) == 1
    assert capsys.readouterr().err.startswith("error: there is no")
    assert here.table.everything == []
