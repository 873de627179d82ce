"""YouTube: one film with a title of 100 characters and a description of 5,000 bytes, neither with < or >.

With more than 60 hashtags all of them are ignored. Links in Shorts cannot be clicked.
"""

from chalicelib.core.rules import Comment, Hashtags, Language, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://developers.google.com/youtube/v3/docs/videos", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class YouTube(RulesOnly):
    """Films on a channel."""

    name = "youtube"
    title = "YouTube"
    rules = Rules(
        platform="youtube",
        source=CITED,
        text=Text(unit="utf8", limit=5000, forbidden="<>"),
        title=Title(mode="required", limit=100),
        hashtags=Hashtags(style="hash", limit=60),
        mentions=Mentions(style="at", handle=r"[\w.·-]{3,30}"),
        comment=Comment(mode="comment", limit=10_000),
        media=Media(required=True, total=1),
        video=Medium(count=1, bytes=256_000_000_000),
        language=Language(supported=True),
        visibility={"public": "public", "unlisted": "unlisted", "private": "private"},
        labels={
            "ai_generated": "status.containsSyntheticMedia",
            "paid_partnership": "paidProductPlacementDetails.hasPaidProductPlacement",
        },
        sources={"mentions": HABIT, "comment.limit": HABIT, "labels": HABIT},
    )


platform = YouTube()
