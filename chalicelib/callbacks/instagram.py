"""Instagram: https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram, read 2026-11-23.

Nothing says when a comment was made, only when Meta told of it, which may be again: so comments have no instant.
"""

from collections.abc import Iterator

from chalicelib.callbacks.base import Told
from chalicelib.callbacks.meta import Change, Json, Meta, message
from chalicelib.core.engagement import Seen


class Instagram(Meta):
    """Comments, mentions, messages, and the last figures of a story."""

    name = "instagram"
    title = "Instagram"

    def read(self, event: Change, told: Told) -> Iterator[Seen]:
        """One change."""
        if event.field in ("messaging", "messages"):
            yield from message(event)
        elif event.field in ("comments", "live_comments"):
            yield _comment(event.owner, event.value)
        elif event.field == "mentions":
            yield _mention(event.owner, event.value)
        elif event.field == "story_insights":
            yield from _story(event.owner, event.value)


def _comment(owner: str, value: Json) -> Seen:
    """Answers to comments all hang under the first: that is where ours goes."""
    thing, who = str(value["id"]), value.get("from") or {}
    parent = str(value["parent_id"]) if value.get("parent_id") else None
    return Seen(
        "comment",
        thing,
        post=str(value["media"].get("original_media_id") or value["media"]["id"]),
        actor=owner if "self_ig_scoped_id" in who else who.get("id"),
        thing=thing,
        parent=parent,
        text=value.get("text"),
        ref={"comment_id": parent or thing},
        owner=owner,
    )


def _mention(owner: str, value: Json) -> Seen:
    """In a caption or a comment; what it says has to be asked for."""
    media, comment = str(value["media_id"]), value.get("comment_id")
    thing = str(comment or media)
    ref = {"media_id": media, **({"comment_id": thing} if comment else {})}
    return Seen("mention", thing, thing=thing, ref=ref, owner=owner)


def _story(owner: str, value: Json) -> Iterator[Seen]:
    """Whole figures, told once when the story's day is over."""
    post = str(value["media_id"])
    views = value.get("views", value.get("impressions"))
    if views is not None:
        yield Seen("view", post, post=post, value=int(views), total=True, owner=owner)
    if "replies" in value:
        yield Seen("reply", post, post=post, value=int(value["replies"]), total=True, owner=owner)


callbacks = Instagram()
