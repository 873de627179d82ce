"""Kuaishou: a film with a caption and up to four topics. How long the caption may be is not documented.

A film needs a cover, which the option `cover` names. It is published once it is handed in; Kuaishou still works on it
then, and reviewers look at it afterwards. The address of a film is a guess from what browsers show.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core import post
from chalicelib.core.account import Account, App
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
    Secret,
)
from chalicelib.core.errors import Issue, PlatformAnswer, ReconnectNeeded, RefreshNeeded, Rejected, Transient
from chalicelib.core.lead import Intake
from chalicelib.core.options import Check, Kind, https
from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    Meaning,
    as_reply,
    by_code,
    given,
    needed,
    pieces,
    said,
    size_of,
    speaking,
    tokens_in,
)

CITED = Source("https://github.com/yikart/AiToEarn/tree/8bbf520c", "2026-06-01", "secondary")
UNCLEAR = Source(CITED.url, "2026-06-01", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]

SITE = "https://open.kuaishou.com"
PHOTO = f"{SITE}/openapi/photo"
REFRESH = f"{SITE}/oauth2/refresh_token"
WHOLE_BYTES = 10 * 1024 * 1024
"""A smaller film goes in one piece, a larger one in fragments: https://open.kuaishou.com, as AiToEarn has it."""
PART_BYTES = 4 * 1024 * 1024
GONE = "100120001"
CLOCK_SLACK = timedelta(seconds=30)
PAGE = 50


OPTIONS: dict[str, Kind] = {"cover": Check(https, "the https address of a JPEG or PNG")}
ERRORS: dict[str, Meaning] = {"100200100": "rejected", "100200101": "reconnect", GONE: "rejected"}
"""https://mp.kuaishou.com/docs/develop/server/getAccessToken.html, read 2026-11-23; no list of all is public."""


