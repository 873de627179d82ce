"""TikTok: a film with a caption of 2,200 UTF-16 units, or pictures with a title of 90 and a description of 4,000.

Promotional links are against its rules, and none can be clicked, so the post's link stays out.
"""

from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://developers.tiktok.com/doc/content-posting-api-reference-direct-post", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class TikTok(RulesOnly):
    """Films and picture stories."""

    name = "tiktok"
    title = "TikTok"
    rules = Rules(
        platform="tiktok",
        source=CITED,
        text=Text(unit="utf16", limit=4000, limit_with_video=2200),
        title=Title(mode="optional", limit=90, unit="utf16", only_with=("image",)),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_.]{2,24}"),
        links=Links(inline="none"),
        media=Media(required=True),
        image=Medium(count=35, bytes=20_000_000, types=("jpeg", "webp")),
        video=Medium(
            count=1, bytes=4_000_000_000, types=("mp4", "webm", "mov"), max_seconds=600, min_width=360, max_width=4096
        ),
        visibility={"public": "PUBLIC_TO_EVERYONE", "followers": "FOLLOWER_OF_CREATOR", "private": "SELF_ONLY"},
        labels={"ai_generated": "is_aigc", "paid_partnership": "brand_content_toggle"},
        sources={"mentions": HABIT},
    )


platform = TikTok()
