"""Reddit: every post has a title; the text is markdown; people are u/name; hashtags mean nothing.

New API clients need manual approval since 2025-11 (support.reddithelp.com, Responsible Builder Policy). A post goes to
the account's subreddit, to the one that the option `subreddit` names, else to the person's own page; with a content
warning it is a spoiler, and `nsfw` if that option says so. Refusals come with status 200. Reddit tells the id of a
picture or film over a websocket only, so we look for it among the account's own posts, as we do after a lost answer.
That text may stand beside media is not documented; we send it.
"""

import re
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

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
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Check, Kind, matching, of_length
from chalicelib.core.rules import Comment, Media, Medium, Mentions, Rules, Source, Text, Title, Warning
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    TOKENS,
    Meaning,
    answered_at,
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

HABIT = Source("https://www.reddit.com/dev/api/#POST_api_submit", "2026-11-22", "default")

Json = dict[str, Any]

API = "https://oauth.reddit.com"
FLAGS = ("nsfw", "spoiler", "sendreplies", "resubmit")
OPTIONS: dict[str, Kind] = {
    "subreddit": Check(matching(re.compile(r"(r/)?\w{2,50}")), "a subreddit's name"),
    "flair_id": Check(of_length(36), "a flair's id"),
    "flair_text": Check(of_length(64), "a text of at most 64 characters"),
    "url": Check(matching(re.compile(r"https?://\S+")), "an address"),
    "video_poster_url": Check(matching(re.compile(r"https?://\S+")), "an address"),
    **dict.fromkeys(FLAGS, bool),
}
"""Where the post goes, its flair, its flags, and `url` to make it a link."""
MIME = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "mp4": "video/mp4"}
KINDS = {"image": "image", "gif": "image", "video": "video"}
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 100, 5
ENCODING = timedelta(seconds=5)


