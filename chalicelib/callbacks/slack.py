"""Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack and
https://docs.slack.dev/apis/events-api (read 2026-11-23). An account is a channel; a post is a message in it, by its ts.

A thread is one conversation, and an answer goes to all of it: so the thread is the thing that waits for an answer.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Response, Told, document
from chalicelib.callbacks.signatures import fresh, hmac_hex, needed, same
from chalicelib.core.engagement import Kind, Seen

Json = dict[str, Any]

SPOKEN = frozenset({None, "bot_message", "file_share", "me_message", "thread_broadcast"})
"""Kinds of messages in which somebody says something; the others say what happened to a channel."""


class Slack(Callbacks):
    """Reactions, answers in threads, mentions, private words and members of a channel."""

    name = "slack"
    title = "Slack"
    secrets = ("signing_secret",)
    setup = (
        "api.slack.com/apps: the app's Event Subscriptions; reaction_added, reaction_removed, message.channels,"
        " message.im, app_mention, member_joined_channel, member_left_channel"
    )

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`v0=` and the HMAC of `v0`, time and body in hex digits."""
        timestamp = call.header("x-slack-request-timestamp")
        fresh(timestamp, call.at)
        said = hmac_hex(needed(keys, "signing_secret"), f"v0:{timestamp}:".encode() + call.body)
        same(call.header("x-slack-signature"), f"v0={said}")
        return call.body

    def greeting(self, told: Told, keys: Keys) -> Response | None:
        """Their challenge."""
        about = document(told.body)
        return Response(body=str(about["challenge"])) if about.get("type") == "url_verification" else None

    def events(self, told: Told) -> Iterable[Any]:
        """One event; commands and buttons come as forms, and are of no interest."""
        about = document(told.body)
        return [about] if about.get("type") == "event_callback" else []

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """One event, by Slack's id of it."""
        about, id = event["event"], event["event_id"]
        match about["type"]:
            case "reaction_added" | "reaction_removed":
                yield from _reaction(id, about)
            case "message":
                yield from _message(id, about, event)
            case "app_mention":
                yield _said("mention", id, about, _who(about, event))
            case "member_joined_channel" | "member_left_channel" if not _is_ours(about, event):
                kind: Kind = "follow" if about["type"] == "member_joined_channel" else "unfollow"
                yield Seen(kind, id, _at(about["event_ts"]), actor=about["user"], owner=about["channel"])


def _reaction(id: str, about: Json) -> Iterator[Seen]:
    on = about["item"]
    if on["type"] == "message":
        value = 1 if about["type"] == "reaction_added" else -1
        yield Seen("like", id, _at(about["event_ts"]), on["ts"], about["user"], value, owner=on["channel"])


def _message(id: str, about: Json, event: Json) -> Iterator[Seen]:
    """What is said in a thread answers the post above; a message of the app's own is a post."""
    if about.get("subtype") == "message_deleted":
        yield from _deleted(id, about, event)
    elif about.get("subtype") not in SPOKEN:
        return
    elif about.get("channel_type") == "im":
        if not _is_ours(about, event):
            yield Seen(
                "message", id, _at(about["ts"]), actor=about["user"], thing=about["channel"], text=about.get("text")
            )
    elif _is_answer(about):
        yield _said("reply", id, about, _who(about, event), post=about["thread_ts"])
    elif _is_ours(about, event):
        yield Seen("published", id, _at(about["ts"]), about["ts"], about["channel"], owner=about["channel"])


def _said(kind: Kind, id: str, about: Json, who: str | None, post: str | None = None) -> Seen:
    thread = about.get("thread_ts") or about["ts"]
    place = f"{about['channel']}:{thread}"
    return Seen(
        kind,
        id,
        _at(about["ts"]),
        post,
        who,
        thing=place,
        parent=place if who == about["channel"] else None,
        text=about.get("text"),
        ref={"channel": about["channel"], "thread_ts": thread},
        owner=about["channel"],
    )


def _deleted(id: str, about: Json, event: Json) -> Iterator[Seen]:
    """An answer less, whose thread goes on; or a post of ours that is gone."""
    was, owner, at = about["previous_message"], about["channel"], _at(about["event_ts"])
    if _is_answer(was):
        yield Seen("reply", id, at, was["thread_ts"], _who({**was, "channel": owner}, event), -1, owner=owner)
    elif _is_ours(was, event):
        yield Seen("removed", id, at, was["ts"], owner, owner=owner)


def _is_answer(message: Json) -> bool:
    return message.get("thread_ts") not in (None, message["ts"])


def _who(about: Json, event: Json) -> str | None:
    """The channel, where it was our app: that is how the account is called."""
    return str(about["channel"]) if _is_ours(about, event) else about.get("user") or about.get("bot_id")


def _is_ours(message: Json, event: Json) -> bool:
    """Whether our app said it: by its number, or as the bot for which Slack tells of the event."""
    bots = {one["user_id"] for one in event.get("authorizations", ()) if one.get("is_bot")}
    return message.get("user") in bots or message.get("app_id", "") == event["api_app_id"]


def _at(stamp: str) -> datetime:
    """Microseconds are part of a message's name; as an instant they would be rounded."""
    whole, _, fraction = stamp.partition(".")
    return datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(fraction[:6].ljust(6, "0")))


callbacks = Slack()
