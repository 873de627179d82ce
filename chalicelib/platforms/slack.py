"""Slack: mrkdwn, best up to 4,000 characters (it truncates at 40,000); people are <@id>; more goes in the thread."""

from chalicelib.core.rules import Comment, Links, Media, Medium, Mentions, Rules, Source, Text, Thread
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://docs.slack.dev/reference/methods/chat.postMessage", "2026-11-22", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class Slack(RulesOnly):
    """Messages of an app in a channel."""

    name = "slack"
    title = "Slack"
    rules = Rules(
        platform="slack",
        source=CITED,
        text=Text(limit=4000, markup="mrkdwn"),
        mentions=Mentions(style="id"),
        links=Links(card="auto"),
        thread=Thread(mode="message"),
        comment=Comment(mode="reply", limit=4000),
        media=Media(total=10, mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=10, alt="optional", alt_limit=2000),
        gif=Medium(count=10, alt="optional", alt_limit=2000),
        video=Medium(count=10),
        audio=Medium(count=10),
        document=Medium(count=10),
        sources={"media": HABIT, "image": HABIT, "gif": HABIT, "video": HABIT, "audio": HABIT, "document": HABIT},
    )


platform = Slack()
