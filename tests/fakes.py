"""The world in memory: the same promises as the real ports, with a clock that moves only when told."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import IO, Any, Generic, NamedTuple, TypeVar

from chalicelib.aws.rows import (
    Row,
    attributes,
    check,
    check_sizes,
    found_of,
    item_of,
    key_of,
    key_row,
    storable,
)
from chalicelib.aws.sqs import whole_delay
from chalicelib.clock import ALPHABET, LETTERS, RANDOM_DIGITS, SECRET_LETTERS, TIME_DIGITS, digits
from chalicelib.core.conversation import Reply, Request
from chalicelib.core.errors import Stale, Unavailable
from chalicelib.core.upgrades import kind_of
from chalicelib.core.variant import WISHES, Variant, place_of
from chalicelib.ports import Change, Delete, Errand, Found, Heard, Item, Key, Probe, Put, Settings, Upload, Wake, World
from tests.rows import kinds, line_of

M = TypeVar("M", bound=NamedTuple)

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class FakeTable:
    """A `Table` that keeps the very rows that DynamoDB would be given, and counts its calls in `calls`.

    Where `kinds` are given, every row has to be of one: a new kind belongs on file, so that upgrades are tried on it.
    """

    def __init__(self, kinds: frozenset[str] | None = None) -> None:
        self._kinds = kinds
        self._rows: dict[Key, Row] = {}
        self._partitions: dict[str, set[Key]] = defaultdict(set)
        self._indexed: dict[Key, Row] | None = None
        self._lock = RLock()
        self._changes: list[tuple[Row | None, Row | None]] = []
        self.calls: Counter[str] = Counter()

    def get(self, key: Key) -> Item | None:
        self.calls["get"] += 1
        found = self._rows.get(key) if storable(key) else None
        return item_of(found) if found else None

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        self.calls["get_many"] += 1
        with self._lock:
            return [item_of(self._rows[key]) for key in keys if key in self._rows]

    def write(self, *writes: Put | Delete) -> None:
        self.calls["write"] += 1
        check(writes)
        stored = [attributes(write.item) if isinstance(write, Put) else None for write in writes]
        check_sizes([row for row in stored if row])
        for write, row in zip(writes, stored, strict=True):
            assert row is None or self._kinds is None or kind_of(*key_of(write)) in self._kinds, (
                f"{kind_of(*key_of(write))} is a new kind of row: add it to tests/rows and to its readers in "
                f"tests/service/test_rows.py: {line_of({**key_row(key_of(write)), 'rev': {'N': '1'}, **row})}"
            )
        with self._lock:
            revs = [self._rev(key_of(write)) for write in writes]
            if any(write.expect not in (None, rev) for write, rev in zip(writes, revs, strict=True)):
                raise Stale("somebody else changed this first")
            for write, row, rev in zip(writes, stored, revs, strict=True):
                self._apply(key_of(write), row, rev)

    def _rev(self, key: Key) -> int:
        return int(self._rows[key]["rev"]["N"]) if key in self._rows else 0

    def _apply(self, key: Key, row: Row | None, rev: int) -> None:
        old = self._rows.pop(key, None)
        self._partitions[key.pk].discard(key)
        new = None if row is None else {**key_row(key), "rev": {"N": str(rev + 1)}, **row}
        if new:
            self._rows[key] = new
            self._partitions[key.pk].add(key)
        if old or new:
            self._changes.append((old, new))

    def items(
        self, pk: str, prefix: str = "", *, limit: int = 1000, after: str = "", reverse: bool = False
    ) -> list[Item]:
        self.calls["items"] += 1
        with self._lock:
            inside = self._partitions.get(pk, set())
            keys = sorted((key for key in inside if key.sk.startswith(prefix)), reverse=reverse)
            behind = [key for key in keys if not after or (key.sk < after if reverse else key.sk > after)]
            return [item_of(self._rows[key]) for key in behind[:limit]]

    def listed(
        self,
        pk: str,
        *,
        start: str = "",
        end: str = "\uffff",
        limit: int = 100,
        after: Found | None = None,
        reverse: bool = False,
    ) -> list[Found]:
        self.calls["listed"] += 1
        found = [replace(found_of(row, "list"), version=None) for row in self._index() if "list_pk" in row]
        return _between(found, pk, start, end, after, reverse)[:limit]

    def opened(
        self, pk: str, *, start: str = "", end: str = "\uffff", limit: int = 1000, after: Found | None = None
    ) -> list[Found]:
        self.calls["opened"] += 1
        found = [found_of(row, "open") for row in self._index() if "open_pk" in row]
        return _between(found, pk, start, end, after, reverse=False)[:limit]

    def _index(self) -> list[Row]:
        with self._lock:
            return list((self._rows if self._indexed is None else self._indexed).values())

    @contextmanager
    def lagging_indexes(self) -> Iterator[None]:
        """Inside, the indexes do not see writes: the most that an eventually consistent index may do."""
        self._indexed = dict(self._rows)
        try:
            yield
        finally:
            self._indexed = None

    def stream(self, since: int = 0) -> list[Change]:
        """What the table's stream tells of every write so far, behind the first `since`; not a call."""
        with self._lock:
            return [Change(*(item_of(row) if row else None for row in both)) for both in self._changes[since:]]

    def load(self, row: Row) -> bool:
        """Put a row as it is where none is, as a restore does: nobody is told; False where one is there."""
        key = Key(row["PK"]["S"], row["SK"]["S"])
        if key in self._rows:
            return False
        self._rows[key] = row
        self._partitions[key.pk].add(key)
        return True

    @property
    def raw(self) -> list[Row]:
        """All rows by key, as DynamoDB has them, for a test to look at; not a call."""
        return [self._rows[key] for key in sorted(self._rows)]

    @property
    def everything(self) -> list[Item]:
        """All items by key, for a test to look at; not a call."""
        return [item_of(self._rows[key]) for key in sorted(self._rows)]

    def copy(self) -> "FakeTable":
        """Another table with the same items, so that a test can go back."""
        other = FakeTable()
        other._rows = deepcopy(self._rows)
        other._partitions = deepcopy(self._partitions)
        return other


