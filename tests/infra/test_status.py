"""`make status` says how the local service does, by the same judgement as metrics and scores."""

from chalicelib.service import audit
from chalicelib.service.canary import sing
from chalicelib.service.sweep import sweep
from infra.status import Hour, duplicates, hour_of, lately, told
from tests.service.conftest import Stage, stage

__all__ = ["stage"]


def test_what_was_due_in_the_last_hour_is_judged(stage: Stage) -> None:
    first = {"account_id": stage.accounts[0]}
    stage.create(due_in=20)
    stage.create(due_in=30, targets=[{**first, "options": {"fault": "reject"}}])
    stage.create(due_in=9000)
    stage.create()
    stage.let_pass(60)
    found = hour_of(lately(stage.world, stage.workspace_id), stage.now)
    assert found == Hour(due=3, published=2, on_time=2, judged=2)
    stage.world.clock.advance(hours=2)
    assert hour_of(lately(stage.world, stage.workspace_id), stage.now) == Hour(0, 0, 0, 0)


def test_the_top_row_is_told_in_words(stage: Stage) -> None:
    options = {"fault": "timeout_after_accept"}
    stage.create(due_in=5, targets=[{"account_id": stage.accounts[0], "options": options}])
    stage.let_pass(12)
    sweep(stage.world)
    audit.record(stage.world, stage.workspace_id, audit.DUPLICATE, ("tgt_1",))
    text = told(stage.world, Hour(3, 2, 1, 2), {"deliver": 4}, duplicates(stage.world, stage.workspace_id))
    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "sweep alive, last at 2026-11-22T09:00:12.000Z",
        "due, last hour 3",
        "published 2",
        "on time 50.0 % (1 of 2)",
        "oldest backlog 0 s overdue; 7 s since it was due",
        "unconfirmed 1, 7 s the oldest",
        "canary has not sung",
        "duplicates, day 1",
        "dead letters 4 deliver",
    ]


def test_how_the_canary_does_is_told(stage: Stage) -> None:
    def line() -> str:
        return next(line for line in told(stage.world, Hour(0, 0, 0, 0), {}).splitlines() if "canary" in line)

    for _ in range(4):
        sing(stage.world)
        stage.let_pass(300)
    assert line().split()[1:] == ["sang,", "0", "ms", "late,", "due", "at", "2026-11-22T09:12:00.000Z"]
    for _ in range(3):
        stage.let_pass(300, alarms=False, sweeps=False)
        sing(stage.world)
    assert "MISSING: scheduled, 0 times" in line()


def test_before_the_first_sweep_nothing_is_claimed(stage: Stage) -> None:
    assert "starting" in told(stage.world, Hour(0, 0, 0, 0), {})
