"""Facebook Pages: long plain text; a link of its own makes the card, and goes only where there are no pictures."""

from chalicelib.core.rules import Comment, Hashtags, Links, Medium, Rules, Source, Text
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://developers.facebook.com/docs/pages-api/posts", "2026-10-04", "secondary")
UNCLEAR = Source("https://developers.facebook.com/docs/graph-api/reference/page/feed", "2026-11-22", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")


class Facebook(RulesOnly):
    """Posts of a Page."""

    name = "facebook"
    title = "Facebook"
    rules = Rules(
        platform="facebook",
        source=CITED,
        text=Text(limit=63_206),
        hashtags=Hashtags(style="hash"),
        links=Links(card="field"),
        comment=Comment(mode="comment", limit=8000),
        image=Medium(count=10, bytes=10_000_000, types=("jpeg", "bmp", "png", "gif", "tiff"), alt="optional"),
        gif=Medium(count=1, bytes=10_000_000, alt="optional"),
        video=Medium(count=1),
        sources={
            "text.limit": UNCLEAR,
            "text.unit": UNCLEAR,
            "mentions": HABIT,
            "comment.limit": HABIT,
            "image.count": HABIT,
            "gif": HABIT,
            "video": HABIT,
        },
    )


platform = Facebook()
