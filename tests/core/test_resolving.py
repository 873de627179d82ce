"""What a person may say of a request that nobody answered, and what follows."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import publishing
from chalicelib.core.conversation import Effect, Idempotency, Published, Request, Safety
from chalicelib.core.errors import Conflict
from chalicelib.core.post import LatePolicy
from chalicelib.core.publishing import Act, Ignore, Settle
from chalicelib.core.target import Answer, Policy, State, Target

DUE = datetime(2026, 11, 23, 9, tzinfo=UTC)
POLICY = Policy()
NOTHING = Idempotency(Safety.NONE, readable=False)
CREATE = Request("POST", "https://example.com/posts", json={"text": "hi"}, effect=Effect.CREATE)
SECOND = dataclasses.replace(CREATE, part=1)
URL = "https://example.com/@brand/1"
MUCH_LATER = DUE + timedelta(hours=2)

WAITING = Target("tgt_1", "post_1", "ws_1", "acc_1", "sandbox", State.SCHEDULED, DUE, next_at=DUE, version=3)

Resolve = Callable[[Target, datetime], Target]


def confirm(target: Target, now: datetime) -> Target:
    return publishing.confirmed(target, URL, "key_1", now)


def retry(target: Target, now: datetime) -> Target:
    return publishing.retried(target, "key_1", now, NOTHING)


def claimed(target: Target, now: datetime = DUE) -> Target:
    verdict = publishing.wake(target, now, target.version, "claim-1", NOTHING, POLICY)
    assert isinstance(verdict, Act)
    return verdict.target


def asked(target: Target = WAITING) -> Target:
    return publishing.intended(claimed(target), CREATE, DUE)


def left(target: Target) -> Target:
    """The target, its answer lost on a network that offers nothing: it waits for a person."""
    waiting = publishing.doubtful(target, DUE, "no_answer", "", NOTHING, POLICY)
    assert (waiting.state, waiting.next_at) == (State.UNCONFIRMED, None)
    return waiting


def half_a_thread() -> Target:
    """A thread whose first part is out and whose second is in doubt."""
    return left(publishing.intended(publishing.answered(asked(), Answer(201, '{"id": "1"}', {}, DUE)), SECOND, DUE))


def test_what_a_person_found_is_published_with_its_url_and_nobodys_id() -> None:
    found = confirm(left(asked()), MUCH_LATER)
    assert (found.state, found.url, found.platform_post_id) == (State.PUBLISHED, URL, None)
    assert (found.next_at, found.claim, found.error, found.doubt) == (None, None, None, None)
    assert found.published_at == DUE
    assert [create.answer and create.answer.source for create in found.creates] == ["person"]


def test_who_said_it_stands_in_the_timeline() -> None:
    found, again = confirm(left(asked()), MUCH_LATER), retry(left(asked()), MUCH_LATER)
    assert (found.events[-1].type, found.events[-1].detail) == ("confirmed", "key_1")
    assert [(line.type, line.detail) for line in again.events[-2:]] == [("not_applied", "person"), ("retried", "key_1")]


def test_what_a_person_looked_for_in_vain_goes_out_again_at_once() -> None:
    again = retry(left(asked()), MUCH_LATER)
    assert (again.state, again.next_at, again.doubt) == (State.QUEUED, MUCH_LATER, None)
    sent = publishing.intended(claimed(again, MUCH_LATER), CREATE, MUCH_LATER)
    assert [exchange.void for exchange in sent.ledger] == [True, False]


def test_a_retry_keeps_the_due_time_that_record_keys_follow_from() -> None:
    assert retry(left(asked()), MUCH_LATER).scheduled_at == DUE


@pytest.mark.parametrize("policy", ["skip", "hold"])
def test_a_retry_is_not_stopped_for_being_late(policy: LatePolicy) -> None:
    again = retry(left(asked(dataclasses.replace(WAITING, late_policy=policy))), MUCH_LATER)
    assert claimed(again, MUCH_LATER).state is State.PUBLISHING


def test_a_retry_after_the_expiry_ends_as_missed() -> None:
    again = retry(left(asked(dataclasses.replace(WAITING, expires_at=DUE + timedelta(hours=1)))), MUCH_LATER)
    verdict = publishing.wake(again, MUCH_LATER, again.version, "claim-2", NOTHING, POLICY)
    assert isinstance(verdict, Settle)
    assert verdict.target.state is State.MISSED


def test_nobodys_look_counts_while_the_network_may_still_take_the_request() -> None:
    waiting = left(asked())
    assert waiting.doubt
    over = waiting.doubt.over_at + NOTHING.quarantine
    with pytest.raises(Conflict, match="look again then") as refusal:
        retry(waiting, over - timedelta(milliseconds=1))
    assert refusal.value.code == "too_early"
    assert retry(waiting, over).state is State.QUEUED


def test_a_post_that_is_there_is_there_at_once() -> None:
    assert confirm(left(asked()), DUE + timedelta(seconds=1)).state is State.PUBLISHED


@pytest.mark.parametrize("resolve", [confirm, retry])
def test_an_old_message_does_nothing_after_a_person_spoke(resolve: Resolve) -> None:
    before = left(asked())
    after = dataclasses.replace(resolve(before, MUCH_LATER), next_at=MUCH_LATER)
    verdict = publishing.wake(after, MUCH_LATER, before.version, "claim-2", NOTHING, POLICY)
    assert verdict == Ignore("stale_version")


@pytest.mark.parametrize("resolve", [confirm, retry])
@pytest.mark.parametrize("state", sorted(set(State) - {State.UNCONFIRMED}))
def test_only_what_is_unconfirmed_can_be_resolved(resolve: Resolve, state: State) -> None:
    with pytest.raises(Conflict, match=state) as refusal:
        resolve(dataclasses.replace(left(asked()), state=state), MUCH_LATER)
    assert refusal.value.code == "not_unconfirmed"


@pytest.mark.parametrize("resolve", [confirm, retry])
def test_a_publisher_at_work_is_not_interrupted_but_a_dead_one_is(resolve: Resolve) -> None:
    held = dataclasses.replace(left(asked()), claim="claim-2", claimed_until=MUCH_LATER)
    with pytest.raises(Conflict) as refusal:
        resolve(held, MUCH_LATER - timedelta(seconds=1))
    assert refusal.value.code == "claimed"
    assert resolve(held, MUCH_LATER).claim is None


def test_of_a_thread_whose_second_part_was_found_no_third_is_sent() -> None:
    found = confirm(half_a_thread(), MUCH_LATER)
    assert [create.part for create in found.creates] == [0, 1]
    assert (found.state, found.next_at) == (State.PUBLISHED, None)


def test_of_a_thread_whose_second_part_is_not_there_the_second_is_sent_and_not_the_first() -> None:
    again = retry(half_a_thread(), MUCH_LATER)
    assert publishing.recall(again, CREATE, 0, MUCH_LATER, NOTHING) == again.creates[0]
    assert publishing.recall(again, SECOND, 1, MUCH_LATER, NOTHING) is None


def test_a_voided_request_keeps_what_proved_it() -> None:
    refusal = Answer(422, "{}", {}, DUE)
    void = publishing.voided(asked(), DUE, "rejected", refusal).ledger[0]
    assert (void.void, void.void_at, void.void_why, void.answer) == (True, DUE, "rejected", refusal)


def test_the_platforms_own_time_is_kept() -> None:
    told = publishing.answered(asked(), Answer(201, "{}", {}, DUE))
    word = DUE - timedelta(seconds=2)
    assert publishing.published(told, Published("1", at=word), DUE).platform_at == word
    assert publishing.published(told, Published("1"), DUE).platform_at is None
