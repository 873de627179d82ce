"""Many seeds, on all processors, until their number or their time is up."""

import os
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.networks import registered
from tests.simulation.pool import pool
from tests.simulation.scenario import tell

BATCH = 20


@dataclass
class Report:
    """What became of many seeds."""

    seeds: int = 0
    seconds: float = 0.0
    failed: dict[int, list[str]] = field(default_factory=dict)
    """Seeds with what they broke."""
    states: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Report") -> None:
        """Take another report in."""
        self.seeds += other.seeds
        self.failed.update(other.failed)
        self.states += other.states
        self.outcomes += other.outcomes

    def __str__(self) -> str:
        pace = self.seeds / self.seconds * 60 if self.seconds else 0
        faults = sum(count for name, count in self.outcomes.items() if not name.endswith(".ok"))
        head = f"{self.seeds} seeds in {self.seconds:.0f} s ({pace:.0f} a minute), {len(self.failed)} failed"
        calls = f"{sum(self.outcomes.values())} calls to networks, of which {faults} went wrong"
        return f"{head}; {sum(self.states.values())} targets, {calls}"


def run(first: int, seeds: int, seconds: float) -> Report:
    """Up to so many seeds from the first, begun within so many seconds; ends early at the first that fails."""
    begun, whole = time.monotonic(), Report()
    processes = os.cpu_count() or 1
    starts = iter(range(first, first + seeds, BATCH))
    with pool() as workers:
        while not whole.failed and time.monotonic() < begun + seconds:
            batches = [start for _, start in zip(range(processes * 2), starts, strict=False)]
            if not batches:
                break
            ends = [min(BATCH, first + seeds - start) for start in batches]
            for one in workers.map(run_batch, batches, ends):
                whole.add(one)
    whole.seconds = time.monotonic() - begun
    return whole


def run_batch(first: int, count: int) -> Report:
    """Some seeds, one after the other."""
    report = Report()
    with registered():
        for seed in range(first, first + count):
            outcome = tell(seed)
            report.seeds += 1
            report.states.update(outcome.states)
            report.outcomes.update(outcome.faults)
            if outcome.breaches:
                report.failed[seed] = outcome.breaches
    return report


def traced(seed: int) -> str:
    """A seed's trace and what it broke."""
    outcome = tell(seed, tracing=True)
    again = f"again: CARILLON_SEED={seed} pytest tests/simulation/test_random.py"
    return "\n".join([f"seed {seed}", *outcome.trace, *(f"BROKEN: {one}" for one in outcome.breaches), again])
