"""How many requests a key and a workspace may make in a minute.

Each process counts what it lets in, and adds its count to the workspace's row of the minute once 1 % of the limit is
untold; then it also hears what the others let in. So a limit is passed by no more than 1 % for each process that runs
in that minute, at next to no cost: docs/decisions/0011-rate-limits-are-shared-by-the-hundredth.md.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil

from chalicelib.core.errors import Refused
from chalicelib.core.timing import MINUTE, minute_of, stamp
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import records
from chalicelib.service.access import Caller

KNOWN_FOR = timedelta(minutes=5)
"""How long a process may go on with a workspace's old limits after they changed."""
KEPT_FOR = timedelta(hours=1)
TRIES = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute."""

    per_key: int = 6_000
    per_workspace: int = 12_000

    @property
    def told_every(self) -> int:
        """After how many requests a process tells the others."""
        return max(1, min(self.per_key, self.per_workspace) // 100)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key and its workspace have left of this minute, and whether this request was too much."""

    limits: Limits
    left_of_key: int
    left_of_workspace: int
    seconds: int
    """Until the next minute, at least 1."""
    over: bool

    @property
    def headers(self) -> dict[str, str]:
        """https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11 (2026-05), read 2026-11-23."""
        policy = f'"key";q={self.limits.per_key};w=60, "workspace";q={self.limits.per_workspace};w=60'
        left = f'"key";r={self.left_of_key};t={self.seconds}, "workspace";r={self.left_of_workspace};t={self.seconds}'
        told = {"RateLimit-Policy": policy, "RateLimit": left}
        return {**told, "Retry-After": str(self.seconds)} if self.over else told


@dataclass(slots=True)
class _Window:
    """A workspace's requests of this minute by key: what the table knows, and what only this process knows."""

    told: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)

    def used(self, key_id: str) -> int:
        return self.told[key_id] + self.untold[key_id]

    def total(self) -> int:
        return self.told.total() + self.untold.total()


@dataclass(slots=True)
class _Meter:
    """What one process remembers of this minute."""

    minute: datetime | None = None
    windows: dict[str, _Window] = field(default_factory=dict)
    limits: dict[str, tuple[datetime, Limits]] = field(default_factory=dict)


def spend(world: World, caller: Caller, fixed: Limits | None = None) -> Allowance:
    """Count one request of the caller's, by its workspace's limits or by `fixed` ones.

    Nothing that fails here makes a request fail.
    """
    now, meter = world.clock.now(), _meter(world)
    _turn(meter, now)
    limits = fixed or _known(world, meter, caller.workspace_id, now)
    window = meter.windows.setdefault(caller.workspace_id, _Window())
    over = window.used(caller.key_id) >= limits.per_key or window.total() >= limits.per_workspace
    if not over:
        window.untold[caller.key_id] += 1
        if window.untold.total() >= limits.told_every:
            _tell(world, caller.workspace_id, minute_of(now), window)
            over = window.used(caller.key_id) > limits.per_key or window.total() > limits.per_workspace
    left_of_key = max(0, limits.per_key - window.used(caller.key_id))
    left_of_workspace = max(0, limits.per_workspace - window.total())
    seconds = max(1, ceil((minute_of(now) + MINUTE - now).total_seconds()))
    return Allowance(limits, left_of_key, left_of_workspace, seconds, over)


def of(world: World, workspace_id: str) -> Limits:
    """A workspace's limits; the default where the operator has set none."""
    item = world.table.get(_row(workspace_id))
    return records.from_doc(Limits, item.doc) if item else Limits()


def change(world: World, workspace_id: str, limits: Limits | None) -> Limits:
    """Let these limits hold within five minutes, or the default again; ValueError where nothing could get in."""
    if limits and min(limits.per_key, limits.per_workspace) < 1:
        raise ValueError("a limit is at least 1 request a minute")
    row = _row(workspace_id)
    world.table.write(Put(Item(row, records.to_doc(limits)), expect=None) if limits else Delete(row))
    return limits or Limits()


def _turn(meter: _Meter, now: datetime) -> None:
    """Forget the minute before."""
    if meter.minute != minute_of(now):
        meter.minute = minute_of(now)
        meter.windows.clear()
        meter.limits = {name: kept for name, kept in meter.limits.items() if now - kept[0] < 2 * KNOWN_FOR}


def _known(world: World, meter: _Meter, workspace_id: str, now: datetime) -> Limits:
    kept = meter.limits.get(workspace_id)
    if kept is None or now - kept[0] >= KNOWN_FOR:
        found = kept[1] if kept else Limits()
        with suppress(Refused):
            found = of(world, workspace_id)
        kept = meter.limits[workspace_id] = (now, found)
    return kept[1]


def _tell(world: World, workspace_id: str, minute: datetime, window: _Window) -> None:
    """Add what only we know to the row of the minute; where others are always first, the next request tries again."""
    row = Key(f"RATE#{workspace_id}", stamp(minute))
    for _ in range(TRIES):
        with suppress(Refused):
            item = world.table.get(row)
            window.told = Counter(item.doc["counts"] if item else {})
            counts = window.told + window.untold
            kept = Item(row, {"counts": dict(counts)}, expires=minute + KEPT_FOR)
            world.table.write(Put(kept, expect=item.rev if item else 0))
            window.told, window.untold = counts, Counter()
            return


def _row(workspace_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), "LIMITS")


@lru_cache(maxsize=8)
def _meter(_world: World) -> _Meter:
    return _Meter()
