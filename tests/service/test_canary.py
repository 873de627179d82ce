"""The canary's posts go the way of every post, are looked at once, and leave nothing behind."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.ports import Delete, Item, Key, Put
from chalicelib.service import access, agenda, canary, connect, reading, records, sandbox
from chalicelib.service.canary import Sung, sing
from chalicelib.service.dispatch import dispatch
from chalicelib.service.reading import PostFilter
from chalicelib.service.tell import tell
from tests.service.conftest import Stage

EVERY = 300
Told = Callable[[], list[dict[str, Any]]]


def runs(stage: Stage, times: int, **how: bool) -> list[Sung]:
    """What so many runs have found, with everything else at its work in between."""
    found = []
    for _ in range(times):
        found += sing(stage.world)
        stage.let_pass(EVERY, **how)
    return found


def remote_id(stage: Stage) -> str:
    account = connect.find(stage.world, records.CANARY, "acc_canary")
    assert account
    return account.remote_id


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def lines() -> list[dict[str, Any]]:
        out = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        return [one for one in out if "CanaryPublished" in one]

    return lines


def test_each_post_goes_out_once_and_on_time_by_an_alarm(stage: Stage, told: Told) -> None:
    found = runs(stage, 8)

    assert len(found) == 5, "the first is due after eleven minutes and looked at two minutes later"
    assert {(one.state, one.times, one.lateness_ms, one.well) for one in found} == {("published", 1, 0, True)}
    assert [(one["CanaryPublished"], one["CanaryLatenessMs"]) for one in told()] == [(1, 0)] * 5
    assert canary.of(stage.world).last == found[-1]


def test_its_posts_wait_for_an_alarm_like_most(stage: Stage) -> None:
    sing(stage.world)
    (post_id,) = canary.of(stage.world).waiting
    (target,) = reading.post(stage.world, records.CANARY, post_id).targets
    assert target.state == "scheduled"
    assert target.scheduled_at
    assert target.scheduled_at in stage.world.alarms.set
    assert stage.world.queue.next_at is None


def test_where_alarms_and_sweeps_are_silent_it_says_so(stage: Stage, told: Told) -> None:
    found = runs(stage, 5, alarms=False, sweeps=False)
    assert [(one.state, one.times, one.well) for one in found] == [("scheduled", 0, False)] * 2
    assert [one["CanaryPublished"] for one in told()] == [0, 0]


def test_an_alarm_that_does_not_ring_makes_it_late_but_not_lost(stage: Stage) -> None:
    found = runs(stage, 5, alarms=False)
    assert [(one.state, one.well) for one in found] == [("published", True)] * 2
    assert all(one.lateness_ms and one.lateness_ms > 1000 for one in found)


def test_a_post_that_is_there_twice_is_found(stage: Stage) -> None:
    runs(stage, 3)
    (first,) = sandbox.posts(stage.world, remote_id(stage))
    again = Item(Key(f"SANDBOX#{remote_id(stage)}", f"POST#{first['reference']}#again"), first)
    stage.world.table.write(Put(again, expect=0))
    (found, *_) = sing(stage.world)
    assert (found.times, found.well) == (2, False)


def test_two_runs_at_once_make_one_post(stage: Stage) -> None:
    sing(stage.world)
    sing(stage.world)
    assert len(canary.of(stage.world).waiting) == 1
    assert len(stage.world.table.items(records.workspace_pk(records.CANARY), "ACCOUNT#")) == 1


def test_what_has_ended_before_it_was_looked_at_is_forgotten(stage: Stage) -> None:
    sing(stage.world)
    (post_id,) = canary.of(stage.world).waiting
    stage.world.table.write(Delete(records.post_key(records.CANARY, post_id)))
    stage.let_pass(EVERY)
    assert sing(stage.world) == []
    assert post_id not in canary.of(stage.world).waiting


def test_all_that_comes_of_a_post_ends_after_two_days(stage: Stage) -> None:
    stage.let_pass(60)  # a sweep leaves its heartbeat
    before = {item.key for item in _rows(stage)}
    sing(stage.world)
    first = {item.key for item in _rows(stage)} - before
    runs(stage, 8)
    made = [item for item in _rows(stage) if item.key not in before | _lasting(first)]
    assert len(made) > 20
    for item in made:
        assert item.expires, item.key
        assert item.expires <= stage.now + canary.PATIENCE + records.CANARY_KEPT + timedelta(minutes=20)


def test_what_tenants_publish_never_ends_by_itself(stage: Stage) -> None:
    stage.create(due_in=5)
    stage.let_pass(20)
    assert {item.expires for item in _rows(stage) if item.key.pk.startswith(("P#", "SANDBOX#"))} == {None}


def test_it_has_no_scores_is_not_followed_and_tells_nobody(stage: Stage) -> None:
    runs(stage, 4)
    tell(stage.world, stage.world.table.stream())
    mine = {item.key.pk.split("#")[0] for item in _rows(stage) if f"#{records.CANARY}" in item.key.pk}
    assert mine == {"P", "W"}
    assert agenda.of(stage.world, records.CANARY) is None


def test_no_tenant_sees_it(stage: Stage) -> None:
    runs(stage, 4)
    assert reading.posts(stage.world, stage.workspace_id, PostFilter()).data == []
    (post_id, *_) = canary.of(stage.world).waiting
    with pytest.raises(NotFound):
        reading.post(stage.world, stage.workspace_id, post_id)
    with pytest.raises(NotFound):
        access.create_key(stage.world, records.CANARY, ["*"])


def test_the_dispatcher_does_not_know_it_from_others(stage: Stage) -> None:
    sing(stage.world)
    (minute,) = stage.world.alarms.set
    stage.create(due_in=(minute - stage.now).total_seconds())
    assert dispatch(stage.world, minute) == 3


def _rows(stage: Stage) -> list[Item]:
    return stage.world.table.get_many(list(stage.world.table._rows))


def _lasting(keys: set[Key]) -> set[Key]:
    """Of what a first run makes, all that is not the post's."""
    return {key for key in keys if not key.pk.startswith("P#")}
