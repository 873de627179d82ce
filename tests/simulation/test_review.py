"""What waits for a reviewer's yes does not go out without one, whoever races with whom, and whatever goes wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from chalicelib.core import restoring
from chalicelib.core.errors import Conflict, Refused
from chalicelib.core.post import NewPost, PostPatch
from chalicelib.core.review import Verdict
from chalicelib.core.target import State
from chalicelib.ports import Item, Key, World
from chalicelib.service import compose, records, review, steer
from chalicelib.service.access import Caller
from tests.simulation.exhaustive import WORKSPACE
from tests.simulation.fate import Climate, Fate, Scripted, Seeded
from tests.simulation.invariants import Watch
from tests.simulation.network import Asked
from tests.simulation.networks import CLASSES
from tests.simulation.simulation import Simulation, quiet

AUTHOR = Caller(WORKSPACE, "key_author", frozenset({"posts:write"}))
REVIEWER = Caller(WORKSPACE, "key_reviewer", frozenset({"posts:review"}))
DUE_IN = 20.0
APPROVE = Verdict(decision="approve")


@dataclass
class Reviewed:
    """One post that waits for a yes, due in 20 seconds; nothing of it may arrive anywhere before one is on record."""

    fate: Fate
    network: str = "sim_readback"
    seed: int = 0

    def __post_init__(self) -> None:
        self.simulation = Simulation(self.fate, self.seed)
        self.watch = Watch(self.simulation)
        self.simulation.network.on_arrival.append(self._arrived)
        account = self.simulation.account(WORKSPACE, self.network)
        fields: dict[str, Any] = {"text": "Ding.", "targets": [{"account_id": account}], "requires_approval": True}
        fields["scheduled_at"] = self.simulation.now + timedelta(seconds=DUE_IN)
        new = NewPost.model_validate(fields)
        self.post = compose.create(self.simulation.world, WORKSPACE, new, by=AUTHOR).post.id

    @property
    def world(self) -> World:
        return self.simulation.world

    @property
    def state(self) -> State:
        (only,) = self.simulation.table.targets()
        return only.state

    def approve(self) -> None:
        review.decide(self.world, WORKSPACE, self.post, APPROVE, REVIEWER)

    def edit(self, text: str = "Dong.") -> None:
        compose.edit(self.world, WORKSPACE, self.post, PostPatch(text=text), by=AUTHOR)

    def pass_by(self, seconds: float) -> None:
        with quiet():
            self.simulation.let_pass(seconds)

    def close(self) -> None:
        self.simulation.kernel.close()

    def _arrived(self, asked: Asked) -> None:
        table = self.simulation.table
        target = table.target(asked.body["target"])
        row = table.peek(records.post_key(WORKSPACE, self.post))
        if target is None or target.unapproved is not None or row is None:
            self.watch.breach("it was sent without a reviewer's yes")
        elif records.post_of(row).version not in self._approved_versions():
            self.watch.breach("it was sent with a yes to something else")

    def _approved_versions(self) -> set[int]:
        rows = [one for one in self.simulation.table.everything if one.key.sk.startswith(records.REVIEW_PREFIX)]
        steps = [review.review_in(one) for one in rows]
        return {one.version for one in steps if one.step == "approved"}


@pytest.mark.parametrize("network", CLASSES)
def test_without_a_yes_nothing_goes_out_and_it_is_told_when_its_time_comes(network: str) -> None:
    story = Reviewed(Scripted((), 0), network)
    story.pass_by(600)
    (target,) = story.simulation.table.targets()
    story.close()
    assert not story.watch.breaches
    assert not story.simulation.network.posts
    assert target.state is State.PENDING_APPROVAL
    overdue = [event for event in target.events if event.type == "approval_overdue"]
    assert [event.at - target.scheduled_at for event in overdue if target.scheduled_at] == [timedelta(seconds=40)]
    assert target.next_at is None


@pytest.mark.parametrize("network", CLASSES)
def test_with_a_yes_it_goes_out_at_its_time(network: str) -> None:
    story = Reviewed(Scripted((), 0), network)
    story.simulation.act("reviewer", story.approve)
    story.pass_by(600)
    (target,) = story.simulation.table.targets()
    story.watch.finish()
    story.close()
    assert not story.watch.breaches
    assert target.lateness_ms is not None
    assert target.lateness_ms <= 1000


def test_an_edit_while_a_publisher_gets_ready_takes_the_yes_back() -> None:
    story = Reviewed(Scripted((), 0))
    story.approve()
    story.pass_by(DUE_IN - 2)
    (target,) = story.simulation.table.targets()
    assert target.claim
    story.edit()
    story.pass_by(600)
    story.close()
    assert not story.watch.breaches
    assert not story.simulation.network.posts
    assert story.state is State.PENDING_APPROVAL


def test_who_reads_one_version_cannot_approve_the_next_however_close_its_edit_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The edit lands after the reviewer's post was read, and before its targets were."""
    story = Reviewed(Scripted((), 0))
    table = type(story.simulation.table)
    whole, reads = table.get_many, list[str]()

    def edited_in_between(self: Any, keys: Sequence[Key]) -> list[Item]:
        if not reads and any(key.sk.startswith(records.TARGET_PREFIX) for key in keys):
            reads.append("targets")
            story.edit()
        return whole(self, keys)

    monkeypatch.setattr(table, "get_many", edited_in_between)
    with pytest.raises(Conflict, match="edited since"):
        story.approve()
    monkeypatch.undo()
    story.close()
    assert reads
    assert story.state is State.PENDING_APPROVAL


