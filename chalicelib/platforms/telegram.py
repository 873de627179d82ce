"""Telegram: 4,096 UTF-16 units, 1,024 under media; Telegram itself finds links, mentions and hashtags in plain text.

So nothing is escaped and nothing can fail to parse; the offsets of our markup are those of Telegram's entities.
"""

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

API = Source("https://core.telegram.org/bots/api (Bot API 10.1)", "2026-06-11")
HABIT = Source("common practice", "2026-11-22", "default")


class Telegram(RulesOnly):
    """Messages of a bot in a channel, group or chat."""

    name = "telegram"
    title = "Telegram"
    rules = Rules(
        platform="telegram",
        source=API,
        text=Text(unit="utf16", limit=4096, limit_with_media=1024, offsets="utf16"),
        hashtags=Hashtags(style="hash", cashtags=None),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_]{4,32}"),
        links=Links(card="auto"),
        thread=Thread(mode="message"),
        comment=Comment(mode="reply", limit=4096),
        media=Media(total=10, mixed=("image", "video")),
        image=Medium(count=10, bytes=10_000_000, min_ratio=1 / 20, max_ratio=20, max_width=10_000, max_height=10_000),
        gif=Medium(count=1, bytes=50_000_000),
        video=Medium(count=10, bytes=50_000_000),
        audio=Medium(count=10, bytes=50_000_000),
        document=Medium(count=10, bytes=50_000_000),
        poll=Poll(
            options_min=1,
            options_max=12,
            option_length=100,
            question_length=300,
            min_minutes=1,
            max_minutes=43_800,
            multiple=True,
        ),
        warning=Warning(mode="flag"),
        sources={"poll.with_media": HABIT, "mentions.handle": HABIT},
    )


platform = Telegram()
