"""Try everything: every crash point and every outcome of every call, in all combinations up to a depth.

One post is made and published. At each point where something may go wrong the fate has a choice; a run follows a
script of choices and takes the good one after its end, and each point that it passed on the way is where other runs
branch off. Depth is how many things go wrong in one run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.core.post import NewPost
from chalicelib.service import compose
from tests.simulation.fate import Scripted
from tests.simulation.invariants import Watch
from tests.simulation.networks import registered
from tests.simulation.pool import pool
from tests.simulation.scenario import LONG, SHORT
from tests.simulation.simulation import Simulation, quiet

WORKSPACE = "ws_a"
DUE_IN = 20.0
FILM = {"url": "https://films.test/one", "kind": "video", "bytes": 100_000_000}
FILM_DUE_IN = 100.0
"""Beyond its lead."""
LONGEST = 3600.0
"""Whatever went wrong, a target that has not ended by then never will."""
AFTERMATH = 45.0
"""How long we go on looking when everything has ended: longer than the latest acceptance."""
TEXTS = {"single": SHORT, "thread": LONG, "film": SHORT}
SHARES = 16
"""Into how many shares a play is divided among the processors: many, so that none waits long for the last."""


@dataclass(frozen=True, slots=True)
class Play:
    """What is played again and again: one post on one network, and how it may go wrong."""

    network: str
    text: str = SHORT
    freezes: bool = False
    film: bool = False
    """Whether there is a film in it, so that it has a lead."""
    outcomes: frozenset[str] = frozenset()
    """Only these may befall a call; any where empty."""


@dataclass
class Explored:
    """What trying everything found."""

    runs: int = 0
    breaches: list[str] = field(default_factory=list)
    scripts: list[list[int]] = field(default_factory=list)
    """The scripts that broke something."""
    states: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Explored") -> None:
        """Take another one's finds in."""
        self.runs += other.runs
        self.breaches += other.breaches
        self.scripts += other.scripts
        for state, count in other.states.items():
            self.states[state] = self.states.get(state, 0) + count


def explore_all(plays: Sequence[tuple[Play, int]]) -> list[Explored]:
    """Each play to its depth, on all processors."""
    shared = [share for play, depth in plays for share in _shares(play, depth)]
    whole = {(play, depth): Explored() for play, depth in plays}
    with pool() as processes:
        for (play, depth, _), found in zip(shared, processes.map(_explore_share, shared), strict=True):
            whole[play, depth].add(found)
    return [whole[one] for one in plays]


def _shares(play: Play, depth: int) -> Iterator[tuple[Play, int, list[list[int]]]]:
    """The first things that may go wrong, dealt out; what goes wrong after them comes with them."""
    fate = Scripted((), depth, freezes=play.freezes, outcomes=play.outcomes)
    perform(play, fate)
    firsts = [[], *_branches(fate, 0)]
    for share in range(SHARES):
        yield play, depth, firsts[share::SHARES]


def _explore_share(share: tuple[Play, int, list[list[int]]]) -> Explored:
    play, depth, scripts = share
    with registered():
        return explore(play, depth, scripts=scripts)


def explore(play: Play, depth: int, *, enough: int = 3, scripts: list[list[int]] | None = None) -> Explored:
    """Everything that may happen in a play when up to `depth` things go wrong; ends early after `enough` failures.

    `scripts` are the beginnings to explore from; the empty one, which is all of it, where there are none.
    """
    found = Explored()
    partial = scripts is not None
    scripts = list(scripts) if scripts is not None else [[]]
    while scripts and len(found.breaches) < enough:
        script = scripts.pop()
        fate = Scripted(script, depth, freezes=play.freezes, outcomes=play.outcomes)
        watch = perform(play, fate)
        found.runs += 1
        for target in watch.simulation.table.targets():
            found.states[target.state] = found.states.get(target.state, 0) + 1
        if watch.breaches:
            found.scripts.append(script)
            found.breaches.append(f"{play.network} {script} = {' + '.join(fate.words)}: {'; '.join(watch.breaches)}")
        if script or not partial:
            scripts += _branches(fate, len(script))
    return found


def _branches(fate: Scripted, start: int) -> Iterator[list[int]]:
    """The scripts that leave this run's way behind its own script."""
    for place in range(start, len(fate.taken)):
        for choice in range(1, fate.open[place]):
            yield [*fate.taken[:place], choice]


def replay(play: Play, script: Sequence[int]) -> list[str]:
    """One run again, with its trace."""
    watch = perform(play, Scripted(script, len(script), freezes=play.freezes, outcomes=play.outcomes), tracing=True)
    return [*watch.simulation.kernel.trace, *watch.breaches]


def perform(play: Play, fate: Scripted, *, tracing: bool = False) -> Watch:
    """One run, from the connected account to the last target's end."""
    simulation = Simulation(fate, tracing=tracing)
    watch = Watch(simulation)
    with quiet():
        try:
            fate.asleep = True
            account = simulation.account(WORKSPACE, play.network)
            fate.asleep = False
            new = _new(play, simulation, account)
            simulation.act("create", lambda: _create(simulation, new))
            _run_out(simulation, watch)
            watch.finish()
        finally:
            simulation.kernel.close()
    return watch


def _new(play: Play, simulation: Simulation, account: str) -> NewPost:
    due = simulation.now + timedelta(seconds=FILM_DUE_IN if play.film else DUE_IN)
    fields = {"text": play.text, "scheduled_at": due, "targets": [{"account_id": account}]}
    return NewPost.model_validate({**fields, "media": [FILM] if play.film else []})


def _create(simulation: Simulation, new: NewPost) -> None:
    compose.create(simulation.world, WORKSPACE, new, "only")


def _run_out(simulation: Simulation, watch: Watch) -> None:
    """Until everything has ended, and a little longer."""
    simulation.let_pass(DUE_IN)
    end = simulation.now + timedelta(seconds=LONGEST)
    while simulation.now < end:
        simulation.let_pass(15)
        thawed = simulation.now > simulation.line.last_thaw
        if thawed and not simulation.network.pending and all(map(watch.ended, simulation.table.targets())):
            break
    if simulation.kernel.awaited > 1:  # more than the next sweep, which will find nothing
        simulation.let_pass(AFTERMATH)
