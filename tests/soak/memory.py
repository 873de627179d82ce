"""What the service's processes keep in memory while it runs, and whether that stays level."""

import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Thread

from tests.bench.figures import Figure, at_most, shown

EVERY_SECONDS = 5.0
LEAST_SECONDS = 300.0
"""Of the second half: below that, processes still load what they have not needed before, and nothing is judged."""
WORKERS_MB_A_HOUR = 24.0
"""What one worker may grow by; 2 MB an hour were measured over eleven minutes. A worker serves some hundreds of
invocations in half an hour here, so more than this would be tens of kilobytes kept of each."""
STORED_MB_PER_THOUSAND = 150.0
"""What the emulator may grow by for a thousand targets. It is the database, its stream and the logs, all in memory, and
forgets nothing of them: 87 MB in two minutes and 106 MB in eleven were measured (2026-11-23). Most of it is probably
the stream, which has each row as it was before and after every write."""


@dataclass(frozen=True, slots=True)
class Sample:
    """MB of resident memory by process, so many seconds after the start."""

    second: float
    sizes: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Level:
    """A straight line through the second half of a run: its value at both ends of that half, in MB."""

    first: float
    last: float
    seconds: float

    @property
    def an_hour(self) -> float:
        """MB that an hour would add."""
        return (self.last - self.first) * 3600 / self.seconds if self.seconds else 0.0


def second_half(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of the second half of the time."""
    middle = (samples[0].second + samples[-1].second) / 2
    return [one for one in samples if one.second >= middle]


def steady(samples: Sequence[Sample], apart_from: int) -> set[int]:
    """The processes that are in every sample, without the one: a worker that was started meanwhile is no leak."""
    return set.intersection(*(set(one.sizes) for one in samples)) - {apart_from}


def level(samples: Sequence[Sample], processes: Collection[int]) -> Level:
    """The line of least squares through what these processes take together."""
    points = [(one.second, sum(one.sizes[process] for process in processes)) for one in samples]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    begin, end = points[0][0], points[-1][0]
    return Level(mean_y + slope * (begin - mean_x), mean_y + slope * (end - mean_x), end - begin)


def judged(samples: Sequence[Sample], emulator: int, targets_a_second: float) -> list[Figure]:
    """Whether workers stay level, and the emulator grows by no more than by what it stores."""
    half = second_half(samples)
    bound = at_most if half[-1].second - half[0].second >= LEAST_SECONDS else _unjudged
    workers = steady(half, emulator)
    stored = level(half, {emulator})
    per_thousand = stored.an_hour / 3.6 / targets_a_second if targets_a_second else 0.0
    figures = [
        _ends("emulator", samples, lambda one: one.sizes.get(emulator, 0.0)),
        bound("emulator, per 1,000 targets, second half", per_thousand, STORED_MB_PER_THOUSAND, "MB"),
        _ends("workers together", samples, lambda one: sum(one.sizes.values()) - one.sizes.get(emulator, 0.0)),
        Figure("workers, how many", f"{len(samples[0].sizes) - 1} → {len(samples[-1].sizes) - 1}"),
        Figure("workers that were there all the second half", str(len(workers)), "> 0", bool(workers)),
    ]
    if workers:
        each = level(half, workers).an_hour / len(workers)
        figures.append(bound("one of these grows, an hour", each, WORKERS_MB_A_HOUR, "MB"))
    return figures


def _unjudged(what: str, value: float, _limit: float, unit: str) -> Figure:
    return Figure(f"{what} (too short to judge)", shown(value, unit))


def _ends(what: str, samples: Sequence[Sample], size: Callable[[Sample], float]) -> Figure:
    return Figure(
        f"{what}, at first and at last", f"{shown(size(samples[0]), 'MB')} → {shown(size(samples[-1]), 'MB')}"
    )


class Watch(Thread):
    """Looks at a process and all its descendants every few seconds, until it is ended."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.samples: list[Sample] = []
        self._root = root
        self._begun = time.monotonic()
        self._over = Event()

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.wait(EVERY_SECONDS):
            self.samples.append(Sample(time.monotonic() - self._begun, family(self._root)))

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def family(root: int) -> dict[int, float]:
    """MB by process, of a process and its descendants."""
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    sizes, children = dict[int, float](), defaultdict[int, list[int]](list)
    for line in listed.splitlines():
        pid, parent, kilobytes = map(int, line.split())
        sizes[pid] = kilobytes / 1024
        children[parent].append(pid)
    family, found = [root], dict[int, float]()
    while family:
        one = family.pop()
        found[one] = sizes.get(one, 0.0)
        family += children[one]
    return found
