"""Ghost: HTML of any length with a title of 255, for everybody or for members.

The post is prepared as a draft; what publishes it sets that draft's status, once: Ghost refuses a change of what was
changed since (409), and sends a newsletter only when a draft becomes a post. A draft whose answer was lost stays one.
The key signs a token of five minutes for every conversation, by the server's own clock:
https://docs.ghost.org/admin-api/#token-authentication, read 2026-11-22.
"""

import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

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
)
from chalicelib.core.errors import AlreadyThere, Invalid, Issue, PlatformAnswer, Rejected
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Kind
from chalicelib.core.rules import Hashtags, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import (
    Meaning,
    as_reply,
    by_code,
    by_status,
    clock_of,
    filled,
    home,
    needed,
    said,
    speaking,
)

HABIT = Source("https://ghost.org/docs/admin-api", "2026-11-22", "default")

Json = dict[str, Any]

KEY = re.compile(r"[0-9a-f]+:(?:[0-9a-f]{2})+")
"""An Admin API key: its id and its secret."""
TOKEN_LIFE = timedelta(minutes=5)
CLOCK_SLACK = timedelta(minutes=2)
"""How far the clock of somebody's own server may be behind ours."""
SHORT = {"formats": "plaintext"}
"""Spares the ledger the whole post."""
UPLOADS = {"image": "images", "gif": "images", "video": "media", "audio": "media", "document": "files"}
"""Where each kind of medium goes, and what the answer calls it."""

OPTIONS: dict[str, Kind] = {
    "newsletter": str,
    "email_segment": str,
    "slug": str,
    "excerpt": str,
    "canonical_url": str,
    "featured": bool,
    "feature_image": bool,
}
"""Platform options; with `newsletter`, a newsletter's slug, it is mailed too. `feature_image: false` keeps the first
picture in the text."""

ERRORS: dict[str, Meaning] = {
    "UnauthorizedError": "reconnect",
    "NoPermissionError": "reconnect",
    "TooManyRequestsError": "limited",
    "UpdateCollisionError": "already_there",
    "HostLimitError": "rejected",
    "ValidationError": "rejected",
    "BadRequestError": "rejected",
    "NotFoundError": "rejected",
    "UnsupportedMediaTypeError": "rejected",
    "RequestEntityTooLargeError": "rejected",
    "VersionMismatchError": "rejected",
    "MaintenanceError": "retry",
    "InternalServerError": "retry",
}
"""The `type` of an error: https://github.com/TryGhost/framework/tree/main/packages/errors, read 2026-11-22."""


