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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from chalicelib.callbacks import callbacks
from chalicelib.callbacks.base import Told
from chalicelib.core.account import Account
from chalicelib.core.engagement import sound
from chalicelib.core.errors import Stale, Unavailable
from chalicelib.core.timing import instant
from chalicelib.ports import Heard, Key, World
from chalicelib.service import agenda, connect, journal, removal, shares, spikes, vitals
from chalicelib.service.people import People
from chalicelib.service.sheet import Event, Sheet, happened, keys_of

log = logging.getLogger(__name__)

ERASE = "erase"
"""The `network` of a message that has a person erased, see `service/erase.py`."""
MOST_ROWS = 90
"""Rows of one write; a transaction takes a hundred."""
TRIES = 12
PAUSE = timedelta(milliseconds=40)


def ingest(world: World, messages: Mapping[str, Heard]) -> list[str]:
    """Count what the messages say; the ids of those that could not be read or counted, to be brought again.

    What of such a message was counted stays so, and is recognised when it comes again.
    """
    failed = set[str]()
    by_account: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for id, heard in messages.items():
        if heard.network == ERASE:
            failed |= _erased(world, id, heard)
            continue
        events, unreadable = read(id, heard)
        by_account[heard.workspace_id, heard.account_id] += events
        failed |= {id} if unreadable else set()
    for (workspace_id, account_id), events in by_account.items():
        failed |= _of_account(world, workspace_id, account_id, events)
    vitals.heard(world, [one for one in messages.values() if one.network != ERASE], len(failed))
    return sorted(failed)


def _erased(world: World, id: str, heard: Heard) -> set[str]:
    from chalicelib.service import erase  # seldom asked for

    try:
        erase.go_on(world, heard)
    except Exception:
        log.exception("not_erased", extra={"account": heard.account_id})
        return {id}
    return set()


def read(id: str, heard: Heard) -> tuple[list[Event], int]:
    """The events of a message, and how many of them made no sense."""
    unreadable, events = 0, list[Event]()
    try:
        how, at = callbacks(heard.network), instant(heard.at)
        told = Told(zlib.decompress(b64decode(heard.body)), json.loads(heard.headers), at)
        found = list(how.events(told))
    except Exception:  # whatever it is, it must not be in the way of the other messages
        log.warning("callback_unreadable", extra={"network": heard.network, "account": heard.account_id})
        return [], 1
    for one in found:
        try:
            events += [Event(id, "callback", at, sound(seen)) for seen in how.read(one, told)]
        except Exception:
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
            failed |= _counted(world, owner, chunk)
    return failed


def _counted(world: World, owner: Account, events: list[Event]) -> set[str]:
    """Count events, in halves where they do not go together; the messages of those that cannot be counted."""
    try:
        for event in events:
            shares.finish(world, owner, event.seen, happened(event))
        sheet = count(world, owner, events)
        _say(owner, sheet)
        spikes.watch(world, owner, sheet.voices)
        if sheet.things:
            agenda.mark(world, owner.workspace_id)
    except Unavailable:
        log.warning("not_counted_now", extra={"account": owner.id, "events": len(events)})
        return {event.message for event in events}
    except Exception:
        if len(events) == 1:
            log.exception("not_counted", extra={"account": owner.id})
            return {events[0].message}
        half = len(events) // 2
        return _counted(world, owner, events[:half]) | _counted(world, owner, events[half:])
    return set()


def _say(owner: Account, sheet: Sheet) -> None:
    """A line for each post of ours that was written, however many events there were."""
    for post, kinds in sheet.told():
        names = {"workspace": owner.workspace_id, "post": post.post_id, "target": post.target_id}
        journal.line("counted", **names, trace_id=post.trace_id, account=owner.id, kinds=dict(kinds))


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
        more = keys_of(workspace_id, owner, event)
        if chunk and len(rows | more) > MOST_ROWS:
            yield chunk
            chunk, rows = [], set()
        chunk.append(event)
        rows |= more
    if chunk:
        yield chunk


def count(world: World, owner: Account, events: Sequence[Event]) -> Sheet:
    """Count events of one account in one write. Raises Unavailable where somebody else always writes first."""
    people = People.of(world, owner.workspace_id)
    masked = [dataclasses.replace(event, seen=people.masked(event.seen)) for event in events]
    keys = set[Key]().union(*(keys_of(owner.workspace_id, owner, event) for event in masked))
    for _ in range(TRIES):
        sheet = Sheet.of(world, owner, keys)
        for event in masked:
            sheet.take(event, people)
        try:
            removal.mark(world, owner.workspace_id, sheet.gone)
            if writes := sheet.writes():
                world.table.write(*writes)
            return sheet
        except Stale:
            world.clock.sleep_until(world.clock.now() + PAUSE * (1 + world.chance.fraction()))
    raise Unavailable("somebody else keeps counting the same")
