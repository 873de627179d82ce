"""WeChat Official Account: an article of less than 20,000 characters of HTML with a title of 32 and a cover.

Links in the body cannot be clicked; the article's own link is 阅读原文. Since 2025-07 only verified accounts may
publish by API; all may make drafts.
"""

from chalicelib.core.rules import Links, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import RulesOnly

DRAFTS = Source("https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add", "2026-11-22")
CITED = Source(DRAFTS.url, "2026-11-22", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")


class WeChat(RulesOnly):
    """Articles of an official account."""

    name = "wechat"
    title = "WeChat 微信公众号"
    rules = Rules(
        platform="wechat",
        source=DRAFTS,
        text=Text(unit="html", limit=19_999, markup="wechat_html"),
        title=Title(mode="required", limit=32),
        links=Links(inline="text", card="field", card_with_media=True, length=1024),
        media=Media(required=True, total=20),
        image=Medium(count=20, bytes=10_000_000, types=("jpeg", "png")),
        gif=Medium(count=20, bytes=10_000_000),
        sources={"links.inline": HABIT, "image": CITED, "gif": HABIT, "media.total": CITED},
    )


platform = WeChat()
