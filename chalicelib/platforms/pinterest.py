"""Pinterest: a Pin is a picture or film with a title, a description and one link of its own.

A Pin goes on a board: the account's, or the one that the option `board_id` names; one sign-in reaches all boards. There
is no idempotency key and no guard against doubles, but a board's Pins can be read back. Its order is not documented, so
all of it is read. Where `host` names another server (https://api-sandbox.pinterest.com), that is asked instead.
"""

import re
import unicodedata
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

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
    Secret,
    Wait,
)
from chalicelib.core.errors import PlatformAnswer, Rejected, Transient
from chalicelib.core.lead import Intake
from chalicelib.core.options import Check, Kind, matching
from chalicelib.core.rules import Hashtags, Links, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    TOKENS,
    Meaning,
    as_reply,
    bearer,
    by_status,
    comparable,
    filled,
    given,
    meant,
    needed,
    quota_in,
    retry_at,
    said,
    speaking,
)

SCHEMA = Source("https://github.com/pinterest/api-description/tree/c05b1897", "2025-12-01")
CITED = Source("https://developers.pinterest.com/docs/api/v5/pins-create", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]

SERVER = "https://api.pinterest.com"
NUMBER = re.compile(r"\d+")
OPTIONS: dict[str, Kind] = {
    "board_id": Check(matching(NUMBER), "a number"),
    "board_section_id": Check(matching(NUMBER), "a number"),
    "cover_image_key_frame_time": Check(matching(NUMBER), "a number of milliseconds"),
    "cover_image_url": Check(matching(re.compile(r"https?://\S+")), "an address"),
}
"""Where the Pin goes, and which picture of a film stands for it."""
KEPT = ("id", "created_at")
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 250, 20
ENCODING = timedelta(seconds=5)


