"""Discord: 2,000 characters of markdown in a channel; people are <@id>, and nobody is pinged unless that is allowed.

A webhook's address is all that it takes to post, but what it posted can only be asked for by id: after a lost answer a
person has to look. A bot sends a nonce that Discord enforces, "in the past few minutes", and can read its channel back:
https://github.com/discord/discord-api-docs/blob/main/developers/resources/message.mdx, read 2026-11-22.
Files go up with their message; there is no public way to put them there before.
"""

import json
import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core import post
from chalicelib.core.account import Account
from chalicelib.core.conversation import (
    Connected,
    Conversation,
    Effect,
    Idempotency,
    Job,
    Metrics,
    Published,
    Reply,
    Request,
    Safety,
)
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.engagement import Kind as Said
from chalicelib.core.errors import Invalid, Issue, PlatformAnswer, Rejected, Transient
from chalicelib.core.options import Check, Kind, texts
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Links, Media, Medium, Mentions, Poll, Rules, Source, Text, Thread, Warning
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import (
    Meaning,
    answered_at,
    as_reply,
    by_status,
    filled,
    meant,
    messages,
    needed,
    retry_at,
    said,
    speaking,
)

DOCS = Source("https://github.com/discord/discord-api-docs/tree/c98d64bc", "2026-08-06")
HABIT = Source("common practice", "2026-11-22", "default")
FILE = 10_485_760
"""The default of 10 MiB; servers with boosts take more."""

Json = dict[str, Any]

API = "https://discord.com/api/v10"
WEBHOOK = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(\d+)/([\w-]+)/?")
QUESTION = 300
NONCE = 25
"""Its longest; developers/resources/message.mdx#create-message, read 2026-11-22."""
NO_EMBEDS, SILENT = 1 << 2, 1 << 12
"""Message flags: developers/resources/message.mdx#message-object-message-flags, read 2026-11-22."""
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""Where ids begin to count milliseconds: developers/reference.mdx#snowflakes, read 2026-11-22."""
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 100, 10
KEPT = ("id", "channel_id", "timestamp")

PINGS = ("users", "roles", "everyone")


def _are_pings(value: object) -> bool:
    return texts(value) and set(value) <= {*PINGS}


OPTIONS: dict[str, Kind] = {
    "silent": bool,
    "link_preview": bool,
    "mentions": Check(_are_pings, f"a list of {', '.join(PINGS)}"),
    "thread_id": str,
    "thread_name": str,
    "applied_tags": list,
    "username": str,
    "avatar_url": str,
}
"""Platform options. The last four are a webhook's: a new thread in a forum with its tags, and who posts."""

GENERAL = "0"
"""The code of an error that has none."""
ERRORS: dict[str, Meaning] = {
    "10003": "reconnect",
    "10004": "reconnect",
    "10008": "rejected",
    "10015": "reconnect",
    "20016": "limited",
    "20028": "limited",
    "20029": "limited",
    "40001": "reconnect",
    "40002": "reconnect",
    "40004": "retry",
    "40005": "rejected",
    "40006": "retry",
    "40062": "limited",
    "50001": "reconnect",
    "50006": "rejected",
    "50008": "rejected",
    "50013": "reconnect",
    "50014": "reconnect",
    "50027": "reconnect",
    "50035": "rejected",
    "50083": "rejected",
    "50109": "rejected",
    "130000": "retry",
    "200000": "rejected",
    "220001": "rejected",
    "220003": "rejected",
}
"""https://github.com/discord/discord-api-docs/blob/1014293d/developers/topics/opcodes-and-status-codes.mdx#json, read
2026-11-23. What is final by its status anyway (a forum's missing tag, a file that is too large) goes under its code."""


