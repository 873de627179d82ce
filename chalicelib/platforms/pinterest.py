"""Pinterest: a Pin is a picture or film with a title, a description and one link of its own."""

from chalicelib.core.rules import Hashtags, Links, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

SCHEMA = Source("https://github.com/pinterest/api-description/tree/c05b1897", "2025-12-01")
CITED = Source("https://developers.pinterest.com/docs/api/v5/pins-create", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class Pinterest(RulesOnly):
    """Pins on a board."""

    name = "pinterest"
    title = "Pinterest"
    rules = Rules(
        platform="pinterest",
        source=SCHEMA,
        text=Text(limit=800),
        title=Title(mode="optional", limit=100),
        hashtags=Hashtags(style="hash"),
        links=Links(inline="text", card="field", card_with_media=True, length=2048),
        media=Media(required=True, total=5),
        image=Medium(count=5, bytes=20_000_000, types=("jpeg", "png"), alt="optional", alt_limit=500),
        video=Medium(
            count=1,
            bytes=2_000_000_000,
            types=("mp4", "mov", "m4v"),
            min_seconds=4,
            max_seconds=900,
            min_ratio=0.5,
            max_ratio=1.91,
            alt="optional",
            alt_limit=500,
        ),
        sources={"hashtags": HABIT, "links.inline": HABIT, "image.bytes": CITED, "video": CITED},
    )


platform = Pinterest()
