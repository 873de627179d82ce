"""Tumblr: a post is up to 1,000 blocks of 4,096 code points, a megabyte in all, with its tags beside it.

Every paragraph is a block; links and people are ranges in it, since Tumblr makes none of plain text. Media go up with
the post, in parts of their own. There are no keys, and a draft changes its id when it is published (its old one stays
as `genesis_post_id`), so what counts is reading back: https://github.com/tumblr/docs, read 2026-11-22.
Films are not shown before they are transcoded, private posts are not listed: of those a read-back proves nothing.
"""

import json
import mimetypes
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
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
)
from chalicelib.core.errors import PlatformAnswer, Rejected, Transient
from chalicelib.core.options import Kind
from chalicelib.core.rendition import Markup, Part
from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text, Title, Warning
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import Meaning, as_reply, bearer, by_status, meant, needed, retry_at, said, speaking

DOCS = Source("https://github.com/tumblr/docs/tree/708be109", "2024-10-01")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]

API = "https://api.tumblr.com/v2"
BLOCK = 4096
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 20, 10
MIME = {"image": "image/jpeg", "gif": "image/gif", "video": "video/mp4", "audio": "audio/mpeg"}
"""Where neither author nor address say more."""

OPTIONS: dict[str, Kind] = {
    "slug": str,
    "source_url": str,
    "reblogs": ("everyone", "noone"),
    "community_labels": list,
}
"""Platform options. `community_labels` are Tumblr's own categories (`violence`, `drug_use`, `sexual_themes`); its
documentation does not describe them, so they are sent only where they are asked for."""

ERRORS: dict[str, Meaning] = {
    "400.8001": "rejected",
    "400.8002": "rejected",
    "400.8005": "rejected",
    "400.8016": "rejected",
    "403.8004": "limited",
    "403.8008": "rejected",
    "403.8010": "retry",
    "403.8011": "limited",
    "403.8022": "rejected",
    "403.8023": "limited",
    "500.8006": "retry",
    "500.8009": "retry",
}
"""Status and subcode: https://github.com/tumblr/docs/blob/master/api.md#errors-and-error-subcodes, read 2026-11-22."""