@pytest.mark.parametrize(("approved", "end"), [(True, State.PUBLISHED), (False, State.PENDING_APPROVAL)])
def test_what_waited_when_a_backup_was_made_is_looked_up_and_then_waits_again(approved: bool, end: State) -> None:
    story = Reviewed(Scripted((), 0))
    (before,) = story.simulation.table.targets()
    exported_at = story.simulation.now
    if approved:
        story.approve()
    story.pass_by(300)
    (lost,) = story.simulation.table.targets()
    now = story.simulation.now
    restored = replace(restoring.restored(before, exported_at, now, now, {}), rev=lost.rev)
    story.world.table.write(records.put_target(restored))
    story.pass_by(900)
    story.close()
    assert len(story.simulation.network.posts) == approved
    assert story.state is end


MOVES: dict[str, Callable[[Reviewed], object]] = {
    "approve": Reviewed.approve,
    "edit": Reviewed.edit,
    "cancel": lambda story: steer.cancel(story.world, WORKSPACE, story.post),
    "hold": lambda story: steer.hold(story.world, WORKSPACE, story.post),
    "resume": lambda story: steer.resume(story.world, WORKSPACE, story.post),
    "publish_now": lambda story: steer.publish_now(story.world, WORKSPACE, story.post),
    "reject": lambda story: review.decide(story.world, WORKSPACE, story.post, Verdict(decision="reject"), REVIEWER),
    "send_back": lambda story: review.decide(
        story.world, WORKSPACE, story.post, Verdict(decision="request_changes"), REVIEWER
    ),
}
WEIGHTS = (8, 4, 1, 2, 2, 2, 1, 2)


@pytest.mark.parametrize("share", range(4))
def test_of_twenty_who_race_around_its_time_nobody_gets_anything_out_that_was_not_approved(share: int) -> None:
    ends = set[State]()
    for seed in range(share, 80, 4):
        story = _raced(seed)
        assert not story.watch.breaches, f"seed {seed}"
        ends.add(story.state)
    assert {State.PUBLISHED, State.CANCELLED} <= ends


def _raced(seed: int) -> Reviewed:
    """Twenty people within seconds of its time, in bad weather; then a day of good weather."""
    draw = Random(f"race {seed}")
    bad = Climate(die=0.01, freeze=0.01, store=0.05, web=0.2, deliver=0.2)
    fate = Seeded(seed, bad if seed % 2 else Climate())
    fate.calm = True
    story = Reviewed(fate, draw.choice(sorted(CLASSES)), seed)
    start, around = story.simulation.now, draw.choice((2.0, 10.0, 60.0))
    for number, name in enumerate(draw.choices(list(MOVES), WEIGHTS, k=20)):
        when = start + timedelta(seconds=max(0.1, DUE_IN + draw.uniform(-around, around / 2)))
        story.simulation.act(f"{name}-{number}", _move(story, MOVES[name]), when)
    fate.calm = False
    story.pass_by(240)
    fate.calm = True
    story.pass_by(1200)
    story.close()
    return story


def _move(story: Reviewed, move: Callable[[Reviewed], object]) -> Callable[[], None]:
    def moved() -> None:
        try:
            move(story)
        except Refused as no:
            story.simulation.kernel.note(f"{no!r}")

    return moved