def _between(found: list[Found], pk: str, start: str, end: str, after: Found | None, reverse: bool) -> list[Found]:
    def order(row: Found) -> tuple[str, Key]:
        return row.at.sk, row.key

    if after and after.at.pk != pk:
        raise Unavailable("dynamodb: ValidationException: the starting key is outside of the partition")
    rows = sorted((row for row in found if row.at.pk == pk and start <= row.at.sk <= end), key=order, reverse=reverse)
    return [row for row in rows if not after or (order(row) < order(after) if reverse else order(row) > order(after))]


class FakeClock:
    """A `Clock` that stands still until it is advanced or slept on. Naps are in `slept_until`."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self.slept_until: list[datetime] = []

    def now(self) -> datetime:
        return self._now

    def sleep_until(self, instant: datetime) -> None:
        self.slept_until.append(instant)
        self._now = max(self._now, instant)

    def advance(self, seconds: float = 0, **units: float) -> datetime:
        """Move on: `advance(30)` or `advance(minutes=5)`; gives the new instant."""
        self._now += timedelta(seconds=seconds, **units)
        return self._now


class FakeChance:
    """A `Chance` that gives the same again for the same seed; its tokens sort by order of making."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._made = 0

    def token(self) -> str:
        self._made += 1
        return digits(self._made, TIME_DIGITS) + "".join(self._random.choices(ALPHABET, k=RANDOM_DIGITS))

    def secret(self) -> str:
        return "".join(self._random.choices(LETTERS, k=SECRET_LETTERS))

    def fraction(self) -> float:
        return self._random.random()


class FakeQueue(Generic[M]):
    """A `Queue` whose delayed messages can be seen in `waiting`, as (when visible, message)."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.waiting: list[tuple[datetime, M]] = []

    def send(self, messages: Sequence[tuple[M, float]]) -> None:
        for message, delay in messages:
            self.waiting.append((self._clock.now() + timedelta(seconds=whole_delay(delay)), message))

    def receive(self) -> list[M]:
        """Take the messages whose delay is over, the earliest first."""
        due = sorted((each for each in self.waiting if each[0] <= self._clock.now()), key=lambda each: each[0])
        self.waiting = [each for each in self.waiting if each[0] > self._clock.now()]
        return [message for _, message in due]

    @property
    def next_at(self) -> datetime | None:
        """When the next message becomes visible."""
        return min((visible for visible, _ in self.waiting), default=None)


class FakeAlarms:
    """An `Alarms` whose alarms are in `set`, minute → when; a minute that has rung is deaf, as in MiniStack."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._rung: frozenset[datetime] = frozenset()
        self.set: dict[datetime, datetime] = {}

    def ensure(self, minute: datetime, at: datetime) -> None:
        if minute not in self._rung:
            self.set.setdefault(minute, at)

    def ring(self) -> list[datetime]:
        """Take the minutes whose alarm is due, the earliest first."""
        due = sorted(minute for minute, at in self.set.items() if at <= self._clock.now())
        self._rung |= frozenset(due)
        self.set = {minute: at for minute, at in self.set.items() if minute not in self._rung}
        return due

    @property
    def next_at(self) -> datetime | None:
        """When the next alarm rings."""
        return min(self.set.values(), default=None)


