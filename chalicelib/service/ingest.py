"""Read what networks told, and count it: every event once, whatever comes twice, late or in another order.

One write holds what recognises the events, what they are counted in and what they make wait for an answer; so a worker
that dies leaves all of it or nothing. A batch of events around one post is three records; around a thousand posts, one
for each post and a few more.
"""

import dataclasses
import json
import logging
import zlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.callbacks import callbacks
from chalicelib.callbacks.base import Told
from chalicelib.core.account import Account
from chalicelib.core.counters import added
from chalicelib.core.day import Day, hour_of
from chalicelib.core.engagement import (
    FIGURES,
    VOICES,
    WANTS_ANSWER,
    Engagement,
    Seen,
    Source,
    actor_hash,
    digest,
    sound,
)
from chalicelib.core.errors import Stale, Unavailable
from chalicelib.core.event_log import UNDATED, EventLog
from chalicelib.core.followed import Followed
from chalicelib.core.inbox import InboxItem
from chalicelib.core.timing import instant, milliseconds
from chalicelib.ports import Heard, Item, Key, Put, World
from chalicelib.service import connect, engaged, removal, shares, spikes

log = logging.getLogger(__name__)

MOST_ROWS = 90
"""Rows of one write; a transaction takes a hundred."""
TRIES = 12
PAUSE = timedelta(milliseconds=40)
TEXT_KEPT = timedelta(days=30)
"""How long what people wrote is kept."""
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError, RecursionError, zlib.error)
"""What reading may raise: a number may be no instant, and a body may be deeper than anybody reads."""
SHORTER = {"linkedin": timedelta(hours=24)}
"""Where a network's terms allow less: LinkedIn, members' social activity, see docs/engagement.md."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was told of, by one message, about one account of ours."""

    message: str
    source: Source
    at: datetime
    seen: Seen


def ingest(world: World, messages: Mapping[str, Heard]) -> list[str]:
    """Count what the messages say; the ids of those that could not be read or counted, to be brought again.

    What of such a message was counted stays so, and is recognised when it comes again.
    """
    failed = set[str]()
    by_account: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for id, heard in messages.items():
        events, unreadable = read(id, heard)
        by_account[heard.workspace_id, heard.account_id] += events
        failed |= {id} if unreadable else set()
    for (workspace_id, account_id), events in by_account.items():
        failed |= _of_account(world, workspace_id, account_id, events)
    return sorted(failed)


def read(id: str, heard: Heard) -> tuple[list[Event], int]:
    """The events of a message, and how many of them made no sense."""
    how, at, unreadable, events = callbacks(heard.network), instant(heard.at), 0, list[Event]()
    try:
        told = Told(zlib.decompress(b64decode(heard.body)), json.loads(heard.headers), at)
        found = list(how.events(told))
    except UNREADABLE:
        log.warning("callback_unreadable", extra={"network": heard.network, "account": heard.account_id})
        return [], 1
    for one in found:
        try:
            events += [Event(id, "callback", at, sound(seen)) for seen in how.read(one, told)]
        except UNREADABLE:
            unreadable += 1
    if unreadable:
        log.warning("events_unreadable", extra={"network": heard.network, "account": heard.account_id, "n": unreadable})
    return events, unreadable


def _of_account(world: World, workspace_id: str, account_id: str, events: list[Event]) -> set[str]:
    """Count what was told about an account, or to its address about others; the messages that have to come again."""
    account = connect.find(world, workspace_id, account_id)
    if account is None:
        return set()
    failed = set[str]()
    for owner, theirs in _by_owner(world, account, events):
        for chunk in chunks(workspace_id, owner, theirs):
            try:
                for event in chunk:
                    shares.finish(world, owner, event.seen, _happened(event))
                spikes.watch(world, owner, count(world, owner, chunk).voices)
            except Exception:
                log.exception("not_counted", extra={"account": owner.id, "events": len(chunk)})
                failed |= {event.message for event in chunk}
    return failed


def _by_owner(world: World, account: Account, events: list[Event]) -> Iterator[tuple[Account, list[Event]]]:
    """A network that has one address for an app tells it of all the accounts that the app reaches."""
    names = {event.seen.owner or account.remote_id for event in events}
    owners = {account.remote_id: account}
    if names - owners.keys():
        others = connect.of_platform(world, account.workspace_id, account.platform)
        owners = {one.remote_id: one for one in others} | owners
    for name in sorted(names):
        theirs = [event for event in events if (event.seen.owner or account.remote_id) == name]
        if name in owners:
            yield owners[name], theirs
        else:
            log.warning("nobodys_events", extra={"account": account.id, "n": len(theirs)})


