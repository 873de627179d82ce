"""What the service measures of itself: every end once, nothing in the way, few dimensions."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from chalicelib.aws.events import side_by_side
from chalicelib.core.conversation import Reply
from chalicelib.core.target import State
from chalicelib.ports import Heard, Item, Wake
from chalicelib.service import connect, credentials, ingest, journal, records, resolve, steer, vitals
from chalicelib.service.dispatch import dispatch
from chalicelib.service.publish import publish
from chalicelib.service.records import of
from chalicelib.service.schedule import wake_of
from chalicelib.service.sweep import HEARTBEAT, sweep
from tests.service.conftest import Stage

DIMENSIONS = {"stage", "platform", "outcome"}
Told = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """The metric lines since it was asked last."""

    def lines() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [one for one in found if "_aws" in one]

    return lines


def lateness(lines: list[dict[str, Any]]) -> dict[str, int]:
    return {one["target"]: one["PublishLatenessMs"] for one in lines if "PublishLatenessMs" in one}


def test_every_published_target_is_in_the_latency_once_as_it_was(stage: Stage, told: Told) -> None:
    person = connect.NewAccount(platform="zhihu", name="By hand", credentials={"handle": "brand"})
    assisted = connect.connect(stage.world, stage.workspace_id, person).id
    targets = [{"account_id": one} for one in (*stage.accounts, assisted)]
    post = stage.create(due_in=20, title="Nine", targets=targets)
    late = stage.create(due_in=7200)
    stage.let_pass(40)
    by_hand = stage.target(post, 2)
    assert by_hand.state is State.AWAITING_ACTION
    resolve.done(stage.world, of(by_hand), "https://zhuanlan.zhihu.com/p/1", "key_1", None)
    stage.let_pass(7260, alarms=False)
    published = [*stage.read(post).targets, *stage.read(late).targets]
    assert {target.state for target in published} == {State.PUBLISHED}
    assert lateness(lines := told()) == {target.id: target.lateness_ms for target in published}
    assert lateness(lines)[by_hand.id] == 20_000
    assert len([one for one in lines if "PublishLatenessMs" in one]) == len(published)


def test_what_a_person_took_is_not_held_against_the_machine(stage: Stage, told: Told) -> None:
    post = stage.create(due_in=20)
    stage.let_pass(30)
    assert [(one["Due"], one["OnTime"]) for one in told() if "Due" in one] == [(1, 1), (1, 1)]
    late = stage.create(due_in=7200)
    stage.let_pass(7290, alarms=False)
    assert stage.target(late).state is State.PUBLISHED
    assert [(one["Due"], one["OnTime"]) for one in told() if "Due" in one] == [(1, 0), (1, 0)]
    assert stage.target(post).lateness_ms == 0


def test_what_ends_badly_is_counted_too(stage: Stage, told: Told) -> None:
    stage.create(due_in=20, targets=[{"account_id": stage.accounts[0], "options": {"fault": "reject"}}])
    stage.create(due_in=7200, targets=[{"account_id": stage.accounts[0]}], late_policy="skip", grace_seconds=0)
    stage.let_pass(60)
    stage.let_pass(7290, alarms=False)
    lines = [one for one in told() if "Ended" in one]
    assert [(one["outcome"], one.get("Due")) for one in lines] == [("refused", None), ("skipped", 1)]


def test_nothing_is_said_before_the_request_leaves(stage: Stage, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[dict[str, Any]] = []
    send = stage.web.send

    def sending(request: Any) -> Any:
        before.extend(told())
        return send(request)

    monkeypatch.setattr(stage.web, "send", sending)
    post = stage.create(due_in=3, targets=[{"account_id": stage.accounts[0]}])
    stage.world.clock.advance(2)
    publish(stage.world, wake_of(stage.target(post)))
    assert before == []
    assert len(told()) == 1


def test_a_token_that_was_refused_is_counted_once_and_not_with_every_post(
    stage: Stage, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.web, "send", lambda request: Reply(401, {}, b'{"code": "unauthorized"}'))
    one, other = ([{"account_id": account}] for account in stage.accounts)
    for due_in in (5, 20, 35):
        stage.create(due_in=due_in, targets=one)
    stage.create(due_in=50, targets=other)
    stage.let_pass(60)
    assert [one["TokenFailures"] for one in told() if "TokenFailures" in one] == [1, 1]


def test_that_a_request_leaves_is_in_the_logs_before_it_does(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore of the table from a backup finds there what the backup does not know: infra/restore.py."""
    send, before = stage.web.send, list[str]()

    def sending(request: Any) -> Any:
        before.extend(capsys.readouterr().out.splitlines())
        return send(request)

    monkeypatch.setattr(stage.web, "send", sending)
    post = stage.create(due_in=3, targets=[{"account_id": stage.accounts[0]}])
    stage.let_pass(5)
    (line,) = [json.loads(one) for one in before if '"leaving"' in one]
    assert (line["target"], line["due"]) == (stage.target(post).id, "2026-11-22T09:00:03.000Z")


