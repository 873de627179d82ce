"""One post through the house, in memory: accepted, woken, claimed, published once, never early."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from chalicelib.core.conversation import (
    Conversation,
    Effect,
    Idempotency,
    Job,
    Published,
    Reply,
    Request,
    Safety,
)
from chalicelib.core.target import State
from chalicelib.platforms import platform
from chalicelib.service import schedule, steer
from chalicelib.service.publish import Publication, look_around, publish
from chalicelib.service.schedule import POLICY, wake_of
from tests.service.conftest import Stage


def test_a_post_due_soon_is_published_on_time_on_every_account(stage: Stage) -> None:
    post = stage.create(due_in=20)
    stage.let_pass(30)
    for number, target in enumerate(stage.read(post).targets):
        assert target.state is State.PUBLISHED
        assert target.lateness_ms is not None
        assert 0 <= target.lateness_ms <= 1000
        assert [one["id"] for one in stage.timeline(number)] == [target.platform_post_id]


def test_a_post_due_later_waits_for_its_alarm_and_not_on_the_queue(stage: Stage) -> None:
    post = stage.create(due_in=7200)
    assert stage.world.queue.waiting == []
    assert len(stage.world.alarms.set) == 1
    stage.let_pass(7210, sweeps=False)
    assert [target.state for target in stage.read(post).targets] == ["published", "published"]
    assert all(target.lateness_ms == 0 for target in stage.read(post).targets)


def test_without_any_alarm_the_sweep_still_gets_every_post_out_within_90_seconds(stage: Stage) -> None:
    post = stage.create(due_in=7200)
    stage.let_pass(7290, alarms=False)
    for target in stage.read(post).targets:
        assert target.state is State.PUBLISHED
        assert target.lateness_ms is not None
        assert target.lateness_ms <= 90_000


def test_a_million_posts_in_a_minute_need_one_alarm(stage: Stage) -> None:
    for number in range(20):
        stage.create(due_in=7200 + number % 3, text=f"post {number}")
    assert len(stage.world.alarms.set) == 1


def test_publish_now_goes_out_at_once(stage: Stage) -> None:
    post = stage.create(publish="now")
    stage.let_pass(1)
    assert stage.target(post).state is State.PUBLISHED


def test_a_draft_stays_until_it_is_published_by_hand(stage: Stage) -> None:
    post = stage.create()
    stage.let_pass(3600)
    assert stage.target(post).state is State.DRAFT
    steer.publish_now(stage.world, stage.workspace_id, post.post.id)
    stage.let_pass(1)
    assert stage.target(post).state is State.PUBLISHED


def test_a_cancelled_post_never_goes_out(stage: Stage) -> None:
    post = stage.create(due_in=20)
    stage.let_pass(10)
    steer.cancel(stage.world, stage.workspace_id, post.post.id)
    stage.let_pass(300)
    assert stage.target(post).state is State.CANCELLED
    assert stage.timeline() == []


def test_a_held_post_goes_out_when_it_is_resumed(stage: Stage) -> None:
    post = stage.create(due_in=20)
    steer.hold(stage.world, stage.workspace_id, post.post.id)
    stage.let_pass(100)
    assert stage.timeline() == []
    steer.resume(stage.world, stage.workspace_id, post.post.id)
    stage.let_pass(1)
    assert stage.target(post).state is State.PUBLISHED


def test_the_same_wake_again_and_again_publishes_once(stage: Stage) -> None:
    post = stage.create(due_in=20)
    wake = wake_of(stage.target(post))
    stage.let_pass(30)
    for _ in range(5):
        publish(stage.world, wake)
    assert len(stage.timeline()) == 1


def test_a_wake_that_comes_too_early_does_not_publish_early(stage: Stage) -> None:
    post = stage.create(due_in=60)
    publish(stage.world, wake_of(stage.target(post)))
    assert stage.timeline() == []
    assert stage.target(post).claim is None


@pytest.mark.parametrize("fault", ["timeout_after_accept", "server_error_after_accept"])
def test_what_was_accepted_without_a_clear_answer_is_found_and_not_sent_again(stage: Stage, fault: str) -> None:
    post = stage.create(due_in=5, targets=[{"account_id": stage.accounts[0], "options": {"fault": fault}}])
    stage.let_pass(12)
    assert stage.target(post).state is State.UNCONFIRMED
    stage.let_pass(60)
    target = stage.target(post)
    assert target.state is State.PUBLISHED
    assert [one["id"] for one in stage.timeline()] == [target.platform_post_id]
    assert target.ledger[0].answer is not None
    assert target.ledger[0].answer.source == "read_back"
    assert target.lateness_ms is not None
    assert target.lateness_ms <= 1000, "timed by the network's own clock"


def test_a_limited_post_is_late_and_says_so(stage: Stage) -> None:
    post = stage.create(due_in=5, targets=[{"account_id": stage.accounts[0], "options": {"fault": "rate_limit"}}])
    stage.let_pass(6)
    limited = stage.target(post)
    assert (limited.state, limited.error.code if limited.error else None) == ("queued", "rate_limited")
    stage.let_pass(10)
    target = stage.target(post)
    assert target.state is State.PUBLISHED
    assert target.error is None
    assert target.lateness_ms is not None
    assert target.lateness_ms >= 2000


def test_what_the_network_rejects_has_failed_with_its_words(stage: Stage) -> None:
    post = stage.create(due_in=5, targets=[{"account_id": stage.accounts[0], "options": {"fault": "reject"}}])
    stage.let_pass(10)
    target = stage.target(post)
    assert target.state is State.FAILED
    assert target.error is not None
    assert (target.error.code, target.error.message) == ("rejected", "the sandbox was asked to reject this")


def test_one_account_that_fails_does_not_touch_the_other(stage: Stage) -> None:
    first, second = stage.accounts
    post = stage.create(
        due_in=5, targets=[{"account_id": first, "options": {"fault": "reject"}}, {"account_id": second}]
    )
    stage.let_pass(10)
    assert [target.state for target in stage.read(post).targets] == ["failed", "published"]
    assert stage.read(post).status == "partially_published"


def test_while_the_network_is_down_the_post_stays_and_goes_out_later(stage: Stage) -> None:
    post = stage.create(due_in=5)
    stage.web.down = True
    stage.let_pass(120)
    waiting = stage.target(post)
    assert waiting.state is State.QUEUED
    assert waiting.error is not None
    assert waiting.error.code in ("unreachable", "platform_down")
    stage.web.down = False
    stage.let_pass(300)
    assert stage.target(post).state is State.PUBLISHED
    assert len(stage.timeline()) == 1


def test_a_thread_goes_out_whole_and_in_order(stage: Stage) -> None:
    text = " ".join(f"Sentence number {number} of a long announcement." for number in range(40))
    post = stage.create(due_in=5, text=text)
    stage.let_pass(10)
    parts = stage.timeline()
    assert len(parts) > 2
    assert " ".join(part["text"] for part in parts) == text
    assert [part.get("reply_to") for part in parts] == [None, *(part["id"] for part in parts[:-1])]
    assert stage.target(post).part_ids == tuple(part["id"] for part in parts)


class Died(BaseException):
    """The worker is gone: nothing catches this."""


@pytest.mark.parametrize("step", range(1, 8))
def test_a_worker_that_dies_at_any_step_leaves_one_whole_thread(
    stage: Stage, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(f"Sentence number {number} of a long announcement." for number in range(25))
    post = stage.create(due_in=5, text=text, targets=[{"account_id": stage.accounts[0]}])
    steps = count(1)

    def mortal(call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, after which the worker dies when this was its last step; saves die before they save."""

        def called(*arguments: Any) -> Any:
            last = next(steps) == step
            if last and call is save:
                raise Died
            answer = call(*arguments)
            if last:
                raise Died
            return answer

        return called

    save, send = schedule.save, stage.web.send
    monkeypatch.setattr(schedule, "save", mortal(save))
    monkeypatch.setattr(stage.web, "send", mortal(send))
    for _ in range(20):
        with suppress(Died):
            stage.let_pass(60)
    parts = stage.timeline()
    assert stage.target(post).state is State.PUBLISHED
    assert " ".join(part["text"] for part in parts) == text