class Reddit(Platform):
    """Posts in a subreddit."""

    name = "reddit"
    title = "Reddit"
    auth = Auth("oauth2", ("access_token", "refresh_token?", "subreddit?"))
    oauth = OAuth(
        "https://www.reddit.com/api/v1/authorize",
        "https://www.reddit.com/api/v1/access_token",
        ("identity", "submit", "edit", "read", "history"),
        pkce=False,
        basic=True,
        extra=(("duration", "permanent"),),
    )
    tested = "recorded answers"
    options = OPTIONS
    removable = True
    measurable = True
    answerable = ("comment", "reply", "mention")
    errors: ClassVar[Mapping[str, Meaning]] = {
        "RATELIMIT": "limited",
        "QUOTA_FILLED": "limited",
        "USER_REQUIRED": "refresh",
        "ALREADY_SUB": "already_there",
        "SUBREDDIT_NOEXIST": "rejected",
        "SUBREDDIT_NOTALLOWED": "rejected",
        "BAD_SR_NAME": "rejected",
        "INVALID_OPTION": "rejected",
        "NO_SELFS": "rejected",
        "NO_LINKS": "rejected",
        "NO_TEXT": "rejected",
        "NO_URL": "rejected",
        "BAD_URL": "rejected",
        "TOO_LONG": "rejected",
        "INVALID_SELFPOST": "rejected",
        "MISSING_VIDEO_URLS": "rejected",
        "DOMAIN_BANNED": "rejected",
        "THREAD_LOCKED": "rejected",
        "SUBMIT_VALIDATION_FLAIR_REQUIRED": "rejected",
    }
    """https://github.com/Pyprohly/reddit-api-doc-notes, docs/api-reference/submission.rst, read 2026-11-22. What is not
    here (a subreddit's own SUBMIT_VALIDATION_…) is final."""
    intake = Intake(sent=ALL)
    rules = Rules(
        platform="reddit",
        source=HABIT,
        text=Text(limit=40_000, markup="markdown"),
        title=Title(mode="required", limit=300),
        mentions=Mentions(style="user"),
        comment=Comment(mode="comment", limit=10_000),
        media=Media(total=20),
        image=Medium(count=20, bytes=20_000_000, types=("jpeg", "png", "gif")),
        gif=Medium(count=1),
        video=Medium(count=1, bytes=1_000_000_000, max_seconds=900),
        warning=Warning(mode="flag"),
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys. A film may be processed for minutes before it appears: Reddit has no bound, ours is cautious."""
        return Idempotency(Safety.READBACK, late_acceptance=timedelta(minutes=15), readback_lag=timedelta(seconds=60))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is; `subreddit` is where its posts go."""
        (token,) = needed(credentials, "access_token")
        kept = given(credentials, *TOKENS)
        subreddit = credentials.get("subreddit", "").strip().removeprefix("r/")
        with speaking(self.title):
            me = platform.good((yield Request("GET", f"{API}/api/v1/me", headers=_headers(token))))
            settings = {"subreddit": subreddit} if subreddit else {}
            return Connected(f"u/{me['name']}", str(me["id"]), secrets=kept, settings=settings)

    def publish(self, job: Job) -> Conversation[Published]:
        """Every upload first, then the post, then the author's own first comment."""
        create = yield from _submission(job)
        about = _data((yield create))
        if "id" in about:
            name, url = _fullname(about), about.get("url")
        else:
            name, url = yield from _appeared(job)
        done = [name]
        if text := _comment(job):
            form = {"api_type": "json", "thing_id": name, "text": text}
            made = _data((yield _post(job, "api/comment", form, effect=Effect.CREATE, part=len(job.rendition.parts))))
            done += [made["things"][0]["data"]["name"]]
        return Published(name, url, tuple(done))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The post among the account's own since it was due; the comment among those on it."""
        seen = yield from _seen(job)
        if seen is None or part == 0:
            return _as_submitted({"id": seen["id"], "name": seen["name"], "url": _link(seen)}) if seen else None
        wanted = comparable(_comment(job) or "")
        comments = yield from _recent(job, "comments")
        mine = (one for one in comments if one["parent_id"] == seen["name"])
        found = next((one for one in mine if comparable(one["body"]) == wanted), None)
        return _as_submitted({"things": [{"kind": "t1", "data": {"name": found["name"]}}]}) if found else None

    def answer(self, job: Job) -> Conversation[Published]:
        """A comment below what they wrote, by its full name: https://www.reddit.com/dev/api/#POST_api_comment."""
        form = {"api_type": "json", "thing_id": job.reply_to.thing, "text": _answer(job)}
        made = _data((yield _post(job, "api/comment", form, effect=Effect.CREATE)))["things"][0]["data"]
        link = f"https://www.reddit.com{made['permalink']}" if "permalink" in made else None
        return Published(made["name"], link, (made["name"],))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Among the account's own comments since then: the same text, below the same."""
        below = (one for one in (yield from _recent(job, "comments")) if one["parent_id"] == job.reply_to.thing)
        found = next((one for one in below if comparable(one["body"]) == comparable(_answer(job))), None)
        return _as_submitted({"things": [{"kind": "t1", "data": {"name": found["name"]}}]}) if found else None

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete it; Reddit says nothing of what is not there."""
        headers = _auth(account)
        platform.accepted(
            (yield Request("POST", f"{API}/api/del", headers, form={"id": post_id}, effect=Effect.PREPARE))
        )

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its score and its comments; what was deleted has no author."""
        params = {"id": post_id, "raw_json": "1"}
        reply = yield Request("GET", f"{API}/api/info", headers=_auth(account), params=params)
        found = platform.good(reply)["data"]["children"]
        if not found or found[0]["data"].get("author") == "[deleted]":
            return None
        about = found[0]["data"]
        return Metrics(
            views=about.get("view_count"),
            likes=about["score"],
            replies=about.get("num_comments"),
            reposts=about.get("num_crossposts"),
        )

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the first of `json.errors`, with whatever status; else by the reason, else by the status."""
        about = said(reply)
        told = about.get("json") or {}
        if told.get("errors"):
            code, message = (str(word) for word in told["errors"][0][:2])
            return meant(self.errors.get(code, "rejected"), code, message, _reset(reply, told))
        if reply.ok:
            return None
        code, message = str(about.get("reason") or f"http_{reply.status}"), str(about.get("message", ""))
        return by_status(reply, code, message)


def _submission(job: Job) -> Generator[Request | Wait, Any, Request]:
    """The request that makes the post, its media uploaded."""
    media, options = job.rendition.parts[0].media, job.rendition.options
    if not media:
        link = {"kind": "link", "url": options["url"]} if "url" in options else {"kind": "self"}
        return _submit(job, link)
    if len(media) > 1:
        return (yield from _gallery(job, media))
    if media[0].kind not in KINDS:
        raise Rejected("media_unsupported", f"Reddit takes no {media[0].kind}")
    poster = options.get("video_poster_url")
    if media[0].kind == "video" and not poster:
        raise Rejected("poster_required", "Reddit wants a picture for a film: name one in the option video_poster_url")
    _, url = yield from _uploaded(job, media[0])
    if media[0].kind != "video":
        return _submit(job, {"kind": KINDS[media[0].kind], "url": url})
    _, still = yield from _uploaded(job, post.Media(url=str(poster)))
    return _submit(job, {"kind": "video", "url": url, "video_poster_url": still})


def _gallery(job: Job, media: tuple[post.Media, ...]) -> Generator[Request | Wait, Any, Request]:
    """Several pictures; of this only the notes tell that are named with the errors."""
    if any(one.kind == "video" for one in media):
        raise Rejected("mixed_media", "Reddit takes one film or several pictures")
    items: list[Json] = []
    for medium in media:
        asset, _ = yield from _uploaded(job, medium)
        items += [{"media_id": asset, "caption": "", "outbound_url": ""}]
    body = {**_about(job), "items": items, "show_error_list": True, "validate_on_submit": True}
    url = f"{API}/api/submit_gallery_post.json"
    return Request("POST", url, _auth(job.account), params={"raw_json": "1"}, json=body, effect=Effect.CREATE)


def _uploaded(job: Job, media: post.Media) -> Generator[Request | Wait, Any, tuple[str, str]]:
    """The asset's id and address: a form is asked for, and the medium sent with it to Reddit's store."""
    name = urlsplit(media.url).path.rpartition("/")[2] or "file"
    mime = media.mime_type or MIME.get(name.rpartition(".")[2].lower(), "image/jpeg")
    form = {"filepath": name, "mimetype": mime}
    lease = platform.good((yield _post(job, "api/media/asset.json", form, key=media.url, keep=("args", "asset"))))
    fields = {one["name"]: one["value"] for one in lease["args"]["fields"]}
    store = "https:" + lease["args"]["action"].removeprefix("https:")
    sent = {name: value if name == "key" else Secret(value) for name, value in fields.items()}
    upload = Request("POST", store, form=sent, files={"file": media}, effect=Effect.PREPARE, timeout=30.0)
    platform.accepted((yield upload))
    return str(lease["asset"]["asset_id"]), f"{store}/{fields['key']}"


def _submit(job: Job, kind: dict[str, Any]) -> Request:
    """https://www.reddit.com/dev/api/#POST_api_submit, read 2026-11-22."""
    resubmit = job.rendition.options.get("resubmit", False)
    words = {**_about(job), **kind, "resubmit": resubmit}
    form = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in words.items()}
    return _post(job, "api/submit", form, effect=Effect.CREATE)


