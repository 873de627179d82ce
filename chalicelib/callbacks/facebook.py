"""Facebook Pages: https://developers.facebook.com/docs/graph-api/webhooks/reference/page, read 2026-11-23."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from chalicelib.callbacks.base import Told
from chalicelib.callbacks.meta import Change, Json, Meta, message
from chalicelib.core.engagement import Kind, Seen

POSTS = frozenset({"post", "status", "photo", "video", "link", "album", "note"})
"""What stands on a Page, whoever wrote it."""
FILM = re.compile(r"/(?:videos|reel)/(?:[^/]+/)?(\d+)")
DONE = {"add": 1, "remove": -1}


class Facebook(Meta):
    """Comments, reactions, shares, visitors' posts, mentions and messages of a Page."""

    name = "facebook"
    title = "Facebook"

    def read(self, event: Change, told: Told) -> Iterator[Seen]:
        """One change; edits, and what is hidden and shown again, change no figure."""
        if event.field == "messaging":
            yield from message(event)
        elif event.value.get("verb") not in DONE:
            return
        elif event.field == "feed":
            yield from _feed(event.owner, event.value)
        elif event.field == "mention":
            thing = str(event.value.get("comment_id") or event.value["post_id"])
            yield _seen("mention", thing, event.owner, event.value, post=None, thing=thing)


def _feed(owner: str, value: Json) -> Iterator[Seen]:
    item, who = value["item"], _who(value)
    if item == "comment":
        yield _comment(owner, value)
    elif item in ("reaction", "like") and "post_id" not in value:
        kind: Kind = "follow" if value["verb"] == "add" else "unfollow"
        yield Seen(kind, f"{who}:{value.get('created_time')}", _at(value), actor=who, owner=owner)
    elif item in ("reaction", "like") and "comment_id" not in value:
        yield _seen("like", f"{value['post_id']}:{who}:{value.get('created_time')}", owner, value, _post(value))
    elif item == "share" and who != owner:
        yield _seen("repost", str(value.get("share_id") or value["post_id"]), owner, value, _post(value))
    elif item in POSTS and who != owner:
        thing = str(value["post_id"])
        yield _seen("mention", thing, owner, value, post=None, thing=thing)
    elif item in POSTS or item == "share":
        kind, post = "published" if value["verb"] == "add" else "removed", _post(value)
        yield Seen(kind, post, _at(value), post, who, owner=owner)


def _comment(owner: str, value: Json) -> Seen:
    """A comment, or an answer to one; of a comment that answers the post itself, the post is the parent."""
    thing, parent = str(value["comment_id"]), value.get("parent_id")
    under = str(parent) if parent and parent != value["post_id"] else None
    return _seen("comment", thing, owner, value, _post(value), thing, under)


def _seen(
    kind: Kind, id: str, owner: str, value: Json, post: str | None, thing: str | None = None, parent: str | None = None
) -> Seen:
    text, url = value.get("message"), (value.get("post") or {}).get("permalink_url")
    return Seen(
        kind,
        id,
        _at(value),
        post,
        _who(value),
        DONE[value["verb"]],
        thing=thing,
        parent=parent,
        text=text if thing and value["verb"] == "add" else None,
        owner=owner,
        url=url if thing else None,
    )


def _post(value: Json) -> str:
    """`page_post`; a film goes by its own id, which stands in its address where it is not told."""
    about = value.get("post") or {}
    film = FILM.search(about.get("permalink_url") or "") if about.get("status_type") == "added_video" else None
    return str(value.get("video_id") or (film and film[1]) or value["post_id"])


def _who(value: Json) -> str | None:
    """Who did it; people may keep it to themselves. Messages of old have a `sender_id`."""
    who = (value.get("from") or {}).get("id") or value.get("sender_id") or value.get("user_id")
    return str(who) if who else None


def _at(value: Json) -> datetime | None:
    return datetime.fromtimestamp(value["created_time"], UTC) if "created_time" in value else None


callbacks = Facebook()
