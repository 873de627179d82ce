"""`python -m infra.demo_history ws_…`: give the demo's workspace the last five weeks of a brand's life.

Nothing of it is made up but what was written and how late: posts are composed, published and answered by the service's
own code, on a clock that says what was then, to the sandbox network, where they can be read. Nobody sees a row before
its post has ended, so no machine ever finds one that it would send. The table's stream tells of them as of any other,
and keeps what the scores are made of. Twice over is once.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from typing import IO, Any

from chalicelib.core.account import Account
from chalicelib.core.conversation import Reply, Request
from chalicelib.core.engagement import Seen
from chalicelib.core.errors import Stale
from chalicelib.core.planning import local_date, monday, occurrences, week_start
from chalicelib.core.post import NewPost
from chalicelib.core.target import State, Target
from chalicelib.ports import Delete, Found, Item, Key, Put, Table, World
from chalicelib.service import (
    answer,
    brand,
    business_hours,
    compose,
    connect,
    engaged,
    idempotency,
    ingest,
    outcomes,
    plan,
    reading,
    sandbox,
    schedule,
    scorer,
)
from chalicelib.service.publish import publish
from chalicelib.service.reading import Whole
from chalicelib.service.sheet import Event
from chalicelib.wiring import world
from infra.demo_stories import HOURS, KIT, PLAN, STORIES, Story

WEEKS = 5
WRITTEN_BEFORE = timedelta(days=2)
ARMED_BEFORE = timedelta(seconds=2)
ON_ITS_WAY = timedelta(milliseconds=180)
"""What it takes to reach the network."""
SETTLED = timedelta(minutes=2)
"""What is due later than this before now is left to the future."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PATIENCE_SECONDS = 60

Until = Callable[[Callable[[], bool]], None]
"""Returns once something holds that the table's stream brings about."""


class TooSlow(Exception):
    """The table's stream has not told of everything in time; the next start goes on from there."""


class Then:
    """A clock that says what was then, and moves only when slept on."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The instant of then."""
        return self._now

    def sleep_until(self, instant: datetime) -> None:
        """It is then."""
        self._now = max(self._now, instant)


class Nobody:
    """Whom the service tells of what it wants to be woken for: it is all over."""

    def send(self, messages: Sequence[tuple[Any, float]]) -> None:
        """Nobody looks."""

    def ensure(self, minute: datetime, at: datetime) -> None:
        """Nobody wakes."""


