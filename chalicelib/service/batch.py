"""Many posts in one request, each under a key of its own: what is wrong with one is nobody else's trouble.

The key's row is written in the same transaction as the post. So whoever dies in the middle leaves posts with their
keys, or neither, and a batch that is sent again goes on where it was: what is there is told, and the rest is made.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from chalicelib.core.errors import CarillonError, Invalid, Issue, NotFound, Stale, Unavailable
from chalicelib.core.post import NewPost
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import idempotency
from chalicelib.service.access import Caller
from chalicelib.service.idempotency import IdempotencyMismatch

log = logging.getLogger(__name__)

MOST = 500
"""Posts in one batch. Measured over memory on 2 shared cores, 200 Han characters to three accounts each: 500 take 2 s,
and 5 s where each write takes 60 ms more, as an alarm and a transaction of AWS may. A body of 1 MiB holds 2 KB each."""
TIME = timedelta(seconds=20)
"""After it no further post is begun: the gateway gives an answer up after 29 s
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html,
read 2026-11-22), and with it what was made."""
THREADS = 8
"""Posts made at once; botocore keeps 10 connections to each service."""
KEPT_FOR = timedelta(days=30)
"""How long a key is remembered."""


class KeyedPost(NewPost):
    """A post of a batch. The same `key` makes one post, however often it is sent."""

    key: Annotated[str, Field(min_length=1, max_length=255)]


@dataclass(frozen=True, slots=True)
class Made:
    """The post that stands for an item: made now, or `replayed` from an earlier time."""

    post_id: str
    draft: bool
    replayed: bool = False


Outcome = Made | CarillonError
"""What became of one item."""


class Broken(CarillonError):
    """Something went wrong here: whether the post was made, the same key will tell."""


def create(
    world: World,
    workspace_id: str,
    posts: Sequence[KeyedPost | Invalid],
    began: datetime,
    by: Caller | None = None,
) -> list[Outcome]:
    """Make every post that can be made, and say what became of each, in their order.

    What could not be read is passed as its error. What has not been begun `TIME` after `began` is `Unavailable`.
    """
    return _each(world, workspace_id, posts, began, partial(_once, by))


def rehearse(
    world: World,
    workspace_id: str,
    posts: Sequence[KeyedPost | Invalid],
    began: datetime,
    by: Caller | None = None,
) -> list[Outcome]:
    """The same without making anything: `Made` with the id that a post would have."""
    return _each(world, workspace_id, posts, began, partial(_tried, by))


Act = Callable[[World, str, KeyedPost, Item | None], Made]
"""What is done with one post, given the row of its key."""


def _each(
    world: World, workspace_id: str, posts: Sequence[KeyedPost | Invalid], began: datetime, act: Act
) -> list[Outcome]:
    """Every post's outcome. Those that take slots of the plan take them in their order, and so one by one."""
    outcomes: dict[int, Outcome] = {}
    first: dict[str, int] = {}
    good: dict[int, KeyedPost] = {}
    for number, post in enumerate(posts):
        if isinstance(post, Invalid):
            outcomes[number] = post
        elif first.setdefault(post.key, number) != number:
            outcomes[number] = _twice(first[post.key])
        else:
            good[number] = post
    rows = _rows(world, workspace_id, good.values())

    def one(number: int) -> Outcome:
        if world.clock.now() - began >= TIME:
            return Unavailable("this one was not begun: send the batch again with the same keys", "not_reached")
        post = good[number]
        return _outcome(lambda: act(world, workspace_id, post, rows.get(_place(workspace_id, post.key))))

    free = [number for number, post in good.items() if post.publish != "next_slot"]
    with ThreadPoolExecutor(THREADS) as pool:
        here = [copy_context() for _ in free]  # the request's trace, for its lines and posts
        made = pool.map(lambda context, number: context.run(one, number), here, free)
        outcomes |= zip(free, made, strict=True)
    outcomes |= {number: one(number) for number in good if number not in outcomes}
    return [outcomes[number] for number in range(len(posts))]


def _twice(first: int) -> Invalid:
    return Invalid([Issue("duplicate_key", "error", "key", f"item {first + 1} has this key already")])


def _outcome(act: Callable[[], Made]) -> Outcome:
    try:
        return act()
    except CarillonError as error:
        return error
    except Exception:
        log.exception("batch_item_failed")
        return Broken("something went wrong here")


def _rows(world: World, workspace_id: str, posts: Iterable[KeyedPost]) -> dict[Key, Item]:
    """The rows of those of the keys that were used before."""
    return {item.key: item for item in world.table.get_many([_place(workspace_id, post.key) for post in posts])}


def _once(by: Caller | None, world: World, workspace_id: str, post: KeyedPost, row: Item | None) -> Made:
    from chalicelib.service import compose  # with all of adaptation: not before it is needed

    if made := _made(world, post, row):
        return made
    seed, place, draft = _seed(workspace_id, post), _place(workspace_id, post.key), _is_draft(post)
    doc = {"fingerprint": _fingerprint(post), "post_id": compose.id_of(seed), "draft": draft}
    note = Put(Item(place, doc, expires=world.clock.now() + KEPT_FOR), expect=row.rev if row else 0)
    try:
        whole = compose.create(world, workspace_id, post, seed, note=note, by=by)
    except (Stale, NotFound):
        # Somebody used the key between our look and our write: their post is the one.
        if made := _made(world, post, world.table.get(place)):
            return made
        raise
    return Made(whole.post.id, draft)


def _tried(by: Caller | None, world: World, workspace_id: str, post: KeyedPost, row: Item | None) -> Made:
    from chalicelib.service import compose

    if made := _made(world, post, row):
        return made
    compose.rehearse(world, workspace_id, post, by)
    return Made(compose.id_of(_seed(workspace_id, post)), _is_draft(post))


def _made(world: World, post: KeyedPost, row: Item | None) -> Made | None:
    """What was made under the key before; refused where that was of another post."""
    if row is None or (row.expires and row.expires <= world.clock.now()):
        return None
    if row.doc["fingerprint"] != _fingerprint(post):
        raise IdempotencyMismatch(f"the key was used for another post, {row.doc['post_id']}")
    return Made(row.doc["post_id"], row.doc["draft"], replayed=True)


def _is_draft(post: NewPost) -> bool:
    return not (post.publish or post.scheduled_at or any(one.scheduled_at for one in post.targets))


def _fingerprint(post: KeyedPost) -> str:
    return sha256(post.model_dump_json(exclude={"key"}, exclude_unset=True).encode()).hexdigest()


def _seed(workspace_id: str, post: KeyedPost) -> str:
    return idempotency.seed(workspace_id, f"batch\n{post.key}\n{_fingerprint(post)}")


def _place(workspace_id: str, key: str) -> Key:
    return Key(f"I#{workspace_id}#{sha256(key.encode()).hexdigest()}", "BATCHED")
