"""The ports as they are on a bad day. Each call may be slow, fail, or be its worker's last."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from chalicelib.aws.rows import Row, item_of
from chalicelib.core.errors import Stale, Unavailable
from chalicelib.core.target import Target
from chalicelib.ports import Delete, Found, Item, Key, Put
from chalicelib.service import records
from tests.fakes import FakeAlarms, FakeClock, FakeTable, FakeVault
from tests.simulation.fate import STORE, Fate
from tests.simulation.kernel import Kernel

T = TypeVar("T")
M = TypeVar("M", bound=NamedTuple)
FREEZE = (6.0, 240.0)
"""How long a frozen worker is gone: longer than it may dawdle, and sometimes longer than its claim."""


class Line:
    """The line between a worker and a port: it takes time, and the worker may die or freeze at either end."""

    def __init__(self, kernel: Kernel, fate: Fate) -> None:
        self.kernel = kernel
        self.fate = fate
        self.last_thaw = kernel.now
        """When the last frozen worker goes on."""
        self.limit: timedelta | None = None
        """After how long a function is ended; None lets the frozen go on however late, which is the harder case."""

    def travel(self, call: str, when: str, *, freezes: bool = True) -> None:
        """One way of a call."""
        actor = self.kernel.actor
        mishap = self.fate.mishap(f"{call}/{when}", bool(actor and actor.mortal))
        if mishap == "die":
            self.kernel.note(f"{call} ({when})")
            self.kernel.die()
        self.kernel.pause(self.fate.latency(call.partition(".")[0]))
        if mishap == "freeze" and freezes:
            seconds = self.fate.between(*FREEZE)
            self.kernel.note(f"freezes for {seconds:.1f} s at {call} ({when})")
            self.last_thaw = max(self.last_thaw, self.kernel.now + timedelta(seconds=seconds))
            self.kernel.pause(seconds)
        if actor and actor.mortal and self.limit and actor.begun and self.kernel.now > actor.begun + self.limit:
            self.kernel.die()

    def call(self, name: str, act: Callable[[], T]) -> T:
        """A call that AWS may refuse, or carry out without saying so."""
        self.travel(name, "before")
        fault = self.fate.pick(f"store.{name}", STORE)
        if fault == "throttled":
            self.kernel.note(f"{name} is throttled")
            raise Unavailable(f"{name}: throttled")
        answer = act()
        self.travel(name, "after")
        if fault == "lost_answer":
            self.kernel.note(f"{name} is done, and its answer lost")
            raise Unavailable(f"{name}: timed out")
        return answer


class SimulatedClock(FakeClock):
    """Virtual time."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self.naps: list[tuple[datetime, datetime]] = []

    def now(self) -> datetime:
        return self._line.kernel.now

    def sleep_until(self, instant: datetime) -> None:
        self._line.kernel.pause(max(0.0, (instant - self.now()).total_seconds()))
        self._line.travel("clock.sleep", "after")


