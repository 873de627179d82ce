"""X: 280 weighted characters, a link counts 23, and a post with a link costs thirteen times as much.

Posting through the API is paid per use. Replies are for people who were summoned; a thread of one's own still is a
chain of replies: https://docs.x.com/x-api/posts/manage-tweets/integrate (2026-08-22). X honours no idempotency key, but
refuses the same text twice (403), and shows an account its own posts. Ids hold the time: https://docs.x.com/x-api,
"snowflake". Where `host` names another server (X's own emulator, xdevplatform/playground), that is asked instead.
"""

import re
import unicodedata
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import dropwhile
from typing import Any, ClassVar
from urllib.parse import unquote

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
from chalicelib.core.errors import PlatformAnswer, Rejected, Transient
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Check, Kind, matching
from chalicelib.core.rendition import Part
from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Links,
    Media,
    Medium,
    Mentions,
    Poll,
    Price,
    Rules,
    Source,
    Text,
    Thread,
)
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    TOKENS,
    Meaning,
    as_reply,
    bearer,
    by_status,
    filled,
    given,
    meant,
    messages,
    needed,
    pieces,
    quota_in,
    retry_at,
    said,
    size_of,
    speaking,
)

DOCS = Source("https://docs.x.com/x-api", "2026-08-22")
COUNTING = Source("https://github.com/twitter/twitter-text/blob/30e2430d/config/v3.json", "2021-10-01")
PRICING = Source("https://docs.x.com/x-api/getting-started/pricing", "2026-04-20")
LARGER = Source("https://docs.x.com/x-api/media/quickstart/best-practices", "2026-08-22", "unknown")
"""The page says 1280 by 1024; larger films are known to pass."""
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]

SERVER = "https://api.x.com"
PREMIUM = frozenset({"Basic", "Premium", "PremiumPlus"})
"""Subscriptions: https://docs.x.com/xdks/typescript/reference/interfaces/Schemas.User, read 2026-11-23."""
LONG = 25_000
"""Weighted characters of a subscriber's post, by common knowledge (2026-11-22): X's API pages do not say."""
CHUNK = 4 * 1024 * 1024
"""Bytes of one segment; at most 5 MB, and 1,000 segments: https://docs.x.com/x-api/media, read 2026-08-22."""
CATEGORIES = {"image": "tweet_image", "gif": "tweet_gif", "video": "tweet_video"}
TYPES = {"gif": "image/gif", "video": "video/mp4"}
EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)
"""Where the milliseconds in X's ids begin."""
OPTIONS: dict[str, Kind] = {
    "reply_settings": ("following", "mentionedUsers", "subscribers", "verified"),
    "community_id": Check(matching(re.compile(r"\d{1,19}")), "a number"),
}
"""Who may reply, and the community to post in."""
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 100, 8
SEEN = "created_at,entities,referenced_tweets,attachments,note_tweet"


