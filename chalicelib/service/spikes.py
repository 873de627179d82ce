"""Watch how often people address an account; a spike is told, measured, and may hold the account's posts.

W#<workspace>             SPIKE_RULE    what the workspace calls a spike, and what is to be done about one
E#<workspace>#<account>   SPIKE         the latest: its row's change in the table's stream tells the webhooks
"""

import logging
from datetime import date, timedelta
from statistics import median
from typing import Annotated

from pydantic import Field

from chalicelib.core import spikes
from chalicelib.core.account import Account
from chalicelib.core.day import hour_of
from chalicelib.core.errors import Stale
from chalicelib.core.post import Value
from chalicelib.core.spikes import Rule, Spike
from chalicelib.core.timing import milliseconds
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import brakes, engaged, journal, records

log = logging.getLogger(__name__)

BY = "rule_spike"
"""Who holds an account where this rule does."""
DAYS_PREFIX = "DAY#"


class NewRule(Value):
    """What a spike is: at least `minimum` in an hour, and `factor` times what is usual at that time of day."""

    hold: bool
    factor: Annotated[float, Field(ge=2, le=100, allow_inf_nan=False)] = Rule().factor
    minimum: Annotated[int, Field(ge=spikes.LEAST, le=1_000_000)] = Rule().minimum


def rule(world: World, workspace_id: str) -> Rule:
    """The workspace's rule; where it has made none, spikes are told and hold nothing."""
    item = world.table.get(_rule_key(workspace_id))
    return records.from_doc(Rule, item.doc) if item else Rule()


def change(world: World, workspace_id: str, new: NewRule) -> Rule:
    """Keep the workspace's rule."""
    made = Rule(new.hold, new.factor, new.minimum)
    world.table.write(Put(Item(_rule_key(workspace_id), records.to_doc(made)), expect=None))
    return made


def watch(world: World, account: Account, count: int) -> None:
    """Look at an account after people addressed it, `count` times in this hour. Whatever fails here fails alone: what
    was counted stays so."""
    if count < spikes.LEAST:
        return
    try:
        _look(world, account, count)
    except Exception:
        log.exception("spike_not_seen", extra={"account": account.id})


def _look(world: World, account: Account, count: int) -> None:
    now, place = milliseconds(world.clock.now()), engaged.spike_key(account.workspace_id, account.id)
    found = {item.key: item for item in world.table.get_many([_rule_key(account.workspace_id), place])}
    made, last = found.get(_rule_key(account.workspace_id)), found.get(place)
    asked = records.from_doc(Rule, made.doc) if made else Rule()
    if count < asked.minimum or not spikes.is_over(engaged.spike_of(last) if last else None, now):
        return
    used_to = _used_to(world, account)
    if not used_to or count < (bound := spikes.bound(used_to, asked)):
        return
    usual = float(median(used_to))
    spike = Spike(now, account.id, account.platform, hour_of(now), count, usual, bound, asked.hold)
    if asked.hold:  # first, so that whoever dies here leaves no spike that is told and holds nothing
        brakes.hold(world, account.workspace_id, BY, account.id, _reason(spike))
    rev = last.rev if last else 0
    try:
        world.table.write(Put(engaged.spike_item(account.workspace_id, spike, rev), expect=rev))
    except Stale:
        return  # somebody else saw it, and tells
    journal.line("engagement.spike", workspace=account.workspace_id, account=account.id, count=count, bound=bound)


def _used_to(world: World, account: Account) -> list[int]:
    """The counts that this hour is compared with."""
    now, place = world.clock.now(), engaged.pk(account.workspace_id, account.id)
    oldest = world.table.items(place, DAYS_PREFIX, limit=1)
    known_since = date.fromisoformat(oldest[0].key.sk.removeprefix(DAYS_PREFIX)) if oldest else now.date()
    before = now.date() - timedelta(days=spikes.DAYS + 2)
    days = world.table.items(place, DAYS_PREFIX, after=f"{DAYS_PREFIX}{before}")
    voices = {hour: count for item in days for hour, count in engaged.day_of(item).voices.items()}
    return spikes.compared(voices, now, known_since)


def _reason(spike: Spike) -> str:
    return f"people addressed it {spike.count} times in the hour {spike.hour} UTC; {spike.usual:g} is usual"


def _rule_key(workspace_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), "SPIKE_RULE")
