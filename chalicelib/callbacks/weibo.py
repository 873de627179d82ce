"""Weibo's 粉丝服务, for verified accounts: https://open.weibo.com/wiki/Messages_api_start and Receive_Event_Push.

Both read 2026-11-23. The signature covers the app's secret and when a call was sent, and not what it says. Likes,
reposts and comments are not told of; those are polled. What a mention's `data` holds is by habit.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Response, Told
from chalicelib.callbacks.signatures import fresh, needed, same, sorted_sha1
from chalicelib.core.engagement import Kind, Seen

SPOKEN = frozenset({"text", "image", "voice", "position"})
FOLLOWING: dict[str, Kind] = {"follow": "follow", "unfollow": "unfollow"}


class Weibo(Callbacks):
    """Private messages, mentions and following."""

    name = "weibo"
    title = "Weibo 微博"
    secrets = ("app_secret",)
    setup = "weibo.com: 管理中心, 粉丝服务, 高级功能, 开发模式, with the app's key"

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """`echostr`."""
        _signed(call, keys)
        return Response(body=call.param("echostr"))

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`signature`, in the address."""
        _signed(call, keys)
        return call.body

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """There are no ids for events: the same words by the same person at the same second are the same."""
        id = json.dumps(event, sort_keys=True)
        at = datetime.strptime(event["created_at"], "%a %b %d %H:%M:%S %z %Y")
        who, owner, about = str(event["sender_id"]), str(event["receiver_id"]), event.get("data") or {}
        if event["type"] in SPOKEN:
            yield Seen("message", id, at, actor=who, thing=who, text=event.get("text"), owner=owner)
        elif event["type"] == "mention":
            thing = str(about["key"]) if "key" in about else None
            yield Seen("mention", id, at, actor=who, thing=thing, text=event.get("text"), owner=owner)
        elif event["type"] == "event" and about.get("subtype") in FOLLOWING:
            yield Seen(FOLLOWING[about["subtype"]], id, at, actor=who, owner=owner)


def _signed(call: Incoming, keys: Keys) -> None:
    timestamp = call.param("timestamp")
    same(call.param("signature"), sorted_sha1(needed(keys, "app_secret"), timestamp, call.param("nonce")))
    fresh(timestamp, call.at, unit=1000)


callbacks = Weibo()
