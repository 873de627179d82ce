"""Telegram: https://core.telegram.org/bots/api#update and #setwebhook (Bot API 10.1, read 2026-11-23).

One bot may serve several chats, each an account of its own, by the chat's id. A channel's comments are messages in its
discussion group that answer the copy of the post there; where one answers another comment, only the channel's own
words lead back to it.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Told, unfit
from chalicelib.callbacks.signatures import needed, same
from chalicelib.core.engagement import Kind, Seen
from chalicelib.core.errors import Issue

Json = dict[str, Any]

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")
INSIDE = frozenset({"creator", "administrator", "member"})


class Telegram(Callbacks):
    """Reactions, comments, private messages, votes and members."""

    name = "telegram"
    title = "Telegram"
    makes = ("secret_token",)
    setup = (
        "the bot's setWebhook with secret_token, and allowed_updates: message, channel_post, message_reaction,"
        " message_reaction_count, poll_answer, chat_member"
    )

    def faults(self, given: Keys) -> list[Issue]:
        """What `setWebhook` would not take."""
        token = given.get("secret_token")
        fits = token is None or TOKEN.fullmatch(token)
        return [] if fits else [unfit("secret_token", "has 1 to 256 of A-Z, a-z, 0-9, _ and -")]

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The secret itself: nothing is signed."""
        same(call.header("x-telegram-bot-api-secret-token"), needed(keys, "secret_token"))
        return call.body

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """An update holds one thing beside its number."""
        id = str(event["update_id"])
        if about := event.get("message_reaction"):
            yield from _reaction(id, about)
        elif about := event.get("message_reaction_count"):
            total = sum(one["total_count"] for one in about["reactions"])
            post, owner = str(about["message_id"]), str(about["chat"]["id"])
            yield Seen("like", id, _at(about), post, value=total, total=True, owner=owner)
        elif about := event.get("channel_post"):
            post, owner = str(about["message_id"]), str(about["chat"]["id"])
            yield Seen("published", id, _at(about), post, owner, owner=owner)
        elif about := event.get("message"):
            yield from _message(id, about)
        elif about := event.get("poll_answer"):
            who = str((about.get("user") or about["voter_chat"])["id"])
            yield Seen("poll_vote", id, actor=who, value=1 if about["option_ids"] else -1)
        elif about := event.get("chat_member"):
            yield from _member(id, about)


def _reaction(id: str, about: Json) -> Iterator[Seen]:
    """However many emojis somebody gives, it is one like; another emoji instead is none more."""
    value = bool(about["new_reaction"]) - bool(about["old_reaction"])
    if value:
        post, owner = str(about["message_id"]), str(about["chat"]["id"])
        who = str((about.get("user") or about["actor_chat"])["id"])
        yield Seen("like", id, _at(about), post, who, value, owner=owner)


def _message(id: str, about: Json) -> Iterator[Seen]:
    """Private words, and answers in groups; what people else say to each other there is theirs."""
    chat, who = str(about["chat"]["id"]), _who(about)
    text = about.get("text") or about.get("caption")
    ref = {"chat_id": chat, "message_id": str(about["message_id"])}
    if about["chat"]["type"] == "private":
        yield Seen("message", id, _at(about), actor=who, thing=chat, text=text, ref=ref)
        return
    answered = about.get("reply_to_message")
    if not answered or about.get("is_automatic_forward"):
        return
    kind, owner, post = _answered(chat, about, answered)
    if owner is None:
        return
    parent = None if post else f"{chat}:{answered['message_id']}"
    thing = f"{chat}:{about['message_id']}"
    yield Seen(kind, id, _at(about), post, who, thing=thing, parent=parent, text=text, ref=ref, owner=owner)


def _answered(chat: str, about: Json, answered: Json) -> tuple[Kind, str | None, str | None]:
    """How it is called, which account it is for, and the post that it answers; no account where it is for none."""
    origin = answered.get("forward_origin") or {}
    if answered.get("is_automatic_forward") and origin.get("type") == "channel":
        return "comment", str(origin["chat"]["id"]), str(origin["message_id"])
    for side in (about, answered):
        speaker = side.get("sender_chat") or {}
        if speaker.get("type") == "channel":
            return "comment", str(speaker["id"]), None
    if str((about.get("sender_chat") or {}).get("id")) == chat:
        return "reply", chat, None
    if (answered.get("from") or {}).get("is_bot") or str((answered.get("sender_chat") or {}).get("id")) == chat:
        return "reply", chat, str(answered["message_id"])
    return "reply", None, None


def _member(id: str, about: Json) -> Iterator[Seen]:
    was, now = (_is_inside(about[name]) for name in ("old_chat_member", "new_chat_member"))
    if was != now:
        who = str(about["new_chat_member"]["user"]["id"])
        yield Seen("follow" if now else "unfollow", id, _at(about), actor=who, owner=str(about["chat"]["id"]))


def _is_inside(member: Json) -> bool:
    return member["status"] in INSIDE or bool(member["status"] == "restricted" and member["is_member"])


def _who(about: Json) -> str:
    """Whoever speaks as a group or channel is that."""
    return str((about.get("sender_chat") or about["from"])["id"])


def _at(about: Json) -> datetime:
    return datetime.fromtimestamp(about["date"], UTC)


callbacks = Telegram()
