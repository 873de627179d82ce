"""Bluesky: 300 graphemes and 3,000 UTF-8 bytes; facets count in bytes; one embed (pictures, film or card) per post.

The author's own server (PDS) is named in the session's DID document. We choose the record's key and its time, both from
the due time, so publishing again writes the very same record: measured on PDS 0.4.199 (2026-11-22), the same
`putRecord` again answers 200 with the same cid and makes no commit, where `createRecord` answers 500.
"""

import json
import re
from base64 import urlsafe_b64decode
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
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.errors import Limited, PlatformAnswer, ReconnectNeeded, RefreshNeeded, Rejected
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.rendition import Markup, Part
from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Language,
    Links,
    Media,
    Medium,
    Mentions,
    Rules,
    Source,
    Text,
    Thread,
    Warning,
)
from chalicelib.core.timing import stamp
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import (
    Meaning,
    as_reply,
    bearer,
    by_status,
    filled,
    home,
    meant,
    messages,
    needed,
    retry_at,
    said,
    speaking,
)

LEXICONS = Source("https://github.com/bluesky-social/atproto/tree/d6296a1c/lexicons/app/bsky", "2026-08-20")
HABIT = Source("https://docs.bsky.app/docs/advanced-guides/posts", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

ENTRYWAY = "https://bsky.social"
POSTS = "app.bsky.feed.post"
THUMB_BYTES = 1_000_000
"""An external card's thumbnail: app.bsky.embed.external, read 2026-08-20."""
TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
"""base32-sortable: https://atproto.com/specs/tid, read 2026-11-22."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ERRORS: dict[str, Meaning] = {
    **dict.fromkeys(("ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"), "refresh"),
    **dict.fromkeys(("AccountDeactivated", "AccountSuspended", "AccountTakedown"), "reconnect"),
}
SAVES = "bookmarkCount"
APP_PASSWORD = re.compile(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}")


class Bluesky(Platform):
    """Posts as records in the author's own repository."""

    name = "bluesky"
    title = "Bluesky"
    auth = Auth("app_password", ("identifier", "password"))
    tested = "the network's own server, @atproto/pds 0.4"
    errors = ERRORS
    answerable = IN_PUBLIC
    measurable = True
    intake = Intake(sent=ALL)
    rules = Rules(
        platform="bluesky",
        source=LEXICONS,
        text=Text(unit="graphemes", limit=300, bytes_limit=3000, markup="facets", offsets="utf8"),
        hashtags=Hashtags(style="hash", length=64, cashtags=None),
        mentions=Mentions(style="facet", handle=r"(?:[a-zA-Z0-9-]+\.)+[a-zA-Z][a-zA-Z0-9-]*"),
        links=Links(card="client"),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=300),
        media=Media(total=4),
        image=Medium(count=4, bytes=2_000_000, alt="required"),
        gif=Medium(count=4, bytes=2_000_000, alt="required"),
        video=Medium(count=1, bytes=300_000_000, types=("mp4",), max_seconds=180, alt="optional"),
        warning=Warning(mode="label", labels=("porn", "sexual", "nudity", "graphic-media")),
        language=Language(supported=True),
        sources={"video.max_seconds": HABIT, "warning.labels": HABIT},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """The same key and the same record are the same post, for ever; a blob that nothing uses lasts minutes."""
        return Idempotency(
            Safety.CONTENT_KEY, readback_lag=timedelta(seconds=1), prepared_lifetime=timedelta(minutes=5)
        )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Open a session with `identifier` and `password`; only an app password is kept."""
        identifier, password = needed(credentials, "identifier", "password")
        entryway = home(host or ENTRYWAY)
        with speaking(self.title):
            session = yield from _session(entryway, identifier.removeprefix("@"), password)
            kept = {"password": password} if APP_PASSWORD.fullmatch(password) else {}
            return Connected(
                session["handle"], session["did"], _server(session) or entryway, {**_tokens(session), **kept}
            )

    def expires_at(self, account: Account) -> datetime | None:
        """The `exp` of the access token, which is a JWT."""
        claims = account.secrets.get("access", "").split(".")[1:2]
        try:
            return datetime.fromtimestamp(json.loads(urlsafe_b64decode(claims[0] + "=="))["exp"], UTC)
        except (IndexError, KeyError, TypeError, ValueError):
            return None

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """New tokens from the refresh token, else from the app password, else from a person."""
        try:
            session = yield from _refreshed(account)
        except RefreshNeeded as expired:
            if "password" not in account.secrets:
                raise ReconnectNeeded(expired.code, expired.message) from expired
            session = yield from _logged_in(account)
        return {**account.secrets, **_tokens(session)}

    def publish(self, job: Job) -> Conversation[Published]:
        """Everything that can be got ready first, then one record after the other, each a reply to the one before."""
        records: list[Json] = []
        for number in range(len(messages(job.rendition))):
            records += [(yield from self._record(job, number))]
        done: list[Json] = []
        for number, record in enumerate(records):
            reply = {"reply": {"root": done[0], "parent": done[-1]}} if done else {}
            done += [(yield from _put(job, number, {**record, **reply}))]
        return _published(job, done)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Whether there is a record under the part's key."""
        where = {"repo": job.account.remote_id, "collection": POSTS, "rkey": _rkey(job, part)}
        reply = yield Request("GET", _xrpc(job.account.host, "com.atproto.repo.getRecord"), params=where)
        if said(reply).get("error") == "RecordNotFound":
            return None
        record = platform.good(reply)
        return as_reply(200, {"uri": record["uri"], "cid": record["cid"]})

    def answer(self, job: Job) -> Conversation[Published]:
        """A record that is a reply to theirs, in the thread that theirs is in."""
        place = yield from _place(job)
        record = yield from self._record(job, 0)
        return _published(job, [(yield from _put(job, 0, {**record, "reply": place}))])

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Whether there is a record under the key."""
        return (yield from self.find(job, 0))

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """What the network's view of it counts, which the account's server asks for us; nobody counts views.

        https://github.com/bluesky-social/atproto/blob/d6296a1c/lexicons/app/bsky/feed/getPosts.json, read 2026-08-20.
        """
        url = _xrpc(account.host, "app.bsky.feed.getPosts")
        reply = yield Request("GET", url, headers=bearer(account.secrets["access"]), params={"uris": post_id})
        posts = platform.good(reply)["posts"]
        if not posts:
            return None
        names = {"likes": "likeCount", "replies": "replyCount", "reposts": "repostCount", "quotes": "quoteCount"}
        return Metrics(**{ours: posts[0].get(theirs) for ours, theirs in names.items()}, saves=posts[0].get(SAVES))

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the status, and what that makes final by the name of the error."""
        if reply.ok:
            return None
        about = said(reply)
        no = by_status(reply, str(about.get("error", "")), str(about.get("message", "")))
        if isinstance(no, Limited):
            return Limited(no.code, no.message, _reset(reply))
        meaning = self.errors.get(no.code) if isinstance(no, Rejected) else None
        return meant(meaning, no.code, no.message) if meaning else no

    def _record(self, job: Job, number: int) -> Talk:
        """One part as a record; its blobs are uploaded and its mentions resolved on the way."""
        part = messages(job.rendition)[number]
        warnings = (job.rendition.content_warning, *job.rendition.labels)
        labels = [{"val": word} for word in warnings if word in self.rules.warning.labels]
        record: Json = {
            "$type": POSTS,
            "text": part.text,
            "createdAt": stamp(job.due + timedelta(milliseconds=number)),
            "langs": [job.rendition.language] if job.rendition.language else None,
            "facets": (yield from _facets(job.account, part)),
            "embed": (yield from _embed(job, number, part)),
            "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": labels} if labels else None,
        }
        return filled(record)


