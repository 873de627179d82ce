"""Toutiao: an article with a title of 2 to 30 characters. No public publishing API is documented."""

from chalicelib.core.rules import Links, Media, Medium, Rules, Source, Title
from chalicelib.platforms.kinds import Assisted

HABIT = Source("https://mp.toutiao.com", "2026-11-22", "unknown")


class Toutiao(Assisted):
    """Articles."""

    name = "toutiao"
    title = "Toutiao 今日头条"
    where = "https://mp.toutiao.com/profile_v4/graphic/publish"
    rules = Rules(
        platform="toutiao",
        source=HABIT,
        title=Title(mode="required", minimum=2, limit=30),
        links=Links(inline="text"),
        media=Media(mixed=("image", "gif")),
        image=Medium(count=None),
        gif=Medium(count=None),
    )


platform = Toutiao()