class X(Platform):
    """Short posts in chains of replies."""

    name = "x"
    title = "X"
    auth = Auth("oauth2", ("access_token", "refresh_token?"))
    oauth = OAuth(
        "https://x.com/i/oauth2/authorize",
        "https://api.x.com/2/oauth2/token",
        ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
        basic=True,
    )
    tested = "X's own API description"
    options = OPTIONS
    removable = True
    measurable = True
    answerable = IN_PUBLIC
    """Replies of those whom X has let be summoned; it refuses the others. Messages need a scope that posts do not."""
    errors: ClassVar[Mapping[str, Meaning]] = {
        "invalid-request": "rejected",
        "resource-not-found": "rejected",
        "not-authorized-for-resource": "rejected",
        "client-forbidden": "rejected",
        "usage-capped": "rejected",
        "credits": "rejected",
        "rate-limit-exceeded": "limited",
        "unsupported-authentication": "reconnect",
        "oauth1-permissions": "reconnect",
        "duplicate": "already_there",
        "reply_not_allowed": "rejected",
        "32": "reconnect",
        "64": "reconnect",
        "88": "limited",
        "89": "refresh",
        "130": "retry",
        "131": "retry",
        "186": "rejected",
        "187": "already_there",
        "324": "rejected",
        "326": "reconnect",
        "385": "rejected",
    }
    """Problem types, at https://docs.x.com/x-api/fundamentals/response-codes-and-errors, read 2026-08-22; version 1.1's
    numbers, which still occur; `duplicate` and `reply_not_allowed`, which only their words tell."""
    intake = Intake(sent=ALL, worked_on=frozenset({"gif", "video"}))
    rules = Rules(
        platform="x",
        source=DOCS,
        text=Text(unit="weighted", limit=280, url_weight=23, offsets="utf16", forbidden="\ufffe\ufeff\uffff"),
        hashtags=Hashtags(style="hash", cashtags=1),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_]{1,15}+(?![@＠])"),
        links=Links(card="auto"),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=280),
        media=Media(total=4),
        image=Medium(count=4, bytes=5_000_000, types=("jpeg", "png", "gif", "webp"), alt="optional", alt_limit=1000),
        gif=Medium(count=1, bytes=15_000_000, max_width=1280, max_height=1080, alt="optional", alt_limit=1000),
        video=Medium(
            count=1,
            bytes=512_000_000,
            types=("mp4",),
            min_seconds=0.5,
            max_seconds=140,
            min_width=32,
            max_width=1280,
            max_height=1024,
            min_ratio=1 / 3,
            max_ratio=3,
        ),
        poll=Poll(options_max=4, option_length=25, min_minutes=5, max_minutes=10_080),
        labels={"ai_generated": "made_with_ai", "paid_partnership": "paid_partnership"},
        price=Price(per_message="0.015", per_message_with_link="0.200"),
        sources={
            "text": COUNTING,
            "price": PRICING,
            "video.max_width": LARGER,
            "video.max_height": LARGER,
            "poll.with_media": HABIT,
            "thread": HABIT,
        },
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys. X publishes no bound for how far its timelines may lag; an upload is kept for a day."""
        return Idempotency(Safety.READBACK, readback_lag=timedelta(seconds=30), prepared_lifetime=timedelta(hours=12))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is, and whether its posts may be long, as subscribers' may."""
        (token,) = needed(credentials, "access_token")
        url, asked = f"{_api(host)}/users/me", {"user.fields": "subscription_type"}
        with speaking(self.title):
            me = platform.good((yield Request("GET", url, headers=bearer(token), params=asked)))["data"]
            limits = {"text.limit": LONG, "comment.limit": LONG} if me.get("subscription_type") in PREMIUM else {}
            return Connected(f"@{me['username']}", me["id"], host, given(credentials, *TOKENS), limits)

    def publish(self, job: Job) -> Conversation[Published]:
        """Every upload first, then one post after the other, each a reply to the one before."""
        parts = messages(job.rendition)
        uploads: list[list[str]] = []
        for number, part in enumerate(parts):
            uploads += [(yield from _uploaded(job, number, part))]
        done: list[str] = []
        for number, part in enumerate(parts):
            body = _post(job, number, part, uploads[number], done[-1] if done else job.parent)
            done += [(yield from _created(job, number, body))]
        return Published(done[0], _link(job.account, done[0]), tuple(done), _made(done[0]))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The part among the account's posts since it was due: same text, same place in the same thread."""
        posts = yield from _recent(job)
        found = next((one for one in posts.values() if _is_part(one, part, job, posts)), None)
        return as_reply(201, {"data": {"id": found["id"]}}) if found else None

    def answer(self, job: Job) -> Conversation[Published]:
        """A post that is a reply to theirs."""
        return (yield from self.publish(job))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Among the account's own posts: the same text, and a reply to theirs."""
        return (yield from self.find(job, 0))

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete it; what is gone already is fine."""
        url = f"{_api(account.host)}/tweets/{post_id}"
        reply = yield Request("DELETE", url, headers=_auth(account), effect=Effect.PREPARE)
        if reply.status != 404:
            platform.good(reply)

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its public figures: https://docs.x.com/x-api/fundamentals/metrics, read 2026-08-22."""
        url, asked = f"{_api(account.host)}/tweets/{post_id}", {"tweet.fields": "public_metrics"}
        reply = yield Request("GET", url, headers=_auth(account), params=asked)
        about = {} if reply.status == 404 else platform.good(reply)
        if "data" not in about:
            return None
        figures = about["data"]["public_metrics"]
        return Metrics(
            views=figures.get("impression_count"),
            likes=figures.get("like_count"),
            replies=figures.get("reply_count"),
            reposts=figures.get("retweet_count"),
            quotes=figures.get("quote_count"),
            saves=figures.get("bookmark_count"),
        )

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the problem's type, else by its text, else by the status."""
        if reply.ok:
            return None
        code, message = _problem(reply)
        meaning = self.errors.get(code)
        if meaning is None and reply.status == 429:
            meaning = "limited"
        return meant(meaning, code, message, _reset(reply)) if meaning else by_status(reply, code, message)