class Tumblr(Platform):
    """Posts of a blog, in blocks."""

    name = "tumblr"
    title = "Tumblr"
    auth = Auth("oauth2", ("access_token", "blog"))
    oauth = OAuth(
        "https://www.tumblr.com/oauth2/authorize",
        f"{API}/oauth2/token",
        ("basic", "write", "offline_access"),
        pkce=False,
    )
    tested = "recorded answers"
    options = OPTIONS
    errors = ERRORS
    removable = True
    measurable = audited = True
    rules = Rules(
        platform="tumblr",
        source=DOCS,
        text=Text(limit=4_096_000, bytes_limit=1_000_000, block=4096),
        title=Title(mode="optional", limit=4096),
        hashtags=Hashtags(style="field", limit=30, length=140),
        mentions=Mentions(style="at", limit=50, handle=r"[a-z0-9-]{1,32}"),
        links=Links(card="client", card_with_media=True, limit=100),
        media=Media(mixed=("image", "gif", "video", "audio")),
        image=Medium(count=30, alt="optional", alt_limit=4096),
        gif=Medium(count=30, alt="optional", alt_limit=4096),
        video=Medium(count=1),
        audio=Medium(count=10),
        warning=Warning(mode="flag"),
        visibility={"public": "published", "private": "private"},
        sources={"hashtags": HABIT, "mentions.handle": HABIT, "warning": HABIT},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys; the blog's own posts can be read back."""
        return Idempotency(Safety.READBACK, readback_lag=timedelta(seconds=30))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is, and which of their blogs `blog` names."""
        token, name = needed(credentials, "access_token", "blog")
        with speaking(self.title):
            found = yield from self.accounts(host, {"access_token": token})
            wanted = name.removesuffix(".tumblr.com")
            blog = next((one for one in found if wanted in (one.handle, one.remote_id)), None)
            if blog is None:
                raise Rejected("unknown_blog", f"{name} is none of {', '.join(one.handle for one in found)}")
            return blog

    def accounts(self, host: str, secrets: dict[str, str]) -> Conversation[tuple[Connected, ...]]:
        """Every blog that the person may post to."""
        with speaking(self.title):
            me = self.good((yield Request("GET", f"{API}/user/info", headers=bearer(secrets["access_token"]))))
            return tuple(
                Connected(blog["name"], blog.get("uuid") or blog["name"], secrets=secrets)
                for blog in me["response"]["user"]["blogs"]
            )

    def publish(self, job: Job) -> Conversation[Published]:
        """One request with everything in it."""
        body = yield from _body(job)
        made = self.good((yield _create(job, body)))
        identity = str(made["response"]["id"])
        return Published(identity, f"https://{job.account.handle}.tumblr.com/post/{identity}", (identity,))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the blog's posts since it was due: the same words, tags and number of media."""
        if job.rendition.visibility == "private":
            raise Transient("not_readable", "Tumblr lists no private posts")
        found = next((one for one in (yield from _recent(job)) if _is(one, job)), None)
        if found is None and any(media.kind == "video" for media in job.rendition.parts[0].media):
            raise Transient("not_readable", "a film may still be transcoding")
        return as_reply(201, {"response": {"id": str(found["id_string"])}}) if found else None

    def copies(self, job: Job) -> Conversation[list[str]]:
        """The blog's posts since it was due with the same words, tags and number of media."""
        return [str(one["id_string"]) for one in (yield from _recent(job)) if _is(one, job)]

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete a post; one that is gone already is as good."""
        reply = yield Request(
            "POST", _blog(account, "post/delete"), headers=_auth(account), form={"id": post_id}, effect=Effect.PREPARE
        )
        no = self.refusal(reply)
        if no and reply.status != 404:
            raise no

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its notes, by kind: https://github.com/tumblr/docs/blob/master/api.md#notes, read 2026-11-22."""
        asked = {"id": post_id, "mode": "conversation"}
        reply = yield Request("GET", _blog(account, "notes"), headers=_auth(account), params=asked)
        if reply.status == 404:
            return None
        notes = self.good(reply)["response"]
        return Metrics(likes=notes.get("total_likes"), reposts=notes.get("total_reblogs"))

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By status and subcode."""
        if reply.ok:
            return None
        about = said(reply)
        first = (about.get("errors") or [{}])[0]
        message = str(first.get("detail") or (about.get("meta") or {}).get("msg") or "")
        code = f"{reply.status}.{first.get('code')}"
        if reply.status == 429:
            return meant("limited", "http_429", message, retry_at(reply) or _until(reply))
        return meant(ERRORS[code], code, message) if code in ERRORS else by_status(reply, message=message)


def _blog(account: Account, path: str) -> str:
    return f"{API}/blog/{account.remote_id}/{path}"


def _auth(account: Account) -> dict[str, str]:
    return bearer(account.secrets["access_token"])


def _body(job: Job) -> Conversation[Json]:
    """The post: title, text, media and card as blocks, one under the other."""
    rendition, options = job.rendition, job.rendition.options
    (part,) = rendition.parts[:1]
    labels = options.get("community_labels")
    body = {
        "content": [
            *([{"type": "text", "subtype": "heading1", "text": rendition.title}] if rendition.title else []),
            *(yield from _paragraphs(job, part)),
            *(_medium(media, number) for number, media in enumerate(part.media)),
            *([_card(rendition.card)] if rendition.card else []),
        ],
        "state": rendition.visibility or "published",
        "tags": ",".join(rendition.tags) or None,
        "slug": options.get("slug"),
        "source_url": options.get("source_url"),
        "interactability_reblog": options.get("reblogs"),
        "has_community_label": None if labels is None else True,
        "community_label_categories": labels,
    }
    return {name: value for name, value in body.items() if value is not None}


def _create(job: Job, body: Json) -> Request:
    """With media as a form, the post in its part `json`: api.md#posts---createreblog-a-post, read 2026-11-22."""
    files = {_name(number): media for number, media in enumerate(job.rendition.parts[0].media)}
    return Request(
        "POST",
        _blog(job.account, "posts"),
        headers=_auth(job.account),
        json=None if files else body,
        form={"json": json.dumps(body, ensure_ascii=False)} if files else None,
        files=files,
        effect=Effect.CREATE,
        keep=("response",),
        timeout=30.0,
    )


def _name(number: int) -> str:
    return f"medium{number}"


def _paragraphs(job: Job, part: Part) -> Conversation[list[Json]]:
    """A block for every paragraph, with the links and people in it."""
    blocks: list[Json] = []
    for start, text in _pieces(part.text):
        ranges = []
        for markup in part.markup:
            if start <= markup.start and markup.end <= start + len(text):
                ranges += yield from _range(job, markup, start)
        blocks += [{"type": "text", "text": text, **({"formatting": ranges} if ranges else {})}]
    return blocks


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The paragraphs and where each begins; one that is too long for a block is several."""
    start = 0
    for paragraph in text.split("\n\n"):
        for at in range(0, len(paragraph), BLOCK):
            yield start + at, paragraph[at : at + BLOCK]
        start += len(paragraph) + 2


def _range(job: Job, markup: Markup, start: int) -> Generator[Request, Reply, list[Json]]:
    place = {"start": markup.start - start, "end": markup.end - start}
    if markup.type == "link":
        return [{**place, "type": "link", "url": markup.value}]
    if markup.type != "mention":
        return []
    name = markup.value.removeprefix("@")
    reply = yield Request("GET", f"{API}/blog/{name}/info", headers=_auth(job.account))
    if reply.status == 404:  # somebody who cannot be found stays plain text
        return []
    return [{**place, "type": "mention", "blog": {"uuid": platform.good(reply)["response"]["blog"]["uuid"]}}]


def _medium(media: post.Media, number: int) -> Json:
    kind = media.mime_type or mimetypes.guess_type(media.url.partition("?")[0])[0] or MIME[media.kind]
    place = {"type": kind, "identifier": _name(number)}
    if media.kind in ("image", "gif"):
        return {"type": "image", "media": [place], **({"alt_text": media.alt_text} if media.alt_text else {})}
    return {"type": media.kind, "media": place}


def _card(card: post.Link) -> Json:
    """A link block; Tumblr looks up what we do not say."""
    about = {"type": "link", "url": card.url, "title": card.title, "description": card.description}
    return {name: value for name, value in about.items() if value is not None}


def _recent(job: Job) -> Generator[Request, Reply, list[Json]]:
    """The blog's posts since it was due, newest first. Never half of them."""
    since = (job.due - CLOCK_SLACK).timestamp()
    found: list[Json] = []
    for page in range(PAGES):
        asked = {"npf": "true", "limit": str(PAGE), "offset": str(page * PAGE)}
        reply = yield Request("GET", _blog(job.account, "posts"), headers=_auth(job.account), params=asked)
        posts = platform.good(reply)["response"]["posts"]
        found += [one for one in posts if one["timestamp"] >= since]
        # A pinned post comes first, however old it is.
        if len(posts) < PAGE or posts[-1]["timestamp"] < since:
            return found
    raise Transient("too_much_to_read", f"more than {PAGE * PAGES} posts since the post was due")


def _is(there: Json, job: Job) -> bool:
    part = job.rendition.parts[0]
    ours = " ".join([job.rendition.title or "", part.text]).split()
    theirs = " ".join(block["text"] for block in there["content"] if block["type"] == "text").split()
    media = [block for block in there["content"] if block["type"] in ("image", "video", "audio")]
    tags = {tag.casefold() for tag in job.rendition.tags} == {tag.casefold() for tag in there.get("tags", [])}
    return ours == theirs and tags and len(media) == len(part.media)


def _until(reply: Reply) -> datetime | None:
    """When the hour or the day that is used up begins anew, in seconds: api.md#rate-limits, read 2026-11-22."""
    spent = [span for span in ("perday", "perhour") if reply.headers.get(f"x-ratelimit-{span}-remaining") == "0"]
    seconds = reply.headers.get(f"x-ratelimit-{spent[0]}-reset", "") if spent else ""
    if not seconds.isdigit() or "date" not in reply.headers:
        return None
    return parsedate_to_datetime(reply.headers["date"]).astimezone(UTC) + timedelta(seconds=int(seconds))


platform = Tumblr()
