"""TikTok: https://developers.tiktok.com/doc/webhooks-overview, webhooks-verification and
content-posting-api-reference-get-video-status (read 2026-11-23). It tells what became of posts, and of nobody's deeds.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Told
from chalicelib.callbacks.signatures import fresh, hmac_hex, matches, needed, same
from chalicelib.core.engagement import Kind, Seen

SIGNATURE = re.compile(r"t=(\d+),s=([0-9a-f]+)", re.ASCII)
KINDS: dict[str, Kind] = {
    "video.publish.completed": "published",
    "post.publish.complete": "published",
    "post.publish.publicly_available": "published",
    "post.publish.no_longer_publicaly_available": "removed",
}
"""TikTok spells the last one so."""


class TikTok(Callbacks):
    """Posts that are public, and that are no longer."""

    name = "tiktok"
    title = "TikTok"
    secrets = ("client_secret",)
    setup = "developers.tiktok.com: the app's Webhooks, with this address"

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The time and the HMAC of time, dot and body in hex digits."""
        timestamp, given = matches(SIGNATURE, call.header("tiktok-signature"))
        fresh(timestamp, call.at)
        same(given, hmac_hex(needed(keys, "client_secret"), f"{timestamp}.".encode() + call.body))
        return call.body

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """By the post's id, or that of its publishing where it has no other. What is gone is gone under both."""
        kind = KINDS.get(event["event"])
        if kind is None:
            return
        content, at = json.loads(event["content"]), datetime.fromtimestamp(event["create_time"], UTC)
        ids = [str(content[name]) for name in ("post_id", "publish_id", "share_id") if content.get(name)]
        for post in ids if kind == "removed" else ids[:1]:
            yield Seen(kind, f"{post}:{event['create_time']}", at, post, owner=event["user_openid"])


callbacks = TikTok()
