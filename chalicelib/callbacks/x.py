"""X: https://docs.x.com/x-api/webhooks/introduction and account-activity (read 2026-11-22)."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Response, Told, json_answer
from chalicelib.callbacks.signatures import hmac_base64, needed, same
from chalicelib.core.engagement import Kind, Seen


class X(Callbacks):
    """X's Account Activity: everything around an account, with the app's consumer secret."""

    name = "x"
    title = "X"
    secrets = ("consumer_secret",)
    setup = "developer.x.com: the app's webhook URL, then a subscription of the account"

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """The CRC, which X repeats every hour."""
        said = hmac_base64(needed(keys, "consumer_secret"), call.param("crc_token").encode())
        return json_answer({"response_token": f"sha256={said}"})

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`sha256=` and the HMAC of the body in base 64."""
        said = hmac_base64(needed(keys, "consumer_secret"), call.body)
        same(call.header("x-twitter-webhooks-signature"), f"sha256={said}")
        return call.body

    def events(self, told: Told) -> Iterable[Any]:
        """Every event of every list of events, with the list's name and the account that it is for."""
        document = json.loads(told.body)
        owner = document.get("for_user_id")
        return [(name, event, owner) for name, of in document.items() if isinstance(of, list) for event in of]

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """Posts that answer, quote, repeat or mention; likes; follows; messages; deletions."""
        name, about, owner = event
        if name == "tweet_create_events":
            yield from _post(about, owner)
        elif name == "favorite_events":
            post, by = about["favorited_status"], about["user"]
            at = _milliseconds(about["timestamp_ms"])
            yield Seen("like", about["id"], at, post["id_str"], by["id_str"], owner=owner)
        elif name == "tweet_delete_events":
            gone = about["status"]
            yield Seen("removed", gone["id"], _milliseconds(about["timestamp_ms"]), gone["id"], owner=owner)
        elif name == "follow_events":
            kind: Kind = "follow" if about["type"] == "follow" else "unfollow"
            at, who = _milliseconds(about["created_timestamp"]), about["source"]["id"]
            yield Seen(kind, f"{who}:{about['created_timestamp']}", at, actor=who, owner=owner)
        elif name == "direct_message_events":
            said = about["message_create"]
            who, at = said["sender_id"], _milliseconds(about["created_timestamp"])
            other = said["target"]["recipient_id"] if who == owner else who
            yield Seen(
                "message", about["id"], at, actor=who, thing=other, text=said["message_data"]["text"], owner=owner
            )


def _post(post: dict[str, Any], owner: str | None) -> Iterator[Seen]:
    at = datetime.strptime(post["created_at"], "%a %b %d %H:%M:%S %z %Y")
    who, id = post["user"]["id_str"], post["id_str"]
    text = post.get("extended_tweet", {}).get("full_text", post["text"])
    if "retweeted_status" in post:
        yield Seen("repost", id, at, post["retweeted_status"]["id_str"], who, owner=owner)
    elif "quoted_status" in post and post["quoted_status"]["user"]["id_str"] == owner:
        yield Seen("quote", id, at, post["quoted_status"]["id_str"], who, thing=id, text=text, owner=owner)
    elif post.get("in_reply_to_status_id_str"):
        parent = post["in_reply_to_status_id_str"]
        yield Seen("reply", id, at, parent, who, thing=id, parent=parent, text=text, owner=owner)
    elif who != owner:
        yield Seen("mention", id, at, actor=who, thing=id, text=text, owner=owner)


def _milliseconds(text: str | int) -> datetime:
    return datetime.fromtimestamp(int(text) / 1000, UTC)


callbacks = X()
