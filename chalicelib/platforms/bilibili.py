"""Bilibili: a film with a title under 80, a description under 250, and tags under 200 characters in all."""

from chalicelib.core.rules import Comment, Hashtags, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://github.com/yikart/AiToEarn/tree/8bbf520c", "2026-06-01", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class Bilibili(RulesOnly):
    """Films."""

    name = "bilibili"
    title = "Bilibili 哔哩哔哩"
    rules = Rules(
        platform="bilibili",
        source=CITED,
        text=Text(limit=249),
        title=Title(mode="required", limit=79),
        hashtags=Hashtags(style="field", limit=10, total_length=199),
        comment=Comment(mode="comment", limit=1000),
        media=Media(required=True, total=1),
        video=Medium(count=1, bytes=4_294_967_296, types=("mp4", "flv")),
        sources={"hashtags.limit": HABIT, "comment": HABIT, "links": HABIT},
    )


platform = Bilibili()
