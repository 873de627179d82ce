"""What simulation and reading have found in the product, each in the smallest story that shows it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import publishing
from chalicelib.core.post import NewPost
from chalicelib.core.publishing import State, Target
from chalicelib.ports import Put
from chalicelib.service import compose, connect, steer
from chalicelib.service.reading import Whole
from chalicelib.service.schedule import POLICY
from tests.fakes import FakeTable
from tests.simulation.exhaustive import WORKSPACE
from tests.simulation.fate import Scripted
from tests.simulation.invariants import Watch
from tests.simulation.networks import CLASSES
from tests.simulation.scenario import LONG, SHORT
from tests.simulation.simulation import Simulation, quiet


class Foretold(Scripted):
    """What becomes of each kind of call, in order; everything else goes well."""

    def __init__(self, **outcomes: Sequence[str]) -> None:
        super().__init__((), 0)
        self._outcomes = defaultdict[str, list[str]](list, {kind: list(all_) for kind, all_ in outcomes.items()})

    def pick(self, what: str, options: Sequence[str]) -> str:
        left = self._outcomes[what.partition(".")[2]] if what.startswith("web.") else []
        return left.pop(0) if left and not self.asleep else options[0]


class Tale:
    """One post on one network, due in 20 seconds."""

    def __init__(self, network: str, text: str = SHORT, **outcomes: Sequence[str]) -> None:
        fate = Foretold(**outcomes)
        fate.asleep = True
        self.simulation = Simulation(fate)
        self.watch = Watch(self.simulation)
        due = self.simulation.now + timedelta(seconds=20)
        account = self.simulation.account(WORKSPACE, network)
        fields: dict[str, Any] = {"text": text, "scheduled_at": due, "targets": [{"account_id": account}]}
        whole: Whole = compose.create(self.simulation.world, WORKSPACE, NewPost.model_validate(fields))
        self.post = whole.post.id
        fate.asleep = False

    def pass_by(self, seconds: float) -> "Tale":
        with quiet():
            self.simulation.let_pass(seconds)
        return self

    @property
    def target(self) -> Target:
        (only,) = self.simulation.table.targets()
        return only

    def ends_well(self) -> None:
        """After ten minutes it is out, whole and once."""
        self.pass_by(600)
        self.watch.finish()
        self.simulation.kernel.close()
        assert not self.watch.breaches
        assert self.target.state is State.PUBLISHED


@pytest.mark.parametrize("network", CLASSES)
def test_a_limit_whose_page_is_no_json_makes_a_post_late_and_not_doubtful(network: str) -> None:
    tale = Tale(network, create=["limited"])
    tale.simulation.network.limits_in_html = True
    tale.pass_by(30)
    assert tale.target.state is not State.UNCONFIRMED
    tale.ends_well()


@pytest.mark.parametrize("network", CLASSES)
def test_a_thread_that_is_held_halfway_goes_on_when_it_is_resumed(network: str) -> None:
    tale = Tale(network, LONG, create=["ok", "limited"]).pass_by(29)
    assert len(tale.target.creates) == 1
    steer.hold(tale.simulation.world, WORKSPACE, tale.post)
    tale.pass_by(120)
    assert tale.target.state is State.HELD
    steer.resume(tale.simulation.world, WORKSPACE, tale.post)
    tale.ends_well()


def test_what_rests_in_doubt_is_unconfirmed() -> None:
    tale = Tale("sim_container", create=["timeout_applied"]).pass_by(60)
    resting = publishing.resting(tale.target, tale.simulation.now, tale.simulation.now, POLICY)
    assert resting.doubt is None or resting.state is State.UNCONFIRMED
    tale.simulation.kernel.close()


@pytest.mark.parametrize("network", CLASSES)
def test_what_was_refreshed_by_somebody_else_meanwhile_is_no_lost_claim(network: str) -> None:
    tale = Tale(network, create=["expired"], refresh=["ok"])
    owner = next(iter(tale.simulation.network.owners.values()))
    owner.refresh = owner.old_refresh = "used by another"
    row = tale.simulation.table.targets()[0]

    def renew(_: object) -> None:
        """Another worker has taken the refresh over, and kept what it found."""
        account = connect.key(WORKSPACE, row.account_id)
        item = tale.simulation.table.peek(account)
        if item and "refreshing_until" in item.doc:
            FakeTable.write(tale.simulation.table, Put(item, expect=None))

    tale.simulation.network.on_refresh.append(renew)
    tale.pass_by(30)
    assert "deferred" in [event.type for event in tale.target.events]
    tale.simulation.kernel.close()
