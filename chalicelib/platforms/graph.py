"""What Meta's networks share: how the Graph API is asked, what its errors mean, containers, and tokens of 60 days.

Error codes: https://developers.facebook.com/docs/graph-api/guides/error-handling, read 2026-11-22.
"""

import json
import re
from collections.abc import Generator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from chalicelib.core.account import Account, App
from chalicelib.core.conversation import (
    Conversation,
    Effect,
    Idempotency,
    Job,
    Reply,
    Request,
    Safety,
    Secret,
    Wait,
)
from chalicelib.core.errors import Limited, PlatformAnswer, ReconnectNeeded, Rejected, Transient
from chalicelib.platforms.base import Platform
from chalicelib.platforms.words import Meaning, by_status, meant, retry_at, said, tokens_in

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

ERRORS: Mapping[str, Meaning] = {
    "1": "retry",
    "2": "retry",
    "4": "limited",
    "10": "rejected",
    "17": "limited",
    "32": "limited",
    "100": "rejected",
    "102": "refresh",
    "190": "refresh",
    "200": "rejected",
    "341": "limited",
    "368": "rejected",
    "458": "reconnect",
    "459": "reconnect",
    "460": "reconnect",
    "463": "refresh",
    "464": "reconnect",
    "467": "refresh",
    "490": "reconnect",
    "492": "reconnect",
    "613": "limited",
}
"""By subcode, else by code."""
GONE = frozenset({"33", "24", "803"})
"""An object that does not exist: subcode 33 of code 100, and codes 24 and 803."""
CLOCK_SLACK = timedelta(seconds=60)
"""How far Meta's clock may be behind ours."""
PAGE, PAGES = 100, 5
AT_ONCE, FILM = timedelta(seconds=1), timedelta(seconds=10)
"""How long to wait before asking again; Meta would like a minute, and readers would not."""
SECONDS = 20.0
"""What a request that makes Meta fetch a medium may take."""


class Unclear(ValueError):
    """An answer that leaves open whether the request was applied; a `PlatformAnswer` would say that it was not."""