def chunks(workspace_id: str, owner: Account, events: Iterable[Event]) -> Iterator[list[Event]]:
    """The events in runs that one write can hold, those of one minute and one post beside each other."""
    chunk, rows = list[Event](), set[Key]()
    for event in sorted(events, key=lambda one: (one.seen.at or one.at, one.seen.post or "")):
        more = _keys(workspace_id, owner, event)
        if chunk and len(rows | more) > MOST_ROWS:
            yield chunk
            chunk, rows = [], set()
        chunk.append(event)
        rows |= more
    if chunk:
        yield chunk


def _keys(workspace_id: str, owner: Account, event: Event) -> set[Key]:
    seen = event.seen
    keys = {
        engaged.log_key(workspace_id, owner.id, seen),
        engaged.day_key(workspace_id, owner.id, _happened(event)),
    }
    keys |= {engaged.post_key(workspace_id, owner.id, seen.post)} if seen.post else set()
    return keys | {engaged.thing_key(workspace_id, owner.id, thing) for thing in (seen.thing, seen.parent) if thing}


def _happened(event: Event) -> datetime:
    """When it happened; what a network dates into the future happened when it told of it."""
    return milliseconds(min(event.seen.at or event.at, event.at))


def count(world: World, owner: Account, events: Sequence[Event]) -> "Sheet":
    """Count events of one account in one write. Raises Unavailable where somebody else always writes first."""
    key = engaged.actors_key(world, owner.workspace_id) if any(one.seen.actor for one in events) else b""
    keys = set[Key]().union(*(_keys(owner.workspace_id, owner, event) for event in events))
    for _ in range(TRIES):
        sheet = Sheet.of(world, owner, keys)
        for event in events:
            sheet.take(event, key)
        try:
            removal.mark(world, owner.workspace_id, sheet.gone)
            if writes := sheet.writes():
                world.table.write(*writes)
            return sheet
        except Stale:
            world.clock.sleep_until(world.clock.now() + PAUSE * (1 + world.chance.fraction()))
    raise Unavailable("somebody else keeps counting the same")


