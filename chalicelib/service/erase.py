"""Erase a person: what they wrote, and what stands for them, from everything that is kept of an account.

It is a message on the queue of engagement that walks the account's rows, some at a time, and sends the next message
before it is done itself. It may be done twice, or from the middle: what is erased is left alone. It is done again after
a while, for what a worker was writing that had begun before anybody knew of it.
"""

import dataclasses
import json
from collections.abc import Iterable, Iterator

from chalicelib.core.errors import Stale, Unavailable
from chalicelib.core.timing import stamp
from chalicelib.ports import Delete, Heard, Item, Put, World
from chalicelib.service import engaged, waits
from chalicelib.service.ingest import ERASE
from chalicelib.service.people import Trace

AGAIN = 300
"""Seconds; no function that counts or answers runs so long."""
PAGE = 100
MOST = 1000
"""Rows that one message looks at."""
TRIES = 5
PREFIXES = (engaged.MINUTE, engaged.PEOPLE, engaged.THING)
"""The rows that know of people, in order; words lie beside their item and go with it."""


def start(world: World, workspace_id: str, account_ids: Iterable[str], trace: Trace) -> None:
    """Have somebody erased from these accounts, now and once more."""
    for account_id in account_ids:
        first = _message(world, workspace_id, account_id, trace)
        world.heard.send([(first, 0.0), (first, float(AGAIN))])


def go_on(world: World, heard: Heard) -> None:
    """Erase somebody from the next rows."""
    about = json.loads(heard.headers)
    trace = Trace(about["person"], about["name"])
    for seen, item in enumerate(rows(world, heard.workspace_id, heard.account_id, about["after"]), 1):
        _erase(world, item, trace)
        if seen == MOST:
            following = _message(world, heard.workspace_id, heard.account_id, trace, item.key.sk)
            world.heard.send([(following, 0.0)])
            return


def rows(world: World, workspace_id: str, account_id: str, after: str = "") -> Iterator[Item]:
    """An account's rows that know of people, in order, behind that sort key."""
    pk = engaged.pk(workspace_id, account_id)
    for prefix in PREFIXES:
        if after > prefix and not after.startswith(prefix):
            continue
        page: list[Item] = []
        behind = after if after.startswith(prefix) else ""
        while page := world.table.items(pk, prefix, limit=PAGE, after=behind):
            yield from page
            behind = page[-1].key.sk


def knows(item: Item, trace: Trace) -> bool:
    """Whether a row knows of somebody."""
    if item.key.sk.startswith(engaged.MINUTE):
        return any(event["actor"] == trace.person for event in item.doc["events"])
    if item.key.sk.startswith(engaged.PEOPLE):
        return trace.person in item.doc["people"]
    return bool(item.doc["actor"] == trace.person or item.doc["thing"] == trace.name)


def _erase(world: World, item: Item | None, trace: Trace) -> None:
    for _ in range(TRIES):
        if item is None or not knows(item, trace):
            return
        try:
            world.table.write(*_without(world, item, trace.person))
            return
        except Stale:
            item = world.table.get(item.key)
    raise Unavailable("somebody else keeps writing this")


def _without(world: World, item: Item, person: str) -> list[Put | Delete]:
    """The row without the person: events stay and are nobody's; what was said goes as a whole, with its words."""
    if item.key.sk.startswith(engaged.THING):
        said = engaged.inbox_of(item)
        nobody_waits = waits.puts(world, engaged.workspace_in(item.key), said, said.removed(world.clock.now()))
        return [Delete(item.key, expect=item.rev), Delete(engaged.words_key(item.key)), *nobody_waits]
    if item.key.sk.startswith(engaged.PEOPLE):
        left = {**item.doc, "people": [one for one in item.doc["people"] if one != person]}
        return [Put(dataclasses.replace(item, doc=left), expect=item.rev)]
    events = [
        {**event, "actor": None, "thing": None} if event["actor"] == person else event for event in item.doc["events"]
    ]
    return [Put(dataclasses.replace(item, doc={**item.doc, "events": events}), expect=item.rev)]


def _message(world: World, workspace_id: str, account_id: str, trace: Trace, after: str = "") -> Heard:
    about = json.dumps({**trace._asdict(), "after": after})
    return Heard(workspace_id, account_id, ERASE, stamp(world.clock.now()), about, "")