def test_a_metric_that_fails_fails_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def broken(*_arguments: Any) -> None:
        said.append("tried")
        raise OSError("nobody reads the other end of the pipe")

    monkeypatch.setattr(journal, "measured", broken)
    post = stage.create(due_in=700)
    stage.let_pass(720)
    credentials.renew(stage.world)
    assert ingest.ingest(stage.world, {}) == []
    assert {target.state for target in stage.read(post).targets} == {State.PUBLISHED}
    assert all(target.lateness_ms == 0 for target in stage.read(post).targets)
    assert stage.world.table.get(HEARTBEAT) is not None
    assert len(said) > 3


def test_the_dispatcher_says_how_late_it_was_and_how_much_there_was(stage: Stage, told: Told) -> None:
    stage.create(due_in=7200)
    (minute,) = stage.world.alarms.set
    stage.world.clock.sleep_until(minute - timedelta(seconds=stage.world.settings.alarm_lead_seconds - 2))
    dispatch(stage.world, minute)
    assert [(one["Dispatched"], one["DispatchLatenessMs"]) for one in told()] == [(2, 2000)]


def test_a_sweep_of_nothing_says_that_it_is_alive(stage: Stage, told: Told) -> None:
    sweep(stage.world)
    (line,) = told()
    assert {name: line[name] for name in ("Sweeps", "Overdue", "Unconfirmed", "OldestDueSeconds")} == {
        "Sweeps": 1,
        "Overdue": 0,
        "Unconfirmed": 0,
        "OldestDueSeconds": 0,
    }


def test_what_is_overdue_is_woken_also_where_a_shard_cannot_be_and_then_nobody_says_all_is_well(stage: Stage) -> None:
    posts = [stage.create(due_in=20) for _ in range(12)]
    stage.world.queue.waiting.clear()
    stage.world.clock.advance(60)
    send, calls, refused = stage.world.queue.send, count(), list[int]()

    def refuses_the_first(messages: Sequence[tuple[Wake, float]]) -> None:
        if next(calls) == 0:
            refused.append(len(messages))
            raise ConnectionError
        send(messages)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stage.world.queue, "send", refuses_the_first)
        with pytest.raises(ConnectionError):
            sweep(stage.world, side_by_side)
    targets = sum(len(post.targets) for post in posts)
    assert len(stage.world.queue.waiting) == targets - sum(refused) > 0
    assert stage.world.table.get(HEARTBEAT) is None


def test_what_is_in_doubt_is_seen_also_while_only_a_person_can_find_out(stage: Stage) -> None:
    options = {"fault": "timeout_after_accept"}
    post = stage.create(due_in=5, targets=[{"account_id": stage.accounts[0], "options": options}])
    stage.let_pass(12)
    doubtful = stage.target(post)
    assert (doubtful.state, doubtful.doubt is not None) == (State.UNCONFIRMED, True)
    found = sweep(stage.world)
    assert (found.unconfirmed, found.oldest_unconfirmed_seconds, found.oldest_due_seconds) == (1, 7, 7)
    stage.world.queue.receive()
    stage.world.table.write(records.put_target(replace(doubtful, next_at=None)))
    stage.world.clock.advance(3600)
    waiting = list(stage.world.queue.waiting)
    found = sweep(stage.world)
    assert (found.unconfirmed, found.oldest_unconfirmed_seconds, found.overdue) == (1, 3607, 0)
    assert stage.world.queue.waiting == waiting, "nobody is woken who could do nothing"


