"""LinkedIn: 3,000 characters of little text, where a reserved character left unescaped silently cuts the post off.

A link card is not made from the text: we send title, description and picture. Whether 3,000 is counted before or after
escaping is not documented; we count what readers see. LinkedIn honours no idempotency key, but refuses the same again
(422). What a page posted can be read with r_organization_social; what a member posted only with r_member_social, which
hardly any app is given, so that a person has to look. An API version lives for about a year: the account's setting
`api_version` takes another.
"""

import re
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlsplit

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
from chalicelib.core.errors import PlatformAnswer, Rejected, Transient
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Kind
from chalicelib.core.rules import Comment, Hashtags, Links, Media, Medium, Mentions, Poll, Rules, Source, Text
from chalicelib.core.text.wire import DIALECTS
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
    retry_at,
    said,
    size_of,
    speaking,
)

CITED = Source(
    "https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api", "2026-10-04", "secondary"
)
LITTLE = Source(
    "https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format", "2026-05-01"
)
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]

REST = "https://api.linkedin.com/rest"
ME = "https://api.linkedin.com/v2/userinfo"
VERSION = "202605"
SCOPES = (
    "openid",
    "profile",
    "w_member_social",
    "w_organization_social",
    "r_organization_social",
    "rw_organization_admin",
)
"""The last three are for pages, and want LinkedIn's approval of the app."""
PAGE_URN = "urn:li:organization:"
OPTIONS: dict[str, Kind] = {"reshare_disabled": bool, "document_title": str}
"""Whether nobody may share it, and what stands on a document."""
DURATIONS = ((1440, "ONE_DAY"), (4320, "THREE_DAYS"), (10_080, "ONE_WEEK"), (20_160, "TWO_WEEKS"))
"""https://learn.microsoft.com/linkedin/marketing/community-management/shares/poll-post-api, read 2026-05-01."""
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 100, 5
ENCODING = timedelta(seconds=5)


