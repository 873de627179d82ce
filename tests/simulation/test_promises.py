"""Single guards, each in the one situation where nothing else would help."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from chalicelib.core.post import NewPost, PostPatch
from chalicelib.core.target import State
from chalicelib.service import compose, schedule
from chalicelib.service.publish import publish
from tests.simulation.exhaustive import WORKSPACE, Play, perform
from tests.simulation.fate import Scripted
from tests.simulation.invariants import Watch
from tests.simulation.networks import CLASSES
from tests.simulation.scenario import tell
from tests.simulation.simulation import Simulation, quiet


class Doubling(Scripted):
    """Everything goes well, but each message comes again some seconds later; the web is slow."""

    def __init__(self, after: float, slow: float = 3.0) -> None:
        super().__init__((), 0)
        self.after = after
        self.slow = slow

    def pick(self, what: str, options: Sequence[str]) -> str:
        return "twice" if what == "deliver.message" else super().pick(what, options)

    def between(self, low: float, high: float) -> float:
        return self.after

    def latency(self, port: str) -> float:
        return self.slow if port == "web" else 0.001


def _states(watch: Watch) -> list[State]:
    return [one.state for one in watch.simulation.table.targets()]


@pytest.mark.parametrize("network", CLASSES)
def test_a_message_that_comes_twice_disturbs_nobody(network: str) -> None:
    for seconds in (0.5, 1.5, 2.5, 4.0, 5.0, 6.0, 7.5, 9.0):
        watch = perform(Play(network), Doubling(seconds))
        assert not watch.breaches, seconds
        assert _states(watch) == [State.PUBLISHED], seconds


@pytest.mark.parametrize("network", CLASSES)
def test_of_two_workers_who_wake_at_once_one_publishes(network: str) -> None:
    watch = perform(Play(network), Doubling(0.0))
    assert not watch.breaches
    assert _states(watch) == [State.PUBLISHED]


def test_a_message_about_an_older_version_does_nothing() -> None:
    simulation = Simulation(Scripted((), 0))
    world = simulation.world
    due = simulation.now + timedelta(seconds=20)
    post = {"text": "Soon.", "scheduled_at": due, "targets": [{"account_id": simulation.account(WORKSPACE, "sim_key")}]}
    whole = compose.create(world, WORKSPACE, NewPost.model_validate(post))
    old = schedule.wake_of(whole.targets[0])
    compose.edit(world, WORKSPACE, whole.post.id, PostPatch(scheduled_at=due + timedelta(seconds=60)))
    sent = simulation.messages
    publish(world, old)
    assert simulation.messages == sent


@pytest.mark.parametrize("network", CLASSES)
def test_a_clock_that_wakes_too_soon_makes_nothing_early(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def doze(self: object, instant: datetime) -> None:
        """Wakes at once."""

    monkeypatch.setattr("tests.simulation.unreliable.SimulatedClock.sleep_until", doze)
    watch = perform(Play(network), Scripted((), 0))
    assert not watch.breaches
    assert _states(watch) == [State.PUBLISHED]


def test_every_public_event_is_told_although_the_teller_dies() -> None:
    with quiet():
        assert not [breach for seed in range(40) for breach in tell(seed).breaches]