class Pinterest(Platform):
    """Pins on a board."""

    name = "pinterest"
    title = "Pinterest"
    auth = Auth("oauth2", ("access_token", "refresh_token?", "board_id?"))
    oauth = OAuth(
        "https://www.pinterest.com/oauth/",
        "https://api.pinterest.com/v5/oauth/token",
        ("boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"),
        pkce=False,
        separator=",",
        basic=True,
    )
    tested = "recorded answers"
    options = OPTIONS
    removable = True
    measurable = True
    errors: ClassVar[Mapping[str, Meaning]] = {
        "2": "refresh",
        "8": "limited",
        "29": "rejected",
        "40": "rejected",
        "50": "rejected",
    }
    """The numbers in Pinterest's answers: https://developers.pinterest.com/docs/api/v5, read 2025-12-01."""
    intake = Intake(sent=frozenset({"video"}), worked_on=frozenset({"video"}))
    rules = Rules(
        platform="pinterest",
        source=SCHEMA,
        text=Text(limit=800),
        title=Title(mode="optional", limit=100),
        hashtags=Hashtags(style="hash"),
        links=Links(inline="text", card="field", card_with_media=True, length=2048),
        media=Media(required=True, total=5),
        image=Medium(count=5, bytes=20_000_000, types=("jpeg", "png"), alt="optional", alt_limit=500),
        video=Medium(
            count=1,
            bytes=2_000_000_000,
            types=("mp4", "mov", "m4v"),
            min_seconds=4,
            max_seconds=900,
            min_ratio=0.5,
            max_ratio=1.91,
            alt="optional",
            alt_limit=500,
        ),
        sources={"hashtags": HABIT, "links.inline": HABIT, "image.bytes": CITED, "video": CITED},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys; Pinterest says nothing of how far reads lag. The form to upload a film with does not last."""
        return Idempotency(Safety.READBACK, readback_lag=timedelta(seconds=60), prepared_lifetime=timedelta(minutes=30))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is, and the board that `board_id` names."""
        (token,) = needed(credentials, "access_token")
        board = credentials.get("board_id", "").strip()
        kept = given(credentials, *TOKENS)
        with speaking(self.title):
            me = platform.good((yield Request("GET", f"{_api(host)}/user_account", headers=bearer(token))))
            name = me["username"]
            if not board:
                return Connected(name, str(me.get("id") or name), host, kept)
            about = platform.good((yield Request("GET", f"{_api(host)}/boards/{board}", headers=bearer(token))))
            return _on(name, about, host, kept)

    def accounts(self, host: str, secrets: dict[str, str]) -> Conversation[tuple[Connected, ...]]:
        """Every board that the person may pin to."""
        me = yield from self.connect(host, secrets)
        params = {"page_size": str(PAGE)}
        with speaking(self.title):
            pages = yield from _listed(f"{_api(host)}/boards", bearer(secrets["access_token"]), params)
            return tuple(_on(me.handle, board, host, me.secrets) for board in pages) or (me,)

    def publish(self, job: Job) -> Conversation[Published]:
        """A film first, then the Pin."""
        if not _board(job):
            raise Rejected("board_required", "the account has no board: name one in the option board_id")
        body = _pin(job, (yield from _source(job)))
        url = f"{_api(job.account.host)}/pins"
        create = Request("POST", url, _auth(job.account), json=body, effect=Effect.CREATE, keep=KEPT)
        made = platform.good((yield create))
        pin = str(made["id"])
        at = _made(made) if made.get("created_at") else None
        return Published(pin, f"https://www.pinterest.com/pin/{pin}/", (pin,), at)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the Pins of the board since it was due: same title, description and link."""
        url = f"{_api(job.account.host)}/boards/{_board(job)}/pins"
        pins = yield from _listed(url, _auth(job.account), {"page_size": str(PAGE)})
        since, wanted = job.due - CLOCK_SLACK, _told(_pin(job, {}))
        found = next((one for one in pins if _made(one) >= since and _told(one) == wanted), None)
        return as_reply(201, {name: found[name] for name in KEPT}) if found else None

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete it; what is gone already is fine."""
        url = f"{_api(account.host)}/pins/{post_id}"
        reply = yield Request("DELETE", url, headers=_auth(account), effect=Effect.PREPARE)
        if reply.status != 404:
            platform.accepted(reply)

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its figures since it was made, or of the last ninety days."""
        url = f"{_api(account.host)}/pins/{post_id}"
        reply = yield Request("GET", url, headers=_auth(account), params={"pin_metrics": "true"})
        if reply.status == 404:
            return None
        about = platform.good(reply).get("pin_metrics") or {}
        figures = about.get("lifetime_metrics") or about.get("90d") or {}
        return Metrics(
            views=figures.get("impression"),
            likes=figures.get("reaction"),
            replies=figures.get("comment"),
            saves=figures.get("save"),
            clicks=figures.get("clickthrough"),
        )

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the number in the answer, else by the status."""
        if reply.ok:
            return None
        about = said(reply)
        code, message = str(about.get("code", f"http_{reply.status}")), str(about.get("message", ""))
        meaning = self.errors.get(code)
        return meant(meaning, code, message, _reset(reply)) if meaning else by_status(reply, code, message)


def _on(name: str, board: Json, host: str, secrets: dict[str, str]) -> Connected:
    identity = str(board["id"])
    return Connected(f"{name}/{board['name']}", identity, host, secrets, settings={"board_id": identity})


def _listed(url: str, headers: dict[str, str], params: dict[str, str]) -> Generator[Request, Reply, list[Json]]:
    """Everything of a list, page by page. Never half of it."""
    found: list[Json] = []
    for _ in range(PAGES):
        page = platform.good((yield Request("GET", url, headers=headers, params=params)))
        found += page["items"]
        if not page.get("bookmark"):
            return found
        params = {**params, "bookmark": page["bookmark"]}
    raise Transient("too_much_to_read", f"more than {PAGES * PAGE} at {url}")


def _source(job: Job) -> Generator[Request | Wait, Any, Json]:
    """Where Pinterest takes the picture from: an address, several, or a film that was uploaded."""
    media = job.rendition.parts[0].media
    if media[0].kind == "video":
        return (yield from _film(job, media[0]))
    if len(media) > 1:
        return {"source_type": "multiple_image_urls", "items": [{"url": one.url} for one in media]}
    return {"source_type": "image_url", "url": media[0].url}


def _film(job: Job, media: post.Media) -> Generator[Request | Wait, Any, Json]:
    """https://developers.pinterest.com/docs/api/v5/media-create, read 2025-12-01."""
    url, headers = f"{_api(job.account.host)}/media", _auth(job.account)
    keep = ("media_id", "upload_url", "upload_parameters")
    begun = platform.good(
        (yield Request("POST", url, headers, json={"media_type": "video"}, effect=Effect.PREPARE, keep=keep))
    )
    form = {name: _unless_public(name, value) for name, value in begun["upload_parameters"].items()}
    upload = Request("POST", begun["upload_url"], form=form, files={"file": media}, effect=Effect.PREPARE, timeout=30.0)
    platform.accepted((yield upload))
    identity, options = str(begun["media_id"]), job.rendition.options
    while (
        status := platform.good((yield Request("GET", f"{url}/{identity}", headers=headers)))["status"]
    ) != "succeeded":
        if status == "failed":
            raise Rejected("media_failed", "Pinterest could not process the film")
        yield Wait(ENCODING)
    cover: Json = {"cover_image_key_frame_time": int(options.get("cover_image_key_frame_time", 0))}
    if "cover_image_url" in options:
        cover = {"cover_image_url": options["cover_image_url"]}
    return {"source_type": "video_id", "media_id": identity, **cover}


def _unless_public(name: str, value: str) -> str:
    """Of the form's fields only the name of the file tells nobody how to write it; it also tells two uploads apart."""
    return value if name == "key" else Secret(value)


def _pin(job: Job, source: Json) -> Json:
    """https://github.com/pinterest/api-description, PinCreate, read 2025-12-01."""
    rendition, part = job.rendition, job.rendition.parts[0]
    body: Json = {
        "board_id": _board(job),
        "board_section_id": rendition.options.get("board_section_id"),
        "title": rendition.title,
        "description": part.text or None,
        "link": rendition.card.url if rendition.card else None,
        "alt_text": part.media[0].alt_text if part.media else None,
        "media_source": source,
    }
    return filled(body)


def _board(job: Job) -> str:
    return str(job.rendition.options.get("board_id") or job.account.settings.get("board_id") or "")


def _told(pin: Json) -> tuple[str, str, str]:
    """What a Pin says, without white space and composed characters."""
    link = unicodedata.normalize("NFC", pin.get("link") or "")
    return comparable(pin.get("title")), comparable(pin.get("description")), link.rstrip("/")


def _made(pin: Json) -> datetime:
    """Pinterest writes UTC, and often leaves that out."""
    at = datetime.fromisoformat(pin["created_at"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _reset(reply: Reply) -> datetime | None:
    quota = quota_in(reply)
    return retry_at(reply) or (quota.reset_at if quota else None)


def _api(host: str) -> str:
    return f"{(host or SERVER).rstrip('/')}/v5"


def _auth(account: Account) -> dict[str, str]:
    return bearer(account.secrets["access_token"])


platform = Pinterest()