def _uploaded(job: Job, number: int, part: Part) -> Generator[Request | Wait, Any, list[str]]:
    """The ids of the part's media, once X has processed them."""
    ids: list[str] = []
    for media in part.media:
        upload = _upload if media.kind == "image" else _upload_in_chunks
        ids += [(yield from upload(job, number, media))]
        if media.alt_text:
            described = {"id": ids[-1], "metadata": {"alt_text": {"text": media.alt_text}}}
            platform.good((yield _prepare(job, number, "metadata", json=described)))
    return ids


def _upload(job: Job, number: int, media: post.Media) -> Generator[Request | Wait, Any, str]:
    """A picture in one piece."""
    form, files = {"media_category": CATEGORIES["image"]}, {"media": media}
    return str(platform.good((yield _prepare(job, number, "upload", form=form, files=files)))["data"]["id"])


def _upload_in_chunks(job: Job, number: int, media: post.Media) -> Generator[Request | Wait, Any, str]:
    """A film piece by piece: https://docs.x.com/x-api/media/quickstart/media-upload-chunked, read 2026-08-22."""
    size = yield from size_of(media)
    about = {"media_type": media.mime_type or TYPES[media.kind], "total_bytes": size}
    begun = yield _prepare(job, number, "upload/initialize", json={**about, "media_category": CATEGORIES[media.kind]})
    identity = str(platform.good(begun)["data"]["id"])
    for index, span in enumerate(pieces(size, CHUNK)):
        form, where = {"segment_index": str(index)}, f"upload/{identity}/append"
        platform.accepted((yield _prepare(job, number, where, form=form, files={"media": media}, span=span)))
    ended = platform.good((yield _prepare(job, number, f"upload/{identity}/finalize")))
    if "processing_info" in ended["data"]:
        yield from _processed(job, identity)
    return identity


def _processed(job: Job, identity: str) -> Generator[Request | Wait, Any, None]:
    """Come back until the film is encoded."""
    asked = {"command": "STATUS", "media_id": identity}
    ask = Request("GET", f"{_api(job.account.host)}/media/upload", headers=_auth(job.account), params=asked)
    while (about := platform.good((yield ask))["data"].get("processing_info") or {}).get(
        "state", "succeeded"
    ) != "succeeded":
        if about["state"] == "failed":
            raise Rejected(
                "media_failed", str((about.get("error") or {}).get("message", "X could not process the film"))
            )
        yield Wait(timedelta(seconds=about.get("check_after_secs", 5)))


def _prepare(job: Job, number: int, path: str, **body: Any) -> Request:
    url = f"{_api(job.account.host)}/media/{path}"
    headers, keep = _auth(job.account), () if path.endswith("append") else ("data",)
    return Request("POST", url, headers, effect=Effect.PREPARE, part=number, keep=keep, timeout=30.0, **body)


def _post(job: Job, number: int, part: Part, media_ids: list[str], parent: str | None) -> Json:
    """A post by https://docs.x.com/x-api/posts/create-post, read 2026-08-22; the text may be empty, but not missing."""
    poll, options = job.rendition.poll, job.rendition.options
    body: Json = {
        "text": part.text,
        "media": {"media_ids": media_ids} if media_ids else None,
        "reply": {"in_reply_to_tweet_id": parent} if parent else None,
        "poll": _poll(poll) if poll and number == 0 else None,
        "reply_settings": options.get("reply_settings") if number == 0 else None,
        "community_id": options.get("community_id"),
        **dict.fromkeys(job.rendition.labels, True),
    }
    return filled(body)


def _poll(poll: post.Poll) -> Json:
    return {"options": list(poll.options), "duration_minutes": poll.duration_minutes}


