"""Telegram: 4,096 UTF-16 units, 1,024 under media; Telegram itself finds links, mentions and hashtags in plain text.

So nothing is escaped and nothing can fail to parse; the offsets of our markup are those of Telegram's entities.
A bot sees nothing of what it sent earlier, and no request carries a key: after a lost answer only a person can look.
Media go up with their message, since a bot has nowhere to put them before: https://core.telegram.org/bots/api
#sending-files (Bot API 10.1, 2026-06-11). There are no view counts for bots.
"""

import json
import re
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.core import post
from chalicelib.core.account import Account
from chalicelib.core.conversation import (
    Connected,
    Conversation,
    Effect,
    Idempotency,
    Job,
    Published,
    Reply,
    Request,
    Safety,
    Secret,
)
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.errors import Limited, PlatformAnswer, Rejected, Transient
from chalicelib.core.options import Kind
from chalicelib.core.rendition import Part
from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Links,
    Media,
    Medium,
    Mentions,
    Poll,
    Rules,
    Source,
    Text,
    Thread,
    Warning,
)
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import Meaning, answered_at, by_status, filled, meant, needed, retry_at, said, speaking

API = Source("https://core.telegram.org/bots/api (Bot API 10.1)", "2026-06-11")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]

SERVER = "https://api.telegram.org"
QUESTION, DESCRIPTION = 300, 1024
"""Of a poll: https://core.telegram.org/bots/api#sendpoll (Bot API 10.1), read 2026-11-22."""
KINDS = {"image": "photo", "gif": "animation", "video": "video", "audio": "audio", "document": "document"}
"""Our kinds of media, and the word of theirs that names both the method and its parameter."""
COVERED = frozenset({"image", "gif", "video"})
"""What can lie behind a spoiler."""
OPTIONS: dict[str, Kind] = {"silent": bool, "protect": bool, "link_preview": bool, "topic_id": int}
"""Platform options: no sound, no forwarding, whether links are shown large, and the forum topic to post in."""

ERRORS: dict[str, Meaning] = {
    "unauthorized": "reconnect",
    "chat_not_found": "reconnect",
    "bot_was_kicked": "reconnect",
    "bot_was_blocked": "reconnect",
    "bot_is_not_a_member": "reconnect",
    "user_is_deactivated": "reconnect",
    "not_enough_rights": "reconnect",
    "need_administrator_rights": "reconnect",
    "chat_write_forbidden": "reconnect",
    "group_chat_was_upgraded": "reconnect",
    "too_many_requests": "limited",
    "message_is_too_long": "rejected",
    "caption_is_too_long": "rejected",
    "message_text_is_empty": "rejected",
    "message_thread_not_found": "rejected",
    "message_to_be_replied_not_found": "rejected",
    "topic_closed": "rejected",
    "parse_entities": "rejected",
    "photo_invalid_dimensions": "rejected",
    "image_process_failed": "rejected",
    "file_is_too_big": "rejected",
    "request_entity_too_large": "rejected",
    "message_can_t_be_deleted": "rejected",
}
"""By what a description says. Telegram numbers none of them: https://github.com/TelegramBotAPI/errors, 2026-11-22."""


UPDATES = ("message", "channel_post", "message_reaction", "message_reaction_count", "poll", "poll_answer")
"""What a bot's address is told."""


class Call(NamedTuple):
    """One message: the method that sends it, its parameters, and the files that go up with it."""

    method: str
    body: Json
    files: dict[str, post.Media] | None = None