def _published(job: Job, done: list[Json]) -> Published:
    uris = tuple(one["uri"] for one in done)
    return Published(uris[0], f"https://bsky.app/profile/{job.account.handle}/post/{_rkey(job, 0)}", uris)


def _place(job: Job) -> Talk:
    """Where an answer belongs: https://docs.bsky.app/docs/tutorials/creating-a-post#replies, read 2026-11-22."""
    url, headers = _xrpc(job.account.host, "app.bsky.feed.getPosts"), bearer(job.account.secrets["access"])
    posts = platform.good((yield Request("GET", url, headers=headers, params={"uris": job.reply_to.thing})))["posts"]
    if not posts:
        raise Rejected("NotFound", "what this answers is gone")
    parent = {"uri": posts[0]["uri"], "cid": posts[0]["cid"]}
    return {"root": (posts[0]["record"].get("reply") or {"root": parent})["root"], "parent": parent}


def _session(host: str, identifier: str, password: str) -> Talk:
    login = {"identifier": identifier, "password": Secret(password)}
    return platform.good((yield Request("POST", _xrpc(host, "com.atproto.server.createSession"), json=login)))


def _refreshed(account: Account) -> Talk:
    headers = bearer(account.secrets.get("refresh", ""))
    url = _xrpc(account.host, "com.atproto.server.refreshSession")
    return platform.good((yield Request("POST", url, headers=headers)))


def _logged_in(account: Account) -> Talk:
    try:
        return (yield from _session(account.host, account.remote_id, account.secrets["password"]))
    except RefreshNeeded as no:
        raise ReconnectNeeded(no.code, no.message) from no


def _tokens(session: Json) -> dict[str, str]:
    return {"access": session["accessJwt"], "refresh": session["refreshJwt"]}


def _server(session: Json) -> str | None:
    """The account's own server, as its DID document says: https://atproto.com/specs/did, read 2026-11-22."""
    services = (session.get("didDoc") or {}).get("service", [])
    return next((home(one["serviceEndpoint"]) for one in services if one["id"].endswith("#atproto_pds")), None)


