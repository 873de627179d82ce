"""The tables that a platform's rules are made of: text, title, hashtags, links, media, poll …"""

from dataclasses import dataclass, field
from typing import Any, Literal

from chalicelib.core.text.offsets import Encoding

Confidence = Literal["verified", "secondary", "default", "unknown", "configured"]
"""verified: read in the official source; secondary: in a text citing it; default and unknown never forbid anything."""

Unit = Literal["weighted", "graphemes", "mastodon", "threads", "utf16", "utf8", "weibo", "code_points", "html"]
Markup = Literal[
    "plain", "facets", "markdown_v2", "markdown", "discord", "little_text", "mrkdwn", "html", "wechat_html"
]
Mode = Literal["none", "optional", "required"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was read, when (ISO date), and how sure that makes us."""

    url: str
    checked: str
    confidence: Confidence = "verified"


def number(unit: str, default: int | float | None = None) -> Any:
    """A limit that configuration may override with a number, or with None for no limit."""
    return field(default=default, metadata={"unit": unit, "accepts": "number"})


def bound(unit: str, figure: str, sign: int) -> Any:
    """A number that one figure of a medium may not pass: upwards with sign 1, downwards with sign -1."""
    return field(default=None, metadata={"unit": unit, "accepts": "number", "figure": figure, "sign": sign})


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
    block: int | None = number("code_points")
    """How long one block of the text may be, where the network wants it in blocks."""
    forbidden: str = ""
    """Characters that may not occur, in the title neither."""


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
    """`hash` is #tag, `topic` is #tag#, `field` a list beside the text, `none` nothing, `forbidden` refused."""

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
    """`at` is @handle, `facet` a range, `little_text` @[Name](urn), `id` <@id>, `user` u/handle."""

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
    wide: bool = False
    """Whether a URL may go on in any letters (Mastodon), so that Chinese cannot follow one without a space."""
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
    mixed: tuple[str, ...] = words()
    """The kinds that may stand together in one post."""


@dataclass(frozen=True, slots=True)
class Medium:
    """One kind of media. `count` 0 means that the network does not take it."""

    count: int | None = number("media", 0)
    types: tuple[str, ...] = words()
    """MIME types without their first half; any when empty."""
    bytes: int | None = bound("bytes", "bytes", 1)
    pixels: int | None = bound("pixels", "pixels", 1)
    min_width: int | None = bound("pixels", "width", -1)
    max_width: int | None = bound("pixels", "width", 1)
    max_height: int | None = bound("pixels", "height", 1)
    min_ratio: float | None = bound("width/height", "ratio", -1)
    max_ratio: float | None = bound("width/height", "ratio", 1)
    min_seconds: float | None = bound("seconds", "seconds", -1)
    max_seconds: float | None = bound("seconds", "seconds", 1)
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
    """`field`: free text of its own; `label`: one of `labels`; `flag`: yes or no; `none`: only in the text."""

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
