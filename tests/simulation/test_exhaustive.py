"""Every crash point and every outcome, in all combinations up to a depth, for every idempotency class."""

import os

import pytest

from tests.simulation.exhaustive import TEXTS, Play, explore, explore_all, replay
from tests.simulation.networks import CLASSES
from tests.simulation.scenario import LONG, SHORT

DEPTHS = {"single": 2, "thread": 1, "film": 1}
SLOW = frozenset({"sim_container"})
"""Asks its network so often that all outcomes in pairs would take minutes."""


def _holds(play: Play, depth: int) -> None:
    found = explore(play, depth)
    assert not found.breaches, "\n".join([*found.breaches, *replay(play, found.scripts[0])])
    assert found.runs > 10
    assert found.states


@pytest.mark.parametrize(("text", "depth"), DEPTHS.items(), ids=[f"{text}-{depth}" for text, depth in DEPTHS.items()])
@pytest.mark.parametrize("network", CLASSES)
def test_whatever_goes_wrong_in_a_publish_every_promise_holds(network: str, text: str, depth: int) -> None:
    _holds(Play(network, TEXTS[text], film=text == "film"), 1 if network in SLOW else depth)


@pytest.mark.parametrize("network", CLASSES)
def test_a_worker_that_was_frozen_does_no_harm_when_it_goes_on(network: str) -> None:
    _holds(Play(network, freezes=True, outcomes=frozenset({"timeout_late"})), 2)


@pytest.mark.parametrize("network", CLASSES)
def test_a_worker_that_was_frozen_while_it_sent_a_film_does_no_harm_either(network: str) -> None:
    _holds(Play(network, film=True, freezes=True, outcomes=frozenset({"timeout_late"})), 1)


ONE_OF_EACH = frozenset({"not_sent", "timeout_lost", "timeout_applied", "timeout_late", "expired"})
"""One outcome of each kind; the rest leave the same behind. Workers die all the same."""
LOSING = frozenset({"timeout_lost", "timeout_applied", "timeout_late"})
"""Where one of each would take too long: the outcomes that leave a doubt."""
EVERY = bool(os.environ.get("CARILLON_EVERY_OUTCOME"))
"""Whether to take minutes, and try every outcome of a single post's calls, in threes."""


def _plays() -> list[tuple[Play, int]]:
    few = {one: LOSING if one in SLOW else ONE_OF_EACH for one in CLASSES}
    single = [(Play(one, SHORT, outcomes=frozenset() if EVERY else few[one]), 3) for one in CLASSES]
    threads = [(Play(one, LONG, outcomes=LOSING), 3 if one == "sim_none" else 2) for one in CLASSES]
    return [*single, *threads]


@pytest.mark.timeout(3600 if EVERY else 1800)
def test_three_things_that_go_wrong_in_one_publish_break_no_promise(capsys: pytest.CaptureFixture[str]) -> None:
    plays = _plays()
    found = explore_all(plays)
    with capsys.disabled():
        for (play, depth), one in zip(plays, found, strict=True):
            what = "thread" if play.text == LONG else "single"
            print(f"\n{play.network:<16} {what:<7} depth {depth}: {one.runs:>5} runs {one.states}", end="")
    for (play, _), one in zip(plays, found, strict=True):
        assert not one.breaches, "\n".join([*one.breaches, *replay(play, one.scripts[0])])
        assert one.runs > 10
