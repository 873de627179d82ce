"""What a platform allows, as data: every limit and capability with its source, the date it was read, and how sure.

A platform's `Rules(...)` reads like a table. Values are plain, so that adaptation reads `rules.text.limit`; where each
was read stands beside them in `source` (the platform's default) and `sources` (by dotted name or its beginning).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

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
    "Text",
    "Thread",
    "Title",
    "Warning",
]

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
    def handle_pattern(self) -> re.Pattern[str]:
        """`mentions.handle`, compiled."""
        return re.compile(self.mentions.handle)

    @cached_property
    def _refs(self) -> dict[str, RuleRef]:
        return {}

    def source_of(self, name: str) -> Source:
        """Where the value with this dotted name was read: the longest name in `sources` that it begins with."""
        while name:
            if name in self.sources:
                return self.sources[name]
            name = name.rpartition(".")[0]
        return self.source

    def ref(self, name: str) -> RuleRef:
        """The rule with this dotted name, as changes and issues quote it."""
        if (found := self._refs.get(name)) is None:
            source = self.source_of(name)
            found = self._refs[name] = RuleRef(f"{self.platform}.{name}", source.url, source.checked or None)
        return found

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