class Ghost(Platform):
    """Posts of a publication."""

    name = "ghost"
    title = "Ghost"
    auth = Auth("api_key", ("admin_key",), host=True)
    tested = "recorded answers"
    options = OPTIONS
    errors = ERRORS
    removable = True
    intake = Intake(sent=ALL)
    rules = Rules(
        platform="ghost",
        source=HABIT,
        text=Text(markup="html"),
        title=Title(mode="required", limit=255),
        hashtags=Hashtags(style="field", length=191),
        media=Media(mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
        video=Medium(count=None),
        audio=Medium(count=None),
        document=Medium(count=None),
        visibility={"public": "public", "followers": "members"},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """A draft becomes a post once, however often that is asked for; it is kept until somebody deletes it."""
        return Idempotency(Safety.CONTAINER, prepared_lifetime=timedelta(days=2))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """With the `admin_key` of a custom integration."""
        (key,) = needed(credentials, "admin_key")
        if not KEY.fullmatch(key):
            message = "this is no Admin API key: an id, a colon and a secret"
            raise Invalid([Issue("wrong_admin_key", "error", "credentials.admin_key", message)])
        server = home(host)
        with speaking(self.title):
            headers = yield from _signed(server, key)
            site = self.good((yield Request("GET", _api(server, "site"), headers=headers)))["site"]
            asked = {"limit": "1", "fields": "id"}
            reply = yield Request("GET", _api(server, "posts"), headers=headers, params=asked)
            _ = self.good(reply)["posts"]
            return Connected(str(site["title"]), str(site["url"]), server, {"admin_key": key})

    def publish(self, job: Job) -> Conversation[Published]:
        """Uploads, then the draft; publishing it is one word."""
        headers = yield from _headers(job.account)
        uploads: list[str] = []
        for media in job.rendition.parts[0].media:
            uploads += [(yield from _uploaded(job, headers, media))]
        draft = yield from _drafted(job, headers, uploads)
        reply = yield _publishing(job, headers, draft)
        no = self.refusal(reply)
        made = (yield from _changed_since(job, headers, draft, no)) if isinstance(no, AlreadyThere) else _post(reply)
        identity = str(made["id"])
        return Published(identity, made["url"], (identity,), datetime.fromisoformat(made["published_at"]))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the posts published since it was due: the same title over the same beginning."""
        headers = yield from _headers(job.account)
        since = (job.due - CLOCK_SLACK).astimezone(UTC)
        wanted = f"status:[published,sent]+published_at:>'{since:%Y-%m-%d %H:%M:%S}'"
        asked = {**SHORT, "filter": wanted, "limit": "100", "order": "published_at desc"}
        reply = yield Request("GET", _api(job.account.host, "posts"), headers=headers, params=asked)
        found = next((one for one in self.good(reply)["posts"] if _is(one, job)), None)
        return as_reply(200, {"posts": [{name: found[name] for name in KEPT}]}) if found else None

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete a post; one that is gone already is as good."""
        headers = yield from _headers(account)
        url = _api(account.host, f"posts/{post_id}")
        self.gone((yield Request("DELETE", url, headers=headers, effect=Effect.PREPARE)), "NotFoundError")

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the type of the first error; Ghost puts what exactly is wrong into `context`."""
        if reply.ok:
            return None
        first = (said(reply).get("errors") or [{}])[0]
        message = str(first.get("context") or first.get("message") or "")
        code = str(first.get("type", ""))
        return by_code(ERRORS, code, message, reply) if code else by_status(reply)


KEPT = ("id", "url", "published_at")


def _api(server: str, path: str) -> str:
    return f"{server}/ghost/api/admin/{path}/"


def _headers(account: Account) -> Conversation[dict[str, str]]:
    return (yield from _signed(account.host, account.secrets["admin_key"]))


def _signed(server: str, key: str) -> Conversation[dict[str, str]]:
    """A token of this minute, in the header that Ghost wants it in."""
    now = yield from clock_of(_api(server, "site"))
    number, _, secret = key.partition(":")
    about = {"alg": "HS256", "typ": "JWT", "kid": number}
    claims = {"iat": int(now.timestamp()), "exp": int((now + TOKEN_LIFE).timestamp()), "aud": "/admin/"}
    claim = f"{_encoded(json.dumps(about).encode())}.{_encoded(json.dumps(claims).encode())}"
    proof = _encoded(hmac.digest(bytes.fromhex(secret), claim.encode(), "sha256"))
    return {"Authorization": f"Ghost {claim}.{proof}", "Accept-Version": "v5.0"}


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _uploaded(job: Job, headers: dict[str, str], media: post.Media) -> Generator[Request, Reply, str]:
    """A medium's address on the site: https://docs.ghost.org/admin-api/images/uploading-an-image, read 2026-11-22."""
    place = UPLOADS[media.kind]
    reply = yield Request(
        "POST",
        _api(job.account.host, f"{place}/upload"),
        headers=headers,
        files={"file": media},
        effect=Effect.PREPARE,
        keep=(place,),
        timeout=30.0,
    )
    return str(platform.good(reply)[place][0]["url"])


def _drafted(job: Job, headers: dict[str, str], uploads: list[str]) -> Generator[Request, Reply, Json]:
    rendition, options, featured = job.rendition, job.rendition.options, _featured(job)
    draft = {
        "status": "draft",
        "title": rendition.title,
        "html": _content(job, uploads),
        "tags": [{"name": tag} for tag in rendition.tags] or None,
        "visibility": rendition.visibility,
        "feature_image": uploads[0] if featured else None,
        "feature_image_alt": (rendition.parts[0].media[0].alt_text or "")[:ALT] or None if featured else None,
        "custom_excerpt": options.get("excerpt"),
        **{name: options.get(name) for name in ("slug", "canonical_url", "featured")},
    }
    reply = yield Request(
        "POST",
        _api(job.account.host, "posts"),
        headers=headers,
        params={"source": "html", **SHORT},
        json={"posts": [filled(draft)]},
        effect=Effect.PREPARE,
        keep=("posts",),
    )
    return _post(reply)


ALT = 191
"""Of a feature image's alt text: https://github.com/TryGhost/Ghost, core/server/data/schema/schema.js, 2026-11-22."""


def _featured(job: Job) -> bool:
    """Whether the first medium is the post's feature image, and not in its text."""
    media, wanted = job.rendition.parts[0].media, job.rendition.options.get("feature_image", True)
    return bool(media) and media[0].kind in ("image", "gif") and wanted is True


def _content(job: Job, uploads: list[str]) -> str:
    part = job.rendition.parts[0]
    shown = [_figure(media, url) for media, url in zip(part.media, uploads, strict=True)]
    return (part.wire or part.text) + "".join(shown[1:] if _featured(job) else shown)


def _figure(media: post.Media, url: str) -> str:
    source = escape(url)
    match media.kind:
        case "video":
            return f'<figure><video controls src="{source}"></video></figure>'
        case "audio":
            return f'<figure><audio controls src="{source}"></audio></figure>'
        case "document":
            return f'<p><a href="{source}">{escape(url.rpartition("/")[2])}</a></p>'
        case _:
            return f'<figure><img src="{source}" alt="{escape(media.alt_text or "")}"></figure>'


def _publishing(job: Job, headers: dict[str, str], draft: Json) -> Request:
    """https://docs.ghost.org/admin-api/posts/publishing-a-post and sending-a-post, read 2026-11-22."""
    options = job.rendition.options
    mailed: dict[str, str] = {name: str(options[name]) for name in ("newsletter", "email_segment") if name in options}
    return Request(
        "PUT",
        _api(job.account.host, f"posts/{draft['id']}"),
        headers=headers,
        params={**SHORT, **mailed},
        json={"posts": [{"status": "published", "updated_at": draft["updated_at"]}]},
        effect=Effect.CREATE,
        keep=("posts",),
        timeout=30.0,
    )


def _changed_since(
    job: Job, headers: dict[str, str], draft: Json, no: PlatformAnswer
) -> Generator[Request, Reply, Json]:
    """The post, where it was we who changed the draft: an earlier try published it, and its answer was lost."""
    url = _api(job.account.host, f"posts/{draft['id']}")
    there = _post((yield Request("GET", url, headers=headers, params=SHORT)))
    if there.get("status") not in ("published", "sent"):
        raise Rejected(no.code, no.message)
    return there


def _post(reply: Reply) -> Json:
    return dict(platform.good(reply)["posts"][0])


def _is(there: Json, job: Job) -> bool:
    beginning = job.rendition.parts[0].text.partition("http")[0].partition("\n")[0]
    same = there["title"].split() == (job.rendition.title or "").split()
    return same and _words(there.get("plaintext") or "").startswith(_words(beginning))


def _words(text: str) -> str:
    return " ".join(text.split())


platform = Ghost()
