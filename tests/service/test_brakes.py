"""Holds, account limits and circuit breakers: what is not even tried, and how it goes on."""

from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.post import PostPatch
from chalicelib.core.target import State
from chalicelib.ports import Delete
from chalicelib.service import brakes, compose, steer
from chalicelib.service.reading import Whole
from tests.service.conftest import Stage


def codes(stage: Stage, posts: list[Whole]) -> list[str | None]:
    return [target.error.code if target.error else None for target in map(stage.target, posts)]


def test_the_kill_switch_stops_what_is_not_claimed(stage: Stage) -> None:
    post = stage.create(due_in=20)
    stage.let_pass(10)
    brakes.hold(stage.world, stage.workspace_id, "key_1", reason="a crisis")
    stage.let_pass(120)
    for target in stage.read(post).targets:
        assert target.state is State.HELD
        assert target.error is not None
        assert (target.error.code, target.error.message) == ("workspace_held", "a crisis")
    assert stage.timeline() == []


def test_what_was_claimed_before_the_kill_switch_is_finished(stage: Stage) -> None:
    post = stage.create(due_in=20)
    stage.let_pass(20)
    brakes.hold(stage.world, stage.workspace_id, "key_1")
    stage.let_pass(10)
    assert stage.target(post).state is State.PUBLISHED


def test_resuming_lets_each_accounts_posts_go_one_after_the_other(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1")
    posts = [stage.create(due_in=5 + number, text=f"post {number}") for number in range(4)]
    stage.let_pass(60)
    resumed_at = stage.now
    assert brakes.resume(stage.world, stage.workspace_id) == 8
    stage.let_pass(60)
    sent = sorted(stage.target(post).published_at for post in posts)  # type: ignore[type-var]
    assert [round((one - resumed_at) / brakes.SPACING) for one in sent if one] == [0, 1, 2, 3]


def test_what_a_hold_stopped_is_late_by_its_promise_and_not_by_its_release(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1")
    post = stage.create(due_in=5)
    stage.let_pass(100)
    brakes.resume(stage.world, stage.workspace_id)
    stage.let_pass(5)
    late = stage.target(post).lateness_ms
    assert late is not None
    assert late >= 95_000


def test_one_accounts_hold_does_not_stop_the_other(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1", stage.accounts[0])
    post = stage.create(due_in=5)
    stage.let_pass(10)
    assert [target.state for target in stage.read(post).targets] == ["held", "published"]
    brakes.resume(stage.world, stage.workspace_id, stage.accounts[0])
    stage.let_pass(5)
    assert stage.read(post).status == "published"


def test_holding_twice_keeps_the_first_and_resuming_twice_is_a_conflict(stage: Stage) -> None:
    first = brakes.hold(stage.world, stage.workspace_id, "key_1")
    stage.let_pass(10)
    assert brakes.hold(stage.world, stage.workspace_id, "key_2") == first
    brakes.resume(stage.world, stage.workspace_id)
    with pytest.raises(Conflict, match="nothing is held"):
        brakes.resume(stage.world, stage.workspace_id)


def test_a_post_that_is_due_after_the_hold_keeps_its_time(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1")
    post = stage.create(due_in=900)
    stage.let_pass(60)
    brakes.resume(stage.world, stage.workspace_id)
    stage.let_pass(900)
    assert stage.target(post).lateness_ms == 0


def test_a_resume_that_died_half_way_is_made_good_by_the_sweep(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1")
    post = stage.create(due_in=5)
    stage.let_pass(10)
    stage.world.table.write(Delete(brakes.hold_key(stage.workspace_id)))
    stage.let_pass(brakes.LOOK_AGAIN.total_seconds() * 2 + 70)
    assert stage.target(post).state is State.PUBLISHED


def test_a_held_post_that_was_moved_does_not_go_out_at_the_old_time(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1")
    post = stage.create(due_in=5)
    stage.let_pass(10)
    later = stage.now + timedelta(hours=2)
    patch = PostPatch(scheduled_at=later)
    compose.edit(stage.world, stage.workspace_id, post.post.id, patch)
    brakes.resume(stage.world, stage.workspace_id)
    stage.let_pass(3600)
    assert stage.timeline() == []
    stage.let_pass(4000)
    assert stage.target(post).lateness_ms == 0


def test_a_held_post_can_be_cancelled(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1")
    post = stage.create(due_in=5)
    stage.let_pass(10)
    steer.cancel(stage.world, stage.workspace_id, post.post.id)
    brakes.resume(stage.world, stage.workspace_id)
    stage.let_pass(2000)
    assert stage.target(post).state is State.CANCELLED


def test_after_one_limit_the_account_is_left_alone_until_it_ends(stage: Stage) -> None:
    limited = {"account_id": stage.accounts[0], "options": {"fault": "rate_limit"}}
    first = stage.create(due_in=5, targets=[limited])
    second = stage.create(due_in=6, text="another", targets=[{"account_id": stage.accounts[0]}])
    stage.let_pass(6.5)
    assert codes(stage, [first, second]) == ["rate_limited", "rate_limited"]
    assert len(stage.web.sent) == 1, "the second was not even tried"
    stage.let_pass(20)
    assert [stage.target(post).state for post in (first, second)] == ["published", "published"]


def test_a_network_that_is_down_is_left_alone_and_found_up_again(stage: Stage) -> None:
    posts = [stage.create(due_in=5, text=f"post {number}") for number in range(30)]
    stage.web.down = True
    stage.let_pass(300)
    tried = len(stage.web.sent)
    assert tried < 60 * 5, "sixty targets, each of which would have tried every few seconds"
    assert set(codes(stage, posts)) <= {"platform_down", "unreachable"}
    stage.web.down = False
    stage.let_pass(200)
    assert {stage.target(post).state for post in posts} == {State.PUBLISHED}
    assert len(stage.timeline()) == 30
