"""DEV (Forem): markdown with a title of 128 and four tags; pictures by URL."""

from chalicelib.core.rules import Hashtags, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

HABIT = Source("https://developers.forem.com/api/v1#tag/articles", "2026-11-22", "default")

TAGS = Source("https://github.com/forem/forem/blob/main/app/policies/article_policy.rb", "2026-11-23")


class Devto(RulesOnly):
    """Articles."""

    name = "devto"
    title = "DEV"
    rules = Rules(
        platform="devto",
        source=HABIT,
        text=Text(markup="markdown"),
        title=Title(mode="required", limit=128),
        hashtags=Hashtags(style="field", limit=4, alphanumeric=True),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_]{2,30}"),
        media=Media(mixed=("image", "gif")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
        sources={"hashtags.limit": TAGS},
    )


platform = Devto()
