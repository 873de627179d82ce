"""What is kept of people: for how long, everything about one of them, and nothing any more."""

import dataclasses
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from chalicelib.core.engagement import Engagement
from chalicelib.core.errors import Conflict, Invalid, Issue, Stale
from chalicelib.core.event_log import KEPT
from chalicelib.core.post import Line, Value
from chalicelib.core.privacy import MOST_TEXT_DAYS, Privacy
from chalicelib.ports import Item, Put, World
from chalicelib.service import connect, engaged, erase, records
from chalicelib.service.people import People, Trace
from chalicelib.service.reading import Page

TRIES = 5
EXPORTED = 500
"""Rows that one page of an export looks at."""


class PrivacySettings(Value):
    """For how many days what people wrote is kept; a network may allow less, LinkedIn a day."""

    text_days: int = Field(ge=1, le=MOST_TEXT_DAYS)


class Person(Value):
    """Somebody on a network, by the network's own id of them."""

    platform: Line
    actor_id: Line


class PersonPage(Person):
    """Somebody, and behind which page of what is kept of them."""

    cursor: Line | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is kept about a person: what they did, what they said, or that they were there on a day."""

    what: str
    account_id: str
    document: dict[str, Any]


def settings(world: World, workspace_id: str) -> Privacy:
    """What the workspace wants kept."""
    return engaged.privacy_of(world.table.get(engaged.privacy_key(workspace_id)))


def change(world: World, workspace_id: str, new: PrivacySettings) -> Privacy:
    """Keep texts that come from now on as long as that."""
    return _write(world, workspace_id, text_days=new.text_days)


def forget(world: World, workspace_id: str, person: Person) -> list[str]:
    """Erase somebody from all accounts on their network, also former ones, and keep out what comes late.

    Gives the accounts. The erasing itself is done by messages, within minutes.
    """
    people = People.of(world, workspace_id)
    trace = people.trace(person.platform, person.actor_id)
    accounts = account_ids(world, workspace_id, person.platform)
    _write(world, workspace_id, erased=people.mark(trace.person))
    erase.start(world, workspace_id, accounts, trace)
    return accounts


def export(world: World, workspace_id: str, person: PersonPage) -> Page[Kept]:
    """What is kept about somebody, page by page; a page may be empty and still have a next one."""
    people = People.of(world, workspace_id)
    trace = people.trace(person.platform, person.actor_id)
    begin, after = _cursor(person.cursor)
    found, seen = list[Kept](), 0
    for account_id in account_ids(world, workspace_id, person.platform):
        if account_id < begin:
            continue
        for item in erase.rows(world, workspace_id, account_id, after if account_id == begin else ""):
            found += _kept(world, people, item, account_id, trace)
            seen += 1
            if seen == EXPORTED:
                place = json.dumps([account_id, item.key.sk]).encode()
                return Page(found, urlsafe_b64encode(place).decode())
    return Page(found)


def account_ids(world: World, workspace_id: str, platform: str) -> list[str]:
    """All accounts that the workspace has on a network, or had, in order."""
    former = world.table.items(records.workspace_pk(workspace_id), records.FORMER_PREFIX)
    gone = {one.key.sk.removeprefix(records.FORMER_PREFIX) for one in former if one.doc["platform"] == platform}
    return sorted(gone | {one.id for one in connect.of_platform(world, workspace_id, platform)})


def _write(world: World, workspace_id: str, *, text_days: int | None = None, erased: str = "") -> Privacy:
    now = world.clock.now()
    for _ in range(TRIES):
        item = world.table.get(engaged.privacy_key(workspace_id))
        before = engaged.privacy_of(item)
        known = {mark: at for mark, at in before.erased.items() if at > now - KEPT}
        after = Privacy(text_days or before.text_days, {**known, **({erased: now} if erased else {})})
        key, rev = engaged.privacy_key(workspace_id), item.rev if item else 0
        try:
            world.table.write(Put(Item(key, records.to_doc(after)), expect=rev))
            return after
        except Stale:
            continue
    raise Conflict("somebody else keeps changing this", "busy")


def _kept(world: World, people: People, item: Item, account_id: str, trace: Trace) -> list[Kept]:
    if (item.expires and item.expires <= world.clock.now()) or not erase.knows(item, trace):
        return []
    if item.key.sk.startswith(engaged.PEOPLE):
        return [Kept("day", account_id, {"date": item.key.sk.removeprefix(engaged.PEOPLE)})]
    if item.key.sk.startswith(engaged.MINUTE):
        theirs = [one for one in engaged.log_of(item).events if one.actor == trace.person]
        return [Kept("event", account_id, _event(one)) for one in theirs]
    words = engaged.words_of(world.table.get(engaged.words_key(item.key)), world.clock.now())
    said = people.plain(engaged.inbox_of(item, words))
    return [Kept("said", account_id, records.to_doc(said))]


def _event(event: Engagement) -> dict[str, Any]:
    return records.to_doc(dataclasses.replace(event, thing=None))


def _cursor(cursor: str | None) -> tuple[str, str]:
    if cursor is None:
        return "", ""
    try:
        account_id, after = json.loads(urlsafe_b64decode(cursor))
        return str(account_id), str(after)
    except (ValueError, TypeError) as broken:
        raise Invalid([Issue("invalid_cursor", "error", "cursor", "is not a cursor that we gave")]) from broken
