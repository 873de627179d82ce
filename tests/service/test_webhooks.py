"""From a row of the table to a customer's server, in memory: at least once, whatever repeats itself, breaks or dies."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.conversation import Reply, Request
from chalicelib.core.errors import MaybeSent, NotSent, Unavailable
from chalicelib.core.webhooks import Delivery, Message
from chalicelib.ports import Change, Errand
from chalicelib.service import connect, deliveries, steer, webhooks
from chalicelib.service.deliver import deliver
from chalicelib.service.sweep import sweep
from chalicelib.service.tell import Untold, news_in, tell
from chalicelib.service.webhooks import NewWebhook, Shown, WebhookPatch
from tests.fakes import FakeQueue, world
from tests.service.conftest import Stage
from tests.service.sandbox_web import SandboxWeb

DESK, OTHER = "https://desk.test/hook", "https://other.test/hook"
Mood = int | Exception | Reply


@dataclass(eq=False)
class Town(SandboxWeb):
    """The sandbox, and receivers of webhooks that answer as they feel."""

    moods: dict[str, Mood] = field(default_factory=dict)
    got: list[Request] = field(default_factory=list)

    def objection(self, url: str) -> str | None:
        return None

    def send(self, request: Request) -> Reply:
        if "/hook" not in request.url:
            return super().send(request)
        self.got.append(request)
        mood = self.moods.get(request.url, 204)
        if isinstance(mood, Exception):
            raise mood
        return mood if isinstance(mood, Reply) else Reply(mood)

    def events(self, url: str = DESK) -> list[dict[str, Any]]:
        """What came to a receiver."""
        return [json.loads(request.content or b"") for request in self.got if request.url == url]

    def types(self, url: str = DESK) -> list[str]:
        """The same, by type alone."""
        return [event["type"] for event in self.events(url)]


@dataclass
class Scene(Stage):
    """A stage whose stream is told and whose deliveries are carried out as time passes."""

    told: int = 0

    @property
    def town(self) -> Town:
        assert isinstance(self.web, Town)
        return self.web

    def hook(self, url: str = DESK, **fields: Any) -> Shown:
        return webhooks.register(self.world, self.workspace_id, NewWebhook(url=url, **fields))

    def tell(self) -> None:
        """Tell what was written since the last time."""
        changes = self.world.table.stream(self.told)
        self.told += len(changes)
        tell(self.world, changes)

    def deliver(self) -> None:
        """Carry out the errands that are due."""
        for errand in self.world.deliveries.receive():
            deliver(self.world, errand)

    def hand_over(self) -> None:
        self.tell()
        self.deliver()

    def wait(self, seconds: float) -> None:
        """Let time pass for deliveries alone, with a sweep every minute."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.world.clock.advance(min(60, (end - self.now).total_seconds()))
            sweep(self.world)
            self.hand_over()

    def deliveries(self, shown: Shown) -> list[Delivery]:
        return deliveries.page(self.world, shown.webhook, limit=100).data

    def look(self, shown: Shown) -> Shown:
        return webhooks.show(self.world, webhooks.get(self.world, self.workspace_id, shown.webhook.id))[0]


@pytest.fixture
def scene() -> Scene:
    town = Town()
    fakes = world(web=town)
    town.world = fakes
    account = connect.connect(fakes, "ws_one", connect.NewAccount(platform="sandbox", name="Bell tower"))
    return Scene(fakes, town, "ws_one", [account.id])


def test_a_posts_whole_life_is_told_in_order(scene: Scene) -> None:
    scene.hook()
    post = scene.create(due_in=20)
    steer.hold(scene.world, "ws_one", post.post.id)
    steer.resume(scene.world, "ws_one", post.post.id)
    scene.let_pass(30)
    scene.hand_over()
    assert scene.town.types() == ["target.scheduled", "target.held", "target.resumed", "target.published"]
    told, target = scene.town.events()[-1]["data"], scene.target(post)
    assert (told["target_id"], told["url"], told["lateness_ms"]) == (target.id, target.url, target.lateness_ms)


def test_nobody_is_told_of_the_machines_own_business_or_of_other_rows(scene: Scene) -> None:
    scene.create(due_in=20)
    scene.let_pass(30)
    words = {event["type"] for change in scene.world.table.stream() if (row := change.new) for event in events(row.doc)}
    told = [message.type for change in scene.world.table.stream() for message in news_in(change)]
    assert "claimed" in words
    assert told == ["target.scheduled", "target.published"]


def events(doc: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in doc.get("events", []) if isinstance(one, dict)]


