"""Sandbox: our own test network. 500 graphemes, four pictures, threads, polls, alt text; it takes everything.

This service serves it itself, under `/sandbox/v1` of the account's host. The option `fault` makes it misbehave as real
networks do; it honours no idempotency key, so that what we promise without one can be tried out.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

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
from chalicelib.core.errors import Issue, PlatformAnswer, ReconnectNeeded, RefreshNeeded
from chalicelib.core.rendition import Part
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
    Title,
    Warning,
)
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import as_reply, bearer, by_status, messages, needed, said, speaking

OURS = Source("docs/sandbox.md", "2026-11-22")

Json = dict[str, Any]

FAULTS = ("timeout_after_accept", "server_error_after_accept", "rate_limit", "reject", "slow")
KEPT = ("id", "url", "created_at", "reference")


class Sandbox(Platform):
    """The network that everybody can post to without an account anywhere."""

    name = "sandbox"
    title = "Sandbox"
    auth = Auth("none")
    answerable = (*IN_PUBLIC, "message")
    tested = "itself, in the deployed template"
    measurable = audited = True
    rules = Rules(
        platform="sandbox",
        source=OURS,
        text=Text(unit="graphemes", limit=500),
        title=Title(mode="optional", limit=100, unit="graphemes"),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="at", handle=r"\w[\w.-]*"),
        links=Links(card="client", card_with_media=True),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=500),
        media=Media(total=4, mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=4, alt="optional", alt_limit=1500),
        gif=Medium(count=4, alt="optional", alt_limit=1500),
        video=Medium(count=4, alt="optional", alt_limit=1500),
        audio=Medium(count=4, alt="optional", alt_limit=1500),
        document=Medium(count=4, alt="optional", alt_limit=1500),
        poll=Poll(options_max=20, option_length=300, multiple=True, with_media=True),
        warning=Warning(mode="field"),
        language=Language(supported=True),
        visibility={"public": "public", "unlisted": "unlisted", "followers": "followers", "private": "private"},
        labels={"ai_generated": "ai_generated", "paid_partnership": "paid_partnership"},
    )

    def check_options(self, options: dict[str, object]) -> list[Issue]:
        """`fault` is the only option."""
        issues = super().check_options({name: value for name, value in options.items() if name != "fault"})
        if options.get("fault") not in (None, *FAULTS):
            issues.append(Issue("unknown_fault", "error", "fault", f"fault is one of {', '.join(FAULTS)}"))
        return issues

    def idempotency(self, account: Account) -> Idempotency:
        """Nothing makes a repeat safe; what is there can be read back, soon."""
        return Idempotency(Safety.READBACK, late_acceptance=timedelta(seconds=30), readback_lag=timedelta(seconds=1))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """A new account on the sandbox at `host`, by an API `key` of that service; it may be given a `name`."""
        server = host.rstrip("/")
        (key,) = needed(credentials, "key")
        body = {"name": credentials.get("name") or "sandbox"}
        with speaking(self.title):
            reply = yield Request(
                "POST", f"{server}/sandbox/v1/accounts", headers=bearer(key), json=body, effect=Effect.PREPARE
            )
            made = platform.good(reply)
            return Connected(made["handle"], made["id"], server, {"token": made["token"]})

    def publish(self, job: Job) -> Conversation[Published]:
        """One message after the other, each a reply to the one before."""
        done: list[Json] = []
        for number, part in enumerate(messages(job.rendition)):
            done += [(yield from _created(job, number, part, done[-1]["id"] if done else job.parent))]
        made = datetime.fromisoformat(done[0]["created_at"])
        url = done[0]["url"]
        link = f"{job.account.host}{url}" if url.startswith("/") else url
        return Published(done[0]["id"], link, tuple(one["id"] for one in done), made)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The sandbox finds a message by the reference that came with it."""
        params = {"account": job.account.remote_id, "reference": job.key(part)}
        reply = yield Request("GET", _posts(job), headers=_auth(job), params=params)
        found = platform.good(reply)["data"]
        return as_reply(201, {name: found[0][name] for name in KEPT}) if found else None

    def copies(self, job: Job) -> Conversation[list[str]]:
        """By what they say, as on networks that know nothing of references."""
        reply = yield Request("GET", _posts(job), headers=_auth(job), params={"account": job.account.remote_id})
        part = messages(job.rendition)[0]
        said = part.wire or part.text
        since = job.due.astimezone(UTC).isoformat()[:19]
        found = platform.good(reply)["data"]
        return [one["id"] for one in found if one["text"] == said and one["created_at"][:19] >= since]

    def answer(self, job: Job) -> Conversation[Published]:
        """A message that is a reply to theirs."""
        return (yield from self.publish(job))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """By its reference."""
        return (yield from self.find(job, 0))

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """What people did with it, as somebody told the sandbox: see `service/sandbox.py`."""
        reply = yield Request("GET", f"{account.host}/sandbox/v1/posts/{post_id}", headers=_token(account))
        return None if self.gone(reply, "not_found") else Metrics(**self.good(reply)["figures"])

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the status; its tokens do not end, so one that is no good is for a person."""
        if reply.ok:
            return None
        about = said(reply)
        no = by_status(reply, str(about.get("code", "")), str(about.get("detail", "")))
        return ReconnectNeeded(no.code, no.message) if isinstance(no, RefreshNeeded) else no


def _created(job: Job, number: int, part: Part, parent: str | None) -> Generator[Request, Reply, Json]:
    reply = yield Request(
        "POST",
        _posts(job),
        headers=_auth(job),
        json=_message(job, number, part, parent),
        effect=Effect.CREATE,
        part=number,
        keep=KEPT,
        timeout=3.0,
    )
    return platform.good(reply)


def _message(job: Job, number: int, part: Part, parent: str | None) -> Json:
    return {
        "account": job.account.remote_id,
        "text": part.wire or part.text,
        "media": [{"url": media.url, "alt_text": media.alt_text} for media in part.media],
        "reply_to": parent,
        "reference": job.key(number),
        "content_warning": job.rendition.content_warning,
        "language": job.rendition.language,
        "fault": job.rendition.options.get("fault"),
        "part": number,
    }


def _posts(job: Job) -> str:
    return f"{job.account.host}/sandbox/v1/posts"


def _auth(job: Job) -> dict[str, str]:
    return _token(job.account)


def _token(account: Account) -> dict[str, str]:
    return bearer(account.secrets["token"])


platform = Sandbox()
