"""Facebook Pages: long plain text; a link of its own makes the card, and goes only where there are no pictures.

Pictures are uploaded unpublished, are kept for a day, and attached to one post. A film is a post of its own; as a reel
it is uploaded first: https://developers.facebook.com/docs/video-api/guides/reels-publishing, read 2026-11-22.
Nothing makes a repeat safe, so what is in doubt is looked up among the Page's posts, and codes 1 and 2 leave a doubt:
"possibly a temporary issue" is no promise that nothing was posted. Tokens of Pages do not end (2026-11-22, common
practice); a Page's new one comes from the person's.
"""

from collections.abc import Generator, Mapping
from datetime import timedelta

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
    Wait,
)
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.errors import Limited, ReconnectNeeded, Rejected, Transient
from chalicelib.core.lead import Intake
from chalicelib.core.options import Kind
from chalicelib.core.rules import Comment, Hashtags, Links, Medium, Rules, Source, Text
from chalicelib.platforms.base import Auth, OAuth
from chalicelib.platforms.graph import ERRORS, FILM, SECONDS, Graph, Json, Unclear, asked, gone, made, token_of, told
from chalicelib.platforms.words import Meaning, as_reply, comparable, given, needed, speaking

CITED = Source("https://developers.facebook.com/docs/pages-api/posts", "2026-10-04", "secondary")
UNCLEAR = Source("https://developers.facebook.com/docs/graph-api/reference/page/feed", "2026-11-22", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")

API = "https://graph.facebook.com/v26.0"
"""v26.0 is the current version since 2026-07-29; v21 ends on 2027-01-21."""
MEANT: Mapping[str, Meaning] = {
    **ERRORS,
    "506": "already_there",
    "1346003": "rejected",
    "1363047": "retry",
    "1366046": "rejected",
    "1366051": "already_there",
    "1390008": "limited",
    "1404078": "rejected",
    "1404102": "rejected",
    "1609008": "rejected",
    "1609010": "retry",
    "4854002": "rejected",
}
OPTIONS: dict[str, Kind] = {"post_type": ("feed", "reel"), "place": str}
"""`post_type` is ours: a film as a reel; `place` is the id of a Page that is a place."""
PROCESSING = frozenset({"processing", "uploading", "upload_complete"})
BROKEN = frozenset({"error", "expired", "upload_failed"})
"""https://developers.facebook.com/docs/graph-api/reference/video-status, read 2026-11-22."""
COUNTS = "likes.summary(true).limit(0),comments.summary(true).limit(0)"


class Facebook(Graph):
    """Posts of a Page."""

    name = "facebook"
    title = "Facebook"
    server = API
    auth = Auth("oauth2", ("access_token", "user_token?"))
    oauth = OAuth(
        "https://www.facebook.com/v26.0/dialog/oauth",
        f"{API}/oauth/access_token",
        (
            "pages_show_list",
            "pages_manage_posts",
            "pages_manage_engagement",
            "pages_read_engagement",
            "pages_read_user_content",
        ),
        pkce=False,
        separator=",",
    )
    tested = "recorded answers"
    options = OPTIONS
    removable = measurable = True
    answerable = IN_PUBLIC
    errors = MEANT
    intake = Intake(worked_on=frozenset({"image", "video"}))
    subscribes = True
    rules = Rules(
        platform="facebook",
        source=CITED,
        text=Text(limit=63_206),
        hashtags=Hashtags(style="hash"),
        links=Links(card="field"),
        comment=Comment(mode="comment", limit=8000),
        image=Medium(count=10, bytes=10_000_000, types=("jpeg", "bmp", "png", "gif", "tiff"), alt="optional"),
        gif=Medium(count=1, bytes=10_000_000, alt="optional"),
        video=Medium(count=1),
        sources={
            "text.limit": UNCLEAR,
            "text.unit": UNCLEAR,
            "mentions": HABIT,
            "comment.limit": HABIT,
            "image.count": HABIT,
            "gif": HABIT,
            "video": HABIT,
        },
    )

    def idempotency(self, account: Account) -> Idempotency:
        """Only reading back: nowhere is said how late Facebook still posts, so the bounds are ours."""
        return Idempotency(
            Safety.READBACK,
            late_acceptance=timedelta(minutes=3),
            readback_lag=timedelta(minutes=1),
            prepared_lifetime=timedelta(hours=23),
        )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Which Page's `access_token` it is; people have no category, and are refused."""
        (token,) = needed(credentials, "access_token")
        kept = given(credentials, "user_token")
        with speaking(self.title):
            page = yield from self.read(f"{API}/me", token, fields="id,name,username,category")
            return _connected(page, {**kept, "access_token": token})

    def granted(self, app: App, code: str, verifier: str, redirect: str) -> Conversation[dict[str, str]]:
        """The code for a person's short token, and that for a long one, whose Pages' tokens do not end."""
        short = yield from super().granted(app, code, verifier, redirect)
        form = {"grant_type": "fb_exchange_token", "fb_exchange_token": Secret(short["access_token"])}
        return (yield from self._tokens(app, form))

    def accounts(self, host: str, secrets: dict[str, str]) -> Conversation[tuple[Connected, ...]]:
        """The Pages on which the person may post."""
        token, found = secrets["access_token"], list[Connected]()
        params = {"fields": "id,name,username,access_token,tasks", "limit": "100"}
        while True:
            about = yield from self.read(f"{API}/me/accounts", token, **params)
            for page in about["data"]:
                if "CREATE_CONTENT" in page.get("tasks", ()):
                    found.append(_connected(page, {"access_token": page["access_token"], "user_token": token}))
            paging = about.get("paging") or {}
            if "next" not in paging:
                return tuple(found)
            params = {**params, "after": paging["cursors"]["after"]}

    def renewable(self, account: Account) -> bool:
        """Where the person's token is known."""
        return "user_token" in account.secrets

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """The Page's token anew, by the token of the person who connected it."""
        if "user_token" not in account.secrets:
            raise ReconnectNeeded("not_refreshable", "only the Page's own token was given")
        reply = yield asked(f"{API}/{account.remote_id}", account.secrets["user_token"], fields="access_token")
        no = self.refusal(reply)
        if isinstance(no, Limited | Transient):
            raise no
        if no:
            raise ReconnectNeeded(no.code, no.message)
        return {**account.secrets, "access_token": str(reply.json["access_token"])}

    def publish(self, job: Job) -> Conversation[Published]:
        """Pictures unpublished, then the post with them; or the film; and below it the first comment."""
        film = _film(job)
        if film is None:
            done = [(yield from self._posted(job))]
        else:
            done = [(yield from self._reel(job, film) if _is_reel(job) else self._filmed(job, film))]
            yield from self._playing(job, done[0])
        if comment := job.rendition.first_comment:
            done += [(yield from self._created(job, f"{API}/{done[0]}/comments", {"message": comment}, number=1))]
        about = yield from self.shown(f"{API}/{done[0]}", token_of(job.account), "permalink_url,created_time")
        at = made(about) if "created_time" in about else None
        return Published(done[0], _absolute(about.get("permalink_url")), tuple(done), at)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The post, film or reel since it was due by its text; a comment below it."""
        edge, word = ("posts", "message") if _film(job) is None else (_films(job), "description")
        posts = yield from self.listed(f"{_page(job)}/{edge}", token_of(job.account), f"id,{word},created_time", job)
        found = _saying(posts, word, _text(job))
        if found and part:
            url = f"{API}/{found['id']}/comments"
            comments = yield from self.listed(url, token_of(job.account), "id,message,created_time", job)
            found = _saying(comments, "message", job.rendition.first_comment)
        if found is None:
            return None
        reel = _is_reel(job) and part == 0
        return as_reply(200, {"success": True} if reel else {"id": found["id"]})

    def answer(self, job: Job) -> Conversation[Published]:
        """A comment below theirs: https://developers.facebook.com/docs/graph-api/reference/object/comments."""
        identity = yield from self._created(job, f"{API}/{job.reply_to.thing}/comments", {"message": _text(job)})
        about = yield from self.shown(f"{API}/{identity}", token_of(job.account), "permalink_url,created_time")
        at = made(about) if "created_time" in about else None
        return Published(identity, _absolute(about.get("permalink_url")), (identity,), at)

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """A comment below theirs since then, by its text."""
        url, fields = f"{API}/{job.reply_to.thing}/comments", "id,message,created_time"
        found = _saying((yield from self.listed(url, token_of(job.account), fields, job)), "message", _text(job))
        return as_reply(200, {"id": found["id"]}) if found else None

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete it: https://developers.facebook.com/docs/pages-api/posts, read 2026-10-04."""
        yield from self.deleted(f"{API}/{post_id}", token_of(account))

    def subscribe(self, account: Account, url: str, keys: Mapping[str, str]) -> Conversation[timedelta | None]:
        """Have the Page's feed told to the app, whose address a person enters in its console.

        https://developers.facebook.com/docs/graph-api/webhooks/getting-started/webhooks-for-pages, read 2026-10-04.
        """
        address = f"{API}/{account.remote_id}/subscribed_apps"
        reply = yield told(address, token_of(account), {"subscribed_fields": "feed,mention"}, Effect.PREPARE, 0, ())
        self.accepted(reply)
        return None

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its likes and comments, and the shares of what is no film; views are for Insights, whose names change."""
        is_post = "_" in post_id
        fields = f"{COUNTS},shares" if is_post else COUNTS
        reply = yield asked(f"{API}/{post_id}", token_of(account), fields=fields)
        if gone(reply):
            return None
        about = self.good(reply)
        shares = (about.get("shares") or {"count": 0})["count"] if is_post else None
        return Metrics(likes=_total(about, "likes"), replies=_total(about, "comments"), reposts=shares)

    def _posted(self, job: Job) -> Conversation[str]:
        """A post with its pictures, or with its link."""
        rendition, pictures = job.rendition, list[str]()
        for media in rendition.parts[0].media:
            about = {"url": media.url, "published": False, "alt_text_custom": media.alt_text}
            reply = yield told(f"{_page(job)}/photos", token_of(job.account), about, Effect.PREPARE, 0)
            pictures += [str(self.good(reply)["id"])]
        message: dict[str, object] = {
            "message": _text(job) or None,
            "link": rendition.card.url if rendition.card and not pictures else None,
            "attached_media": [{"media_fbid": picture} for picture in pictures] or None,
            "place": rendition.options.get("place"),
        }
        return (yield from self._created(job, f"{_page(job)}/feed", message))

    def _filmed(self, job: Job, film: post.Media) -> Conversation[str]:
        """A film, which Facebook fetches: https://developers.facebook.com/docs/video-api/guides/publishing."""
        about: dict[str, object] = {"file_url": film.url, "description": _text(job) or None}
        return (yield from self._created(job, f"{_page(job)}/videos", about))

    def _reel(self, job: Job, film: post.Media) -> Conversation[str]:
        """A reel in three phases, of which people see the last; gives the film's id."""
        url, token = f"{_page(job)}/video_reels", token_of(job.account)
        start = told(url, token, {"upload_phase": "start"}, Effect.PREPARE, 0, keep=("video_id", "upload_url"))
        begun = self.good((yield start))
        identity = str(begun["video_id"])
        headers = {"Authorization": f"OAuth {token}", "file_url": film.url}
        upload = Request(
            "POST", begun["upload_url"], headers, effect=Effect.PREPARE, keep=("success",), timeout=SECONDS
        )
        self.good((yield upload))
        while (yield from self._phase(job, identity)) != "complete":
            yield Wait(FILM)
        about: dict[str, object] = {
            "upload_phase": "finish",
            "video_id": identity,
            "video_state": "PUBLISHED",
            "description": _text(job) or None,
            "place": job.rendition.options.get("place"),
        }
        if not (yield from self._made(told(url, token, about, Effect.CREATE, 0, keep=("success",)), "success")):
            raise Unclear("no success, and no reason")
        return identity

    def _phase(self, job: Job, film: str) -> Conversation[str]:
        """How far the upload of a reel is."""
        about = yield from self.read(f"{API}/{film}", token_of(job.account), fields="status")
        phase: Json = about["status"]["uploading_phase"]
        if phase["status"] == "error":
            raise Rejected("uploading_phase", str((phase.get("errors") or [phase.get("error")])[0]))
        return str(phase["status"])

    def _playing(self, job: Job, film: str) -> Conversation[None]:
        """Come back until the film can be seen."""
        while True:
            about = yield from self.shown(f"{API}/{film}", token_of(job.account), "status")
            state = about.get("status", {}).get("video_status")
            if state in BROKEN:
                raise Rejected(f"video_{state}", "Facebook cannot show the film")
            if state not in PROCESSING:
                return
            yield Wait(FILM)

    def _created(self, job: Job, url: str, about: Mapping[str, object], number: int = 0) -> Conversation[str]:
        return str((yield from self._made(told(url, token_of(job.account), about, Effect.CREATE, number), "id")))

    def _made(self, request: Request, name: str) -> Generator[Request, Reply, object]:
        """What a creating request answers; "try again later" is no proof that it made nothing."""
        reply = yield request
        no = self.refusal(reply)
        if isinstance(no, Transient):
            raise Unclear(f"code {no.code}")
        if no:
            raise no
        return reply.json[name]


def _connected(page: Json, secrets: dict[str, str]) -> Connected:
    identity = str(page["id"])
    if "category" not in page and "access_token" not in page:
        raise Rejected("no_page", "the token is no Page's")
    return Connected(str(page.get("username") or page["name"]), identity, secrets=secrets)


def _page(job: Job) -> str:
    return f"{API}/{job.account.remote_id}"


def _text(job: Job) -> str:
    part = job.rendition.parts[0]
    return part.wire or part.text


def _film(job: Job) -> post.Media | None:
    return next((media for media in job.rendition.parts[0].media if media.kind == "video"), None)


def _is_reel(job: Job) -> bool:
    return job.rendition.options.get("post_type") == "reel"


def _films(job: Job) -> str:
    return "video_reels" if _is_reel(job) else "videos"


def _saying(posts: list[Json], word: str, text: str | None) -> Json | None:
    return next((one for one in posts if comparable(one.get(word)) == comparable(text)), None)


def _absolute(permalink: str | None) -> str | None:
    """Films have addresses without a host."""
    return f"https://www.facebook.com{permalink}" if permalink and permalink.startswith("/") else permalink


def _total(about: Json, edge: str) -> int:
    return int(about[edge]["summary"]["total_count"])


platform = Facebook()
