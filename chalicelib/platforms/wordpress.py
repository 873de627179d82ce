"""WordPress: HTML of any length with a title, tags as terms of their own, media from the library.

The post is prepared as a draft, which only the site's editors see; what publishes it sets that draft's status, and
saying so twice is saying it once: https://developer.wordpress.org/rest-api/reference/posts/#update-a-post, read
2026-11-22. A draft whose answer was lost stays one. The API has to be under /wp-json, as it is where permalinks are on.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from html import escape, unescape
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
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Kind
from chalicelib.core.rules import Hashtags, Media, Medium, Rules, Source, Text, Title
from chalicelib.core.text.wire import DIALECTS
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import (
    Meaning,
    as_reply,
    basic,
    by_status,
    filled,
    home,
    meant,
    needed,
    retry_at,
    said,
    speaking,
)

HABIT = Source("https://developer.wordpress.org/rest-api/reference/posts", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

KEPT = ("id", "link", "date_gmt")
CLOCK_SLACK = timedelta(minutes=2)
"""How far the clock of somebody's own server may be behind ours."""
PAGE = 100
"""The most that a page can hold: https://developer.wordpress.org/rest-api/using-the-rest-api/pagination, 2026-11-22."""

OPTIONS: dict[str, Kind] = {
    "categories": list,
    "slug": str,
    "excerpt": str,
    "featured": bool,
    "comments": bool,
    "sticky": bool,
}
"""Platform options; `featured: false` keeps the first picture in the text, for themes that show no featured image."""

ERRORS: dict[str, Meaning] = {
    "incorrect_password": "reconnect",
    "invalid_username": "reconnect",
    "invalid_email": "reconnect",
    "application_passwords_disabled": "reconnect",
    "application_passwords_disabled_for_user": "reconnect",
    "rest_not_logged_in": "reconnect",
    "rest_forbidden": "reconnect",
    "rest_forbidden_context": "reconnect",
    "rest_forbidden_status": "reconnect",
    "rest_cannot_create": "reconnect",
    "rest_cannot_publish": "reconnect",
    "rest_cannot_edit": "rejected",
    "rest_cannot_delete": "rejected",
    "rest_cannot_assign_term": "rejected",
    "rest_cannot_assign_sticky": "rejected",
    "rest_invalid_param": "rejected",
    "rest_invalid_featured_media": "rejected",
    "rest_post_invalid_id": "rejected",
    "rest_already_trashed": "rejected",
    "rest_trash_not_supported": "rejected",
    "rest_no_route": "rejected",
    "rest_upload_no_data": "rejected",
    "rest_upload_file_too_big": "rejected",
    "rest_upload_user_quota_exceeded": "rejected",
    "rest_upload_limited_space": "rejected",
    "rest_upload_image_type_not_supported": "rejected",
    "rest_upload_unknown_error": "rejected",
    "db_insert_error": "retry",
    "db_update_error": "retry",
}
"""What WordPress itself answers: https://developer.wordpress.org/reference/classes/wp_rest_posts_controller and
wp_rest_attachments_controller, /reference/functions/wp_authenticate_application_password, read 2026-11-23. An "unknown
error" of an upload comes under status 500 and is most often a type of file that the site does not allow; a site without
a trash says so under 501. Plugins have codes of their own; those go by their status."""