class LinkedIn(Platform):
    """Posts of a member or an organization."""

    name = "linkedin"
    title = "LinkedIn"
    auth = Auth("oauth2", ("access_token", "refresh_token?", "author?"))
    oauth = OAuth(
        "https://www.linkedin.com/oauth/v2/authorization",
        "https://www.linkedin.com/oauth/v2/accessToken",
        SCOPES,
        pkce=False,
    )
    tested = "recorded answers"
    options = OPTIONS
    removable = True
    measurable = True
    answerable = ("comment", "reply")
    errors: ClassVar[Mapping[str, Meaning]] = {
        "EXPIRED_ACCESS_TOKEN": "refresh",
        "INVALID_ACCESS_TOKEN": "refresh",
        "REVOKED_ACCESS_TOKEN": "reconnect",
        "RESTRICTED_MEMBER": "reconnect",
        "ACCESS_DENIED": "rejected",
        "TOO_MANY_REQUESTS": "limited",
        "NONEXISTENT_VERSION": "rejected",
        "VERSION_MISSING": "rejected",
        "RESOURCE_NOT_FOUND": "rejected",
        "FIELD_LENGTH_TOO_LONG": "rejected",
        "DUPLICATE_POST": "already_there",
    }
    """https://learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling, read 2026-10-04; the code of a
    faulty field goes before the code of the whole. That a post is a duplicate may only be in its words."""
    intake = Intake(sent=ALL, worked_on=frozenset({"document", "video"}))
    rules = Rules(
        platform="linkedin",
        source=CITED,
        text=Text(limit=3000, markup="little_text"),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="little_text"),
        links=Links(card="client"),
        comment=Comment(mode="comment", limit=1250),
        media=Media(total=20),
        image=Medium(count=20, types=("jpeg", "png", "gif"), pixels=36_152_319, alt="optional", alt_limit=4086),
        gif=Medium(count=1, pixels=36_152_319, alt="optional", alt_limit=4086),
        video=Medium(count=1, bytes=500_000_000, types=("mp4",), min_seconds=3, max_seconds=1800),
        document=Medium(count=1, bytes=100_000_000),
        poll=Poll(options_max=4, option_length=30, question_length=140, min_minutes=1440, max_minutes=20_160),
        visibility={"public": "PUBLIC", "followers": "CONNECTIONS"},
        sources={
            "text.markup": LITTLE,
            "text.unit": Source(LITTLE.url, "2026-11-22", "unknown"),
            "comment.limit": HABIT,
            "document": HABIT,
            "poll": HABIT,
        },
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys. A page's posts can be read back, a member's cannot; LinkedIn says nothing of how far reads lag."""
        if account.settings.get("author", "").startswith(PAGE_URN):
            return Idempotency(
                Safety.READBACK, readback_lag=timedelta(seconds=60), prepared_lifetime=timedelta(hours=1)
            )
        return Idempotency(Safety.NONE, readable=False, prepared_lifetime=timedelta(hours=1))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is; where `author` names a page, that page."""
        (token,) = needed(credentials, "access_token")
        author = credentials.get("author", "").strip()
        kept = given(credentials, *TOKENS)
        with speaking(self.title):
            if not author.startswith(PAGE_URN):
                me = platform.good((yield Request("GET", ME, headers=bearer(token))))
                return _connected(me["name"], f"urn:li:person:{me['sub']}", kept)
            url = f"{REST}/organizations/{author.removeprefix(PAGE_URN)}"
            page = platform.good((yield Request("GET", url, headers=_headers(token))))
            return _connected(page.get("vanityName") or page["localizedName"], author, kept)

    def accounts(self, host: str, secrets: dict[str, str]) -> Conversation[tuple[Connected, ...]]:
        """The member and the pages that they administer, as far as the app may see those."""
        me = yield from self.connect(host, secrets)
        headers = _headers(secrets["access_token"])
        roles = {"q": "roleAssignee", "role": "ADMINISTRATOR", "state": "APPROVED", "count": str(PAGE)}
        with speaking(self.title):
            reply = yield Request("GET", f"{REST}/organizationAcls", headers=headers, params=roles)
            found = [] if reply.status == 403 else platform.good(reply)["elements"]
            urns = [one["organization"] for one in found]
            if not urns:
                return (me,)
            ids = ",".join(urn.removeprefix(PAGE_URN) for urn in urns)
            pages = platform.good((yield Request("GET", f"{REST}/organizations?ids=List({ids})", headers=headers)))[
                "results"
            ]
            named = [(urn, pages.get(urn.removeprefix(PAGE_URN)) or {}) for urn in urns]
            return (me, *(_connected(about.get("vanityName") or urn, urn, me.secrets) for urn, about in named))

    def publish(self, job: Job) -> Conversation[Published]:
        """Every upload first, then the post, then the author's own first comment."""
        content = yield from _content(job)
        urn = _id((yield _create(job, "posts", 0, _post(job, content))))
        done = [urn]
        if comment := _comment(job):
            body = {"actor": _author(job.account), "object": urn, "message": {"text": comment}}
            done += [
                _id((yield _create(job, f"socialActions/{_quoted(urn)}/comments", len(job.rendition.parts), body)))
            ]
        return Published(urn, f"https://www.linkedin.com/feed/update/{urn}/", tuple(done))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The post among the page's own since it was due; the comment among those on it."""
        urn = yield from _found(job)
        if urn is None or part == 0:
            return as_reply(201, {"id": urn}) if urn else None
        url = f"{REST}/socialActions/{_quoted(urn)}/comments"
        comments = platform.good((yield Request("GET", url, headers=_auth(job.account))))["elements"]
        return _said_among(comments, job, _comment(job) or "")

    def behaviour(self, account: Account, answering: bool) -> Idempotency:
        """Comments are read below what they answer, which may be anybody's: a page may, a member may not."""
        return self.idempotency(account)

    def answer(self, job: Job) -> Conversation[Published]:
        """A comment below theirs: https://learn.microsoft.com/linkedin/marketing/community-management/shares/
        comments-api#create-a-comment, read 2026-05-01."""
        on = _commented(job.reply_to.thing) or job.reply_to.ref["object"]
        body = {"actor": _author(job.account), "object": on, "parentComment": job.reply_to.thing}
        said = {"message": {"text": job.rendition.parts[0].text}}
        identity = _id((yield _create(job, _below(job), 0, {**body, **said})))
        urn = f"urn:li:comment:({on},{identity})"
        return Published(urn, f"https://www.linkedin.com/feed/update/{on}/", (urn,))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Among the comments below theirs: the author's own with this text."""
        comments = platform.good((yield Request("GET", f"{REST}/{_below(job)}", headers=_auth(job.account))))[
            "elements"
        ]
        return _said_among(comments, job, job.rendition.parts[0].text)

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete it, and with it its comments; what is gone already is fine."""
        headers = {**_auth(account), "X-RestLi-Method": "DELETE"}
        reply = yield Request("DELETE", f"{REST}/posts/{_quoted(post_id)}", headers=headers, effect=Effect.PREPARE)
        if reply.status != 404:
            platform.accepted(reply)

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """A page's statistics of the post; of a member's post, reactions and comments."""
        if not _author(account).startswith(PAGE_URN):
            reply = yield Request("GET", f"{REST}/socialMetadata/{_quoted(post_id)}", headers=_auth(account))
            return None if reply.status == 404 else _social(platform.good(reply))
        which = "ugcPosts" if ":ugcPost:" in post_id else "shares"
        asked = f"q=organizationalEntity&organizationalEntity={_quoted(_author(account))}"
        url = f"{REST}/organizationalEntityShareStatistics?{asked}&{which}=List({_quoted(post_id)})"
        reply = yield Request("GET", url, headers=_auth(account))
        return None if reply.status == 404 else _statistics(platform.good(reply)["elements"])

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the code of the faulty field, else by the code of the whole, else by the status."""
        if reply.ok:
            return None
        code, message = _fault(reply)
        meaning = self.errors.get(code)
        if meaning is None and reply.status == 429:
            meaning = "limited"
        return meant(meaning, code, message, _until(reply)) if meaning else by_status(reply, code, message)