class Discord(Platform):
    """Messages of a webhook or bot."""

    name = "discord"
    title = "Discord"
    auth = Auth("webhook_url", ("webhook_url?", "bot_token?", "channel?"))
    tested = "recorded answers"
    options = OPTIONS
    errors = ERRORS
    removable = True
    measurable = True
    answerable = (*IN_PUBLIC, "message")
    """By a bot; a webhook cannot reply."""
    rules = Rules(
        platform="discord",
        source=DOCS,
        text=Text(limit=2000, markup="discord"),
        mentions=Mentions(style="id"),
        links=Links(card="auto"),
        thread=Thread(mode="message"),
        media=Media(total=10, mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        gif=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        video=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        audio=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        document=Medium(count=10, bytes=FILE, alt="optional", alt_limit=1024),
        poll=Poll(
            options_min=1,
            options_max=10,
            option_length=55,
            question_length=300,
            min_minutes=60,
            max_minutes=46_080,
            multiple=True,
            with_media=True,
        ),
        warning=Warning(mode="flag"),
        sources={"media.total": HABIT, "poll.with_media": HABIT, "poll.options_min": HABIT},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """A bot's nonce counts for minutes, of which we trust two; what a webhook did cannot be looked up."""
        if _by_webhook(account):
            return Idempotency(Safety.NONE, readable=False)
        return Idempotency(Safety.KEY, key_lifetime=timedelta(minutes=2))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """By the `webhook_url` that a channel's settings give, or as a bot in the channel whose id is `channel`."""
        with speaking(self.title):
            if credentials.get("bot_token"):
                return (yield from _connected_bot(*needed(credentials, "bot_token", "channel")))
            return (yield from _connected_webhook(*needed(credentials, "webhook_url")))

    def publish(self, job: Job) -> Conversation[Published]:
        """One message after the other; where the first opens a thread, the others go in it."""
        options = job.rendition.options
        if options.get("thread_name") and not _by_webhook(job.account):
            raise Rejected("webhook_only", "only a webhook opens threads; connect the forum by its webhook")
        sent: list[Json] = []
        for number, part in enumerate(messages(job.rendition)):
            thread = sent[0]["channel_id"] if sent and options.get("thread_name") else options.get("thread_id")
            sent += [(yield from _sent(job, number, part, thread))]
        ids = tuple(_id(job.account, one) for one in sent)
        return Published(ids[0], _link(job.account, sent[0]), ids, datetime.fromisoformat(sent[0]["timestamp"]))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the bot's own messages since the post was due: the same text, as many files."""
        if _by_webhook(job.account):
            raise Transient("not_readable", "Discord shows a webhook nothing of what it sent")
        bodies = [_body(job, number, one) for number, one in enumerate(messages(job.rendition))]
        rank = sum(_same(bodies[part], earlier) for earlier in bodies[:part])
        own = job.account.settings["bot_id"]
        found = [one for one in (yield from _recent(job)) if one["author"]["id"] == own and _is(one, bodies[part])]
        return as_reply(200, {name: found[rank][name] for name in KEPT}) if len(found) > rank else None

    def can_answer(self, account: Account, kind: Said) -> bool:
        """Only a bot can."""
        return super().can_answer(account, kind) and not _by_webhook(account)

    def answer(self, job: Job) -> Conversation[Published]:
        """A message in their channel that refers to theirs; to a private one, a message in that conversation."""
        made = yield from _sent(job, 0, job.rendition.parts[0], _channel(job))
        ids = (_id(job.account, made),)
        return Published(ids[0], _link(job.account, made), ids, datetime.fromisoformat(made["timestamp"]))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Among the bot's own messages in that channel: the same text."""
        return (yield from self.find(job, 0))

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete a message; one that is gone already is as good."""
        reply = yield _about(account, "DELETE", post_id)
        self.gone(reply, "10008")

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its reactions, and what is in a thread that hangs on it."""
        reply = yield _about(account, "GET", post_id)
        if said(reply).get("code") == 10008:
            return None
        message = platform.good(reply)
        thread = message.get("thread") or {}
        return Metrics(
            likes=sum(one["count"] for one in message.get("reactions", [])), replies=thread.get("message_count")
        )

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the `code` in the body; without one by the status."""
        if reply.ok:
            return None
        about = said(reply)
        code, message = str(about.get("code", "")), str(about.get("message", ""))
        until = retry_at(reply) or _until(reply)
        if reply.status == 429:
            return meant("limited", code if code in ERRORS else "http_429", message, until)
        if code in ERRORS:
            return meant(ERRORS[code], code, message, until)
        # Neither a webhook's nor a bot's token can be refreshed.
        if reply.status == 401:
            return meant("reconnect", "http_401", message)
        return by_status(reply, "" if code == GENERAL else code, message)


def _connected_webhook(address: str) -> Generator[Request, Reply, Connected]:
    match = WEBHOOK.fullmatch(address)
    if not match:
        message = "this is no address of a Discord webhook: https://discord.com/api/webhooks/…"
        raise Invalid([Issue("wrong_webhook_url", "error", "credentials.webhook_url", message)])
    number, token = match.groups()
    hook = platform.good((yield Request("GET", f"{API}/webhooks/{number}/{token}", hidden=(token,))))
    settings = {"webhook_id": hook["id"], "guild_id": hook.get("guild_id")}
    return Connected(str(hook["name"]), hook["channel_id"], secrets={"token": token}, settings=settings)


def _connected_bot(token: str, channel: str) -> Generator[Request, Reply, Connected]:
    me = platform.good((yield Request("GET", f"{API}/users/@me", headers=_bot(token))))
    about = platform.good((yield Request("GET", f"{API}/channels/{channel}", headers=_bot(token))))
    settings = {"bot_id": me["id"], "guild_id": about.get("guild_id")}
    return Connected(f"#{about['name']}", about["id"], secrets={"bot_token": token}, settings=settings)


def _bot(token: str) -> dict[str, str]:
    return {"Authorization": f"Bot {token}"}


def _by_webhook(account: Account) -> bool:
    return "webhook_id" in account.settings


def _sent(job: Job, number: int, part: Part, thread: str | None) -> Generator[Request, Reply, Json]:
    made = platform.good((yield _create(job, number, part, thread)))
    return {name: made[name] for name in KEPT}


def _create(job: Job, number: int, part: Part, thread: str | None) -> Request:
    account, body = job.account, _body(job, number, part)
    headers: dict[str, str] = {}
    params: dict[str, str] = {}
    hidden: tuple[str, ...] = ()
    if _by_webhook(account):
        url, hidden = _webhook(account), (account.secrets["token"],)
        params = {"wait": "true", **({"thread_id": thread} if thread else {})}
    else:
        url, headers = f"{API}/channels/{thread or account.remote_id}/messages", _bot(account.secrets["bot_token"])
    return Request(
        "POST",
        url,
        headers=headers,
        params=params,
        json=None if part.media else body,
        form={"payload_json": json.dumps(body, ensure_ascii=False)} if part.media else None,
        files={f"files[{index}]": media for index, media in enumerate(part.media)},
        effect=Effect.CREATE,
        part=number,
        key=body.get("nonce"),
        keep=KEPT,
        timeout=30.0 if part.media else 10.0,
        hidden=hidden,
    )


def _webhook(account: Account) -> str:
    return f"{API}/webhooks/{account.settings['webhook_id']}/{account.secrets['token']}"


def _body(job: Job, number: int, part: Part) -> Json:
    """A message as both a bot and a webhook send it, with what only one of them may say."""
    options, poll = job.rendition.options, job.rendition.poll if number == 0 else None
    question = (poll.question or part.text[:QUESTION]) if poll else ""
    text = part.wire or part.text
    body: Json = {
        "content": None if poll and question == part.text else text or None,
        "allowed_mentions": {"parse": options.get("mentions", [])},
        "flags": _flags(options) or None,
        "attachments": [_attachment(job, index, media) for index, media in enumerate(part.media)] or None,
        "poll": _poll(poll, question) if poll else None,
        **(_of_webhook(options, number) if _by_webhook(job.account) else _of_bot(job, number)),
    }
    return filled(body)


def _of_bot(job: Job, number: int) -> Json:
    nonce = {"nonce": job.key(number)[:NONCE], "enforce_nonce": True}
    if job.rendition.reply_to is None or job.reply_to.kind == "message":
        return nonce
    pings = {"parse": job.rendition.options.get("mentions", []), "replied_user": True}
    refers = {"message_reference": {"message_id": job.reply_to.thing.rpartition("/")[2]}}
    return {**nonce, **refers, "allowed_mentions": pings}


def _channel(job: Job) -> str:
    """Where the job's messages are: the account's channel, a thread, or where somebody is answered."""
    about = job.rendition.reply_to
    if about is None:
        return str(job.rendition.options.get("thread_id") or job.account.remote_id)
    if about.kind == "message":
        return about.thing
    return about.thing.rpartition("/")[0] or about.ref.get("channel_id") or job.account.remote_id


def _of_webhook(options: Json, number: int) -> Json:
    names = ("username", "avatar_url", *(("thread_name", "applied_tags") if number == 0 else ()))
    return {name: options.get(name) for name in names}


def _flags(options: Json) -> int:
    return (NO_EMBEDS if options.get("link_preview") is False else 0) | (SILENT if options.get("silent") else 0)


def _attachment(job: Job, index: int, media: post.Media) -> Json:
    about = {"id": index, "description": media.alt_text, "is_spoiler": True if job.rendition.content_warning else None}
    return filled(about)


def _poll(poll: post.Poll, question: str) -> Json:
    """In whole hours: developers/resources/poll.mdx#poll-create-request-object, read 2026-11-22."""
    return {
        "question": {"text": question},
        "answers": [{"poll_media": {"text": option}} for option in poll.options],
        "duration": -(-poll.duration_minutes // 60),
        "allow_multiselect": poll.multiple,
    }


def _recent(job: Job) -> Generator[Request, Reply, list[Json]]:
    """The channel's messages since the post was due, oldest first. Never half of them."""
    channel = _channel(job)
    after, found = _id_at(job.due - CLOCK_SLACK), list[Json]()
    for _ in range(PAGES):
        params = {"after": str(after), "limit": str(PAGE)}
        url, headers = f"{API}/channels/{channel}/messages", _bot(job.account.secrets["bot_token"])
        reply = yield Request("GET", url, headers=headers, params=params)
        if reply.status == 403:  # it may still be allowed to write: no reason to disconnect the account
            raise Rejected("not_readable", "the bot may not read its channel; let it, or look yourself")
        page = sorted(platform.rows(reply), key=lambda one: int(one["id"]))
        found += page
        if len(page) < PAGE:
            return found
        after = int(page[-1]["id"])
    raise Transient("too_much_to_read", f"more than {PAGES * PAGE} messages since the post was due")


def _id_at(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1) << 22


def _is(message: Json, body: Json) -> bool:
    """Whether a message is what this body made; Discord trims white space."""
    there = {"content": message["content"], "attachments": message["attachments"], "poll": message.get("poll")}
    return _same(there, body)


def _same(one: Json, other: Json) -> bool:
    return _gist(one) == _gist(other)


def _gist(body: Json) -> tuple[str, int, bool]:
    return (body.get("content") or "").strip(), len(body.get("attachments") or []), bool(body.get("poll"))


def _about(account: Account, method: str, post_id: str) -> Request:
    """A request about one message; one in a thread is `thread/message`."""
    channel, _, number = post_id.rpartition("/")
    if not _by_webhook(account):
        url = f"{API}/channels/{channel or account.remote_id}/messages/{number}"
        return Request(method, url, headers=_bot(account.secrets["bot_token"]), effect=_effect(method))
    params = {"thread_id": channel} if channel else {}
    hidden = (account.secrets["token"],)
    return Request(
        method, f"{_webhook(account)}/messages/{number}", params=params, effect=_effect(method), hidden=hidden
    )


def _effect(method: str) -> Effect:
    return Effect.READ if method == "GET" else Effect.PREPARE


def _id(account: Account, message: Json) -> str:
    elsewhere = message["channel_id"] != account.remote_id
    return f"{message['channel_id']}/{message['id']}" if elsewhere else str(message["id"])


def _link(account: Account, message: Json) -> str:
    server = account.settings.get("guild_id") or "@me"
    return f"https://discord.com/channels/{server}/{message['channel_id']}/{message['id']}"


def _until(reply: Reply) -> datetime | None:
    """`retry_after` in seconds: developers/topics/rate-limits.mdx#exceeding-a-rate-limit, read 2026-11-22."""
    seconds, at = said(reply).get("retry_after"), answered_at(reply)
    return None if seconds is None or at is None else at + timedelta(seconds=float(seconds))


platform = Discord()