class Kuaishou(Platform):
    """Films."""

    name = "kuaishou"
    title = "Kuaishou 快手"
    auth = Auth("oauth2", ("access_token", "app_id", "refresh_token?", "open_id?"))
    oauth = OAuth(
        f"{SITE}/oauth2/authorize",
        f"{SITE}/oauth2/access_token",
        ("user_info", "user_video_publish", "user_video_info"),
        pkce=False,
        separator=",",
        id_name="app_id",
        secret_name="app_secret",  # noqa: S106, a name and no secret
    )
    tested = "recorded answers"
    errors = ERRORS
    options = OPTIONS
    removable = True
    measurable = True
    intake = Intake(sent=frozenset({"video"}))
    rules = Rules(
        platform="kuaishou",
        source=CITED,
        text=Text(limit=1000),
        hashtags=Hashtags(style="hash", limit=4),
        mentions=Mentions(style="at", handle=r"[\w.-]{1,30}"),
        links=Links(inline="none"),
        media=Media(required=True, total=1),
        video=Medium(count=1),
        sources={"text.limit": UNCLEAR, "mentions": HABIT, "links": HABIT},
    )

    def check_options(self, options: dict[str, object]) -> list[Issue]:
        """A film has to have a cover."""
        missing = [] if "cover" in options else [Issue("required", "error", "cover", "a film has to have a cover")]
        return [*super().check_options(options), *missing]

    def idempotency(self, account: Account) -> Idempotency:
        """No keys; a film is in the account's list soon after it was handed in. The bounds are ours."""
        return Idempotency(Safety.READBACK, readback_lag=timedelta(minutes=10))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is, asked in the name of the app."""
        token, app_id = needed(credentials, "access_token", "app_id")
        kept = given(credentials, "refresh_token", "expires_at")
        with speaking(self.title):
            params = {"app_id": app_id, "access_token": Secret(token)}
            reply = yield Request("GET", f"{SITE}/openapi/user_info", params=params)
            owner = self.good(reply)["user_info"]
            return Connected(
                owner["name"],
                credentials.get("open_id") or owner["name"],
                secrets={"access_token": token, **kept},
                settings={"app_id": app_id},
            )

    def granted(self, app: App, code: str, verifier: str, redirect: str) -> Conversation[dict[str, str]]:
        """The tokens, and the app's id, which every call names."""
        return {**(yield from super().granted(app, code, verifier, redirect)), "app_id": app.id}

    def publish(self, job: Job) -> Conversation[Published]:
        """The film, whole or in fragments, and then it is handed in with its cover."""
        cover = job.rendition.options.get("cover")
        if not cover:
            raise Rejected("cover_required", "a film has to have a cover: the option `cover`")
        token = yield from self._uploaded(job)
        reply = yield Request(
            "POST",
            f"{PHOTO}/publish",
            params={**_auth(job.account), "upload_token": token},
            form={"caption": job.rendition.parts[0].text},
            files={"cover": post.Media(url=cover)},
            effect=Effect.CREATE,
            keep=("result", "video_info"),
            timeout=30.0,
        )
        identity = str(self.good(reply)["video_info"]["photo_id"])
        return Published(identity, f"https://www.kuaishou.com/short-video/{identity}", (identity,))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the newest films, by the caption. Never half of those since it was due."""
        since = job.due - CLOCK_SLACK
        params = {**_auth(job.account), "count": str(PAGE)}
        films: list[Json] = self.good((yield Request("GET", f"{PHOTO}/list", params=params)))["video_list"] or []
        fresh = [one for one in films if _made(one) >= since]
        wanted = _comparable(job.rendition.parts[0].text)
        found = next((one for one in fresh if _comparable(one["caption"]) == wanted), None)
        if found is None and len(fresh) >= PAGE:
            raise Transient("too_much_to_read", f"more than {PAGE} films since {since.isoformat()}")
        return as_reply(200, {"result": 1, "video_info": {"photo_id": found["photo_id"]}}) if found else None

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete the film."""
        body = {**_auth(account), "photo_id": post_id}
        self.gone((yield Request("POST", f"{PHOTO}/delete", json=body, effect=Effect.PREPARE)), GONE)

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """The film's figures."""
        reply = yield Request("GET", f"{PHOTO}/info", params={**_auth(account), "photo_id": post_id})
        if self.gone(reply, GONE):
            return None
        about = self.good(reply)["video_info"]
        return Metrics(about.get("view_count"), about.get("like_count"), about.get("comment_count"))

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By `result`, which is 1 in a good answer; of tokens there is a word, but no code that anybody wrote down."""
        about = said(reply)
        code, word = str(about.get("result", "")), str(about.get("error", ""))
        if reply.ok and code in ("", "1"):
            return None
        message = str(about.get("error_msg", "")) or word
        if "token" in word:
            return RefreshNeeded(code, message)
        return by_code(self.errors, code, message, reply)

    def _tokens(self, app: App, asked: dict[str, str]) -> Conversation[dict[str, str]]:
        """Refreshing has an address of its own."""
        url = REFRESH if "refresh_token" in asked else f"{SITE}/oauth2/access_token"
        named = {name: asked[name] for name in asked if name != "redirect_uri"}
        form = {**named, "app_id": app.id, "app_secret": Secret(app.secret)}
        reply = yield Request("POST", url, form=form, effect=Effect.PREPARE)
        no = self.refusal(reply)
        if no:
            raise ReconnectNeeded(no.code, no.message) if isinstance(no, Rejected | RefreshNeeded) else no
        open_id = said(reply).get("open_id")
        return {**tokens_in(reply), **({"open_id": str(open_id)} if open_id else {})}

    def _uploaded(self, job: Job) -> Conversation[str]:
        """The token of the film, all of which has arrived."""
        film = job.rendition.parts[0].media[0]
        size = yield from size_of(film)
        start = Request(
            "POST",
            f"{PHOTO}/start_upload",
            params=_auth(job.account),
            effect=Effect.PREPARE,
            keep=("result", "upload_token", "endpoint"),
        )
        begun = self.good((yield start))
        token, server = str(begun["upload_token"]), f"https://{begun['endpoint'].rpartition('://')[2]}/api/upload"
        if size < WHOLE_BYTES:
            self.good((yield _piece(server, token, film)))
            return token
        spans = pieces(size, PART_BYTES)
        for number, span in enumerate(spans):
            self.good((yield _piece(f"{server}/fragment", token, film, span, fragment_id=str(number))))
        yield from self._completed(server, token, len(spans))
        return token

    def _completed(self, server: str, token: str, fragments: int) -> Generator[Request, Reply, None]:
        params = {"upload_token": token, "fragment_count": str(fragments)}
        reply = yield Request(
            "POST", f"{server}/complete", params=params, effect=Effect.PREPARE, keep=("result",), timeout=30.0
        )
        self.good(reply)


def _piece(url: str, token: str, film: post.Media, span: tuple[int, int] | None = None, **params: str) -> Request:
    return Request(
        "POST",
        url,
        params={"upload_token": token, **params},
        headers={"content-type": "application/octet-stream" if span else "video/mp4"},
        media=film,
        span=span,
        effect=Effect.PREPARE,
        keep=("result",),
        timeout=30.0,
    )


def _auth(account: Account) -> dict[str, str]:
    return {"app_id": account.settings["app_id"], "access_token": Secret(account.secrets["access_token"])}


def _made(film: Json) -> datetime:
    """`create_time` counts milliseconds."""
    return datetime.fromtimestamp(film["create_time"] / 1000, UTC)


def _comparable(caption: str) -> str:
    return " ".join(caption.split())


platform = Kuaishou()