@dataclass
class Sheet:
    """The rows that some events touch, as they are and as they will be."""

    owner: Account
    now: datetime
    items: dict[Key, Item]
    logs: dict[Key, EventLog] = field(default_factory=dict)
    posts: dict[Key, Followed] = field(default_factory=dict)
    days: dict[Key, Day] = field(default_factory=dict)
    things: dict[Key, InboxItem] = field(default_factory=dict)
    known: dict[Key, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World, owner: Account, keys: Collection[Key]) -> "Sheet":
        """The rows of these keys as they are now."""
        return cls(owner, world.clock.now(), {item.key: item for item in world.table.get_many(sorted(keys))})

    @property
    def gone(self) -> list[Followed]:
        """The posts that are known to be gone now, and were not before."""
        known = {key for key, item in self.items.items() if key in self.posts and engaged.post_of(item).gone}
        return [post for key, post in self.posts.items() if post.gone and key not in known]

    @property
    def voices(self) -> int:
        """How often people have addressed the account in this hour, as far as this sheet is about it."""
        today = self.days.get(engaged.day_key(self.owner.workspace_id, self.owner.id, self.now))
        return today.voices.get(hour_of(self.now), 0) if today else 0

    def reported(self, post: Followed, at: datetime, figures: Mapping[str, int], *, heard: bool) -> None:
        """Count what a post's network says of it as a whole. Where `heard`, what people said since is of this hour."""
        before, counters = post.counters, post.counters
        for name, total in figures.items():
            counters = counters.reported(name, at, total)
            self._grew(name, at, counters.value(name) - before.value(name))
        if heard:
            self._heard(at, sum(max(0, counters.value(name) - before.value(name)) for name in VOICES))
        self.keep(dataclasses.replace(post, counters=counters))

    def take(self, event: Event, key: bytes) -> None:
        """Count one event, unless it was counted before."""
        seen, at, raw_id = event.seen, _happened(event), digest(self.owner.id, event.seen)
        if not self._is_new(event, raw_id):
            return
        actor = actor_hash(key, self.owner.platform, seen.actor) if seen.actor else None
        ours = seen.ours or (seen.actor is not None and seen.actor == self.owner.remote_id)
        post = self._counted(seen, at, ours)
        if seen.kind in WANTS_ANSWER and not ours and not seen.total:
            self._heard(at, max(0, seen.value))
        self._logged(
            event,
            Engagement(
                seen.kind, self.owner.platform, self.owner.id, seen.post, actor, seen.value, at, event.source, raw_id
            ),
        )
        if ours:
            self._answered(seen, at, post)
        elif seen.kind in WANTS_ANSWER and seen.thing:
            self._asked(seen, at, actor, post)
        elif seen.kind == "removed" and seen.thing:
            self._put(self._thing(seen.thing).removed(at))

    def _is_new(self, event: Event, raw_id: str) -> bool:
        place = engaged.log_key(self.owner.workspace_id, self.owner.id, event.seen)
        if place not in self.known:
            self.logs[place] = engaged.log_of(self.items[place]) if place in self.items else EventLog()
            self.known[place] = set(self.logs[place].known)
        new = raw_id not in self.known[place]
        self.known[place].add(raw_id)
        return new

    def _logged(self, event: Event, engagement: Engagement) -> None:
        place = engaged.log_key(self.owner.workspace_id, self.owner.id, event.seen)
        before = self.logs[place] if event.seen.at else self.logs[place].since(self.now - UNDATED)
        self.logs[place] = before.plus(engagement)

    def _counted(self, seen: Seen, at: datetime, ours: bool) -> Followed | None:
        name = FIGURES.get(seen.kind)
        post = self._post(seen.post) if seen.post else None
        if post:
            before = after = post.counters
            if seen.kind == "removed":
                after = before if seen.thing else before.gone(at)
            elif name and not ours:
                after = before.reported(name, at, seen.value) if seen.total else before.counted(name, at, seen.value)
            self.keep(dataclasses.replace(post, counters=after))
            grown = after.value(name) - before.value(name) if name else 0
        else:
            grown = 0 if ours or seen.total else seen.value
        if name:
            self._grew(name, at, grown)
        return post

    def _grew(self, name: str, at: datetime, grown: int) -> None:
        if grown:
            place, day = self._day(at)
            self.days[place] = dataclasses.replace(day, hours=added(day.hours, name, at, grown))

    def _heard(self, at: datetime, times: int) -> None:
        if times:
            place, day = self._day(at)
            self.days[place] = day.heard(at, times)

    def _day(self, at: datetime) -> tuple[Key, Day]:
        place = engaged.day_key(self.owner.workspace_id, self.owner.id, at)
        if place in self.days:
            return place, self.days[place]
        return place, engaged.day_of(self.items[place]) if place in self.items else Day()

    def _post(self, post: str) -> Followed:
        place = engaged.post_key(self.owner.workspace_id, self.owner.id, post)
        if place in self.posts:
            return self.posts[place]
        if place in self.items:
            return engaged.post_of(self.items[place])
        return Followed(self.owner.id, self.owner.platform, post)

    def keep(self, post: Followed) -> None:
        """The post as it will be."""
        self.posts[engaged.post_key(self.owner.workspace_id, self.owner.id, post.post)] = post

    def _asked(self, seen: Seen, at: datetime, actor: str | None, post: Followed | None) -> None:
        """They said something, or took it back."""
        item = self._thing(seen.thing or "")
        if seen.value < 0:
            self._put(item.removed(at))
            return
        known = dataclasses.replace(
            item,
            kind=seen.kind,
            post=seen.post,
            post_id=post.post_id if post else item.post_id,
            target_id=post.target_id if post else item.target_id,
            actor=actor,
            url=seen.url or item.url,
            ref={**item.ref, **seen.ref},
        )
        self._put(known.said(at, seen.text).spoke(at, "them", seen.id))

    def _answered(self, seen: Seen, at: datetime, post: Followed | None) -> None:
        """We said something, here or with the network's own app: to what it answers, the clock stops.

        What continues a post of ours answers nobody.
        """
        asked = seen.thing if seen.kind == "message" else seen.parent
        own = asked == seen.post and post is not None and post.target_id is not None
        if asked and not own and seen.value > 0:
            self._put(self._thing(asked).spoke(at, "us", _own(seen)))

    def _thing(self, thing: str) -> InboxItem:
        place = engaged.thing_key(self.owner.workspace_id, self.owner.id, thing)
        if place in self.things:
            return self.things[place]
        if place in self.items:
            return engaged.inbox_of(self.items[place])
        return InboxItem(engaged.inbox_id(self.owner.id, thing), self.owner.id, self.owner.platform, thing)

    def _put(self, item: InboxItem) -> None:
        self.things[engaged.thing_key(self.owner.workspace_id, self.owner.id, item.thing)] = item

    def writes(self) -> list[Put]:
        """The rows that changed, each on condition that nobody wrote it since."""
        workspace_id = self.owner.workspace_id
        expires = self.now + SHORTER.get(self.owner.platform, TEXT_KEPT)
        logs = [
            engaged.log_item(key, log, self._rev(key), self.now)
            for key, log in self.logs.items()
            if key not in self.items or log != engaged.log_of(self.items[key])
        ]
        made = [
            *logs,
            *(engaged.post_item(workspace_id, post, self._rev(key)) for key, post in self.posts.items()),
            *(engaged.day_item(key, day, self._rev(key)) for key, day in self.days.items()),
            *(engaged.inbox_item(workspace_id, one, self._rev(key), expires) for key, one in self.things.items()),
        ]
        return [Put(item, expect=item.rev) for item in made]

    def _rev(self, key: Key) -> int:
        return self.items[key].rev if key in self.items else 0


def _own(seen: Seen) -> str:
    """The network's id of what we said, as our publisher knows it; a conversation or a thread has one of its own."""
    is_place = seen.kind == "message" or seen.thing == seen.parent
    return seen.id if is_place else seen.thing or seen.id
