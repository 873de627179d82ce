"""Douyin: a film or pictures, a title of 30, 1,000 characters, five topics; the author finishes it in the app.

Handing in films by API is closed to ordinary apps. Douyin's own app can be opened with a film or pictures in it: by
`share_link`, which an app's ticket signs, and which is good for a while only.
"""

import json
from dataclasses import replace
from datetime import datetime
from hashlib import md5
from urllib.parse import quote, urlencode

from chalicelib.core.conversation import Bundle, Job
from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.kinds import Assisted

CITED = Source("https://github.com/yikart/AiToEarn/tree/8bbf520c", "2026-06-01", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

SHARE = "snssdk1128://openplatform/share"
SHORT_TITLE = 12
"""What the app takes as a short title: https://github.com/yikart/AiToEarn/tree/8bbf520c, 2026-06-01."""


class Douyin(Assisted):
    """Films and picture stories."""

    name = "douyin"
    title = "Douyin 抖音"
    where = "https://creator.douyin.com/creator-micro/content/upload"
    shares = True
    rules = Rules(
        platform="douyin",
        source=CITED,
        text=Text(limit=1000),
        title=Title(mode="optional", limit=30),
        hashtags=Hashtags(style="hash", limit=5),
        mentions=Mentions(style="at", handle=r"[\w.-]{1,30}"),
        links=Links(inline="none"),
        media=Media(required=True, total=12),
        image=Medium(count=12, bytes=20_971_520),
        video=Medium(count=1, bytes=104_857_600, max_seconds=900),
        visibility={"public": "0", "private": "1", "followers": "2"},
        sources={"mentions": HABIT, "links": HABIT},
    )

    def bundle(self, job: Job) -> Bundle:
        """With what Douyin's app takes over by itself."""
        plain = super().bundle(job)
        film = [media.url for part in job.rendition.parts for media in part.media if media.kind == "video"]
        share = {"share_type": "h5", "title": plain.text}
        if plain.title and len(plain.title) <= SHORT_TITLE:
            share["short_title"] = plain.title
        if film:
            share |= {"video_path": film[0], "share_to_publish": "1"}
        else:
            share["image_list_path"] = json.dumps(plain.media)
        if job.rendition.visibility:
            share["private_status"] = job.rendition.visibility
        return replace(plain, share=share)


def share_link(share: dict[str, str], client_key: str, ticket: str, nonce: str, now: datetime, share_id: str) -> str:
    """The address that opens Douyin's app with a bundle's `share` in it; `share_id` comes back with what was published.

    https://github.com/yikart/AiToEarn/tree/8bbf520c, which quotes the documentation's example, read 2026-11-23.
    """
    moment = str(int(now.timestamp()))
    signature = md5(f"nonce_str={nonce}&ticket={ticket}&timestamp={moment}".encode(), usedforsecurity=False).hexdigest()
    signed = {"client_key": client_key, "nonce_str": nonce, "timestamp": moment, "signature": signature}
    return f"{SHARE}?{urlencode({**signed, 'state': share_id, **share}, quote_via=quote)}"


platform = Douyin()
