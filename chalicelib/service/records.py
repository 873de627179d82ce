"""Where everything lies in the table, and how values become items and come back.

    W#<workspace>                WORKSPACE                  the tenant
                                 ACCOUNT#<account>          a connected account, its secrets sealed
                                 FORMER#<account>           one that was disconnected
                                 GRANT#<grant>              the sealed secrets that accounts of one consent share
                                 MEDIUM#<medium>            a medium of ours, and what was found in it
                                 KEY#<key>                  an API key, as its owner may see it
                                 BRAND                      what posts must say, may say and must not say
                                 REVIEW_POLICY              whether its posts need a reviewer's yes
                                 LIMITS                     how many requests a minute, where the operator said so
    KEY#<hmac of the key>        KEY                        the same key, as a request finds it by one of its secrets
    RATE#<workspace>             <minute>                   requests by key in that minute, as far as processes told
    AUDIT#<workspace>            <instant>#<act>            one administrative act, for 400 days
    P#<workspace>#<post>         POST                       the canonical post
                                 EXTERNAL                   its place under its external id
                                 RENDITION#<target>         what a target will send
                                 TARGET#<target>            a target with its ledger and timeline
                                 REVIEW#<instant>#<step>    one step of its review: asked for, or decided
    I#<workspace>#<key>          ANSWER                     the answer kept for an Idempotency-Key
    I#<workspace>#<hash>         BATCHED                    the post that was made under a key of a batch
    F#<hmac of the token>        FEED                       a calendar feed, as a calendar's request finds it
    W#<workspace>                FEED#<feed>                the same feed, as its owner may see it
    W#<workspace>                PLAN                       what the workspace means to publish, in versions
                                 PLAN#<account>             the same of an account that goes its own way
    SLOTS#<workspace>            <instant>                  the posts that were given a slot of a plan at this instant
    W#<workspace>                WEBHOOK#<webhook>          where the workspace wants to hear of what, keys sealed
                                 WEBHOOK_HEALTH#<webhook>   how deliveries to it went lately
    D#<workspace>#<webhook>      <message>                  one message on its way to one webhook, for 30 days
    W#<workspace>                SCHEDULE#<schedule>        a post that repeats, as its author wants it
                                 PROGRESS#<schedule>        how far it has come, and what was missed
    W#ws_canary                  CANARY                     our own posts that are to be looked at, and the last result

Kinds of rows that one file alone knows are in that file's docstring. Each row says the version of its shape
(`chalicelib/core/upgrades.py`), and one of every kind is on file in tests/rows.

The `listing` index holds posts under `W#<workspace>` and under `X#<workspace>#<external id>`, answers to what people
said under `R#<workspace>`, and targets under `A#<workspace>#<account>`, all by due time.
The `open` index holds every target that the machine still has to look at, by when, in 16 shards; and every delivery of
a webhook, in 16 others, so that no backlog of these is ever in the way of publishing; and the progress of every
schedule that has something left to make, in 16 more. A target's place there ends in its trace, so that whoever wakes it
can say so without reading it. A target that is past its instant lies in 16 of its own, with
its instant and, while nobody knows whether it is out, since when; it lies there also while only a person can find out.
A target that waits for a person and for nothing else lies by its instant in 16 more: the sweep reads the first of each.
"""

from collections.abc import Hashable
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from zlib import crc32

from pydantic import TypeAdapter

from chalicelib.core.errors import NotFound
from chalicelib.core.post import Post
from chalicelib.core.rendition import Rendition
from chalicelib.core.target import TERMINAL, State, Target
from chalicelib.core.timing import instant, stamp, stamp_of
from chalicelib.core.trace import is_trace_id
from chalicelib.ports import Errand, Found, Item, Key, Put, Table

if TYPE_CHECKING:
    from chalicelib.core.recurring import Progress, Schedule

T = TypeVar("T")

SHARDS = 16
SHARD_NAMES = tuple(f"OPEN#{number:02d}" for number in range(SHARDS))
BEHIND_SHARD_NAMES = tuple(f"BEHIND#{number:02d}" for number in range(SHARDS))
NEVER = "9999"
"""Sorts behind every instant: the machine has nothing to look at."""
STILL_SHARD_NAMES = tuple(f"STILL#{number:02d}" for number in range(SHARDS))
BEHIND_EVERY_ID = "\uffff"
"""What follows an instant in a place of the `open` index sorts before this."""
ACCOUNT_PREFIX = "ACCOUNT#"
TARGET_PREFIX = "TARGET#"
REVIEW_PREFIX = "REVIEW#"
FORMER_PREFIX = "FORMER#"
SCHEDULE_PREFIX = "SCHEDULE#"
PROGRESS_PREFIX = "PROGRESS#"
CANARY = "ws_canary"
"""The workspace of our own posts, to which nobody has a key: service/canary.py."""
CANARY_KEPT = timedelta(days=2)
DELIVERY_SHARD_NAMES = tuple(f"DELIVER#{number:02d}" for number in range(SHARDS))
RECUR_SHARD_NAMES = tuple(f"RECUR#{number:02d}" for number in range(SHARDS))


