"""A table is lost and comes back as it was before: nothing that went out since goes out again, and nothing is lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest

from chalicelib.core import restoring
from chalicelib.core.target import TERMINAL, State, Target
from chalicelib.ports import Item, Key, Put
from infra.export import opened
from infra.restore import Plan, Report, restore
from tests import backup
from tests.simulation.networks import CLASSES
from tests.simulation.scenario import CALM, Story
from tests.simulation.simulation import SETTINGS, quiet

INTERFERED = (*range(10), 11, 13, 28, 34, 37)
"""Some seeds, and those that found something when this was written."""
WITHOUT_LOGS = (9, 11, 22, 23, 28, 34)
STORIES = [(seed, True) for seed in INTERFERED] + [(seed, False) for seed in WITHOUT_LOGS]
RESTING = frozenset({State.DRAFT, State.HELD, State.PENDING_APPROVAL})
SOON = 20.0
"""Seconds between the loss and the restore."""
LOOKED_UP = 600.0
"""Seconds in which everything in doubt has been read back."""


class Loss(Story):
    """A story in fair weather that is exported, goes on, loses its table, and goes on from the export."""

    def __init__(self, seed: int, *, logs: bool) -> None:
        super().__init__(seed, climate=CALM, peaceful=not logs)
        self.logs = logs

    def live(self) -> "Loss":
        """Run it to its end."""
        draw = Random(f"loss {self.seed}")
        with quiet():
            try:
                self._set_out()
                for workspace in self.accounts:
                    self.simulation.table.write(Put(Item(Key(f"W#{workspace}", "WORKSPACE"), {}), expect=0))
                kernel, table = self.simulation.kernel, self.simulation.table
                kernel.run(kernel.now + timedelta(seconds=draw.uniform(20, 200)))
                exported_at, export = kernel.now, backup.made(table.raw, kernel.now)
                kernel.run(kernel.now + timedelta(seconds=draw.uniform(0, 200)))
                self._lose(exported_at, export)
                kernel.run(kernel.now + timedelta(seconds=LOOKED_UP))
                self.simulation.act("everybody", self._let_all_go)
                kernel.run(kernel.now + timedelta(seconds=LOOKED_UP))
            finally:
                self.simulation.kernel.close()
        return self

    def _lose(self, exported_at: datetime, export: backup.Backup) -> None:
        """The machine stops in the middle of whatever it does, and goes on with another table."""
        kernel, table = self.simulation.kernel, self.simulation.table
        stopped_at = kernel.now
        begun = [one for one in table.targets() if any(each.intent_at >= exported_at for each in one.creates)]
        sent = {one.id: one.scheduled_at or stopped_at for one in begun}
        kernel.kill_all()
        table.lose()
        self.watch.called_off.clear()  # what people did since the export has to be done again
        self.watch.stopped = dict.fromkeys(self.accounts, stopped_at)
        plan = Plan(exported_at, stopped_at, stopped_at, sent if self.logs else {})
        self.report: Report = restore(opened(export), Loaded(table.load), plan, SETTINGS)
        self.kept = set(table.places)

    @property
    def targets(self) -> list[Target]:
        """Those of the export, as they are now."""
        return [one for one in self.simulation.table.targets() if one.id in self.kept]

    def wrong(self) -> list[str]:
        """What was promised and not kept."""
        found = [breach for breach in self.watch.breaches if "nobody knows" not in breach]
        live = {post.target for post in self.simulation.network.posts}
        for one in self.targets:
            in_hands = one.state is State.UNCONFIRMED and (one.next_at is None or _has_old_token(one))
            if not (one.state in TERMINAL | RESTING or in_hands):
                found.append(f"{one.id} never ends: {one.state}")
            if one.state is State.PUBLISHED and one.id not in live:
                found.append(f"{one.id} is lost")
            if one.id in live and one.state is not State.PUBLISHED and not in_hands:
                found.append(f"{one.id} is out, and {one.state}")
            if (
                in_hands
                and not _has_old_token(one)
                and CLASSES[one.platform].habits.readable
                and not _is_out_otherwise(one)
            ):
                found.append(f"{one.id} could have been looked up")
        return found


class Loaded:
    """A table in memory to restore into."""

    def __init__(self, load: Callable[[dict[str, dict[str, object]]], bool]) -> None:
        self.add = load

    def put(self, row: dict[str, dict[str, object]]) -> None:
        self.add(row)


def _has_old_token(target: Target) -> bool:
    """Whether its account's tokens were renewed after the export: a person has to connect it again."""
    return target.error is not None and target.error.code == "refresh_token_used"


def _is_out_otherwise(target: Target) -> bool:
    return target.doubt is not None and target.doubt.digest == restoring.SENT


@pytest.mark.parametrize(("seed", "logs"), STORIES)
def test_what_went_out_after_the_export_goes_out_once(seed: int, logs: bool) -> None:
    assert Loss(seed, logs=logs).live().wrong() == []
