"""The sheet on which events are counted: the rows that they touch, as they are, and then as one write leaves them."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.account import Account
from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.counters import Move, added, growth
from chalicelib.core.day import Day, begin_of, hour_of
from chalicelib.core.engagement import FIGURES, VOICES, WANTS_ANSWER, Engagement, Seen, Source
from chalicelib.core.event_log import UNDATED, EventLog
from chalicelib.core.followed import Followed
from chalicelib.core.inbox import InboxItem
from chalicelib.core.privacy import Privacy
from chalicelib.core.timing import milliseconds
from chalicelib.core.waits import moved
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import business_hours, engaged, records
from chalicelib.service.people import People


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was told of, by one message, about one account of ours."""

    message: str
    source: Source
    at: datetime
    seen: Seen


def keys_of(workspace_id: str, owner: Account, event: Event) -> set[Key]:
    """The rows that an event touches, but for what one that comes out of order changes about another day."""
    seen, at = event.seen, happened(event)
    keys = {
        engaged.known_key(workspace_id, owner.id, seen),
        engaged.minute_key(workspace_id, owner.id, at),
        engaged.day_key(workspace_id, owner.id, at),
    }
    keys |= {engaged.post_key(workspace_id, owner.id, seen.post)} if seen.post else set()
    things = {engaged.thing_key(workspace_id, owner.id, thing) for thing in (seen.thing, seen.parent) if thing}
    return keys | things | {engaged.words_key(thing) for thing in things}


def happened(event: Event) -> datetime:
    """When it happened; what a network dates into the future happened when it told of it."""
    return milliseconds(min(event.seen.at or event.at, event.at))


