"""Mastodon: 500 graphemes of warning and text (each server says its own number), every http(s) link counts 23."""

from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Language,
    Links,
    Media,
    Medium,
    Mentions,
    Poll,
    Rules,
    Source,
    Text,
    Thread,
    Warning,
)
from chalicelib.platforms.base import Platform

DOCS = Source("https://docs.joinmastodon.org/methods/instance/#v2", "2026-07-02")
VALIDATOR = Source(
    "https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb", "2026-11-22"
)


class Mastodon(Platform):
    """Statuses on the account's own server, which says its own limits."""

    name = "mastodon"
    title = "Mastodon"
    rules = Rules(
        platform="mastodon",
        source=DOCS,
        text=Text(unit="mastodon", limit=500, url_weight=23, includes_warning=True),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="at"),
        links=Links(card="auto"),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=500),
        media=Media(total=4),
        image=Medium(count=4, bytes=16_777_216, pixels=33_177_600, alt="optional", alt_limit=1500),
        gif=Medium(count=1, bytes=16_777_216, alt="optional", alt_limit=1500),
        video=Medium(count=1, bytes=103_809_024, alt="optional", alt_limit=1500),
        audio=Medium(count=1, bytes=103_809_024, alt="optional", alt_limit=1500),
        poll=Poll(options_max=4, option_length=50, min_minutes=5, max_minutes=43_829, multiple=True),
        warning=Warning(mode="field"),
        language=Language(supported=True),
        visibility={"public": "public", "unlisted": "unlisted", "followers": "private", "private": "direct"},
        sources={"text": VALIDATOR},
    )
