"""A person says what became of a request that nobody answered, where the machine cannot find out."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.core import publishing
from chalicelib.core.conversation import Bundle, Idempotency, Job, Safety
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.target import Target
from chalicelib.platforms import platform
from chalicelib.platforms.kinds import Assisted
from chalicelib.platforms.words import messages
from chalicelib.ports import World
from chalicelib.service import connect, reading, records, schedule, vitals
from chalicelib.service.reading import Whole
from chalicelib.service.records import TargetKey


def found(world: World, at: TargetKey, url: str, by: str) -> Whole:
    """The post is out, at `url`, says the holder of the key `by`: its target is published, and nothing more is sent.

    Of a thread, too: where parts followed that were never sent, the timeline and the receipt say how many. Nobody
    knows the found part's id, so nothing could be sent as a reply to it.
    """

    def move(target: Target, now: datetime) -> Target:
        return publishing.confirmed(target, url, by, now, max(0, _planned(world, at) - len(target.creates)))

    return _move(world, at, move)


def done(
    world: World, at: TargetKey, url: str | None, by: str, when: datetime | None, post_id: str | None = None
) -> Whole:
    """A person has published the target by hand, at `url`, says the holder of the key `by`, or the network itself.

    The network may know the post by an id of its own, and say no address.
    """
    return _move(world, at, lambda target, now: publishing.done_by_hand(target, url, by, when, now, post_id))


def bundle(world: World, at: TargetKey) -> Bundle:
    """What a person needs to publish a target by hand; Conflict where its network takes posts from us."""
    target = records.load_target(world.table, at)
    network = platform(target.platform)
    if not isinstance(network, Assisted):
        raise Conflict(f"{network.title} takes posts from us: nobody has to publish by hand", "not_assisted")
    account = connect.account(world, at.workspace_id, target.account_id)
    stored = world.table.get(records.rendition_key(at))
    if stored is None:
        raise NotFound("what the target would say is gone")
    due = target.scheduled_at or world.clock.now()
    return network.bundle(Job(target.id, due, records.rendition_of(stored), account))


def missing(world: World, at: TargetKey, by: str) -> Whole:
    """The post is not out, says the holder of the key `by`: what was in doubt is sent again, now."""

    def move(target: Target, now: datetime) -> Target:
        return publishing.retried(target, by, now, _habits(world, target))

    return _move(world, at, move)


def _planned(world: World, at: TargetKey) -> int:
    """How many messages the target is made of."""
    stored = world.table.get(records.rendition_key(at))
    return len(messages(records.rendition_of(stored))) if stored else 0


def _habits(world: World, target: Target) -> Idempotency:
    account = connect.find(world, target.workspace_id, target.account_id)
    network = platform(target.platform)
    if account is None:
        return Idempotency(Safety.NONE, readable=False)
    return network.behaviour(account, answering=target.answers is not None)


def _move(world: World, at: TargetKey, move: Callable[[Target, datetime], Target]) -> Whole:
    whole = reading.post(world, at.workspace_id, at.post_id)
    target = next((one for one in whole.targets if one.id == at.target_id), None)
    if target is None:
        raise NotFound(f"there is no target {at.target_id}")
    (written,) = schedule.commit(world, [move(target, world.clock.now())])
    vitals.ran(world, written)
    return Whole(whole.post, tuple(written if one.id == written.id else one for one in whole.targets))
