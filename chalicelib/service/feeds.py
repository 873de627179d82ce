"""Calendar feeds: a workspace's posts for a calendar app, which knows no header and so no API key.

What such an app has is a link. The secret in it reads this one calendar and nothing else, is shown once, is kept only
as an HMAC, and can be revoked by itself. It is found by the HMAC under a secret of the stage: no secret is ever
compared letter by letter, so there is no time to measure.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from chalicelib.core.errors import Conflict, Invalid, Issue, NotFound, TooMany
from chalicelib.core.icalendar import Event, Standing, calendar, written
from chalicelib.core.target import State, Target, status
from chalicelib.core.timing import instant, stamp, stamp_of
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import access, connect, idempotency, limits, reading, records, sealing
from chalicelib.service.access import Caller
from chalicelib.service.limits import Limits
from chalicelib.service.reading import PostFilter, Whole

TOKEN_PREFIX = "ckf_"  # noqa: S105  what a feed's secrets begin with is no secret
PREFIX = "FEED#"
PEPPER = Key("SYSTEM", "FEED_PEPPER")
MOST_FEEDS = 50
BEFORE, AFTER = timedelta(days=90), timedelta(days=366)
"""How far back and ahead a calendar reaches."""
MOST_POSTS = 500
"""Posts shown of either side, the nearest first: a second's reading."""
MOST_BYTES = 4_000_000
"""The events nearest to now are shown that fit into this. Lambda answers 6 MB at most, and counts what its runtime
writes: six bytes for a Chinese letter (see service/spreadsheet.py)."""
LIMITS = Limits(per_key=60, per_workspace=300)
"""Readings a minute of one feed, and of all of a workspace's: each may be a thousand posts, and a link gets around.
They are counted apart from the requests of its keys, so that no link can keep its owner from revoking it."""
SUMMARY = 80
DESCRIPTION = 500


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar feed as its owner may see it; of one account's posts where that is named."""

    id: str
    name: str
    account_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A feed just made; its `token` is never shown again."""

    feed: Feed
    token: str


def make(world: World, workspace_id: str, name: str, account_id: str | None, seed: str | None = None) -> NewFeed:
    """A new feed. The same `seed` makes one within a day, whose token is the one told last."""
    if account_id and connect.find(world, workspace_id, account_id) is None:
        raise Invalid([Issue("unknown_account", "error", "account_id", f"there is no account {account_id}")])
    now, old = world.clock.now(), world.table.get(_by_id(workspace_id, f"feed_{seed}")) if seed else None
    if old and now - _feed(old).created_at > idempotency.KEPT_FOR:
        seed, old = None, None
    feed = Feed(f"feed_{seed or world.chance.token().lower()}", name, account_id, now)
    place = _by_id(workspace_id, feed.id)
    if old is None and len(of(world, workspace_id)) >= MOST_FEEDS:
        raise Conflict(f"there are {MOST_FEEDS} feeds: revoke one that nobody uses", "too_many_feeds")
    token = TOKEN_PREFIX + world.chance.secret()
    found_by = _by_token(world, token)
    doc = {**records.to_doc(feed), "workspace_id": workspace_id}
    listed = Item(place, {**doc, "found_by": found_by.pk})
    forgotten = [Delete(Key(old.doc["found_by"], "FEED"))] if old else []
    world.table.write(Put(listed, expect=old.rev if old else 0), Put(Item(found_by, doc), expect=0), *forgotten)
    return NewFeed(feed, token)


def of(world: World, workspace_id: str) -> list[Feed]:
    """The workspace's feeds, oldest first."""
    return [_feed(item) for item in world.table.items(records.workspace_pk(workspace_id), PREFIX)]


def revoke(world: World, workspace_id: str, feed_id: str) -> None:
    """Make a feed's link worthless at once; NotFound where the workspace has none of that id."""
    listed = world.table.get(_by_id(workspace_id, feed_id))
    if listed is None:
        raise NotFound(f"there is no feed {feed_id}")
    world.table.write(Delete(listed.key), Delete(Key(listed.doc["found_by"], "FEED")))


def read(world: World, token: str) -> str:
    """The calendar that a token opens; NotFound for every reason alike, TooMany where it is asked too often."""
    item = world.table.get(_by_token(world, token)) if _is_token(token) else None
    if item is None:
        raise NotFound("there is no calendar here")
    workspace_id, feed = str(item.doc["workspace_id"]), _feed(item)
    spent = limits.spend(world, Caller(f"{workspace_id}#FEEDS", feed.id, frozenset()), LIMITS)
    if spent.over:
        raise TooMany(f"this minute's readings are used up; the next begins in {spent.seconds} seconds")
    name = feed.name or access.workspace_name(world, workspace_id)
    found = [event for whole in _near(world, workspace_id, feed) for event in events(whole)]
    return calendar(name, _fitting(found, world.clock.now()))


