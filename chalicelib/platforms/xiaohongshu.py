"""Xiaohongshu: nine pictures or a film, a title of 20, 1,000 characters, five topics. It has no publishing API."""

from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.kinds import Assisted

CITED = Source("https://github.com/yikart/AiToEarn/tree/8bbf520c", "2026-06-01", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class Xiaohongshu(Assisted):
    """Notes with pictures or a film."""

    name = "xiaohongshu"
    title = "Xiaohongshu 小红书"
    where = "https://creator.xiaohongshu.com/publish/publish"
    rules = Rules(
        platform="xiaohongshu",
        source=CITED,
        text=Text(limit=1000),
        title=Title(mode="optional", limit=20),
        hashtags=Hashtags(style="hash", limit=5),
        mentions=Mentions(style="at", handle=r"[\w.-]{1,30}"),
        links=Links(inline="none"),
        media=Media(required=True, total=9),
        image=Medium(count=9, bytes=20_971_520),
        video=Medium(count=1, bytes=1_073_741_824, max_seconds=3600),
        sources={"mentions": HABIT, "links": HABIT},
    )


platform = Xiaohongshu()
