"""LinkedIn: 3,000 characters of little text, where a reserved character left unescaped silently cuts the post off.

A link card is not made from the text: we send title, description and picture. Whether 3,000 is counted before or after
escaping is not documented; we count what readers see.
"""

from chalicelib.core.rules import Comment, Hashtags, Links, Media, Medium, Mentions, Poll, Rules, Source, Text
from chalicelib.platforms.base import RulesOnly

CITED = Source(
    "https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api", "2026-10-04", "secondary"
)
LITTLE = Source(
    "https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format", "2026-05-01"
)
HABIT = Source("common practice", "2026-11-22", "default")


class LinkedIn(RulesOnly):
    """Posts of a member or an organization."""

    name = "linkedin"
    title = "LinkedIn"
    rules = Rules(
        platform="linkedin",
        source=CITED,
        text=Text(limit=3000, markup="little_text"),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="little_text"),
        links=Links(card="client"),
        comment=Comment(mode="comment", limit=1250),
        media=Media(total=20),
        image=Medium(count=20, types=("jpeg", "png", "gif"), pixels=36_152_319, alt="optional", alt_limit=4086),
        gif=Medium(count=1, pixels=36_152_319, alt="optional", alt_limit=4086),
        video=Medium(count=1, bytes=500_000_000, types=("mp4",), min_seconds=3, max_seconds=1800),
        document=Medium(count=1, bytes=100_000_000),
        poll=Poll(options_max=4, option_length=30, question_length=140, min_minutes=1440, max_minutes=20_160),
        visibility={"public": "PUBLIC", "followers": "CONNECTIONS"},
        sources={
            "text.markup": LITTLE,
            "text.unit": Source(LITTLE.url, "2026-11-22", "unknown"),
            "comment.limit": HABIT,
            "document": HABIT,
            "poll": HABIT,
        },
    )


platform = LinkedIn()