class TargetKey(NamedTuple):
    """What names a target everywhere."""

    workspace_id: str
    post_id: str
    target_id: str


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_doc(value: Any) -> dict[str, Any]:
    """A value as the JSON document that is stored."""
    doc: dict[str, Any] = _adapter(cast(Hashable, type(value))).dump_python(value, mode="json")
    return doc


def from_doc(kind: type[T], doc: dict[str, Any]) -> T:
    """The value that `to_doc` stored, maybe in a newer release: names that this one does not know are left out."""
    value: T = _adapter(cast(Hashable, kind)).validate_python(doc, extra="ignore")
    return value


def workspace_pk(workspace_id: str) -> str:
    """The partition of a workspace's own things."""
    return f"W#{workspace_id}"


def answers_pk(workspace_id: str) -> str:
    """The listing of a workspace's answers to what people said."""
    return f"R#{workspace_id}"


def post_pk(workspace_id: str, post_id: str) -> str:
    """The partition of one post and its targets."""
    return f"P#{workspace_id}#{post_id}"


def account_pk(workspace_id: str, account_id: str) -> str:
    """The listing of one account's targets."""
    return f"A#{workspace_id}#{account_id}"


def external_pk(workspace_id: str, external_id: str) -> str:
    """The listing of the posts that carry an external id."""
    return f"X#{workspace_id}#{external_id}"


def post_key(workspace_id: str, post_id: str) -> Key:
    """Where a post lies."""
    return Key(post_pk(workspace_id, post_id), "POST")


def target_key(at: TargetKey) -> Key:
    """Where a target lies."""
    return Key(post_pk(at.workspace_id, at.post_id), f"{TARGET_PREFIX}{at.target_id}")


def rendition_key(at: TargetKey) -> Key:
    """Where a target's rendition lies."""
    return Key(post_pk(at.workspace_id, at.post_id), f"RENDITION#{at.target_id}")


def named(key: Key) -> TargetKey:
    """The target that lies at this key."""
    _, workspace_id, post_id = key.pk.split("#")
    return TargetKey(workspace_id, post_id, key.sk.removeprefix(TARGET_PREFIX))


def of(target: Target) -> TargetKey:
    """The name of a target."""
    return TargetKey(target.workspace_id, target.post_id, target.id)


def deliveries_pk(workspace_id: str, webhook_id: str) -> str:
    """The partition of what is on its way to a webhook, or was lately."""
    return f"D#{workspace_id}#{webhook_id}"


def delivery_key(workspace_id: str, webhook_id: str, delivery_id: str) -> Key:
    """Where a delivery lies."""
    return Key(deliveries_pk(workspace_id, webhook_id), delivery_id)


def delivery_place(delivery_id: str, next_at: datetime) -> Key:
    """A delivery's place in the `open` index."""
    return Key(DELIVERY_SHARD_NAMES[crc32(delivery_id.encode()) % SHARDS], f"{stamp(next_at)}#{delivery_id}")


def errand_of(row: Found) -> Errand:
    """The errand for a delivery's row of the `open` index."""
    _, workspace_id, webhook_id = row.key.pk.split("#")
    return Errand(workspace_id, webhook_id, row.key.sk, row.version or 0)


def put_post(post: Post) -> list[Put]:
    """The writes of a post, on condition that nobody edited it since. A post's rev is its version."""
    own = [one.scheduled_at for one in post.targets if one.scheduled_at]
    listed_at = f"{stamp(post.scheduled_at or min(own, default=post.created_at))}#{post.id}"
    doc = post.model_dump(mode="json", exclude_unset=True)
    listing = Key((answers_pk if post.in_reply_to else workspace_pk)(post.workspace_id), listed_at)
    expires = passing(post.workspace_id, post.scheduled_at)
    item = Item(post_key(post.workspace_id, post.id), doc, listing=listing, expires=expires)
    puts = [Put(item, expect=post.version - 1)]
    if post.external_id:
        listing = Key(external_pk(post.workspace_id, post.external_id), listed_at)
        puts.append(Put(Item(external_key(post), {}, listing=listing), expect=None))
    return puts


def schedule_key(workspace_id: str, schedule_id: str) -> Key:
    """Where a schedule lies."""
    return Key(workspace_pk(workspace_id), f"{SCHEDULE_PREFIX}{schedule_id}")


def progress_key(workspace_id: str, schedule_id: str) -> Key:
    """Where a schedule's progress lies."""
    return Key(workspace_pk(workspace_id), f"{PROGRESS_PREFIX}{schedule_id}")


def put_schedule(schedule: "Schedule") -> Put:
    """The write of a schedule, on condition that nobody edited it since. Its rev is its version."""
    doc = schedule.model_dump(mode="json", exclude_unset=True)
    return Put(Item(schedule_key(schedule.workspace_id, schedule.id), doc), expect=schedule.version - 1)


