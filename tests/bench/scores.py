"""What scores cost: for a month and for three years of history, and every day for ten thousand accounts.

Time is ours alone, over a table in memory that packs its rows as in AWS; what it would have cost there is counted. For
the run of a whole day the network's share is added, at so many milliseconds a call.
"""

import math
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, cast

from chalicelib.aws.rows import attributes
from chalicelib.core.day import Day, Waits
from chalicelib.core.plan import Goal, Plan, Slot
from chalicelib.core.scores.outcome import Message, Outcome
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import access, agenda, connect, engaged, outcomes, plan, records, scorer
from chalicelib.service.outcomes import Entry, Outcomes
from tests.bench.figures import Figure, shown
from tests.fakes import FakeTable, FakeWorld, world

DAY = timedelta(days=1)
HISTORIES = {"1 month": 30, "3 months": 90, "3 years": 3 * 365}
"""The first fills half of the longest window, the others all of it."""
POSTS_A_DAY = 2
RUNS = 15
MADE = 12
"""Scores that a workspace of one account has: of itself, the platform and the account, in two windows of each kind."""
ACCOUNTS, PER_WORKSPACE, EXTRAPOLATED = 200, 10, 10_000
CALL_MS = 5.0
"""What a call of DynamoDB takes from a Lambda function of its region: an assumption, on the slow side."""
# us-east-1, on demand: https://aws.amazon.com/dynamodb/pricing/on-demand/ and https://aws.amazon.com/lambda/pricing/,
# read 2026-11-23; a strongly consistent read of 4 KB is one unit, a write of 1 KB is one.
READ_UNIT, WRITE_UNIT, GB_SECOND = 0.125e-6, 0.625e-6, 0.0000166667
MEMORY_GB = 1.0


class MeteredTable(FakeTable):
    """A table that counts the calls, rows and units of reading and writing."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.called, self.rows, self.read, self.written = 0, 0, 0.0, 0.0

    def _metered(self, found: Sequence[Item]) -> None:
        self.called += 1
        self.rows += len(found)
        self.read += max(1, math.ceil(sum(map(_bytes, found)) / 4096))

    def get(self, key: Key) -> Item | None:
        found = super().get(key)
        self._metered([found] if found else [])
        return found

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        found = super().get_many(keys)
        self.called += 1
        self.rows += len(found)
        self.read += sum(math.ceil(_bytes(one) / 4096) for one in found)
        return found

    def items(self, pk: str, prefix: str = "", **bounds: Any) -> list[Item]:
        found = super().items(pk, prefix, **bounds)
        self._metered(found)
        return found

    def write(self, *writes: Put | Delete) -> None:
        super().write(*writes)
        self.called += 1
        units = [math.ceil(_bytes(one.item) / 1024) if isinstance(one, Put) else 1 for one in writes]
        self.written += sum(units) * (2 if len(writes) > 1 else 1)


def _bytes(item: Item) -> int:
    """About what DynamoDB counts for an item: its key's text and what is stored."""
    values = [value for typed in attributes(item).values() for value in typed.values()]
    return sum(len(one if isinstance(one, bytes) else one.encode()) for one in (*item.key, *values))


def measure() -> list[Figure]:
    """Scores per second and what they read; and the daily run."""
    found = _histories()
    ratio = found["3 years"][0] / found["3 months"][0]
    return [
        *(Figure(f"{name}, one core", shown(MADE / took, "scores/s")) for name, (took, _) in found.items()),
        Figure("3 years beside 3 months, time", f"{ratio:.2f} ×", "≈ 1 ×", 0.8 <= ratio <= 1.25),
        *(Figure(f"{name}, read", shown(table.rows, "rows")) for name, (_, table) in found.items()),
        *(Figure(f"{name}, read units", f"{table.read / MADE:.2f} a score") for name, (_, table) in found.items()),
        *_daily(),
    ]


