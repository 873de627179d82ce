"""Feishu group bot: a request of 20 KiB in all, so 20,000 bytes of text; pictures would need an app's upload."""

from chalicelib.core.rules import Rules, Source, Text, Thread, Title
from chalicelib.platforms.base import RulesOnly

DOCS = Source("https://open.larkoffice.com/document/ukTMukTMukTM/ucTM5YjL3ETO24yNxkjN", "2026-11-22")


class Feishu(RulesOnly):
    """Messages of a group bot."""

    name = "feishu"
    title = "Feishu 飞书"
    rules = Rules(
        platform="feishu",
        source=DOCS,
        text=Text(unit="utf8", limit=20_000),
        title=Title(mode="optional"),
        thread=Thread(mode="message"),
    )


platform = Feishu()