def _connected(handle: str, author: str, secrets: dict[str, str]) -> Connected:
    return Connected(handle, author, secrets=secrets, settings={"author": author})


def _content(job: Job) -> Generator[Request | Wait, Any, Json | None]:
    """What goes with the text: pictures, a film, a document, a poll or a link card."""
    media, rendition = job.rendition.parts[0].media, job.rendition
    if len(media) > 1:
        pictures: list[Json] = []
        for index, medium in enumerate(media):
            pictures += [(yield from _picture(job, index, medium))]
        return {"multiImage": {"images": pictures}}
    if media and media[0].kind == "video":
        return {"media": {"id": (yield from _film(job, media[0]))}}
    if media and media[0].kind == "document":
        title = rendition.options.get("document_title") or unquote(urlsplit(media[0].url).path.rpartition("/")[2])
        return {"media": {"id": (yield from _document(job, media[0])), "title": title}}
    if media:
        return {"media": (yield from _picture(job, 0, media[0]))}
    if rendition.poll:
        return {"poll": _poll(rendition.poll, rendition.parts[0].text)}
    return {"article": (yield from _article(job, rendition.card))} if rendition.card else None


def _picture(job: Job, index: int, media: post.Media) -> Generator[Request | Wait, Any, Json]:
    """https://learn.microsoft.com/linkedin/marketing/community-management/shares/images-api, read 2026-05-01."""
    urn = yield from _uploaded(job, "image", index, media)
    return {"id": urn, **({"altText": media.alt_text} if media.alt_text else {})}


def _document(job: Job, media: post.Media) -> Generator[Request | Wait, Any, str]:
    urn = yield from _uploaded(job, "document", 0, media)
    yield from _processed(job, "documents", urn)
    return urn


