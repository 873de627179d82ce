"""Instagram, professional accounts: no post without a picture or film, 2,200 characters, five hashtags, no live links.

Pictures are scaled to 320-1440 pixels across, not refused. The API page still says 30 hashtags, the app says 5.
Every post is a container first, and media go by address; a lone film is a reel. Tokens come by Instagram's own sign-in;
those of Facebook's are good at `graph.facebook.com`, for the account whose `user_id` is given:
https://developers.facebook.com/docs/instagram-platform/content-publishing, read 2026-10-04.
Error codes: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes, read
2026-06-02. There is no way to delete a post: the app does that.
"""

from collections.abc import Mapping

from chalicelib.core import post
from chalicelib.core.account import Account, App
from chalicelib.core.conversation import Connected, Conversation, Effect, Job, Metrics, Published, Reply
from chalicelib.core.errors import ReconnectNeeded, Transient
from chalicelib.core.lead import Intake
from chalicelib.core.options import Kind
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Comment, Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text
from chalicelib.platforms.base import Auth, OAuth
from chalicelib.platforms.graph import ERRORS, Containers, Json, asked, figures, gone, made, token_of, told
from chalicelib.platforms.words import Meaning, as_reply, comparable, given, needed, speaking

CITED = Source("https://developers.facebook.com/docs/instagram-platform/content-publishing", "2026-10-04", "secondary")
ALT = Source("https://developers.facebook.com/docs/instagram-platform/changelog", "2025-03-24")
UNCLEAR = Source("https://www.socialmediatoday.com", "2026-09-14", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")

VERSION = "v26.0"
"""The current one since 2026-07-29; v21 ends on 2027-01-21."""
INSTAGRAM, FACEBOOK = "https://graph.instagram.com", "https://graph.facebook.com"
"""Where tokens of either sign-in are good."""
MEANT: Mapping[str, Meaning] = {
    **ERRORS,
    "9007": "retry",
    "36000": "rejected",
    "36001": "rejected",
    "36003": "rejected",
    "36004": "rejected",
    "2207001": "retry",
    "2207003": "retry",
    "2207004": "rejected",
    "2207005": "rejected",
    "2207006": "rejected",
    "2207008": "retry",
    "2207009": "rejected",
    "2207010": "rejected",
    "2207020": "retry",
    "2207023": "rejected",
    "2207026": "rejected",
    "2207027": "retry",
    "2207028": "rejected",
    "2207032": "retry",
    "2207042": "limited",
    "2207050": "rejected",
    "2207051": "rejected",
    "2207052": "retry",
    "2207053": "retry",
    "2207057": "rejected",
    "2207077": "retry",
}
OPTIONS: dict[str, Kind] = {
    "post_type": ("feed", "story"),
    "share_to_feed": bool,
    "collaborators": list,
    "location_id": str,
    "cover_url": str,
    "thumb_offset": int,
    "audio_name": str,
}
"""https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media, 2026-11-22.

`post_type` is ours; `share_to_feed`, `cover_url`, `thumb_offset` and `audio_name` are for films.
"""
FOR_FILMS = frozenset({"share_to_feed", "cover_url", "thumb_offset", "audio_name"})
METRICS = "views,likes,comments,shares,saved"


class Instagram(Containers):
    """Pictures and films with a caption."""

    name = "instagram"
    title = "Instagram"
    server = f"{INSTAGRAM}/{VERSION}"
    grants = "ig"
    status = ("status_code", "status")
    auth = Auth("oauth2", ("access_token", "expires_at?", "user_id?"))
    oauth = OAuth(
        "https://www.instagram.com/oauth/authorize",
        "https://api.instagram.com/oauth/access_token",
        (
            "instagram_business_basic",
            "instagram_business_content_publish",
            "instagram_business_manage_comments",
            "instagram_business_manage_insights",
        ),
        pkce=False,
        separator=",",
    )
    tested = "recorded answers"
    options = OPTIONS
    measurable = True
    answerable = ("comment", "reply")
    """https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment/replies, read
    2026-11-22: what answers a reply is put below the comment above it."""
    errors = MEANT
    intake = Intake(worked_on=frozenset({"image", "video"}))
    rules = Rules(
        platform="instagram",
        source=CITED,
        text=Text(limit=2200),
        hashtags=Hashtags(style="hash", limit=5),
        mentions=Mentions(style="at", limit=20, handle=r"[A-Za-z0-9._]{1,30}"),
        links=Links(inline="text"),
        comment=Comment(mode="comment", limit=2200),
        media=Media(required=True, total=10, mixed=("image", "video")),
        image=Medium(
            count=10, bytes=8_000_000, types=("jpeg",), min_ratio=4 / 5, max_ratio=1.91, alt="optional", alt_limit=1000
        ),
        video=Medium(
            count=10,
            bytes=300_000_000,
            types=("mov", "mp4"),
            min_seconds=3,
            max_seconds=900,
            min_ratio=0.01,
            max_ratio=10,
        ),
        sources={
            "text.unit": UNCLEAR,
            "hashtags.limit": UNCLEAR,
            "links.inline": UNCLEAR,
            "media.total": UNCLEAR,
            "video.bytes": UNCLEAR,
            "image.alt": ALT,
            "image.alt_limit": ALT,
            "comment.limit": HABIT,
        },
    )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is; with Facebook's sign-in, that of the account with this `user_id`."""
        (token,) = needed(credentials, "access_token")
        server = FACEBOOK if "graph.facebook.com" in host else INSTAGRAM
        kept = given(credentials, "expires_at")
        with speaking(self.title):
            if user := credentials.get("user_id"):
                me = yield from self.read(f"{server}/{VERSION}/{user}", token, fields="id,username")
                identity = str(me["id"])
            else:
                me = yield from self.read(f"{server}/{VERSION}/me", token, fields="user_id,username")
                identity = str(me["user_id"])
            return Connected(f"@{me['username']}", identity, server, {**kept, "access_token": token})

    def renewable(self, account: Account) -> bool:
        """Those of Instagram's own sign-in."""
        return account.host == INSTAGRAM

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """With itself; a token of Facebook's sign-in ends for good."""
        if not self.renewable(account):
            raise ReconnectNeeded("not_refreshable", "a token of Facebook's sign-in cannot be refreshed")
        return (yield from super().refresh(account, app))

    def publish(self, job: Job) -> Conversation[Published]:
        """Containers for an album's pictures, one for all, the post, and below it the first comment."""
        token, part = token_of(job.account), job.rendition.parts[0]
        about = {**(yield from self._shown(job, part)), **_more(job, part)}
        container = yield from self.contained(job, f"{_me(job)}/media", 0, about)
        yield from self.ready(job, f"{_api(job.account)}/{container}", film=_is_film(part))
        done = [(yield from self.put_out(job, f"{_me(job)}/media_publish", 0, container))]
        if comment := job.rendition.first_comment:
            url, form = f"{_api(job.account)}/{done[0]}/comments", {"message": comment}
            done += [str(self.good((yield told(url, token, form, Effect.CREATE, 1)))["id"])]
        said = yield from self.shown(f"{_api(job.account)}/{done[0]}", token, "permalink,timestamp")
        return Published(done[0], said.get("permalink"), tuple(done), made(said) if "timestamp" in said else None)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The post since it was due by its caption, a story by its time alone; a comment under that post."""
        token, edge = token_of(job.account), "stories" if _is_story(job) else "media"
        posts = yield from self.listed(f"{_me(job)}/{edge}", token, "id,caption,timestamp", job)
        if _is_story(job) and len(posts) > 1:
            raise Transient("ambiguous", "several stories since then, and a story says nothing that tells them apart")
        caption = "" if _is_story(job) else comparable(job.rendition.parts[0].text)
        found = next((one for one in posts if comparable(one.get("caption")) == caption), None)
        if found and part:
            url = f"{_api(job.account)}/{found['id']}/comments"
            comments = yield from self.listed(url, token, "id,text,timestamp", job)
            text = comparable(job.rendition.first_comment)
            found = next((one for one in comments if comparable(one.get("text")) == text), None)
        return as_reply(200, {"id": found["id"]}) if found else None

    def answer(self, job: Job) -> Conversation[Published]:
        """A comment below theirs."""
        form = {"message": job.rendition.parts[0].text}
        reply = yield told(_below(job), token_of(job.account), form, Effect.CREATE, 0)
        made = str(self.good(reply)["id"])
        return Published(made, None, (made,))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """A comment below theirs since then, by its text."""
        comments = yield from self.listed(_below(job), token_of(job.account), "id,text,timestamp", job)
        text = comparable(job.rendition.parts[0].text)
        found = next((one for one in comments if comparable(one.get("text")) == text), None)
        return as_reply(200, {"id": found["id"]}) if found else None

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its insights: https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights."""
        reply = yield asked(f"{_api(account)}/{post_id}/insights", token_of(account), metric=METRICS)
        if gone(reply):
            return None
        found = figures(self.good(reply))
        return Metrics(
            views=found.get("views"),
            likes=found.get("likes"),
            replies=found.get("comments"),
            reposts=found.get("shares"),
            saves=found.get("saved"),
        )

    def _shown(self, job: Job, part: Part) -> Conversation[dict[str, object]]:
        """What the container shows: its own medium, or the containers of several."""
        if len(part.media) == 1:
            kind = "STORIES" if _is_story(job) else "REELS" if _is_film(part) else None
            return {**_medium(part.media[0]), "media_type": kind}
        children: list[str] = []
        for media in part.media:
            kind = "VIDEO" if media.kind == "video" else None
            about = {**_medium(media), "media_type": kind, "is_carousel_item": True}
            children += [(yield from self.contained(job, f"{_me(job)}/media", 0, about))]
        for child, media in zip(children, part.media, strict=True):
            yield from self.ready(job, f"{_api(job.account)}/{child}", film=media.kind == "video")
        return {"media_type": "CAROUSEL", "children": ",".join(children)}


def _api(account: Account) -> str:
    return f"{account.host}/{VERSION}"


def _me(job: Job) -> str:
    return f"{_api(job.account)}/{job.account.remote_id}"


def _below(job: Job) -> str:
    above = job.reply_to.ref.get("comment_id") or job.reply_to.thing
    return f"{_api(job.account)}/{above}/replies"


def _is_story(job: Job) -> bool:
    return job.rendition.options.get("post_type") == "story"


def _is_film(part: Part) -> bool:
    return any(media.kind == "video" for media in part.media)


def _medium(media: post.Media) -> Json:
    """Only pictures have alternative texts."""
    if media.kind == "video":
        return {"video_url": media.url}
    return {"image_url": media.url, "alt_text": media.alt_text}


def _more(job: Job, part: Part) -> Json:
    """The caption, which stories have none of, and the options that this kind of post takes."""
    lone_film = _is_film(part) and len(part.media) == 1
    options = {name: value for name, value in job.rendition.options.items() if lone_film or name not in FOR_FILMS}
    options.pop("post_type", None)
    return {"caption": None if _is_story(job) else part.wire or part.text or None, **options}


platform = Instagram()
