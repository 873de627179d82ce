"""A deterministic simulation of the whole service: the product's own code on ports that lie, fail and forget.

**What runs** is `chalicelib.core` and `chalicelib.service`, unchanged: API calls, alarms, dispatcher, sweep, queue and
publishers, with five networks registered for the test (`networks.py`), one of each idempotency class.

**Time** is virtual (`kernel.py`). Every worker is an actor; exactly one runs at a time, and at every port call it
pauses for a seeded latency. Whoever is next in virtual time goes on. So the same seed gives the same run, to the last
step.

**What goes wrong** is decided in one place (`fate.py`), by a seed or by a script that tries everything:
at both ends of every port call a worker may die, or freeze for 6 to 240 s and then go on as if nothing had happened;
the store throttles, or does its work and times out; its indexes lag; the queue doubles, delays, reorders and redelivers
mid-work; alarms come late, twice or never; sweeps are missed; the stream that tells webhooks dies and begins its batch
again; and networks (`network.py`) refuse connections, accept and time out, answer 5xx before or after accepting, accept
late up to their declared bound, read stale up to their declared lag, limit, expire tokens, answer nonsense and say no.

**What is assumed**, because no program could do without: a worker does not freeze between its last look at the clock
and the first byte of a creating request for longer than milliseconds (`HttpWeb` looks at the clock for every byte after
that); networks keep the bounds that they declare; and clocks agree.

**What must hold** is in `invariants.py`, checked when a request arrives, when a post goes live, and at the end.

Who tries what: `scenario.py` makes a story of a seed and `runs.py` runs many; `exhaustive.py` tries everything that may
go wrong in one publish; `mutants.py` takes the product's guards away one by one and sees that a test notices.
`CARILLON_SEED=17 pytest tests/simulation/test_random.py` or `python -m tests.simulation --seed 17` runs one seed again,
with its trace.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from chalicelib.ports import Errand, Heard, Probe, Settings, Wake, World
from chalicelib.service import connect, webhooks
from chalicelib.service import tell as outbox
from chalicelib.service.dispatch import dispatch
from chalicelib.service.publish import publish
from chalicelib.service.sweep import sweep
from tests.fakes import START, FakeChance, FakeClock, FakeFiles, FakePictures, FakeQueue
from tests.simulation.fate import Fate
from tests.simulation.kernel import Kernel
from tests.simulation.network import Network
from tests.simulation.unreliable import (
    Line,
    SimulatedAlarms,
    SimulatedClock,
    SimulatedQueue,
    SimulatedTable,
    SimulatedVault,
)

SETTINGS = Settings(stage="test", api_url="https://carillon.test/api", alarm_lead_seconds=30, direct_window_seconds=150)
"""Shorter than in production, so that alarms play their part in a few virtual minutes."""
RECEIVES = 5
"""How often a message is delivered before it counts as poison."""
STREAM_EVERY = 2.0
BATCH = 20
INVOKES = 3
"""How often an alarm's invocation is tried."""


