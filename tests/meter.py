"""A world in memory that counts what AWS would charge for.

How DynamoDB counts: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html and
.../GSI.html (from memory), and what was measured against it by the authors of https://github.com/aws/agent-toolkit-for-aws
(skills/…/amazon-dynamodb/scripts/calculate_costs.py), read 2026-11-23: a read of 4 KB is
one unit, half of one where it may lag; a write of 1 KB is one, of the larger of the old and the new item, twice that in
a transaction; an index costs one more for each entry that it gains, loses or changes, two where an entry moves, and
never more in a transaction.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast

from chalicelib.aws.kms import KmsVault
from chalicelib.aws.rows import Row, attributes, found_of, key_of, key_row
from chalicelib.aws.sqs import BATCH
from chalicelib.core.conversation import Reply, Request
from chalicelib.ports import Delete, Found, Item, Key, Put
from tests.fakes import FakeAlarms, FakeClock, FakeQueue, FakeTable, FakeVault, FakeWorld, world
from tests.service.sandbox_web import SandboxWeb

M = TypeVar("M", bound=NamedTuple)
MARK = {"mark": {"S": "0123456789abcdef"}}
"""Every item carries one in DynamoDB: chalicelib/aws/dynamodb.py."""
NOTHING: Row = {}


class Meter(Counter[str]):
    """What was used: `read` and `write` units, `queue`, `kms` and `gateway` requests, `alarms` that rang."""

    running = True

    def add(self, name: str, units: float) -> None:
        """Count units, unless the meter rests."""
        if self.running:
            self[name] += units  # type: ignore[assignment]  # half a unit is what a read costs that may lag

    @contextmanager
    def resting(self) -> Iterator[None]:
        """What is done inside is somebody else's affair."""
        self.running, before = False, self.running
        try:
            yield
        finally:
            self.running = before


