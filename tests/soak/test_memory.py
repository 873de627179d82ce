"""A leak is found in the second half of a run, and neither a start nor a further worker is taken for one."""

import subprocess
import sys

import pytest

from tests.soak.memory import (
    STORED_MB_PER_THOUSAND,
    WORKERS_MB_A_HOUR,
    Sample,
    family,
    judged,
    level,
    second_half,
    steady,
)

EMULATOR, FIRST, SECOND, LATE = 1, 2, 3, 4
HALF_AN_HOUR = range(0, 1801, 5)


def samples(leak_mb_an_hour: float = 0.0, stored_mb_an_hour: float = 0.0, wobble: float = 0.5) -> list[Sample]:
    """Half an hour in which everything grows at first, as processes do; a further worker comes in late."""
    found = []
    for second in HALF_AN_HOUR:
        start, noise = min(second, 120) / 4, wobble * (second // 5 % 2)
        worker = 60 + start + noise + leak_mb_an_hour * second / 3600
        sizes = {EMULATOR: 120 + start + stored_mb_an_hour * second / 3600, FIRST: worker, SECOND: worker}
        found.append(Sample(float(second), sizes | ({LATE: 70.0} if second > 1500 else {})))
    return found


def broken(found: list[Sample], targets_a_second: float = 1.4) -> list[str]:
    return [one.what for one in judged(found, EMULATOR, targets_a_second) if one.met is False]


def test_a_run_that_stays_level_is_sound() -> None:
    assert broken(samples()) == []


def test_a_worker_that_leaks_is_found() -> None:
    assert broken(samples(leak_mb_an_hour=2 * WORKERS_MB_A_HOUR)) == ["one of these grows, an hour"]


def test_an_emulator_that_keeps_more_than_it_stores_is_found() -> None:
    an_hour = STORED_MB_PER_THOUSAND * 1.4 * 3.6
    assert broken(samples(stored_mb_an_hour=0.9 * an_hour)) == []
    assert broken(samples(stored_mb_an_hour=1.1 * an_hour)) == ["emulator, per 1,000 targets, second half"]


def test_growing_at_the_start_is_no_leak() -> None:
    assert level(second_half(samples(wobble=0)), {FIRST}).an_hour == pytest.approx(0)
    assert level(samples(wobble=0)[:20], {FIRST}).an_hour > 100


def test_a_worker_that_was_started_meanwhile_is_not_among_the_steady() -> None:
    assert steady(second_half(samples()), EMULATOR) == {FIRST, SECOND}


def test_a_run_without_steady_workers_proves_nothing() -> None:
    lonely = [Sample(one.second, {EMULATOR: one.sizes[EMULATOR]}) for one in samples()]
    assert broken(lonely) == ["workers that were there all the second half"]


def test_a_short_run_is_not_judged_by_what_an_hour_would_add() -> None:
    short = samples(leak_mb_an_hour=10 * WORKERS_MB_A_HOUR)[:60]
    assert broken(short) == []
    assert "(too short to judge)" in judged(short, EMULATOR, 1.4)[-1].what


def test_a_line_through_points_is_the_line() -> None:
    found = level([Sample(float(second), {7: 10 + 0.5 * second}) for second in range(11)], {7})
    assert (found.first, found.last, found.an_hour) == pytest.approx((10, 15, 1800))


def test_only_a_process_and_its_descendants_are_counted() -> None:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        found = family(child.pid)
        assert set(found) == {child.pid}
        assert found[child.pid] > 1
