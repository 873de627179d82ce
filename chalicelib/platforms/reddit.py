"""Reddit: every post has a title; the text is markdown; people are u/name; hashtags mean nothing.

New API clients need manual approval since 2025-11 (support.reddithelp.com, Responsible Builder Policy).
"""

from chalicelib.core.rules import Comment, Media, Medium, Mentions, Rules, Source, Text, Title, Warning
from chalicelib.platforms.base import RulesOnly

HABIT = Source("https://www.reddit.com/dev/api/#POST_api_submit", "2026-11-22", "default")


class Reddit(RulesOnly):
    """Posts in a subreddit."""

    name = "reddit"
    title = "Reddit"
    rules = Rules(
        platform="reddit",
        source=HABIT,
        text=Text(limit=40_000, markup="markdown"),
        title=Title(mode="required", limit=300),
        mentions=Mentions(style="user"),
        comment=Comment(mode="comment", limit=10_000),
        media=Media(total=20),
        image=Medium(count=20, bytes=20_000_000, types=("jpeg", "png", "gif")),
        gif=Medium(count=1),
        video=Medium(count=1, bytes=1_000_000_000, max_seconds=900),
        warning=Warning(mode="flag"),
    )


platform = Reddit()
