"""WordPress: HTML of any length with a title, tags as terms of their own, media from the library."""

from chalicelib.core.rules import Hashtags, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

HABIT = Source("https://developer.wordpress.org/rest-api/reference/posts", "2026-11-22", "default")


class WordPress(RulesOnly):
    """Posts of a site."""

    name = "wordpress"
    title = "WordPress"
    rules = Rules(
        platform="wordpress",
        source=HABIT,
        text=Text(markup="html"),
        title=Title(mode="required"),
        hashtags=Hashtags(style="field"),
        media=Media(mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
        video=Medium(count=None),
        audio=Medium(count=None),
        document=Medium(count=None),
        visibility={"public": "publish", "private": "private"},
    )


platform = WordPress()
