"""The dispatcher may take its shards side by side, and queues the same as one by one."""

from collections.abc import Iterable
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest

from chalicelib.aws.events import THREADS, side_by_side
from chalicelib.core.errors import Unavailable
from chalicelib.service.dispatch import dispatch
from chalicelib.service.records import SHARD_NAMES
from tests.service.conftest import Stage


def test_side_by_side_queues_what_one_by_one_does(stage: Stage) -> None:
    for _ in range(20):
        stage.create(due_in=3600)
    minute = stage.now + timedelta(seconds=3600)
    wakes = []
    for on_each in (map, side_by_side):
        stage.world.clock.sleep_until(minute - timedelta(minutes=3))
        assert dispatch(stage.world, minute, on_each) == 40
        stage.world.clock.sleep_until(minute)
        wakes.append(sorted(stage.world.queue.receive()))
        stage.world.clock.advance(seconds=-180)
    assert wakes[0] == wakes[1]


def test_so_many_really_run_at_once() -> None:
    together = Barrier(THREADS, timeout=30)

    def waits(_: int) -> bool:
        try:
            together.wait()
        except BrokenBarrierError:
            return False
        return True

    assert side_by_side(waits, range(THREADS)) == [True] * THREADS


def test_one_shard_that_fails_is_told_and_keeps_no_other_from_its_turn() -> None:
    done = []

    def queue(shard: str) -> int:
        if shard == SHARD_NAMES[0]:
            raise Unavailable("sqs: not today")
        done.append(shard)
        return 1

    with pytest.raises(Unavailable):
        side_by_side(queue, SHARD_NAMES)
    assert sorted(done) == list(SHARD_NAMES[1:])


def test_a_number_of_things_that_is_not_there_is_nothing() -> None:
    nothing: Iterable[int] = ()
    assert side_by_side(abs, nothing) == []
