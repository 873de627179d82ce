"""DEV (Forem): markdown with a title of 128 and four tags; pictures by URL.

The article is prepared as a draft; publishing it sets one field, and setting it again changes nothing. Forem refuses a
title twice within five minutes: then the draft of an earlier try is there, and is taken. A draft whose answer was lost
otherwise stays one. Sources: https://github.com/forem/forem, app/controllers/concerns/api/articles_controller.rb and
app/models/article.rb, read 2026-11-23. Other servers with Forem are connected by their host.
"""

import re
from collections.abc import Generator
from datetime import datetime, timedelta
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
from chalicelib.core.errors import AlreadyThere, PlatformAnswer, Transient
from chalicelib.core.options import Kind
from chalicelib.core.rules import Hashtags, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import (
    Meaning,
    as_reply,
    by_status,
    filled,
    home,
    meant,
    needed,
    retry_at,
    said,
    speaking,
)

HABIT = Source("https://developers.forem.com/api/v1#tag/articles", "2026-11-22", "default")

TAGS = Source("https://github.com/forem/forem/blob/main/app/policies/article_policy.rb", "2026-11-23")

Json = dict[str, Any]

SERVER = "https://dev.to"
KEPT = ("id", "url", "published_at")
CLOCK_SLACK = timedelta(minutes=2)
PAGE, PAGES = 100, 10

OPTIONS: dict[str, Kind] = {
    "series": str,
    "description": str,
    "canonical_url": str,
    "organization_id": int,
    "main_image": bool,
}
"""Platform options; `main_image: false` keeps the first picture in the text."""

TITLE_USED = "title_used"
ERRORS: dict[str, Meaning] = {
    TITLE_USED: "already_there",
    "http_401": "reconnect",
    "http_403": "reconnect",
    "http_404": "rejected",
    "http_422": "rejected",
    "http_429": "limited",
}
"""Forem has words, not codes. A key has no end; 401 is also what a suspended author gets."""