def _created(job: Job, number: int, body: Json) -> Generator[Request, Reply, str]:
    reply = yield Request(
        "POST",
        f"{_api(job.account.host)}/tweets",
        headers=_auth(job.account),
        json=body,
        effect=Effect.CREATE,
        part=number,
        keep=("data",),
    )
    return str(platform.good(reply)["data"]["id"])


def _recent(job: Job) -> Generator[Request, Reply, dict[str, Json]]:
    """The account's own posts since the post was due, by id. Never half of them."""
    since = job.due - CLOCK_SLACK
    url = f"{_api(job.account.host)}/users/{job.account.remote_id}/tweets"
    params = {"start_time": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "exclude": "retweets"}
    params |= {"max_results": str(PAGE), "tweet.fields": SEEN}
    found: dict[str, Json] = {}
    for _ in range(PAGES):
        page = platform.good((yield Request("GET", url, headers=_auth(job.account), params=params)))
        found |= {one["id"]: one for one in (page["data"] if page["meta"]["result_count"] else [])}
        if "next_token" not in page["meta"]:
            return found
        params = {**params, "pagination_token": page["meta"]["next_token"]}
    raise Transient("too_much_to_read", f"more than {PAGES * PAGE} posts since {since.isoformat()}")


def _is_part(seen: Json, number: int, job: Job, posts: dict[str, Json]) -> bool:
    """Whether this post is that part: it says the same, and what it answers is the part before."""
    part = messages(job.rendition)[number]
    if _comparable(_said(seen), job) != _comparable(part.text, job):
        return False
    if len((seen.get("attachments") or {}).get("media_keys") or []) != len(part.media):
        return False
    about = seen.get("referenced_tweets") or seen.get("referenced_posts") or []
    related = {one["type"]: one["id"] for one in about}
    parent = related.get("replied_to")
    if number == 0:
        return parent == job.parent if job.parent else not related
    return parent in posts and _is_part(posts[parent], number - 1, job, posts)


def _said(seen: Json) -> str:
    """The text as its author wrote it: X escapes it, writes links as t.co, and adds one for the media."""
    whole = seen.get("note_tweet") or seen.get("note_post") or seen
    text = unescape(whole["text"])
    for about in [
        *((whole.get("entities") or {}).get("urls") or []),
        *((seen.get("entities") or {}).get("urls") or []),
    ]:
        text = text.replace(about["url"], "" if "media_key" in about else about.get("expanded_url") or about["url"])
    return text


def _comparable(text: str, job: Job) -> str:
    """Text without what X changes: white space, composed characters, how a link is spelt, whom a reply names first."""
    plain = re.sub(r"https?://", "", unquote(unicodedata.normalize("NFC", text)))
    words = re.sub(r"/(?=\s|$)", "", plain).casefold().split()
    if job.parent:
        words = list(dropwhile(lambda word: word.startswith("@"), words))
    return " ".join(words[1:] if words[:1] == [job.account.handle.casefold()] else words)


def _made(identity: str) -> datetime:
    return EPOCH + timedelta(milliseconds=int(identity) >> 22)


def _link(account: Account, identity: str) -> str:
    return f"https://x.com/{account.handle.removeprefix('@')}/status/{identity}"


def _api(host: str) -> str:
    return f"{(host or SERVER).rstrip('/')}/2"


def _auth(account: Account) -> dict[str, str]:
    return bearer(account.secrets["access_token"])


def _problem(reply: Reply) -> tuple[str, str]:
    """The code of a problem and its words; version 1.1 and version 2 write them in different places."""
    about = said(reply)
    first: Json = next(iter(about.get("errors") or []), {})
    message = str(about.get("detail") or first.get("message") or about.get("title") or "")
    if "duplicate content" in message:
        return "duplicate", message
    if "not allowed because you have not been mentioned" in message:
        return "reply_not_allowed", message
    kind = str(about.get("type", "")).partition("/problems/")[2]
    return kind or str(first.get("code") or f"http_{reply.status}"), message


def _reset(reply: Reply) -> datetime | None:
    """When the limit is lifted: `x-rate-limit-reset`, in seconds of the epoch."""
    quota = quota_in(reply)
    return quota.reset_at if quota else retry_at(reply)


platform = X()
