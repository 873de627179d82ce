"""What customers hear of, how it is signed, when it is tried again, and when we stop."""

import ast
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from chalicelib.core import publishing, webhooks
from chalicelib.core.errors import Conflict
from chalicelib.core.target import State, Target, noted
from chalicelib.core.webhooks import INTERNAL, PUBLIC, RETRIES, Attempt, Delivery, Health, SigningKey, Webhook

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RAW = b"0123456789abcdefghijklmnopqrstuv"
DELIVERY = Delivery("msg_1", "wh_1", "ws_1", "target.published", '{"a":1}', NOW, next_at=NOW)
WEBHOOK = Webhook("wh_1", "ws_1", "https://receiver.test", ("*",), None, NOW, (SigningKey("first"),))
TARGET = Target("tgt_1", "post_1", "ws_1", "acc_1", "sandbox", State.DRAFT, None)


def test_the_vector_of_the_schemes_authors_is_met() -> None:
    # https://github.com/standard-webhooks/standard-webhooks, libraries/python/tests, read 2026-11-22
    at = datetime.fromtimestamp(1614265330, UTC)
    signed = webhooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_authors_own_verifier_accepts_ours_by_either_key() -> None:
    old, new = webhooks.secret_of(RAW), webhooks.secret_of(RAW[::-1])
    body = '{"type":"target.published","data":{"text":"九点钟"}}'
    headers = webhooks.signed([new, old], "msg_1", datetime.now(UTC), body)
    for secret in (old, new):
        assert Receiver(secret).verify(body, headers) == json.loads(body)


@pytest.mark.parametrize(
    ("age", "body", "key"),
    [(0, '{"a":2}', RAW), (360, '{"a":1}', RAW), (-360, '{"a":1}', RAW), (0, '{"a":1}', RAW[::-1])],
    ids=["tampered", "old", "from the future", "another's key"],
)
def test_the_authors_own_verifier_refuses_what_is_not_quite_ours(age: int, body: str, key: bytes) -> None:
    headers = webhooks.signed([webhooks.secret_of(RAW)], "msg_1", datetime.now(UTC) - timedelta(seconds=age), '{"a":1}')
    with pytest.raises(WebhookVerificationError):
        Receiver(webhooks.secret_of(key)).verify(body, headers)


@pytest.mark.parametrize("size", [23, 65])
def test_a_key_has_24_to_64_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        webhooks.secret_of(b"x" * size)


