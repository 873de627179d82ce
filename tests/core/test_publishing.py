"""The target's state machine: what may happen next, and what may never."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import publishing
from chalicelib.core.conversation import Effect, Idempotency, Published, Request, Safety
from chalicelib.core.errors import Conflict
from chalicelib.core.publishing import Act, Ignore, Later, Settle
from chalicelib.core.target import EDITABLE, TERMINAL, Answer, Policy, State, Target
from chalicelib.core.target import status as status_of

DUE = datetime(2026, 11, 23, 9, tzinfo=UTC)
POLICY = Policy()
READBACK = Idempotency(Safety.READBACK, late_acceptance=timedelta(seconds=60), readback_lag=timedelta(seconds=5))
KEY = Idempotency(Safety.KEY, key_lifetime=timedelta(hours=1))
NOTHING = Idempotency(Safety.NONE, readable=False)
CREATE = Request("POST", "https://example.com/posts", json={"text": "hi"}, effect=Effect.CREATE)


OVER = publishing.SEND_WITHIN + timedelta(seconds=CREATE.timeout)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def target(**changes: Any) -> Target:
    waiting = Target("tgt_1", "post_1", "ws_1", "acc_1", "sandbox", State.SCHEDULED, DUE, next_at=DUE, version=3)
    return dataclasses.replace(waiting, **changes)


def claimed(**changes: Any) -> Target:
    verdict = wake(target(**changes), DUE)
    assert isinstance(verdict, Act)
    return verdict.target


def wake(one: Target, now: datetime, version: int = 3, idempotency: Idempotency = READBACK) -> Any:
    return publishing.wake(one, now, version, "claim-1", idempotency, POLICY)


def in_doubt(at: datetime = DUE, **changes: Any) -> Target:
    """A target whose publisher died between the intent and the answer."""
    return publishing.intended(claimed(**changes), CREATE, at)


def answer(at: datetime = DUE, **changes: Any) -> Answer:
    return Answer(201, '{"id": "1"}', {}, at, **changes)


def test_a_wake_in_time_claims_the_target() -> None:
    verdict = wake(target(), DUE - seconds(3))
    assert isinstance(verdict, Act)
    assert (verdict.target.state, verdict.target.claim, verdict.target.attempts) == ("publishing", "claim-1", 1)
    assert verdict.target.next_at == verdict.target.claimed_until == DUE - seconds(3) + POLICY.lease


def test_a_wake_that_comes_too_early_comes_back_later() -> None:
    assert wake(target(), DUE - seconds(60)) == Later(DUE - POLICY.arm)


def test_a_wake_for_another_version_is_stale() -> None:
    assert wake(target(), DUE, version=2) == Ignore("stale_version")


@pytest.mark.parametrize("state", sorted(TERMINAL | {State.HELD, State.DRAFT}))
def test_nothing_wakes_what_has_ended_or_waits_for_a_person(state: State) -> None:
    assert wake(target(state=state, next_at=None), DUE) == Ignore(state)


def test_only_one_can_hold_a_claim() -> None:
    assert wake(claimed(), DUE + seconds(1)) == Ignore("claimed")


def test_a_claim_that_lapsed_can_be_taken_over() -> None:
    verdict = wake(claimed(), DUE + POLICY.lease + seconds(1))
    assert isinstance(verdict, Act)
    assert verdict.target.attempts == 2


def test_nothing_is_created_before_it_is_due() -> None:
    with pytest.raises(Conflict, match="before it is due"):
        publishing.intended(claimed(), CREATE, DUE - timedelta(milliseconds=1))


def test_nothing_is_created_without_a_claim() -> None:
    with pytest.raises(Conflict, match="holder of a claim"):
        publishing.intended(target(), CREATE, DUE)


def test_an_intent_without_an_answer_rests_before_it_is_read_back() -> None:
    verdict = wake(
        in_doubt(),
        DUE + POLICY.lease + seconds(1),
        idempotency=Idempotency(Safety.READBACK, late_acceptance=seconds(300)),
    )
    assert isinstance(verdict, Settle)
    assert verdict.target.state is State.UNCONFIRMED
    assert verdict.target.next_at == DUE + seconds(305) + OVER


def test_after_its_quarantine_a_doubt_is_read_back_and_not_sent() -> None:
    unconfirmed = publishing.doubtful(in_doubt(), DUE + seconds(10), "no_answer", "", READBACK, POLICY)
    assert isinstance(wake(unconfirmed, DUE + seconds(20)), Later)
    verdict = wake(unconfirmed, DUE + OVER + seconds(66))
    assert isinstance(verdict, Act)
    assert verdict.target.doubt is not None
    assert (
        publishing.after_doubt(verdict.target, verdict.target.doubt, DUE + OVER + seconds(66), READBACK, POLICY)
        == "read_back"
    )


@pytest.mark.parametrize(
    ("after", "action"),
    [
        (seconds(10), "wait"),
        (OVER + KEY.late_acceptance, "repeat"),
        (timedelta(minutes=59), "repeat"),
        (timedelta(hours=1), "read_back"),
    ],
)
def test_a_key_makes_a_repeat_safe_once_the_server_has_noted_it_and_while_it_lives(
    after: timedelta, action: str
) -> None:
    doubtful = in_doubt()
    assert doubtful.doubt is not None
    assert publishing.after_doubt(doubtful, doubtful.doubt, DUE + after, KEY, POLICY) == action


def test_an_id_of_our_own_makes_a_repeat_safe_at_once() -> None:
    doubtful = in_doubt()
    assert doubtful.doubt is not None
    own_id = Idempotency(Safety.CONTENT_KEY)
    assert publishing.after_doubt(doubtful, doubtful.doubt, DUE, own_id, POLICY) == "repeat"


def test_a_container_makes_a_repeat_safe_but_not_of_what_has_none() -> None:
    container = Idempotency(Safety.CONTAINER, prepared_lifetime=timedelta(hours=23))
    upload = Request("POST", "https://example.com/containers", effect=Effect.PREPARE)
    prepared = publishing.prepared(claimed(), upload, answer(), DUE)
    doubtful = publishing.intended(prepared, CREATE, DUE)
    assert doubtful.doubt
    assert publishing.after_doubt(doubtful, doubtful.doubt, DUE, container, POLICY, CREATE) == "repeat"
    comment = dataclasses.replace(CREATE, part=1)
    below = publishing.intended(publishing.answered(doubtful, answer()), comment, DUE)
    assert below.doubt
    for request in (None, comment):
        assert publishing.after_doubt(below, below.doubt, DUE, container, POLICY, request) == "wait"


def test_an_upload_that_is_never_ready_is_given_up_after_a_day() -> None:
    end = publishing.resting(claimed(), DUE + timedelta(hours=25), DUE + timedelta(hours=26), POLICY)
    assert end.state is State.FAILED


def test_a_network_with_neither_key_nor_read_back_asks_a_person() -> None:
    unconfirmed = publishing.doubtful(in_doubt(), DUE + seconds(10), "no_answer", "", NOTHING, POLICY)
    assert (unconfirmed.state, unconfirmed.next_at) == ("unconfirmed", None)


def test_a_doubt_never_ends_as_failed() -> None:
    for end in (
        publishing.failed(in_doubt(), DUE, "gone", ""),
        publishing.deferred(in_doubt(), DUE + timedelta(days=3), "down", "", POLICY, 0.5),
    ):
        assert (end.state, end.next_at) == ("unconfirmed", None)


def test_a_created_part_is_recalled_and_never_made_again() -> None:
    done = publishing.answered(in_doubt(), answer())
    other = dataclasses.replace(CREATE, json={"text": "changed since"})
    recalled = publishing.recall(done, other, 0, DUE, READBACK)
    assert recalled is not None
    assert recalled.answer == answer()
    assert publishing.recall(done, CREATE, 1, DUE, READBACK) is None


def test_what_was_proved_not_applied_may_be_made_again() -> None:
    void = publishing.voided(in_doubt(), DUE, "read_back")
    assert void.doubt is None
    assert publishing.recall(void, CREATE, 0, DUE, READBACK) is None
    assert len(publishing.intended(void, CREATE, DUE).ledger) == 2


def test_an_upload_is_recalled_while_the_platform_keeps_it() -> None:
    upload = Request("POST", "https://example.com/media", content=b"x", effect=Effect.PREPARE)
    kept = publishing.prepared(claimed(), upload, answer(), DUE)
    assert publishing.recall(kept, upload, 0, DUE + timedelta(minutes=29), READBACK)
    assert publishing.recall(kept, upload, 0, DUE + timedelta(minutes=31), READBACK) is None
    out = publishing.answered(publishing.intended(kept, CREATE, DUE), answer())
    assert publishing.recall(out, upload, 0, DUE + timedelta(hours=3), READBACK)


@pytest.mark.parametrize(
    ("policy", "late", "end"),
    [
        ("publish", 3600, "publishing"),
        ("skip", 299, "publishing"),
        ("skip", 301, "skipped"),
        ("hold", 301, "held"),
    ],
)
def test_the_late_policy_decides_after_the_grace(policy: Any, late: int, end: str) -> None:
    verdict = wake(target(late_policy=policy), DUE + seconds(late))
    assert verdict.target.state == end


def test_an_expired_target_is_missed() -> None:
    verdict = wake(target(expires_at=DUE + seconds(60)), DUE + seconds(60))
    assert isinstance(verdict, Settle)
    assert (verdict.target.state, verdict.target.next_at) == ("missed", None)


def test_a_thread_that_is_half_out_goes_on_however_late() -> None:
    half = publishing.resting(
        publishing.answered(in_doubt(late_policy="skip"), answer()), DUE, DUE + seconds(900), POLICY
    )
    assert isinstance(wake(half, DUE + seconds(900)), Act)


def test_lateness_counts_from_due_to_the_first_part() -> None:
    done = publishing.answered(in_doubt(), answer(DUE + timedelta(milliseconds=120)))
    end = publishing.published(done, Published("1", "https://example.com/1"), DUE + seconds(9))
    assert (end.state, end.lateness_ms, end.next_at, end.claim) == ("published", 120, None, None)


def test_what_was_read_back_is_timed_by_the_platform() -> None:
    found = publishing.answered(in_doubt(), answer(DUE + seconds(70), source="read_back"))
    end = publishing.published(found, Published("1", at=DUE + seconds(1)), DUE + seconds(70))
    assert end.lateness_ms == 1000


@pytest.mark.parametrize("attempts", [1, 2, 5, 40])
def test_retries_come_later_each_time_within_their_span(attempts: int) -> None:
    span = min(POLICY.longest_retry, POLICY.first_retry * 2 ** (attempts - 1))
    later = publishing.deferred(target(attempts=attempts), DUE, "down", "", POLICY, 0.5)
    assert later.next_at == DUE + max(span * 0.5, seconds(1))
    assert later.state is State.QUEUED


def test_a_limited_target_waits_until_the_platform_said() -> None:
    later = publishing.deferred(claimed(), DUE, "rate_limited", "", POLICY, 0.25, until=DUE + seconds(90))
    assert later.next_at == DUE + seconds(90.25)


def test_we_give_up_after_a_day() -> None:
    end = publishing.deferred(claimed(), DUE + timedelta(hours=24, seconds=1), "down", "no answer", POLICY, 0.5)
    assert (end.state, end.error.code if end.error else None) == ("failed", "down")


@pytest.mark.parametrize("state", sorted(set(State) - EDITABLE))
def test_what_is_claimed_or_ended_cannot_be_cancelled_or_edited(state: State) -> None:
    for move in (publishing.cancelled, lambda one, now: publishing.edited(one, DUE, now)):
        with pytest.raises(Conflict):
            move(target(state=state), DUE)


def test_a_thread_that_is_half_out_cannot_be_cancelled() -> None:
    half = publishing.resting(publishing.answered(in_doubt(), answer()), DUE, DUE, POLICY)
    with pytest.raises(Conflict, match="parts are out"):
        publishing.cancelled(half, DUE)


@pytest.mark.parametrize(
    "move",
    [publishing.cancelled, publishing.held, lambda one, now: publishing.edited(one, DUE + seconds(60), now)],
)
def test_every_edit_makes_older_messages_stale(move: Any) -> None:
    assert move(target(), DUE).version == 4


def test_a_held_target_resumes_at_its_time_or_now() -> None:
    held = publishing.held(target(), DUE - seconds(60))
    assert held.next_at is None
    assert publishing.resumed(held, DUE - seconds(30)).scheduled_at == DUE
    assert publishing.resumed(held, DUE + seconds(30)).scheduled_at == DUE + seconds(30)


def test_an_edit_does_not_let_a_held_target_go() -> None:
    held = publishing.edited(publishing.held(target(), DUE), DUE + seconds(60), DUE)
    assert (held.state, held.scheduled_at, held.next_at) == ("held", DUE + seconds(60), None)


def test_a_failed_target_can_be_published_again_by_hand() -> None:
    failed = publishing.failed(claimed(), DUE, "rejected", "no")
    again = publishing.scheduled(failed, DUE + seconds(60), DUE + seconds(60))
    assert (again.state, again.error, again.next_at) == ("scheduled", None, DUE + seconds(60))


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (["published", "published"], "published"),
        (["published", "failed"], "partially_published"),
        (["published", "unconfirmed"], "unconfirmed"),
        (["published", "scheduled"], "scheduled"),
        (["publishing", "scheduled"], "publishing"),
        (["cancelled", "failed"], "failed"),
        (["cancelled", "cancelled"], "cancelled"),
        (["draft"], "draft"),
    ],
)
def test_a_posts_status_follows_from_its_targets(states: list[str], status: str) -> None:
    assert status_of([State(one) for one in states]) == status


@given(st.lists(st.sampled_from(sorted(State)), min_size=1, max_size=5))
def test_a_posts_status_does_not_depend_on_the_order_of_its_targets(states: list[State]) -> None:
    assert status_of(states) == status_of(states[::-1])


@given(
    st.lists(st.sampled_from(["wake", "intend", "answer", "doubt", "defer", "void", "rest"]), max_size=25), st.data()
)
def test_a_thread_never_creates_more_than_it_was_answered_plus_one(steps: list[str], data: st.DataObject) -> None:
    """Whatever happens in whatever order, at most one creating request is open, and none is made while one is."""
    now, one = DUE, target()
    for step in steps:
        now += seconds(data.draw(st.integers(0, 200)))
        try:
            if step == "wake":
                verdict = wake(one, now)
                one = getattr(verdict, "target", one)
            elif step == "intend" and one.doubt is None:
                one = publishing.intended(one, CREATE, now)
            elif step == "answer":
                one = publishing.answered(one, answer(now))
            elif step == "doubt":
                one = publishing.doubtful(one, now, "no_answer", "", READBACK, POLICY)
            elif step == "defer":
                one = publishing.deferred(one, now, "down", "", POLICY, 0.5)
            elif step == "void":
                one = publishing.voided(one, now, "read_back")
            elif step == "rest":
                one = publishing.resting(one, now, now, POLICY)
        except Conflict:
            continue
        unanswered = [create for create in one.creates if create.answer is None]
        assert len(unanswered) <= 1
        assert one.state is not State.FAILED or not unanswered


def test_a_repeat_starts_the_quarantine_again() -> None:
    later = DUE + timedelta(minutes=59)
    again = publishing.repeated(in_doubt(), CREATE, later)
    assert again.doubt is not None
    assert publishing.after_doubt(again, again.doubt, DUE + timedelta(hours=1), KEY, POLICY) == "wait"
    assert publishing.after_doubt(again, again.doubt, later + OVER + KEY.quarantine, KEY, POLICY) == "read_back"


@pytest.mark.parametrize("policy", ["skip", "hold"])
def test_what_was_asked_for_now_is_not_late_for_coming_through_the_queue(policy: Any) -> None:
    asked = publishing.scheduled(target(state=State.DRAFT, late_policy=policy, grace_seconds=0), DUE, DUE)
    version = asked.version
    assert isinstance(wake(asked, DUE + seconds(30), version), Act)
    late = wake(asked, DUE + seconds(61), version)
    assert late.target.state == {"skip": "skipped", "hold": "held"}[policy]


LEAD = timedelta(minutes=5)


def test_a_target_with_a_lead_begins_that_much_earlier_and_not_before() -> None:
    film = publishing.scheduled(target(lead=LEAD), DUE, DUE - timedelta(hours=1))
    assert film.next_at == DUE - LEAD
    early = publishing.wake(film, DUE - LEAD - seconds(1), film.version, "claim-1", READBACK, POLICY)
    assert early == Later(DUE - LEAD)
    assert isinstance(publishing.wake(film, DUE - LEAD, film.version, "claim-1", READBACK, POLICY), Act)


@pytest.mark.parametrize("notice", [LEAD, LEAD / 2, timedelta(), -seconds(8)])
def test_what_is_planned_at_shorter_notice_than_its_lead_begins_now(notice: timedelta) -> None:
    now = DUE - notice
    film = publishing.scheduled(target(lead=LEAD), DUE, now)
    assert film.next_at == min(now, DUE)
    assert publishing.ready_at(film, POLICY) <= now


def test_a_rest_is_no_attempt_unless_something_is_in_doubt() -> None:
    assert publishing.resting(claimed(), DUE, DUE + seconds(9), POLICY).attempts == 0
    assert publishing.resting(in_doubt(), DUE, DUE + seconds(9), POLICY).attempts == 1


@pytest.mark.parametrize(
    "move",
    [publishing.cancelled, publishing.held, lambda one, now: publishing.edited(one, DUE + seconds(60), now)],
)
def test_what_only_gets_ready_can_be_stopped_until_its_instant(move: Any) -> None:
    ready = claimed(lead=LEAD)
    stopped = move(ready, DUE - timedelta(milliseconds=1))
    assert (stopped.claim, stopped.claimed_until, stopped.version) == (None, None, 4)
    with pytest.raises(Conflict):
        move(ready, DUE)


def test_an_upload_of_before_an_edit_is_not_recalled_and_that_of_after_it_is() -> None:
    upload = Request("POST", "https://example.com/media", json={"bytes": 5}, effect=Effect.PREPARE)
    kept = publishing.prepared(claimed(), upload, answer(), DUE)
    edited = dataclasses.replace(kept, edited_at=DUE + seconds(1))
    assert publishing.recall(edited, upload, 0, DUE + seconds(2), READBACK) is None
    other = dataclasses.replace(answer(), body='{"id": "2"}')
    again = publishing.prepared(edited, upload, other, DUE + seconds(2))
    recalled = publishing.recall(again, upload, 0, DUE + seconds(3), READBACK)
    assert recalled
    assert recalled.answer == other
