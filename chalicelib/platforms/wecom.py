"""WeCom group bot: messages of 2,048 bytes of plain text, and a picture as a message of its own."""

from chalicelib.core.rules import Media, Medium, Rules, Source, Text, Thread
from chalicelib.platforms.base import RulesOnly

CITED = Source("https://developer.work.weixin.qq.com/document/path/91770", "2026-11-22", "secondary")


class WeCom(RulesOnly):
    """Messages of a group bot."""

    name = "wecom"
    title = "WeCom 企业微信"
    rules = Rules(
        platform="wecom",
        source=CITED,
        text=Text(unit="utf8", limit=2048),
        thread=Thread(mode="message"),
        media=Media(total=1),
        image=Medium(count=1, bytes=2_097_152, types=("jpeg", "png")),
    )


platform = WeCom()
