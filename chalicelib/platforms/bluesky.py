"""Bluesky: 300 graphemes and 3,000 UTF-8 bytes; facets count in bytes; one embed (pictures, a film or a link card) per post."""

from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Language,
    Links,
    Media,
    Medium,
    Mentions,
    Rules,
    Source,
    Text,
    Thread,
    Warning,
)
from chalicelib.platforms.base import Platform

LEXICONS = Source("https://github.com/bluesky-social/atproto/tree/d6296a1c/lexicons/app/bsky", "2026-08-20")
HABIT = Source("https://docs.bsky.app/docs/advanced-guides/posts", "2026-11-22", "default")


class Bluesky(Platform):
    """Posts as records in the author's own repository."""

    name = "bluesky"
    title = "Bluesky"
    rules = Rules(
        platform="bluesky",
        source=LEXICONS,
        text=Text(unit="graphemes", limit=300, bytes_limit=3000, markup="facets"),
        hashtags=Hashtags(style="hash", length=64),
        mentions=Mentions(style="facet"),
        links=Links(card="client"),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=300),
        media=Media(total=4),
        image=Medium(count=4, bytes=2_000_000, alt="required"),
        gif=Medium(count=4, bytes=2_000_000, alt="required"),
        video=Medium(count=1, bytes=300_000_000, types=("mp4",), max_seconds=180, alt="optional"),
        warning=Warning(mode="label", labels=("porn", "sexual", "nudity", "graphic-media")),
        language=Language(supported=True),
        sources={"video.max_seconds": HABIT, "warning.labels": HABIT},
    )
