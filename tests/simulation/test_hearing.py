"""What networks tell is counted once: whoever dies, whatever comes twice, late or in another order."""

import pytest

from tests.simulation.hearing import Hearing
from tests.simulation.simulation import quiet

SEEDS = 60


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_accepted_is_counted_once(seed: int) -> None:
    with quiet():
        assert Hearing(seed).tell() == []


def test_the_storm_is_one() -> None:
    with quiet():
        story = Hearing(1)
        story.tell()
    assert story.sent > len(story.happened)
