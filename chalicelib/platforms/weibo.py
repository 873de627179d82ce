"""Weibo, the ordinary share interface: 140 Han characters (half-widths count half), no #话题#, never without a link.

The link must be on the app's bound domain, which the account's limits say: `{"links.domains": ["example.cn"]}`. Longer
texts and several pictures are for the commercial tier: `{"text.limit": 2000, "image.count": 9}`.
"""

from chalicelib.core.rules import Comment, Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text
from chalicelib.platforms.base import RulesOnly

SHARE = Source("https://open.weibo.com/wiki/2/statuses/share", "2026-11-22")
COUNTING = Source("Sina's STK.kit.extra.count, the web composer's (about 2012)", "2026-11-22", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")


class Weibo(RulesOnly):
    """Posts by `statuses/share`."""

    name = "weibo"
    title = "Weibo 微博"
    rules = Rules(
        platform="weibo",
        source=SHARE,
        text=Text(unit="weibo", limit=140),
        hashtags=Hashtags(style="forbidden"),
        mentions=Mentions(style="at", handle=r"[\w-]{2,30}"),
        links=Links(card="auto", bare=False, required=True),
        comment=Comment(mode="comment", limit=140),
        media=Media(total=1),
        image=Medium(count=1, bytes=4_999_999, types=("jpeg", "gif", "png")),
        gif=Medium(count=1, bytes=4_999_999),
        sources={"text.unit": COUNTING, "mentions": HABIT, "comment": HABIT},
    )


platform = Weibo()