def _uploaded(job: Job, kind: str, index: int, media: post.Media) -> Generator[Request | Wait, Any, str]:
    """The URN of a medium that goes up in one piece."""
    asked = {"initializeUploadRequest": {"owner": _author(job.account)}}
    value = platform.good((yield _prepare(job, f"{kind}s?action=initializeUpload", asked, index)))["value"]
    headers = bearer(job.account.secrets["access_token"])
    put = Request("PUT", value["uploadUrl"], headers, media=media, effect=Effect.PREPARE, timeout=30.0)
    platform.accepted((yield put))
    return str(value[kind])


def _film(job: Job, media: post.Media) -> Generator[Request | Wait, Any, str]:
    """In the pieces that LinkedIn asks for: https://learn.microsoft.com/linkedin/marketing/community-management/
    shares/videos-api, read 2026-05-01."""
    size = yield from size_of(media)
    about = {"owner": _author(job.account), "fileSizeBytes": size, "uploadCaptions": False, "uploadThumbnail": False}
    begun = yield _prepare(job, "videos?action=initializeUpload", {"initializeUploadRequest": about})
    value, pieces = platform.good(begun)["value"], list[str]()
    for one in value["uploadInstructions"]:
        span = (one["firstByte"], one["lastByte"] + 1)
        put = Request("PUT", one["uploadUrl"], media=media, span=span, effect=Effect.PREPARE, timeout=30.0)
        pieces += [platform.accepted((yield put)).headers["etag"]]
    whole = {"video": value["video"], "uploadToken": value.get("uploadToken", ""), "uploadedPartIds": pieces}
    platform.accepted((yield _prepare(job, "videos?action=finalizeUpload", {"finalizeUploadRequest": whole})))
    yield from _processed(job, "videos", value["video"])
    return str(value["video"])


def _processed(job: Job, kind: str, urn: str) -> Generator[Request | Wait, Any, None]:
    """Come back until LinkedIn can show it."""
    ask = Request("GET", f"{REST}/{kind}/{_quoted(urn)}", headers=_auth(job.account))
    while (status := platform.good((yield ask))["status"]) != "AVAILABLE":
        if status == "PROCESSING_FAILED":
            raise Rejected("media_failed", "LinkedIn could not process the medium")
        yield Wait(ENCODING)


def _prepare(job: Job, path: str, body: Json, index: int = 0) -> Request:
    """A preparation; the key tells several pictures apart, whose requests are the same to the letter."""
    keep = ("value",) if path.endswith("initializeUpload") else ()
    headers, key = _auth(job.account), f"{index}" if index else None
    return Request(
        "POST", f"{REST}/{path}", headers, json=body, effect=Effect.PREPARE, key=key, keep=keep, timeout=30.0
    )


def _article(job: Job, card: post.Link) -> Generator[Request | Wait, Any, Json]:
    about: Json = {"source": card.url, "title": card.title or card.url, "description": card.description}
    if card.image_url:
        about["thumbnail"] = yield from _uploaded(job, "image", 0, post.Media(url=card.image_url))
    return filled(about)


def _poll(poll: post.Poll, text: str) -> Json:
    duration = next((word for minutes, word in DURATIONS if poll.duration_minutes <= minutes), DURATIONS[-1][1])
    return {
        "question": (poll.question or text)[:140],
        "options": [{"text": option} for option in poll.options],
        "settings": {"duration": duration, "voteSelectionType": "SINGLE_VOTE", "isVoterVisibleToAuthor": True},
    }


def _post(job: Job, content: Json | None) -> Json:
    """https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api, read 2026-10-04."""
    part = job.rendition.parts[0]
    body: Json = {
        "author": _author(job.account),
        "commentary": part.wire or part.text,
        "visibility": job.rendition.visibility or "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": bool(job.rendition.options.get("reshare_disabled")),
    }
    return {**body, "content": content} if content else body


def _create(job: Job, path: str, part: int, body: Json) -> Request:
    return Request("POST", f"{REST}/{path}", _auth(job.account), json=body, effect=Effect.CREATE, part=part)


def _id(reply: Reply) -> str:
    """What was made: its id stands in a header, and in the body of what was read back."""
    return str(platform.accepted(reply).headers.get("x-restli-id") or reply.json["id"])


