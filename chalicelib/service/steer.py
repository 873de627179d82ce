"""Steer posts that are under way: cancel, hold, resume, publish now."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.core import publishing
from chalicelib.core.errors import Conflict
from chalicelib.core.target import Target
from chalicelib.core.timing import milliseconds
from chalicelib.ports import World
from chalicelib.service import reading, review, schedule
from chalicelib.service.reading import Whole

Move = Callable[[Target, datetime], Target]


def cancel(world: World, workspace_id: str, post_id: str, by: str | None = None) -> Whole:
    """Call off every target of which nothing is out yet."""
    return _steer(world, workspace_id, post_id, publishing.cancelled, by)


def hold(world: World, workspace_id: str, post_id: str, by: str | None = None) -> Whole:
    """Stop every target that waits for its time."""
    return _steer(world, workspace_id, post_id, publishing.held, by)


def resume(world: World, workspace_id: str, post_id: str, by: str | None = None) -> Whole:
    """Let every held target go on: at its time, or now if that has passed."""
    return _steer(world, workspace_id, post_id, publishing.resumed, by)


def publish_now(world: World, workspace_id: str, post_id: str, by: str | None = None) -> Whole:
    """Make every target due now that is not out: drafts, waiting, held and failed ones.

    Where a reviewer has to say yes, it goes out as soon as they have.
    """
    return _steer(
        world, workspace_id, post_id, lambda target, now: publishing.scheduled(target, now, now, "publish_now"), by
    )


def _steer(world: World, workspace_id: str, post_id: str, move: Move, by: str | None) -> Whole:
    """Move every target that can be moved, in one write; Conflict, with the state, where none can."""
    return schedule.in_spite_of_the_machine(lambda: _steered(world, workspace_id, post_id, move, by))


def _steered(world: World, workspace_id: str, post_id: str, move: Move, by: str | None) -> Whole:
    whole = reading.post(world, workspace_id, post_id)
    now = world.clock.now()
    moved, refusals = dict[str, Target](), list[Conflict]()
    for target in whole.targets:
        try:
            moved[target.id] = move(target, now)
        except Conflict as refusal:
            refusals.append(refusal)
    if not moved:
        raise Conflict(f"the post is {whole.status}: {refusals[0]}", refusals[0].code, whole.status)
    asked = review.requested(world, whole.post, whole.targets, [*moved.values()], by, milliseconds(now))
    written = {target.id: target for target in schedule.commit(world, moved.values(), *asked)}
    return Whole(whole.post, tuple(written.get(target.id, target) for target in whole.targets))