def test_what_waits_for_a_retry_is_due_all_the_same(stage: Stage) -> None:
    stage.create(due_in=5, targets=[{"account_id": stage.accounts[0], "options": {"fault": "rate_limit"}}])
    stage.let_pass(6)
    found = sweep(stage.world)
    assert (found.overdue, found.oldest_due_seconds) == (0, 1)


def test_what_waits_for_a_person_is_due_all_the_same(stage: Stage) -> None:
    held, called_off, later = (stage.create(due_in=due) for due in (7200, 7100, 90_000))
    steer.cancel(stage.world, stage.workspace_id, called_off.post.id)
    for post in (held, later):
        steer.hold(stage.world, stage.workspace_id, post.post.id)
    stage.world.clock.advance(7230)
    found = sweep(stage.world)
    assert (found.overdue, found.oldest_due_seconds) == (0, 30)
    assert not stage.world.queue.waiting, "nobody is woken who could do nothing"
    steer.resume(stage.world, stage.workspace_id, held.post.id)
    stage.let_pass(30)
    assert sweep(stage.world).oldest_due_seconds == 0


def test_what_nobody_published_by_hand_is_due_after_its_reminder(stage: Stage) -> None:
    person = connect.NewAccount(platform="zhihu", name="By hand", credentials={"handle": "brand"})
    assisted = connect.connect(stage.world, stage.workspace_id, person).id
    post = stage.create(due_in=20, title="Nine", targets=[{"account_id": assisted}])
    stage.let_pass(7200)
    assert (stage.target(post).state, stage.target(post).next_at) == (State.AWAITING_ACTION, None)
    assert sweep(stage.world).oldest_due_seconds == 7180


def test_how_long_callbacks_waited_is_said_for_each(stage: Stage, told: Told) -> None:
    at = (stage.now - timedelta(seconds=3)).isoformat()
    heard = {f"m{n}": Heard(stage.workspace_id, "acc_none", "standard", at, "{}", "") for n in range(2)}
    ingest.ingest(stage.world, heard)
    lines = told()
    assert [(one["platform"], one["CallbackLagMs"]) for one in lines if "Callbacks" in one] == [
        ("standard", [3000] * 2)
    ]
    assert lines[-1]["CallbacksFailed"] == 2


def test_no_metric_has_a_dimension_of_its_own_for_each_post_or_workspace(stage: Stage, told: Told) -> None:
    stage.create(due_in=20)
    stage.let_pass(120)
    lines = told()
    sets = [one for line in lines for part in line["_aws"]["CloudWatchMetrics"] for one in part["Dimensions"]]
    assert sets
    assert all(set(one) <= DIMENSIONS for one in sets)
    for line in lines:
        for part in line["_aws"]["CloudWatchMetrics"]:
            assert {one["Name"] for one in part["Metrics"]} <= line.keys()
            assert {name for one in part["Dimensions"] for name in one} <= line.keys()


def test_what_a_network_charges_is_measured_by_platform_and_what_is_free_says_nothing(stage: Stage, told: Told) -> None:
    post = stage.create(due_in=3)
    stage.let_pass(10)
    assert not [one for one in told() if "PaidPostsUsd" in one]
    target = replace(stage.target(post), platform="x")
    for amount, currency in (("0.200", "USD"), ("1.00", "CNY")):
        cost = {"estimated_cost": {"amount": amount, "currency": currency}}
        vitals.paid(stage.world, target, Item(records.rendition_key(of(target)), cost))
    vitals.paid(stage.world, target, None)
    (line,) = told()
    assert (line["PaidPostsUsd"], line["platform"]) == (0.2, "x")
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Dimensions"] == [["stage"], ["platform", "stage"]]
