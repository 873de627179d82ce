"""Bilibili: a film with a title under 80, a description under 250, and tags under 200 characters in all.

A film belongs to a section, `tid`: the option, or the account's setting, or 21 (daily life). It is published once it is
handed in; reviewers look at it afterwards. Every call is signed with the app's secret and Bilibili's own time, so the
app's id and secret are kept with the account. No call for comments is documented, so there is no first comment.
"""

import hmac
import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import md5, sha256
from html import unescape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

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
from chalicelib.core.options import Check, Kind, https, of_length, one_of
from chalicelib.core.rules import Hashtags, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    Meaning,
    as_reply,
    clock_of,
    filled,
    given,
    in_envelope,
    needed,
    pieces,
    size_of,
    speaking,
)

CITED = Source("https://github.com/yikart/AiToEarn/tree/8bbf520c", "2026-06-01", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

SITE = "https://member.bilibili.com"
ARCHIVE = f"{SITE}/arcopen/fn/archive"
UPLOAD = "https://openupos.bilivideo.com/video/v2/part/upload"
TOKEN = "https://api.bilibili.com/x/account-oauth2/v1/token"  # noqa: S105, an address
REFRESH = "https://api.bilibili.com/x/account-oauth2/v1/refresh_token"
PART_BYTES = 8 * 1024 * 1024
DAILY_LIFE = 21
ORIGINAL, REPRINT = 1, 2
GONE = "-404"
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 20, 5
KEPT = ("code", "data")


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


OPTIONS: dict[str, Kind] = {
    "tid": Check(_number, "the number of a section"),
    "copyright": Check(one_of(ORIGINAL, REPRINT), "1 for an original, 2 for a reprint"),
    "source": Check(of_length(200), "where a reprint is from"),
    "no_reprint": Check(one_of(0, 1), "0 or 1"),
    "topic_id": Check(_number, "a number"),
    "mission_id": Check(_number, "a number"),
    "cover": Check(https, "the https address of a JPEG or PNG of at most 5 MB"),
}
"""Bilibili's own words, but for `cover`, which is uploaded."""
RETRY = (
    *("-500", "4010", "4011", "122009", "122010", "123002", "123023", "123039", "123044", "129020", "129021"),
    *("130004", "130005", "130006", "131001"),
)
ERRORS: dict[str, Meaning] = {
    **dict.fromkeys(RETRY, "retry"),
    **dict.fromkeys(("123026", "127009", "127306"), "limited"),
    **dict.fromkeys(("122000", "122001", "122002", *(str(code) for code in range(127000, 127005))), "refresh"),
    **dict.fromkeys((str(code) for code in range(4000, 4010)), "rejected"),
}
"""https://openhome.bilibili.com/doc, as AiToEarn sorts them, 2026-06-01."""


class Bilibili(Platform):
    """Films."""

    name = "bilibili"
    title = "Bilibili 哔哩哔哩"
    auth = Auth("oauth2", ("access_token", "app_id", "app_secret", "refresh_token?"))
    oauth = OAuth("https://account.bilibili.com/pc/account-pc/auth/oauth", TOKEN, (), pkce=False, redirect_name="gourl")
    tested = "recorded answers"
    errors = ERRORS
    options = OPTIONS
    removable = True
    measurable = True
    intake = Intake(sent=frozenset({"video"}))
    rules = Rules(
        platform="bilibili",
        source=CITED,
        text=Text(limit=249),
        title=Title(mode="required", limit=79),
        hashtags=Hashtags(style="field", limit=10, total_length=199),
        media=Media(required=True, total=1),
        video=Medium(count=1, bytes=4_294_967_296, types=("mp4", "flv")),
        sources={"hashtags.limit": HABIT, "links": HABIT},
    )

    def check_options(self, options: dict[str, object]) -> list[Issue]:
        """A reprint has to say where it is from."""
        wrong = super().check_options(options)
        if options.get("copyright") == REPRINT and "source" not in options:
            wrong.append(Issue("required", "error", "source", "a reprint has to name its source"))
        return wrong

    def idempotency(self, account: Account) -> Idempotency:
        """No keys; what was handed in is in the list of films, review or not. The bounds are ours."""
        return Idempotency(Safety.READBACK, readback_lag=timedelta(minutes=2))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is, asked in the name of the app."""
        token, app_id, app_secret = needed(credentials, "access_token", "app_id", "app_secret")
        kept = given(credentials, "refresh_token", "expires_at")
        secrets = {"access_token": token, "app_id": app_id, "app_secret": app_secret, **kept}
        with speaking(self.title):
            request = yield from _signed(secrets, "GET", f"{SITE}/arcopen/fn/user/account/info", "connect")
            owner = self.good((yield request))["data"]
            return Connected(owner["name"], owner["openid"], secrets=secrets)

    def renewable(self, account: Account) -> bool:
        """Where there is a refresh token."""
        return bool(account.secrets.get("refresh_token"))

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """With the app that the account was connected with."""
        mine = App(account.secrets["app_id"], account.secrets["app_secret"])
        return (yield from super().refresh(account, mine))

    def publish(self, job: Job) -> Conversation[Published]:
        """The film in pieces, its cover, and then the film is handed in."""
        signer = Signer((yield from clock_of(SITE)), job.key(0), job.account.secrets)
        film = job.rendition.parts[0].media[0]
        token = yield from self._uploaded(signer, film)
        cover = yield from self._cover(signer, job.rendition.options.get("cover"))
        request = signer.request(
            "POST",
            f"{ARCHIVE}/add-by-utoken",
            _film(job, cover),
            params={"upload_token": token},
            effect=Effect.CREATE,
            keep=KEPT,
        )
        identity = self.good((yield request))["data"]["resource_id"]
        return Published(identity, f"https://www.bilibili.com/video/{identity}", (identity,))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the films handed in since it was due, by the title. Never half of them."""
        signer = Signer((yield from clock_of(SITE)), job.key(0), job.account.secrets)
        since = job.due - CLOCK_SLACK
        wanted = _comparable(job.rendition.title or "")
        for page in range(1, PAGES + 1):
            params = {"pn": str(page), "ps": str(PAGE), "status": "all"}
            reply = yield signer.request("GET", f"{ARCHIVE}/viewlist", params=params)
            films: list[Json] = self.good(reply)["data"]["list"] or []
            fresh = [one for one in films if datetime.fromtimestamp(one["ctime"], UTC) >= since]
            found = next((one for one in fresh if _comparable(one["title"]) == wanted), None)
            if found:
                return as_reply(200, {"code": 0, "data": {"resource_id": found["resource_id"]}})
            if len(fresh) < PAGE:
                return None
        raise Transient("too_much_to_read", f"more than {PAGES * PAGE} films since {since.isoformat()}")

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete the film."""
        body = {"resource_id": post_id}
        reply = yield (yield from _signed(account.secrets, "POST", f"{ARCHIVE}/delete", post_id, body))
        self.gone(reply, GONE)

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """The film's figures."""
        where = f"{SITE}/arcopen/fn/data/arc/stat"
        reply = yield (yield from _signed(account.secrets, "GET", where, post_id, params={"resource_id": post_id}))
        if self.gone(reply, GONE):
            return None
        about = self.good(reply)["data"]
        return Metrics(
            about.get("view"), about.get("like"), about.get("reply"), about.get("share"), saves=about.get("favorite")
        )

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By `code`, which is 0 in a good answer."""
        return in_envelope(self.errors, reply, "code", "message")

    def _tokens(self, app: App, asked: dict[str, str]) -> Conversation[dict[str, str]]:
        """Tokens come in an envelope, and refreshing has an address of its own."""
        named = {"client_id": app.id, "client_secret": Secret(app.secret)}
        form = {**{name: asked[name] for name in asked if name != "redirect_uri"}, **named}
        url = REFRESH if "refresh_token" in asked else TOKEN
        reply = yield Request("POST", url, form=form, effect=Effect.PREPARE)
        try:
            about = self.good(reply)["data"]
        except (RefreshNeeded, Rejected) as no:
            raise ReconnectNeeded(no.code, no.message) from no
        return {
            "access_token": about["access_token"],
            "refresh_token": about["refresh_token"],
            "expires_at": _ends(reply, int(about["expires_in"])).isoformat(),
            "app_id": app.id,
            "app_secret": app.secret,
        }

    def _uploaded(self, signer: "Signer", film: post.Media) -> Conversation[str]:
        """The token of the film, whose pieces have all arrived and been put together."""
        size = yield from size_of(film)
        name = PurePosixPath(urlsplit(film.url).path).name or "film.mp4"
        about = self.good((yield signer.prepare(f"{ARCHIVE}/video/init", {"name": name, "utype": "0"}, keep=KEPT)))
        token: str = about["data"]["upload_token"]
        for number, span in enumerate(pieces(size, PART_BYTES), start=1):
            piece = Request(
                "POST",
                UPLOAD,
                headers={"content-type": "application/octet-stream"},
                params={"upload_token": token, "part_number": str(number)},
                media=film,
                span=span,
                effect=Effect.PREPARE,
                keep=("code",),
                timeout=30.0,
            )
            self.good((yield piece))
        self.good((yield signer.prepare(f"{ARCHIVE}/video/complete", params={"upload_token": token}, keep=("code",))))
        return token

    def _cover(self, signer: "Signer", url: str | None) -> Generator[Request, Reply, str | None]:
        if url is None:
            return None
        files = {"file": post.Media(url=url)}
        request = signer.prepare(f"{ARCHIVE}/cover/upload", files=files, keep=KEPT, timeout=30.0)
        return str(self.good((yield request))["data"]["url"])


class Signer:
    """Signs the calls of one conversation, version 2.0: an HMAC over what is named `x-bili-`, in order."""

    def __init__(self, now: datetime, seed: str, secrets: dict[str, str]) -> None:
        self.moment = str(int(now.timestamp()))
        self.seed = seed
        self.secrets = secrets
        self.calls = 0

    def prepare(self, url: str, body: Json | None = None, **more: Any) -> Request:
        """A call that nobody sees the effect of."""
        return self.request("POST", url, body, effect=Effect.PREPARE, **more)

    def request(self, method: str, url: str, body: Json | None = None, **more: Any) -> Request:
        """A call with its signature; of a form with a file, nothing but the header is signed."""
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        kind: dict[str, str] = {} if "files" in more else {"content-type": "application/json"}
        headers = {**kind, **self._headers(content)}
        return Request(method, url, headers=headers, content=content or None, **more)

    def _headers(self, content: bytes) -> dict[str, str]:
        self.calls += 1
        nonce = sha256(f"{self.seed}:{self.moment}:{self.calls}".encode()).hexdigest()[:32]
        signed = {
            "x-bili-accesskeyid": self.secrets["app_id"],
            "x-bili-content-md5": md5(content, usedforsecurity=False).hexdigest(),
            "x-bili-signature-method": "HMAC-SHA256",
            "x-bili-signature-nonce": nonce,
            "x-bili-signature-version": "2.0",
            "x-bili-timestamp": self.moment,
        }
        lines = "\n".join(f"{name}:{signed[name]}" for name in sorted(signed))
        signature = hmac.digest(self.secrets["app_secret"].encode(), lines.encode(), "sha256").hex()
        return {**signed, "authorization": signature, "access-token": self.secrets["access_token"]}


def _signed(
    secrets: dict[str, str], method: str, url: str, seed: str, body: Json | None = None, **more: Any
) -> Conversation[Request]:
    """One call, signed by the server's time."""
    return Signer((yield from clock_of(SITE)), seed, secrets).request(method, url, body, **more)


def _film(job: Job, cover: str | None) -> Json:
    """At least one tag has to be: the title, where there is none."""
    rendition, options = job.rendition, job.rendition.options
    about: Json = {
        "title": rendition.title,
        "desc": rendition.parts[0].text,
        "tag": ",".join(rendition.tags) or (rendition.title or "")[:20],
        "tid": options.get("tid") or job.account.settings.get("tid") or DAILY_LIFE,
        "cover": cover,
        "copyright": options.get("copyright", ORIGINAL),
        **{name: options[name] for name in ("source", "no_reprint", "topic_id", "mission_id") if name in options},
    }
    return filled(about)


def _comparable(title: str) -> str:
    return " ".join(unescape(title).split())


def _ends(reply: Reply, expires: int) -> datetime:
    """`expires_in` is a moment in the documentation's example, and a span by its name: both are understood."""
    if expires > 1_000_000_000:
        return datetime.fromtimestamp(expires, UTC)
    return parsedate_to_datetime(reply.headers["date"]) + timedelta(seconds=expires)


platform = Bilibili()
