"""Steer posts that are under way: cancel, hold, resume, publish now."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.core import publishing
from chalicelib.core.errors import Conflict
from chalicelib.core.target import Target
from chalicelib.ports import World
from chalicelib.service import reading, schedule
from chalicelib.service.reading import Whole

Move = Callable[[Target, datetime], Target]


def cancel(world: World, workspace_id: str, post_id: str) -> Whole:
    """Call off every target of which nothing is out yet."""
    return _steer(world, workspace_id, post_id, publishing.cancelled)


def hold(world: World, workspace_id: str, post_id: str) -> Whole:
    """Stop every target that waits for its time."""
    return _steer(world, workspace_id, post_id, publishing.held)


def resume(world: World, workspace_id: str, post_id: str) -> Whole:
    """Let every held target go on: at its time, or now if that has passed."""
    return _steer(world, workspace_id, post_id, publishing.resumed)


def publish_now(world: World, workspace_id: str, post_id: str) -> Whole:
    """Make every target due now that is not out: drafts, waiting, held and failed ones."""
    return _steer(
        world, workspace_id, post_id, lambda target, now: publishing.scheduled(target, now, now, "publish_now")
    )


def _steer(world: World, workspace_id: str, post_id: str, move: Move) -> Whole:
    """Move every target that can be moved, in one write; Conflict, with the state, where none can."""
    return schedule.in_spite_of_the_machine(lambda: _steered(world, workspace_id, post_id, move))


def _steered(world: World, workspace_id: str, post_id: str, move: Move) -> Whole:
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
    written = {target.id: target for target in schedule.commit(world, moved.values())}
    return Whole(whole.post, tuple(written.get(target.id, target) for target in whole.targets))