class Telegram(Platform):
    """Messages of a bot in a channel, group or chat."""

    name = "telegram"
    title = "Telegram"
    auth = Auth("bot_token", ("bot_token", "chat_id"))
    tested = "Telegram's method list, Bot API 10.1"
    options = OPTIONS
    errors = ERRORS
    removable = True
    subscribes = True
    answerable = (*IN_PUBLIC, "message")
    rules = Rules(
        platform="telegram",
        source=API,
        text=Text(unit="utf16", limit=4096, limit_with_media=1024, offsets="utf16"),
        hashtags=Hashtags(style="hash", cashtags=None),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_]{4,32}"),
        links=Links(card="auto"),
        thread=Thread(mode="message"),
        comment=Comment(mode="reply", limit=4096),
        media=Media(total=10, mixed=("image", "video")),
        image=Medium(count=10, bytes=10_000_000, min_ratio=1 / 20, max_ratio=20, max_width=10_000, max_height=10_000),
        gif=Medium(count=1, bytes=50_000_000),
        video=Medium(count=10, bytes=50_000_000),
        audio=Medium(count=10, bytes=50_000_000),
        document=Medium(count=10, bytes=50_000_000),
        poll=Poll(
            options_min=1,
            options_max=12,
            option_length=100,
            question_length=300,
            min_minutes=1,
            max_minutes=43_800,
            multiple=True,
        ),
        warning=Warning(mode="flag"),
        sources={"poll.with_media": HABIT, "mentions.handle": HABIT},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys, and bots cannot look back: https://core.telegram.org/bots/api has no method that lists messages."""
        return Idempotency(Safety.NONE, readable=False)

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `bot_token` it is, what chat `chat_id` names (`@channel` or a number), and if it may post there."""
        token, chat_id = needed(credentials, "bot_token", "chat_id")
        with speaking(self.title):
            bot = self.good((yield _ask(token, "getMe")))["result"]
            chat = self.good((yield _ask(token, "getChat", {"chat_id": chat_id})))["result"]
            asked = {"chat_id": str(chat["id"]), "user_id": str(bot["id"])}
            _check_rights(self.good((yield _ask(token, "getChatMember", asked)))["result"])
            username = chat.get("username")
            return Connected(
                f"@{username}" if username else str(chat.get("title") or chat.get("first_name") or chat["id"]),
                str(chat["id"]),
                secrets={"bot_token": token},
                settings={"username": username} if username else {},
            )

    def publish(self, job: Job) -> Conversation[Published]:
        """One message after the other; the first comment answers the first."""
        calls, comment = _calls(job), job.rendition.first_comment
        sent: list[list[Json]] = []
        for number, call in enumerate(calls):
            sent += [(yield from _sent(job, number, call))]
        if comment:
            answer = {"text": comment, "reply_parameters": {"message_id": sent[0][0]["message_id"]}}
            sent += [(yield from _sent(job, len(calls), Call("sendMessage", answer)))]
        ids = tuple(_id(messages) for messages in sent)
        first = sent[0][0]
        return Published(
            ids[0], _link(job.account, first["message_id"]), ids, datetime.fromtimestamp(first["date"], UTC)
        )

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Impossible, and never called: nothing may be concluded from it."""
        raise Transient("not_readable", "Telegram shows a bot nothing of what it sent")
        yield

    def answer(self, job: Job) -> Conversation[Published]:
        """A message in their chat; in a group one that quotes theirs. A bot cannot look whether it is there."""
        about = job.reply_to
        if about.kind == "message":
            chat, quoted = about.thing, dict[str, Any]()
        else:
            chat, _, message = about.thing.rpartition(":")
            chat, quoted = chat or job.account.remote_id, {"reply_parameters": {"message_id": int(message)}}
        sent = yield from _sent(job, 0, Call("sendMessage", {"text": job.rendition.parts[0].text, **quoted}), chat)
        ids = (_id(sent),)
        link = _link(job.account, sent[0]["message_id"]) if chat == job.account.remote_id else None
        return Published(ids[0], link, ids, datetime.fromtimestamp(sent[0]["date"], UTC))

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete a message or all of an album, within 48 hours: https://core.telegram.org/bots/api#deletemessages."""
        asked = {"chat_id": account.remote_id, "message_ids": json.dumps([int(one) for one in post_id.split(",")])}
        self.good((yield _ask(account.secrets["bot_token"], "deleteMessages", asked, Effect.PREPARE)))["result"]

    def subscribe(self, account: Account, url: str, keys: Mapping[str, str]) -> Conversation[timedelta | None]:
        """Have the bot's updates sent to us; a bot has one such address for all its chats.

        Reactions come only to who asks for them: https://core.telegram.org/bots/api#setwebhook (Bot API 10.1).
        """
        about = {"url": url, "secret_token": Secret(keys["secret_token"]), "allowed_updates": json.dumps(UPDATES)}
        self.good((yield _ask(account.secrets["bot_token"], "setWebhook", about, Effect.PREPARE)))["result"]
        return None

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """What Telegram says in `description`, with the seconds to wait in `parameters`."""
        about = said(reply)
        if reply.ok and about.get("ok") is not False:
            return None
        message = str(about.get("description", ""))
        words = re.sub(r"\W+", "_", message.lower())
        code = next((code for code in ERRORS if code in words), "")
        if reply.status >= 500 or not (code or reply.status == 429):
            answer = by_status(reply, message=message)
            return meant("reconnect", answer.code, message) if reply.status in (401, 404) else answer
        if reply.status == 429 or ERRORS[code] == "limited":
            return Limited(code or "http_429", message, _until(reply))
        return meant(ERRORS[code], code, message)


def _check_rights(member: Json) -> None:
    """Refuses a bot that could not post: https://core.telegram.org/bots/api#chatmember (Bot API 10.1)."""
    gone = member["status"] in ("left", "kicked")
    if gone or member.get("can_post_messages") is False or member.get("can_send_messages") is False:
        raise Rejected("cannot_post", "the bot may not post in this chat; make it an administrator who may")


