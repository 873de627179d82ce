"""Zhihu: an article in markdown with a title, for its document import. It has no publishing API."""

from chalicelib.core.rules import Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

HABIT = Source("https://www.zhihu.com", "2026-11-22", "default")


class Zhihu(RulesOnly):
    """Articles."""

    name = "zhihu"
    title = "Zhihu 知乎"
    rules = Rules(
        platform="zhihu",
        source=HABIT,
        text=Text(markup="markdown"),
        title=Title(mode="required", limit=100),
        media=Media(mixed=("image", "gif")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
    )


platform = Zhihu()