class Graph(Platform):
    """One of Meta's networks."""

    server: ClassVar[str]
    """The API with its version, without a trailing slash."""
    errors = ERRORS

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By subcode, code, and `is_transient`; errors come with any status."""
        error = said(reply).get("error")
        if not isinstance(error, dict):
            return super().refusal(reply)
        code, meaning = self._meaning(error)
        message = str(error.get("error_user_msg") or error.get("message") or "")
        if meaning is None:
            return by_status(Reply(reply.status if not reply.ok else 400, reply.headers), code, message)
        return meant(meaning, code, message, _regained(reply) or retry_at(reply))

    def _meaning(self, error: Json) -> tuple[str, Meaning | None]:
        code, subcode = str(error.get("code", "unknown")), str(error.get("error_subcode", ""))
        if subcode in self.errors:
            return subcode, self.errors[subcode]
        if error.get("is_transient") and self.errors.get(code) in (None, "rejected"):
            return code, "retry"
        return code, self.errors.get(code)

    def _tokens(self, app: App, asked: dict[str, str]) -> Conversation[dict[str, str]]:
        if self.oauth is None:
            raise Rejected("no_oauth", f"{self.title} has no OAuth")
        form = {"client_id": app.id, "client_secret": Secret(app.secret), **asked}
        return self._secrets((yield Request("POST", self.oauth.token, form=form, effect=Effect.PREPARE)))

    def _secrets(self, reply: Reply) -> dict[str, str]:
        """Tokens in an answer, which Instagram may put in a list: a no to them is for a person."""
        no = self.refusal(reply)
        if isinstance(no, Limited | Transient):
            raise no
        if no:
            raise ReconnectNeeded(no.code, no.message or str(said(reply).get("error_message", "")))
        rows = said(reply).get("data")
        return tokens_in(Reply(reply.status, reply.headers, json.dumps(rows[0]).encode()) if rows else reply)

    def read(self, url: str, token: str, **params: str) -> Talk:
        """A node or an edge."""
        return self.good((yield asked(url, token, **params)))

    def listed(self, url: str, token: str, fields: str, job: Job) -> Generator[Request, Reply, list[Json]]:
        """What an edge holds since the job was due, newest first. Never half of it."""
        since = job.due - CLOCK_SLACK
        params = {"fields": fields, "since": str(int(since.timestamp())), "limit": str(PAGE)}
        found: list[Json] = []
        for _ in range(PAGES):
            about = yield from self.read(url, token, **params)
            found += [one for one in about["data"] if made(one) >= since]
            paging = about.get("paging") or {}
            if "next" not in paging or made(about["data"][-1]) < since:
                return found
            params = {**params, "after": paging["cursors"]["after"]}
        raise Transient("too_much_to_read", f"more than {PAGE * PAGES} posts since {since.isoformat()}")

    def shown(self, url: str, token: str, fields: str) -> Talk:
        """What a published node says of itself; where it will not say, it is published all the same."""
        reply = yield asked(url, token, fields=fields)
        no = self.refusal(reply)
        if isinstance(no, Limited):
            raise no
        return {} if no else said(reply)

    def deleted(self, url: str, token: str) -> Conversation[None]:
        """Delete a node; one that is gone already is deleted."""
        reply = yield Request("DELETE", url, params={"access_token": Secret(token)}, effect=Effect.PREPARE)
        if not gone(reply):
            self.good(reply)


class Containers(Graph):
    """Networks where a post is first a container, which can be published once: Threads and Instagram.

    https://developers.facebook.com/docs/threads/troubleshooting and
    https://developers.facebook.com/docs/instagram-platform/content-publishing, read 2026-11-22: a container lives for
    24 hours. Long-lived tokens live for 60 days and can be refreshed only while they live.
    """

    grants: ClassVar[str]
    """What the grant types begin with."""
    status: ClassVar[tuple[str, str]]
    """The fields of a container that say how far it is, and why not."""

    def idempotency(self, account: Account) -> Idempotency:
        """A container can be published once; how late Meta still does it is nowhere said, so the bounds are ours."""
        return Idempotency(
            Safety.CONTAINER,
            late_acceptance=timedelta(minutes=2),
            readback_lag=timedelta(minutes=1),
            prepared_lifetime=timedelta(hours=23),
        )

    def granted(self, app: App, code: str, verifier: str, redirect: str) -> Conversation[dict[str, str]]:
        """The code for a token of an hour, and that for one of 60 days."""
        short = yield from super().granted(app, code, verifier, redirect)
        return (yield from self._lasting("exchange", short["access_token"], client_secret=Secret(app.secret)))

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """The token itself is what it is refreshed with."""
        fresh = yield from self._lasting("refresh", account.secrets["access_token"])
        return {**account.secrets, **fresh}

    def _lasting(self, grant: str, token: str, **more: str) -> Conversation[dict[str, str]]:
        path = {"exchange": "access_token", "refresh": "refresh_access_token"}[grant]
        host = self.server.rpartition("/")[0]
        reply = yield asked(f"{host}/{path}", token, grant_type=f"{self.grants}_{grant}_token", **more)
        return self._secrets(reply)

    def contained(self, job: Job, url: str, number: int, about: Mapping[str, object]) -> Conversation[str]:
        """The id of a new container."""
        reply = yield told(url, token_of(job.account), about, Effect.PREPARE, number)
        return str(self.good(reply)["id"])

    def ready(self, job: Job, url: str, film: bool = False) -> Conversation[None]:
        """Come back until the container can be published, or was."""
        status, reason = self.status
        while True:
            about = yield from self.read(url, token_of(job.account), fields=f"{status},{reason}")
            match about[status]:
                case "FINISHED" | "PUBLISHED":
                    return
                case "IN_PROGRESS":
                    yield Wait(FILM if film else AT_ONCE)
                case "EXPIRED":
                    raise Transient("EXPIRED", "the container is older than a day")
                case _:
                    raise self._failed(str(about.get(reason, "")))

    def _failed(self, reason: str) -> Rejected:
        """A container that failed stays so: Meta's word for it is a code of its own, or one in a sentence."""
        known = re.search(r"\b\d{5,7}\b", reason)
        return Rejected(known.group() if known else reason.partition(" ")[0] or "ERROR", reason)

    def put_out(self, job: Job, url: str, number: int, container: str) -> Conversation[str]:
        """Publish a container; gives the id of the post."""
        form = {"creation_id": container}
        reply = yield told(url, token_of(job.account), form, Effect.CREATE, number)
        return str(self.good(reply)["id"])


def asked(url: str, token: str, **params: str) -> Request:
    """A question to the Graph API."""
    return Request("GET", url, params={**params, "access_token": Secret(token)})


def told(
    url: str, token: str, about: Mapping[str, object], effect: Effect, number: int, keep: tuple[str, ...] = ("id",)
) -> Request:
    """Something to do for the Graph API: what is None is left out, and what is no text is JSON."""
    form = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in about.items()
        if value is not None
    }
    form["access_token"] = Secret(token)
    return Request("POST", url, form=form, effect=effect, part=number, keep=keep, timeout=SECONDS)


def token_of(account: Account) -> str:
    """The account's access token."""
    return account.secrets["access_token"]


def gone(reply: Reply) -> bool:
    """Whether the answer is that there is no such thing."""
    error = said(reply).get("error")
    if not isinstance(error, dict):
        return reply.status == 404
    return str(error.get("error_subcode")) in GONE or str(error.get("code")) in GONE


def made(post: Json) -> datetime:
    """When a post was made."""
    return datetime.fromisoformat(post.get("timestamp") or post["created_time"])


def figures(about: Json) -> dict[str, int]:
    """Insights by name: a total, or the last of their values."""
    return {one["name"]: _figure(one) for one in about["data"]}


def _figure(one: Json) -> int:
    return int(one["total_value"]["value"] if "total_value" in one else one["values"][-1]["value"])


def _regained(reply: Reply) -> datetime | None:
    """When the header of business use cases says that calls are allowed again.

    https://developers.facebook.com/docs/graph-api/overview/rate-limiting, read 2026-11-22.
    """
    try:
        usage = json.loads(reply.headers["x-business-use-case-usage"])
        minutes = max(one.get("estimated_time_to_regain_access", 0) for uses in usage.values() for one in uses)
        return parsedate_to_datetime(reply.headers["date"]) + timedelta(minutes=minutes) if minutes else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
