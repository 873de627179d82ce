"""A tale: one post on one network, and exactly what becomes of each call."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from chalicelib.core.post import NewPost
from chalicelib.core.target import State, Target
from chalicelib.service import compose
from chalicelib.service.reading import Whole
from tests.simulation.exhaustive import FILM, WORKSPACE
from tests.simulation.fate import Scripted
from tests.simulation.invariants import Watch
from tests.simulation.scenario import SHORT
from tests.simulation.simulation import Simulation, quiet
from tests.simulation.unreliable import FREEZE


class Foretold(Scripted):
    """What becomes of each kind of call, in order; everything else goes well. One mishap, when `strikes` says so."""

    def __init__(self, **outcomes: Sequence[str]) -> None:
        super().__init__((), 0)
        self.mishap_once = "go"
        self.strikes: Callable[[str], bool] = lambda _: False
        self.frozen_for = 0.0
        self.web_takes = 0.0
        self._outcomes = defaultdict[str, list[str]](list, {kind: list(all_) for kind, all_ in outcomes.items()})

    def pick(self, what: str, options: Sequence[str]) -> str:
        left = self._outcomes[what.partition(".")[2]] if what.startswith("web.") else []
        return left.pop(0) if left and not self.asleep else options[0]

    def mishap(self, point: str, mortal: bool) -> str:
        if self.asleep or not mortal or self.mishap_once == "go" or not self.strikes(point):
            return "go"
        mishap, self.mishap_once = self.mishap_once, "go"
        return mishap

    def between(self, low: float, high: float) -> float:
        return self.frozen_for if (low, high) == FREEZE else high

    def latency(self, port: str) -> float:
        return self.web_takes if port == "web" and not self.asleep else 0.0


class Tale:
    """One post on one network, due in 20 seconds; or with a film in it, later."""

    def __init__(
        self,
        network: str,
        text: str = SHORT,
        expires_in: float | None = None,
        film_due_in: float | None = None,
        **outcomes: Sequence[str],
    ) -> None:
        self.fate = fate = Foretold(**outcomes)
        fate.asleep = True
        self.simulation = Simulation(fate)
        self.watch = Watch(self.simulation)
        due = self.simulation.now + timedelta(seconds=film_due_in or 20)
        account = self.simulation.account(WORKSPACE, network)
        fields: dict[str, Any] = {"text": text, "scheduled_at": due, "targets": [{"account_id": account}]}
        if film_due_in:
            fields["media"] = [FILM]
        if expires_in:
            fields["expires_at"] = self.simulation.now + timedelta(seconds=expires_in)
        whole: Whole = compose.create(self.simulation.world, WORKSPACE, NewPost.model_validate(fields))
        self.post = whole.post.id
        fate.asleep = False

    def pass_by(self, seconds: float) -> "Tale":
        with quiet():
            self.simulation.let_pass(seconds)
        return self

    def pass_until(self, before_due: float) -> "Tale":
        """Let time pass until so many seconds before it is due."""
        due = self.target.scheduled_at
        assert due
        return self.pass_by((due - self.simulation.now).total_seconds() - before_due)

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