def test_a_stream_that_repeats_and_mixes_itself_makes_every_delivery_once(scene: Scene) -> None:
    shown = scene.hook()
    scene.create(due_in=20)
    scene.let_pass(30)
    changes = scene.world.table.stream()
    for replay in (changes, changes[::-1], changes, changes[1::2] + changes[::2]):
        tell(scene.world, replay)
        scene.deliver()
    assert Counter(scene.town.types()) == {"target.scheduled": 1, "target.published": 1}
    assert {one.state for one in scene.deliveries(shown)} == {"delivered"}


def test_an_errand_that_comes_twice_sends_once(scene: Scene) -> None:
    scene.hook()
    scene.create()
    scene.tell()
    (errand,) = scene.world.deliveries.receive()
    deliver(scene.world, errand)
    deliver(scene.world, errand)
    assert scene.town.types() == ["target.drafted"]


def test_what_the_queue_lost_is_found_by_the_sweep(scene: Scene) -> None:
    scene.hook()
    scene.create()
    scene.tell()
    scene.world.deliveries.waiting.clear()
    scene.wait(60)
    assert scene.town.types() == ["target.drafted"]


def test_a_deliverer_that_died_after_its_claim_is_followed_by_another(scene: Scene) -> None:
    shown = scene.hook()
    scene.create()
    scene.tell()
    scene.town.moods[DESK] = Killed()
    with pytest.raises(Killed):
        scene.deliver()
    scene.town.moods[DESK] = 204
    scene.wait(120)
    assert scene.town.types() == ["target.drafted"] * 2
    (delivery,) = scene.deliveries(shown)
    assert (delivery.state, delivery.tries) == ("delivered", 2)


class Killed(Exception):
    """A process that ends in the middle."""


def test_only_what_was_asked_for_is_delivered_and_never_to_another_tenant(scene: Scene) -> None:
    scene.hook(events=("target.published",))
    webhooks.register(scene.world, "ws_two", NewWebhook(url=OTHER))
    scene.create(due_in=20)
    scene.let_pass(30)
    scene.hand_over()
    assert (scene.town.types(), scene.town.types(OTHER)) == (["target.published"], [])


def test_an_endpoint_that_was_down_for_30_hours_gets_what_is_new_and_what_is_asked_for_again(scene: Scene) -> None:
    shown = scene.hook()
    scene.town.moods[DESK] = NotSent("desk.test: ConnectError")
    scene.create()
    scene.hand_over()
    scene.wait(10 * 3600)
    scene.create()
    scene.wait(20 * 3600)
    late, early = scene.deliveries(shown)
    assert (early.state, len(early.attempts)) == ("failed", 9)
    assert early.attempts[-1].at - early.attempts[0].at >= timedelta(hours=24)
    assert late.state == "pending"
    assert scene.look(shown).webhook.disabled_at is None

    scene.town.moods[DESK] = 204
    webhooks.redeliver(scene.world, "ws_one", shown.webhook.id, early.id)
    scene.wait(20 * 3600)

    assert {one.state for one in scene.deliveries(shown)} == {"delivered"}
    assert scene.look(shown).health.failures == 0
    assert {one.id for one in scene.deliveries(shown)} == {early.id, late.id}


def test_every_try_carries_the_same_id_and_body_and_a_new_time(scene: Scene) -> None:
    scene.hook()
    scene.town.moods[DESK] = 500
    scene.create()
    scene.hand_over()
    scene.wait(60)
    first, second, *_ = scene.town.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.content == second.content
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]


@pytest.mark.parametrize("mood", [302, 404, 500, MaybeSent("desk.test: ReadTimeout"), ValueError("no web address")])
def test_a_bad_answer_is_on_record_and_raises_nothing(scene: Scene, mood: Mood) -> None:
    shown = scene.hook()
    scene.town.moods[DESK] = mood
    scene.create()
    scene.hand_over()
    (delivery,) = scene.deliveries(shown)
    (attempt,) = delivery.attempts
    assert (attempt.status, attempt.error) == ((mood, None) if isinstance(mood, int) else (None, str(mood)))
    assert scene.look(shown).health.failures == 1


def test_a_receiver_that_asks_for_patience_is_left_in_peace(scene: Scene) -> None:
    scene.hook()
    scene.town.moods[DESK] = Reply(429, {"retry-after": "600"})
    scene.create()
    scene.hand_over()
    scene.wait(590)
    assert len(scene.town.got) == 1
    scene.wait(120)
    assert len(scene.town.got) == 2


