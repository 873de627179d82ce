"""What a platform allows, as data: every limit and capability with its source, the date it was read, and how sure we are.

A platform's `Rules(...)` reads like a table. Values are plain, so that adaptation reads `rules.text.limit`; where each
was read stands beside them in `source` (the platform's default) and `sources` (by dotted name or its beginning).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, Literal

from chalicelib.core.errors import RuleRef
from chalicelib.core.text.offsets import Encoding

Confidence = Literal["verified", "secondary", "default", "unknown", "configured"]
"""verified: read in the official source; secondary: in a text that cites it; default and unknown: never a hard failure."""

Unit = Literal["weighted", "graphemes", "mastodon", "threads", "utf16", "utf8", "weibo", "code_points", "html"]
Markup = Literal["plain", "facets", "markdown_v2", "markdown", "discord", "little_text", "mrkdwn", "html", "wechat_html"]
Mode = Literal["none", "optional", "required"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was read, when (ISO date), and how sure that makes us."""

    url: str
    checked: str
    confidence: Confidence = "verified"


CONFIGURED = Source("account or workspace configuration", "", "configured")


def number(unit: str, default: int | float | None = None) -> Any:
    """A limit that configuration may override with a number, or with None for no limit."""
    return field(default=default, metadata={"unit": unit, "accepts": "number"})


def flag(default: bool = False) -> Any:
    """A capability that configuration may switch."""
    return field(default=default, metadata={"accepts": "flag"})


def words() -> Any:
    """A list that configuration may replace."""
    return field(default=(), metadata={"accepts": "words"})


@dataclass(frozen=True, slots=True)
class Text:
    """The body: how long it may be, counted how, and marked up how."""

    unit: Unit = "code_points"
    limit: int | None = number("text")
    limit_with_media: int | None = number("text")
    """Where another limit holds as soon as there is a picture or film (Telegram's captions)."""
    limit_with_video: int | None = number("text")
    bytes_limit: int | None = number("bytes")
    url_weight: int | None = number("text")
    """What every link counts, however long it is."""
    offsets: Encoding = "code_points"
    """What positions in the text count in."""
    includes_warning: bool = flag()
    """Whether the content warning counts against the limit."""
    markup: Markup = "plain"
    forbidden: str = ""
    """Characters that may not occur."""


@dataclass(frozen=True, slots=True)
class Title:
    """A headline in a field of its own."""

    mode: Mode = "none"
    limit: int | None = number("title")
    minimum: int | None = number("title")
    unit: Unit = "code_points"
    only_with: tuple[str, ...] = words()
    """Kinds of media that the title goes with; any when empty."""


@dataclass(frozen=True, slots=True)
class Hashtags:
    """`hash` is #tag, `topic` is #tag#, `field` a list beside the text, `none` means nothing, `forbidden` is refused."""

    style: Literal["hash", "topic", "field", "none", "forbidden"] = "none"
    limit: int | None = number("hashtags")
    length: int | None = number("code_points")
    """Of one tag."""
    total_length: int | None = number("code_points")
    """Of all tags in the field together, with their commas."""
    cashtags: int | None = number("cashtags", 0)
    """How many $TAGS a post may have; 0 where they mean nothing."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """`at` is @handle, `facet` a range with an id, `little_text` @[Name](urn), `id` <@id>, `user` u/handle, `none` no mentions."""

    style: Literal["at", "facet", "little_text", "id", "user", "none"] = "none"
    limit: int | None = number("mentions")
    handle: str = ""
    """A regular expression for what after the @ is a handle; nothing is one when empty."""


@dataclass(frozen=True, slots=True)
class Links:
    """What becomes of a URL, in the text and as a card."""

    inline: Literal["clickable", "text", "none"] = "clickable"
    """`text`: it can be read but not clicked."""
    card: Literal["none", "auto", "client", "field"] = "none"
    """`auto`: the network makes it from the text; `client`: we send it; `field`: the post has one link of its own."""
    card_with_media: bool = flag()
    bare: bool = True
    """Whether a domain without http:// is a link too."""
    limit: int | None = number("links")
    length: int | None = number("code_points")
    required: bool = flag()
    domains: tuple[str, ...] = words()
    """The only domains that may be linked, where the network binds them."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Several messages that belong together: a chain of replies, or one message after the other."""

    mode: Literal["reply", "message", "none"] = "none"
    max_parts: int | None = number("parts")


@dataclass(frozen=True, slots=True)
class Comment:
    """The author's own first comment."""

    mode: Literal["reply", "comment", "none"] = "none"
    limit: int | None = number("text")


@dataclass(frozen=True, slots=True)
class Media:
    """What holds for all media of one post together."""

    required: bool = flag()
    total: int | None = number("media")
    mixed: bool = flag()
    """Whether different kinds may stand in one post."""


@dataclass(frozen=True, slots=True)
class Medium:
    """One kind of media. `count` 0 means that the network does not take it."""

    count: int | None = number("media", 0)
    bytes: int | None = number("bytes")
    types: tuple[str, ...] = words()
    """MIME types without their first half; any when empty."""
    pixels: int | None = number("pixels")
    min_width: int | None = number("pixels")
    max_width: int | None = number("pixels")
    max_height: int | None = number("pixels")
    min_ratio: float | None = number("width/height")
    max_ratio: float | None = number("width/height")
    min_seconds: float | None = number("seconds")
    max_seconds: float | None = number("seconds")
    alt: Mode = "none"
    alt_limit: int | None = number("code_points")


@dataclass(frozen=True, slots=True)
class Poll:
    """A question with answers. `options_max` 0 means that there are none."""

    options_min: int | None = number("options", 2)
    options_max: int | None = number("options", 0)
    option_length: int | None = number("code_points")
    question_length: int | None = number("code_points")
    min_minutes: int | None = number("minutes")
    max_minutes: int | None = number("minutes")
    multiple: bool = flag()
    with_media: bool = flag()


@dataclass(frozen=True, slots=True)
class Warning:
    """`field`: free text of its own; `label`: one of `labels`; `flag`: yes or no; `none`: it can only stand in the text."""

    mode: Literal["field", "label", "flag", "none"] = "none"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """Whether the post can say what language it is in."""

    supported: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """What the network charges for one message, as decimal strings."""

    per_message: str | None = None
    per_message_with_link: str | None = None
    currency: str = "USD"


@dataclass(frozen=True)
class Rules:
    """Everything a platform allows. Made once per platform as a literal; `with_limits` makes an account's own."""

    platform: str
    source: Source
    text: Text = Text()
    title: Title = Title()
    hashtags: Hashtags = Hashtags()
    mentions: Mentions = Mentions()
    links: Links = Links()
    thread: Thread = Thread()
    comment: Comment = Comment()
    media: Media = Media()
    image: Medium = Medium()
    gif: Medium = Medium()
    video: Medium = Medium()
    audio: Medium = Medium()
    document: Medium = Medium()
    poll: Poll = Poll()
    warning: Warning = Warning()
    language: Language = Language()
    price: Price = Price()
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
        """These rules with values replaced by dotted name, e.g. `{"text.limit": 5000}`; ValueError names what is wrong."""
        changed = self
        for name, value in limits.items():
            group, _, leaf = name.partition(".")
            old = getattr(changed, group, None)
            new = replace(old, **{leaf: _checked(name, old, leaf, value)})  # type: ignore[type-var]
            changed = replace(changed, **{group: new, "sources": {**changed.sources, name: CONFIGURED}})
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
