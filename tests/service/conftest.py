"""A workspace with two sandbox accounts, all in memory, and a stage that lets time pass."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.post import NewPost
from chalicelib.core.target import Target
from chalicelib.service import compose, connect, reading, sandbox
from chalicelib.service.dispatch import dispatch
from chalicelib.service.publish import publish
from chalicelib.service.reading import Whole
from chalicelib.service.sweep import sweep
from tests.fakes import FakeWorld, world
from tests.service.sandbox_web import SandboxWeb


@dataclass
class Stage:
    """One workspace in a world where time passes only when somebody lets it."""

    world: FakeWorld
    web: SandboxWeb
    workspace_id: str
    accounts: list[str]

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def new(self, **fields: Any) -> NewPost:
        targets = fields.pop("targets", None) or [{"account_id": one} for one in self.accounts]
        return NewPost.model_validate({"text": "Nine o'clock, and all is well.", "targets": targets, **fields})

    def create(self, due_in: float | None = None, seed: str | None = None, **fields: Any) -> Whole:
        if due_in is not None:
            fields["scheduled_at"] = self.now + timedelta(seconds=due_in)
        return compose.create(self.world, self.workspace_id, self.new(**fields), seed)

    def read(self, whole: Whole) -> Whole:
        return reading.post(self.world, self.workspace_id, whole.post.id)

    def target(self, whole: Whole, number: int = 0) -> Target:
        return self.read(whole).targets[number]

    def let_pass(self, seconds: float, *, alarms: bool = True, sweeps: bool = True) -> None:
        """Let time pass, with alarms, queue and sweep doing what they do in AWS."""
        end = self.now + timedelta(seconds=seconds)
        next_sweep = self.now + timedelta(minutes=1)
        while self.now < end:
            nexts = [end, self.world.queue.next_at, self.world.alarms.next_at if alarms else None]
            nexts += [next_sweep] if sweeps else []
            self.world.clock.sleep_until(max(self.now, min(one for one in nexts if one)))
            if alarms:
                for minute in self.world.alarms.ring():
                    dispatch(self.world, minute)
            if sweeps and self.now >= next_sweep:
                sweep(self.world)
                next_sweep += timedelta(minutes=1)
            for wake in self.world.queue.receive():
                publish(self.world, wake)

    def timeline(self, number: int = 0) -> list[dict[str, Any]]:
        """What readers see of one account, oldest first."""
        account = connect.find(self.world, self.workspace_id, self.accounts[number])
        assert account is not None
        return sandbox.posts(self.world, account.remote_id)


@pytest.fixture
def stage() -> Stage:
    web = SandboxWeb()
    fakes = world(web=web)
    web.world = fakes
    accounts = [
        connect.connect(fakes, "ws_one", connect.NewAccount(platform="sandbox", name=name)).id
        for name in ("Sandbox one", "Sandbox two")
    ]
    return Stage(fakes, web, "ws_one", accounts)
