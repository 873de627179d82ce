"""Mastodon: 500 graphemes of warning and text (each server says its own number), every http(s) link counts 23.

The family speaks one API, but only Mastodon itself honours `Idempotency-Key`, for an hour: on GoToSocial (2025-10) and
on snac 2.75 the same key twice made two posts (measured). Mastodon stores the key after it has stored the status, so a
repeat proves nothing while the first request may still be at work: app/services/post_status_service.rb, read
2026-11-22. Tokens do not expire. Uploads may answer 202 and go on being processed.
"""

import operator
import re
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from html.parser import HTMLParser
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
    Wait,
)
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.errors import Limited, PlatformAnswer, ReconnectNeeded, RefreshNeeded, Transient
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.rendition import Part, ReplyTo
from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Language,
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
from chalicelib.platforms.words import (
    as_reply,
    bearer,
    by_status,
    comparable,
    home,
    messages,
    needed,
    retry_at,
    said,
    speaking,
)

DOCS = Source("https://docs.joinmastodon.org/methods/instance/#v2", "2026-07-02")
VALIDATOR = Source(
    "https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb", "2026-11-22"
)

Json = dict[str, Any]

KEPT = ("id", "url", "created_at", "uri")
CLOCK_SLACK = timedelta(seconds=30)
"""How far a server's clock may be behind ours."""
PAGE, PAGES = 40, 10
LONGEST_WAIT = timedelta(seconds=30)
UNLISTED_BY_SOME = ("private", "direct")
ALIKE, ALIKE_WITHIN = 0.8, 300
"""How much of two texts' first letters is the same, in the same order, where one may be the other rewritten."""
MARKUP = re.compile("a|abbr|b|blockquote|br|code|del|em|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span|strong|su[bp]|u|ul")
"""The HTML of statuses; snac (2.75) leaves anything else between angle brackets as its author wrote it."""

Alike = Callable[[str, str], bool]


def _same(value: Any) -> Any:
    return value


def _types(kind: str) -> Callable[[list[str]], list[str]]:
    return lambda types: [one.removeprefix(f"{kind}/") for one in types if one.startswith(f"{kind}/")]


