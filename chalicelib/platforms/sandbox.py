"""Sandbox: our own test network. 500 graphemes, four pictures, threads, polls, alt text; it takes everything."""

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
    Title,
    Warning,
)
from chalicelib.platforms.base import Platform

OURS = Source("docs/sandbox.md", "2026-11-22")


class Sandbox(Platform):
    """The network that everybody can post to without an account anywhere."""

    name = "sandbox"
    title = "Sandbox"
    rules = Rules(
        platform="sandbox",
        source=OURS,
        text=Text(unit="graphemes", limit=500),
        title=Title(mode="optional", limit=100, unit="graphemes"),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="at"),
        links=Links(card="client", card_with_media=True),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=500),
        media=Media(total=4, mixed=True),
        image=Medium(count=4, alt="optional", alt_limit=1500),
        gif=Medium(count=4, alt="optional", alt_limit=1500),
        video=Medium(count=4, alt="optional", alt_limit=1500),
        audio=Medium(count=4, alt="optional", alt_limit=1500),
        document=Medium(count=4, alt="optional", alt_limit=1500),
        poll=Poll(options_max=20, option_length=300, multiple=True, with_media=True),
        warning=Warning(mode="field"),
        language=Language(supported=True),
        visibility={"public": "public", "unlisted": "unlisted", "followers": "followers", "private": "private"},
        labels={"ai_generated": "ai_generated", "paid_partnership": "paid_partnership"},
    )