def _histories() -> dict[str, tuple[float, MeteredTable]]:
    """The median seconds of scoring a workspace of one account, in turns, and the meter of one run."""
    worlds = {name: _world() for name in HISTORIES}
    ids = {name: _workspace(fakes, 1, HISTORIES[name]) for name, (fakes, _) in worlds.items()}
    took: dict[str, list[float]] = {name: [] for name in HISTORIES}
    for _ in range(RUNS):
        for name, (fakes, table) in worlds.items():
            table.reset()
            agenda.mark(fakes, ids[name])
            begun = time.process_time()
            _score(fakes)
            took[name].append(time.process_time() - begun)
    return {name: (sorted(took[name])[RUNS // 2], table) for name, (_, table) in worlds.items()}


def _daily() -> list[Figure]:
    """The run of a day: measured for some accounts, extrapolated to many."""
    fakes, table = _world()
    for _ in range(ACCOUNTS // PER_WORKSPACE):
        _workspace(fakes, PER_WORKSPACE, 60)
    table.reset()
    begun = time.process_time()
    _score(fakes)
    took, times = time.process_time() - begun, EXTRAPOLATED / ACCOUNTS
    seconds = (took + table.called * CALL_MS / 1000 / scorer.THREADS) * times
    dollars = times * (table.read * READ_UNIT + table.written * WRITE_UNIT) + seconds * MEMORY_GB * GB_SECOND
    return [
        Figure(f"daily run of {ACCOUNTS} accounts, measured, one core", shown(took, "s")),
        Figure(f"its calls at {CALL_MS:g} ms, {scorer.THREADS} at a time", shown(table.called, "calls")),
        Figure(f"daily run of {EXTRAPOLATED:,} accounts, extrapolated", shown(seconds, "s")),
        Figure(f"daily run of {EXTRAPOLATED:,} accounts, extrapolated", f"{dollars:.3f} $"),
    ]


def _world() -> tuple[FakeWorld, MeteredTable]:
    table = MeteredTable()
    return replace(world(), table=table), table


def _score(fakes: FakeWorld) -> None:
    with redirect_stdout(StringIO()):
        done = scorer.score(cast(World, fakes))
    if set(done) != {"scored"}:
        raise RuntimeError(f"not scored: {dict(done)}")


def _workspace(fakes: FakeWorld, accounts: int, days: int) -> str:
    """A workspace with a plan, whose accounts published twice and were asked once a day, for so many days."""
    workspace_id = access.create_workspace(fakes, "Bench")
    slots = tuple(Slot(day, "09:00") for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    plan.choose(fakes, workspace_id, None, Plan("Europe/Berlin", Goal(3, 14), slots))
    for number in range(accounts):
        new = connect.NewAccount(platform="sandbox", name=f"Bench {number}")
        account_id = connect.connect(fakes, workspace_id, new).id
        for ago in range(days):
            _day(fakes, workspace_id, account_id, fakes.clock.now() - (ago + 1) * DAY)
    return workspace_id


def _day(fakes: FakeWorld, workspace_id: str, account_id: str, due: datetime) -> None:
    name = f"{due:%Y%m%d}"
    made = [
        Outcome(
            *(f"tgt_{name}{n}{account_id[-8:]}", f"post_{name}{n}", account_id, "sandbox"),
            due=due + timedelta(hours=n),
            fate="published",
            at=due + timedelta(hours=n, seconds=(ord(name[-1]) % 7) / 2),
            message=Message(0.95, 1.0),
        )
        for n in range(POSTS_A_DAY)
    ]
    kept = Outcomes({one.target_id: Entry(3, one) for one in made})
    waits = {f"{due:%Y-%m-%dT%H}": Waits(0, 3, 2, 1.7)}
    figures = {f"{due:%Y-%m-%d}T{hour:02d}": {"likes": hour, "views": 10 * hour} for hour in range(24)}
    place = engaged.day_key(workspace_id, account_id, due)
    fakes.table.write(
        Put(Item(outcomes.key(workspace_id, account_id, due), records.to_doc(kept)), expect=None),
        Put(engaged.day_item(place, Day(hours=figures, waits=waits), 0), expect=None),
    )
