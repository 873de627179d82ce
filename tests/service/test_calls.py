"""What a post costs: every call to the table, the queue and the alarms, counted. A call more or less fails here."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.target import State
from chalicelib.service.dispatch import dispatch
from chalicelib.service.publish import publish
from chalicelib.service.records import SHARD_NAMES, SHARDS
from chalicelib.service.schedule import wake_of
from tests.api.client import Api
from tests.fakes import FakeWorld
from tests.service.conftest import Stage

Calls = dict[str, int]

SOON, LATER = 60, 7200
"""Seconds ahead: within the direct window, and behind an alarm."""

CREATED: dict[str, tuple[dict[str, Any], Calls]] = {
    # a post with two targets: its row, and a target and a rendition for each
    "a draft": ({}, {"get_many": 1, "write": 1, "rows": 5}),
    "due soon": ({"due_in": SOON}, {"get_many": 1, "write": 1, "rows": 5, "queue.send": 1}),
    "due later": ({"due_in": LATER}, {"get_many": 1, "write": 1, "rows": 5, "alarms.ensure": 1}),
    "now": ({"publish": "now"}, {"get_many": 1, "write": 1, "rows": 5, "queue.send": 1}),
    "with an external id": ({"external_id": "42"}, {"get_many": 1, "write": 1, "rows": 6}),
}
# the target; its account, its rendition and what may hold it back; then the claim, the intent and the result
PUBLISHED = {"get": 1, "get_many": 1, "write": 3, "rows": 3, "web.send": 1}


@pytest.mark.parametrize(("fields", "expected"), CREATED.values(), ids=CREATED)
def test_creating_a_post_with_two_targets(stage: Stage, fields: dict[str, Any], expected: Calls) -> None:
    assert calls_of(stage.world, lambda: stage.create(**fields)) == expected


def test_creating_a_post_over_http_under_an_idempotency_key(stage: Stage) -> None:
    client = Api(stage.world)
    body = {"text": "Ding dong", "targets": [{"account_id": client.account()}, {"account_id": client.account()}]}
    calls = calls_of(stage.world, lambda: client.post("/v1/posts", body, idempotency_key="once"))
    # beside the post: who asks and what was answered before; that it is in flight, and the answer
    assert calls == {"get": 2, "get_many": 1, "write": 3, "rows": 7}


def test_publishing_a_target(stage: Stage) -> None:
    target = stage.create(due_in=SOON).targets[0]
    stage.world.clock.advance(SOON)
    assert calls_of(stage.world, lambda: publish(stage.world, wake_of(target))) == PUBLISHED


def test_a_thread_costs_one_write_more_for_each_further_part(stage: Stage) -> None:
    post = stage.create(due_in=SOON, text="One sentence of a long story. " * 30)
    stage.world.clock.advance(SOON)
    calls = calls_of(stage.world, lambda: publish(stage.world, wake_of(post.targets[0])))
    parts = calls["web.send"]
    assert parts > 1
    assert calls == {**PUBLISHED, "write": 2 + parts, "rows": 2 + parts, "web.send": parts}


def test_a_wake_that_comes_twice_costs_two_reads(stage: Stage) -> None:
    post = stage.create(due_in=SOON)
    stage.let_pass(SOON + 1)
    assert stage.target(post).state is State.PUBLISHED
    assert calls_of(stage.world, lambda: publish(stage.world, wake_of(post.targets[0]))) == {"get": 1, "get_many": 1}


def test_dispatching_a_minute_reads_every_shard_and_queues_page_by_page(stage: Stage) -> None:
    stage.create(due_in=LATER)
    minute = next(iter(stage.world.alarms.set))
    opened = {item.open.pk for item in stage.world.table.everything if item.open}
    shards = len(opened & set(SHARD_NAMES))
    expected = {"opened": SHARDS + shards, "queue.send": shards}
    assert calls_of(stage.world, lambda: dispatch(stage.world, minute)) == expected


def test_after_the_due_instant_only_the_intent_is_written_before_the_request_leaves(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = stage.create(due_in=SOON).targets[0]
    stage.world.clock.advance(SOON - 3)
    order: list[str] = []

    def noting(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            order.append(name)
            return act(*arguments, **options)

        return noted

    for part, name in ((stage.world.table, "write"), (stage.web, "warm"), (stage.web, "send")):
        monkeypatch.setattr(part, name, noting(name, getattr(part, name)))
    monkeypatch.setattr(stage.world.clock, "sleep_until", noting("sleep", stage.world.clock.sleep_until))
    publish(stage.world, wake_of(target))
    assert order[:5] == ["write", "warm", "sleep", "write", "send"]


def calls_of(world: FakeWorld, act: Callable[[], object]) -> Calls:
    """The calls that an act makes of the world; those of the sandbox network behind the web are its own affair."""
    seen = Counter[str]()
    world.table.calls = seen

    def counted(part: Any, name: str, label: str, weight: Callable[..., int] = lambda *_: 1) -> None:
        call = getattr(part, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            if world.table.calls is seen:
                seen[label] += weight(*arguments)
            return call(*arguments, **options)

        patch.setattr(part, name, counting)

    def send(*arguments: Any) -> Any:
        seen["web.send"] += 1
        world.table.calls = Counter()
        try:
            return network(*arguments)
        finally:
            world.table.calls = seen

    network = world.web.send
    with pytest.MonkeyPatch.context() as patch:
        counted(world.table, "write", "rows", lambda *writes: len(writes))
        counted(world.queue, "send", "queue.send")
        counted(world.alarms, "ensure", "alarms.ensure")
        patch.setattr(world.web, "send", send)
        act()
    return dict(seen)
