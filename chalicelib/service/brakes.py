"""Holds, account limits and circuit breakers: read before a claim, kept beside the accounts they are about.

W#<workspace>             HOLD                    the workspace's kill switch
                          HOLD#<account>          the account's
                          BUCKET#<account>        what its network's headers left it with, when nearly nothing
                          POLLS#<account>         the same, as those learnt who ask for figures: publishing ignores it
B#<platform>#<server>     BREAKER                 how that server is doing, once it has failed
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.core import brakes, publishing
from chalicelib.core.account import Account
from chalicelib.core.brakes import Breaker, Bucket, Hold, Quota
from chalicelib.core.errors import Conflict, Stale
from chalicelib.core.lead import LONGEST
from chalicelib.core.target import Policy, State, Target
from chalicelib.core.timing import stamp
from chalicelib.ports import Delete, Found, Item, Key, Put, World
from chalicelib.service import connect, journal, records, schedule

T = TypeVar("T")

LOOK_AGAIN = timedelta(minutes=10)
"""What a hold stopped is looked at this often, should its resume have died half-way."""
SPACING = timedelta(seconds=10)
"""Between one account's posts when a hold is over: followers want no burst."""
SPREAD = timedelta(seconds=5)
"""Over which the targets that waited for the same instant begin again."""


@dataclass(frozen=True, slots=True)
class Brakes:
    """What holds for one target at the moment of its claim."""

    workspace: Hold | None = None
    account: Hold | None = None
    bucket: Bucket | None = None
    breaker: Breaker | None = None
    bucket_rev: int = 0
    breaker_rev: int = 0


def keys(target: Target) -> list[Key]:
    """Where the brakes of a target lie; give what is found there to `of`."""
    return [hold_key(target.workspace_id), hold_key(target.workspace_id, target.account_id), *_learned(target)]


def _learned(target: Target) -> list[Key]:
    return [_key_of_bucket(target), _breaker_key(target)]


def of(target: Target, items: Sequence[Item]) -> Brakes:
    """The brakes among items."""
    found = {item.key: item for item in items}
    workspace, account, bucket, breaker = (found.get(key) for key in keys(target))
    return Brakes(
        _value(Hold, workspace),
        _value(Hold, account),
        _value(Bucket, bucket),
        _value(Breaker, breaker),
        bucket.rev if bucket else 0,
        breaker.rev if breaker else 0,
    )


def _value(kind: type[T], item: Item | None) -> T | None:
    return records.from_doc(kind, item.doc) if item else None


def stop(world: World, target: Target, on: Brakes) -> Target | None:
    """The target as the brakes leave it, or None where nothing brakes it."""
    now, jitter = world.clock.now(), world.chance.fraction()
    if not target.creates and (held := _held(target, on, now, jitter)):
        return held
    if on.bucket and (until := on.bucket.blocked_until(now)):
        message = "the account has used up what its network allows"
        return publishing.braked(target, now, "rate_limited", message, until + SPREAD * jitter)
    if on.breaker and (until := on.breaker.blocked_until(now, retry=target.attempts > 0)):
        message = f"{target.platform} is not answering; it is left alone for a moment"
        return publishing.braked(target, now, "platform_down", message, until + SPREAD * jitter)
    return None


def _held(target: Target, on: Brakes, now: datetime, jitter: float) -> Target | None:
    for hold, code in ((on.workspace, "workspace_held"), (on.account, "account_held")):
        if hold:
            message = hold.reason or f"stopped since {stamp(hold.since)}"
            return publishing.stopped(target, now, code, message, now + LOOK_AGAIN * (1 + jitter))
    return None


def until_polling(world: World, account: Account) -> datetime | None:
    """Until when figures of the account's posts are not asked for: what is left of its calls is for publishing."""
    now, places = world.clock.now(), [_bucket_key(account.workspace_id, account.id), _polls_key(account)]
    buckets = [records.from_doc(Bucket, item.doc) for item in world.table.get_many(places)]
    return max((one.reset_at for one in buckets if now < one.reset_at), default=None)


def learn_polling(world: World, account: Account, quota: Quota) -> None:
    """Keep that little is left, for those who ask for figures. Networks count kinds of calls apart: what they say of
    these must not stop publishing, which would find out for itself."""
    if bucket := brakes.learned(quota, brakes.RESERVED):
        world.table.write(Put(_item(_polls_key(account), bucket), expect=None))


def limit_polling(world: World, account: Account, until: datetime | None) -> datetime:
    """The network will not be asked for figures until the instant that is given back."""
    bucket = brakes.limited(until, world.clock.now())
    world.table.write(Put(_item(_polls_key(account), bucket), expect=None))
    return bucket.reset_at


def spend(world: World, target: Target, on: Brakes) -> None:
    """Take a token of the account's bucket, where there is one. Losing a race for it costs at most one limited call."""
    if on.bucket and world.clock.now() < on.bucket.reset_at:
        with suppress(Stale):
            world.table.write(Put(_item(_key_of_bucket(target), on.bucket.spent()), expect=on.bucket_rev))


