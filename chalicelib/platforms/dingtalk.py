"""DingTalk group bot: markdown of about 20,000 bytes with a title for the notification, pictures by URL."""

from chalicelib.core.rules import Media, Medium, Rules, Source, Text, Thread, Title
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://open.dingtalk.com/document/orgapp/custom-robot-access", "2026-11-22", "secondary")
HABIT = Source(CITED.url, "2026-11-22", "default")


class DingTalk(RulesOnly):
    """Messages of a group bot."""

    name = "dingtalk"
    title = "DingTalk 钉钉"
    rules = Rules(
        platform="dingtalk",
        source=CITED,
        text=Text(unit="utf8", limit=20_000, markup="markdown"),
        title=Title(mode="required", limit=100),
        thread=Thread(mode="message"),
        media=Media(mixed=("image", "gif")),
        image=Medium(count=None),
        gif=Medium(count=None),
        sources={"text.limit": HABIT, "title.limit": HABIT, "image": HABIT, "gif": HABIT},
    )


platform = DingTalk()
