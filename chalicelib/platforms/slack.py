"""Slack: mrkdwn, best up to 4,000 characters (it truncates at 40,000); people are <@id>; more goes in the thread.

A message carries our key in its metadata and is found by it in the channel's history, where the app may read that.
Files are uploaded first; sharing them makes the message, whose time stamp only `files.info` tells, a moment later.
Slack says no under status 200, and says of `internal_error` and `fatal_error` that some of it may have succeeded:
https://docs.slack.dev/reference/methods/chat.postMessage, read 2026-11-22.
"""

import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote, urlsplit

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
    Wait,
)
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.errors import Limited, PlatformAnswer, Rejected, Transient
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Kind
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Comment, Links, Media, Medium, Mentions, Rules, Source, Text, Thread
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    Meaning,
    as_reply,
    bearer,
    by_status,
    meant,
    messages,
    needed,
    said,
    size_of,
    speaking,
)

CITED = Source("https://docs.slack.dev/reference/methods/chat.postMessage", "2026-11-22", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request | Wait, Any, Json]

API = "https://slack.com/api"
SCOPES = (
    "chat:write",
    "files:write",
    "files:read",
    "channels:read",
    "channels:history",
    "groups:read",
    "groups:history",
)
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 200, 10
SHARED_WITHIN = (1, 1, 2, 2, 2, 2)
"""Seconds to wait, time after time, for the message that sharing files makes."""
METADATA = "carillon_post"

OPTIONS: dict[str, Kind] = {"link_preview": bool, "username": str, "icon_emoji": str, "icon_url": str}
"""Platform options; the last three need the scope chat:write.customize."""

UNCERTAIN = frozenset({"internal_error", "fatal_error"})
ERRORS: dict[str, Meaning] = {
    "ratelimited": "limited",
    "rate_limited": "limited",
    "message_limit_exceeded": "limited",
    "internal_error": "retry",
    "fatal_error": "retry",
    "service_unavailable": "retry",
    "request_timeout": "retry",
    "team_added_to_org": "retry",
    "token_expired": "refresh",
    "invalid_auth": "reconnect",
    "not_authed": "reconnect",
    "token_revoked": "reconnect",
    "account_inactive": "reconnect",
    "missing_scope": "reconnect",
    "no_permission": "reconnect",
    "not_allowed_token_type": "reconnect",
    "access_denied": "reconnect",
    "team_access_not_granted": "reconnect",
    "org_login_required": "reconnect",
    "ekm_access_denied": "reconnect",
    "channel_not_found": "reconnect",
    "not_in_channel": "reconnect",
    "is_archived": "reconnect",
    "restricted_action": "reconnect",
    "msg_too_long": "rejected",
    "msg_blocks_too_long": "rejected",
    "no_text": "rejected",
    "invalid_arguments": "rejected",
    "invalid_metadata_format": "rejected",
    "cannot_reply_to_message": "rejected",
    "thread_not_found": "rejected",
    "message_not_found": "rejected",
    "cant_delete_message": "rejected",
    "file_not_found": "rejected",
    "malware_detected": "rejected",
}
"""https://docs.slack.dev/reference/methods/chat.postMessage#errors and its neighbours, read 2026-11-22."""