class WordPress(Platform):
    """Posts of a site."""

    name = "wordpress"
    title = "WordPress"
    auth = Auth("app_password", ("user", "password"), host=True)
    tested = "WordPress 6.8.7, from Debian's package"
    options = OPTIONS
    errors = ERRORS
    removable = True
    measurable = True
    intake = Intake(sent=ALL)
    rules = Rules(
        platform="wordpress",
        source=HABIT,
        text=Text(markup="html"),
        title=Title(mode="required"),
        hashtags=Hashtags(style="field"),
        media=Media(mixed=("image", "gif", "video", "audio", "document")),
        image=Medium(count=None, alt="optional"),
        gif=Medium(count=None, alt="optional"),
        video=Medium(count=None),
        audio=Medium(count=None),
        document=Medium(count=None),
        visibility={"public": "publish", "private": "private"},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """A draft is published once however often that is asked for, and kept until somebody deletes it."""
        return Idempotency(Safety.CONTAINER, prepared_lifetime=timedelta(days=2))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """With the `user` and an application password, not that of the login; whether that user may publish."""
        user, password = needed(credentials, "user", "password")
        site = home(host)
        with speaking(self.title):
            reply = yield Request("GET", _api(site, "users/me"), headers=basic(user, password), params=EDITING)
            me = self.good(reply)
            rights = me["capabilities"]
            if not rights.get("publish_posts"):
                raise Rejected("cannot_publish", f"{user} may not publish posts on this site")
            secrets = {"user": user, "password": password}
            # To make a tag is to assign one: wp-includes/rest-api/endpoints/class-wp-rest-terms-controller.php, 6.8.7.
            settings = {"makes_tags": bool(rights.get("edit_posts"))}
            return Connected(str(me.get("name") or user), str(me["id"]), site, secrets, settings=settings)

    def publish(self, job: Job) -> Conversation[Published]:
        """Media and terms first, then the draft; publishing it is one word."""
        uploads: list[Json] = []
        for media in job.rendition.parts[0].media:
            uploads += [(yield from _uploaded(job, media))]
        tags = yield from _terms(job, "tags", job.rendition.tags, make=bool(job.account.settings.get("makes_tags")))
        categories = yield from _terms(job, "categories", job.rendition.options.get("categories", ()), make=False)
        draft = yield from _drafted(job, _content(job, uploads), uploads, tags, categories)
        reply = yield Request(
            "POST",
            _api(job.account.host, f"posts/{draft['id']}"),
            headers=_auth(job.account),
            json={"status": job.rendition.visibility or "publish"},
            effect=Effect.CREATE,
            keep=KEPT,
            timeout=30.0,
        )
        made = self.good(reply)
        identity = str(made["id"])
        return Published(identity, made["link"], (identity,), _moment(made))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Among the author's posts since it was due: the same title over the same words."""
        since = job.due - CLOCK_SLACK
        asked = {**EDITING, "author": job.account.remote_id, "status": "publish,private", "per_page": str(PAGE)}
        reply = yield Request("GET", _api(job.account.host, "posts"), headers=_auth(job.account), params=asked)
        page = platform.rows(reply)
        if len(page) == PAGE and _moment(page[-1]) >= since:
            raise Transient("too_much_to_read", f"more than {PAGE} posts since {since.isoformat()}")
        found = next((one for one in page if _moment(one) >= since and _is(one, job)), None)
        return as_reply(200, {name: found[name] for name in KEPT}) if found else None

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Put a post in the trash; one that is gone already is as good."""
        reply = yield Request(
            "DELETE", _api(account.host, f"posts/{post_id}"), headers=_auth(account), effect=Effect.PREPARE
        )
        self.gone(reply, "rest_post_invalid_id", "rest_already_trashed")

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """How many comments there are; WordPress itself counts nothing else."""
        reply = yield Request("GET", _api(account.host, f"posts/{post_id}"), headers=_auth(account), params=EDITING)
        if said(reply).get("code") == "rest_post_invalid_id" or said(reply).get("status") == "trash":
            return None
        self.good(reply)
        asked = {"post": post_id, "per_page": "1"}
        comments = yield Request("GET", _api(account.host, "comments"), headers=_auth(account), params=asked)
        return Metrics(replies=int(platform.accepted(comments).headers["x-wp-total"]))

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By `code`: https://developer.wordpress.org/rest-api/using-the-rest-api, read 2026-11-22."""
        if reply.ok:
            return None
        about = said(reply)
        code, message = _code(about), str(about.get("message", ""))
        # Whatever may not be done, 401 says that nobody is logged in: a bad password is mostly passed over in silence
        # (WordPress 6.8.7, measured 2026-11-23), and an application password cannot be refreshed.
        if reply.status == 401:
            return meant("reconnect", code or "http_401", message)
        if reply.status != 429 and code in ERRORS:
            return meant(ERRORS[code], code, message, retry_at(reply))
        return by_status(reply, code, message)


EDITING = {"context": "edit"}
"""Shows what was written, and not only what it is rendered to."""


def _code(about: Json) -> str:
    """The error's code. Drafts and private posts are a parameter that is wrong for whoever may not ask for them."""
    data = about.get("data")
    details = data.get("details") if isinstance(data, dict) else None
    inner = [one.get("code") for one in details.values()] if isinstance(details, dict) else []
    return "rest_forbidden_status" if "rest_forbidden_status" in inner else str(about.get("code", ""))


def _api(site: str, path: str) -> str:
    return f"{site}/wp-json/wp/v2/{path}"


def _auth(account: Account) -> dict[str, str]:
    return basic(account.secrets["user"], account.secrets["password"])


def _uploaded(job: Job, media: post.Media) -> Talk:
    """A medium in the library: https://developer.wordpress.org/rest-api/reference/media, read 2026-11-22."""
    reply = yield Request(
        "POST",
        _api(job.account.host, "media"),
        headers=_auth(job.account),
        form={"alt_text": media.alt_text} if media.alt_text else None,
        files={"file": media},
        effect=Effect.PREPARE,
        keep=("id", "source_url"),
        timeout=30.0,
    )
    made = platform.good(reply)
    return {"id": made["id"], "url": made["source_url"]}


def _terms(
    job: Job, kind: str, names: tuple[str, ...] | list[str], *, make: bool
) -> Generator[Request, Reply, list[int]]:
    """The ids of terms by name. A tag that the author may not make is left out, a category has to be there."""
    ids: list[int] = []
    for name in names:
        asked = {"search": name, "per_page": str(PAGE)}
        reply = yield Request("GET", _api(job.account.host, kind), headers=_auth(job.account), params=asked)
        found = [one["id"] for one in platform.rows(reply) if _same(one["name"], name)]
        if not found and make:
            found = [(yield from _made_term(job, kind, name))]
        if not found and kind == "categories":
            raise Rejected("unknown_category", f"the site has no category {name!r}")
        ids += found[:1]
    return ids


def _made_term(job: Job, kind: str, name: str) -> Generator[Request, Reply, int]:
    """A new term; somebody else may have made it meanwhile."""
    reply = yield Request(
        "POST",
        _api(job.account.host, kind),
        headers=_auth(job.account),
        json={"name": name},
        effect=Effect.PREPARE,
        keep=("id",),
    )
    there = said(reply)
    if there.get("code") == "term_exists":
        return int(there["data"]["term_id"])
    return int(platform.good(reply)["id"])


def _same(shown: str, name: str) -> bool:
    return unescape(shown).casefold() == name.casefold()


def _drafted(job: Job, content: str, uploads: list[Json], tags: list[int], categories: list[int]) -> Talk:
    options = job.rendition.options
    draft = {
        "status": "draft",
        "title": job.rendition.title,
        "content": content,
        "tags": tags or None,
        "categories": categories or None,
        "featured_media": uploads[0]["id"] if _featured(job) else None,
        "slug": options.get("slug"),
        "excerpt": options.get("excerpt"),
        "sticky": options.get("sticky"),
        "comment_status": {True: "open", False: "closed", None: None}[options.get("comments")],
    }
    reply = yield Request(
        "POST",
        _api(job.account.host, "posts"),
        headers=_auth(job.account),
        json=filled(draft),
        effect=Effect.PREPARE,
        keep=("id",),
    )
    made = platform.good(reply)
    return {"id": made["id"]}


def _featured(job: Job) -> bool:
    """Whether the first medium is the post's featured image, and not in its text."""
    media = job.rendition.parts[0].media
    return bool(media) and media[0].kind in ("image", "gif") and job.rendition.options.get("featured", True) is True


def _content(job: Job, uploads: list[Json]) -> str:
    part = job.rendition.parts[0]
    shown = [_figure(one, upload) for one, upload in zip(part.media, uploads, strict=True)]
    return (part.wire or part.text) + "".join(shown[1:] if _featured(job) else shown)


def _figure(media: post.Media, upload: Json) -> str:
    """A medium as WordPress's own editor writes it."""
    source = escape(upload["url"])
    match media.kind:
        case "video":
            return f'<figure class="wp-block-video"><video controls src="{source}"></video></figure>'
        case "audio":
            return f'<figure class="wp-block-audio"><audio controls src="{source}"></audio></figure>'
        case "document":
            return f'<p><a href="{source}">{escape(upload["url"].rpartition("/")[2])}</a></p>'
        case _:
            image = f'<img src="{source}" alt="{escape(media.alt_text or "")}" class="wp-image-{upload["id"]}"/>'
            return f'<figure class="wp-block-image">{image}</figure>'


def _is(there: Json, job: Job) -> bool:
    part = job.rendition.parts[0]
    title = unescape(there["title"]["raw"]).split() == (job.rendition.title or "").split()
    return title and _words(there["content"]["raw"]).startswith(_words(part.wire or part.text))


def _words(html: str) -> str:
    """The text alone: what an author may not write, WordPress takes out of the HTML."""
    return " ".join(DIALECTS["html"].read(html if html.startswith("<p>") else f"<p>{html}</p>").split())


def _moment(there: Json) -> datetime:
    """When it was published; `date_gmt` says no zone."""
    return datetime.fromisoformat(there["date_gmt"]).replace(tzinfo=UTC)


platform = WordPress()