def _put(job: Job, number: int, record: Json) -> Talk:
    """Write one record under its own key; answers its strong reference."""
    rkey = _rkey(job, number)
    body = {"repo": job.account.remote_id, "collection": POSTS, "rkey": rkey, "record": record}
    reply = yield Request(
        "POST",
        _xrpc(job.account.host, "com.atproto.repo.putRecord"),
        headers=bearer(job.account.secrets["access"]),
        json=body,
        effect=Effect.CREATE,
        part=number,
        key=rkey,
        keep=("uri", "cid"),
    )
    written = platform.good(reply)
    return {"uri": written["uri"], "cid": written["cid"]}


def _facets(account: Account, part: Part) -> Generator[Request, Reply, list[Json] | None]:
    """The part's markup as facets; somebody who cannot be found stays plain text."""
    facets = []
    for markup in part.markup:
        feature = (yield from _mention(account, markup.value)) if markup.type == "mention" else _feature(markup)
        if feature:
            facets.append({"index": {"byteStart": markup.start, "byteEnd": markup.end}, "features": [feature]})
    return facets or None


def _feature(markup: Markup) -> Json:
    match markup.type:
        case "link":
            return {"$type": "app.bsky.richtext.facet#link", "uri": markup.value}
        case "cashtag":
            return {"$type": "app.bsky.richtext.facet#tag", "tag": f"${markup.value.removeprefix('$').upper()}"}
        case _:
            return {"$type": "app.bsky.richtext.facet#tag", "tag": markup.value.removeprefix("#")}


def _mention(account: Account, handle: str) -> Generator[Request, Reply, Json | None]:
    asked = {"handle": handle.removeprefix("@")}
    reply = yield Request("GET", _xrpc(account.host, "com.atproto.identity.resolveHandle"), params=asked)
    if 400 <= reply.status < 500 and reply.status != 429:
        return None
    return {"$type": "app.bsky.richtext.facet#mention", "did": platform.good(reply)["did"]}


def _embed(job: Job, number: int, part: Part) -> Generator[Request, Reply, Json | None]:
    """The part's pictures or film, else the link card where it belongs to this part."""
    if not part.media:
        card = job.rendition.card
        bare = next((n for n, one in enumerate(job.rendition.parts) if not one.media), None)
        return (yield from _external(job, number, card)) if card and number == bare else None
    blobs: list[Json] = []
    for media in part.media:
        blobs += [platform.good((yield _upload(job, number, media)))["blob"]]
    if part.media[0].kind == "video":
        film = {"$type": "app.bsky.embed.video", "video": blobs[0], "alt": part.media[0].alt_text}
        return filled({**film, "aspectRatio": _ratio(part.media[0])})
    pictures = [
        filled({"image": blob, "alt": media.alt_text or "", "aspectRatio": _ratio(media)})
        for blob, media in zip(blobs, part.media, strict=True)
    ]
    return {"$type": "app.bsky.embed.images", "images": pictures}


def _external(job: Job, number: int, card: post.Link) -> Talk:
    """A link card, without its picture where the server will not take that."""
    external: Json = {"uri": card.url, "title": card.title or card.url, "description": card.description or ""}
    if card.image_url:
        reply = yield _upload(job, number, post.Media(url=card.image_url))
        blob = said(reply).get("blob")
        if reply.ok and blob and blob["size"] <= THUMB_BYTES:
            external["thumb"] = blob
        elif (no := platform.refusal(reply)) and not isinstance(no, Rejected):
            raise no
    return {"$type": "app.bsky.embed.external", "external": external}


def _upload(job: Job, number: int, media: post.Media) -> Request:
    return Request(
        "POST",
        _xrpc(job.account.host, "com.atproto.repo.uploadBlob"),
        headers=bearer(job.account.secrets["access"]),
        media=media,
        effect=Effect.PREPARE,
        part=number,
        keep=("blob",),
        timeout=30.0,
    )


def _ratio(media: post.Media) -> Json | None:
    return {"width": media.width, "height": media.height} if media.width and media.height else None


def _rkey(job: Job, number: int) -> str:
    """The part's record key: a TID of the due time. What is due on one account at the same moment must not collide,
    so the microseconds and the clock id come from the target."""
    seed = int(job.key(0)[:8], 16)
    microseconds = (job.due - EPOCH) // timedelta(milliseconds=1) * 1000 + seed // 1024 % 900 + number
    bits = microseconds << 10 | seed % 1024
    return "".join(TID_LETTERS[bits >> shift & 31] for shift in range(60, -1, -5))


def _xrpc(host: str, method: str) -> str:
    return f"{host}/xrpc/{method}"


def _reset(reply: Reply) -> datetime | None:
    """When the limit is lifted: `ratelimit-reset` in seconds of the epoch, https://docs.bsky.app/docs/advanced-guides/rate-limits."""
    reset = reply.headers.get("ratelimit-reset", "")
    return datetime.fromtimestamp(int(reset), UTC) if reset.isdigit() else retry_at(reply)


platform = Bluesky()