def test_no_word_of_the_timeline_is_forgotten() -> None:
    """Whoever adds a word must say whether customers hear of it."""
    words = set[str]()
    for path in (ROOT / "chalicelib" / "core" / "publishing.py", ROOT / "chalicelib" / "service" / "compose.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"noted": 2, "_released": 2, "scheduled": 3}.get(node.func.id)
                said = node.args[place] if place is not None and len(node.args) > place else None
                if isinstance(said, ast.Constant):
                    words.add(str(said.value))
    assert "claimed" in words
    assert not PUBLIC.keys() & INTERNAL
    assert words <= PUBLIC.keys() | INTERNAL, f"public or internal? {words - PUBLIC.keys() - INTERNAL}"


def test_only_what_is_new_and_public_is_told() -> None:
    target = publishing.scheduled(TARGET, NOW, NOW)
    target = noted(noted(target, NOW, "claimed"), NOW, "published", "https://s.test/1", state=State.PUBLISHED)
    assert [one.type for one in webhooks.news(0, target)] == ["target.scheduled", "target.published"]
    assert [one.type for one in webhooks.news(1, target)] == ["target.published"]
    assert webhooks.news(3, target) == []


def test_an_event_makes_the_same_message_whenever_it_is_told() -> None:
    early = publishing.scheduled(TARGET, NOW, NOW)
    late = noted(early, NOW + timedelta(days=1), "cancelled", state=State.CANCELLED)
    first, again = webhooks.news(0, early)[0], webhooks.news(0, late)[0]
    assert (first.id, first.at) == (again.id, again.at)
    assert first.id < webhooks.news(0, late)[1].id
    others = [replace(early, id="tgt_2"), replace(early, post_id="post_2"), replace(early, workspace_id="ws_2")]
    assert len({webhooks.news(0, one)[0].id for one in (early, *others)}) == 4


def test_a_message_says_what_happened_to_what() -> None:
    target = publishing.failed(replace(TARGET, state=State.PUBLISHING), NOW, "rejected", "no")
    (message,) = webhooks.news(0, target)
    said = json.loads(message.body)
    assert (said["type"], said["timestamp"]) == ("target.failed", "2026-11-22T09:00:00.000Z")
    assert said["data"] | {"error": None} == {
        **dict.fromkeys(("scheduled_at", "published_at", "lateness_ms", "platform_post_id", "url", "error")),
        "workspace_id": "ws_1",
        "post_id": "post_1",
        "target_id": "tgt_1",
        "account_id": "acc_1",
        "platform": "sandbox",
        "state": "failed",
        "part_ids": [],
        "attempts": 0,
        "sequence": 0,
        "detail": "rejected",
    }
    assert said["data"]["error"] == {"code": "rejected", "message": "no", "at": "2026-11-22T09:00:00.000Z"}


def test_the_old_key_signs_for_a_day_after_a_rotation_and_only_two_are_kept() -> None:
    twice = webhooks.rotated(webhooks.rotated(WEBHOOK, SigningKey("second"), NOW), SigningKey("third"), NOW)
    assert [key.sealed for key in webhooks.good_keys(twice, NOW)] == ["third", "second"]
    assert [key.sealed for key in webhooks.good_keys(twice, NOW + timedelta(hours=24))] == ["third"]


def failing(status: int | None = 500) -> Attempt:
    return Attempt(NOW, status, None if status else "no answer", 12)


@pytest.mark.parametrize("jitter", [0.0, 1e-9, 1 / 3, 0.5, 1 - 2**-53])
def test_a_delivery_is_retried_eight_times_over_a_day_at_least_and_then_failed(jitter: float) -> None:
    delivery, now, pauses = DELIVERY, NOW, list[timedelta]()
    for _ in range(9):
        assert delivery.state == "pending"
        assert delivery.next_at is not None
        now = delivery.next_at
        delivery = webhooks.after(webhooks.claimed(delivery, now), failing(), now, jitter, None)
        pauses += [delivery.next_at - now] if delivery.next_at else []
    assert delivery.state == "failed"
    assert len(pauses) == len(RETRIES) == 8
    assert timedelta(hours=24) <= sum(pauses, timedelta()) <= timedelta(hours=30)
    assert all(retry <= pause <= retry * 1.2 for retry, pause in zip(RETRIES, pauses, strict=True))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_taken(status: int) -> None:
    done = webhooks.after(webhooks.claimed(DELIVERY, NOW), failing(status), NOW, 0, None)
    assert (done.state, done.next_at, done.claimed_until) == ("delivered", None, None)


@pytest.mark.parametrize("status", [100, 301, 302, 400, 401, 404, 429, 500, 503, None])
def test_everything_else_is_not_but_may_be_later(status: int | None) -> None:
    done = webhooks.after(webhooks.claimed(DELIVERY, NOW), failing(status), NOW, 0, None)
    assert (done.state, done.version) == ("pending", DELIVERY.version + 1)


def test_who_is_gone_is_not_tried_again() -> None:
    assert webhooks.after(webhooks.claimed(DELIVERY, NOW), failing(410), NOW, 0, None).state == "failed"


def test_a_message_about_another_version_a_claimed_or_an_ended_delivery_is_let_be() -> None:
    claimed = webhooks.claimed(DELIVERY, NOW)
    assert webhooks.pause_before(DELIVERY, 1, NOW) == timedelta()
    assert webhooks.pause_before(DELIVERY, 2, NOW) is None
    assert webhooks.pause_before(claimed, 1, NOW) is None
    assert webhooks.pause_before(webhooks.given_up(DELIVERY), 1, NOW) is None
    assert webhooks.pause_before(DELIVERY, 1, NOW - timedelta(seconds=7)) == timedelta(seconds=7)


def test_a_deliverer_that_died_is_followed_by_another_and_its_try_counts() -> None:
    claimed = webhooks.claimed(DELIVERY, NOW)
    later = NOW + webhooks.LEASE
    assert webhooks.pause_before(claimed, 1, later) == timedelta()
    assert webhooks.claimed(claimed, later).tries == 2


def test_only_what_has_ended_is_redelivered_from_the_first_try() -> None:
    with pytest.raises(Conflict):
        webhooks.redelivered(DELIVERY, NOW)
    again = webhooks.redelivered(replace(webhooks.given_up(DELIVERY), tries=9, attempts=(failing(),)), NOW)
    assert (again.state, again.tries, again.next_at, len(again.attempts)) == ("pending", 0, NOW, 1)


@pytest.mark.parametrize(
    ("status", "said", "seconds"),
    [
        (429, "120", 120),
        (503, " 7 ", 7),
        (503, "Sun, 22 Nov 2026 09:01:00 GMT", 60),
        (503, "Sun, 22 Nov 2026 09:01:00 -0000", 60),
        (503, "Sun, 22 Nov 2026 08:00:00 GMT", 0),
        (429, "9" * 400, 24 * 3600),
        (429, "Fri, 31 Dec 9999 23:59:59 GMT", 24 * 3600),
        (429, "soon", None),
        (429, "²", None),
        (429, "", None),
        (500, "120", None),
        (None, "120", None),
    ],
)
def test_a_receiver_may_ask_for_patience_of_a_day_at_most(status: int | None, said: str, seconds: int | None) -> None:
    asked = webhooks.asked_pause(status, {"retry-after": said}, NOW)
    assert asked == (None if seconds is None else timedelta(seconds=seconds))


def test_the_longer_of_the_two_pauses_is_kept() -> None:
    def pause(asked: int) -> timedelta:
        done = webhooks.after(webhooks.claimed(DELIVERY, NOW), failing(503), NOW, 0, timedelta(seconds=asked))
        assert done.next_at is not None
        return done.next_at - NOW

    assert (pause(1), pause(3600)) == (RETRIES[0], timedelta(hours=1))


def unlucky(days: float, exhausted: int) -> Health:
    return Health(failing_since=NOW - timedelta(days=days), failures=9, exhausted=exhausted)


@pytest.mark.parametrize(
    ("health", "hopeless"),
    [
        (unlucky(4.9, 1), False),
        (unlucky(5, 1), True),
        (unlucky(5, 0), False),
        (unlucky(1, 99), False),
        (unlucky(1, 100), True),
        (Health(), False),
    ],
)
def test_we_stop_after_five_days_or_a_hundred_deliveries_without_success(health: Health, hopeless: bool) -> None:
    assert webhooks.hopeless(health, NOW) is hopeless


def test_a_success_forgets_failures_and_is_noted_once_a_minute() -> None:
    ill = webhooks.unhealthy(webhooks.unhealthy(Health(), NOW, False), NOW + timedelta(hours=1), True)
    assert (ill.failures, ill.exhausted, ill.failing_since) == (2, 1, NOW)
    well = webhooks.healthy(ill, NOW)
    assert (well.failures, well.exhausted, well.failing_since, well.last_failure_at) == (
        0,
        0,
        None,
        ill.last_failure_at,
    )
    assert webhooks.worth_noting(ill, NOW)
    assert not webhooks.worth_noting(well, NOW + timedelta(seconds=59))
    assert webhooks.worth_noting(well, NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("events", "disabled_at", "wanted"),
    [
        (("*",), None, True),
        (("target.published",), None, True),
        (("target.failed",), None, False),
        (("*",), NOW, False),
    ],
)
def test_a_webhook_hears_what_it_asked_for_while_it_is_enabled(events: Any, disabled_at: Any, wanted: bool) -> None:
    assert replace(WEBHOOK, events=events, disabled_at=disabled_at).wants("target.published") is wanted


def test_the_guide_names_every_event_and_no_other() -> None:
    table = (ROOT / "docs" / "webhooks.md").read_text().split("## What arrives")[0].split("| Event |")[1]
    assert set(re.findall(r"`((?:target|post|account|engagement|score|goal|webhook)\.\w+)`", table)) == set(
        webhooks.EVENTS
    )
