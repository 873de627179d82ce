"""Whose plan holds, since when, and which weeks it is asked about."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.plan import Goal, Plan
from chalicelib.service import plan
from chalicelib.service.plan import KEPT, Plans
from tests.service.conftest import Stage

THREE, SEVEN, NINE = (Plan(goal=Goal(least, 10)) for least in (3, 7, 9))


def plans(stage: Stage) -> Plans:
    return Plans.of(stage.world, stage.workspace_id)


def goals(stage: Stage, account: str | None, count: int) -> list[int]:
    return [week.least for week in plans(stage).weeks(account, stage.now, count)]


def test_three_to_five_a_week_are_meant_where_nobody_chose(stage: Stage) -> None:
    found = plans(stage)

    assert (found.plan(), found.chosen(), found.since()) == (Plan(), "nobody", None)
    assert found.plan(stage.accounts[0]) == plan.of(stage.world, stage.workspace_id) == Plan()
    (week,) = found.weeks(None, stage.now, 1)
    assert (week.least, week.most, len(week.occurrences)) == (3, 5, 3)
    assert (week.start, week.end) == (datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


def test_an_accounts_plan_replaces_the_workspaces_whole_until_it_is_given_up(stage: Stage) -> None:
    one, other = stage.accounts
    plan.choose(stage.world, stage.workspace_id, None, SEVEN)
    plan.choose(stage.world, stage.workspace_id, one, NINE)
    found = plans(stage)

    assert [found.plan(each) for each in (None, one, other)] == [SEVEN, NINE, SEVEN]
    assert [found.chosen(each) for each in (None, one, other)] == ["workspace", "account", "workspace"]
    assert (found.own(one), found.own(other)) == (NINE, None)

    plan.forget(stage.world, stage.workspace_id, one)
    assert plans(stage).plan(one) == SEVEN
    assert plans(stage).chosen(one) == "workspace"


def test_a_past_week_is_judged_by_the_plan_that_held_when_it_began(stage: Stage) -> None:
    account = stage.accounts[0]
    plan.choose(stage.world, stage.workspace_id, None, THREE)
    assert goals(stage, None, 3) == [3, 3, 3], "the first one holds for all time before it, too"

    stage.world.clock.advance(weeks=1)
    plan.choose(stage.world, stage.workspace_id, None, SEVEN)
    assert goals(stage, None, 3) == [3, 3, 3], "this week began under the other one"

    stage.world.clock.advance(weeks=1)
    plan.choose(stage.world, stage.workspace_id, account, NINE)
    stage.world.clock.advance(weeks=1)
    plan.forget(stage.world, stage.workspace_id, account)
    stage.world.clock.advance(weeks=1)

    assert goals(stage, None, 5) == [3, 3, 7, 7, 7]
    assert goals(stage, account, 5) == [3, 3, 7, 9, 7]


def test_an_accounts_first_plan_changes_nothing_of_the_weeks_that_the_workspaces_held(stage: Stage) -> None:
    account = stage.accounts[0]
    plan.choose(stage.world, stage.workspace_id, None, SEVEN)
    stage.world.clock.advance(weeks=2)
    plan.choose(stage.world, stage.workspace_id, account, NINE)
    stage.world.clock.advance(weeks=1)

    assert goals(stage, account, 5) == [7, 7, 7, 7, 9]
    plan.choose(stage.world, stage.workspace_id, stage.accounts[1], NINE)
    plan.forget(stage.world, stage.workspace_id, stage.accounts[1])
    assert goals(stage, stage.accounts[1], 5) == [7, 7, 7, 7, 7]


def test_an_accounts_plan_that_was_chosen_before_the_workspaces_holds_for_all_time_before_it(stage: Stage) -> None:
    account = stage.accounts[0]
    plan.choose(stage.world, stage.workspace_id, account, NINE)
    stage.world.clock.advance(weeks=1)
    plan.choose(stage.world, stage.workspace_id, None, SEVEN)
    plan.forget(stage.world, stage.workspace_id, account)
    stage.world.clock.advance(weeks=1)

    assert goals(stage, account, 4) == [9, 9, 9, 7]


def test_what_was_chosen_and_chosen_again_in_one_week_is_forgotten(stage: Stage) -> None:
    for least in range(1, 60):
        plan.choose(stage.world, stage.workspace_id, None, Plan(goal=Goal(least, 100)))
        stage.world.clock.advance(minutes=10)

    assert [each.plan.goal.least for each in plans(stage).workspace.versions if each.plan] == [59]


def test_versions_are_kept_as_long_as_a_score_may_ask(stage: Stage) -> None:
    for week in range(40):
        plan.choose(stage.world, stage.workspace_id, None, Plan(goal=Goal(week, 100)))
        stage.world.clock.advance(weeks=1)
    kept = plans(stage).workspace.versions

    assert len(kept) == 11
    assert goals(stage, None, 10) == list(range(30, 40))
    assert kept[1].since > stage.now - KEPT - timedelta(weeks=1)


def test_weeks_follow_each_other_although_the_zone_was_changed_between(stage: Stage) -> None:
    plan.choose(stage.world, stage.workspace_id, None, Plan("Asia/Shanghai"))
    stage.world.clock.advance(weeks=2)
    plan.choose(stage.world, stage.workspace_id, None, Plan("America/New_York"))
    stage.world.clock.advance(weeks=2)

    weeks = plans(stage).weeks(None, stage.now, 6)

    assert [one.end for one in weeks[:-1]] == [other.start for other in weeks[1:]]
    assert weeks[-1].start <= stage.now < weeks[-1].end
    assert {week.start.hour for week in weeks} == {5}, "midnight in New York"


def test_all_plans_of_a_workspace_are_read_with_one_query(stage: Stage) -> None:
    for account in (None, *stage.accounts):
        plan.choose(stage.world, stage.workspace_id, account, SEVEN)
    stage.world.table.calls.clear()
    plans(stage).weeks(stage.accounts[0], stage.now, 8)
    assert stage.world.table.calls == {"items": 1}


def test_nobody_plans_for_an_account_that_is_not_theirs(stage: Stage) -> None:
    with pytest.raises(NotFound):
        plan.choose(stage.world, "ws_other", stage.accounts[0], SEVEN)
    with pytest.raises(NotFound):
        plan.forget(stage.world, "ws_other", stage.accounts[0])
    assert plans(stage) == Plans()


def test_a_plan_with_faults_changes_nothing(stage: Stage) -> None:
    with pytest.raises(Invalid) as invalid:
        plan.choose(stage.world, stage.workspace_id, None, Plan("Mars/Olympus", mix={"myspace": 1.0}))
    assert [(one.path, one.code) for one in invalid.value.issues] == [
        ("timezone", "unknown_timezone"),
        ("mix.myspace", "unknown_platform"),
    ]
    assert plans(stage) == Plans()
