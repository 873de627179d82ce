"""TikTok: a film with a caption of 2,200 UTF-16 units, or pictures with a title of 90 and a description of 4,000.

Promotional links are against its rules, and none can be clicked, so the post's link stays out.
A film is begun, sent in chunks, and posted with its last one: what was begun can be posted once. Pictures are posted by
one request, and TikTok fetches them, from domains that the app has proved to be its own. Neither can be looked up: the
list of films is of public ones only. Apps that TikTok has not audited may only post what nobody else sees.
https://developers.tiktok.com/doc/content-posting-api-reference-direct-post and …-media-transfer-guide, read 2026-11-22:
six posts begun a minute, an address to send to is good for an hour; some 15 posts a day.
"""

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
    Wait,
)
from chalicelib.core.errors import Issue, Limited, PlatformAnswer, ReconnectNeeded, RefreshNeeded, Rejected, Transient
from chalicelib.core.lead import Intake
from chalicelib.core.options import Kind
from chalicelib.core.rules import Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text, Title
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    TOKENS,
    Meaning,
    answered_at,
    bearer,
    by_status,
    given,
    meant,
    needed,
    retry_at,
    said,
    size_of,
    speaking,
)

CITED = Source("https://developers.tiktok.com/doc/content-posting-api-reference-direct-post", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

API = "https://open.tiktokapis.com/v2"
CHUNK = 10_000_000
"""Between 5 and 64 MB; the last chunk takes the rest, so that it is the largest."""
PATIENCE = timedelta(seconds=5)
DAILY = frozenset({"spam_risk_too_many_posts", "spam_risk_too_many_pending_share", "reached_active_user_cap"})
ASK_AGAIN = timedelta(hours=1)
"""What is counted over a day is asked again each hour: nobody says when the day began."""
MEANT: Mapping[str, Meaning] = {
    "access_token_invalid": "refresh",
    "auth_removed": "reconnect",
    "duration_check_failed": "rejected",
    "file_format_check_failed": "rejected",
    "frame_rate_check_failed": "rejected",
    "internal": "retry",
    "internal_error": "retry",
    "invalid_file_upload": "rejected",
    "invalid_params": "rejected",
    "invalid_publish_id": "rejected",
    "photo_pull_failed": "retry",
    "picture_size_check_failed": "rejected",
    "privacy_level_option_mismatch": "rejected",
    "publish_cancelled": "rejected",
    "rate_limit_exceeded": "limited",
    "reached_active_user_cap": "limited",
    "scope_not_authorized": "reconnect",
    "scope_permission_missed": "reconnect",
    "spam_risk": "rejected",
    "spam_risk_text": "rejected",
    "spam_risk_too_many_pending_share": "limited",
    "spam_risk_too_many_posts": "limited",
    "spam_risk_user_banned_from_posting": "rejected",
    "token_not_authorized_for_specified_publish_id": "rejected",
    "unaudited_client_can_only_post_to_private_accounts": "rejected",
    "url_ownership_unverified": "rejected",
    "video_pull_failed": "retry",
}
"""Errors of requests and reasons of failed posts: https://developers.tiktok.com/doc/tiktok-api-v2-error-handling and
content-posting-api-reference-get-video-status, read 2026-11-22."""
OPTIONS: dict[str, Kind] = {
    "privacy_level": ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"),
    "disable_comment": bool,
    "disable_duet": bool,
    "disable_stitch": bool,
    "video_cover_timestamp_ms": int,
    "auto_add_music": bool,
    "photo_cover_index": int,
    "brand_organic_toggle": bool,
    "pull_from_url": bool,
    "draft": bool,
}
"""Two are ours. `pull_from_url`: TikTok fetches the film, from a domain of the app's, instead of being sent it.
`draft`: it lies in the person's inbox until they post it, who choose who sees it and write what a film says:
https://developers.tiktok.com/doc/content-posting-api-reference-upload-video, read 2026-11-23."""
FOR_FILMS = ("disable_comment", "disable_duet", "disable_stitch", "video_cover_timestamp_ms", "brand_organic_toggle")
FOR_PICTURES = ("disable_comment", "auto_add_music", "brand_organic_toggle")
FIGURES = "id,view_count,like_count,comment_count,share_count"


class TikTok(Platform):
    """Films and picture stories."""

    name = "tiktok"
    title = "TikTok"
    auth = Auth("oauth2", ("access_token", "refresh_token?", "expires_at?"))
    oauth = OAuth(
        "https://www.tiktok.com/v2/auth/authorize/",
        f"{API}/oauth/token/",
        ("user.info.basic", "video.publish", "video.upload", "video.list"),
        pkce=False,
        separator=",",
        id_name="client_key",
    )
    tested = "recorded answers"
    options = OPTIONS
    measurable = True
    errors = MEANT
    intake = Intake(sent=frozenset({"video"}))
    rules = Rules(
        platform="tiktok",
        source=CITED,
        text=Text(unit="utf16", limit=4000, limit_with_video=2200),
        title=Title(mode="optional", limit=90, unit="utf16", only_with=("image",)),
        hashtags=Hashtags(style="hash"),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9_.]{2,24}"),
        links=Links(inline="none"),
        media=Media(required=True),
        image=Medium(count=35, bytes=20_000_000, types=("jpeg", "webp")),
        video=Medium(
            count=1, bytes=4_000_000_000, types=("mp4", "webm", "mov"), max_seconds=600, min_width=360, max_width=4096
        ),
        visibility={"public": "PUBLIC_TO_EVERYONE", "followers": "FOLLOWER_OF_CREATOR", "private": "SELF_ONLY"},
        labels={"ai_generated": "is_aigc", "paid_partnership": "brand_content_toggle"},
        sources={"mentions": HABIT},
    )

    def check_options(self, options: dict[str, object]) -> list[Issue]:
        """A draft goes without what is the person's to choose."""
        found = super().check_options(options)
        if options.get("draft") is True:
            message = "a film in the inbox has no text and no settings: whoever posts it there gives it these"
            found.append(Issue("left_to_a_person", "warning", "draft", message))
        return found

    def idempotency(self, account: Account) -> Idempotency:
        """What was begun can be posted once, within its hour; nothing can be looked up, so a person looks last."""
        return Idempotency(
            Safety.CONTAINER,
            late_acceptance=timedelta(minutes=2),
            readable=False,
            prepared_lifetime=timedelta(minutes=55),
        )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is, how long its films may be, and who may be let see them."""
        (token,) = needed(credentials, "access_token")
        kept = given(credentials, *TOKENS)
        with speaking(self.title):
            ask = Request("GET", f"{API}/user/info/", headers=bearer(token), params={"fields": "open_id,display_name"})
            user = self.good((yield ask))["user"]
            ask = Request("POST", f"{API}/post/publish/creator_info/query/", headers=bearer(token), json={})
            creator = self.good((yield ask))
            return Connected(
                f"@{creator['creator_username']}",
                str(user["open_id"]),
                secrets={**kept, "access_token": token},
                limits={"video.max_seconds": creator["max_video_post_duration_sec"]},
                settings={"privacy_levels": creator["privacy_level_options"]},
            )

    def publish(self, job: Job) -> Conversation[Published]:
        """A film with its last chunk, or pictures at once; then come back until it is out."""
        film = next((media for media in job.rendition.parts[0].media if media.kind == "video"), None)
        if film is None:
            identity = yield from self._pictured(job)
        elif job.rendition.options.get("pull_from_url"):
            identity = yield from self._pulled(job, film)
        else:
            identity = yield from self._sent(job, film)
        ids = yield from self._outcome(job.account, identity)
        if not ids:
            return Published(identity, parts=(identity,))
        kind = "photo" if film is None else "video"
        return Published(ids[0], f"https://www.tiktok.com/{job.account.handle}/{kind}/{ids[0]}", (ids[0],))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Nobody can: only public films are listed, and not at once."""
        raise Rejected("not_readable", "TikTok does not show what was posted")
        yield

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """What people did with a public film: https://developers.tiktok.com/doc/tiktok-api-v2-video-query, 2026-11-22.

        A post that was being looked at when it went out has its number only now.
        """
        ids = [post_id]
        if not post_id.isdigit():
            ids = _ids(self.good((yield _ask_for(account, post_id))))
        if not ids:
            return Metrics()
        url, asked = f"{API}/video/query/", {"filters": {"video_ids": ids[:1]}}
        reply = yield Request("POST", url, headers=bearer(_token(account)), params={"fields": FIGURES}, json=asked)
        found = self.good(reply)["videos"]
        if not found:
            return None
        film = found[0]
        return Metrics(film["view_count"], film["like_count"], film["comment_count"], film["share_count"])

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the code that every answer has, which is `ok` where all is well, and by why a post failed."""
        about = said(reply)
        error, data = about.get("error"), about.get("data")
        if isinstance(data, dict) and data.get("status") == "FAILED":
            reason = str(data.get("fail_reason") or "unknown")
            return meant(MEANT.get(reason, "rejected"), reason, "TikTok could not post it", _again(reply, reason))
        if not isinstance(error, dict) or "code" not in error:
            return super().refusal(reply)
        code, message = str(error["code"]), str(error.get("message", ""))
        if code == "ok":
            return None
        if code in MEANT:
            return meant(MEANT[code], code, message, _again(reply, code))
        return by_status(Reply(400 if reply.ok else reply.status, reply.headers), code, message)

    def good(self, reply: Reply) -> Json:
        """The data of a good answer; raises what any other means."""
        about = super().good(reply)
        if about["error"]["code"] != "ok":
            raise ValueError("an answer without a code")
        return dict(about["data"])

    def _begun(self, job: Job, kind: str, about: Json, effect: Effect) -> Talk:
        reply = yield Request(
            "POST",
            f"{API}/post/publish/{kind}/init/",
            headers=bearer(_token(job.account)),
            json=about,
            effect=effect,
            keep=("data", "error"),
            timeout=20.0,
        )
        return self.good(reply)

    def _pictured(self, job: Job) -> Conversation[str]:
        options, part = job.rendition.options, job.rendition.parts[0]
        words = {"title": job.rendition.title, "description": part.text}
        info = words if _is_draft(job) else {**_seen(job), **_chosen(job, FOR_PICTURES), **words}
        source = {
            "source": "PULL_FROM_URL",
            "photo_cover_index": options.get("photo_cover_index", 0),
            "photo_images": [media.url for media in part.media],
        }
        mode = "MEDIA_UPLOAD" if _is_draft(job) else "DIRECT_POST"
        about = {"media_type": "PHOTO", "post_mode": mode, "post_info": _said(info), "source_info": source}
        return str((yield from self._begun(job, "content", about, Effect.CREATE))["publish_id"])

    def _pulled(self, job: Job, film: post.Media) -> Conversation[str]:
        source = {"source": "PULL_FROM_URL", "video_url": film.url}
        return str((yield from self._begun(job, *_film(job, source), Effect.CREATE))["publish_id"])

    def _sent(self, job: Job, film: post.Media) -> Conversation[str]:
        """Begin, and send the film chunk by chunk; the last one posts it."""
        size = yield from size_of(film)
        count = max(1, size // CHUNK)
        source = {
            "source": "FILE_UPLOAD",
            "video_size": size,
            "chunk_size": CHUNK if count > 1 else size,
            "total_chunk_count": count,
        }
        begun = yield from self._begun(job, *_film(job, source), Effect.PREPARE)
        for number in range(count - 1):
            span = (number * CHUNK, (number + 1) * CHUNK)
            self.accepted((yield _chunk(begun["upload_url"], film, span, size, Effect.PREPARE)))
        last = _chunk(begun["upload_url"], film, ((count - 1) * CHUNK, size), size, Effect.CREATE)
        yield from self._finished(job, str(begun["publish_id"]), last)
        return str(begun["publish_id"])

    def _finished(self, job: Job, identity: str, last: Request) -> Conversation[None]:
        """Send the last chunk. Sent before by an answer that was lost, it is refused, though the film is there."""
        reply = yield last
        no = self.refusal(reply)
        if no is None:
            if reply.status != 201:
                raise ValueError("201 means that the film is whole")
            return
        if not isinstance(no, Rejected | RefreshNeeded):
            raise no
        status = self.good((yield _ask_for(job.account, identity)))["status"]
        if status == "PROCESSING_UPLOAD":
            raise Rejected(no.code, no.message)

    def _outcome(self, account: Account, identity: str) -> Conversation[list[str]]:
        """Come back until the post is out or has failed; gives its ids, none where it is still being looked at."""
        while True:
            reply = yield _ask_for(account, identity)
            data = said(reply).get("data") or {}
            no = self.refusal(reply)
            if data.get("status") == "FAILED" and no and not isinstance(no, ReconnectNeeded):
                raise Rejected(no.code, no.message)
            if isinstance(no, Limited | Transient | RefreshNeeded | ReconnectNeeded):
                raise no
            if no or not str(data["status"]).startswith("PROCESSING"):
                return _ids(data)
            yield Wait(PATIENCE)


def _token(account: Account) -> str:
    return account.secrets["access_token"]


def _ask_for(account: Account, identity: str) -> Request:
    """How far a post is: https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status."""
    headers, url = bearer(_token(account)), f"{API}/post/publish/status/fetch/"
    return Request("POST", url, headers=headers, json={"publish_id": identity})


def _ids(data: Json) -> list[str]:
    """The ids of a public post; TikTok spells the name so."""
    return [str(one) for one in data.get("publicaly_available_post_id") or ()]


def _seen(job: Job) -> Json:
    """Who sees it, and what they are told; what TikTok has no word for is shown to nobody."""
    level = job.rendition.options.get("privacy_level") or job.rendition.visibility or "SELF_ONLY"
    return {"privacy_level": level, **dict.fromkeys(job.rendition.labels, True)}


def _chosen(job: Job, names: tuple[str, ...]) -> Json:
    options = job.rendition.options
    return {name: options[name] for name in names if name in options}


def _is_draft(job: Job) -> bool:
    return bool(job.rendition.options.get("draft"))


def _film(job: Job, source: Json) -> tuple[str, Json]:
    """Where a film is begun, and what is said of it: nothing of one that goes to the inbox."""
    if _is_draft(job):
        return "inbox/video", {"source_info": source}
    return "video", {"post_info": _caption(job), "source_info": source}


def _caption(job: Job) -> Json:
    return _said({**_seen(job), **_chosen(job, FOR_FILMS), "title": job.rendition.parts[0].text})


def _said(info: Json) -> Json:
    return {name: value for name, value in info.items() if value not in (None, "")}


def _chunk(url: str, film: post.Media, span: tuple[int, int], size: int, effect: Effect) -> Request:
    headers = {
        "Content-Type": film.mime_type or "video/mp4",
        "Content-Range": f"bytes {span[0]}-{span[1] - 1}/{size}",
    }
    return Request("PUT", url, headers=headers, media=film, span=span, effect=effect, timeout=20.0)


def _again(reply: Reply, code: str) -> datetime | None:
    """When to try again what is limited."""
    at = answered_at(reply) if code in DAILY else None
    return at + ASK_AGAIN if at else retry_at(reply)


platform = TikTok()