def _about(job: Job) -> Json:
    """What every kind of post says."""
    rendition, options = job.rendition, job.rendition.options
    part = rendition.parts[0]
    about = {
        "api_type": "json",
        "sr": _subreddit(job),
        "title": rendition.title,
        "text": part.wire or part.text or None,
        "nsfw": options.get("nsfw", False),
        "spoiler": options.get("spoiler", bool(rendition.content_warning)),
        "sendreplies": options.get("sendreplies", True),
        "flair_id": options.get("flair_id"),
        "flair_text": options.get("flair_text"),
    }
    return filled(about)


def _post(job: Job, path: str, form: dict[str, str], effect: Effect = Effect.PREPARE, **more: Any) -> Request:
    params = {"raw_json": "1"}
    return Request("POST", f"{API}/{path}", _auth(job.account), params=params, form=form, effect=effect, **more)


def _appeared(job: Job) -> Generator[Request | Wait, Any, tuple[str, str | None]]:
    """The post once Reddit has processed its media: come back until it is among the account's own."""
    while (seen := (yield from _seen(job))) is None:
        yield Wait(ENCODING)
    return seen["name"], _link(seen)


def _seen(job: Job) -> Generator[Request, Reply, Json | None]:
    """The post among the account's own since it was due: same title, text and subreddit."""
    part = job.rendition.parts[0]
    wanted = (comparable(job.rendition.title or ""), _subreddit(job).lower())
    for one in (yield from _recent(job, "submitted")):
        same = (comparable(one["title"]), one["subreddit"].lower()) == wanted
        if same and (not one.get("is_self") or comparable(one["selftext"]) == comparable(part.wire or part.text)):
            return one
    return None


