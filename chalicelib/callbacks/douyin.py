"""Douyin: https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/webhooks/summarize and event-list.

Both read 2026-11-23, and the pages of the single events. An app has one address, so each account needs an app of its
own. `Msg-Id` tells repetitions apart, but is not signed; what the signed body says does so as well. Comments are not
told of.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Response, Told, document
from chalicelib.callbacks.signatures import needed, same
from chalicelib.core.engagement import Seen

SPOKEN = frozenset({"im_receive_msg", "im_send_msg"})
PRIVATE = 1
"""`conversation_type` of a conversation of two."""


class Douyin(Callbacks):
    """What was published from a share, private messages, likes and followers."""

    name = "douyin"
    title = "Douyin 抖音"
    secrets = ("client_secret",)
    setup = "developer.open-douyin.com: 控制台, 设置, 开发配置, Webhooks"

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The SHA-1 of the secret and the body: no HMAC, but what Douyin sends."""
        said = hashlib.sha1(needed(keys, "client_secret").encode() + call.body, usedforsecurity=False).hexdigest()
        same(call.header("x-douyin-signature"), said)
        return call.body

    def greeting(self, told: Told, keys: Keys) -> Response | None:
        """The challenge: JSON, called text."""
        about = document(told.body)
        if about.get("event") != "verify_webhook":
            return None
        challenge = _content(about).get("challenge")
        return Response(body=json.dumps({"challenge": challenge}, separators=(",", ":")))

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """People are known by their `open_id`."""
        name, who, about = event["event"], event.get("from_user_id"), _content(event)
        if name == "create_video":
            yield _published(about)
        elif name in SPOKEN and about.get("conversation_type", PRIVATE) == PRIVATE:
            yield _said(about, who, ours=name == "im_send_msg")
        elif name == "new_video_digg":
            item, at = about["item_id"], about["action_time"]
            yield Seen("like", f"{who}:{item}:{at}", datetime.fromtimestamp(at, UTC), item, who)
        elif name == "new_follow_action":
            at = about["action_time"]
            yield Seen("follow", f"{who}:{at}", datetime.fromtimestamp(at, UTC), actor=who)


def _published(about: dict[str, Any]) -> Seen:
    """A person has finished a share; `share_id` says which. Older events name the film by its number, too."""
    item, number = about["item_id"], about.get("video_id")
    url = f"https://www.douyin.com/video/{number}" if number else None
    return Seen("published", item, post=item, ref={"share_id": str(about.get("share_id") or "")}, url=url)


def _said(about: dict[str, Any], who: str | None, ours: bool) -> Seen:
    """The conversation has its own id, which answering it takes as well."""
    return Seen(
        "message",
        about["server_message_id"],
        datetime.fromtimestamp(about["create_time"] / 1000, UTC),
        actor=who,
        thing=about["conversation_short_id"],
        text=about.get("text"),
        ref={} if ours else {"to_user_id": str(who), "msg_id": about["server_message_id"]},
        ours=ours,
    )


def _content(event: dict[str, Any]) -> dict[str, Any]:
    """An object, or one written as a text: the documents have both."""
    content = event.get("content") or {}
    found: dict[str, Any] = document(content.encode()) if isinstance(content, str) else content
    return found


callbacks = Douyin()
