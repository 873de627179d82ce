"""What became of a target, as scores count it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.conversation import Effect
from chalicelib.core.scores.ended import outcome
from chalicelib.core.target import TERMINAL, Event, Exchange, Fault, State, Target

DUE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return DUE + timedelta(seconds=seconds)


def sent(seconds: float, *, void: bool = False) -> Exchange:
    return Exchange("digest", Effect.CREATE, 0, at(seconds), at(seconds + 5), void=void)


TARGET = Target(
    *("tgt_1", "post_1", "ws_1", "acc_1", "sandbox", State.PUBLISHED, DUE),
    ledger=(sent(0.1),),
    sent_at=at(0.1),
    published_at=at(0.9),
)


def late(target: Target) -> float:
    found = outcome(target)
    assert found is not None
    assert found.late is not None
    return found.late


@pytest.mark.parametrize("state", sorted(set(State) - TERMINAL))
def test_what_has_not_ended_has_no_outcome(state: State) -> None:
    assert outcome(replace(TARGET, state=state)) is None


@pytest.mark.parametrize("state", sorted(TERMINAL - {State.FAILED}))
def test_what_has_ended_has_the_fate_of_its_state(state: State) -> None:
    found = outcome(replace(TARGET, state=state))
    assert found is not None
    assert found.fate == state.value


def test_answers_and_what_was_never_due_are_nobodys_plan() -> None:
    assert outcome(replace(TARGET, answers="inb_1")) is None
    assert outcome(replace(TARGET, scheduled_at=None)) is None


@pytest.mark.parametrize(
    ("code", "after", "fate"),
    [
        pytest.param("too_long", 2, "refused", id="the network's word"),
        pytest.param("reconnect_required", 2, "refused", id="the account's end"),
        pytest.param("http_503", 25 * 3600, "failed", id="given up after a day"),
        pytest.param("never_ready", 2, "failed", id="never ready"),
        pytest.param("no_rendition", 2, "failed", id="lost by us"),
    ],
)
def test_a_failure_is_ours_unless_the_network_said_no(code: str, after: float, fate: str) -> None:
    failed = replace(TARGET, state=State.FAILED, published_at=None, error=Fault(code, "", at(after)))
    found = outcome(failed)
    assert found is not None
    assert (found.fate, found.at) == (fate, None)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        pytest.param(None, 0.9, id="the network does not say"),
        pytest.param(0.4, 0.4, id="its word, where it fits"),
        pytest.param(0.0, 0.1, id="cut to whole seconds: not before we sent it"),
        pytest.param(-3600.0, 0.1, id="its clock is slow"),
        pytest.param(3600.0, 0.9, id="its clock is fast: not after we knew"),
    ],
)
def test_the_networks_word_counts_as_far_as_it_can_be_true(told: float | None, seconds: float) -> None:
    assert late(replace(TARGET, platform_at=None if told is None else at(told))) == seconds


def test_what_left_before_it_was_due_was_early() -> None:
    found = outcome(replace(TARGET, ledger=(sent(-1),)))
    assert found is not None
    assert found.early


def test_what_was_refused_before_its_author_gave_it_another_time_was_not_early() -> None:
    found = outcome(replace(TARGET, ledger=(sent(-3600, void=True), sent(0.2)), sent_at=at(-3600)))
    assert found is not None
    assert not found.early


@pytest.mark.parametrize(
    ("events", "person", "lateness"),
    [
        pytest.param([], 0, 600, id="nobody was asked"),
        pytest.param([("held", "by hand", -60), ("resumed", None, 595)], 595, 5, id="held by a person"),
        pytest.param([("held", "held_workspace", 2), ("resumed", None, 590)], 588, 12, id="stopped by a hold"),
        pytest.param([("unconfirmed", "no_answer", 3), ("retried", "key_1", 590)], 587, 13, id="looked for in vain"),
        pytest.param(
            [("unconfirmed", "no_answer", 3), ("unconfirmed", "http_503", 400), ("retried", "key_1", 590)],
            *(190, 410),
            id="looked for by the machine first",
        ),
        pytest.param([("action_needed", None, 1), ("confirmed", "key_1", 700)], 599, 1, id="published by hand"),
        pytest.param([("held", "by hand", -60), ("resumed", None, -5)], 0, 600, id="let go before it was due"),
        pytest.param(
            [("review_requested", None, -60), ("approved", "key_1", 590)], 590, 10, id="approved by a reviewer"
        ),
        pytest.param(
            [
                *(("review_requested", None, -60), ("edited", None, 100), ("review_requested", None, 100)),
                *(("approval_overdue", None, 100), ("changes_requested", "key_1", 200), ("approved", "key_1", 590)),
            ],
            *(590, 10),
            id="edited while it waited for a reviewer",
        ),
        pytest.param(
            [("review_requested", None, -60), ("approved", "key_1", -5)], 0, 600, id="approved before it was due"
        ),
    ],
)
def test_what_a_person_took_is_told_apart(
    events: list[tuple[str, str | None, float]], person: float, lateness: float
) -> None:
    timeline = tuple(Event(at(when), type, detail) for type, detail, when in events)
    found = outcome(replace(TARGET, published_at=at(600), ledger=(), events=timeline))
    assert found is not None
    assert (found.person_ms, found.late) == (person * 1000, lateness)


def test_what_needs_a_lead_and_is_approved_within_it_is_late_by_its_reviewer() -> None:
    timeline = (Event(at(-600), "review_requested"), Event(at(-20), "approved", "key_1"))
    film = replace(TARGET, lead=timedelta(seconds=60), ledger=(), published_at=at(39), events=timeline)
    assert (late(film), late(replace(film, published_at=at(45)))) == (0, 5)


@pytest.mark.parametrize(
    ("state", "detail", "fate"),
    [
        (State.SKIPPED, "approved_too_late", "unapproved"),
        (State.MISSED, "never_approved", "unapproved"),
        (State.SKIPPED, "late", "skipped"),
        (State.MISSED, "expired", "missed"),
    ],
)
def test_what_no_reviewer_approved_in_time_is_told_apart(state: State, detail: str, fate: str) -> None:
    found = outcome(replace(TARGET, state=state, events=(Event(at(60), state.value, detail),)))
    assert found is not None
    assert found.fate == fate


def test_what_the_late_policy_held_was_late_before_a_person_saw_it() -> None:
    """Its row says that it is due when they let it go; the machine was late by more than its grace."""
    resumed = at(3600)
    timeline = (Event(at(301), "held", "late"), Event(resumed, "resumed"))
    target = replace(TARGET, scheduled_at=resumed, ledger=(), published_at=resumed, events=timeline)
    assert late(target) >= 300


def test_what_a_person_gave_another_time_after_it_was_held_was_promised_anew() -> None:
    """Not so what they only let go, whatever else they changed: that they did when it was late already."""
    timeline = (Event(at(301), "held", "late"), Event(at(600), "edited"), Event(at(3600), "resumed"))
    for again, lateness in ((at(3600), 3599), (at(86_400), 0)):
        out = replace(TARGET, events=timeline, scheduled_at=again, published_at=again, ledger=())
        assert late(out) == lateness
