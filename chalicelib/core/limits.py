"""The tables that a platform's rules are made of: text, title, hashtags, links, media, poll …

Named tuples, because every process begins by making these classes, and a dataclass takes ten times as long. What there
is to know about a value beside the value (its unit, and what an override may be) stands in its type.
"""

from typing import Annotated, Literal, NamedTuple

from chalicelib.core.text.offsets import Encoding

Confidence = Literal["verified", "secondary", "default", "unknown", "configured"]
"""verified: read in the official source; secondary: in a text citing it; default and unknown never forbid anything."""

Unit = Literal["weighted", "graphemes", "mastodon", "threads", "utf16", "utf8", "weibo", "code_points", "html"]
Markup = Literal[
    "plain", "facets", "markdown_v2", "markdown", "discord", "little_text", "mrkdwn", "html", "wechat_html"
]
Mode = Literal["none", "optional", "required"]


class Source(NamedTuple):
    """Where a value was read, when (ISO date), and how sure that makes us."""

    url: str
    checked: str
    confidence: Confidence = "verified"


class About(NamedTuple):
    """What configuration may put in a value's place, and what the value counts."""

    accepts: Literal["number", "fraction", "flag", "words"]
    unit: str | None = None
    figure: str | None = None
    """The figure of a medium that the value bounds."""
    sign: int = 0
    """1 where the figure may not be larger, -1 where it may not be smaller."""


Flag = Annotated[bool, About("flag")]
Words = Annotated[tuple[str, ...], About("words")]
OfText = Annotated[int | None, About("number", "text")]
"""In the unit that the text is counted in."""
OfTitle = Annotated[int | None, About("number", "title")]
Characters = Annotated[int | None, About("number", "code_points")]
Bytes = Annotated[int | None, About("number", "bytes")]
Minutes = Annotated[int | None, About("number", "minutes")]


def _number(unit: str) -> About:
    return About("number", unit)


class Text(NamedTuple):
    """The body: how long it may be, counted how, and marked up how."""

    unit: Unit = "code_points"
    limit: OfText = None
    limit_with_media: OfText = None
    """Where another limit holds as soon as there is a picture or film (Telegram's captions)."""
    limit_with_video: OfText = None
    bytes_limit: Bytes = None
    url_weight: OfText = None
    """What every link counts, however long it is."""
    offsets: Encoding = "code_points"
    """What positions in the text count in."""
    includes_warning: Flag = False
    """Whether the content warning counts against the limit."""
    markup: Markup = "plain"
    block: Characters = None
    """How long one block of the text may be, where the network wants it in blocks."""
    forbidden: str = ""
    """Characters that may not occur, in the title neither."""


class Title(NamedTuple):
    """A headline in a field of its own."""

    mode: Mode = "none"
    limit: OfTitle = None
    minimum: OfTitle = None
    unit: Unit = "code_points"
    only_with: Words = ()
    """Kinds of media that the title goes with; any when empty."""


class Hashtags(NamedTuple):
    """`hash` is #tag, `topic` is #tag#, `field` a list beside the text, `none` nothing, `forbidden` refused."""

    style: Literal["hash", "topic", "field", "none", "forbidden"] = "none"
    limit: Annotated[int | None, _number("hashtags")] = None
    length: Characters = None
    """Of one tag."""
    total_length: Characters = None
    """Of all tags in the field together, with their commas."""
    alphanumeric: Flag = False
    """Whether a tag in the field is letters and digits only."""
    cashtags: Annotated[int | None, _number("cashtags")] = 0
    """How many $TAGS a post may have; 0 where they mean nothing."""


class Mentions(NamedTuple):
    """`at` is @handle, `facet` a range, `little_text` @[Name](urn), `id` <@id>, `user` u/handle."""

    style: Literal["at", "facet", "little_text", "id", "user", "none"] = "none"
    limit: Annotated[int | None, _number("mentions")] = None
    handle: str = ""
    """A regular expression for what after the @ is a handle; nothing is one when empty."""


class Links(NamedTuple):
    """What becomes of a URL, in the text and as a card."""

    inline: Literal["clickable", "text", "none"] = "clickable"
    """`text`: it can be read but not clicked."""
    card: Literal["none", "auto", "client", "field"] = "none"
    """`auto`: the network makes it from the text; `client`: we send it; `field`: the post has one link of its own."""
    card_with_media: Flag = False
    bare: bool = True
    """Whether a domain without http:// is a link too."""
    wide: bool = False
    """Whether a URL may go on in any letters (Mastodon), so that Chinese cannot follow one without a space."""
    limit: Annotated[int | None, _number("links")] = None
    length: Characters = None
    required: Flag = False
    domains: Words = ()
    """The only domains that may be linked, where the network binds them."""


class Thread(NamedTuple):
    """Several messages that belong together: a chain of replies, or one message after the other."""

    mode: Literal["reply", "message", "none"] = "none"
    max_parts: Annotated[int | None, _number("parts")] = None


class Comment(NamedTuple):
    """The author's own first comment."""

    mode: Literal["reply", "comment", "none"] = "none"
    limit: OfText = None


class Media(NamedTuple):
    """What holds for all media of one post together."""

    required: Flag = False
    total: Annotated[int | None, _number("media")] = None
    mixed: Words = ()
    """The kinds that may stand together in one post."""


class Medium(NamedTuple):
    """One kind of media. `count` 0 means that the network does not take it."""

    count: Annotated[int | None, _number("media")] = 0  # type: ignore[assignment]
    types: Words = ()
    """MIME types without their first half; any when empty."""
    bytes: Annotated[int | None, About("number", "bytes", "bytes", 1)] = None
    pixels: Annotated[int | None, About("number", "pixels", "pixels", 1)] = None
    min_width: Annotated[int | None, About("number", "pixels", "width", -1)] = None
    max_width: Annotated[int | None, About("number", "pixels", "width", 1)] = None
    max_height: Annotated[int | None, About("number", "pixels", "height", 1)] = None
    min_ratio: Annotated[float | None, About("fraction", "width/height", "ratio", -1)] = None
    max_ratio: Annotated[float | None, About("fraction", "width/height", "ratio", 1)] = None
    min_seconds: Annotated[float | None, About("fraction", "seconds", "seconds", -1)] = None
    max_seconds: Annotated[float | None, About("fraction", "seconds", "seconds", 1)] = None
    alt: Mode = "none"
    alt_limit: Characters = None


class Poll(NamedTuple):
    """A question with answers. `options_max` 0 means that there are none."""

    options_min: Annotated[int | None, _number("options")] = 2
    options_max: Annotated[int | None, _number("options")] = 0
    option_length: Characters = None
    question_length: Characters = None
    min_minutes: Minutes = None
    max_minutes: Minutes = None
    multiple: Flag = False
    with_media: Flag = False


class Warning(NamedTuple):
    """`field`: free text of its own; `label`: one of `labels`; `flag`: yes or no; `none`: only in the text."""

    mode: Literal["field", "label", "flag", "none"] = "none"
    labels: tuple[str, ...] = ()


class Language(NamedTuple):
    """Whether the post can say what language it is in."""

    supported: bool = False


class Price(NamedTuple):
    """What the network charges for one message, as decimal strings."""

    per_message: str | None = None
    per_message_with_link: str | None = None
    currency: str = "USD"
