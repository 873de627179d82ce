"""Read posts: one whole, or a page of many."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.post import Post
from chalicelib.core.target import Target, status
from chalicelib.core.timing import stamp
from chalicelib.ports import Found, Key, World
from chalicelib.service import records
from chalicelib.service.records import TargetKey

T = TypeVar("T")

SCANNED = 500
"""Index rows read for one page at most; a page may be short and still have a next one."""
MOST_BYTES = 3_000_000
"""A page ends behind the post with which it has more than this. Lambda answers 6 MB at most, and counts what its
runtime writes: that of Python 3.11 escapes every letter beyond ASCII, so that a Chinese one is six bytes
(https://github.com/aws/aws-lambda-python-runtime-interface-client, test_lambda_runtime_marshaller.py, read 2026-11-23).
"""


@dataclass(frozen=True, slots=True)
class Whole:
    """A post with all its targets."""

    post: Post
    targets: tuple[Target, ...]

    @property
    def status(self) -> str:
        """Derived from the targets, never stored."""
        return status([target.state for target in self.targets])


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of many, and where the rest begins."""

    data: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PostFilter:
    """Which posts are wanted; `since` and `until` bound the post's due time, or its targets' first, both included."""

    status: str | None = None
    account_id: str | None = None
    platform: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    external_id: str | None = None
    schedule_id: str | None = None
    answers: bool = False
    """Whether answers to what people said are wanted, and no posts."""

    def takes(self, whole: Whole) -> bool:
        """Whether the post is wanted. A status is the post's own or that of any of its targets."""
        states = {whole.status, *(target.state.value for target in whole.targets)}
        return (
            self.answers == bool(whole.post.in_reply_to)
            and (self.status is None or self.status in states)
            and (self.account_id is None or any(one.account_id == self.account_id for one in whole.targets))
            and (self.platform is None or any(one.platform == self.platform for one in whole.targets))
            and (self.external_id is None or whole.post.external_id == self.external_id)
            and (self.schedule_id is None or whole.post.schedule_id == self.schedule_id)
        )


def post(world: World, workspace_id: str, post_id: str) -> Whole:
    """The post with its targets; NotFound where this workspace has none of that id."""
    found = records.load_post(world.table, workspace_id, post_id)
    return Whole(found, tuple(_targets(world, [found])))


def posts(
    world: World,
    workspace_id: str,
    wanted: PostFilter,
    limit: int = 20,
    cursor: str | None = None,
    *,
    shown: Callable[[Whole], object] | None = None,
    forwards: bool = False,
) -> Page[Whole]:
    """The wanted posts, latest due first unless `forwards`; those without a due time stand where they were created.

    Where `shown` says what an answer has of a post, a page is no longer than an answer can be.
    """
    index = _Index.of(workspace_id, wanted)
    after, data, scanned, size = behind(cursor, index.pk), list[Whole](), 0, 0
    while scanned < SCANNED:
        rows = index.page(world, after, reverse=not forwards)
        for whole, row in zip(_wholes(world, workspace_id, rows), rows, strict=True):
            after, scanned = row, scanned + 1
            if whole and wanted.takes(whole):
                data.append(whole)
                size += len(json.dumps(shown(whole))) if shown else 0
                if len(data) == limit or size > MOST_BYTES:
                    return Page(data, cursor_at(row))
        if not rows:
            return Page(data)
    return Page(data, cursor_at(after) if after else None)


@dataclass(frozen=True, slots=True)
class _Index:
    """The partition of the `listing` index to read, and its bounds."""

    pk: str
    start: str
    end: str

    @classmethod
    def of(cls, workspace_id: str, wanted: PostFilter) -> "_Index":
        pk = records.answers_pk(workspace_id) if wanted.answers else records.workspace_pk(workspace_id)
        if wanted.account_id:
            pk = records.account_pk(workspace_id, wanted.account_id)
        if wanted.external_id:
            pk = records.external_pk(workspace_id, wanted.external_id)
        start = stamp(wanted.since) if wanted.since else ""
        return cls(pk, start, (stamp(wanted.until) if wanted.until else "") + "\uffff")

    def page(self, world: World, after: Found | None, *, reverse: bool) -> list[Found]:
        return world.table.listed(self.pk, start=self.start, end=self.end, limit=50, after=after, reverse=reverse)


def wholes(world: World, workspace_id: str, ids: Iterable[str]) -> dict[str, Whole]:
    """Those of the posts that exist, by id."""
    items = world.table.get_many([records.post_key(workspace_id, one) for one in dict.fromkeys(ids)])
    found = [records.post_of(item) for item in items]
    targets = _targets(world, found)
    return {one.id: Whole(one, tuple(t for t in targets if t.post_id == one.id)) for one in found}


def post_named(row: Found) -> str:
    """The id of the post that a row of the `listing` index stands for."""
    return row.key.pk.rsplit("#", 1)[1]


def _wholes(world: World, workspace_id: str, rows: list[Found]) -> list[Whole | None]:
    """The posts of index rows, in their order; None for one that is gone, or that came before in these rows."""
    ids = [post_named(row) for row in rows]
    found = wholes(world, workspace_id, ids)
    return [found.pop(one, None) for one in ids]


def _targets(world: World, found: list[Post]) -> list[Target]:
    keys = [
        records.target_key(TargetKey(one.workspace_id, one.id, target.id)) for one in found for target in one.targets
    ]
    return [records.target_of(item) for item in world.table.get_many(keys)]


def cursor_at(row: Found) -> str:
    """Where a page ends, for its reader to give back."""
    return urlsafe_b64encode(json.dumps([*row.key, row.at.sk]).encode()).decode().rstrip("=")


def behind(cursor: str | None, pk: str) -> Found | None:
    """The row a cursor points behind. Its partition is ours, so it cannot lead into another workspace."""
    if cursor is None:
        return None
    try:
        own, sk, place = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return Found(Key(str(own), str(sk)), Key(pk, str(place)))
    except (ValueError, TypeError, binascii.Error) as broken:
        raise Invalid([Issue("invalid_cursor", "error", "cursor", "is not a cursor that we gave")]) from broken
