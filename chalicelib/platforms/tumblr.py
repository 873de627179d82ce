"""Tumblr: a post is up to 1,000 blocks of 4,096 code points, a megabyte in all, with its tags beside it."""

from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text, Title, Warning
from chalicelib.platforms.base import RulesOnly

DOCS = Source("https://github.com/tumblr/docs/tree/708be109", "2024-10-01")
HABIT = Source("common practice", "2026-11-22", "default")


class Tumblr(RulesOnly):
    """Posts of a blog, in blocks."""

    name = "tumblr"
    title = "Tumblr"
    rules = Rules(
        platform="tumblr",
        source=DOCS,
        text=Text(limit=4_096_000, bytes_limit=1_000_000, block=4096),
        title=Title(mode="optional", limit=4096),
        hashtags=Hashtags(style="field", limit=30, length=140),
        mentions=Mentions(style="at", limit=50, handle=r"[a-z0-9-]{1,32}"),
        links=Links(card="client", card_with_media=True, limit=100),
        media=Media(mixed=("image", "gif", "video", "audio")),
        image=Medium(count=30, alt="optional", alt_limit=4096),
        gif=Medium(count=30, alt="optional", alt_limit=4096),
        video=Medium(count=1),
        audio=Medium(count=10),
        warning=Warning(mode="flag"),
        visibility={"public": "published", "private": "private"},
        sources={"hashtags": HABIT, "mentions.handle": HABIT, "warning": HABIT},
    )


platform = Tumblr()
