"""What goes wrong, and when: decided by a seed, by nobody, or by a script that tries everything."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

CREATE = (
    "ok",
    "not_sent",
    "reset_lost",
    "timeout_lost",
    "timeout_applied",
    "timeout_late",
    "error_lost",
    "error_applied",
    "error_late",
    "nonsense_applied",
    "limited",
    "expired",
    "refused",
)
"""What may become of a creating request; the first is what should."""
READ = ("ok", "not_sent", "timeout", "error", "limited", "expired")
REFRESH = ("ok", "not_sent", "timeout_lost", "timeout_applied", "error")
STORE = ("ok", "throttled", "lost_answer")
"""`lost_answer` is a time-out after commit: what was asked for is done, and the caller sees `Unavailable`."""


class Fate(Protocol):
    """Asked at every point where something may go wrong."""

    def pick(self, what: str, options: Sequence[str]) -> str:
        """One of these; the first is the good one."""

    def mishap(self, point: str, mortal: bool) -> str:
        """What happens to the worker at this point: `go`, `die` or `freeze`."""

    def between(self, low: float, high: float) -> float:
        """A number of seconds."""

    def latency(self, port: str) -> float:
        """How long one way to this port takes."""


LATENCY = {
    "table": (0.001, 0.008),
    "queue": (0.003, 0.02),
    "alarms": (0.01, 0.05),
    "web": (0.02, 0.15),
    "clock": (0.0, 0.002),
}


@dataclass(frozen=True, slots=True)
class Climate:
    """How often things go wrong, each as a chance per occasion."""

    die: float = 0.0
    freeze: float = 0.0
    store: float = 0.0
    web: float = 0.0
    deliver: float = 0.0


class Seeded:
    """Everything is decided by one seed; nothing goes wrong any more once it is `calm`."""

    def __init__(self, seed: int, climate: Climate) -> None:
        self.random = Random(seed)
        self.climate = climate
        self.calm = False

    def pick(self, what: str, options: Sequence[str]) -> str:
        """The good one, unless the climate has it otherwise."""
        odds = getattr(self.climate, what.partition(".")[0])
        if self.calm or self.random.random() >= odds:
            return options[0]
        return self.random.choice(options[1:])

    def mishap(self, point: str, mortal: bool) -> str:
        """Death or a freeze, rarely."""
        if self.calm or not mortal:
            return "go"
        drawn = self.random.random()
        if drawn < self.climate.die:
            return "die"
        return "freeze" if drawn < self.climate.die + self.climate.freeze else "go"

    def between(self, low: float, high: float) -> float:
        """Any number in between."""
        return self.random.uniform(low, high)

    def latency(self, port: str) -> float:
        """Milliseconds, mostly."""
        return self.random.uniform(*LATENCY[port])


class Scripted:
    """Follows a script of choices and takes the good one after its end; remembers what it could have chosen.

    A worker dies only behind a call that changed something: dying in front of the next one is the same.
    """

    CHANGING = frozenset({"table.write", "queue.send", "web.create", "web.prepare"})

    def __init__(
        self, script: Sequence[int], budget: int, *, freezes: bool = False, outcomes: Collection[str] = ()
    ) -> None:
        self.script = script
        self.budget = budget
        self.mishaps = ("go", "die", "freeze") if freezes else ("go", "die")
        self.outcomes = outcomes
        self.asleep = False
        """While true nothing goes wrong, and nothing is remembered."""
        self.taken: list[int] = []
        self.open: list[int] = []
        """How many choices there were at each point."""
        self.words: list[str] = []

    @property
    def left(self) -> int:
        """How many more things may go wrong."""
        return self.budget - sum(1 for one in self.taken if one)

    def pick(self, what: str, options: Sequence[str]) -> str:
        """By the script; only the web has choices."""
        if self.asleep or not what.startswith("web."):
            return options[0]
        return self._chosen([one for one in options if one == options[0] or not self.outcomes or one in self.outcomes])

    def mishap(self, point: str, mortal: bool) -> str:
        """Death behind a call that changed something, by the script."""
        call, _, when = point.partition("/")
        if self.asleep or not mortal or when != "after" or call not in self.CHANGING:
            return "go"
        return self._chosen(self.mishaps)

    def _chosen(self, options: Sequence[str]) -> str:
        left = self.left
        place = len(self.taken)
        choice = self.script[place] if place < len(self.script) else 0
        self.open.append(len(options) if left else 1)
        self.taken.append(choice)
        if choice:
            self.words.append(options[choice])
        return options[choice]

    def between(self, low: float, high: float) -> float:
        """The worst that was promised."""
        return high

    def latency(self, port: str) -> float:
        """None: the steps count here, not the milliseconds."""
        return 0.0
