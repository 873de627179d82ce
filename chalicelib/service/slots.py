"""The next free slot of a plan, given to one post and to no other.

A post takes its slot in the same transaction in which it is written: the row of the slot's instant names who was given
it, and is written on condition that nobody else was meanwhile. Nobody gives a slot back: it is free again as soon as
the posts that it was given to are no longer due then (deleted, cancelled, moved).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.plan import Plan
from chalicelib.core.planning import occurrences
from chalicelib.core.target import State
from chalicelib.core.timing import stamp
from chalicelib.ports import Found, Item, Key, Put, World
from chalicelib.service import reading, records
from chalicelib.service.plan import Plans
from chalicelib.service.reading import Whole

NOTICE = timedelta(seconds=60)
"""A slot nearer than this is not given any more."""
FARTHEST = timedelta(days=90)
"""How far ahead a free slot is looked for."""
AT_ONCE = 25
"""Slots looked at together."""
PAGE = 500
"""Rows of the index read at once."""
EVERYBODY = ""
"""Who owns the slots of the workspace's plan."""
GIVEN_UP = frozenset({State.CANCELLED, State.REMOVED, State.SKIPPED, State.MISSED})
"""States of a target that is not going out at its time."""


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A slot that nobody has, when it was looked at."""

    at: datetime
    row: Item
    """As it is stored, with those of its posts that still stand; rev 0 where it is not."""

    def given_to(self, post_id: str) -> Put:
        """The write that gives it to a post, unless somebody was faster."""
        posts = [*self.row.doc["post_ids"], post_id]
        expires = self.at + timedelta(days=1)
        return Put(Item(self.row.key, {"post_ids": posts}, expires=expires), expect=self.row.rev)


def plan_for(plans: Plans, account_ids: frozenset[str]) -> Plan:
    """Whose slots a post to these accounts takes: the workspace's, or the own plan that all of them have alike."""
    return _own_plan(plans, account_ids) or plans.plan()


def next_free(world: World, workspace_id: str, account_ids: Iterable[str], now: datetime) -> FreeSlot | None:
    """The next free slot for a post to these accounts; None where there is none within `FARTHEST`.

    One is free where no post is due at that very instant that needs it, too: of the workspace's plan, or on one of the
    same accounts. That holds for a post with a time of its own as well.
    """
    plans, account_ids = Plans.of(world, workspace_id), frozenset(account_ids)
    plan = plan_for(plans, account_ids)
    if not plan.slots:
        return None
    needed = _owners(plans, account_ids)
    instants = [one.at for one in occurrences(plan, now + NOTICE, now + FARTHEST)]
    for start in range(0, len(instants), AT_ONCE):
        for at, row, standing in _looked_at(world, workspace_id, instants[start : start + AT_ONCE]):
            if all(needed.isdisjoint(_owners(plans, _due_then(whole, at))) for whole in standing):
                kept = [one for one in row.doc["post_ids"] if one in {whole.post.id for whole in standing}]
                return FreeSlot(at, Item(row.key, {"post_ids": kept}, rev=row.rev))
    return None


def _owners(plans: Plans, account_ids: frozenset[str]) -> frozenset[str]:
    """Whose slots a post to these accounts fills: those accounts', and everybody's unless it goes by an own plan."""
    return account_ids if _own_plan(plans, account_ids) else account_ids | {EVERYBODY}


def _own_plan(plans: Plans, account_ids: frozenset[str]) -> Plan | None:
    own = [plans.own(account_id) for account_id in account_ids]
    return own[0] if own and all(each == own[0] for each in own) else None


def _due_then(whole: Whole, at: datetime) -> frozenset[str]:
    """The accounts on which a post is going out at an instant."""
    return frozenset(one.account_id for one in whole.targets if one.scheduled_at == at and one.state not in GIVEN_UP)


def _looked_at(
    world: World, workspace_id: str, instants: list[datetime]
) -> Iterator[tuple[datetime, Item, list[Whole]]]:
    """Each instant with its row and the posts that are due then: those it was given to, and any others."""
    keys = [Key(f"SLOTS#{workspace_id}", stamp(at)) for at in instants]
    rows = {item.key: item for item in world.table.get_many(keys)}
    listed = _listed(world, workspace_id, instants)
    named = {key: [*rows[key].doc["post_ids"]] if key in rows else [] for key in keys}
    found = reading.wholes(world, workspace_id, [one for ids in (*named.values(), *listed.values()) for one in ids])
    for at, key in zip(instants, keys, strict=True):
        there = [found[one] for one in dict.fromkeys([*named[key], *listed.get(at, ())]) if one in found]
        yield at, rows.get(key) or Item(key, {"post_ids": []}), [one for one in there if _due_then(one, at)]


def _listed(world: World, workspace_id: str, instants: list[datetime]) -> dict[datetime, list[str]]:
    """Posts by the instant at which they are due, as the index has it."""
    at, found = {stamp(one): one for one in instants}, dict[datetime, list[str]]()
    pk, first, last = records.workspace_pk(workspace_id), stamp(instants[0]), f"{stamp(instants[-1])}\uffff"
    rows = world.table.listed(pk, start=first, end=last, limit=PAGE)
    while rows:
        for row in rows:
            if due := at.get(_time(row)):
                found.setdefault(due, []).append(reading.post_named(row))
        more = len(rows) == PAGE
        rows = world.table.listed(pk, start=first, end=last, limit=PAGE, after=rows[-1]) if more else []
    return found


def _time(row: Found) -> str:
    return row.at.sk.partition("#")[0]