class SimulatedTable(FakeTable):
    """The table over the line; its indexes lag behind by up to `lag` seconds."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self.lag = 0.0
        self.places: dict[str, Key] = {}
        self.watchers: list[Callable[[Key, Row | None], None]] = []
        self._log: list[tuple[datetime, Key, Row | None]] = []
        self._seen: dict[Key, Row] = {}
        self._read: dict[str, tuple[Row, Target]] = {}
        """What `target` has read of which row: it looks more often than anybody writes."""

    def get(self, key: Key) -> Item | None:
        return self._line.call("table.get", lambda: FakeTable.get(self, key))

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        return self._line.call("table.get_many", lambda: FakeTable.get_many(self, keys))

    def items(self, pk: str, prefix: str = "", **how: Any) -> list[Item]:
        return self._line.call("table.items", lambda: FakeTable.items(self, pk, prefix, **how))

    def listed(self, pk: str, **how: Any) -> list[Found]:
        return self._line.call("table.listed", lambda: FakeTable.listed(self, pk, **how))

    def opened(self, pk: str, **how: Any) -> list[Found]:
        return self._line.call("table.opened", lambda: FakeTable.opened(self, pk, **how))

    def write(self, *writes: Put | Delete) -> None:
        try:
            self._line.call("table.write", lambda: FakeTable.write(self, *writes))
        except Stale:
            self._line.kernel.note("table.write is stale")
            raise

    def _apply(self, key: Key, row: Row | None, rev: int) -> None:
        super()._apply(key, row, rev)
        self._log.append((self._line.kernel.now, key, self._rows.get(key)))
        if key.sk.startswith("TARGET#"):
            self.places[key.sk.removeprefix("TARGET#")] = key
        for watcher in self.watchers:
            watcher(key, self._rows.get(key))

    def load(self, row: Row) -> bool:
        loaded = super().load(row)
        key = Key(row["PK"]["S"], row["SK"]["S"])
        self._log.append((self._line.kernel.now, key, self._rows[key]))
        if key.sk.startswith("TARGET#"):
            self.places[key.sk.removeprefix("TARGET#")] = key
        return loaded

    def lose(self) -> None:
        """Everything is gone, as if the table had been deleted."""
        for held in (self._rows, self._partitions, self._seen, self._log, self.places, self._read):
            held.clear()

    def _index(self) -> list[Row]:
        horizon = self._line.kernel.now - timedelta(seconds=self._line.fate.between(0, self.lag))
        while self._log and self._log[0][0] <= horizon:
            _, key, row = self._log.pop(0)
            if row is None:
                self._seen.pop(key, None)
            else:
                self._seen[key] = row
        return [row for row in self._seen.values() if "open_pk" in row or "list_pk" in row]

    @property
    def changes(self) -> int:
        """How many changes the stream has brought so far."""
        return len(self._changes)

    def told(self) -> set[tuple[str, int]]:
        """The events that have a delivery's row: target and place in its timeline."""
        bodies = [item_of(row).doc["body"] for key, row in self._rows.items() if key.pk.startswith("D#")]
        said = [json.loads(body)["data"] for body in bodies]
        return {(data["target_id"], data["sequence"]) for data in said if "target_id" in data}

    def target(self, target_id: str) -> Target | None:
        """The target as it is stored now; for the simulator to look at, not a call."""
        row = self._rows.get(self.places.get(target_id, Key("", "")))
        if row is None:
            return None
        read, target = self._read.get(target_id, (None, None))
        if target is None or read is not row:
            target = records.target_of(item_of(row))
            self._read[target_id] = row, target
        return target

    def targets(self) -> list[Target]:
        """All targets as they are stored now."""
        found = [self.target(one) for one in self.places]
        return [one for one in found if one]

    def peek(self, key: Key) -> Item | None:
        """An item as it is stored now."""
        return item_of(self._rows[key]) if key in self._rows else None


class SimulatedQueue(Generic[M]):
    """Delivers at least once: late, twice, in any order; what is sent may be gone though the sender hears nothing."""

    def __init__(self, line: Line, deliver: Callable[[M, datetime], None]) -> None:
        self._line = line
        self._deliver = deliver

    def send(self, messages: Sequence[tuple[M, float]]) -> None:
        def sent() -> None:
            for message, delay in messages:
                self._deliver(message, self._line.kernel.now + timedelta(seconds=int(max(0.0, min(900.0, delay)))))

        self._line.call("queue.send", sent)


class SimulatedAlarms(FakeAlarms):
    """Alarms that ring late, twice or not at all."""

    def __init__(self, line: Line, clock: FakeClock, ring: Callable[[datetime, datetime], None]) -> None:
        super().__init__(clock)
        self._line = line
        self._ring = ring

    def ensure(self, minute: datetime, at: datetime) -> None:
        def set_it() -> None:
            if minute not in self.set:
                self.set[minute] = at
                self._ring(minute, at)

        self._line.call("alarms.ensure", set_it)


class SimulatedVault(FakeVault):
    """KMS over the line."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def seal(self, workspace_id: str, purpose: str, secret: bytes) -> bytes:
        return self._line.call("table.seal", lambda: FakeVault.seal(self, workspace_id, purpose, secret))

    def open(self, workspace_id: str, purpose: str, sealed: bytes) -> bytes:
        return self._line.call("table.open", lambda: FakeVault.open(self, workspace_id, purpose, sealed))