class Draft:
    """A table of which every row is read once, and whose writes nobody else sees until they are `kept`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._written: dict[Key, Item] = {}
        self._one = cache(table.get)
        self._all = cache(table.items)

    def get(self, key: Key) -> Item | None:
        """The item as it was written here, or as it was."""
        return self._written.get(key) or self._one(key)

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        """The same of several."""
        rest = [key for key in keys if key not in self._written]
        found = {item.key: item for item in (self._table.get_many(rest) if rest else [])} | self._written
        return [found[key] for key in keys if key in found]

    def write(self, *writes: Put | Delete) -> None:
        """Keep to ourselves what was written."""
        for write in writes:
            if isinstance(write, Put):
                before = self._written.get(write.item.key)
                self._written[write.item.key] = replace(write.item, rev=before.rev + 1 if before else 1)

    def items(
        self, pk: str, prefix: str = "", *, limit: int = 1000, after: str = "", reverse: bool = False
    ) -> list[Item]:
        """Of the first thousand, as they were before anything was written here."""
        ordered = self._all(pk, prefix)[:: -1 if reverse else 1]
        return [one for one in ordered if not after or (one.key.sk < after if reverse else one.key.sk > after)][:limit]

    def listed(self, pk: str, **bounds: Any) -> list[Found]:
        """The index as it is."""
        return self._table.listed(pk, **bounds)

    def opened(self, pk: str, **bounds: Any) -> list[Found]:
        """The same."""
        return self._table.opened(pk, **bounds)

    def keep(self, *prefixes: str) -> None:
        """Write for all to see, at once, the rows of partitions that begin so; nothing where any of them is there."""
        rows = [item for item in self._written.values() if item.key.pk.startswith(prefixes)]
        with suppress(Stale):
            self._table.write(*(Put(item, expect=0) for item in rows))


@dataclass(eq=False)
class Sandbox:
    """The way to the sandbox network without HTTP, which would not know what time it was."""

    world: World

    def warm(self) -> None:
        """Nothing here takes time."""

    def send(self, request: Request) -> Reply:
        """What the sandbox answers to a message."""
        clock = self.world.clock
        clock.sleep_until(clock.now() + ON_ITS_WAY)
        token = request.headers["Authorization"].removeprefix("Bearer ")
        reply = sandbox.post(self.world, token, sandbox.SandboxPost.model_validate(request.json))
        return Reply(reply.status, {}, json.dumps(reply.body).encode())

    def objection(self, url: str) -> str | None:
        """No address is out of reach."""
        return None

    def download(self, url: str, into: IO[bytes], seconds: float) -> None:
        """Its messages have no media."""


@dataclass(frozen=True)
class Told:
    """A story that has a time."""

    story: Story
    due: datetime


def give(world: World, workspace_id: str, until: Until) -> None:
    """Give a workspace the last weeks, and its scores as of the end of each day of them."""
    now = world.clock.now()
    begin = week_start(PLAN, monday(local_date(PLAN, now)) - 7 * WEEKS * DAY)
    _choose(at(world, begin), workspace_id)
    first, second, *_ = sorted(connect.every(world, workspace_id), key=lambda one: one.name)
    told = list(timed(begin, now))
    wholes = [_published(world, workspace_id, one, first, second) for one in told]
    targets = [target for whole in wholes for target in whole.targets]
    until(lambda: _are_followed(world, targets))
    answered = [item for one, whole in zip(told, wholes, strict=True) for item in _asked(world, first, one, whole)]
    until(lambda: _are_kept(world, workspace_id, begin, len(targets)) and _are_answered(world, answered))
    _score(world, workspace_id, [one.due for one in told], now)


def timed(begin: datetime, now: datetime) -> Iterator[Told]:
    """The stories with their times: those of the plan, the latest first."""
    slots = [one.at for one in occurrences(PLAN, begin, now - SETTLED)]
    kept = now
    for story, slot in zip(STORIES, reversed(slots), strict=False):
        kept = slot if story.hasty is None else kept
        yield Told(story, kept + MINUTE * (story.hasty or 0))


def at(world: World, instant: datetime, table: Table | None = None) -> World:
    """The world of then, in which nobody is told anything."""
    mute: Any = Nobody()
    then = replace(world, clock=Then(instant), table=table or world.table, queue=mute, alarms=mute)
    return replace(then, web=Sandbox(then))


def _choose(then: World, workspace_id: str) -> None:
    """What the brand means to do, since the beginning; not in the place of what somebody has chosen."""
    if not plan.Plans.of(then, workspace_id).workspace.newest:
        plan.choose(then, workspace_id, None, PLAN)
        business_hours.choose(then, workspace_id, HOURS)
        brand.choose(then, workspace_id, KIT)


def _published(world: World, workspace_id: str, one: Told, first: Account, second: Account) -> Whole:
    """The post of a story, out as it says; or as it is there already."""
    draft = Draft(world.table)
    seed = idempotency.seed(workspace_id, f"demo history {one.due.isoformat()}")
    whole = compose.create(at(world, one.due - WRITTEN_BEFORE, draft), workspace_id, _new(one, first, second), seed)
    wake_late = dict(zip((first.id, second.id), one.story.late, strict=True))
    for target in whole.targets:
        late = timedelta(seconds=wake_late[target.account_id])
        woken = one.due + 2 * HOUR if one.story.missed else one.due + (late or -ARMED_BEFORE)
        _wake(world, draft, target, woken)
    draft.keep("P#", "SANDBOX#")
    return reading.post(world, workspace_id, whole.post.id)


def _new(one: Told, first: Account, second: Account) -> NewPost:
    story, other = one.story, {"account_id": second.id}
    fields: dict[str, Any] = {
        "text": story.text,
        "scheduled_at": one.due,
        "targets": [{"account_id": first.id}, {**other, "overrides": {"link": None}} if story.linkless else other],
    }
    if story.link:
        fields["link"] = {"url": story.link}
    if story.missed:
        fields["expires_at"] = one.due + HOUR
    if story.source_hours:
        fields["source_event_at"] = one.due - timedelta(hours=story.source_hours)
    return NewPost.model_validate(fields)


def _wake(world: World, draft: Draft, target: Target, instant: datetime) -> None:
    """Have the machine come to a target then."""
    if target.state in (State.SCHEDULED, State.QUEUED):
        publish(at(world, instant, draft), schedule.wake_of(target))


def _asked(world: World, account: Account, told: Told, whole: Whole) -> Iterator[Key]:
    """Somebody asks under a post, if anybody does, and is answered or not; where the item lies that was answered."""
    question = told.story.question
    if question is None or told.due + HOUR > world.clock.now() - HOUR:
        return
    (post,) = [one.platform_post_id for one in whole.targets if one.account_id == account.id]
    moment = told.due + MINUTE * question.after
    thing = f"sp_asked_{whole.post.id.removeprefix('post_')}"
    seen = Seen("comment", thing, moment, post=post, actor="a-neighbour", thing=thing, text=question.text)
    ingest.count(at(world, moment), account, [Event(thing, "callback", moment, seen)])
    if question.answer is None:
        return
    draft, workspace_id = Draft(world.table), account.workspace_id
    then = at(world, moment + MINUTE * question.took, draft)
    seed = idempotency.seed(workspace_id, thing)
    answered = answer.answer(then, workspace_id, engaged.inbox_id(account.id, thing), question.answer, seed)
    for target in answered.targets:
        _wake(world, draft, target, then.clock.now())
    draft.keep("P#", "SANDBOX#")
    yield engaged.thing_key(workspace_id, account.id, thing)


def _are_followed(world: World, targets: Sequence[Target]) -> bool:
    """Whether the stream has told of every post that is out."""
    keys = [
        engaged.post_key(one.workspace_id, one.account_id, part) for one in targets for part in engaged.parts_of(one)
    ]
    found = [engaged.post_of(item) for item in world.table.get_many(keys)]
    return len([one for one in found if one.target_id]) == len(keys)


def _are_kept(world: World, workspace_id: str, begin: datetime, targets: int) -> bool:
    """Whether it has told of every target's end."""
    accounts = connect.every(world, workspace_id)
    return sum(len(outcomes.since(world, workspace_id, one.id, begin)) for one in accounts) >= targets


def _are_answered(world: World, items: Sequence[Key]) -> bool:
    """Whether it has told of every answer."""
    return {engaged.inbox_of(item).state for item in world.table.get_many(items)} <= {"answered"}


def _score(world: World, workspace_id: str, dues: Sequence[datetime], now: datetime) -> None:
    """Compute the scores as the cron would have at the end of each day, and write them down at once."""
    draft, end = Draft(world.table), min(dues).astimezone(UTC).replace(hour=23, minute=59, second=59, microsecond=0)
    while end < now:
        then = at(world, end, draft)
        scorer.write(then, workspace_id, scorer.gather(then, workspace_id, end))
        end += DAY
    draft.keep("S#")


def _stream(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > give_up:
            raise TooSlow(f"the table's stream has not told of everything within {PATIENCE_SECONDS} s")
        time.sleep(0.1)


def main(words: list[str] | None = None) -> None:
    """Carry it out, for the stage whose names are in the environment as in its functions."""
    parser = argparse.ArgumentParser(prog="infra.demo_history", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workspace")
    asked = parser.parse_args(words)
    try:
        with redirect_stdout(StringIO()):  # the scorer's metrics are for CloudWatch
            give(world(), asked.workspace, _stream)
    except TooSlow as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