def _fitting(found: list[Event], now: datetime) -> list[str]:
    """The events nearest to now that an answer holds, as they are written, in the order in which they came."""
    room, shown = MOST_BYTES, dict[int, str]()
    for number in sorted(range(len(found)), key=lambda number: abs(found[number].at - now)):
        text = written(found[number])
        room -= len(json.dumps(text))
        if room < 0:
            break
        shown[number] = text
    return [shown[number] for number in sorted(shown)]


def _is_token(token: str) -> bool:
    return token.startswith(TOKEN_PREFIX) and token.isascii() and len(token) <= 100


def _near(world: World, workspace_id: str, feed: Feed) -> list[Whole]:
    """The posts before now and after it, the nearest where there are too many; and then in their order."""
    now = world.clock.now()
    past = PostFilter(account_id=feed.account_id, since=now - BEFORE, until=now)
    future = PostFilter(account_id=feed.account_id, since=now, until=now + AFTER)
    found = [*_some(world, workspace_id, past, False), *_some(world, workspace_id, future, True)]
    once = {whole.post.id: whole for whole in found}
    return sorted(once.values(), key=lambda whole: (stamp(whole.post.scheduled_at or now), whole.post.id))


def _some(world: World, workspace_id: str, wanted: PostFilter, forwards: bool) -> list[Whole]:
    data, cursor = list[Whole](), None
    while len(data) < MOST_POSTS:
        page = reading.posts(world, workspace_id, wanted, MOST_POSTS - len(data), cursor, forwards=forwards)
        data, cursor = [*data, *page.data], page.next_cursor
        if cursor is None:
            break
    return data


def events(whole: Whole) -> list[Event]:
    """A post's events: one for the post's own time, and one for each target that has a time of its own."""
    own = {ref.id for ref in whole.post.targets if ref.scheduled_at}
    together = tuple(target for target in whole.targets if target.id not in own)
    groups = [(whole.post.id, together), *((one.id, (one,)) for one in whole.targets if one.id in own)]
    return [_event(whole, uid, targets) for uid, targets in groups if any(one.scheduled_at for one in targets)]


_STANDING: dict[str, Standing] = {
    "pending_approval": "TENTATIVE",
    "held": "TENTATIVE",
    "cancelled": "CANCELLED",
    "skipped": "CANCELLED",
    "removed": "CANCELLED",
}


def _event(whole: Whole, uid: str, targets: tuple[Target, ...]) -> Event:
    post, state = whole.post, status([one.state for one in targets])
    # A target that is published at once, or later than planned, still stands where it was due.
    due = min(one.scheduled_at for one in targets if one.scheduled_at)
    changed_at = max([post.updated_at, *(one.events[-1].at for one in targets if one.events)])
    return Event(
        uid=f"{uid}@carillon",
        at=due,
        summary=_summary(post.content.title or post.content.text),
        description="\n".join([*map(_fate, targets), "", post.content.text[:DESCRIPTION]]).strip(),
        standing=_STANDING.get(state, "CONFIRMED"),
        updated_at=changed_at,
        # Of targets' own versions nothing can be made that rises, too, when an edit takes one of them away.
        sequence=post.version + int((changed_at - post.created_at).total_seconds()),
        categories=tuple(sorted({one.platform for one in targets})),
        url=next((one.url for one in targets if one.url), None),
    )


def _summary(text: str) -> str:
    first = text.strip().partition("\n")[0].strip()
    return first if len(first) <= SUMMARY else first[: SUMMARY - 1] + "…"


def _fate(target: Target) -> str:
    published = stamp_of(target.published_at) if target.state is State.PUBLISHED else None
    return " ".join(word for word in (f"{target.platform}:", target.state.value, published, target.url) if word)


def _feed(item: Item) -> Feed:
    doc = item.doc
    return Feed(doc["id"], doc["name"], doc["account_id"], instant(doc["created_at"]))


def _by_id(workspace_id: str, feed_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{feed_id}")


def _by_token(world: World, token: str) -> Key:
    return Key(f"F#{hmac.new(_pepper(world), token.encode(), sha256).hexdigest()}", "FEED")


@lru_cache(maxsize=8)
def _pepper(world: World) -> bytes:
    """The stage's pepper; kept in memory for the process's life."""
    return sealing.secret_of_the_stage(world, PEPPER).encode()