def _calls(job: Job) -> list[Call]:
    """What is sent, in order: a message for each part, and the poll with the first or behind it."""
    calls: list[Call] = []
    for number, part in enumerate(job.rendition.parts):
        asking = job.rendition.poll if number == 0 else None
        if part.media:
            calls += [_with_media(job, part)]
        elif part.text and not (asking and _fits_poll(part.text)):
            calls += [Call("sendMessage", {"text": part.text})]
        if asking:
            calls += [_poll(asking, part.text)]
    return calls


def _with_media(job: Job, part: Part) -> Call:
    covered = bool(job.rendition.content_warning)
    if len(part.media) > 1:
        return _album(part, covered)
    (media,) = part.media
    word = KINDS[media.kind]
    body = {"caption": part.text or None, "has_spoiler": True if covered and media.kind in COVERED else None}
    return Call(f"send{word.capitalize()}", body, {word: media})


def _album(part: Part, covered: bool) -> Call:
    """2 to 10 media as one; the caption of the first is that of all."""
    items = [
        {
            "type": KINDS[media.kind],
            "media": f"attach://file{number}",
            "caption": part.text if part.text and number == 0 else None,
            "has_spoiler": True if covered and media.kind in COVERED else None,
        }
        for number, media in enumerate(part.media)
    ]
    files = {f"file{number}": media for number, media in enumerate(part.media)}
    return Call("sendMediaGroup", {"media": [filled(item) for item in items]}, files)


def _fits_poll(text: str) -> bool:
    return len(text.encode("utf-16-le")) // 2 <= DESCRIPTION


def _poll(poll: post.Poll, text: str) -> Call:
    """The question is the text where nobody asked another; what of the text is none describes the poll."""
    last_line = text.strip().rpartition("\n")[2]
    question = poll.question or (text if len(text) <= QUESTION else last_line[:QUESTION])
    body = {
        "question": question,
        "description": text if text != question and _fits_poll(text) else None,
        "options": [{"text": option} for option in poll.options],
        "allows_multiple_answers": poll.multiple,
        "open_period": poll.duration_minutes * 60,
    }
    return Call("sendPoll", body)


def _sent(job: Job, number: int, call: Call, chat: str = "") -> Generator[Request, Reply, list[Json]]:
    """Send one message, in the account's chat or another; an album answers with several."""
    options = job.rendition.options
    preview = {"is_disabled": True} if options.get("link_preview") is False and call.method == "sendMessage" else None
    body = {
        "chat_id": chat or job.account.remote_id,
        "message_thread_id": options.get("topic_id"),
        **call.body,
        "link_preview_options": preview,
        "disable_notification": True if options.get("silent") else None,
        "protect_content": True if options.get("protect") else None,
    }
    reply = yield _create(job, number, call, filled(body))
    result = platform.good(reply)["result"]
    messages = result if isinstance(result, list) else [result]
    return [{"message_id": message["message_id"], "date": message["date"]} for message in messages]


def _create(job: Job, number: int, call: Call, body: Json) -> Request:
    token = job.account.secrets["bot_token"]
    return Request(
        "POST",
        f"{SERVER}/bot{token}/{call.method}",
        json=None if call.files else body,
        form={name: _field(value) for name, value in body.items()} if call.files else None,
        files=call.files or {},
        effect=Effect.CREATE,
        part=number,
        keep=("ok", "result"),
        timeout=30.0 if call.files else 10.0,
        hidden=(token,),
    )


def _field(value: Any) -> str:
    """A parameter in a form: https://core.telegram.org/bots/api#making-requests (Bot API 10.1)."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _ask(token: str, method: str, params: dict[str, str] | None = None, effect: Effect = Effect.READ) -> Request:
    return Request("POST", f"{SERVER}/bot{token}/{method}", form=params, effect=effect, hidden=(token,))


def _id(messages: list[Json]) -> str:
    """An album is all of its messages: `7,8,9`."""
    return ",".join(str(message["message_id"]) for message in messages)


def _link(account: Account, message_id: int) -> str | None:
    """Channels and supergroups have links, private ones for their members: https://core.telegram.org/api/links."""
    if account.settings.get("username"):
        return f"https://t.me/{account.settings['username']}/{message_id}"
    if account.remote_id.startswith("-100"):
        return f"https://t.me/c/{account.remote_id.removeprefix('-100')}/{message_id}"
    return None


def _until(reply: Reply) -> datetime | None:
    """`retry_after` in seconds: https://core.telegram.org/bots/api#responseparameters (Bot API 10.1)."""
    seconds, at = (said(reply).get("parameters") or {}).get("retry_after"), answered_at(reply)
    return retry_at(reply) if seconds is None or at is None else at + timedelta(seconds=int(seconds))


platform = Telegram()
