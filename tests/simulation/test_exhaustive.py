"""Every crash point and every outcome, in all combinations up to a depth, for every idempotency class."""

import pytest

from chalicelib.core.publishing import REPEATABLE
from tests.simulation.exhaustive import TEXTS, Play, explore, replay
from tests.simulation.networks import CLASSES

MARKING = frozenset({"timeout_applied", "timeout_late"})
"""Where everything else would take too long: the outcomes that leave the most behind; workers die all the same."""
SLOW = frozenset({"sim_container"})
"""Asks its network so often that all outcomes in pairs would take minutes."""


def _holds(play: Play, depth: int) -> None:
    found = explore(play, depth)
    assert not found.breaches, "\n".join([*found.breaches, *replay(play, found.scripts[0])])
    assert found.runs > 10
    assert found.states


@pytest.mark.parametrize(("text", "depth"), [("single", 2), ("thread", 1)], ids=["single-2", "thread-1"])
@pytest.mark.parametrize("network", CLASSES)
def test_whatever_goes_wrong_in_a_publish_every_promise_holds(network: str, text: str, depth: int) -> None:
    _holds(Play(network, TEXTS[text]), 1 if network in SLOW else depth)


@pytest.mark.parametrize("network", CLASSES)
def test_a_worker_that_was_frozen_does_no_harm_when_it_goes_on(network: str) -> None:
    _holds(Play(network, freezes=True, outcomes=frozenset({"timeout_late"})), 2)


@pytest.mark.parametrize("network", CLASSES)
def test_lost_answers_and_deaths_together_break_no_promise(network: str) -> None:
    _holds(Play(network, outcomes=MARKING), 2 if CLASSES[network].habits.safety in REPEATABLE else 3)
