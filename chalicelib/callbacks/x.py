"""X: https://docs.x.com/x-api/webhooks/introduction, account-activity/introduction and activity/event-payloads (read
2026-11-23). Two APIs tell of the same things in two ways; an app may use either, and both name things alike.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Response, Told, json_answer
from chalicelib.callbacks.signatures import hmac_base64, needed, same
from chalicelib.core.engagement import Kind, Seen

Json = dict[str, Any]


POSTS = tuple(f"post{how}.create" for how in ("", ".mention", ".reply", ".quote", ".repost"))
"""X Activity's events of a new post. One post may be several of them."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post, however X tells of it, and those that it is about with their authors, where X names them."""

    id: str
    at: datetime
    who: str
    text: str
    replied: tuple[str, str | None] | None = None
    quoted: tuple[str, str | None] | None = None
    repeated: tuple[str, str | None] | None = None


class X(Callbacks):
    """X's Account Activity and X Activity: everything around an account, with the app's consumer secret."""

    name = "x"
    title = "X"
    secrets = ("consumer_secret",)
    setup = "developer.x.com: the app's webhook URL, then a subscription of the account"

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """The CRC, which X repeats every hour."""
        token = call.param("crc_token").encode(errors="surrogatepass")
        return json_answer({"response_token": f"sha256={hmac_base64(needed(keys, 'consumer_secret'), token)}"})

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`sha256=` and the HMAC of the body in base 64."""
        said = hmac_base64(needed(keys, "consumer_secret"), call.body)
        same(call.header("x-twitter-webhooks-signature"), f"sha256={said}")
        return call.body

    def events(self, told: Told) -> Iterable[Any]:
        """What happened, by its type, and the account that it is for; nothing of whom the account has blocked."""
        said = json.loads(told.body)
        if isinstance(said.get("data"), dict):
            about = said["data"]
            return [(about["event_type"], about, about["filter"].get("user_id"))]
        if said.get("user_has_blocked") in (True, "true"):
            return []
        owner = said.get("for_user_id")
        return [(name, event, owner) for name, of in said.items() if isinstance(of, list) for event in of]

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """Posts that answer, quote, repeat or mention; likes; follows; messages; deletions."""
        name, about, owner = event
        match name:
            case "tweet_create_events":
                yield from _seen(_told(about), owner, name)
            case _ if name in POSTS:
                yield from _seen(_shown(about), owner, name)
            case "favorite_events":
                yield from _favorite(about, owner)
            case "like.create":
                yield from _like(about, owner)
            case "tweet_delete_events":
                gone = str(about["status"]["id"])
                yield Seen("removed", gone, _milliseconds(about["timestamp_ms"]), gone, owner=owner)
            case "post.delete" if about["payload"]["author_id"] == owner:
                gone = about["payload"]["id"]
                yield Seen("removed", gone, post=gone, owner=owner)
            case "follow_events":
                at = about["created_timestamp"]
                yield from _follow(about["type"], about["source"]["id"], f"{at}", _milliseconds(at), owner)
            case "follow.follow" | "follow.unfollow":
                who = about["payload"]["source"].get("data", about["payload"]["source"])["id"]
                yield from _follow(name.partition(".")[2], who, about["event_uuid"], None, owner)
            case "direct_message_events":
                yield _message(about, owner)
            case "dm.received" | "dm.sent":
                yield from (_message(one, owner) for one in about["payload"]["direct_message_events"])
            case "chat.received" | "chat.sent":
                yield from _encrypted(about["payload"], owner)


def _seen(post: Post, owner: str | None, name: str) -> Iterator[Seen]:
    """What a post is to the account: the same whichever event tells of it."""
    if post.who == owner:
        yield from _own(post, owner)
    elif post.repeated:
        yield Seen("repost", post.id, post.at, post.repeated[0], post.who, owner=owner)
    elif post.quoted and (post.quoted[1] == owner or name == "post.quote.create"):
        yield _said("quote", post, owner, post.quoted[0])
    elif post.replied and (post.replied[1] == owner or name == "post.reply.create"):
        yield _said("reply", post, owner, post.replied[0], post.replied[0])
    else:
        yield _said("mention", post, owner, None, post.replied[0] if post.replied else None)


def _own(post: Post, owner: str | None) -> Iterator[Seen]:
    """An answer to somebody stops their wait; everything else is a post. What it repeats of others is theirs."""
    if post.replied and post.replied[1] != owner:
        yield Seen("reply", post.id, post.at, actor=owner, thing=post.id, parent=post.replied[0], owner=owner)
    elif not post.repeated:
        yield Seen("published", post.id, post.at, post.id, owner, owner=owner)


def _said(kind: Kind, post: Post, owner: str | None, about: str | None, parent: str | None = None) -> Seen:
    url = f"https://x.com/i/status/{post.id}"
    return Seen(
        kind, post.id, post.at, about, post.who, thing=post.id, parent=parent, text=post.text, owner=owner, url=url
    )


def _told(post: Json) -> Post:
    """A post as Account Activity has it; a quote of a quote names both, and the nearer one counts."""
    quoted, repeated = post.get("quoted_status"), post.get("retweeted_status")
    replied = post.get("in_reply_to_status_id_str")
    return Post(
        post["id_str"],
        datetime.strptime(post["created_at"], "%a %b %d %H:%M:%S %z %Y"),
        post["user"]["id_str"],
        (post.get("extended_tweet") or {}).get("full_text") or post["text"],
        (replied, post.get("in_reply_to_user_id_str")) if replied else None,
        (quoted["id_str"], quoted["user"]["id_str"]) if quoted else None,
        (repeated["id_str"], repeated["user"]["id_str"]) if repeated else None,
    )


def _shown(about: Json) -> Post:
    """A post as X Activity has it."""
    post = about["payload"]
    authors = {one["id"]: one.get("author_id") for one in (about.get("includes") or {}).get("tweets", ())}
    near = {one["type"]: (one["id"], authors.get(one["id"])) for one in post.get("referenced_tweets") or ()}
    replied = near.get("replied_to")
    return Post(
        post["id"],
        datetime.fromisoformat(post["created_at"]),
        post["author_id"],
        (post.get("note_tweet") or {}).get("text") or post["text"],
        (replied[0], post.get("in_reply_to_user_id") or replied[1]) if replied else None,
        near.get("quoted"),
        near.get("retweeted"),
    )


def _favorite(about: Json, owner: str | None) -> Iterator[Seen]:
    post = about["favorited_status"]
    if post["user"]["id_str"] == owner:
        at, who = _milliseconds(about["timestamp_ms"]), about["user"]["id_str"]
        yield Seen("like", about["id"], at, post["id_str"], who, owner=owner)


def _like(about: Json, owner: str | None) -> Iterator[Seen]:
    """Who likes is not said but by those who come along, where it is clear who of them it is."""
    like = about["payload"]
    if like["liked_tweet_author_id"] == owner:
        others = [one["id"] for one in (about.get("includes") or {}).get("users", ()) if one["id"] != owner]
        at = _milliseconds(like["timestamp_ms"]) if "timestamp_ms" in like else None
        who = others[0] if len(others) == 1 else None
        yield Seen("like", like["id"], at, like["liked_tweet_id"], who, owner=owner)


def _follow(how: str, who: str, id: str, at: datetime | None, owner: str | None) -> Iterator[Seen]:
    if who != owner and how in ("follow", "unfollow"):
        kind: Kind = "follow" if how == "follow" else "unfollow"
        yield Seen(kind, f"{who}:{id}", at, actor=who, owner=owner)


def _message(about: Json, owner: str | None) -> Seen:
    said, at = about["message_create"], _milliseconds(about["created_timestamp"])
    who = said["sender_id"]
    other = said["target"]["recipient_id"] if who == owner else who
    text = said["message_data"].get("text")
    return Seen("message", about["id"], at, actor=who, thing=other, text=text, owner=owner)


def _encrypted(about: Json, owner: str | None) -> Iterator[Seen]:
    """Only the two who talk can read it; that they do is told."""
    others = [one for one in about["conversation_id"].split(":") if one != owner]
    if len(others) == 1:
        at = _milliseconds(about["created_at_msec"])
        yield Seen("message", about["id"], at, actor=about["sender_id"], thing=others[0], owner=owner)


def _milliseconds(text: str | int) -> datetime:
    return datetime.fromtimestamp(int(text) / 1000, UTC)


callbacks = X()