def calls_left(world: World, account: Account) -> int | None:
    """How many calls the network left the account with, when they are nearly used up; None where there are enough."""
    item = world.table.get(_bucket_key(account.workspace_id, account.id))
    bucket = _value(Bucket, item)
    return max(0, bucket.tokens) if bucket and world.clock.now() < bucket.reset_at else None


def learn(world: World, target: Target, quota: Quota) -> None:
    """Keep what a reply's headers say, when little is left."""
    if bucket := brakes.learned(quota):
        world.table.write(Put(_item(_key_of_bucket(target), bucket), expect=None))


def limit(world: World, target: Target, until: datetime | None) -> None:
    """The network has limited the account: nobody else needs to be told so by it."""
    bucket = brakes.limited(until, world.clock.now())
    world.table.write(Put(_item(_key_of_bucket(target), bucket), expect=None))


def failed(world: World, target: Target, on: Brakes) -> None:
    """A server did not answer or broke. Of several who say so at once, one is written: that is enough."""
    breaker = (on.breaker or Breaker()).after_failure(world.clock.now())
    with suppress(Stale):
        world.table.write(Put(_item(_breaker_key(target), breaker), expect=on.breaker_rev))


def succeeded(world: World, target: Target, on: Brakes) -> None:
    """A server answered: where it had failed before, that is over."""
    if on.breaker and on.breaker.failures:
        healed = on.breaker.after_success(world.clock.now())
        with suppress(Stale):
            world.table.write(Put(_item(_breaker_key(target), healed), expect=on.breaker_rev))


def hold(world: World, workspace_id: str, by: str, account_id: str | None = None, reason: str | None = None) -> Hold:
    """Stop everything of the workspace, or of one account, that is not claimed yet. Holding twice changes nothing."""
    key = hold_key(workspace_id, account_id)
    if account_id:
        connect.account(world, workspace_id, account_id)
    if (now_held := held(world, workspace_id, account_id)) is not None:
        return now_held
    made = Hold(world.clock.now(), by, reason)
    with suppress(Stale):
        world.table.write(Put(_item(key, made), expect=0))
    return held(world, workspace_id, account_id) or made


def held(world: World, workspace_id: str, account_id: str | None = None) -> Hold | None:
    """The hold of the workspace, or of one account."""
    return _value(Hold, world.table.get(hold_key(workspace_id, account_id)))


def resume(world: World, workspace_id: str, account_id: str | None = None) -> int:
    """Let everything go on that this hold stopped, one after the other on each account; how many there were."""
    over = held(world, workspace_id, account_id)
    if over is None:
        raise Conflict("nothing is held", "not_held")
    world.table.write(Delete(hold_key(workspace_id, account_id)))
    accounts = [account_id] if account_id else [one.id for one in _all_accounts(world, workspace_id)]
    code = "account_held" if account_id else "workspace_held"
    return sum(_let_go(world, workspace_id, one, over, code) for one in accounts)


def _let_go(world: World, workspace_id: str, account_id: str, over: Hold, code: str) -> int:
    """Give each target that the hold stopped its turn. What was due long before it may have been waiting, too."""
    now = world.clock.now()
    released = 0
    for row in _due_between(world, workspace_id, account_id, over.since - Policy().give_up_after, now):
        item = world.table.get(row.key)
        target = records.target_of(item) if item else None
        if target and target.state is State.HELD and target.error and target.error.code == code:
            with suppress(Stale):
                journal.of(schedule.save(world, publishing.let_go(target, now, now + SPACING * released)))
                released += 1
    return released


def _due_between(world: World, workspace_id: str, account_id: str, start: datetime, end: datetime) -> list[Found]:
    pk, rows = records.account_pk(workspace_id, account_id), list[Found]()
    until = stamp(end + LOOK_AGAIN + LONGEST) + "\uffff"
    while page := world.table.listed(pk, start=stamp(start), end=until, after=rows[-1] if rows else None):
        rows += page
    return rows


def _all_accounts(world: World, workspace_id: str) -> list[Account]:
    found, cursor = list[Account](), None
    while True:
        page = connect.accounts(world, workspace_id, 100, cursor)
        found += page.data
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def _item(key: Key, value: object) -> Item:
    return Item(key, records.to_doc(value))


def hold_key(workspace_id: str, account_id: str | None = None) -> Key:
    """Where the hold of a workspace lies, or that of one account."""
    return Key(records.workspace_pk(workspace_id), f"HOLD#{account_id}" if account_id else "HOLD")


def _key_of_bucket(target: Target) -> Key:
    return _bucket_key(target.workspace_id, target.account_id)


def _bucket_key(workspace_id: str, account_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), f"BUCKET#{account_id}")


def _polls_key(account: Account) -> Key:
    return Key(records.workspace_pk(account.workspace_id), f"POLLS#{account.id}")


def _breaker_key(target: Target) -> Key:
    return Key(f"B#{target.platform}#{target.server}", "BREAKER")