class Slack(Platform):
    """Messages of an app in a channel."""

    name = "slack"
    title = "Slack"
    auth = Auth("oauth2", ("access_token", "channel"))
    oauth = OAuth("https://slack.com/oauth/v2/authorize", f"{API}/oauth.v2.access", SCOPES, pkce=False, separator=",")
    tested = "recorded answers"
    options = OPTIONS
    errors = ERRORS
    removable = True
    measurable = True
    answerable = (*IN_PUBLIC, "message")
    intake = Intake(sent=ALL)
    rules = Rules(
        platform="slack",
        source=CITED,
        text=Text(limit=4000, markup="mrkdwn"),
        mentions=Mentions(style="id"),
        links=Links(card="auto"),
        thread=Thread(mode="message"),
        comment=Comment(mode="reply", limit=4000),
        media=Media(total=10, mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=10, alt="optional", alt_limit=2000),
        gif=Medium(count=10, alt="optional", alt_limit=2000),
        video=Medium(count=10),
        audio=Medium(count=10),
        document=Medium(count=10),
        sources={"media": HABIT, "image": HABIT, "gif": HABIT, "video": HABIT, "audio": HABIT, "document": HABIT},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys; an app that may read the channel's history finds what it sent."""
        if account.settings.get("reads"):
            return Idempotency(Safety.READBACK)
        return Idempotency(Safety.NONE, readable=False)

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is (`xoxb-…`), what `channel` is, by its id, and whether the app may read it."""
        token, channel = needed(credentials, "access_token", "channel")
        with speaking(self.title):
            me = platform.good((yield _call(token, "auth.test")))
            found = platform.good((yield _call(token, "conversations.info", {"channel": channel})))["channel"]
            if found.get("is_archived"):
                raise Rejected("is_archived", "the channel is archived")
            history = yield _call(token, "conversations.history", {"channel": channel, "limit": "1"})
            reads = said(history).get("error") != "missing_scope" and bool(platform.good(history))
            return _connected(me, found, {"access_token": token}, reads)

    def accounts(self, host: str, secrets: dict[str, str]) -> Conversation[tuple[Connected, ...]]:
        """The channels that the app was invited to."""
        token = secrets["access_token"]
        with speaking(self.title):
            me = platform.good((yield _call(token, "auth.test")))
            asked = {"types": "public_channel,private_channel", "exclude_archived": "true"}
            channels = yield from _pages(token, "users.conversations", "channels", asked)
            return tuple(_connected(me, one, secrets, reads=True) for one in channels)

    def publish(self, job: Job) -> Conversation[Published]:
        """Every upload first, then one message; the other parts and the first comment go in its thread."""
        parts = messages(job.rendition)
        uploads: list[list[Json]] = []
        for number, part in enumerate(parts):
            uploads += [(yield from _uploaded(job, number, part))]
        stamps: list[str] = []
        for number, part in enumerate(parts):
            thread = {"thread_ts": stamps[0]} if stamps and "." in stamps[0] else {}
            if uploads[number]:
                stamps += [(yield from _shared(job, number, part, uploads[number], thread))]
            else:
                stamps += [(yield from _posted(job, number, part, thread))]
        return Published(stamps[0], _link(job.account, stamps[0]), tuple(stamps), _moment(stamps[0]))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """By our key in the channel's history, or in the thread of the first part; shared files by text and number."""
        first = yield from _found(job, 0, "conversations.history", {})
        if part == 0 or first is None:
            return _as_created(job, part, first)
        return _as_created(job, part, (yield from _found(job, part, "conversations.replies", {"ts": first["ts"]})))

    def answer(self, job: Job) -> Conversation[Published]:
        """A message in the thread of theirs; to a private one, a message in that conversation."""
        place = _asked_in(job)
        stamp = yield from _posted(job, 0, job.rendition.parts[0], place)
        link = _link(job.account, stamp) if place["channel"] == job.account.remote_id else None
        return Published(stamp, link, (stamp,), _moment(stamp))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """By our key, in the thread or in the conversation."""
        place = _asked_in(job)
        method = "conversations.replies" if "thread_ts" in place else "conversations.history"
        where = {"channel": place["channel"], **({"ts": place["thread_ts"]} if "thread_ts" in place else {})}
        return _as_created(job, 0, (yield from _found(job, 0, method, where)))

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete a message; one that is gone already is as good."""
        asked = {"channel": account.remote_id, "ts": post_id}
        no = self.refusal((yield _call(_token(account), "chat.delete", asked, Effect.PREPARE)))
        if no and no.code != "message_not_found":
            raise no

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its reactions, and the answers in its thread."""
        asked = {"channel": account.remote_id, "oldest": post_id, "latest": post_id, "inclusive": "true", "limit": "1"}
        found = platform.good((yield _call(_token(account), "conversations.history", asked)))["messages"]
        if not found or found[0]["ts"] != post_id:
            return None
        likes = sum(one["count"] for one in found[0].get("reactions", []))
        return Metrics(likes=likes, replies=found[0].get("reply_count", 0))

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By `error`, which comes with `ok: false` under status 200."""
        about = said(reply)
        code = str(about.get("error", ""))
        if reply.ok and about.get("ok") is not False:
            return None
        message = f"needs the scope {about['needed']}" if "needed" in about else ""
        if reply.status == 429 or reply.status >= 500 or (not reply.ok and code not in ERRORS):
            return by_status(reply, code, message)
        return meant(ERRORS.get(code, "rejected"), code, message)


def _call(token: str, method: str, form: dict[str, str] | None = None, effect: Effect = Effect.READ) -> Request:
    return Request("POST", f"{API}/{method}", headers=bearer(token), form=form, effect=effect)


def _token(account: Account) -> str:
    return account.secrets["access_token"]


def _pages(token: str, method: str, name: str, asked: dict[str, str]) -> Generator[Request, Reply, list[Json]]:
    """Everything behind a cursor. Never half of it."""
    found: list[Json] = []
    params = {**asked, "limit": str(PAGE)}
    for _ in range(PAGES):
        page = platform.good((yield _call(token, method, params)))
        found += page[name]
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return found
        params = {**params, "cursor": cursor}
    raise Transient("too_much_to_read", f"more than {PAGES * PAGE} {name}")


def _connected(me: Json, channel: Json, secrets: dict[str, str], reads: bool) -> Connected:
    settings = {"user_id": me["user_id"], "bot_id": me.get("bot_id"), "reads": reads}
    host = str(me["url"]).rstrip("/")
    return Connected(f"#{channel.get('name', channel['id'])}", channel["id"], host, secrets, settings=settings)


def _uploaded(job: Job, number: int, part: Part) -> Generator[Request | Wait, Any, list[Json]]:
    """The part's media as files that nobody sees: https://docs.slack.dev/messaging/working-with-files, 2026-11-22."""
    files: list[Json] = []
    for index, media in enumerate(part.media):
        size = yield from size_of(media)
        asked = {"filename": _file_name(media, index), "length": str(size)}
        asked |= {"alt_txt": media.alt_text} if media.alt_text else {}
        place = platform.good((yield _prepare(job, number, "files.getUploadURLExternal", asked)))
        platform.accepted((yield _upload(place["upload_url"], number, media)))
        files += [{"id": place["file_id"], "title": asked["filename"]}]
    return files


def _prepare(job: Job, number: int, method: str, form: dict[str, str]) -> Request:
    return Request(
        "POST",
        f"{API}/{method}",
        headers=bearer(_token(job.account)),
        form=form,
        effect=Effect.PREPARE,
        part=number,
        keep=("ok", "upload_url", "file_id"),
    )


def _upload(url: str, number: int, media: post.Media) -> Request:
    return Request("POST", url, media=media, effect=Effect.PREPARE, part=number, timeout=30.0)


def _file_name(media: post.Media, index: int) -> str:
    """The last word of the address; of several, all but the first with a number, to tell uploads apart."""
    name = unquote(urlsplit(media.url).path.rpartition("/")[2])[-100:] or media.kind
    return f"{index + 1}-{name}" if index else name


def _posted(job: Job, number: int, part: Part, thread: dict[str, str]) -> Generator[Request, Reply, str]:
    preview = job.rendition.options.get("link_preview")
    unfurl = {} if preview is None else {"unfurl_links": preview, "unfurl_media": preview}
    body = {
        "channel": job.account.remote_id,
        "text": part.wire or part.text,
        **thread,
        **unfurl,
        **_face(job),
        "metadata": {"event_type": METADATA, "event_payload": {"key": job.key(number)}},
    }
    return str(_created((yield _create(job, number, "chat.postMessage", body, ("ok", "ts"))))["ts"])


def _asked_in(job: Job) -> dict[str, str]:
    """The channel in which somebody is answered, and the thread: a thing is `channel:thread`."""
    about = job.reply_to
    if about.kind == "message":
        return {"channel": about.thing}
    channel, _, stamp = about.thing.rpartition(":")
    return {"channel": channel or job.account.remote_id, "thread_ts": stamp}


def _shared(
    job: Job, number: int, part: Part, files: list[Json], thread: dict[str, str]
) -> Generator[Request | Wait, Any, str]:
    """Share the part's files; answers the message's time stamp, or a file's id where Slack does not tell in time."""
    comment = {"initial_comment": part.wire or part.text} if part.text else {}
    body = {"channel_id": job.account.remote_id, "files": files, **comment, **thread, **_face(job)}
    made = _created((yield _create(job, number, "files.completeUploadExternal", body, ("ok", "files"))))
    identity = str(made["files"][0]["id"])
    for delay in (*SHARED_WITHIN, None):
        reply = yield _call(_token(job.account), "files.info", {"file": identity})
        no = platform.refusal(reply)
        if isinstance(no, Limited | Transient):
            raise no
        stamp = None if no else _shared_at(reply.json["file"], job.account.remote_id)
        if stamp or no or delay is None:
            break
        yield Wait(timedelta(seconds=delay))
    return stamp or identity


def _shared_at(file: Json, channel: str) -> str | None:
    """Where and when a file was shared: https://docs.slack.dev/reference/objects/file-object, read 2026-11-22."""
    shares = [share for kind in (file.get("shares") or {}).values() for share in kind.get(channel, [])]
    return str(shares[0]["ts"]) if shares else None


def _face(job: Job) -> Json:
    return {
        name: job.rendition.options[name] for name in OPTIONS if name in job.rendition.options and "link" not in name
    }


def _create(job: Job, number: int, method: str, body: Json, keep: tuple[str, ...]) -> Request:
    return Request(
        "POST",
        f"{API}/{method}",
        headers=bearer(_token(job.account)),
        json=body,
        effect=Effect.CREATE,
        part=number,
        keep=keep,
    )


def _created(reply: Reply) -> Json:
    """What was made; where Slack itself does not know whether it was, neither do we."""
    if reply.ok and said(reply).get("error") in UNCERTAIN:
        raise ValueError("Slack may or may not have done it")
    return platform.good(reply)


def _found(job: Job, number: int, method: str, place: dict[str, str]) -> Generator[Request, Reply, Json | None]:
    oldest = f"{(job.due - CLOCK_SLACK).timestamp():.6f}"
    asked = {"channel": job.account.remote_id, **place, "oldest": oldest, "include_all_metadata": "true"}
    found = yield from _pages(_token(job.account), method, "messages", asked)
    return next((one for one in found if _is(one, job, number)), None)


def _is(message: Json, job: Job, number: int) -> bool:
    part = messages(job.rendition)[number]
    if not part.media:
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        return bool(payload.get("key") == job.key(number))
    about = job.account.settings
    ours = message.get("user") == about["user_id"] or message.get("bot_id", "") == about.get("bot_id")
    alike = _plain(message.get("text", "")) == _plain(part.wire or part.text)
    return ours and alike and len(message.get("files") or []) == len(part.media)


def _plain(mrkdwn: str) -> str:
    return " ".join(unescape(re.sub(r"<([^<>|]*)(?:\|[^<>]*)?>", r"\1", mrkdwn)).split())


def _as_created(job: Job, number: int, message: Json | None) -> Reply | None:
    """What making it would have answered."""
    if message is None:
        return None
    if not messages(job.rendition)[number].media:
        return as_reply(200, {"ok": True, "ts": message["ts"]})
    return as_reply(200, {"ok": True, "files": [{"id": file["id"]} for file in message["files"]]})


def _link(account: Account, stamp: str) -> str | None:
    """https://docs.slack.dev/reference/methods/chat.getPermalink gives the same, read 2026-11-22."""
    return f"{account.host}/archives/{account.remote_id}/p{stamp.replace('.', '')}" if "." in stamp else None


def _moment(stamp: str) -> datetime | None:
    return datetime.fromtimestamp(float(stamp), UTC) if "." in stamp else None


platform = Slack()
