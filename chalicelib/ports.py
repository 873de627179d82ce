"""What the service asks of the world. In production these are AWS and the internet; in tests, memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, NamedTuple, Protocol, TypeVar

from chalicelib.core.conversation import Reply, Request
from chalicelib.core.variant import Variant

M = TypeVar("M", bound=NamedTuple, contravariant=True)


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Item:
    """One row: a JSON document under its key, with what the indexes and the clean-up need to see of it."""

    key: Key
    doc: dict[str, Any]
    rev: int = 0
    """How often it was written; the condition of the next write. 0 is not yet stored."""
    listing: Key | None = None
    """Its place in the `listing` index: things of one owner in order of time."""
    open: Key | None = None
    """Its place in the `open` index: what the machine still has to look at, by when."""
    version: int | None = None
    """Copied into the `open` index, so that a message can name it."""
    expires: datetime | None = None
    """When it may be deleted, some time after; readers must check for themselves."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item. `expect` is the `rev` that must be stored now: 0 for none; None writes whatever is there."""

    item: Item
    expect: int | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an item, on the same condition as `Put`."""

    key: Key
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A row of an index: the item's own key, its place in the index, and its version where the index carries it."""

    key: Key
    at: Key
    version: int | None = None


class Table(Protocol):
    """Strongly consistent items, all-or-nothing conditional writes, and two indexes that may lag behind."""

    def get(self, key: Key) -> Item | None:
        """The item, read consistently."""

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        """Those of the items that exist, in the order asked for, read consistently."""

    def write(self, *writes: Put | Delete) -> None:
        """All of it or nothing; raises `Stale` when a condition fails. A stored item's `rev` is the old one plus 1."""

    def items(
        self, pk: str, prefix: str = "", *, limit: int = 1000, after: str = "", reverse: bool = False
    ) -> list[Item]:
        """Items of a partition by sort key, beginning behind `after`, read consistently."""

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
        """Rows of the `listing` index between two sort keys (both included), behind `after`."""

    def opened(
        self, pk: str, *, start: str = "", end: str = "\uffff", limit: int = 1000, after: Found | None = None
    ) -> list[Found]:
        """Rows of the `open` index between two sort keys (both included), earliest first, behind `after`."""


class Wake(NamedTuple):
    """A message to the publisher: look at this target, if it still has this version."""

    workspace_id: str
    post_id: str
    target_id: str
    version: int


class Errand(NamedTuple):
    """A message to the deliverer of webhooks: try this delivery, if it still has this version."""

    workspace_id: str
    webhook_id: str
    delivery_id: str
    version: int


class Probe(NamedTuple):
    """A message to the prober: this medium may be there to be looked at."""

    workspace_id: str
    medium_id: str


class Heard(NamedTuple):
    """A network's callback, its signature checked, on its way to be read."""

    workspace_id: str
    account_id: str
    network: str
    """Whose callback it is: a network's, or `standard` for a tool's."""
    at: str
    """When it came, RFC 3339."""
    headers: str
    """Those that reading needs, as a JSON object."""
    body: str
    """The body, compressed with zlib, in base 64."""


class Change(NamedTuple):
    """One write, as the table's stream tells of it: at least once, in order for one item, within seconds."""

    old: Item | None
    new: Item | None


class Queue(Protocol[M]):
    """A queue of messages of one kind."""

    def send(self, messages: Sequence[tuple[M, float]]) -> None:
        """Deliver each message after its delay in seconds, rounded down, 0 to 900. At least once, in any order."""


class Alarms(Protocol):
    """One-shot alarm clocks, one per due minute."""

    def ensure(self, minute: datetime, at: datetime) -> None:
        """Make sure that the dispatcher is woken for `minute` at `at`; an alarm that exists already stays as it is."""


class Vault(Protocol):
    """Encryption of secrets, bound to their workspace and purpose."""

    def seal(self, workspace_id: str, purpose: str, secret: bytes) -> bytes:
        """The secret, readable only with the same workspace and purpose."""

    def open(self, workspace_id: str, purpose: str, sealed: bytes) -> bytes:
        """The secret again; ValueError where anything does not fit."""


class Web(Protocol):
    """The internet: the only time-out, retry and redaction policy."""

    def warm(self) -> None:
        """Get ready, so that the next request leaves without delay. Costs nothing the second time."""

    def send(self, request: Request) -> Reply:
        """The reply to a request; raises `NotSent` or `MaybeSent`."""

    def download(self, url: str, into: IO[bytes], seconds: float) -> None:
        """Write what is at an address into a file; raises `NotSent` where not all of it could be had in that time."""

    def objection(self, url: str) -> str | None:
        """Why no request would ever leave for this address, such as that it is private; None where one would."""


class Upload(NamedTuple):
    """One PUT that somebody else may make: its address, the headers that it must have, and until when."""

    url: str
    headers: dict[str, str]
    until: datetime


class Files(Protocol):
    """Media of ours: private files under keys. What nobody has asked to keep may vanish after 30 days."""

    def upload(self, key: str, mime_type: str, size: int) -> Upload:
        """Leave to put a file of exactly this type and size, in bytes, under the key."""

    def fetch(self, key: str, into: IO[bytes], most: int) -> bool:
        """Write a stored file into another, no more than `most` bytes and one; False where there is none."""

    def store(self, key: str, mime_type: str, file: IO[bytes]) -> None:
        """Put a file under the key."""

    def keep(self, key: str) -> None:
        """See to it that the file does not vanish."""

    def address(self, key: str) -> str:
        """Where the file lies, for good. Nobody can read it there who is not lent it."""

    def lend(self, address: str, method: str = "GET") -> str:
        """The same address for anybody to GET or HEAD for an hour; what is no address of ours comes back unchanged."""


class Pictures(Protocol):
    """Who makes smaller pictures of pictures."""

    def variants(self, key: str, names: Sequence[str]) -> list[Variant]:
        """The variants of these names of the picture under the key, those that can be made; stored beside it."""


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def sleep_until(self, instant: datetime) -> None:
        """Return at or after the instant, never before."""


class Chance(Protocol):
    """Randomness."""

    def token(self) -> str:
        """A new unguessable word of 26 letters and digits that sorts by time of making."""

    def secret(self) -> str:
        """A new secret of 40 letters and digits (more than 200 bits)."""

    def fraction(self) -> float:
        """A number in [0, 1)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may choose."""

    stage: str = "dev"
    api_url: str = ""
    """This service's own public URL, with its stage path and without a trailing slash."""
    emulated_url: str = ""
    """The same where API Gateway is emulated, which does not say how it was called: `{apiId}` and `{stage}` stand for
    what it does say."""
    alarm_lead_seconds: int = 180
    """How long before its minute an alarm rings."""
    direct_window_seconds: int = 600
    """What is due sooner than this goes to the queue at once, without an alarm."""
    allowed_private_hosts: frozenset[str] = field(default_factory=frozenset)
    """`host:port` pairs that may be called though they are private; for tests and local runs only."""
    measured_workspaces: frozenset[str] = field(default_factory=frozenset)
    """Workspaces whose scores are CloudWatch metrics of their own, which cost by the number; the others are in the
    stage's metric and in the logs."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything the service needs of the world, in one place."""

    table: Table
    queue: Queue[Wake]
    """To the publisher."""
    deliveries: Queue[Errand]
    """To the deliverer of webhooks."""
    probes: Queue[Probe]
    """To the prober of media."""
    heard: Queue[Heard]
    """To the reader of callbacks."""
    alarms: Alarms
    vault: Vault
    web: Web
    files: Files
    pictures: Pictures
    clock: Clock
    chance: Chance
    settings: Settings