def schedule_of(item: Item) -> "Schedule":
    """The schedule in a row."""
    from chalicelib.core.recurring import Schedule  # with all of recurrence: whoever publishes starts without

    return Schedule.model_validate(item.doc, extra="ignore")


def put_progress(progress: "Progress") -> Put:
    """The write of a schedule's progress, on condition that nobody wrote it since it was read."""
    place = None
    if progress.look_at:
        shard = RECUR_SHARD_NAMES[crc32(progress.schedule_id.encode()) % SHARDS]
        place = Key(shard, f"{stamp(progress.look_at)}#{progress.schedule_id}")
    key = progress_key(progress.workspace_id, progress.schedule_id)
    return Put(Item(key, to_doc(progress), open=place), expect=progress.rev)


def progress_of(item: Item) -> "Progress":
    """The progress in a row, with the rev it has there."""
    from chalicelib.core.recurring import Progress

    return from_doc(Progress, {**item.doc, "rev": item.rev})


def external_key(post: Post) -> Key:
    """Where the row lies that lists a post under its external id."""
    return Key(post_pk(post.workspace_id, post.id), "EXTERNAL")


def target_item(target: Target) -> Item:
    """The target's row, with its place among what is open and in its account's listing."""
    listing = None
    if target.scheduled_at:
        owner = account_pk(target.workspace_id, target.account_id)
        listing = Key(owner, f"{stamp(target.scheduled_at)}#{target.post_id}#{target.id}")
    return Item(
        target_key(of(target)),
        to_doc(target),
        rev=target.rev,
        listing=listing,
        open=_open_place(target),
        version=target.version,
        expires=passing(target.workspace_id, target.scheduled_at),
    )


def _open_place(target: Target) -> Key | None:
    """A target's place among what is open: by its next look where that is not past its instant, else behind.

    By its instant where nobody looks at it before a person has spoken.
    """
    shard, name = crc32(target.id.encode()) % SHARDS, f"{target.post_id}#{target.id}"
    name += f"#{target.trace_id}" if target.trace_id else ""
    look, due = target.next_at, target.scheduled_at
    if look and (due is None or look <= due):
        return Key(SHARD_NAMES[shard], f"{stamp(look)}#{name}")
    doubt = target.doubt if target.state is State.UNCONFIRMED else None
    doubted = stamp(doubt.intent_at) if doubt else ""
    since = stamp_of(due or look) or doubted
    if not look and not doubt:
        still = due is not None and target.state not in TERMINAL
        return Key(STILL_SHARD_NAMES[shard], f"{stamp_of(due)}#{name}") if still else None
    return Key(BEHIND_SHARD_NAMES[shard], f"{stamp(look) if look else NEVER}#{name}#{since}#{doubted}")


def behind_since(row: Found) -> tuple[datetime, datetime | None]:
    """When a row of the shards of what is behind was due, and since when nobody knows whether it is out."""
    *_, due, doubted = row.at.sk.split("#")
    return instant(due), instant(doubted) if doubted else None


def trace_of(row: Found) -> str | None:
    """The trace of a target's row of the `open` index; None where it has none."""
    _, _, _, found, *_ = *row.at.sk.split("#"), ""
    return found if is_trace_id(found) else None


def put_rendition(at: TargetKey, rendition: Rendition, due: datetime | None = None) -> Put:
    """The write of what a target will send."""
    return Put(Item(rendition_key(at), to_doc(rendition), expires=passing(at.workspace_id, due)), expect=None)


def passing(workspace_id: str, due: datetime | None) -> datetime | None:
    """When what belongs to a post may be deleted: the canary's after a while, all others never."""
    return due + CANARY_KEPT if due and workspace_id == CANARY else None


def put_target(target: Target) -> Put:
    """The write of a changed target, on condition that nobody wrote it since it was read."""
    return Put(target_item(target), expect=target.rev)


def post_of(item: Item) -> Post:
    """The post in a row."""
    return Post.model_validate(item.doc, extra="ignore")


def target_of(item: Item) -> Target:
    """The target in a row, with the rev it has there."""
    return from_doc(Target, {**item.doc, "rev": item.rev})


def load_target(table: Table, at: TargetKey) -> Target:
    """The target; NotFound where there is none."""
    item = table.get(target_key(at))
    if item is None:
        raise NotFound(f"there is no target {at.target_id}")
    return target_of(item)


def rendition_of(item: Item) -> Rendition:
    """The rendition in a row."""
    return from_doc(Rendition, item.doc)


def load_post(table: Table, workspace_id: str, post_id: str) -> Post:
    """The post; NotFound where this workspace has none of that id."""
    item = table.get(post_key(workspace_id, post_id)) if _is_id(post_id) else None
    if item is None:
        raise NotFound(f"there is no post {post_id}")
    return post_of(item)


def _is_id(text: str) -> bool:
    return text.isascii() and text.replace("_", "").isalnum()
