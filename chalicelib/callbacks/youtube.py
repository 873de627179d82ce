"""YouTube: https://developers.google.com/youtube/v3/guides/push_notifications, by WebSub
(https://www.w3.org/TR/websub/, both read 2026-11-23). It tells of uploads and of changed titles, and of nobody's deeds.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from chalicelib.callbacks import xml
from chalicelib.callbacks.base import Callbacks, Forged, Incoming, Keys, Response, Told
from chalicelib.callbacks.signatures import hmac_hex, needed, same
from chalicelib.core.engagement import Seen

TOPICS = ("https://www.youtube.com/xml/feeds/videos.xml?", "https://www.youtube.com/feeds/videos.xml?")


class YouTube(Callbacks):
    """Films of a channel."""

    name = "youtube"
    title = "YouTube"
    makes = ("hub_secret", "verify_token")
    setup = (
        "pubsubhubbub.appspot.com/subscribe: the channel's feed, with hub.secret and hub.verify_token;"
        " again before hub.lease_seconds are over"
    )

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """Their challenge, for a feed of YouTube's and to whoever knows the verify token."""
        if call.param("hub.mode") not in ("subscribe", "unsubscribe"):
            raise Forged
        if not call.param("hub.topic").startswith(TOPICS):
            raise Forged
        same(call.param("hub.verify_token"), needed(keys, "verify_token"))
        return Response(body=call.param("hub.challenge"))

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`sha1=` and the HMAC of the body in hex digits; the hub speaks no other."""
        same(call.header("x-hub-signature"), f"sha1={hmac_hex(needed(keys, 'hub_secret'), call.body, 'sha1')}")
        return call.body

    def events(self, told: Told) -> Iterable[Any]:
        """The feed's entries, and those that were deleted."""
        feed = xml.document(told.body)
        return [*_all(feed, "entry"), *_all(feed, "at:deleted-entry")]

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """A film; a changed title is the same event again."""
        if "@ref" in event:
            film, channel = event["@ref"].removeprefix("yt:video:"), event["at:by"]["uri"].rpartition("/")[2]
            yield Seen("removed", film, datetime.fromisoformat(event["@when"]), film, owner=channel)
        else:
            film, channel = event["yt:videoId"], event["yt:channelId"]
            at = datetime.fromisoformat(event["published"])
            yield Seen("published", film, at, film, channel, owner=channel, url=f"https://youtu.be/{film}")


def _all(feed: xml.Values, name: str) -> list[Any]:
    found = feed.get(name, [])
    return found if isinstance(found, list) else [found]


callbacks = YouTube()
