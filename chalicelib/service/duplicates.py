"""The audit for duplicates: a day after a post went out, its network is asked what it has that says the same.

What is there twice and belongs to no target of ours is a duplicate: of ours, or by somebody's hand. It is told and
counted, and taken back by nobody but a person. `measure` comes by at a post's turn anyway; networks whose lists say
enough for this are `audited`.

W#<workspace>             AUDITED#<account>       how many audits its network was asked for on that day
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.core.account import Account
from chalicelib.core.conversation import Job
from chalicelib.core.errors import Stale
from chalicelib.core.followed import POLLS, Followed
from chalicelib.core.target import Target, noted
from chalicelib.core.timing import stamp
from chalicelib.platforms.base import Platform
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import audit, connect, records, vitals
from chalicelib.service.records import TargetKey

TURN = timedelta(days=1)
"""Which of `POLLS` brings the audit: late enough for a network's slowest list, early enough to mend."""
MOST_A_DAY = 24
"""Audits of one account that its network is asked for in a day (UTC); each is a list of a few pages at most."""
AROUND = timedelta(hours=1)
"""How much earlier another target may have been due whose post could be the one that is found."""
MOST_TARGETS = 500
"""Targets of an account since then; where there are more, nobody could tell whose is whose."""
WORD = "duplicate_found"


@dataclass(frozen=True, slots=True)
class Audits:
    """How often an account's network was asked on a day (ISO date)."""

    day: str
    count: int = 0


def is_due(network: Platform, post: Followed) -> bool:
    """Whether the turn that a post has now brings its audit."""
    due = post.published_at + POLLS[post.polled] if post.published_at and post.polled < len(POLLS) else None
    first = post.part == 0 and post.post_id is not None and post.target_id is not None
    return network.audited and first and due is not None and due - TURN == post.published_at


def look(world: World, network: Platform, account: Account, post: Followed) -> list[str]:
    """Ask what is there of a post; the network's ids of what should not be. What a network may refuse is raised."""
    at = TargetKey(account.workspace_id, post.post_id or "", post.target_id or "")
    target = records.load_target(world.table, at)
    row = world.table.get(records.rendition_key(at))
    if row is None or target.scheduled_at is None or not target.part_ids or not _may_ask(world, account):
        return []
    job = Job(at.target_id, target.scheduled_at, records.rendition_of(row), account)
    there = connect.converse(world, network.copies(job))
    others = list(_others(world, target))
    ours = {part for one in (target, *others) for part in one.part_ids}
    found = [one for one in there if one not in ours]
    unknown = any(one.creates and not one.part_ids for one in others)  # one of these may be what was found
    vitals.audited(world, target)
    if found and not unknown and len(others) < MOST_TARGETS:
        _tell(world, target, found)
        return found
    return []


def _may_ask(world: World, account: Account) -> bool:
    """Take one of the day's audits, where one is left."""
    key = Key(records.workspace_pk(account.workspace_id), f"AUDITED#{account.id}")
    day, item = f"{world.clock.now():%Y-%m-%d}", world.table.get(key)
    before = records.from_doc(Audits, item.doc) if item else Audits(day)
    asked = before.count if before.day == day else 0
    if asked >= MOST_A_DAY:
        return False
    try:
        world.table.write(Put(Item(key, records.to_doc(Audits(day, asked + 1))), expect=item.rev if item else 0))
    except Stale:
        return False
    return True


def _others(world: World, target: Target) -> Iterator[Target]:
    """The account's other targets that were due since a little before this one."""
    pk = records.account_pk(target.workspace_id, target.account_id)
    start = stamp((target.scheduled_at or world.clock.now()) - AROUND)
    found = world.table.listed(pk, start=start, end=f"{stamp(world.clock.now())}\uffff", limit=MOST_TARGETS)
    for item in world.table.get_many([row.key for row in found]):
        other = records.target_of(item)
        if other.id != target.id:
            yield other


def _tell(world: World, target: Target, found: list[str]) -> None:
    """Write it into the target's timeline, of which the webhooks hear; once."""
    said = ", ".join(sorted(found))
    if any(event.type == WORD and event.detail == said for event in target.events):
        return
    world.table.write(records.put_target(noted(target, world.clock.now(), WORD, said)))
    vitals.duplicated(world, target, len(found))
    audit.record(world, target.workspace_id, audit.DUPLICATE, (target.id, target.post_id, target.account_id))