def test_deliveries_between_the_arming_and_the_due_instant_never_fire_early(stage: Stage) -> None:
    post = stage.create(due_in=4)
    due = stage.target(post).scheduled_at
    assert due is not None
    stage.let_pass(10)
    sent = stage.target(post).sent_at
    assert sent is not None
    assert timedelta() <= sent - due < timedelta(seconds=1)


def test_a_no_that_came_with_status_200_is_not_kept_as_a_preparation(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = stage.target(stage.create(due_in=20))
    target = dataclasses.replace(waiting, claim="mine", claimed_until=stage.now + POLICY.lease)
    bodies = [b'{"error_code": 21327}', b'{"pic_id": "53b7"}']
    monkeypatch.setattr(stage.web, "send", lambda request: Reply(200, {}, bodies.pop(0)))
    run = Publication(
        stage.world, target, platform("weibo"), Idempotency(Safety.READBACK), look_around(stage.world, target)
    )
    upload = Request("POST", "https://api.weibo.com/2/statuses/upload_pic.json", effect=Effect.PREPARE)
    heard = []
    for _ in range(3):
        heard += [run._prepare(upload).body]
        run._settle()
    assert heard == [b'{"error_code": 21327}', *[b'{"pic_id": "53b7"}'] * 2]


def test_uploads_that_take_longer_than_a_publisher_runs_go_on_where_they_stopped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, send = platform("sandbox").publish, stage.web.send
    uploaded: dict[str, datetime] = {}

    def long(_: object, job: Job) -> Conversation[Published]:
        for number in range(12):
            yield Request("PUT", f"https://{job.target_id}.example/{number}", effect=Effect.PREPARE)
        return (yield from plain(job))

    def slow(request: Request) -> Reply:
        if request.effect is not Effect.PREPARE:
            return send(request)
        assert request.url not in uploaded
        uploaded[request.url] = stage.now
        stage.world.clock.sleep_until(stage.now + timedelta(seconds=9))
        return Reply(200, {}, b"{}")

    monkeypatch.setattr(type(platform("sandbox")), "publish", long)
    monkeypatch.setattr(stage.web, "send", slow)
    post = stage.create(due_in=20)
    stage.let_pass(900)
    for target in stage.read(post).targets:
        assert target.state is State.PUBLISHED
        mine = [at for url, at in uploaded.items() if target.id in url]
        claims = [event.at for event in target.events if event.type == "claimed"]
        assert len(mine) == 12
        assert all(at - max(claim for claim in claims if claim <= at) <= POLICY.run for at in mine)