class FakeFiles:
    """A `Files` in memory: what is stored is in `stored`, what is kept in `kept`; `put` uploads as anybody may."""

    HOME = "https://files.test/"

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.stored: dict[str, bytes] = {}
        self.kept: set[str] = set()

    def upload(self, key: str, mime_type: str, size: int) -> Upload:
        headers = {"Content-Type": mime_type, "Content-Length": str(size)}
        return Upload(f"{self.HOME}{key}?signed=PUT", headers, self._clock.now() + timedelta(hours=1))

    def put(self, url: str, data: bytes) -> str:
        """What the uploader does; gives the key."""
        key = url.removeprefix(self.HOME).removesuffix("?signed=PUT")
        self.stored[key] = data
        return key

    def fetch(self, key: str, into: IO[bytes], most: int) -> bool:
        if key in self.stored:
            into.write(self.stored[key][: most + 1])
        return key in self.stored

    def store(self, key: str, mime_type: str, file: IO[bytes]) -> None:
        file.seek(0)
        self.stored[key] = file.read()

    def keep(self, key: str) -> None:
        self.kept.add(key)

    def address(self, key: str) -> str:
        return f"{self.HOME}{key}"

    def lend(self, address: str, method: str = "GET") -> str:
        ours = address.removeprefix(self.HOME) in self.stored
        return f"{address}?signed={method}" if ours and method in ("GET", "HEAD") else address


class FakePictures:
    """A `Pictures` without Pillow. `sizes` tells it the width, height and bytes of what it makes, large one first."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int, int]] = []

    def variants(self, key: str, names: Sequence[str]) -> list[Variant]:
        wishes = [wish for wish in WISHES if wish.name in names]
        return [Variant(place_of(key, wish), *size) for wish, size in zip(wishes, self.sizes, strict=False)]


class FakeVault:
    """A `Vault` that hands out tickets and keeps the secrets itself."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[str, str, bytes]] = {}

    def seal(self, workspace_id: str, purpose: str, secret: bytes) -> bytes:
        ticket = b"sealed-%d" % len(self._kept)
        self._kept[ticket] = (workspace_id, purpose, secret)
        return ticket

    def open(self, workspace_id: str, purpose: str, sealed: bytes) -> bytes:
        if self._kept.get(sealed, ())[:2] != (workspace_id, purpose):
            raise ValueError("this does not open here")
        return self._kept[sealed][2]


Match = str | Request | Callable[[Request], bool]
"""Which request is meant: `"POST https://…"`, an equal request, or a predicate."""
Answer = Reply | Exception | Callable[[Request], Reply]


class FakeWeb:
    """A `Web` that plays a script. Each line answers the first request it matches, once; what was sent is in `sent`.

    To an address in `objections` nothing would ever leave.
    """

    def __init__(self, *script: tuple[Match, Answer]) -> None:
        self.script = list(script)
        self.sent: list[Request] = []
        self.objections: dict[str, str] = {}

    def objection(self, url: str) -> str | None:
        return self.objections.get(url)

    def download(self, url: str, into: IO[bytes], seconds: float) -> None:
        into.write(self.send(Request("GET", url, timeout=seconds)).body)

    def expect(self, match: Match, answer: Answer) -> None:
        """Add a line to the script."""
        self.script.append((match, answer))

    def warm(self) -> None:
        pass

    def send(self, request: Request) -> Reply:
        self.sent.append(request)
        for number, (match, answer) in enumerate(self.script):
            if _matches(match, request):
                del self.script[number]
                return _answered(answer, request)
        left = [match for match, _ in self.script]
        raise AssertionError(f"nobody expected {request.method} {request.url}; still expected: {left}")


def _matches(match: Match, request: Request) -> bool:
    if isinstance(match, str):
        return match == f"{request.method} {request.url}"
    if isinstance(match, Request):
        return match == request
    return match(request)


def _answered(answer: Answer, request: Request) -> Reply:
    if isinstance(answer, Exception):
        raise answer
    return answer if isinstance(answer, Reply) else answer(request)


class ScriptedClient:
    """An AWS client whose every call gets the next of the given answers."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.calls.append(parameters)
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@dataclass(frozen=True, slots=True)
class FakeWorld(World):
    """A world in memory, with what only fakes can do."""

    table: FakeTable
    queue: FakeQueue[Wake]
    deliveries: FakeQueue[Errand]
    probes: FakeQueue[Probe]
    heard: FakeQueue[Heard]
    alarms: FakeAlarms
    vault: FakeVault
    web: FakeWeb
    files: FakeFiles
    pictures: FakePictures
    clock: FakeClock
    chance: FakeChance
    settings: Settings


def world(**parts: Any) -> FakeWorld:
    """A new world in memory; name a part (`web=`, `settings=` …) to bring your own."""
    clock = parts.get("clock") or FakeClock()
    fakes: dict[str, Any] = {
        "table": FakeTable(kinds()),
        "queue": FakeQueue[Wake](clock),
        "deliveries": FakeQueue[Errand](clock),
        "probes": FakeQueue[Probe](clock),
        "heard": FakeQueue[Heard](clock),
        "alarms": FakeAlarms(clock),
        "vault": FakeVault(),
        "web": FakeWeb(),
        "files": FakeFiles(clock),
        "pictures": FakePictures(),
        "clock": clock,
        "chance": FakeChance(),
        "settings": Settings(stage="test", api_url="https://carillon.test/api"),
    }
    return FakeWorld(**{**fakes, **parts})