def _recent(job: Job, what: str) -> Generator[Request, Reply, list[Json]]:
    """The account's own posts or comments since the post was due, newest first. Never half of them."""
    since = job.due - CLOCK_SLACK
    url = f"{API}/user/{job.account.handle.removeprefix('u/')}/{what}"
    params, found = {"sort": "new", "limit": str(PAGE), "raw_json": "1"}, list[Json]()
    for _ in range(PAGES):
        page = platform.good((yield Request("GET", url, headers=_auth(job.account), params=params)))["data"]
        things = [one["data"] for one in page["children"]]
        found += [one for one in things if _made(one) >= since]
        if not page.get("after") or any(_made(one) < since for one in things):
            return found
        params = {**params, "after": page["after"]}
    raise Transient("too_much_to_read", f"more than {PAGES * PAGE} {what} since {since.isoformat()}")


def _made(thing: Json) -> datetime:
    return datetime.fromtimestamp(thing["created_utc"], UTC)


def _as_submitted(data: Json) -> Reply:
    return as_reply(200, {"json": {"errors": [], "data": data}})


def _data(reply: Reply) -> Json:
    """What making something answered."""
    data = platform.good(reply)["json"]["data"]
    return {**data} if "id" in data or "things" in data else {"websocket_url": data["websocket_url"]}


def _fullname(about: Json) -> str:
    """`t3_…`: galleries answer it as the id, everything else as the name."""
    return str(about.get("name") or about["id"])


def _link(seen: Json) -> str:
    return f"https://www.reddit.com{seen['permalink']}"


def _comment(job: Job) -> str | None:
    comment = job.rendition.comment
    return (comment.wire or comment.text) if comment else job.rendition.first_comment


def _answer(job: Job) -> str:
    return job.rendition.parts[0].wire or job.rendition.parts[0].text


def _subreddit(job: Job) -> str:
    """Where the post goes; a person's own page is the subreddit u_name."""
    chosen = job.rendition.options.get("subreddit") or job.account.settings.get("subreddit")
    return str(chosen or f"u_{job.account.handle.removeprefix('u/')}").removeprefix("r/")


def _headers(token: str, name: str = "") -> dict[str, str]:
    """Reddit limits clients by what they call themselves: https://github.com/reddit-archive/reddit/wiki/API."""
    return {**bearer(token), "User-Agent": f"web:carillon:v1 (by /u/{name})" if name else "web:carillon:v1"}


def _auth(account: Account) -> dict[str, str]:
    return _headers(account.secrets["access_token"], account.handle.removeprefix("u/"))


def _reset(reply: Reply, told: Json) -> datetime | None:
    """When the limit is lifted: `ratelimit` in seconds, "in 9 minutes" in the words, or a header."""
    quota = quota_in(reply)
    words = re.search(r"(\d+) (second|minute|hour)", str(told["errors"][0][1]))
    units = {"second": 1, "minute": 60, "hour": 3600}
    seconds = told.get("ratelimit") or (words and int(words[1]) * units[words[2]])
    if seconds and (at := answered_at(reply)):
        return at + timedelta(seconds=float(seconds))
    return retry_at(reply) or (quota.reset_at if quota else None)


platform = Reddit()
