"""Douyin: a film or pictures, a title of 30, 1,000 characters, five topics; the author finishes it in the app."""

from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://github.com/yikart/AiToEarn/tree/8bbf520c", "2026-06-01", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class Douyin(RulesOnly):
    """Films and picture stories."""

    name = "douyin"
    title = "Douyin 抖音"
    rules = Rules(
        platform="douyin",
        source=CITED,
        text=Text(limit=1000),
        title=Title(mode="optional", limit=30),
        hashtags=Hashtags(style="hash", limit=5),
        mentions=Mentions(style="at", handle=r"[\w.-]{1,30}"),
        links=Links(inline="none"),
        media=Media(required=True, total=12),
        image=Medium(count=12, bytes=20_971_520),
        video=Medium(count=1, bytes=104_857_600, max_seconds=900),
        visibility={"public": "0", "private": "1", "followers": "2"},
        sources={"mentions": HABIT, "links": HABIT},
    )


platform = Douyin()
