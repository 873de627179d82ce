"""YouTube: one film with a title of 100 characters and a description of 5,000 bytes, neither with < or >.

With more than 60 hashtags all of them are ignored. Links in Shorts cannot be clicked.
A film is uploaded as a private one, which nobody sees, and shown to people at its time by changing its status, which is
the same however often it is done. YouTube's own schedule is not used: it would go off without us, even when cancelled.
100 uploads a day for each project: https://developers.google.com/youtube/v3/revision_history, read 2026-10-04. Projects
that YouTube has not verified cannot show their films: https://developers.google.com/youtube/v3/docs/videos/insert.
Resumable uploads: https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol, read 2026-11-22.
"""

import re
from collections.abc import Generator, Mapping
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
    Secret,
)
from chalicelib.core.errors import PlatformAnswer, Rejected, Transient
from chalicelib.core.lead import Intake
from chalicelib.core.options import Kind
from chalicelib.core.rules import Comment, Hashtags, Language, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    TOKENS,
    Meaning,
    answered_at,
    as_reply,
    bearer,
    by_status,
    filled,
    given,
    meant,
    needed,
    retry_at,
    said,
    size_of,
    speaking,
)

CITED = Source("https://developers.google.com/youtube/v3/docs/videos", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

API = "https://www.googleapis.com/youtube/v3"
HUB = "https://pubsubhubbub.appspot.com/subscribe"
TOPIC = "https://www.youtube.com/xml/feeds/videos.xml?channel_id="
LEASE = timedelta(days=10)
"""What the hub grants at most: https://pubsubhubbub.appspot.com, read 2026-10-04."""
UPLOAD = "https://www.googleapis.com/upload/youtube/v3"
CHUNK = 64 * 256 * 1024
"""Chunks are multiples of 256 KiB; 16 MiB are sent within the time of one request."""
INCOMPLETE = 308
UPLOADED_WITHIN = timedelta(minutes=10)
"""How long before it is due a film may have been uploaded, and how far YouTube's clock may be behind ours."""
PAGE, PAGES = 50, 10
SHORT_SECONDS = 180
MEANT: Mapping[str, Meaning] = {
    "accountClosed": "reconnect",
    "accountSuspended": "reconnect",
    "authError": "refresh",
    "authenticatedUserAccountClosed": "reconnect",
    "authenticatedUserAccountSuspended": "reconnect",
    "backendError": "retry",
    "commentsDisabled": "rejected",
    "dailyLimitExceeded": "limited",
    "failedPrecondition": "rejected",
    "forbidden": "rejected",
    "forbiddenLicenseSetting": "rejected",
    "forbiddenPrivacySetting": "rejected",
    "insufficientPermissions": "reconnect",
    "internalError": "retry",
    "invalidCategoryId": "rejected",
    "invalidDescription": "rejected",
    "invalidFilename": "rejected",
    "invalidPublishAt": "rejected",
    "invalidTags": "rejected",
    "invalidTitle": "rejected",
    "invalidVideoMetadata": "rejected",
    "mediaBodyRequired": "rejected",
    "processingFailure": "retry",
    "quotaExceeded": "limited",
    "rateLimitExceeded": "limited",
    "uploadLimitExceeded": "limited",
    "userRateLimitExceeded": "limited",
    "videoNotFound": "rejected",
    "youtubeSignupRequired": "rejected",
}
"""By reason: https://developers.google.com/youtube/v3/docs/errors, read 2026-11-22."""
DAILY = frozenset({"dailyLimitExceeded", "quotaExceeded", "uploadLimitExceeded"})
OPTIONS: dict[str, Kind] = {
    "category_id": str,
    "tags": list,
    "made_for_kids": bool,
    "license": ("youtube", "creativeCommon"),
    "embeddable": bool,
    "public_stats_viewable": bool,
    "notify_subscribers": bool,
    "thumbnail_url": str,
}
"""https://developers.google.com/youtube/v3/docs/videos, read 2026-10-04; all tags together have 500 characters."""


class YouTube(Platform):
    """Films on a channel."""

    name = "youtube"
    title = "YouTube"
    auth = Auth("oauth2", ("access_token", "refresh_token?", "expires_at?"))
    oauth = OAuth(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        ("https://www.googleapis.com/auth/youtube.upload", "https://www.googleapis.com/auth/youtube.force-ssl"),
        extra=(("access_type", "offline"), ("prompt", "consent")),
    )
    tested = "recorded answers"
    options = OPTIONS
    removable = measurable = True
    answerable = ("comment", "reply")
    errors = MEANT
    intake = Intake(sent=frozenset({"video"}), worked_on=frozenset({"video"}))
    """It lets us show a film before it has worked on it; viewers would see it blurred."""
    subscribes = True
    rules = Rules(
        platform="youtube",
        source=CITED,
        text=Text(unit="utf8", limit=5000, forbidden="<>"),
        title=Title(mode="required", limit=100),
        hashtags=Hashtags(style="hash", limit=60),
        mentions=Mentions(style="at", handle=r"[\w.·-]{3,30}"),
        comment=Comment(mode="comment", limit=10_000),
        media=Media(required=True, total=1),
        video=Medium(count=1, bytes=256_000_000_000),
        language=Language(supported=True),
        visibility={"public": "public", "unlisted": "unlisted", "private": "private"},
        labels={
            "ai_generated": "status.containsSyntheticMedia",
            "paid_partnership": "paidProductPlacementDetails.hasPaidProductPlacement",
        },
        sources={"mentions": HABIT, "comment.limit": HABIT, "labels": HABIT},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """The film that was uploaded is shown, and is the same film however often; sessions are kept for a week."""
        return Idempotency(Safety.CONTAINER, readback_lag=timedelta(minutes=2), prepared_lifetime=timedelta(days=6))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Which channel the `access_token` is for, and where its uploads are listed."""
        (token,) = needed(credentials, "access_token")
        kept = given(credentials, *TOKENS)
        with speaking(self.title):
            params = {"part": "snippet,contentDetails", "mine": "true"}
            about = self.good((yield Request("GET", f"{API}/channels", headers=bearer(token), params=params)))
            if about["kind"] and not about.get("items"):
                raise Rejected("no_channel", "this Google account has no channel")
            (channel,) = about["items"]
            return Connected(
                channel["snippet"].get("customUrl") or channel["snippet"]["title"],
                channel["id"],
                secrets={**kept, "access_token": token},
                settings={"uploads": channel["contentDetails"]["relatedPlaylists"]["uploads"]},
            )

    def publish(self, job: Job) -> Conversation[Published]:
        """The film as a private one, its thumbnail, then the status that shows it, and below it the first comment."""
        film = job.rendition.parts[0].media[0]
        identity = yield from self._uploaded(job, film)
        if address := job.rendition.options.get("thumbnail_url"):
            yield from self._pictured(job, identity, post.Media(url=address))
        yield from self._shown(job, identity)
        done = [identity]
        if comment := job.rendition.first_comment:
            done += [(yield from self._commented(job, identity, comment))]
        return Published(identity, _address(film, identity), tuple(done))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The channel's upload of that title and text, where it is shown as it should be; a comment below it."""
        found = yield from self._listed(job)
        if found is None:
            return None
        if part == 0:
            return as_reply(200, {"id": found, "status": {"privacyStatus": _visibility(job)}})
        comment = yield from self._comment(job, found)
        return as_reply(200, {"id": comment}) if comment else None

    def answer(self, job: Job) -> Conversation[Published]:
        """A comment below theirs: https://developers.google.com/youtube/v3/docs/comments/insert, read 2026-10-04."""
        reply = yield Request(
            "POST",
            f"{API}/comments",
            headers=bearer(_token(job.account)),
            params={"part": "snippet"},
            json={"snippet": {"parentId": _top(job), "textOriginal": job.rendition.parts[0].text}},
            effect=Effect.CREATE,
            keep=("id",),
        )
        made = str(self.good(reply)["id"])
        return Published(made, None, (made,))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """The channel's own comment below theirs with this text."""
        params = {"part": "snippet", "parentId": _top(job), "maxResults": "100", "textFormat": "plainText"}
        for _ in range(PAGES):
            url, headers = f"{API}/comments", bearer(_token(job.account))
            about = self.good((yield Request("GET", url, headers=headers, params=params)))
            for one in about["items"]:
                mine = one["snippet"]["authorChannelId"]["value"] == job.account.remote_id
                if mine and one["snippet"]["textOriginal"].split() == job.rendition.parts[0].text.split():
                    return as_reply(200, {"id": one["id"]})
            if "nextPageToken" not in about:
                return None
            params = {**params, "pageToken": about["nextPageToken"]}
        raise Transient("too_much_to_read", f"more than {100 * PAGES} comments below one")

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete the film."""
        url, headers = f"{API}/videos", bearer(_token(account))
        reply = yield Request("DELETE", url, headers=headers, params={"id": post_id}, effect=Effect.PREPARE)
        if reply.status != 404:
            self.accepted(reply)

    def subscribe(self, account: Account, url: str, keys: Mapping[str, str]) -> Conversation[timedelta | None]:
        """Ask the hub to tell of the channel's films, for as long as it does at most.

        https://developers.google.com/youtube/v3/guides/push_notifications, read 2026-10-04.
        """
        form = {
            "hub.callback": url,
            "hub.mode": "subscribe",
            "hub.topic": f"{TOPIC}{account.remote_id}",
            "hub.verify": "async",
            "hub.verify_token": Secret(keys["verify_token"]),
            "hub.secret": Secret(keys["hub_secret"]),
            "hub.lease_seconds": str(int(LEASE.total_seconds())),
        }
        self.accepted((yield Request("POST", HUB, form=form, effect=Effect.PREPARE)))
        return LEASE

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its statistics; likes and comments may be hidden."""
        params = {"part": "statistics", "id": post_id}
        about = self.good((yield Request("GET", f"{API}/videos", headers=bearer(_token(account)), params=params)))
        if not about["items"]:
            return None
        counts = about["items"][0]["statistics"]
        names = ("viewCount", "likeCount", "commentCount")
        return Metrics(*(int(counts[name]) if name in counts else None for name in names))

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the reason of the first error."""
        error = said(reply).get("error")
        if not isinstance(error, dict):
            return super().refusal(reply)
        reason = str((error.get("errors") or [{}])[0].get("reason") or error.get("status") or f"http_{reply.status}")
        message = str(error.get("message", ""))
        if reason in MEANT:
            return meant(MEANT[reason], reason, message, _again(reply, reason))
        return by_status(reply, reason, message)

    def _uploaded(self, job: Job, film: post.Media) -> Conversation[str]:
        """The film's id, once all of it is there: the session knows how much of it is."""
        size = yield from size_of(film)
        session = self.accepted((yield _session(job, film, size))).headers["location"]
        before = -1
        while True:
            reply = yield _where(job, session, size)
            if reply.status != INCOMPLETE:
                return str(self.good(reply)["id"])
            first = _received(reply)
            if first <= before:
                raise Transient("upload_stalled", f"{first} of {size} bytes have arrived, and no more do")
            before = first
            span = (first, min(first + CHUNK, size))
            reply = yield _chunk(job, session, film, span, size)
            if reply.status != INCOMPLETE:
                return str(self.good(reply)["id"])

    def _pictured(self, job: Job, film: str, picture: post.Media) -> Conversation[None]:
        """Set the thumbnail: https://developers.google.com/youtube/v3/docs/thumbnails/set, read 2026-11-22."""
        reply = yield Request(
            "POST",
            f"{UPLOAD}/thumbnails/set",
            headers=bearer(_token(job.account)),
            params={"videoId": film, "uploadType": "media"},
            media=picture,
            effect=Effect.PREPARE,
            keep=("kind",),
            timeout=20.0,
        )
        self.accepted(reply)

    def _shown(self, job: Job, film: str) -> Conversation[None]:
        """Change who may see it. Said again in whole, since what is left out falls back to its default."""
        reply = yield Request(
            "PUT",
            f"{API}/videos",
            headers=bearer(_token(job.account)),
            params={"part": "status"},
            json={"id": film, "status": _status(job, _visibility(job))},
            effect=Effect.CREATE,
            keep=("id", "status"),
        )
        state = self.good(reply)["status"]["privacyStatus"]
        if state != _visibility(job):
            raise Rejected("not_shown", f"YouTube keeps the film {state}: is the project verified?")

    def _commented(self, job: Job, film: str, text: str) -> Conversation[str]:
        comment = {"videoId": film, "topLevelComment": {"snippet": {"textOriginal": text}}}
        reply = yield Request(
            "POST",
            f"{API}/commentThreads",
            headers=bearer(_token(job.account)),
            params={"part": "snippet"},
            json={"snippet": {"channelId": job.account.remote_id, **comment}},
            effect=Effect.CREATE,
            part=1,
            keep=("id",),
        )
        return str(self.good(reply)["id"])

    def _listed(self, job: Job) -> Conversation[str | None]:
        """The id of the upload that is shown as the post should be."""
        url, headers = f"{API}/playlistItems", bearer(_token(job.account))
        since = job.due - UPLOADED_WITHIN
        params = {"part": "snippet,status", "playlistId": job.account.settings["uploads"], "maxResults": str(PAGE)}
        for _ in range(PAGES):
            about = self.good((yield Request("GET", url, headers=headers, params=params)))
            recent = [one for one in about["items"] if _made(one) >= since]
            if found := next((one for one in recent if _is_ours(one, job)), None):
                return str(found["snippet"]["resourceId"]["videoId"])
            if len(recent) < len(about["items"]) or "nextPageToken" not in about:
                return None
            params = {**params, "pageToken": about["nextPageToken"]}
        raise Transient("too_much_to_read", f"more than {PAGE * PAGES} uploads since {since.isoformat()}")

    def _comment(self, job: Job, film: str) -> Conversation[str | None]:
        """The id of the channel's comment with the text of ours, among the newest."""
        params = {"part": "snippet", "videoId": film, "order": "time", "maxResults": "100"}
        headers = bearer(_token(job.account))
        about = self.good((yield Request("GET", f"{API}/commentThreads", headers=headers, params=params)))
        for thread in about["items"]:
            comment = thread["snippet"]["topLevelComment"]["snippet"]
            mine = comment["authorChannelId"]["value"] == job.account.remote_id
            if mine and comment["textOriginal"].split() == str(job.rendition.first_comment).split():
                return str(thread["id"])
        if "nextPageToken" in about:
            raise Transient("too_much_to_read", "more than 100 comments")
        return None


def _token(account: Account) -> str:
    return account.secrets["access_token"]


def _top(job: Job) -> str:
    """The comment that an answer is put below: replies have ids of two halves, of which the first is that."""
    return job.reply_to.thing.partition(".")[0]


def _visibility(job: Job) -> str:
    """What YouTube has no word for is shown to nobody."""
    return job.rendition.visibility or "private"


def _snippet(job: Job) -> Json:
    rendition, options = job.rendition, job.rendition.options
    snippet = {
        "title": rendition.title,
        "description": rendition.parts[0].wire or rendition.parts[0].text,
        "tags": options.get("tags"),
        "categoryId": options.get("category_id"),
        "defaultLanguage": rendition.language,
    }
    return {name: value for name, value in snippet.items() if value not in (None, "")}


def _status(job: Job, privacy: str) -> Json:
    options = job.rendition.options
    status = {
        "privacyStatus": privacy,
        "selfDeclaredMadeForKids": options.get("made_for_kids", False),
        "containsSyntheticMedia": True if "status.containsSyntheticMedia" in job.rendition.labels else None,
        "license": options.get("license"),
        "embeddable": options.get("embeddable"),
        "publicStatsViewable": options.get("public_stats_viewable"),
    }
    return filled(status)


def _session(job: Job, film: post.Media, size: int) -> Request:
    """Begin an upload; the address to send to is in its answer's `location`."""
    about = {"snippet": _snippet(job), "status": _status(job, "private")}
    if "paidProductPlacementDetails.hasPaidProductPlacement" in job.rendition.labels:
        about["paidProductPlacementDetails"] = {"hasPaidProductPlacement": True}
    tell = "true" if job.rendition.options.get("notify_subscribers", True) else "false"
    length = {"X-Upload-Content-Length": str(size), "X-Upload-Content-Type": film.mime_type or "video/*"}
    return Request(
        "POST",
        f"{UPLOAD}/videos",
        headers={**bearer(_token(job.account)), **length},
        params={"uploadType": "resumable", "part": ",".join(about), "notifySubscribers": tell},
        json=about,
        effect=Effect.PREPARE,
    )


def _where(job: Job, session: str, size: int) -> Request:
    return Request("PUT", session, headers={**bearer(_token(job.account)), "Content-Range": f"bytes */{size}"})


def _chunk(job: Job, session: str, film: post.Media, span: tuple[int, int], size: int) -> Request:
    stretch = {"Content-Range": f"bytes {span[0]}-{span[1] - 1}/{size}"}
    headers = {**bearer(_token(job.account)), **stretch}
    return Request(
        "PUT", session, headers=headers, media=film, span=span, effect=Effect.PREPARE, keep=("id",), timeout=30.0
    )


def _received(reply: Reply) -> int:
    """How many bytes have arrived: `range: bytes=0-999` are a thousand, and without it none."""
    known = re.fullmatch(r"bytes=0-(\d+)", reply.headers.get("range", ""))
    return int(known[1]) + 1 if known else 0


def _is_ours(item: Json, job: Job) -> bool:
    snippet, text = item["snippet"], job.rendition.parts[0]
    same: bool = snippet["description"].split() == (text.wire or text.text).split()
    title: bool = snippet["title"].split() == str(job.rendition.title).split()
    shown: bool = item["status"]["privacyStatus"] == _visibility(job)
    return title and same and shown


def _made(item: Json) -> datetime:
    return datetime.fromisoformat(item["snippet"]["publishedAt"])


def _address(film: post.Media, identity: str) -> str:
    """Short films that are not wide are Shorts: https://support.google.com/youtube/answer/15424877, 2026-11-22."""
    upright = film.width and film.height and film.width <= film.height
    if upright and film.duration_seconds and film.duration_seconds <= SHORT_SECONDS:
        return f"https://www.youtube.com/shorts/{identity}"
    return f"https://youtu.be/{identity}"


def _again(reply: Reply, reason: str) -> datetime | None:
    """When to try again what is limited: days begin at midnight in California, which is 8:00 UTC or an hour before."""
    now = answered_at(reply) if reason in DAILY else None
    if now is None:
        return retry_at(reply)
    midnight = now.replace(hour=8, minute=0, second=0)
    return midnight if midnight > now else midnight + timedelta(days=1)


platform = YouTube()
