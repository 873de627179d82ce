"""The inbox: who waits for an answer, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.core.errors import Conflict, NotFound, Stale, Unavailable
from chalicelib.core.inbox import InboxItem, Response, State, response
from chalicelib.core.target import Target
from chalicelib.ports import Found, Item, Key, Put, World
from chalicelib.service import agenda, business_hours, engaged, reading, waits
from chalicelib.service.people import People
from chalicelib.service.reading import Page

TRIES = 5
PAUSE = timedelta(milliseconds=40)


@dataclass(frozen=True, slots=True)
class Shown:
    """An item, and how it stands against the workspace's hours."""

    item: InboxItem
    response: Response
    target: timedelta
    """How much open time an answer may take."""


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Which items are wanted."""

    state: State = "waiting"
    account_id: str | None = None
    platform: str | None = None

    def takes(self, item: InboxItem) -> bool:
        """Whether the item is wanted: what the index says of its state may be a moment old."""
        return (
            item.state == self.state
            and self.account_id in (None, item.account_id)
            and self.platform in (None, item.platform)
        )


def items(
    world: World, workspace_id: str, wanted: InboxFilter, limit: int = 20, cursor: str | None = None
) -> Page[Shown]:
    """The wanted items: those that wait from the longest wait on, the others from the latest on."""
    pk, data, scanned = engaged.inbox_pk(workspace_id, wanted.state), list[Shown](), 0
    after, newest_first = reading.behind(cursor, pk), wanted.state != "waiting"
    show = _showing(world, workspace_id)
    while scanned < reading.SCANNED:
        rows = world.table.listed(pk, limit=50, after=after, reverse=newest_first)
        for found, row in zip(_items(world, rows), rows, strict=True):
            after, scanned = row, scanned + 1
            if found and wanted.takes(found):
                data.append(show(found))
                if len(data) == limit:
                    return Page(data, reading.cursor_at(row))
        if not rows:
            return Page(data)
    return Page(data, reading.cursor_at(after) if after else None)


def item(world: World, workspace_id: str, item_id: str) -> Shown:
    """One item; NotFound where this workspace has none of that id, or has it no more."""
    return _showing(world, workspace_id)(_whole(world, _row(world, workspace_id, item_id)))


def dismiss(world: World, workspace_id: str, item_id: str) -> Shown:
    """Say that it needs no answer; twice is once. Conflict, with the state, where it does not wait."""

    def moved(found: InboxItem) -> InboxItem:
        if found.state not in ("waiting", "dismissed"):
            raise Conflict(f"it is {found.state}: nobody waits", "not_waiting", found.state)
        return found.dismissed(world.clock.now()) if found.state == "waiting" else found

    return _showing(world, workspace_id)(_change(world, workspace_id, item_id, moved))


def answered(world: World, target: Target, item_id: str) -> None:
    """An answer of ours is out: the clock stops. Raises Stale where somebody writes the item at that moment.

    The network's own word of the same answer has its id, and is recognised by that; what it answers may be forgotten.
    """
    at = target.platform_at or target.published_at
    row = _found(world, target.workspace_id, item_id)
    if row is None or at is None:
        return
    before = engaged.inbox_of(row)
    after = before.spoke(at, "us", target.platform_post_id or target.id)
    if after != before:
        world.table.write(*_puts(world, target.workspace_id, row, before, after))
        agenda.mark(world, target.workspace_id)


def _change(world: World, workspace_id: str, item_id: str, move: Callable[[InboxItem], InboxItem]) -> InboxItem:
    for _ in range(TRIES):
        row = _row(world, workspace_id, item_id)
        before = _whole(world, row)
        after = move(before)
        try:
            if after != before:
                world.table.write(*_puts(world, workspace_id, row, before, after))
                agenda.mark(world, workspace_id)
            return after
        except Stale:
            world.clock.sleep_until(world.clock.now() + PAUSE * (1 + world.chance.fraction()))
    raise Unavailable("somebody else keeps writing the same item")


def _puts(world: World, workspace_id: str, row: Item, before: InboxItem, after: InboxItem) -> list[Put]:
    """The writes of a changed item; its words stay as they are, and so does their end."""
    item = engaged.inbox_item(workspace_id, after, row.rev, world.clock.now())
    return [Put(item, expect=row.rev), *waits.puts(world, workspace_id, before, after)]


def _row(world: World, workspace_id: str, item_id: str) -> Item:
    row = _found(world, workspace_id, item_id)
    if row is None or engaged.inbox_of(row).kind is None:
        raise NotFound(f"there is no item {item_id} in the inbox")
    return row


def _found(world: World, workspace_id: str, item_id: str) -> Item | None:
    key = engaged.inbox_key(workspace_id, item_id)
    row = world.table.get(key) if key else None
    return row if row and _is_kept(world, row) else None


def _whole(world: World, row: Item) -> InboxItem:
    """The item in a row, with what they wrote."""
    return engaged.inbox_of(row, engaged.words_of(world.table.get(engaged.words_key(row.key)), world.clock.now()))


def _items(world: World, rows: list[Found]) -> list[InboxItem | None]:
    """The items of index rows with what they wrote, in their order; None for one that is gone."""
    keys, now = [row.key for row in rows], world.clock.now()
    found = {item.key: item for item in world.table.get_many([*keys, *map(engaged.words_key, keys)])}

    def whole(key: Key) -> InboxItem | None:
        row, words = found.get(key), engaged.words_of(found.get(engaged.words_key(key)), now)
        return engaged.inbox_of(row, words) if row and _is_kept(world, row) else None

    return [whole(key) for key in keys]


def _is_kept(world: World, row: Item) -> bool:
    return row.expires is None or row.expires > world.clock.now()


def _showing(world: World, workspace_id: str) -> Callable[[InboxItem], Shown]:
    """What shows an item, by the workspace's hours as they are now."""
    hours, now, people = business_hours.of(world, workspace_id), world.clock.now(), People.of(world, workspace_id)
    return lambda found: Shown(people.plain(found), response(found, hours, now), hours.target)
