"""Instagram, professional accounts: no post without a picture or film, 2,200 characters, five hashtags, no live links.

Pictures are scaled to 320-1440 pixels across, not refused. The API page still says 30 hashtags, the app says 5.
"""

from chalicelib.core.rules import Comment, Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://developers.facebook.com/docs/instagram-platform/content-publishing", "2026-10-04", "secondary")
ALT = Source("https://developers.facebook.com/docs/instagram-platform/changelog", "2025-03-24")
UNCLEAR = Source("https://www.socialmediatoday.com", "2026-09-14", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")


class Instagram(RulesOnly):
    """Pictures and films with a caption."""

    name = "instagram"
    title = "Instagram"
    rules = Rules(
        platform="instagram",
        source=CITED,
        text=Text(limit=2200),
        hashtags=Hashtags(style="hash", limit=5),
        mentions=Mentions(style="at", limit=20, handle=r"[A-Za-z0-9._]{1,30}"),
        links=Links(inline="text"),
        comment=Comment(mode="comment", limit=2200),
        media=Media(required=True, total=10, mixed=("image", "video")),
        image=Medium(
            count=10, bytes=8_000_000, types=("jpeg",), min_ratio=4 / 5, max_ratio=1.91, alt="optional", alt_limit=1000
        ),
        video=Medium(
            count=10,
            bytes=300_000_000,
            types=("mov", "mp4"),
            min_seconds=3,
            max_seconds=900,
            min_ratio=0.01,
            max_ratio=10,
        ),
        sources={
            "text.unit": UNCLEAR,
            "hashtags.limit": UNCLEAR,
            "links.inline": UNCLEAR,
            "media.total": UNCLEAR,
            "video.bytes": UNCLEAR,
            "image.alt": ALT,
            "image.alt_limit": ALT,
            "comment.limit": HABIT,
        },
    )


platform = Instagram()
