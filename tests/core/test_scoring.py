"""From what was kept of a workspace to the scores of everything in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.business_hours import WEEKDAYS, BusinessHours, open_time
from chalicelib.core.day import Day, Waits, hour_of
from chalicelib.core.inbox import InboxItem
from chalicelib.core.plan import Goal, Plan, PlannedWeek
from chalicelib.core.planning import planned_weeks
from chalicelib.core.scores.outcome import Message, Outcome
from chalicelib.core.scores.score import Scope
from chalicelib.core.scores.scoring import Kept, answers, scopes, scored
from chalicelib.core.waits import moved

NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)  # a Thursday
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK, DAY, HOUR = timedelta(weeks=1), timedelta(days=1), timedelta(hours=1)
WORKSPACE = Scope("workspace")
OFFICE = BusinessHours(days=dict.fromkeys(WEEKDAYS[:5], ((540, 1080),)), target=timedelta(minutes=30))


def weeks(plan: Plan | None = None) -> tuple[PlannedWeek, ...]:
    return planned_weeks(plan or Plan(goal=Goal(2, 4)), (MONDAY - 7 * WEEK).date(), 8)


def out(due: datetime, account: str = "acc_1", post: str = "", platform: str = "x", late: float = 0) -> Outcome:
    at = due + timedelta(seconds=late)
    name = post or f"post_{due:%m%d%H}"
    return Outcome(f"tgt_{name}_{account}", name, account, platform, due, "published", at, message=Message(1, 1))


def kept(*outcomes: Outcome, **fields: Any) -> Kept:
    accounts = {"acc_1": "x", "acc_2": "x", "acc_3": "weibo"}
    by_account = {id: [one for one in outcomes if one.account_id == id] for id in accounts}
    return replace(Kept(NOW, accounts, by_account, {}, {None: weeks()}, {}), **fields)


def test_everything_in_a_workspace_has_scores_itself_first() -> None:
    assert [scope.name for scope in scopes(kept())] == [
        "workspace",
        *("platform#weibo", "platform#x"),
        *("account#acc_1", "account#acc_2", "account#acc_3"),
    ]


def test_where_nothing_was_kept_there_is_no_score() -> None:
    assert {one.value for one in scored(kept(), WORKSPACE).values()} == {None}


def test_a_scope_counts_its_own_accounts_only() -> None:
    found = kept(out(NOW - DAY), out(NOW - 2 * DAY, "acc_3", platform="weibo", late=400))
    timeliness = {scope.name: scored(found, scope)["28d"].value for scope in scopes(found)}
    assert timeliness == {
        "workspace": 50,
        "platform#weibo": 0,
        "platform#x": 100,
        "account#acc_1": 100,
        "account#acc_2": None,
        "account#acc_3": 0,
    }


def test_a_post_on_two_accounts_has_a_message_even_where_only_one_is_looked_at() -> None:
    both = kept(out(NOW - DAY, "acc_1", "post_1"), out(NOW - DAY, "acc_3", "post_1", "weibo"), out(NOW, "acc_2"))
    message = {
        scope.id: next(one.n for one in scored(both, scope)["8w"].parts if one.name == "message")
        for scope in scopes(both)
        if scope.kind == "account"
    }
    assert message == {"acc_1": 1, "acc_2": 0, "acc_3": 1}


def cadence(found: Kept, window: str = "8w") -> tuple[float | None, int]:
    part = next(one for one in scored(found, WORKSPACE)[window].parts if one.name == "cadence")
    return part.value, part.n


def test_weeks_before_anything_was_to_be_expected_are_not_missed() -> None:
    two_weeks = [out(MONDAY - ago * WEEK + days * DAY) for ago in (1, 2) for days in (0, 3)]
    assert cadence(kept(*two_weeks))[1] <= 3


def test_who_chose_a_plan_and_does_nothing_misses_every_week_since() -> None:
    value, n = cadence(kept(chosen_at={None: MONDAY - 6 * WEEK}))
    assert n >= 6
    assert value == 0


def test_of_the_week_in_which_it_began_only_the_rest_is_expected() -> None:
    began = MONDAY - 2 * WEEK + 5 * DAY  # a Saturday
    plan = Plan(goal=Goal(3, 5))
    busy = [out(began + DAY), *(out(MONDAY - WEEK + days * DAY) for days in (0, 2, 4))]
    late_start = kept(*busy, chosen_at={None: began}, weeks={None: weeks(plan)})
    whole_week = kept(*busy, chosen_at={None: MONDAY - 2 * WEEK}, weeks={None: weeks(plan)})
    assert (cadence(late_start)[0] or 0) > (cadence(whole_week)[0] or 0)


def test_an_account_with_a_plan_of_its_own_is_judged_by_that() -> None:
    posts = [out(MONDAY - ago * WEEK + days * DAY) for ago in range(1, 7) for days in (0, 3)]
    own = kept(*posts, weeks={None: weeks(), "acc_1": weeks(Plan(goal=Goal(7, 7)))})
    assert (scored(own, Scope("account", "acc_1"))["8w"].value or 0) < (scored(own, WORKSPACE)["8w"].value or 0)


def test_windows_are_whole_days_of_the_workspaces_zone() -> None:
    late_on_the_first = out(datetime(2026, 11, 20, 0, 30, tzinfo=UTC))
    berlin, new_york = (kept(late_on_the_first, timezone=name) for name in ("Europe/Berlin", "America/New_York"))
    assert scored(berlin, WORKSPACE)["7d"].n == 1
    assert scored(new_york, WORKSPACE)["7d"].n == 0, "there it was still the day before the seventh"


def test_a_time_that_has_not_come_is_not_counted() -> None:
    early = replace(out(NOW + DAY), fate="cancelled", at=None)
    assert scored(kept(out(NOW - DAY), early), WORKSPACE)["28d"].n == 1


def waiting(*hours_ago: float) -> dict[str, dict[str, Waits]]:
    hours = [hour_of(NOW - timedelta(hours=one)) for one in hours_ago]
    return {"acc_1": {hour: Waits(waiting=hours.count(hour)) for hour in hours}}


@pytest.mark.parametrize(
    ("ago", "overdue"),
    [
        pytest.param(0, 0, id="just now"),
        pytest.param(0.9, 0, id="the hour in which it began has only just ended: some of it may be younger"),
        pytest.param(1.9, 1, id="the whole hour is older than the target"),
        pytest.param(24 * 20, 1, id="long ago"),
        pytest.param(24 * 40, 0, id="before the window"),
    ],
)
def test_who_waits_longer_than_the_target_was_failed_and_who_does_not_is_not_counted(ago: float, overdue: int) -> None:
    found = answers(kept(waits=waiting(ago), hours=OFFICE_ALWAYS), ["acc_1"], NOW - 28 * DAY)
    assert found.overdue == overdue
    assert found.overdue + found.waiting == int(ago < 24 * 28)
    assert found.answered == 0


OFFICE_ALWAYS = BusinessHours(target=timedelta(minutes=30))


def test_who_asks_after_the_instant_of_a_score_is_in_none_of_its_figures() -> None:
    later = {hour_of(NOW + n * HOUR): Waits(waiting=1, answered=2, in_time=2, speed=1.5) for n in (1, 24)}
    found = kept(waits={"acc_1": later})
    assert answers(found, ["acc_1"], NOW - DAY).n == 0
    assert answers(replace(found, as_of=NOW + 2 * DAY), ["acc_1"], NOW - DAY).n == 6


def test_the_night_is_no_time_in_which_somebody_was_failed() -> None:
    morning = NOW.replace(hour=9, minute=20)
    night = {"acc_1": {hour_of(morning - 12 * HOUR): Waits(waiting=1)}}
    assert answers(replace(kept(waits=night, hours=OFFICE), as_of=morning), ["acc_1"], NOW - 28 * DAY).waiting == 1
    later = replace(kept(waits=night, hours=OFFICE), as_of=morning + HOUR)
    assert answers(later, ["acc_1"], NOW - 28 * DAY).overdue == 1


@given(st.integers(0, 24 * 27), st.sampled_from([OFFICE, OFFICE_ALWAYS]))
def test_the_line_between_them_is_drawn_by_open_time(ago: int, hours: BusinessHours) -> None:
    begin = (NOW - ago * HOUR).replace(minute=0)
    name = hour_of(begin)
    found = answers(kept(waits={"acc_1": {name: Waits(waiting=1)}}, hours=hours), ["acc_1"], NOW - 28 * DAY)
    assert found.overdue == int(open_time(hours, begin + HOUR, NOW) > hours.target)


def test_answers_that_were_judged_by_other_hours_than_they_are_taken_back_by_break_nothing() -> None:
    """Two were late by the hours of then. Of one it turns out, by today's, that they had asked a day before."""
    then, today = BusinessHours(target=timedelta(minutes=15)), BusinessHours(target=timedelta(hours=24))
    asked, day = NOW - 5 * HOUR, Day()
    for name in ("one", "two"):
        item = InboxItem(f"inb_{name}", "acc_1", "x", name, kind="comment").spoke(asked, "them", f"{name} asked")
        item = item.spoke(asked + HOUR, "us", f"{name} answered")
        day = day.answering(moved(None, item, then))
    earlier = item.spoke(asked - 30 * HOUR, "them", "two asked before")
    day = day.answering(moved(item, earlier, today))
    found = kept(out(NOW - DAY), waits={"acc_1": day.waits})
    answered = answers(found, ["acc_1"], NOW - 28 * DAY)
    assert answered.answered == 2
    assert 0 <= answered.in_time <= 2
    assert 0 <= (scored(found, WORKSPACE)["28d"].value or 0) <= 100
