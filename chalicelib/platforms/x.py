"""X: 280 weighted characters, a link counts 23, and a post with a link costs thirteen times as much.

Posting through the API is paid per use. Replies are for people who were summoned; a thread of one's own still is a
chain of replies: https://docs.x.com/x-api/posts/manage-tweets/integrate (2026-08-22).
"""

from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Links,
    Media,
    Medium,
    Mentions,
    Poll,
    Price,
    Rules,
    Source,
    Text,
    Thread,
)
from chalicelib.platforms.base import RulesOnly

DOCS = Source("https://docs.x.com/x-api", "2026-08-22")
COUNTING = Source("https://github.com/twitter/twitter-text/blob/30e2430d/config/v3.json", "2021-10-01")
PRICING = Source("https://docs.x.com/x-api/getting-started/pricing", "2026-04-20")
LARGER = Source("https://docs.x.com/x-api/media/quickstart/best-practices", "2026-08-22", "unknown")
"""The page says 1280 by 1024; larger films are known to pass."""
HABIT = Source("common practice", "2026-11-22", "default")


class X(RulesOnly):
    """Short posts in chains of replies."""

    name = "x"
    title = "X"
    rules = Rules(
        platform="x",
        source=DOCS,
        text=Text(unit="weighted", limit=280, url_weight=23, offsets="utf16", forbidden="\ufffe\ufeff\uffff"),
        hashtags=Hashtags(style="hash", cashtags=1),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_]{1,15}+(?![@＠])"),
        links=Links(card="auto"),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=280),
        media=Media(total=4),
        image=Medium(count=4, bytes=5_000_000, types=("jpeg", "png", "gif", "webp"), alt="optional", alt_limit=1000),
        gif=Medium(count=1, bytes=15_000_000, max_width=1280, max_height=1080, alt="optional", alt_limit=1000),
        video=Medium(
            count=1,
            bytes=512_000_000,
            types=("mp4",),
            min_seconds=0.5,
            max_seconds=140,
            min_width=32,
            max_width=1280,
            max_height=1024,
            min_ratio=1 / 3,
            max_ratio=3,
        ),
        poll=Poll(options_max=4, option_length=25, min_minutes=5, max_minutes=10_080),
        labels={"ai_generated": "made_with_ai", "paid_partnership": "paid_partnership"},
        price=Price(per_message="0.015", per_message_with_link="0.200"),
        sources={
            "text": COUNTING,
            "price": PRICING,
            "video.max_width": LARGER,
            "video.max_height": LARGER,
            "poll.with_media": HABIT,
            "thread": HABIT,
        },
    )


platform = X()
