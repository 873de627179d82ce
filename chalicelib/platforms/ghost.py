"""Ghost: HTML of any length with a title of 255, for everybody or for members."""

from chalicelib.core.rules import Hashtags, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

HABIT = Source("https://ghost.org/docs/admin-api", "2026-11-22", "default")


class Ghost(RulesOnly):
    """Posts of a publication."""

    name = "ghost"
    title = "Ghost"
    rules = Rules(
        platform="ghost",
        source=HABIT,
        text=Text(markup="html"),
        title=Title(mode="required", limit=255),
        hashtags=Hashtags(style="field", length=191),
        media=Media(mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
        video=Medium(count=None),
        audio=Medium(count=None),
        document=Medium(count=None),
        visibility={"public": "public", "followers": "members"},
    )


platform = Ghost()
