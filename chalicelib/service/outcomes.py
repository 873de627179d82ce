"""What became of every target, kept by account and by the day it was due: what the scores are computed from.

    E#<workspace>#<account>      OUTCOMES#<date>    the outcomes of the targets due on that day, in UTC

It hangs off the table's stream, so that nothing is added to publishing. A change may be told of twice, or from the
middle again: each entry remembers the target's `rev`, and an older one never takes its place. A target that opens
again, or moves to another day, leaves an entry without an outcome behind.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.core.errors import NotFound, Stale, Unaffordable, Unavailable
from chalicelib.core.kit import Kit
from chalicelib.core.post import Post
from chalicelib.core.scores.ended import outcome
from chalicelib.core.scores.outcome import Message, Outcome
from chalicelib.core.target import TERMINAL, State, Target
from chalicelib.core.timing import stamp
from chalicelib.ports import Change, Item, Key, Put, World
from chalicelib.service import agenda, brand, engaged, records

log = logging.getLogger(__name__)

OUTCOMES = "OUTCOMES#"
KEPT = timedelta(days=400)
"""How long outcomes are kept; scores look back eight weeks."""
TRIES = 8
NONSENSE = (ValueError, KeyError, TypeError, IndexError, AttributeError)
"""What measuring a rendition raises that is nobody's passing trouble: trying again would not help."""
PAUSE = timedelta(milliseconds=40)


@dataclass(frozen=True, slots=True)
class Entry:
    """A target's outcome as of one write of its row; None where it had none any more."""

    rev: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The targets of one account that were due on one day."""

    targets: dict[str, Entry] = field(default_factory=dict)


def key(workspace_id: str, account_id: str, due: datetime) -> Key:
    """Where the outcomes of the targets of that day lie."""
    return Key(engaged.pk(workspace_id, account_id), f"{OUTCOMES}{due.astimezone(UTC):%Y-%m-%d}")


def since(world: World, workspace_id: str, account_id: str, first: datetime) -> list[Outcome]:
    """The account's outcomes of targets due since the day of an instant. A row that makes no sense is left out."""
    begin = key(workspace_id, account_id, first - timedelta(days=1))
    days = map(_known, world.table.items(begin.pk, OUTCOMES, after=begin.sk))
    found = [entry.outcome for day in days for entry in day.values() if entry.outcome]
    return [one for one in found if one.due >= first]


def began(world: World, workspace_id: str, account_id: str) -> datetime | None:
    """When the first target was due of which anything is kept; None where there is none."""
    first = world.table.items(engaged.pk(workspace_id, account_id), OUTCOMES, limit=1)
    return min(
        (entry.outcome.due for day in map(_known, first) for entry in day.values() if entry.outcome), default=None
    )


def keep(world: World, changes: Sequence[Change]) -> None:
    """Keep what became of the targets that have changed, and have their workspaces scored.

    Raises Unavailable where somebody else keeps writing the same day. What makes no sense, or is more than a day can
    hold, is logged and left out: the stream is publishing's messenger first, and must not be held up by what scores are
    made of.
    """
    days: dict[Key, dict[str, Entry]] = defaultdict(dict)
    reading = Reading(world)
    for change in changes:
        try:
            for place, target_id, entry in reading.entries(change):
                days[place][target_id] = entry
        except NONSENSE:
            log.exception("outcome_unreadable", extra={"item": change.new.key.sk if change.new else ""})
    for place, entries in days.items():
        try:
            _write(world, place, entries)
        except Unaffordable:
            log.exception("outcomes_too_many", extra={"item": f"{place.pk} {place.sk}"})
    for workspace_id in sorted({engaged.workspace_in(place) for place in days}):
        agenda.mark(world, workspace_id)


def _known(item: Item) -> dict[str, Entry]:
    """What is kept of a day; nothing where its row makes no sense, so that it is written anew."""
    try:
        return records.from_doc(Outcomes, item.doc).targets
    except ValueError:
        log.exception("outcomes_unreadable", extra={"item": f"{item.key.pk} {item.key.sk}"})
        return {}


@dataclass
class Reading:
    """What the changes of one batch need to know, read once for all of them."""

    world: World
    posts: dict[tuple[str, str], Post | None] = field(default_factory=dict)
    kits: dict[str, Kit] = field(default_factory=dict)

    def entries(self, change: Change) -> Iterator[tuple[Key, str, Entry]]:
        """What a change makes of which day: where it belongs, the target, and its entry."""
        if change.new is None or not change.new.key.sk.startswith(records.TARGET_PREFIX):
            return
        new = records.target_of(change.new)
        old = records.target_of(change.old) if change.old else None
        was, is_ = (one is not None and one.state in TERMINAL for one in (old, new))
        if old and was and old.scheduled_at and _day(old) != _day(new):
            yield key(old.workspace_id, old.account_id, old.scheduled_at), old.id, Entry(change.new.rev, None)
        if new.scheduled_at and (is_ or was) and not new.answers:
            made = self._outcome(new) if is_ else None
            yield key(new.workspace_id, new.account_id, new.scheduled_at), new.id, Entry(change.new.rev, made)

    def _outcome(self, target: Target) -> Outcome | None:
        """What became of a target, with how much of its post arrived, as far as that can be measured."""
        if target.state not in (State.PUBLISHED, State.REMOVED):
            return outcome(target)
        post = self._post(target.workspace_id, target.post_id)
        if post is None:
            return outcome(target)
        try:
            return outcome(target, post.source_event_at, self._message(target, post))
        except NONSENSE:
            log.exception("not_measured", extra={"target": target.id})
            return outcome(target)

    def _message(self, target: Target, post: Post) -> Message | None:
        rendition = self.world.table.get(records.rendition_key(records.of(target)))
        if rendition is None:
            return None
        from chalicelib.core.scores.message import measure  # which few changes need

        if target.workspace_id not in self.kits:
            self.kits[target.workspace_id] = brand.of(self.world, target.workspace_id)
        return measure(post.content, records.rendition_of(rendition), self.kits[target.workspace_id])

    def _post(self, workspace_id: str, post_id: str) -> Post | None:
        """The post of a target; None where it is not there, or makes no sense."""
        place = workspace_id, post_id
        if place not in self.posts:
            try:
                self.posts[place] = records.load_post(self.world.table, *place)
            except (NotFound, *NONSENSE):
                log.warning("post_unreadable", extra={"post": post_id})
                self.posts[place] = None
        return self.posts[place]


def _day(target: Target) -> str:
    return stamp(target.scheduled_at)[:10] if target.scheduled_at else ""


def _write(world: World, place: Key, entries: dict[str, Entry]) -> None:
    for _ in range(TRIES):
        item = world.table.get(place)
        known = _known(item) if item else {}
        newer = {id: entry for id, entry in entries.items() if id not in known or known[id].rev < entry.rev}
        if not newer:
            return
        changed = Outcomes({**known, **newer})
        rev, until = item.rev if item else 0, world.clock.now() + KEPT
        try:
            world.table.write(Put(Item(place, records.to_doc(changed), rev=rev, expires=until), expect=rev))
            return
        except Stale:
            world.clock.sleep_until(world.clock.now() + PAUSE * (1 + world.chance.fraction()))
    raise Unavailable("somebody else keeps writing the same day")