LIMITS: tuple[tuple[str, tuple[str, ...], Callable[[Any], Any]], ...] = (
    ("statuses.max_characters", ("text.limit", "comment.limit"), _same),
    ("statuses.characters_reserved_per_url", ("text.url_weight",), _same),
    ("statuses.max_media_attachments", ("media.total", "image.count"), _same),
    ("media_attachments.image_size_limit", ("image.bytes", "gif.bytes"), _same),
    ("media_attachments.image_matrix_limit", ("image.pixels",), _same),
    ("media_attachments.video_size_limit", ("video.bytes", "audio.bytes"), _same),
    (
        "media_attachments.description_limit",
        ("image.alt_limit", "gif.alt_limit", "video.alt_limit", "audio.alt_limit"),
        _same,
    ),
    ("media_attachments.supported_mime_types", ("image.types",), _types("image")),
    ("media_attachments.supported_mime_types", ("video.types",), _types("video")),
    ("media_attachments.supported_mime_types", ("audio.types",), _types("audio")),
    ("polls.max_options", ("poll.options_max",), _same),
    ("polls.max_characters_per_option", ("poll.option_length",), _same),
    ("polls.min_expiration", ("poll.min_minutes",), lambda seconds: -(-seconds // 60)),
    ("polls.max_expiration", ("poll.max_minutes",), lambda seconds: seconds // 60),
)
"""Where an instance says which of our rules: https://docs.joinmastodon.org/entities/Instance/, read 2026-07-02."""


class Mastodon(Platform):
    """Statuses on the account's own server, which says its own limits."""

    name = "mastodon"
    title = "Mastodon"
    auth = Auth("access_token", ("access_token",), host=True)
    measurable = audited = True
    tested = "the documentation's OpenAPI description, and snac 2.75"
    answerable = IN_PUBLIC
    intake = Intake(sent=ALL, worked_on=frozenset({"audio", "gif", "video"}))
    rules = Rules(
        platform="mastodon",
        source=DOCS,
        text=Text(unit="mastodon", limit=500, url_weight=23, includes_warning=True),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*(?:@\w+(?:[.-]+\w+)*)?"),
        links=Links(card="auto", bare=False, wide=True),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=500),
        media=Media(total=4),
        image=Medium(count=4, bytes=16_777_216, pixels=33_177_600, alt="optional", alt_limit=1500),
        gif=Medium(count=1, bytes=16_777_216, alt="optional", alt_limit=1500),
        video=Medium(count=1, bytes=103_809_024, alt="optional", alt_limit=1500),
        audio=Medium(count=1, bytes=103_809_024, alt="optional", alt_limit=1500),
        poll=Poll(options_max=4, option_length=50, min_minutes=5, max_minutes=43_829, multiple=True),
        warning=Warning(mode="field"),
        language=Language(supported=True),
        visibility={"public": "public", "unlisted": "unlisted", "followers": "private", "private": "direct"},
        sources={"text": VALIDATOR},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """The key holds for an hour, and on Mastodon itself only; everywhere else there is reading back."""
        if account.settings.get("is_mastodon"):
            return Idempotency(Safety.KEY, key_lifetime=timedelta(hours=1))
        return Idempotency(Safety.READBACK)

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is, and what its server allows."""
        (token,) = needed(credentials, "access_token")
        server = home(host)
        with speaking(self.title):
            owner = yield from _owner(server, token)
            instance = yield from _instance(server, token)
            return Connected(
                f"@{owner['username']}@{_domain(instance, server)}",
                str(owner["id"]),
                server,
                {"access_token": token},
                _limits(instance.get("configuration") or {}),
                {"is_mastodon": _is_mastodon(instance)},
            )

    def publish(self, job: Job) -> Conversation[Published]:
        """Every upload first, then one status after the other, each a reply to the one before."""
        parts = messages(job.rendition)
        uploads: list[list[str]] = []
        for number, part in enumerate(parts):
            uploads += [(yield from _uploaded(job, number, part))]
        done: list[Json] = []
        for number, part in enumerate(parts):
            parent = done[-1]["id"] if done else None
            done += [(yield from _created(job, number, _status(job, number, part, uploads[number], parent)))]
        made = datetime.fromisoformat(done[0]["created_at"]) if "created_at" in done[0] else None
        return Published(done[0]["id"], done[0].get("url"), tuple(one["id"] for one in done), made)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The part among the account's statuses since it was due: same text, same place in the same thread.

        Not there is said only where it is certain. Others than Mastodon rewrite what they are given, and snac (2.75)
        lists no status that is not public: what cannot be told is left to a person, who can look.
        """
        statuses = yield from _recent(job)
        mastodon = bool(job.account.settings.get("is_mastodon"))
        same = operator.eq if mastodon else _same_letters
        found = next((one for one in statuses.values() if _is_part(one, part, job, statuses, same)), None)
        if found:
            return as_reply(200, {name: found[name] for name in KEPT if name in found})
        if not mastodon and job.rendition.visibility in UNLISTED_BY_SOME:
            raise Transient("cannot_tell", "this server may not list statuses that are not public")
        if not mastodon and any(_is_part(one, part, job, statuses, _resembling) for one in statuses.values()):
            raise Transient("cannot_tell", "a status resembles this one, and is not the same")
        return None

    def copies(self, job: Job) -> Conversation[list[str]]:
        """The account's statuses since it was due that are its first part, by what they say, warn of and show."""
        statuses = yield from _recent(job)
        same = operator.eq if job.account.settings.get("is_mastodon") else _same_letters
        return [str(one["id"]) for one in statuses.values() if _is_part(one, 0, job, statuses, same)]

    def addressed(self, reply_to: ReplyTo, text: str) -> str:
        """With their name in front, without which they would not hear of it."""
        return _to(reply_to.ref.get("acct", ""), text)

    def answer(self, job: Job) -> Conversation[Published]:
        """A status that is a reply to theirs, and that no more people can see than theirs."""
        ask = Request("GET", f"{job.account.host}/api/v1/statuses/{job.reply_to.thing}", headers=_auth(job))
        theirs = platform.good((yield ask))
        status = _status(job, 0, job.rendition.parts[0], [], job.parent)
        named = {"status": _to(theirs["account"]["acct"], status["status"]), "visibility": theirs["visibility"]}
        made = yield from _created(job, 0, {**status, **named})
        at = datetime.fromisoformat(made["created_at"]) if "created_at" in made else None
        return Published(made["id"], made.get("url"), (made["id"],), at)

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Among the account's statuses since then: the same text but for who is named first, and the same parent.

        Not there is said of Mastodon alone: elsewhere a list may leave out what not everybody may see.
        """
        wanted = _unaddressed(job.rendition.parts[0].wire or job.rendition.parts[0].text)
        mastodon = bool(job.account.settings.get("is_mastodon"))
        same = operator.eq if mastodon else _same_letters
        for one in (yield from _recent(job)).values():
            if one.get("in_reply_to_id") == job.parent and same(_unaddressed(_plain(one.get("content", ""))), wanted):
                return as_reply(200, {name: one[name] for name in KEPT if name in one})
        if not mastodon:
            raise Transient("cannot_tell", "this server may not list statuses that are not public")
        return None

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """What the account's own server counts of it; quotes since Mastodon 4.5, views never.

        https://docs.joinmastodon.org/entities/Status/, read 2026-07-02.
        """
        reply = yield Request("GET", f"{account.host}/api/v1/statuses/{post_id}", headers=_token(account))
        if reply.status == 404:
            return None
        about = platform.good(reply)
        return Metrics(
            likes=about.get("favourites_count"),
            replies=about.get("replies_count"),
            reposts=about.get("reblogs_count"),
            quotes=about.get("quotes_count"),
        )

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the status; a token does not end, so one that is no good is for a person."""
        if reply.ok:
            return None
        no = by_status(reply, message=str(said(reply).get("error", "")))
        if isinstance(no, Limited):
            return Limited(no.code, no.message, _reset(reply))
        return ReconnectNeeded(no.code, no.message) if isinstance(no, RefreshNeeded) else no


def _owner(server: str, token: str) -> Generator[Request, Reply, Json]:
    reply = yield Request("GET", f"{server}/api/v1/accounts/verify_credentials", headers=bearer(token))
    return platform.good(reply)


def _instance(server: str, token: str) -> Generator[Request, Reply, Json]:
    """What the server says of itself; before Mastodon 4 under v1 only."""
    reply = yield Request("GET", f"{server}/api/v2/instance", headers=bearer(token))
    if reply.status == 404:
        reply = yield Request("GET", f"{server}/api/v1/instance", headers=bearer(token))
    return platform.good(reply)


def _domain(instance: Json, server: str) -> str:
    """The domain of handles: `domain` in v2, `uri` in v1, where some servers give a whole URL."""
    name = str(instance.get("domain") or instance.get("uri") or server)
    return name.partition("://")[2].strip("/") or name


def _is_mastodon(instance: Json) -> bool:
    """Forks that promise compatibility only say so in their version: `2.7.2 (compatible; Pleroma 2.6)`."""
    versions = instance.get("api_versions") or {}
    return bool(versions.get("mastodon")) and "compatible" not in str(instance.get("version"))


def _limits(configuration: Json) -> Json:
    found: Json = {}
    for path, names, convert in LIMITS:
        group, _, leaf = path.partition(".")
        value = (configuration.get(group) or {}).get(leaf)
        if value is not None:
            found |= dict.fromkeys(names, convert(value))
    return found


def _uploaded(job: Job, number: int, part: Part) -> Generator[Request | Wait, Any, list[str]]:
    """The ids of the part's media, once the server has processed them."""
    ids: list[str] = []
    for media in part.media:
        reply = yield _upload(job, number, media)
        identity = str(platform.good(reply)["id"])
        if reply.status == 202:
            yield from _processed(job, identity)
        ids += [identity]
    return ids


def _upload(job: Job, number: int, media: post.Media) -> Request:
    return Request(
        "POST",
        f"{job.account.host}/api/v2/media",
        headers=_auth(job),
        form={"description": media.alt_text} if media.alt_text else None,
        files={"file": media},
        effect=Effect.PREPARE,
        part=number,
        keep=("id",),
        timeout=30.0,
    )


def _processed(job: Job, identity: str) -> Generator[Request | Wait, Any, None]:
    """Come back until the medium is ready: 206 while it is not."""
    delay = timedelta(seconds=1)
    ask = Request("GET", f"{job.account.host}/api/v1/media/{identity}", headers=_auth(job))
    while platform.accepted((yield ask)).status == 206:
        yield Wait(delay)
        delay = min(delay * 2, LONGEST_WAIT)


def _status(job: Job, number: int, part: Part, media_ids: list[str], parent: str | None) -> Json:
    rendition = job.rendition
    status: Json = {
        "status": part.wire or part.text,
        "media_ids": media_ids,
        "in_reply_to_id": parent,
        "spoiler_text": rendition.content_warning,
        "sensitive": True if rendition.content_warning else None,
        "language": rendition.language,
        "visibility": rendition.visibility,
        "poll": _poll(rendition.poll) if rendition.poll and number == 0 else None,
        # GoToSocial may be set to read Markdown: internal/api/client/statuses/statuscreate.go, read 2026-11-22.
        "content_type": None if job.account.settings.get("is_mastodon") else "text/plain",
    }
    return {name: value for name, value in status.items() if value not in (None, [])}


def _to(acct: str, text: str) -> str:
    """The text, for somebody who has to be named in it."""
    return text if not acct or f"@{acct}".casefold() in text.casefold() else f"@{acct} {text}"


def _unaddressed(text: str) -> str:
    return re.sub(r"^(@\S+\s+)+", "", _comparable(text))


def _poll(poll: post.Poll) -> Json:
    return {"options": list(poll.options), "expires_in": poll.duration_minutes * 60, "multiple": poll.multiple}


def _created(job: Job, number: int, status: Json) -> Generator[Request, Reply, Json]:
    key = job.key(number)
    reply = yield Request(
        "POST",
        f"{job.account.host}/api/v1/statuses",
        headers={**_auth(job), "Idempotency-Key": key},
        json=status,
        effect=Effect.CREATE,
        part=number,
        key=key,
        keep=KEPT,
    )
    made = platform.good(reply)
    return {**made, "id": str(made["id"])}


def _recent(job: Job) -> Generator[Request, Reply, dict[str, Json]]:
    """The account's own statuses since the post was due, newest first, by id. Never half of them."""
    since = job.due - CLOCK_SLACK
    found: dict[str, Json] = {}
    params = {"exclude_reblogs": "true", "limit": str(PAGE)}
    for _ in range(PAGES):
        page = platform.rows((yield Request("GET", _statuses(job), headers=_auth(job), params=params)))
        fresh = {one["id"]: one for one in page if _made(one) >= since and one["id"] not in found}
        found |= fresh
        if not page or _made(page[-1]) < since:
            return found
        if not fresh and len(page) < PAGE:
            # snac (2.75) passes `max_id` over: the same page again, and a short one, is all that there is.
            return found
        params = {**params, "max_id": page[-1]["id"]}
    raise Transient("too_much_to_read", f"more than {PAGES * PAGE} statuses since {since.isoformat()}")


def _statuses(job: Job) -> str:
    return f"{job.account.host}/api/v1/accounts/{job.account.remote_id}/statuses"


def _made(status: Json) -> datetime:
    return datetime.fromisoformat(status["created_at"])


def _is_part(status: Json, number: int, job: Job, statuses: dict[str, Json], same: Alike) -> bool:
    """Whether this status is that part: it says the same, and what it answers is the part before."""
    part = messages(job.rendition)[number]
    if not same(_plain(status.get("content", "")), _comparable(part.wire or part.text)):
        return False
    if _comparable(status.get("spoiler_text") or "") != _comparable(job.rendition.content_warning or ""):
        return False
    if len(status.get("media_attachments") or []) != len(part.media):
        return False
    parent = status.get("in_reply_to_id")
    if number == 0 or parent is None:
        return number == 0 and parent is None
    return parent in statuses and _is_part(statuses[parent], number - 1, job, statuses, same)


def _same_letters(one: str, other: str) -> bool:
    """Equal but for marks: snac reads Markdown in everything, and does not say so."""
    return _letters(one) == _letters(other)


def _resembling(one: str, other: str) -> bool:
    """Alike enough to be the same, rewritten."""
    letters, others = _letters(one)[:ALIKE_WITHIN], _letters(other)[:ALIKE_WITHIN]
    return SequenceMatcher(None, letters, others, autojunk=False).ratio() >= ALIKE


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text) or text


class _Text(HTMLParser):
    """The text of a status, as its author wrote it: the hidden ends of shortened links are part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p"):
            self.words.append("\n")
        if not MARKUP.fullmatch(tag):
            self.words.append(self.get_starttag_text() or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _plain(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    reader.close()
    return _comparable("".join(reader.words))


def _comparable(text: str) -> str:
    """Text without what servers change, the domains of mentions too."""
    return re.sub(r"(@[\w.-]+)@[\w-]+(\.[\w-]+)+", r"\1", comparable(text))


def _auth(job: Job) -> dict[str, str]:
    return _token(job.account)


def _token(account: Account) -> dict[str, str]:
    return bearer(account.secrets["access_token"])


def _reset(reply: Reply) -> datetime | None:
    """When the limit is lifted: https://docs.joinmastodon.org/api/rate-limits/, read 2026-07-02."""
    try:
        return datetime.fromisoformat(reply.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return retry_at(reply)


platform = Mastodon()
