"""What a platform allows, as data: every limit and capability with its source, the date it was read, and how sure.

A platform's `Rules(...)` reads like a table. Values are plain, so that adaptation reads `rules.text.limit`; where each
was read stands beside them in `source` (the platform's default) and `sources` (by dotted name or its beginning).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

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
from chalicelib.core.text.counting import Counting

__all__ = [
    "Comment",
    "Confidence",
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
        return hashlib.sha256(json.dumps(self.describe_values(), sort_keys=True).encode()).hexdigest()[:12]

    @cached_property
    def checks_links(self) -> bool:
        """Whether there is anything about the links of a post to check."""
        about = self.links
        return bool(about.required or about.domains) or about.limit is not None or about.length is not None

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

    def bounds(self, kind: str) -> tuple[Bound, ...]:
        """What the figures of one kind of medium may not pass."""
        if (found := self._bounds.get(kind)) is None:
            medium = getattr(self, kind)
            limits = [(leaf, getattr(medium, leaf.name)) for leaf in fields(medium) if "figure" in leaf.metadata]
            found = self._bounds[kind] = tuple(
                Bound(
                    f"{kind}.{leaf.name}", leaf.metadata["figure"], leaf.metadata["sign"], limit, leaf.metadata["unit"]
                )
                for leaf, limit in limits
                if limit is not None
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
            old = getattr(changed, group, None)
            new = replace(old, **{leaf: _checked(name, old, leaf, value)})  # type: ignore[type-var]
            update: dict[str, Any] = {group: new, "sources": {**changed.sources, name: CONFIGURED}}
            changed = replace(changed, **update)
        return changed

    def describe_values(self) -> list[Any]:
        """Every value with its source, in order, for `version`."""
        return [
            [name, unit, _plain(value), *_words_of(self.source_of(name))] for name, value, unit, _ in self._leaves()
        ]

    def describe(self) -> dict[str, Any]:
        """The rules as JSON: limits and capabilities, each with its value, unit, source, date, confidence."""
        shown: dict[str, Any] = {
            "platform": self.platform,
            "rules_version": self.version,
            "limits": {},
            "capabilities": {},
        }
        for name, value, unit, accepts in self._leaves():
            kind = "limits" if accepts == "number" else "capabilities"
            if kind == "capabilities" or value is not None:
                shown[kind][name] = self._entry(name, value, unit, bool(accepts))
        return shown

    def _entry(self, name: str, value: Any, unit: str | None, overridable: bool) -> dict[str, Any]:
        source = self.source_of(name)
        entry = {"value": _plain(value), "source": source.url, "checked": source.checked or None}
        if unit:
            entry["unit"] = {"text": self.text.unit, "title": self.title.unit}.get(unit, unit)
        return {**entry, "confidence": source.confidence, "overridable": overridable}

    def _leaves(self) -> Iterator[tuple[str, Any, str | None, str | None]]:
        """Dotted name, value, unit and what an override must be, of everything in the table."""
        for group in fields(self):
            value = getattr(self, group.name)
            if is_dataclass(value) and not isinstance(value, Source):
                for leaf in fields(value):
                    about = leaf.metadata
                    yield (
                        f"{group.name}.{leaf.name}",
                        getattr(value, leaf.name),
                        about.get("unit"),
                        about.get("accepts"),
                    )
            elif group.name in ("visibility", "labels"):
                yield group.name, value, None, None


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value


def _words_of(source: Source) -> tuple[str, str, str]:
    return source.url, source.checked, source.confidence


def _checked(name: str, group: Any, leaf: str, value: Any) -> Any:
    """The override as the rule wants it; ValueError where the name is unknown or the value is of another kind."""
    known = {entry.name: entry.metadata.get("accepts") for entry in fields(group)} if is_dataclass(group) else {}
    match known.get(leaf), value:
        case "number", None:
            return None
        case "number", int() | float() if not isinstance(value, bool) and value >= 0:
            return value
        case "flag", bool():
            return value
        case "words", list() | tuple() if all(isinstance(word, str) for word in value):
            return tuple(value)
        case None, _:
            raise ValueError(f"{name!r} is not a limit that can be overridden")
        case accepts, _:
            raise ValueError(f"{name!r} must be a {accepts}, not {value!r}")
