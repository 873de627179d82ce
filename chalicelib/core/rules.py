"""What a platform allows, as data: every limit and capability with its source, the date it was read, and how sure.

A platform's `Rules(...)` reads like a table. Values are plain, so that adaptation reads `rules.text.limit`; where each
was read stands beside them in `source` (the platform's default) and `sources` (by dotted name or its beginning).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from chalicelib.core.described import about, describe, replaced, version
from chalicelib.core.errors import RuleRef
from chalicelib.core.limits import (
    Comment,
    Confidence,
    Hashtags,
    Language,
    Links,
    Media,
    Medium,
    Mentions,
    Poll,
    Price,
    Source,
    Text,
    Thread,
    Title,
    Warning,
)

__all__ = [
    "Bound",
    "Comment",
    "Confidence",
    "Counting",
    "Hashtags",
    "Language",
    "Links",
    "Media",
    "Medium",
    "Mentions",
    "Poll",
    "Price",
    "Rules",
    "Source",
    "Style",
    "TagStyle",
    "Text",
    "Thread",
    "Title",
    "Warning",
]


class TagStyle(NamedTuple):
    """How a network writes hashtags, and how many."""

    style: str
    limit: int | None
    length: int | None
    little: bool
    """Whether they are templates of little text."""


class Refs(dict[str, RuleRef]):
    """The rules of one network, made when they are first quoted."""

    def __init__(self, rules: "Rules") -> None:
        super().__init__()
        self._rules = rules

    def __missing__(self, name: str) -> RuleRef:
        source = self._rules.source_of(name)
        found = self[name] = RuleRef(f"{self._rules.platform}.{name}", source.url, source.checked or None)
        return found


class Style(NamedTuple):
    """How a network wants its text written. Networks that agree on what a text has share what is written for them."""

    mentions: tuple[str, int | None]
    """Their style, and how many."""
    handle: str
    hashtags: TagStyle
    cashtags: int | None
    bare: bool
    """Whether a domain without a scheme is a link."""
    wide: bool
    """Whether a URL may go on in any letters."""
    forbidden: str


class Counting(NamedTuple):
    """How a network counts a text with links and mentions in it."""

    unit: str
    url_weight: int | None
    bare: bool
    wide: bool

    @property
    def plain(self) -> bool:
        """Whether everything counts as what it is."""
        return self.url_weight is None and self.unit not in ("mastodon", "weibo")


class Bound(NamedTuple):
    """What one figure of a medium may not pass: upwards with sign 1, downwards with sign -1."""

    rule: str
    figure: str
    sign: int
    limit: float
    unit: str


CONFIGURED = Source("account or workspace configuration", "", "configured")


@dataclass(frozen=True)
class Rules:
    """Everything a platform allows. Made once per platform as a literal; `with_limits` makes an account's own."""

    platform: str
    source: Source
    text: Text = field(default_factory=Text)
    title: Title = field(default_factory=Title)
    hashtags: Hashtags = field(default_factory=Hashtags)
    mentions: Mentions = field(default_factory=Mentions)
    links: Links = field(default_factory=Links)
    thread: Thread = field(default_factory=Thread)
    comment: Comment = field(default_factory=Comment)
    media: Media = field(default_factory=Media)
    image: Medium = field(default_factory=Medium)
    gif: Medium = field(default_factory=Medium)
    video: Medium = field(default_factory=Medium)
    audio: Medium = field(default_factory=Medium)
    document: Medium = field(default_factory=Medium)
    poll: Poll = field(default_factory=Poll)
    warning: Warning = field(default_factory=Warning)
    language: Language = field(default_factory=Language)
    price: Price = field(default_factory=Price)
    visibility: Mapping[str, str] = field(default_factory=dict)
    """Our word to the network's own; empty where everything is public."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """`ai_generated` and `paid_partnership` to the network's own field."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Where single values were read, by dotted name or its beginning; everything else is from `source`."""

    @cached_property
    def version(self) -> str:
        """Twelve hex digits that change whenever anything in the rules does."""
        return version(self)

    @cached_property
    def checks_links(self) -> bool:
        """Whether there is anything about the links of a post to check."""
        about = self.links
        limited = about.limit is not None or about.length is not None
        return limited or bool(about.required or about.domains) or about.inline != "clickable"

    @cached_property
    def counting(self) -> Counting:
        """What of the rules decides how a text is counted."""
        return Counting(self.text.unit, self.text.url_weight, self.links.bare, self.links.wide)

    @cached_property
    def style(self) -> Style:
        """What of the rules decides how a text is written."""
        tags = self.hashtags
        return Style(
            (self.mentions.style, self.mentions.limit),
            self.mentions.handle,
            TagStyle(tags.style, tags.limit, tags.length, self.text.markup == "little_text"),
            tags.cashtags,
            self.links.bare,
            self.links.wide,
            self.text.forbidden,
        )

    @cached_property
    def _bounds(self) -> dict[str, tuple[Bound, ...]]:
        return {}

    @cached_property
    def for_answers(self) -> "Rules":
        """The rules of words that answer somebody: a comment's, where the network has such, else those of a post."""
        text, links = self.text, self.links._replace(required=False, domains=())
        if self.comment.mode == "comment":
            text = text._replace(limit=self.comment.limit, bytes_limit=None)
        return replace(self, text=text, links=links, title=Title(), thread=Thread(), media=Media())

    def bounds(self, kind: str) -> tuple[Bound, ...]:
        """What the figures of one kind of medium may not pass."""
        if (found := self._bounds.get(kind)) is None:
            medium: Medium = getattr(self, kind)
            values = [(leaf, value, about(medium, leaf)) for leaf, value in medium._asdict().items()]
            found = self._bounds[kind] = tuple(
                Bound(f"{kind}.{leaf}", noted.figure, noted.sign, value, noted.unit or "")
                for leaf, value, noted in values
                if noted and noted.figure and value is not None
            )
        return found

    @cached_property
    def refs(self) -> "Refs":
        """The rules by dotted name, as changes and issues quote them."""
        return Refs(self)

    def source_of(self, name: str) -> Source:
        """Where the value with this dotted name was read: the longest name in `sources` that it begins with."""
        while name:
            if name in self.sources:
                return self.sources[name]
            name = name.rpartition(".")[0]
        return self.source

    def firm(self, name: str) -> bool:
        """Whether breaking this rule may forbid publishing; what we only assume may not."""
        return self.source_of(name).confidence not in ("default", "unknown")

    def with_limits(self, limits: Mapping[str, Any]) -> "Rules":
        """These rules with values replaced by dotted name: `{"text.limit": 5000}`; ValueError names a wrong one."""
        changed = self
        for name, value in limits.items():
            group, _, leaf = name.partition(".")
            table = getattr(changed, group, None)
            update: dict[str, Any] = {"sources": {**changed.sources, name: CONFIGURED}}
            update[group] = replaced(name, table, leaf, value)
            changed = replace(changed, **update)
        return changed

    def describe(self) -> dict[str, Any]:
        """The rules as JSON: limits and capabilities, each with its value, unit, source, date and confidence."""
        return describe(self)