class Simulation:
    """One world, and everything that happens in it by itself: deliveries, alarms, sweeps."""

    def __init__(self, fate: Fate, seed: int = 0, *, visibility: float = 360.0, tracing: bool = False) -> None:
        self.fate = fate
        self.kernel = Kernel(START, tracing)
        self.line = Line(self.kernel, fate)
        self.clock = SimulatedClock(self.line)
        self.table = SimulatedTable(self.line)
        self.network = Network(self.line)
        self.visibility = visibility
        self.sweeps = self.alarms = True
        self.messages = 0
        self._told = 0
        self.world = World(
            table=self.table,
            queue=SimulatedQueue(self.line, self._deliver),
            deliveries=SimulatedQueue[Errand](self.line, self._forget),
            probes=FakeQueue[Probe](FakeClock()),
            heard=FakeQueue[Heard](FakeClock()),
            files=FakeFiles(FakeClock()),
            pictures=FakePictures(),
            alarms=SimulatedAlarms(self.line, self.clock, self._ring),
            vault=SimulatedVault(self.line),
            web=self.network,
            clock=self.clock,
            chance=FakeChance(seed),
            settings=SETTINGS,
        )
        self.kernel.at(START + timedelta(seconds=fate.between(0, 60)), self._sweep)

    @property
    def now(self) -> datetime:
        """The instant."""
        return self.kernel.now

    def account(self, workspace_id: str, network: str) -> str:
        """A new account on a network."""
        credentials = {"workspace": workspace_id}
        return connect.connect(
            self.world, workspace_id, connect.NewAccount(platform=network, name="one", credentials=credentials)
        ).id

    def let_pass(self, seconds: float) -> None:
        """Let time pass, with everything that happens in it."""
        self.kernel.run(self.now + timedelta(seconds=seconds))

    def act(self, name: str, body: Callable[[], None], when: datetime | None = None) -> None:
        """Somebody does something, then."""
        self.kernel.spawn(name, body, when)

    def _deliver(self, wake: Wake, visible: datetime) -> None:
        self.messages += 1
        name = f"publisher-{self.messages}"
        delivery = self.fate.pick("deliver.message", ("once", "late", "twice", "redelivered"))
        soon = visible + timedelta(seconds=self.fate.latency("queue"))
        if delivery == "late":
            soon += timedelta(seconds=self.fate.between(1, 60))
        self._tried(name, lambda: publish(self.world, wake), soon, self.visibility, RECEIVES)
        if delivery == "twice":
            again = soon + timedelta(seconds=self.fate.between(0, 3))
            self._tried(f"{name}b", lambda: publish(self.world, wake), again, self.visibility, RECEIVES)
        if delivery == "redelivered":
            again = soon + timedelta(seconds=self.visibility)
            self._tried(f"{name}c", lambda: publish(self.world, wake), again, self.visibility, RECEIVES)

    def listen(self, workspace_id: str) -> None:
        """Register a webhook for everything that happens in a workspace."""
        new = webhooks.NewWebhook.model_validate({"url": f"https://{workspace_id}.test/hook"})
        webhooks.register(self.world, workspace_id, new)

    def read_stream(self) -> None:
        """Begin to tell what the table's stream brings: each batch again until it was told, as Lambda does."""
        if self.table.changes > self._told:
            self.kernel.spawn("stream", self._survived(self._tell, self._next_batch))
        else:
            self._next_batch()

    def _next_batch(self) -> None:
        self.kernel.at(self.now + timedelta(seconds=STREAM_EVERY), self.read_stream)

    def _tell(self) -> None:
        batch = self.table.stream(self._told)[:BATCH]
        outbox.tell(self.world, batch)
        self._told += len(batch)

    def _forget(self, errand: Errand, visible: datetime) -> None:
        """Webhooks are tried by nobody here: what must be there is their row."""

    def _ring(self, minute: datetime, at: datetime) -> None:
        ringing = self.fate.pick("deliver.alarm", ("once", "late", "missed", "twice"))
        if ringing == "missed" or not self.alarms:
            return
        if ringing == "late":
            at += timedelta(seconds=self.fate.between(1, 120))
        for number in range(2 if ringing == "twice" else 1):
            name = f"alarm-{minute:%M}{'b' * number}"
            self._tried(name, lambda: _done(dispatch(self.world, minute)), at, 60, INVOKES)

    def _sweep(self) -> None:
        if self.sweeps and self.fate.pick("deliver.sweep", ("run", "missed")) == "run":
            self.kernel.spawn("sweep", self._survived(lambda: _done(sweep(self.world)), lambda: None))
        self.kernel.at(self.now + timedelta(seconds=60), self._sweep)

    def _survived(self, body: Callable[[], None], then: Callable[[], None]) -> Callable[[], None]:
        def survived() -> None:
            try:
                body()
            except Exception as failure:
                self.kernel.note(f"fails: {failure!r}")
            finally:
                then()

        return survived

    def _tried(self, name: str, body: Callable[[], None], when: datetime, again: float, times: int) -> None:
        """Run this then; where it fails or dies, once more after a while."""

        def tried() -> None:
            well, begun = False, self.now
            try:
                body()
                well = True
            except Exception as failure:
                self.kernel.note(f"fails: {failure!r}")
            finally:
                if not well and times > 1:
                    self._tried(name, body, begun + timedelta(seconds=again), again, times - 1)

        self.kernel.spawn(name, tried, when)


def _done(_: object) -> None:
    return None


@contextmanager
def quiet() -> Iterator[None]:
    """While the product's log is not wanted: what goes wrong here goes wrong on purpose."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
