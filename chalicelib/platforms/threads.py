"""Threads: 500 characters where an emoji counts its UTF-8 bytes, one topic tag, five different links at most.

Every post is a container first, and media go by address: https://developers.facebook.com/docs/threads/posts. A reply's
container names the post before it, so that it is made only when that is out. 250 posts, 1,000 replies and 100 deletions
a day: https://developers.facebook.com/docs/threads/overview, read 2025-12-22.
"""

from collections.abc import Mapping

from chalicelib.core import post
from chalicelib.core.account import Account
from chalicelib.core.conversation import Connected, Conversation, Job, Metrics, Published, Reply
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.errors import Rejected
from chalicelib.core.lead import Intake
from chalicelib.core.options import Check, Kind, of_length
from chalicelib.core.rendition import Part
from chalicelib.core.rules import (
    Comment,
    Hashtags,
    Links,
    Media,
    Medium,
    Mentions,
    Poll,
    Rules,
    Source,
    Text,
    Thread,
    Warning,
)
from chalicelib.platforms.base import Auth, OAuth
from chalicelib.platforms.graph import ERRORS, Containers, Json, asked, figures, gone, made, token_of
from chalicelib.platforms.words import Meaning, as_reply, comparable, given, messages, needed, speaking

DOCS = Source("https://developers.facebook.com/documentation/threads/posts", "2026-04-14")
LINKS = Source("https://developers.facebook.com/documentation/threads/create-posts/text-attachments", "2026-07-02")
CITED = Source("https://developers.facebook.com/docs/threads/posts", "2026-10-04", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

API = "https://graph.threads.net/v1.0"
OPTIONS: dict[str, Kind] = {
    "reply_control": (
        "everyone",
        "accounts_you_follow",
        "mentioned_only",
        "parent_post_author_only",
        "followers_only",
    ),
    "topic_tag": str,
    "quote_post_id": str,
    "location_id": str,
    "text_attachment": Check(of_length(10_000), "a text of at most 10,000 characters"),
    "allowlisted_country_codes": list,
}
"""What the first post may be given: https://developers.facebook.com/docs/threads/reference/publishing, 2026-11-22.

`text_attachment` is a long text to unfold, under a post that is text alone:
https://developers.facebook.com/docs/threads/create-posts/text-attachments, read 2026-11-23."""
MEANT: Mapping[str, Meaning] = {
    **ERRORS,
    "24": "retry",
    "2207051": "rejected",
    "4279009": "retry",
    "4279013": "rejected",
}
"""A container that is not there (yet), publishing that is restricted, and people who are."""
ATTACHED = "text_attachment"
METRICS = "views,likes,replies,reposts,quotes"
FIELDS = "id,text,timestamp,media_type,replied_to"
LISTED = {"TEXT": "TEXT_POST", "CAROUSEL": "CAROUSEL_ALBUM"}
"""What a container's type is called in the list of posts, where it has another name there."""


class Threads(Containers):
    """Short posts of Instagram's people."""

    name = "threads"
    title = "Threads"
    server = API
    grants = "th"
    status = ("status", "error_message")
    auth = Auth("oauth2", ("access_token", "expires_at?"))
    oauth = OAuth(
        "https://threads.net/oauth/authorize",
        "https://graph.threads.net/oauth/access_token",
        (
            "threads_basic",
            "threads_content_publish",
            "threads_read_replies",
            "threads_manage_replies",
            "threads_manage_insights",
            "threads_delete",
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
    rules = Rules(
        platform="threads",
        source=DOCS,
        text=Text(unit="threads", limit=500),
        hashtags=Hashtags(style="hash", limit=1, length=50),
        mentions=Mentions(style="at", handle=r"[A-Za-z0-9._]{1,30}"),
        links=Links(card="client", limit=5),
        thread=Thread(mode="reply"),
        comment=Comment(mode="reply", limit=500),
        media=Media(total=20, mixed=("image", "video")),
        image=Medium(
            count=20,
            bytes=8_000_000,
            types=("jpeg", "png"),
            min_ratio=0.1,
            max_ratio=10,
            alt="optional",
            alt_limit=1000,
        ),
        video=Medium(
            count=20,
            bytes=1_000_000_000,
            types=("mov", "mp4"),
            max_seconds=300,
            max_width=1920,
            alt="optional",
            alt_limit=1000,
        ),
        poll=Poll(options_max=4),
        warning=Warning(mode="flag"),
        sources={
            "hashtags": CITED,
            "links.limit": LINKS,
            "links": CITED,
            "media": CITED,
            "image": CITED,
            "video": CITED,
            "poll": HABIT,
            "warning": HABIT,
        },
    )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is."""
        (token,) = needed(credentials, "access_token")
        kept = given(credentials, "expires_at")
        with speaking(self.title):
            me = yield from self.read(f"{API}/me", token, fields="id,username")
            return Connected(f"@{me['username']}", str(me["id"]), secrets={**kept, "access_token": token})

    def publish(self, job: Job) -> Conversation[Published]:
        """The pictures of all albums first, then container and post of one part after the other, each a reply."""
        parts = messages(job.rendition)
        if ATTACHED in job.rendition.options and (parts[0].media or job.rendition.poll):
            raise Rejected(ATTACHED, "a long text goes with a text alone: without media, and without a poll")
        albums: list[list[str]] = []
        for number, part in enumerate(parts):
            albums += [(yield from self._album(job, number, part))]
        done: list[str] = []
        for number, part in enumerate(parts):
            about = _about(job, number, part, albums[number], done[-1] if done else job.parent)
            container = yield from self.contained(job, f"{_me(job)}/threads", number, about)
            yield from self.ready(job, f"{API}/{container}", film=_has_film(part))
            done += [(yield from self.put_out(job, f"{_me(job)}/threads_publish", number, container))]
        said = yield from self.shown(f"{API}/{done[0]}", token_of(job.account), "permalink,timestamp")
        return Published(done[0], said.get("permalink"), tuple(done), made(said) if "timestamp" in said else None)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The part among the account's posts since it was due: same text, same place in the same thread."""
        posts: dict[str, Json] = {}
        for edge in ("threads", "replies") if part or job.parent else ("threads",):
            for one in (yield from self.listed(f"{_me(job)}/{edge}", token_of(job.account), FIELDS, job)):
                posts[one["id"]] = one
        found = next((one for one in posts.values() if _is_part(one, part, job, posts)), None)
        return as_reply(200, {"id": found["id"]}) if found else None

    def answer(self, job: Job) -> Conversation[Published]:
        """A post that is a reply to theirs: https://developers.facebook.com/docs/threads/reply-management."""
        return (yield from self.publish(job))

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Among the account's own replies: the same text, to the same post."""
        return (yield from self.find(job, 0))

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete it: https://developers.facebook.com/docs/threads/posts/delete-posts, read 2026-11-22."""
        yield from self.deleted(f"{API}/{post_id}", token_of(account))

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Its insights: https://developers.facebook.com/docs/threads/insights, read 2026-11-22."""
        reply = yield asked(f"{API}/{post_id}/insights", token_of(account), metric=METRICS)
        return None if gone(reply) else Metrics(**figures(self.good(reply)))

    def _album(self, job: Job, number: int, part: Part) -> Conversation[list[str]]:
        """The containers of an album's pictures and films, once they can be used."""
        if len(part.media) < 2:
            return []
        spoiler = True if job.rendition.content_warning else None
        made: list[str] = []
        for media in part.media:
            about = {**_medium(media), "is_carousel_item": True, "is_spoiler_media": spoiler}
            made += [(yield from self.contained(job, f"{_me(job)}/threads", number, about))]
        for container, media in zip(made, part.media, strict=True):
            yield from self.ready(job, f"{API}/{container}", film=media.kind == "video")
        return made


def _me(job: Job) -> str:
    return f"{API}/{job.account.remote_id}"


def _about(job: Job, number: int, part: Part, album: list[str], parent: str | None) -> dict[str, object]:
    """A part as a container."""
    rendition, first = job.rendition, number == 0
    bare = next((place for place, one in enumerate(rendition.parts) if not one.media), None)
    return {
        **_media(part, album),
        "text": part.wire or part.text or None,
        "reply_to_id": parent,
        "is_spoiler_media": True if rendition.content_warning and len(part.media) == 1 else None,
        "link_attachment": rendition.card.url if rendition.card and number == bare else None,
        "poll_attachment": _poll(rendition.poll) if rendition.poll and first else None,
        **(_options(rendition.options) if first else {}),
    }


def _options(options: dict[str, object]) -> dict[str, object]:
    """As Threads wants them."""
    return {name: {"plaintext": value} if name == ATTACHED else value for name, value in options.items()}


def _media(part: Part, album: list[str]) -> dict[str, object]:
    if album:
        return {"media_type": "CAROUSEL", "children": ",".join(album)}
    return _medium(part.media[0]) if part.media else {"media_type": "TEXT"}


def _medium(media: post.Media) -> dict[str, object]:
    if media.kind == "video":
        return {"media_type": "VIDEO", "video_url": media.url, "alt_text": media.alt_text}
    return {"media_type": "IMAGE", "image_url": media.url, "alt_text": media.alt_text}


def _poll(poll: post.Poll) -> dict[str, str]:
    """Options have letters: https://developers.facebook.com/docs/threads/create-posts/polls, read 2026-11-22."""
    return {f"option_{letter}": option for letter, option in zip("abcd", poll.options, strict=False)}


def _has_film(part: Part) -> bool:
    return any(media.kind == "video" for media in part.media)


def _is_part(one: Json, number: int, job: Job, posts: dict[str, Json]) -> bool:
    """Whether this post is that part: it says and shows the same, and what it answers is the part before."""
    part = messages(job.rendition)[number]
    shown = str(_media(part, ["…"] if len(part.media) > 1 else [])["media_type"])
    if comparable(one.get("text")) != comparable(part.wire or part.text):
        return False
    if one["media_type"] != LISTED.get(shown, shown):
        return False
    parent = (one.get("replied_to") or {}).get("id")
    if number == 0 or parent is None:
        return number == 0 and parent == job.parent
    return parent in posts and _is_part(posts[parent], number - 1, job, posts)


platform = Threads()