class Devto(Platform):
    """Articles."""

    name = "devto"
    title = "DEV"
    auth = Auth("api_key", ("api_key",))
    tested = "recorded answers"
    options = OPTIONS
    errors = ERRORS
    removable = True
    measurable = True
    rules = Rules(
        platform="devto",
        source=HABIT,
        text=Text(markup="markdown"),
        title=Title(mode="required", limit=128),
        hashtags=Hashtags(style="field", limit=4, alphanumeric=True),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_]{2,30}"),
        media=Media(mixed=("image", "gif")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
        sources={"hashtags.limit": TAGS},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """An article is published once however often that is asked for; drafts are kept until somebody deletes them."""
        return Idempotency(Safety.CONTAINER, prepared_lifetime=timedelta(days=2))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `api_key` it is."""
        (key,) = needed(credentials, "api_key")
        server = home(host or SERVER)
        with speaking(self.title):
            me = self.good((yield Request("GET", f"{server}/api/users/me", headers=_key(key))))
            return Connected(f"@{me['username']}", str(me["id"]), server, {"api_key": key})

    def publish(self, job: Job) -> Conversation[Published]:
        """The draft, and the word that publishes it."""
        identity = yield from _drafted(job)
        reply = yield Request(
            "PUT",
            f"{job.account.host}/api/articles/{identity}",
            headers=_auth(job.account),
            json={"article": {"published": True}},
            effect=Effect.CREATE,
            keep=KEPT,
            timeout=30.0,
        )
        made = self.good(reply)
        return Published(str(made["id"]), made["url"], (str(made["id"]),), _moment(made))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the author's articles since it was due: the same title over the same words."""
        since = job.due - CLOCK_SLACK
        for page in range(1, PAGES + 1):
            articles = yield from _mine(job, "published", page)
            found = next((one for one in articles if _moment(one) >= since and _is(one, job)), None)
            if found:
                return as_reply(200, {name: found[name] for name in KEPT})
            if len(articles) < PAGE or _moment(articles[-1]) < since:
                return None
        raise Transient("too_much_to_read", f"more than {PAGE * PAGES} articles since the post was due")

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Make a draft of it again: Forem lets nobody delete by its API. One that is gone already is as good."""
        reply = yield Request(
            "PUT",
            f"{account.host}/api/articles/{post_id}",
            headers=_auth(account),
            json={"article": {"published": False}},
            effect=Effect.PREPARE,
        )
        self.gone(reply, "http_404")

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """What the author's own list says: readers see fewer figures."""
        for page in range(1, PAGES + 1):
            asked = {"per_page": str(PAGE), "page": str(page)}
            reply = yield Request("GET", f"{account.host}/api/articles/me", headers=_auth(account), params=asked)
            articles = self.rows(reply)
            found = next((one for one in articles if str(one["id"]) == post_id), None)
            if found:
                likes, replies = found["public_reactions_count"], found["comments_count"]
                return Metrics(found.get("page_views_count"), likes, replies)
            if len(articles) < PAGE:
                break
        return None

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By status; and by its words, what was there already."""
        if reply.ok:
            return None
        message = str(said(reply).get("error", ""))
        code = TITLE_USED if "has already been used in the last five minutes" in message else f"http_{reply.status}"
        if code in ERRORS:
            return meant(ERRORS[code], code, message, retry_at(reply))
        return by_status(reply, message=message)


def _key(key: str) -> dict[str, str]:
    return {"api-key": key, "accept": "application/vnd.forem.api-v1+json"}


def _auth(account: Account) -> dict[str, str]:
    return _key(account.secrets["api_key"])


def _drafted(job: Job) -> Generator[Request, Reply, str]:
    """The draft's id; that of an earlier try, where its answer was lost."""
    reply = yield Request(
        "POST",
        f"{job.account.host}/api/articles",
        headers=_auth(job.account),
        json={"article": _article(job)},
        effect=Effect.PREPARE,
        keep=("id",),
    )
    no = platform.refusal(reply)
    if isinstance(no, AlreadyThere):
        drafts = yield from _mine(job, "unpublished", 1)
        found = next((one for one in drafts if _is(one, job)), None)
        if found is None:
            raise Transient(no.code, "another article has this title; Forem takes it again five minutes after that one")
        return str(found["id"])
    return str(platform.good(reply)["id"])


def _article(job: Job) -> Json:
    rendition, options = job.rendition, job.rendition.options
    media = rendition.parts[0].media
    article = {
        "title": rendition.title,
        "body_markdown": _markdown(job),
        "published": False,
        "tags": list(rendition.tags) or None,
        "main_image": media[0].url if _main(job) else None,
        **{name: options.get(name) for name in ("series", "description", "canonical_url", "organization_id")},
    }
    return filled(article)


def _main(job: Job) -> bool:
    """Whether the first picture is the article's cover, and not in its text."""
    return bool(job.rendition.parts[0].media) and job.rendition.options.get("main_image", True) is True


def _markdown(job: Job) -> str:
    part = job.rendition.parts[0]
    shown = [_picture(media) for media in part.media[1 if _main(job) else 0 :]]
    return "\n\n".join([part.wire or part.text, *shown]).strip()


def _picture(media: post.Media) -> str:
    words = re.sub(r"([\[\]\\])", r"\\\1", " ".join((media.alt_text or "").split()))
    return f"![{words}]({media.url.replace('(', '%28').replace(')', '%29')})"


def _mine(job: Job, status: str, page: int) -> Generator[Request, Reply, list[Json]]:
    """A page of the author's own articles, the newest first."""
    url = f"{job.account.host}/api/articles/me/{status}"
    asked = {"per_page": str(PAGE), "page": str(page)}
    return platform.rows((yield Request("GET", url, headers=_auth(job.account), params=asked)))


def _is(there: Json, job: Job) -> bool:
    titles = there["title"].split() == (job.rendition.title or "").split()
    return bool(titles and there["body_markdown"].split() == _markdown(job).split())


def _moment(there: Json) -> datetime:
    return datetime.fromisoformat(there["published_at"])


platform = Devto()
