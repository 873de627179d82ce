"""What people did, one by one, the newest first: read from the minutes in which it happened."""

import heapq
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.core.account import Account
from chalicelib.core.engagement import Engagement, Kind, Source
from chalicelib.core.errors import Invalid, Issue, NotFound
from chalicelib.core.followed import Followed
from chalicelib.core.timing import MINUTE, instant, milliseconds, stamp
from chalicelib.ports import Item, World
from chalicelib.service import connect, engaged, reading
from chalicelib.service.reading import Page

PAGE = 25
"""Minutes of an account that are read at a time."""
QUERIES = 4
"""How often an account is asked for one page at most; enough for a minute that fills all of its 65 records."""

LAST = datetime(9999, 1, 1, tzinfo=UTC)

Position = tuple[str, str]
"""An event's place in the order of all: its instant, and what recognises it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are wanted; `since` and `until` are both included."""

    kind: Kind | None = None
    account_id: str | None = None
    platform: str | None = None
    post_id: str | None = None
    source: Source | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that somebody did, with the post of ours that it is about, and what they wrote while that is kept."""

    event: Engagement
    post_id: str | None
    target_id: str | None
    text: str | None


class _Enough(Exception):
    """As much was read as one page may cost."""


def listed(
    world: World, workspace_id: str, wanted: Wanted, limit: int = 20, cursor: str | None = None
) -> Page[Happened]:
    """The wanted events, newest first; a page may be short and still have a next one."""
    posts = _posts(world, workspace_id, wanted.post_id) if wanted.post_id else None
    accounts = [one for one in _accounts(world, workspace_id, wanted) if posts is None or one.id in posts]
    begin = _position(cursor) if cursor else (stamp(wanted.until or LAST) + "~", "")
    found, last = list[Engagement](), None
    for minute in _minutes(world, workspace_id, accounts, begin[0], wanted.since):
        if minute.events is None:
            last = (minute.end, "")
            break
        for event in minute.events:
            if place(event) < begin and _takes(wanted, posts, event):
                found.append(event)
                if len(found) == limit:
                    return Page(_whole(world, workspace_id, found), _cursor(place(event)))
    return Page(_whole(world, workspace_id, found), _cursor(last) if last else None)


@dataclass(frozen=True, slots=True)
class _Minute:
    """All that happened in a minute, newest first; None where it could not all be read any more."""

    end: str
    events: list[Engagement] | None


def place(event: Engagement) -> Position:
    """Where an event stands among all."""
    return stamp(event.at), event.raw_id


def _minutes(
    world: World, workspace_id: str, accounts: Sequence[Account], end: str, since: datetime | None
) -> Iterator[_Minute]:
    """Minute by minute, latest first, the events of all accounts together."""
    budget = [QUERIES * len(accounts) + 2]
    first = engaged.minute_name(since) if since else ""
    streams = [_rows(world, engaged.pk(workspace_id, one.id), end[:16], first, budget) for one in accounts]
    name, events = "", list[Engagement]()
    try:
        for item in heapq.merge(*streams, key=_name, reverse=True):
            if name and _name(item) != name:
                yield _Minute(_end(name), sorted(events, key=place, reverse=True))
                events = []
            name = _name(item)
            events += engaged.log_of(item).events
    except _Enough:
        yield _Minute(_end(name) if name else end, None)
        return
    if name:
        yield _Minute(_end(name), sorted(events, key=place, reverse=True))


def _rows(world: World, pk: str, end: str, first: str, budget: list[int]) -> Iterator[Item]:
    after = f"{engaged.MINUTE}{end}~"
    while True:
        if not budget[0]:
            raise _Enough
        budget[0] -= 1
        page = world.table.items(pk, engaged.MINUTE, limit=PAGE, after=after, reverse=True)
        for item in page:
            if _name(item) < first:
                return
            if item.expires is None or item.expires > world.clock.now():
                yield item
        if len(page) < PAGE:
            return
        after = page[-1].key.sk


def _name(item: Item) -> str:
    return item.key.sk.removeprefix(engaged.MINUTE)[:16]


def _end(minute: str) -> str:
    return stamp(instant(f"{minute}:00Z") + MINUTE)


def _takes(wanted: Wanted, posts: dict[str, set[str]] | None, event: Engagement) -> bool:
    return (
        wanted.kind in (None, event.kind)
        and wanted.source in (None, event.source)
        and (wanted.since is None or event.at >= milliseconds(wanted.since))
        and (wanted.until is None or event.at <= wanted.until)
        and (posts is None or event.post in posts.get(event.account_id, ()))
    )


def _accounts(world: World, workspace_id: str, wanted: Wanted) -> list[Account]:
    if wanted.account_id:
        one = connect.find(world, workspace_id, wanted.account_id)
        found = [one] if one else []
    else:
        found = connect.every(world, workspace_id)
    return [one for one in found if wanted.platform in (None, one.platform)]


def _posts(world: World, workspace_id: str, post_id: str) -> dict[str, set[str]]:
    """The networks' ids of a post of ours, by account."""
    try:
        targets = reading.post(world, workspace_id, post_id).targets
    except NotFound:
        return {}
    posts: dict[str, set[str]] = {}
    for target in targets:
        posts.setdefault(target.account_id, set()).update(engaged.parts_of(target))
    return posts


def _whole(world: World, workspace_id: str, events: list[Engagement]) -> list[Happened]:
    posts = {engaged.post_key(workspace_id, one.account_id, one.post) for one in events if one.post}
    said = {engaged.words_at(workspace_id, one.account_id, one.thing) for one in events if one.thing}
    items = {item.key: item for item in world.table.get_many(sorted(posts | said))}
    now = world.clock.now()

    def whole(event: Engagement) -> Happened:
        post = items.get(engaged.post_key(workspace_id, event.account_id, event.post)) if event.post else None
        item = items.get(engaged.words_at(workspace_id, event.account_id, event.thing)) if event.thing else None
        known = engaged.post_of(post) if post else Followed(event.account_id, event.platform, "")
        return Happened(event, known.post_id, known.target_id, _text(item, event, now))

    return [whole(event) for event in events]


def _text(item: Item | None, event: Engagement, now: datetime) -> str | None:
    """What was written then; only what was written last is kept."""
    words = engaged.words_of(item, now)
    return words.text if words and words.at == event.at else None


def _cursor(position: Position) -> str:
    return urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _position(cursor: str) -> Position:
    try:
        at, raw_id = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        instant(str(at).removesuffix("~"))
        return str(at), str(raw_id)
    except (ValueError, TypeError) as broken:
        raise Invalid([Issue("invalid_cursor", "error", "cursor", "is not a cursor that we gave")]) from broken