@dataclass
class Sheet:
    """The rows that some events touch, as they are and as they will be."""

    owner: Account
    now: datetime
    privacy: Privacy
    hours: BusinessHours
    get: Callable[[Key], Item | None]
    items: dict[Key, Item | None]
    logs: dict[Key, EventLog] = field(default_factory=dict)
    posts: dict[Key, Followed] = field(default_factory=dict)
    days: dict[Key, Day] = field(default_factory=dict)
    things: dict[Key, InboxItem] = field(default_factory=dict)
    known: dict[Key, set[str]] = field(default_factory=dict)
    counted: dict[str, Counter[str]] = field(default_factory=dict)
    """How many events of which kind were new, by the network's id of the post that they are about."""

    @classmethod
    def of(cls, world: World, owner: Account, keys: Collection[Key]) -> "Sheet":
        """The rows of these keys as they are now; what turns out to be needed besides is read then."""
        about, open_ = engaged.privacy_key(owner.workspace_id), business_hours.key(owner.workspace_id)
        found = {item.key: item for item in world.table.get_many(sorted({*keys, about, open_}))}
        privacy, hours = engaged.privacy_of(found.get(about)), business_hours.of_row(found.get(open_))
        return cls(owner, world.clock.now(), privacy, hours, world.table.get, {key: found.get(key) for key in keys})

    @property
    def gone(self) -> list[Followed]:
        """The posts that are known to be gone now, and were not before."""
        known = {key for key in self.posts if (item := self.items[key]) and engaged.post_of(item).gone}
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
            counters, moves = counters.reported(name, at, total, "poll")
            self._grew(name, moves)
        if heard:
            self._heard(at, sum(max(0, counters.value(name) - before.value(name)) for name in VOICES))
        self.keep(dataclasses.replace(post, counters=counters))

    def take(self, event: Event, people: People) -> None:
        """Count one event, unless it was counted before."""
        seen, at, raw_id = event.seen, happened(event), people.raw_id(self.owner.id, event.seen)
        place = engaged.known_key(self.owner.workspace_id, self.owner.id, seen)
        if self._knows(place, raw_id):
            return
        ours = seen.ours or (seen.actor is not None and seen.actor == self.owner.remote_id)
        actor = people.hash(self.owner.platform, seen.actor) if seen.actor else None
        forgotten = self._is_erased(people, seen, actor, at)
        post = self._counted(event, at, ours)
        if seen.post:
            self.counted.setdefault(seen.post, Counter())[seen.kind] += 1
        if seen.kind in WANTS_ANSWER and not ours and not seen.total:
            self._heard(at, max(0, seen.value))
        said = seen.thing if seen.kind in WANTS_ANSWER and not ours and not forgotten else None
        self._logged(
            place,
            Engagement(
                kind=seen.kind,
                platform=self.owner.platform,
                account_id=self.owner.id,
                post=seen.post,
                actor=None if forgotten else actor,
                value=seen.value,
                at=at,
                source=event.source,
                raw_id=raw_id,
                total=seen.total,
                thing=engaged.place_of(said) if said else None,
            ),
        )
        if ours and not forgotten:
            self._answered(seen, at, post)
        elif said:
            self._asked(seen, at, actor, post)
        elif seen.kind == "removed" and seen.thing and not ours:
            self._put(self._thing(self._taken_back(people, seen.thing)).removed(at))

    def _taken_back(self, people: People, thing: str) -> str:
        """What was removed, by its stored name: whoever tells of it does not say whether it was said in private."""
        private = people.sealed(thing)
        known = self._row(engaged.thing_key(self.owner.workspace_id, self.owner.id, private))
        return private if known else thing

    def _is_erased(self, people: People, seen: Seen, actor: str | None, at: datetime) -> bool:
        """Whether whoever did it, or whoever a conversation is with, was erased since."""
        if not self.privacy.erased:
            return False
        marks = [people.mark(actor)] if actor else []
        if seen.kind == "message" and seen.thing:
            other = people.hash(self.owner.platform, people.opened(seen.thing))
            marks.append(people.mark(other))
        return any(at <= self.privacy.erased[mark] for mark in marks if mark in self.privacy.erased)

    def _row(self, key: Key) -> Item | None:
        if key not in self.items:
            self.items[key] = self.get(key)
        return self.items[key]

    def _log(self, key: Key) -> EventLog:
        if key not in self.logs:
            item = self._row(key)
            self.logs[key] = engaged.log_of(item) if item else EventLog()
            self.known[key] = set(self.logs[key].known)
        return self.logs[key]

    def _knows(self, place: Key, raw_id: str) -> bool:
        """Whether an event was counted before: its minute knows it, or the further row where that one is full."""
        if self._log(place).full and raw_id not in self.known[place]:
            place = engaged.further(place, raw_id)
            self._log(place)
        return raw_id in self.known[place]

    def _logged(self, place: Key, event: Engagement) -> None:
        """List an event in its minute, and recognise it in its place where that is another one."""
        listed = engaged.minute_key(self.owner.workspace_id, self.owner.id, event.at)
        if listed != place:
            fresh = self._log(place)
            fresh = fresh.since(self.now - UNDATED) if place.sk.startswith(engaged.UNDATED) else fresh
            self.logs[place] = fresh.recognising(event.raw_id, event.at)
            self.known[place].add(event.raw_id)
        if self._log(listed).full:
            listed = engaged.further(listed, event.raw_id)
        self.logs[listed] = self._log(listed).plus(event)
        self.known[listed].add(event.raw_id)

    def _counted(self, event: Event, at: datetime, ours: bool) -> Followed | None:
        seen, name = event.seen, None if ours else FIGURES.get(event.seen.kind)
        post = self._post(seen.post) if seen.post else None
        moves: tuple[Move, ...] = ()
        if post is None:
            moves = (Move(int(at.timestamp()), seen.value),) if not seen.total else ()
        elif seen.kind == "removed" and not seen.thing:
            self.keep(dataclasses.replace(post, counters=post.counters.gone(at)))
        elif name and seen.total:
            counters, moves = post.counters.reported(name, at, seen.value, event.source)
            self.keep(dataclasses.replace(post, counters=counters))
        elif name:
            counters, moves = post.counters.counted(name, at, seen.value)
            self.keep(dataclasses.replace(post, counters=counters))
        if name:
            self._grew(name, moves)
        return post

    def _grew(self, name: str, moves: tuple[Move, ...]) -> None:
        for move in moves:
            place, day = self._day(datetime.fromtimestamp(move.at, UTC))
            self.days[place] = dataclasses.replace(day, hours=added(day.hours, name, [move]))

    def _heard(self, at: datetime, times: int) -> None:
        if times:
            place, day = self._day(at)
            self.days[place] = day.heard(at, times)

    def _day(self, at: datetime) -> tuple[Key, Day]:
        place = engaged.day_key(self.owner.workspace_id, self.owner.id, at)
        if place in self.days:
            return place, self.days[place]
        item = self._row(place)
        return place, engaged.day_of(item) if item else Day()

    def _post(self, post: str) -> Followed:
        place = engaged.post_key(self.owner.workspace_id, self.owner.id, post)
        if place in self.posts:
            return self.posts[place]
        item = self._row(place)
        return engaged.post_of(item) if item else Followed(self.owner.id, self.owner.platform, post)

    def told(self) -> Iterator[tuple[Followed, Counter[str]]]:
        """Our posts that something new was counted for, with how much of what."""
        for name, kinds in self.counted.items():
            post = self._post(name)
            if post.post_id:
                yield post, kinds

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
        until = at + self.privacy.kept(self.owner.platform)
        self._put(known.said(at, seen.text, until).spoke(at, "them", seen.id))

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
        if item := self._row(place):
            return engaged.inbox_of(item, engaged.words_of(self._row(engaged.words_key(place)), self.now))
        return InboxItem(engaged.inbox_id(self.owner.id, thing), self.owner.id, self.owner.platform, thing)

    def _put(self, item: InboxItem) -> None:
        self.things[engaged.thing_key(self.owner.workspace_id, self.owner.id, item.thing)] = item

    def writes(self) -> list[Put | Delete]:
        """The rows that changed, each on condition that nobody wrote it since."""
        workspace_id = self.owner.workspace_id
        made = [
            *(engaged.log_item(key, log, self._rev(key), self.now) for key, log in self.logs.items()),
            *(engaged.post_item(workspace_id, post, self._rev(key)) for key, post in self.posts.items()),
            *(engaged.day_item(key, _netted(day), self._rev(key)) for key, day in self._judged().items()),
        ]
        return [*(Put(item, expect=item.rev) for item in made if self._changed(item)), *self._said()]

    def _judged(self) -> dict[Key, Day]:
        """The days, with who waits, and how those were answered who did, on the day on which each wait began."""
        days = dict(self.days)
        for key, one in self.things.items():
            row = self._row(key)
            for hour, waits in moved(engaged.inbox_of(row) if row else None, one, self.hours).items():
                place, day = self._day(begin_of(hour))
                days[place] = days.get(place, day).answering({hour: waits})
        return days

    def _said(self) -> Iterator[Put | Delete]:
        """The items of the inbox, and their words: never without the item, whose `rev` guards both."""
        for key, one in self.things.items():
            item = engaged.inbox_item(self.owner.workspace_id, one, self._rev(key), self.now)
            worded = list(self._worded(engaged.words_key(key), one))
            if worded or self._changed(item):
                yield Put(item, expect=item.rev)
            yield from worded

    def _worded(self, key: Key, one: InboxItem) -> Iterator[Put | Delete]:
        before, words = self._row(key), one.words(self.now)
        if words is None and before:
            yield Delete(key, expect=before.rev)
        elif words:
            item = engaged.words_item(key, words, self._rev(key))
            if self._changed(item):
                yield Put(item, expect=item.rev)

    def _changed(self, item: Item) -> bool:
        before = self.items[item.key]
        return item.doc != (before.doc if before else NOTHING.get(item.key.sk.split("#")[0]))

    def _rev(self, key: Key) -> int:
        item = self.items[key]
        return item.rev if item else 0


def _netted(day: Day) -> Day:
    """The day without what came to nothing."""
    return dataclasses.replace(day, hours=growth([day.hours]))


def _own(seen: Seen) -> str:
    """The network's id of what we said, as our publisher knows it; a conversation or a thread has one of its own."""
    is_place = seen.kind == "message" or seen.thing == seen.parent
    return seen.id if is_place else seen.thing or seen.id


NOTHING: dict[str, Any] = {"DAY": records.to_doc(Day()), "MINUTE": records.to_doc(EventLog())}
NOTHING["UNDATED"] = NOTHING["MINUTE"]
"""What a row says that nobody has written."""
