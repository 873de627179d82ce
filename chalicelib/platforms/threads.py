"""Threads: 500 characters where an emoji counts its UTF-8 bytes, one topic tag, five different links at most."""

from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Links,
    Media,
    Medium,
    Mentions,
    Poll,
    Rules,
    Source,
    Text,
    Thread,
    Warning,
)
from chalicelib.platforms.base import RulesOnly

DOCS = Source("https://developers.facebook.com/documentation/threads/posts", "2026-04-14")
LINKS = Source("https://developers.facebook.com/documentation/threads/create-posts/text-attachments", "2026-07-02")
CITED = Source("https://developers.facebook.com/docs/threads/posts", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class Threads(RulesOnly):
    """Short posts of Instagram's people."""

    name = "threads"
    title = "Threads"
    rules = Rules(
        platform="threads",
        source=DOCS,
        text=Text(unit="threads", limit=500),
        hashtags=Hashtags(style="hash", limit=1, length=50),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9._]{1,30}"),
        links=Links(card="client", limit=5),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=500),
        media=Media(total=20, mixed=("image", "video")),
        image=Medium(
            count=20,
            bytes=8_000_000,
            types=("jpeg", "png"),
            min_ratio=0.1,
            max_ratio=10,
            alt="optional",
            alt_limit=1000,
        ),
        video=Medium(
            count=20,
            bytes=1_000_000_000,
            types=("mov", "mp4"),
            max_seconds=300,
            max_width=1920,
            alt="optional",
            alt_limit=1000,
        ),
        poll=Poll(options_max=4),
        warning=Warning(mode="flag"),
        sources={
            "hashtags": CITED,
            "links.limit": LINKS,
            "links": CITED,
            "media": CITED,
            "image": CITED,
            "video": CITED,
            "poll": HABIT,
            "warning": HABIT,
        },
    )


platform = Threads()