class MeteredTable(FakeTable):
    """A table whose reads and writes are metered in DynamoDB's units."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self.meter = meter

    def get(self, key: Key) -> Item | None:
        self.meter.add("read", _units(self._row(key), 4096))
        return super().get(key)

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        self.meter.add("read", sum(_units(self._row(key), 4096) for key in dict.fromkeys(keys)))
        return super().get_many(keys)

    def items(self, pk: str, prefix: str = "", **bounds: Any) -> list[Item]:
        found = super().items(pk, prefix, **bounds)
        self.meter.add("read", max(1, math.ceil(sum(_bytes(self._row(one.key)) for one in found) / 4096)))
        return found

    def listed(self, pk: str, **bounds: Any) -> list[Found]:
        return self._looked_up(super().listed(pk, **bounds))

    def opened(self, pk: str, **bounds: Any) -> list[Found]:
        return self._looked_up(super().opened(pk, **bounds))

    def _looked_up(self, found: list[Found]) -> list[Found]:
        size = sum(len(one.key.pk + one.key.sk + one.at.pk + one.at.sk) + 40 for one in found)
        self.meter.add("read", max(1, math.ceil(size / 4096)) / 2)
        return found

    def write(self, *writes: Put | Delete) -> None:
        together = len(writes) > 1 or any(isinstance(one, Delete) and one.expect is not None for one in writes)
        old = [self._row(key_of(one)) for one in writes]
        new = [_stored(one.item) if isinstance(one, Put) else NOTHING for one in writes]
        pairs = list(zip(old, new, strict=True))
        base = sum(max(_units(before, 1024), _units(after, 1024)) for before, after in pairs)
        self.meter.add("write", base * (2 if together else 1))
        super().write(*writes)  # one that is refused is charged, too, but touches no index
        self.meter.add("write", sum(_moved(*pair, index) for pair in pairs for index in ("list", "open")))

    @property
    def stored(self) -> int:
        """The bytes of everything, with 100 for each item and each entry of an index, as DynamoDB bills them."""
        entries = sum(1 + ("list_pk" in row) + ("open_pk" in row) for row in self._rows.values())
        return sum(_bytes(row) for row in self._rows.values()) + 100 * entries

    def _row(self, key: Key) -> Row:
        found = self._rows.get(key)
        return {**found, **MARK} if found else NOTHING


def _stored(item: Item) -> Row:
    return {**key_row(item.key), "rev": {"N": str(item.rev + 1)}, **attributes(item), **MARK}


def _bytes(row: Row) -> int:
    values = [value for typed in row.values() for value in typed.values()]
    return sum(map(len, row)) + sum(len(one if isinstance(one, bytes) else one.encode()) for one in values)


def _units(row: Row, size: int) -> int:
    """Of an item that is not there, too, the least is charged."""
    return max(1, math.ceil(_bytes(row) / size))


def _moved(old: Row, new: Row, index: str) -> int:
    """What an index is charged for a write: its entries are below 1 KB."""
    before, after = (found_of(row, index) if f"{index}_pk" in row else None for row in (old, new))
    if index == "list":  # keys only: it does not carry the version
        before, after = (replace(one, version=None) if one else None for one in (before, after))
    if before == after:
        return 0
    return 2 if before and after and before.at != after.at else 1


class MeteredQueue(FakeQueue[M]):
    """A queue that counts its requests, of at most ten messages each."""

    def __init__(self, clock: FakeClock, meter: Meter) -> None:
        super().__init__(clock)
        self._meter = meter

    def send(self, messages: Sequence[tuple[M, float]]) -> None:
        self._meter.add("queue", math.ceil(len(messages) / BATCH))
        super().send(messages)


class MeteredAlarms(FakeAlarms):
    """Alarms that count those that ring: making them is free."""

    def __init__(self, clock: FakeClock, meter: Meter) -> None:
        super().__init__(clock)
        self._meter = meter

    def ring(self) -> list[datetime]:
        rung = super().ring()
        self._meter.add("alarms", len(rung))
        return rung


@dataclass
class MeteredKms:
    """A KMS that seals nothing and counts its calls."""

    meter: Meter

    def generate_data_key(self, **_about: Any) -> dict[str, bytes]:
        self.meter.add("kms", 1)
        return {"Plaintext": b"k" * 32, "CiphertextBlob": b"c" * 184}

    def decrypt(self, **_about: Any) -> dict[str, bytes]:
        self.meter.add("kms", 1)
        return {"Plaintext": b"k" * 32}


class UnmeteredNetwork(SandboxWeb):
    """The sandbox network, whose own rows are its own affair; a tool that hears webhooks answers 204."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    def send(self, request: Request) -> Reply:
        with self._meter.resting():
            return Reply(204, {}, b"") if "/hook" in request.url else super().send(request)


@dataclass
class Metered:
    """A world and its meter."""

    world: FakeWorld
    meter: Meter

    def used(self, act: Callable[[], object]) -> dict[str, float]:
        """What an act uses, and how many `seconds` it waits in between."""
        self.meter.clear()
        begun = self.world.clock.now()
        act()
        self.meter.add("seconds", (self.world.clock.now() - begun).total_seconds())
        return {name: units for name, units in self.meter.items() if units}

    def forget_keys(self) -> None:
        """Let five minutes pass for the vault, as in a container that has just started: no data key is in memory."""
        cast(Any, self.world.vault)._keys.clear()


def metered() -> Metered:
    """A new world that counts."""
    meter, clock = Meter(), FakeClock()
    table, web = MeteredTable(meter), UnmeteredNetwork(meter)
    vault = KmsVault("key", table, clock, lambda: MeteredKms(meter))
    queues = {name: MeteredQueue[Any](clock, meter) for name in ("queue", "deliveries", "probes", "heard")}
    here = world(
        table=table,
        clock=clock,
        alarms=MeteredAlarms(clock, meter),
        vault=cast(FakeVault, vault),
        web=web,
        **queues,
    )
    web.world = here
    return Metered(here, meter)
