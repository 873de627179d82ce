"""Kuaishou: a film with a caption and up to four topics. How long the caption may be is not documented."""

from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://github.com/yikart/AiToEarn/tree/8bbf520c", "2026-06-01", "secondary")
UNCLEAR = Source(CITED.url, "2026-06-01", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")


class Kuaishou(RulesOnly):
    """Films."""

    name = "kuaishou"
    title = "Kuaishou 快手"
    rules = Rules(
        platform="kuaishou",
        source=CITED,
        text=Text(limit=1000),
        hashtags=Hashtags(style="hash", limit=4),
        mentions=Mentions(style="at", handle=r"[\w.-]{1,30}"),
        links=Links(inline="none"),
        media=Media(required=True, total=1),
        video=Medium(count=1),
        sources={"text.limit": UNCLEAR, "mentions": HABIT, "links": HABIT},
    )


platform = Kuaishou()
