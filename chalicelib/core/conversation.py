"""What a platform's conversation is made of: requests out, replies in, and what was published in the end.

A conversation is a generator. It yields a `Request` and is sent its `Reply`, or yields a `Wait` and is sent None;
it returns its result, and raises a `PlatformAnswer` when the platform says no. It does no I/O itself, so the engine
owns time-outs, retries and the ledger, and can run it again from recorded replies after a crash.
"""

import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.core.account import Account

if TYPE_CHECKING:  # the ports know requests, every function imports the ports, and few need the models of a post
    from chalicelib.core.post import Media
    from chalicelib.core.rendition import Rendition, ReplyTo

T = TypeVar("T")


class Effect(StrEnum):
    """What a request does on the other side."""

    READ = "read"
    """Changes nothing: may be repeated freely and is never recorded."""
    PREPARE = "prepare"
    """Changes nothing that people see (an upload, a container): may be repeated; its reply is recorded."""
    CREATE = "create"
    """Makes something that people see: its intent is recorded before its first byte leaves."""


class Secret(str):
    """A credential that has to travel in a body or an address: sent as it is, never shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. At most one of `json`, `form`, `content` and `media` is its body; `files` make it multipart."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    params: dict[str, str] = field(default_factory=dict)
    json: Any = None
    form: dict[str, str] | None = None
    content: bytes | None = None
    media: "Media | None" = None
    """The body is this medium's bytes, fetched and streamed by the engine."""
    span: tuple[int, int] | None = None
    """Only these of the medium's bytes: the first, and the one behind the last."""
    files: "dict[str, Media]" = field(default_factory=dict)
    effect: Effect = Effect.READ
    part: int = 0
    """Which part of the rendition a PREPARE or CREATE request belongs to."""
    key: str | None = None
    """The idempotency key that travels in this request, where the platform honours one."""
    keep: tuple[str, ...] = ()
    """Top-level JSON names of the reply to record; all of them when empty."""
    timeout: float = 10.0
    """Seconds to wait for the reply."""
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """The secrets that stand in the address, where a network wants them there."""

    @property
    def longest(self) -> timedelta:
        """How long making it may take: fetching each of its media may take as long as its reply."""
        media = (self.media is not None) + len(self.files)
        return timedelta(seconds=self.timeout * (1 + media))

    @property
    def digest(self) -> str:
        """What the request asks, without its credentials: recognises it when the conversation is run again."""
        address = self.url
        for secret in self.hidden:
            address = address.replace(secret, "***")
        params, form = _without_secrets(self.params), _without_secrets(self.form or {})
        said = [self.method, address, params, _without_secrets(self.json), form, self.part, self.key]
        said += [
            self.content.hex() if self.content else None,
            self.media and self.media.url,
            {name: medium.url for name, medium in self.files.items()},
        ]
        said += [self.span] if self.span else []
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    return "***" if isinstance(value, Secret) else value


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers with lower-case names, and the body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as JSON; a ValueError where it is none."""
        return json.loads(self.body)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Wait:
    """The platform is still working (a film being encoded): come back after this long."""

    delay: timedelta


Conversation = Generator[Request | Wait, Any, T]
"""Yields requests and waits, is sent replies (a `Reply`, or None after a wait), returns its result."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a finished publish left behind: the platform's id and link of the first part, and the ids of all parts."""

    id: str
    url: str | None = None
    parts: tuple[str, ...] = ()
    at: datetime | None = None
    """The platform's own time, where it says one."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that a person needs to publish by hand, where a network takes posts from nobody else."""

    text: str
    title: str | None = None
    media: tuple[str, ...] = ()
    """Addresses, in order."""
    tags: tuple[str, ...] = ()
    """What the text calls topics, without `#`."""
    link: str | None = None
    comment: str | None = None
    where: str = ""
    """Where the person goes to publish."""
    share: dict[str, str] = field(default_factory=dict)
    """What the network's app takes over by itself when it is opened with these parameters."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What people did with a post so far, as far as the network says; None is what it does not say."""

    views: int | None = None
    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None
    quotes: int | None = None
    saves: int | None = None
    clicks: int | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """What connecting an account found out: its own name and server, its limits, and the secrets to keep."""

    handle: str
    remote_id: str
    host: str = ""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    limits: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One target's publish, as its platform sees it. Running it again asks for exactly the same things."""

    target_id: str
    due: datetime
    rendition: "Rendition"
    account: Account

    @property
    def reply_to(self) -> "ReplyTo":
        """What it answers; asked only of what answers something."""
        if self.rendition.reply_to is None:
            raise TypeError("this is a post, and answers nothing")
        return self.rendition.reply_to

    @property
    def parent(self) -> str | None:
        """The thing that the first part is a reply to; None for a post."""
        return self.rendition.reply_to.thing if self.rendition.reply_to else None

    def key(self, part: int) -> str:
        """A stable idempotency key for one part: 32 hex digits."""
        return key_of(self.target_id, part)


def key_of(target_id: str, part: int) -> str:
    """The key of one part of a target, whatever it says: 32 hex digits."""
    return hashlib.sha256(f"{target_id}:{part}".encode()).hexdigest()[:32]


class Safety(StrEnum):
    """What makes repeating a CREATE request safe on a platform."""

    KEY = "key"
    """An idempotency key that the server honours (Mastodon)."""
    CONTENT_KEY = "content_key"
    """The client chooses the record's id (Bluesky): the same again is the same post."""
    CONTAINER = "container"
    """A prepared container can be published once only (Instagram)."""
    READBACK = "readback"
    """Nothing; but what is there can be read back."""
    NONE = "none"
    """Nothing: a person has to look."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """How a platform behaves when an answer is lost; the engine decides from this alone."""

    safety: Safety
    key_lifetime: timedelta = timedelta()
    late_acceptance: timedelta = timedelta(seconds=60)
    """The longest after we stopped waiting that the platform may still apply a request."""
    readback_lag: timedelta = timedelta(seconds=5)
    """The longest after applying it that reads may not show it."""
    readable: bool = True
    """Whether `find` can read back what is there."""
    prepared_lifetime: timedelta = timedelta(minutes=30)
    """How long an upload that nothing refers to yet is kept."""

    @property
    def quarantine(self) -> timedelta:
        """How long an unconfirmed target must rest before reading back can prove anything."""
        return self.late_acceptance + self.readback_lag
