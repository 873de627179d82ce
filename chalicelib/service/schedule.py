"""When a target is due soon its wake goes to the queue at once; later ones are left to their minute's alarm.

The rows are the schedule and EventBridge is the alarm clock: alarm first, rows second, so that no row ever waits for
an alarm that does not exist. What has missed its alarm (the process died between the row and the queue) is found by
the sweep.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.core.errors import Stale
from chalicelib.core.post import Post
from chalicelib.core.publishing import ready_at
from chalicelib.core.target import Policy, State, Target
from chalicelib.core.timing import minute_of, stamp
from chalicelib.ports import Delete, Put, Settings, Wake, World
from chalicelib.service import journal, records

T = TypeVar("T")

POLICY = Policy()
MARGIN = timedelta(seconds=60)
"""An alarm is trusted only when it is at least this far ahead."""
MAX_DELAY_SECONDS = 900
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html, read 2026-11-22."""
TRIES = 4
"""How often a person's wish is tried against the machine's own writes."""


def alarm_at(minute: datetime, settings: Settings) -> datetime:
    """When the alarm of a due minute rings."""
    return minute - timedelta(seconds=settings.alarm_lead_seconds)


def is_direct(due: datetime, now: datetime, settings: Settings) -> bool:
    """Whether what is due then goes to the queue at once, because its alarm may have rung already."""
    if due < now + timedelta(seconds=settings.direct_window_seconds):
        return True
    return alarm_at(minute_of(due), settings) < now + MARGIN


def wake_of(target: Target) -> Wake:
    """The message that wakes the publisher for this target as it is now."""
    return Wake(target.workspace_id, target.post_id, target.id, target.version)


def commit(
    world: World, targets: Iterable[Target], *others: Put | Delete, accepted: Post | None = None
) -> list[Target]:
    """Write targets and what belongs to them in one transaction, and see to it that the open ones will be woken.

    `accepted` is the post that is new with that.
    """
    now = world.clock.now()
    targets = [_labelled(target, now, world.settings) for target in targets]
    waiting = [target for target in targets if target.next_at]
    for minute in sorted({minute_of(at) for at in _alarmed(waiting, now, world.settings)}):
        world.alarms.ensure(minute, alarm_at(minute, world.settings))
    world.table.write(*others, *(records.put_target(target) for target in targets))
    written = [dataclasses.replace(target, rev=target.rev + 1) for target in targets]
    if accepted:
        journal.line("accepted", **journal.ids_of(accepted), targets=len(written))
    for target in written:
        journal.of(target, **_waits(target, now, world.settings))
    send(world, [one for one in written if one.next_at and is_direct(one.next_at, now, world.settings)])
    return written


def _labelled(target: Target, now: datetime, settings: Settings) -> Target:
    """The target as queued where it will not wait for an alarm."""
    direct = target.state is State.SCHEDULED and target.next_at and is_direct(target.next_at, now, settings)
    return dataclasses.replace(target, state=State.QUEUED) if direct else target


def _waits(target: Target, now: datetime, settings: Settings) -> dict[str, str]:
    """What the target waits for, as a line says it."""
    due = {"due": stamp(target.scheduled_at)} if target.scheduled_at else {}
    if target.next_at is None:
        return due
    if is_direct(target.next_at, now, settings):
        return {**due, "waits_for": "queue"}
    return {**due, "waits_for": "alarm", "alarm": stamp(alarm_at(minute_of(target.next_at), settings))}


def _alarmed(targets: list[Target], now: datetime, settings: Settings) -> list[datetime]:
    return [at.next_at for at in targets if at.next_at and not is_direct(at.next_at, now, settings)]


def send(world: World, targets: Iterable[Target]) -> None:
    """Put the wakes of targets on the queue, to be delivered shortly before they are due."""
    now = world.clock.now()
    wakes = [(wake_of(target), delay(ready_at(target, POLICY), now)) for target in targets if target.next_at]
    if wakes:
        world.queue.send(wakes)


def delay(ready: datetime, now: datetime) -> int:
    """Whole seconds until a wake should be delivered: never before it may act, within what the queue can hold."""
    return max(0, min(math.ceil((ready - now).total_seconds()), MAX_DELAY_SECONDS))


def save(world: World, target: Target) -> Target:
    """Write one target that the machine moved on; what has to be looked at soon is queued, the rest is swept up."""
    world.table.write(records.put_target(target))
    written = dataclasses.replace(target, rev=target.rev + 1)
    if (
        written.claim is None
        and written.next_at
        and written.next_at < world.clock.now() + timedelta(seconds=MAX_DELAY_SECONDS)
    ):
        send(world, [written])
    return written


def in_spite_of_the_machine(act: Callable[[], T]) -> T:
    """What a person wants, once more where the machine took a step with a target at that very moment."""
    for _ in range(TRIES - 1):
        try:
            return act()
        except Stale as overtaken:
            if overtaken.code == "precondition_failed":
                raise
    return act()
