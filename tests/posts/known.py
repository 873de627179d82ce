"""Renditions that are known to be wrong. They have no golden, only the reason, and must go on failing `test_sense.py`
until the fault is mended; then the entry here goes, and `make goldens` writes the rendition for review.
"""

KNOWN: dict[tuple[str, str], str] = {
    **{
        (post, network): "a link that stands in the text is reported as dropped, and stays there (adapting/linking.py)"
        for post in ("announcement", "article", "chinese", "long_truncated")
        for network in ("douyin", "kuaishou", "tiktok", "xiaohongshu")
    },
    **{
        ("links", network): "the issue link_inlined says that the link is in the text, where it is in a card or dropped"
        for network in ("douyin", "kuaishou", "pinterest", "tiktok", "tumblr", "wechat", "xiaohongshu")
    },
    ("mixed", "x"): "@bellringer@towers.example is no mention on X: twitter-text wants no @ behind a handle",
}
"""By (post, network): what is wrong."""