def _comment(job: Job) -> str | None:
    """The first comment as readers see it: comments know no little text."""
    return job.rendition.first_comment


def _said_among(comments: list[Json], job: Job, text: str) -> Reply | None:
    """What making the author's own comment with this text answered, where it is among these."""
    mine = (one for one in comments if one["actor"] == _author(job.account))
    found = next((one for one in mine if comparable(one["message"]["text"]) == comparable(text)), None)
    return as_reply(201, {"id": str(found["id"])}) if found else None


def _commented(urn: str) -> str:
    """What a comment is on: `urn:li:comment:(urn:li:activity:1,2)` is on `urn:li:activity:1`."""
    return urn.partition("(")[2].rpartition(",")[0]


def _below(job: Job) -> str:
    return f"socialActions/{_quoted(job.reply_to.thing)}/comments"


def _found(job: Job) -> Generator[Request, Reply, str | None]:
    """The post's URN, by its text, among those of its author since it was due. Never after half of them."""
    part, since = job.rendition.parts[0], job.due - CLOCK_SLACK
    wanted = _plain(part.wire or part.text)
    params = {"q": "author", "author": _author(job.account), "sortBy": "CREATED", "count": str(PAGE)}
    headers = {**_auth(job.account), "X-RestLi-Method": "FINDER"}
    for page in range(PAGES):
        asked = {**params, "start": str(page * PAGE)}
        seen = platform.good((yield Request("GET", f"{REST}/posts", headers=headers, params=asked)))["elements"]
        recent = [one for one in seen if _made(one) >= since]
        found = next((one["id"] for one in recent if _plain(one.get("commentary") or "") == wanted), None)
        if found or len(recent) < PAGE:
            return found
    raise Transient("too_much_to_read", f"more than {PAGES * PAGE} posts since {since.isoformat()}")


def _made(seen: Json) -> datetime:
    return datetime.fromtimestamp(seen["createdAt"] / 1000, UTC)


def _plain(wire: str) -> str:
    return comparable(DIALECTS["little_text"].read(wire))


def _statistics(elements: list[Json]) -> Metrics:
    """https://learn.microsoft.com/linkedin/marketing/community-management/organizations/share-statistics, 2026-05-01;
    a post that nobody has seen has none."""
    about = elements[0]["totalShareStatistics"] if elements else {}
    return Metrics(
        views=about.get("impressionCount"),
        likes=about.get("likeCount"),
        replies=about.get("commentCount"),
        reposts=about.get("shareCount"),
        clicks=about.get("clickCount"),
    )


def _social(about: Json) -> Metrics:
    reactions = sum(one["count"] for one in about["reactionSummaries"].values())
    return Metrics(likes=reactions, replies=about["commentSummary"]["count"])


def _author(account: Account) -> str:
    return str(account.settings.get("author") or account.remote_id)


def _quoted(urn: str) -> str:
    return quote(urn, safe="")


def _headers(token: str, version: str = VERSION) -> dict[str, str]:
    return {**bearer(token), "LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"}


def _auth(account: Account) -> dict[str, str]:
    return _headers(account.secrets["access_token"], account.settings.get("api_version", VERSION))


def _fault(reply: Reply) -> tuple[str, str]:
    """The code and the words of a refusal."""
    about = said(reply)
    message = str(about.get("message", ""))
    if re.search(r"duplicate (of urn:li|post)", message, re.IGNORECASE):
        return "DUPLICATE_POST", message
    fields = (about.get("errorDetails") or {}).get("inputErrors") or []
    codes = [one.get("code") for one in (*fields, about)]
    return next((str(code) for code in codes if code), f"http_{reply.status}"), message


def _until(reply: Reply) -> datetime | None:
    """Limits are per day, and counted anew at midnight UTC:
    https://learn.microsoft.com/linkedin/shared/api-guide/concepts/rate-limits, read 2026-10-04."""
    at, now = retry_at(reply), answered_at(reply)
    if at or now is None:
        return at
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


platform = LinkedIn()