def test_who_says_gone_is_disabled_at_once_and_the_others_hear_of_it(scene: Scene) -> None:
    gone, other = scene.hook(), scene.hook(OTHER)
    scene.town.moods[DESK] = 410
    scene.create()
    scene.hand_over()
    scene.deliver()
    stopped = scene.look(gone).webhook
    assert (stopped.disabled_reason, stopped.disabled_at) == ("gone", scene.now)
    assert scene.town.types(OTHER) == ["target.drafted", "webhook.disabled"]
    notice = {"workspace_id": "ws_one", "webhook_id": gone.webhook.id, "url": DESK, "reason": "gone"}
    assert scene.town.events(OTHER)[-1]["data"] == notice
    scene.create()
    scene.hand_over()
    assert len(scene.town.events()) == 1
    assert len(scene.deliveries(other)) == 3


def test_a_webhook_without_success_for_five_days_is_disabled_with_notice(scene: Scene) -> None:
    dead = scene.hook()
    scene.hook(OTHER, events=("webhook.disabled",))
    scene.town.moods[DESK] = 500
    for _ in range(6):
        scene.create()
        scene.wait(24 * 3600)
        if scene.look(dead).webhook.disabled_at:
            break
    else:
        scene.wait(24 * 3600)
    failing = scene.look(dead)
    assert failing.webhook.disabled_reason == "failing"
    assert failing.health.failing_since is not None
    assert scene.now - failing.health.failing_since >= timedelta(days=5)
    assert scene.town.types(OTHER) == ["webhook.disabled"]
    scene.wait(3 * 24 * 3600)
    assert {one.state for one in scene.deliveries(dead)} == {"failed"}


def test_enabling_forgets_the_past(scene: Scene) -> None:
    shown = scene.hook()
    scene.town.moods[DESK] = 410
    scene.create()
    scene.hand_over()
    scene.town.moods[DESK] = 204
    again = webhooks.change(scene.world, "ws_one", shown.webhook.id, WebhookPatch(enabled=True))
    assert (again.webhook.disabled_at, again.health.failures) == (None, 0)
    scene.create()
    scene.hand_over()
    assert len(scene.town.events()) == 2


def test_after_a_rotation_both_keys_sign_for_a_day_and_then_the_new_one_alone(scene: Scene) -> None:
    shown = scene.hook()
    webhooks.rotate(scene.world, "ws_one", shown.webhook.id)
    scene.create()
    scene.hand_over()
    scene.wait(24 * 3600)
    scene.create()
    scene.hand_over()
    assert [len(one.headers["webhook-signature"].split(" ")) for one in scene.town.got] == [2, 1]


def test_what_was_on_its_way_to_a_deleted_webhook_ends(scene: Scene) -> None:
    shown = scene.hook()
    scene.create()
    scene.tell()
    webhooks.delete(scene.world, "ws_one", shown.webhook.id)
    scene.deliver()
    assert scene.town.got == []
    assert {one.state for one in scene.deliveries(shown)} == {"failed"}


def test_what_cannot_be_told_does_not_keep_the_rest_back_and_comes_again(scene: Scene) -> None:
    scene.hook()
    scene.create()
    good = scene.world.table.stream()
    bad = next(change for change in good if news_in(change))
    assert bad.new is not None
    broken = Change(None, bad.new.__class__(bad.new.key, {"events": [{"type": "published"}]}))
    with pytest.raises(Untold, match="1 of"):
        tell(scene.world, [broken, *good])
    scene.deliver()
    assert scene.town.types() == ["target.drafted"]


class DeadQueue(FakeQueue[Errand]):
    """A queue that takes nothing."""

    def send(self, messages: Any) -> None:
        raise Unavailable("sqs: ServiceUnavailable")


def test_a_queue_that_is_down_is_the_outboxs_trouble_and_not_publishings(scene: Scene) -> None:
    scene.hook()
    object.__setattr__(scene.world, "deliveries", DeadQueue(scene.world.clock))
    post = scene.create(due_in=20)
    with pytest.raises(Unavailable):
        scene.tell()
    scene.let_pass(180)
    assert scene.target(post).state == "published"
    assert scene.target(post).lateness_ms == 0


def test_publishing_makes_not_one_call_more_for_a_webhook(scene: Scene) -> None:
    def calls() -> Counter[str]:
        before = scene.world.table.calls.copy()
        scene.create(due_in=20)
        scene.let_pass(30, sweeps=False)
        return scene.world.table.calls - before

    calls()
    without = calls()
    scene.hook()
    assert calls() == without


def test_a_message_that_is_sent_to_nobody_is_nothing(scene: Scene) -> None:
    assert deliveries.post(scene.world, Message("msg_1", "target.published", scene.now, {}), []) == []
    assert scene.world.deliveries.waiting == []
