"""A rendition: what a target will really send, and what was changed or lost on the way."""

from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

from chalicelib.core.engagement import Kind
from chalicelib.core.errors import Issue, RuleRef
from chalicelib.core.post import Link, Media, Poll

__all__ = ["Change", "Cost", "Issue", "Markup", "Part", "Rendition", "ReplyTo", "RuleRef"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def _value(kind: type[T]) -> type[T]:
    """A dataclass that the type checker keeps frozen; to freeze it at run time too would cost a fifth of adaptation."""
    return dataclass(slots=True)(kind)


@_value
class Markup:
    """A link, mention, hashtag or cashtag in a part's text; positions in the encoding the platform counts in."""

    type: str
    start: int
    end: int
    value: str


@_value
class Part:
    """One message of the rendition; a thread has several."""

    text: str
    """What the reader will see, before the network's own escaping."""
    length: int
    limit: int | None
    unit: str
    bytes: int
    bytes_limit: int | None = None
    markup: tuple[Markup, ...] = ()
    media: tuple[Media, ...] = ()
    wire: str | None = None
    """The escaped form that is sent, where it differs from `text`."""


@_value
class Change:
    """One thing that adaptation changed or lost, where in the canonical text (as in `Markup`), and by which rule."""

    code: str
    part: int | None
    start: int | None
    end: int | None
    before: str | None
    after: str | None
    rule: RuleRef


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """What somebody said, which the rendition answers."""

    kind: Kind
    thing: str
    """The network's id of it; of a private conversation that of the other side."""
    post: str | None = None
    """The network's id of the post that it was said about."""
    ref: dict[str, str] = field(default_factory=dict)
    """What the network needs beside that, as its events brought it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the network will charge for publishing this, as a decimal string."""

    amount: str
    currency: str


@_value
class Rendition:
    """Everything a platform's conversation needs to publish, pinned to the rules it was made by."""

    platform: str
    rules_version: str
    parts: tuple[Part, ...]
    title: str | None = None
    card: Link | None = None
    """The link to attach as a card, where the client builds cards."""
    first_comment: str | None = None
    comment: Part | None = None
    """The first comment with its length and markup."""
    poll: Poll | None = None
    content_warning: str | None = None
    language: str | None = None
    visibility: str | None = None
    """The network's own word, e.g. Mastodon's `unlisted`; None where the network has no choice."""
    tags: tuple[str, ...] = ()
    """Hashtags that the network takes in a field of their own, without `#`."""
    labels: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    issues: tuple[Issue, ...] = ()
    fidelity: float = 1.0
    estimated_cost: Cost | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """The target's platform options, passed through."""
    reply_to: ReplyTo | None = None
    """What it answers; None for a post."""

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that forbid publishing."""
        return tuple(issue for issue in self.issues if issue.severity == "error")
