"""The next free slot: given to one post and to no other, and free again when that post is not due then any more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from chalicelib.core.errors import Invalid, Stale
from chalicelib.core.plan import Blackout, Holidays, Plan, Slot
from chalicelib.core.post import PostPatch
from chalicelib.core.timing import stamp
from chalicelib.service import compose, plan, steer
from chalicelib.service.compose import check, create
from chalicelib.service.reading import Whole
from tests.service.conftest import Stage

DAILY = Plan("Europe/Berlin", slots=tuple(Slot(day, "09:30") for day in ("mon", "wed", "fri")))
"""It is Sunday 22 November 2026, 10:00 in Berlin."""
MONDAY, WEDNESDAY, FRIDAY = (datetime(2026, 11, day, 8, 30, tzinfo=UTC) for day in (23, 25, 27))


@pytest.fixture
def planned(stage: Stage) -> Stage:
    plan.choose(stage.world, stage.workspace_id, None, DAILY)
    return stage


def next_slot(stage: Stage, accounts: list[int] | None = None, seed: str | None = None, **fields: Any) -> Whole:
    targets = [{"account_id": stage.accounts[number]} for number in accounts or [0, 1]]
    return stage.create(seed=seed, publish="next_slot", targets=targets, **fields)


def codes(invalid: Invalid) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in invalid.issues]


def test_posts_take_one_slot_after_the_other(planned: Stage) -> None:
    posts = [next_slot(planned) for _ in range(4)]

    assert [one.post.scheduled_at for one in posts] == [MONDAY, WEDNESDAY, FRIDAY, MONDAY + timedelta(days=7)]
    assert {target.scheduled_at for target in posts[0].targets} == {MONDAY}


def test_a_post_in_a_slot_is_published_then(planned: Stage) -> None:
    post = next_slot(planned)
    planned.let_pass((MONDAY - planned.now).total_seconds() + 5)
    assert [one.lateness_ms for one in planned.read(post).targets] == [0, 0]


@pytest.mark.parametrize("racers", [2, 20])
def test_who_races_for_a_slot_gets_one_of_its_own(planned: Stage, racers: int) -> None:
    start = Barrier(racers)

    def race(number: int) -> datetime | None:
        start.wait()
        return next_slot(planned, seed=f"01jd{number}").post.scheduled_at

    with ThreadPoolExecutor(racers) as pool:
        found = [at for at in pool.map(race, range(racers)) if at]

    weeks = [at + timedelta(weeks=number) for number in range(racers) for at in (MONDAY, WEDNESDAY, FRIDAY)]
    assert sorted(found) == weeks[:racers], "distinct, and none is left free in between"


def test_the_same_request_makes_one_post_in_one_slot(planned: Stage) -> None:
    first = next_slot(planned, seed="01jd")
    again = next_slot(planned, seed="01jd")

    assert again == first
    assert next_slot(planned).post.scheduled_at == WEDNESDAY


def test_a_request_made_twice_at_once_makes_one_post_in_one_slot(planned: Stage) -> None:
    start = Barrier(8)

    def race(_: int) -> Whole:
        start.wait()
        return next_slot(planned, seed="01jd")

    with ThreadPoolExecutor(8) as pool:
        found = {(one.post.id, one.post.scheduled_at) for one in pool.map(race, range(8))}

    assert found == {("post_01jd", MONDAY)}
    assert next_slot(planned).post.scheduled_at == WEDNESDAY


def test_the_last_slot_is_not_refused_to_who_has_it(stage: Stage) -> None:
    only = Blackout(datetime(2026, 11, 24), datetime(2028, 1, 1))
    plan.choose(stage.world, stage.workspace_id, None, Plan("Europe/Berlin", slots=DAILY.slots, blackouts=(only,)))

    first = next_slot(stage, seed="01jd")

    assert next_slot(stage, seed="01jd") == first
    with pytest.raises(Invalid) as none:
        next_slot(stage)
    assert codes(none.value) == [("publish", "no_free_slot")]


@pytest.mark.parametrize("freed_by", ["cancel", "delete", "later", "draft", "now"])
def test_a_slot_is_free_again_when_its_post_is_not_due_then_any_more(planned: Stage, freed_by: str) -> None:
    world, workspace, post = planned.world, planned.workspace_id, next_slot(planned)
    if freed_by == "cancel":
        steer.cancel(world, workspace, post.post.id)
    elif freed_by == "delete":
        compose.delete(world, workspace, post.post.id)
    elif freed_by == "later":
        later = PostPatch.model_validate({"scheduled_at": stamp(MONDAY + timedelta(minutes=1))})
        compose.edit(world, workspace, post.post.id, later)
    elif freed_by == "draft":
        compose.edit(world, workspace, post.post.id, PostPatch(scheduled_at=None))
    else:
        steer.publish_now(world, workspace, post.post.id)

    assert [next_slot(planned).post.scheduled_at for _ in range(2)] == [MONDAY, WEDNESDAY]


def test_a_held_post_keeps_its_slot(planned: Stage) -> None:
    steer.hold(planned.world, planned.workspace_id, next_slot(planned).post.id)
    assert next_slot(planned).post.scheduled_at == WEDNESDAY


def test_who_races_for_a_slot_that_was_freed_gets_one_of_its_own(planned: Stage) -> None:
    steer.cancel(planned.world, planned.workspace_id, next_slot(planned).post.id)
    start = Barrier(6)

    def race(_: int) -> datetime | None:
        start.wait()
        return next_slot(planned).post.scheduled_at

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(race, range(6)))) == 6


def test_a_post_with_that_very_time_of_its_own_fills_the_slot(planned: Stage) -> None:
    planned.create(scheduled_at=MONDAY)
    assert next_slot(planned).post.scheduled_at == WEDNESDAY


def test_a_slot_nearer_than_a_minute_is_not_given(planned: Stage) -> None:
    planned.world.clock.sleep_until(MONDAY - timedelta(seconds=60))
    assert next_slot(planned).post.scheduled_at == MONDAY
    planned.world.clock.advance(seconds=1)
    plan.choose(planned.world, planned.workspace_id, planned.accounts[0], DAILY)
    assert next_slot(planned, [0]).post.scheduled_at == WEDNESDAY


def test_what_the_plan_leaves_out_is_no_slot(stage: Stage) -> None:
    plan.choose(stage.world, stage.workspace_id, None, Plan(slots=(Slot("thu", "09:00"),), holidays=(Holidays("US"),)))
    assert next_slot(stage).post.scheduled_at == datetime(2026, 12, 3, 9, tzinfo=UTC), "not on Thanksgiving"


def test_accounts_with_plans_of_their_own_have_slots_of_their_own(planned: Stage) -> None:
    world, workspace, (one, other) = planned.world, planned.workspace_id, planned.accounts
    plan.choose(world, workspace, one, DAILY)

    assert next_slot(planned, [0]).post.scheduled_at == MONDAY, "the account's own slot"
    assert next_slot(planned, [1]).post.scheduled_at == MONDAY, "the workspace's, at the same time"
    assert next_slot(planned, [0, 1]).post.scheduled_at == WEDNESDAY, "the workspace's; Monday is taken on both"

    own = Plan("Europe/Berlin", slots=(Slot("wed", "09:30"), Slot("thu", "09:30")))
    for account in (one, other):
        plan.choose(world, workspace, account, own)
    thursday = WEDNESDAY + timedelta(days=1)
    assert next_slot(planned, [0, 1]).post.scheduled_at == thursday, "both have this plan; Wednesday is taken"


def test_a_post_without_a_plan_of_slots_is_told_so_with_all_that_is_wrong(stage: Stage) -> None:
    targets = [{"account_id": stage.accounts[0], "scheduled_at": stamp(MONDAY)}, {"account_id": stage.accounts[1]}]
    with pytest.raises(Invalid) as invalid:
        stage.create(publish="next_slot", scheduled_at=MONDAY, text=" ", targets=targets)

    assert codes(invalid.value)[:4] == [
        ("text", "empty_post"),
        ("publish", "contradiction"),
        ("targets[0].scheduled_at", "contradiction"),
        ("publish", "no_free_slot"),
    ]


def test_validating_takes_nothing(planned: Stage) -> None:
    before = planned.world.table.everything
    assert check(planned.world, planned.workspace_id, planned.new(publish="next_slot")) == []
    assert planned.world.table.everything == before
    assert next_slot(planned).post.scheduled_at == MONDAY


def test_other_tenants_slots_are_other_slots(planned: Stage) -> None:
    next_slot(planned)
    plan.choose(planned.world, "ws_other", None, DAILY)
    with pytest.raises(Invalid) as unknown:
        create(planned.world, "ws_other", planned.new(publish="next_slot"))
    assert {code for _, code in codes(unknown.value)} == {"unknown_account"}


def test_losing_every_race_is_said_and_leaves_nothing(planned: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    before = planned.world.table.everything

    def always_late(*_: object) -> None:
        raise Stale("somebody else changed this first")

    monkeypatch.setattr(planned.world.table, "write", always_late)
    with pytest.raises(Stale):
        next_slot(planned)
    assert planned.world.table.everything == before


def test_slots_stay_distinct_while_the_index_knows_of_no_post(planned: Stage) -> None:
    with planned.world.table.lagging_indexes():
        found = [next_slot(planned).post.scheduled_at for _ in range(3)]
    assert found == [MONDAY, WEDNESDAY, FRIDAY]


def test_thirty_taken_slots_are_passed_in_a_few_reads(planned: Stage) -> None:
    for _ in range(30):
        next_slot(planned)
    planned.world.table.calls.clear()
    next_slot(planned)
    calls = planned.world.table.calls
    assert calls["get_many"] + calls["listed"] + calls["items"] + calls["get"] <= 12, calls
