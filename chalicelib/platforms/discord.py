"""Discord: 2,000 characters of markdown in a channel; people are <@id>, and nobody is pinged unless that is allowed."""

from chalicelib.core.rules import Links, Media, Medium, Mentions, Poll, Rules, Source, Text, Thread, Warning
from chalicelib.platforms.base import RulesOnly

DOCS = Source("https://github.com/discord/discord-api-docs/tree/c98d64bc", "2026-08-06")
HABIT = Source("common practice", "2026-11-22", "default")
FILE = 10_485_760
"""The default of 10 MiB; servers with boosts take more."""


class Discord(RulesOnly):
    """Messages of a webhook or bot."""

    name = "discord"
    title = "Discord"
    rules = Rules(
        platform="discord",
        source=DOCS,
        text=Text(limit=2000, markup="discord"),
        mentions=Mentions(style="id"),
        links=Links(card="auto"),
        thread=Thread(mode="message"),
        media=Media(total=10, mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        gif=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        video=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        audio=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        document=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        poll=Poll(
            options_min=1,
            options_max=10,
            option_length=55,
            question_length=300,
            min_minutes=60,
            max_minutes=46_080,
            multiple=True,
            with_media=True,
        ),
        warning=Warning(mode="flag"),
        sources={"media.total": HABIT, "poll.with_media": HABIT, "poll.options_min": HABIT},
    )


platform = Discord()
