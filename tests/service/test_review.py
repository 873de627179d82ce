"""A second pair of eyes: when, whose, for what, until when, and what it costs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import Conflict, Forbidden, Invalid, Refused
from chalicelib.core.plan import Plan, Slot
from chalicelib.core.post import PostPatch
from chalicelib.core.recurring import NewSchedule, SchedulePatch
from chalicelib.core.review import Decision, ReviewPolicy, Verdict
from chalicelib.core.scores.ended import outcome
from chalicelib.core.scores.outcome import Answers, Outcome
from chalicelib.core.scores.timeliness import punctuality, timeliness
from chalicelib.core.target import State
from chalicelib.service import (
    batch,
    brakes,
    compose,
    connect,
    plan,
    reading,
    records,
    resolve,
    review,
    schedules,
    steer,
)
from chalicelib.service.access import Caller
from chalicelib.service.reading import PostFilter, Whole
from tests.service.conftest import Stage

AUTHOR = Caller("ws_one", "key_author", frozenset({"posts:write"}))
REVIEWER = Caller("ws_one", "key_reviewer", frozenset({"posts:write", "posts:review"}))
FOUR_EYES = ReviewPolicy(requires_approval=True)
OWN = ReviewPolicy(requires_approval=True, self_approval=True)


def made(stage: Stage, due_in: float | None = 3600, by: Caller | None = AUTHOR, **fields: Any) -> Whole:
    if due_in is not None:
        fields["scheduled_at"] = stage.now + timedelta(seconds=due_in)
    return compose.create(stage.world, "ws_one", stage.new(**fields), by=by)


def waiting(stage: Stage, due_in: float | None = 3600, **fields: Any) -> Whole:
    return made(stage, due_in, requires_approval=True, **fields)


def decide(stage: Stage, whole: Whole, decision: Decision = "approve", by: Caller = REVIEWER, **said: Any) -> Whole:
    return review.decide(stage.world, "ws_one", whole.post.id, Verdict(decision=decision, **said), by)


def edit(stage: Stage, whole: Whole, by: Caller = AUTHOR, **fields: Any) -> Whole:
    return compose.edit(stage.world, "ws_one", whole.post.id, PostPatch.model_validate(fields), by=by)


def words(stage: Stage, whole: Whole) -> list[str]:
    return [event.type for event in stage.target(whole).events]


def steps(stage: Stage, whole: Whole) -> list[tuple[str, int, str | None]]:
    found = review.history(stage.world, "ws_one", whole.post.id)
    return [(one.step, one.version, one.by) for one in reversed(found)]


def judged(stage: Stage, whole: Whole) -> Outcome:
    found = outcome(stage.target(whole))
    assert found is not None
    return found


def test_a_post_waits_and_goes_out_on_time_once_somebody_said_yes(stage: Stage) -> None:
    whole = waiting(stage)
    assert whole.status == "pending_approval"
    stage.let_pass(600)
    assert decide(stage, whole, comment="Ring them!").status == "scheduled"
    stage.let_pass(4000)
    assert stage.read(whole).status == "published"
    assert words(stage, whole) == ["review_requested", "approved", "scheduled", "claimed", "published"]
    assert steps(stage, whole) == [("requested", 1, "key_author"), ("approved", 1, "key_reviewer")]
    assert judged(stage, whole).person_ms == 0


def test_what_waits_costs_the_publisher_no_call_more(stage: Stage) -> None:
    """The yes lies in the row that the publisher reads and writes anyway."""
    plain, approved = made(stage, 1200), waiting(stage, 2400)
    decide(stage, approved)
    calls = []
    for _ in range(2):
        stage.let_pass(600)
        before = stage.world.table.calls.copy()
        stage.let_pass(600, sweeps=False)
        calls.append(stage.world.table.calls - before)
    assert {stage.read(one).status for one in (plain, approved)} == {"published"}
    assert calls[0] == calls[1]


@pytest.mark.parametrize("publish", [True, False], ids=["published now", "with a time"])
def test_when_its_time_comes_without_a_yes_it_says_so_once_and_waits_on(stage: Stage, publish: bool) -> None:
    whole = waiting(stage, None, publish="now") if publish else waiting(stage, 600)
    stage.let_pass(3600)
    assert stage.read(whole).status == "pending_approval"
    assert words(stage, whole) == ["review_requested", "approval_overdue"]
    assert stage.timeline() == []
    decide(stage, whole)
    stage.let_pass(5)
    assert stage.read(whole).status == "published"


def test_the_sweep_tells_it_where_the_alarm_did_not_ring(stage: Stage) -> None:
    whole = waiting(stage)
    stage.let_pass(3900, alarms=False)
    assert words(stage, whole) == ["review_requested", "approval_overdue"]


def test_what_expires_while_it_waits_has_missed_its_time_and_is_nobodys_lateness(stage: Stage) -> None:
    whole = waiting(stage, 600, expires_at=stage.now + timedelta(seconds=1200))
    stage.let_pass(1300)
    assert words(stage, whole) == ["review_requested", "approval_overdue", "missed"]
    assert judged(stage, whole).fate == "unapproved"
    with pytest.raises(Conflict, match="missed"):
        decide(stage, whole)


@pytest.mark.parametrize(
    ("policy", "state", "fate"),
    [("publish", State.PUBLISHED, "published"), ("skip", State.SKIPPED, "unapproved"), ("hold", State.HELD, None)],
)
def test_a_yes_that_comes_too_late_follows_the_late_policy(
    stage: Stage, policy: str, state: State, fate: str | None
) -> None:
    whole = waiting(stage, 600, late_policy=policy, grace_seconds=60)
    stage.let_pass(600 + 61)
    decide(stage, whole)
    stage.let_pass(10)
    assert stage.target(whole).state is state
    assert (outcome(stage.target(whole)) is not None) == (fate is not None)
    if fate:
        assert judged(stage, whole).fate == fate


@pytest.mark.parametrize("policy", ["publish", "skip", "hold"])
def test_a_yes_within_the_grace_is_not_too_late_however_long_the_queue_takes(stage: Stage, policy: str) -> None:
    whole = waiting(stage, 600, late_policy=policy, grace_seconds=60)
    stage.let_pass(600 + 59)
    decide(stage, whole)
    stage.world.clock.advance(5)
    stage.let_pass(5)
    assert stage.target(whole).state is State.PUBLISHED


def test_what_is_late_by_its_reviewer_counts_as_their_time_and_not_as_the_machines(stage: Stage) -> None:
    whole = waiting(stage, 600)
    stage.let_pass(600 + 1800)
    edit(stage, whole, text="Said better, and late already.")
    stage.let_pass(1800)
    decide(stage, whole)
    stage.let_pass(60)
    one = judged(stage, whole)
    assert stage.target(whole).lateness_ms is not None
    assert one.person_ms == 3_600_000
    assert punctuality(one) == 1.0
    (publish, _, _) = timeliness([one], Answers()).parts
    assert publish.value == 1.0
    assert publish.figures["person_ms"] == 3_600_000
    assert publish.figures["waited_for_people"] == 1


def test_what_nobody_approved_in_time_breaks_no_promise_of_the_machines(stage: Stage) -> None:
    whole = waiting(stage, 600, late_policy="skip", grace_seconds=0)
    stage.let_pass(700)
    decide(stage, whole)
    assert timeliness([judged(stage, whole)], Answers()).value is None


@pytest.mark.parametrize(("decision", "status"), [("reject", "cancelled"), ("request_changes", "pending_approval")])
def test_a_reviewer_may_say_no_for_good_or_for_now(stage: Stage, decision: Decision, status: str) -> None:
    whole = waiting(stage)
    assert decide(stage, whole, decision, comment="Not at nine.").status == status
    assert [one.comment for one in review.history(stage.world, "ws_one", whole.post.id)] == ["Not at nine.", None]
    stage.let_pass(4000)
    assert stage.timeline() == []


def test_whose_turn_it_is_is_the_authors_until_they_have_changed_something(stage: Stage) -> None:
    whole = waiting(stage)

    def turn() -> str | None:
        return review.waits_for(stage.read(whole), review.history(stage.world, "ws_one", whole.post.id))

    assert turn() == "reviewer"
    decide(stage, whole, "request_changes")
    assert turn() == "author"
    stage.world.clock.advance(1)
    edit(stage, whole, text="At ten, then.")
    assert turn() == "reviewer"
    stage.world.clock.advance(1)
    decide(stage, whole)
    assert turn() is None


CONTENT: list[dict[str, Any]] = [{"text": "Something else."}, {"hashtags": ["bells"]}, {"requires_approval": True}]


@pytest.mark.parametrize("change", CONTENT, ids=lambda change: next(iter(change)))
def test_who_changes_what_it_says_takes_the_yes_back(stage: Stage, change: dict[str, Any]) -> None:
    whole = waiting(stage)
    decide(stage, whole)
    edited = edit(stage, whole, **change)
    assert {target.state for target in edited.targets} == {State.PENDING_APPROVAL}
    assert steps(stage, whole)[-1] == ("requested", 2, "key_author")
    stage.let_pass(4000)
    assert stage.timeline() == []


def test_who_changes_where_it_goes_takes_the_yes_back_everywhere(stage: Stage) -> None:
    whole = waiting(stage, targets=[{"account_id": stage.accounts[0]}])
    decide(stage, whole)
    edited = edit(stage, whole, targets=[{"account_id": one} for one in stage.accounts])
    assert [target.state for target in edited.targets] == [State.PENDING_APPROVAL] * 2


def test_a_yes_outlives_another_time_and_publishing_now(stage: Stage) -> None:
    whole = waiting(stage)
    decide(stage, whole)
    assert edit(stage, whole, scheduled_at=stage.now + timedelta(seconds=7200)).status == "scheduled"
    steer.publish_now(stage.world, "ws_one", whole.post.id)
    stage.let_pass(10)
    assert stage.read(whole).status == "published"


def test_another_time_keeps_waiting_what_waits(stage: Stage) -> None:
    whole = waiting(stage, 600)
    assert edit(stage, whole, scheduled_at=stage.now + timedelta(seconds=1200)).status == "pending_approval"
    stage.let_pass(1100)
    assert "approval_overdue" not in words(stage, whole)
    stage.let_pass(200)
    assert words(stage, whole)[-1] == "approval_overdue"
    assert steer.publish_now(stage.world, "ws_one", whole.post.id).status == "pending_approval"


def test_what_was_held_waits_for_a_yes_when_it_is_let_go(stage: Stage) -> None:
    whole = made(stage)
    steer.hold(stage.world, "ws_one", whole.post.id)
    assert edit(stage, whole, text="Another text.", requires_approval=True).status == "held"
    assert steer.resume(stage.world, "ws_one", whole.post.id, "key_author").status == "pending_approval"
    assert steps(stage, whole) == [("requested", 2, "key_author")]
    assert decide(stage, whole).status == "scheduled"


def test_a_yes_to_what_is_held_does_not_let_it_go(stage: Stage) -> None:
    whole = made(stage)
    steer.hold(stage.world, "ws_one", whole.post.id)
    edit(stage, whole, requires_approval=True)
    assert decide(stage, whole).status == "held"
    assert steer.resume(stage.world, "ws_one", whole.post.id).status == "scheduled"


def test_what_a_hold_of_the_workspace_stopped_waits_for_a_yes_once_it_is_edited(stage: Stage) -> None:
    whole = made(stage, 60)
    brakes.hold(stage.world, "ws_one", "key_author")
    stage.let_pass(120)
    assert stage.read(whole).status == "held"
    edit(stage, whole, requires_approval=True)
    brakes.resume(stage.world, "ws_one")
    stage.let_pass(3600)
    assert stage.read(whole).status == "pending_approval"
    assert stage.timeline() == []


def test_what_a_person_was_to_publish_cannot_be_confirmed_before_a_yes_to_what_it_says_now(stage: Stage) -> None:
    account = connect.connect(
        stage.world, "ws_one", connect.NewAccount(platform="zhihu", name="Tower", credentials={"handle": "tower"})
    ).id
    for due in (stage.now + timedelta(seconds=3600), None):
        whole = made(stage, 60, targets=[{"account_id": account}])
        stage.let_pass(70)
        assert stage.read(whole).status == "awaiting_action"
        edited = edit(stage, whole, text="Another text.", requires_approval=True, scheduled_at=due)
        assert edited.status == ("pending_approval" if due else "draft")
        at = records.of(edited.targets[0])
        with pytest.raises(Conflict, match="not for a person"):
            resolve.done(stage.world, at, "https://zhuanlan.zhihu.com/p/1", "key_author", None)


def test_a_draft_can_be_approved_ahead_and_asks_nobody_until_it_has_a_time(stage: Stage) -> None:
    first, second = waiting(stage, None), waiting(stage, None)
    assert (first.status, steps(stage, first)) == ("draft", [])
    decide(stage, first)
    for whole, status in ((first, "scheduled"), (second, "pending_approval")):
        assert edit(stage, whole, scheduled_at=stage.now + timedelta(seconds=600)).status == status


def test_nobody_approves_what_they_wrote_or_changed(stage: Stage) -> None:
    for whole in (waiting(stage, by=REVIEWER), waiting(stage)):
        if REVIEWER.key_id not in whole.post.written_by:
            edit(stage, whole, by=REVIEWER, text="A reviewer's own words.")
        with pytest.raises(Forbidden, match="another one"):
            decide(stage, whole)
        decide(stage, whole, "request_changes")
        assert decide(stage, whole, by=Caller("ws_one", "key_third", frozenset({"*"}))).status == "scheduled"


def test_unless_the_workspace_lets_them(stage: Stage) -> None:
    review.choose(stage.world, "ws_one", OWN)
    assert decide(stage, made(stage, by=REVIEWER)).status == "scheduled"


@pytest.mark.parametrize(
    ("policy", "by", "wish", "status"),
    [
        pytest.param(ReviewPolicy(), AUTHOR, None, "scheduled", id="nobody asks"),
        pytest.param(ReviewPolicy(), AUTHOR, False, "scheduled", id="nobody asks, and nor does the author"),
        pytest.param(ReviewPolicy(), AUTHOR, True, "pending_approval", id="the author asks"),
        pytest.param(FOUR_EYES, AUTHOR, None, "pending_approval", id="the workspace asks"),
        pytest.param(FOUR_EYES, None, None, "pending_approval", id="the workspace asks the operator, too"),
        pytest.param(FOUR_EYES, REVIEWER, None, "pending_approval", id="the workspace asks reviewers, too"),
        pytest.param(FOUR_EYES, AUTHOR, False, None, id="the author may not ask for less"),
        pytest.param(FOUR_EYES, REVIEWER, False, None, id="nor a reviewer who may not approve their own"),
        pytest.param(OWN, AUTHOR, False, None, id="nor an author who is no reviewer"),
        pytest.param(OWN, REVIEWER, False, "scheduled", id="a reviewer who may approve their own does so"),
    ],
)
def test_a_post_may_ask_for_more_than_its_workspace_and_not_for_less(
    stage: Stage, policy: ReviewPolicy, by: Caller | None, wish: bool | None, status: str | None
) -> None:
    review.choose(stage.world, "ws_one", policy)
    if status:
        assert made(stage, by=by, requires_approval=wish).status == status
        return
    with pytest.raises(Invalid) as refused:
        made(stage, by=by, requires_approval=wish)
    assert [(one.code, one.path) for one in refused.value.issues] == [("approval_required", "requires_approval")]


def test_an_author_cannot_take_back_that_a_yes_is_needed_and_a_reviewer_of_their_own_can(stage: Stage) -> None:
    whole = waiting(stage)
    with pytest.raises(Invalid, match="a reviewer has to say yes"):
        edit(stage, whole, requires_approval=False)
    assert edit(stage, whole, text="Said better.").status == "pending_approval"
    review.choose(stage.world, "ws_one", ReviewPolicy(self_approval=True))
    assert edit(stage, whole, by=REVIEWER, requires_approval=False).status == "scheduled"


def test_a_policy_holds_for_what_is_made_or_edited_from_then_on(stage: Stage) -> None:
    before = made(stage)
    review.choose(stage.world, "ws_one", FOUR_EYES)
    assert stage.read(before).status == "scheduled"
    assert edit(stage, before, scheduled_at=stage.now + timedelta(seconds=900)).status == "scheduled"
    assert edit(stage, before, text="Another text.").status == "pending_approval"
    after = made(stage)
    review.choose(stage.world, "ws_one", ReviewPolicy())
    assert stage.read(after).status == "pending_approval"


def test_a_yes_is_for_what_was_read(stage: Stage) -> None:
    whole = waiting(stage)
    edit(stage, whole, text="Another text.")
    with pytest.raises(Conflict, match="version 2"):
        decide(stage, whole, version=1)
    assert decide(stage, whole, version=2).status == "scheduled"


@pytest.mark.parametrize("racers", [2, 20])
def test_of_all_who_approve_at_once_one_does(stage: Stage, racers: int) -> None:
    whole = waiting(stage)
    with ThreadPoolExecutor(racers) as pool:
        ends = list(pool.map(lambda _: _ends(lambda: decide(stage, whole)), range(racers)))
    assert sorted(ends) == ["nothing_to_review"] * (racers - 1) + ["scheduled"]
    assert steps(stage, whole) == [("requested", 1, "key_author"), ("approved", 1, "key_reviewer")]
    assert words(stage, whole) == ["review_requested", "approved", "scheduled"]


def test_of_twenty_who_want_different_things_each_is_served_or_told_and_nothing_is_out_unread(stage: Stage) -> None:
    whole = waiting(stage)
    acts: list[Callable[[], Whole]] = [
        lambda: decide(stage, whole, version=1),
        lambda: edit(stage, whole, text="Another text."),
        lambda: decide(stage, whole, "reject", version=1),
        lambda: steer.cancel(stage.world, "ws_one", whole.post.id),
    ]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda number: _ends(acts[number % len(acts)]), range(20)))
    stage.let_pass(4000)
    read = stage.read(whole)
    assert read.status in ("cancelled", "pending_approval", "published")
    assert (read.status == "published") == bool(stage.timeline())
    assert read.status != "published" or read.post.version == 1


def _ends(act: Callable[[], Whole]) -> str:
    try:
        return act().status
    except Refused as no:
        return no.code


def test_batches_and_slots_obey(stage: Stage) -> None:
    review.choose(stage.world, "ws_one", FOUR_EYES)
    stage.world.clock.advance(1)
    keyed = batch.KeyedPost(**stage.new(publish="now").model_dump(exclude_unset=True), key="one")
    (outcome,) = batch.create(stage.world, "ws_one", [keyed], stage.now, AUTHOR)
    assert isinstance(outcome, batch.Made)
    found = reading.post(stage.world, "ws_one", outcome.post_id)
    assert (found.status, found.post.written_by) == ("pending_approval", ("key_author",))

    plan.choose(stage.world, "ws_one", None, Plan(slots=tuple(Slot(day, "09:30") for day in ("mon", "wed"))))
    first, second = (made(stage, None, publish="next_slot") for _ in range(2))
    assert {first.status, second.status} == {"pending_approval"}
    assert first.post.scheduled_at != second.post.scheduled_at
    decide(stage, first, "reject")
    assert made(stage, None, publish="next_slot").post.scheduled_at == first.post.scheduled_at


def test_the_posts_of_a_schedule_wait_and_whoever_wrote_it_cannot_approve_them(stage: Stage) -> None:
    standing = schedules.create(stage.world, "ws_one", _daily(stage, requires_approval=True), by=REVIEWER.key_id)
    (first, *_) = _made_by(stage, standing.schedule.id)
    assert (first.status, first.post.written_by) == ("pending_approval", (REVIEWER.key_id,))
    with pytest.raises(Forbidden):
        decide(stage, first)
    other = Caller("ws_one", "key_other", frozenset({"posts:review"}))
    assert decide(stage, first, by=other).status == "scheduled"

    changed = _daily(stage, requires_approval=True, text="Another text.").post
    schedules.edit(stage.world, "ws_one", standing.schedule.id, SchedulePatch(post=changed), by="key_other")
    anew = _made_by(stage, standing.schedule.id)
    assert {one.status for one in anew} == {"pending_approval"}
    assert anew[0].post.written_by == (REVIEWER.key_id, "key_other")
    assert anew[0].post.scheduled_at == first.post.scheduled_at


def _daily(stage: Stage, text: str = "Ding dong", **fields: Any) -> NewSchedule:
    post = {"text": text, "targets": [{"account_id": stage.accounts[0]}], **fields}
    tomorrow = (stage.now + timedelta(days=1)).strftime("%Y-%m-%dT09:00:00")
    rule = {"rule": "FREQ=DAILY;COUNT=3", "timezone": "UTC", "starts_at": tomorrow}
    return NewSchedule.model_validate({**rule, "post": post})


def _made_by(stage: Stage, schedule_id: str) -> list[Whole]:
    return reading.posts(stage.world, "ws_one", PostFilter(schedule_id=schedule_id), forwards=True).data


def test_what_waits_can_be_listed_and_a_deleted_posts_history_is_gone(stage: Stage) -> None:
    made(stage)
    whole = waiting(stage)
    decide(stage, whole, "request_changes")
    listed = reading.posts(stage.world, "ws_one", PostFilter(status="pending_approval")).data
    assert [one.post.id for one in listed] == [whole.post.id]
    compose.delete(stage.world, "ws_one", whole.post.id)
    assert not [item for item in stage.world.table.everything if item.key.sk.startswith("REVIEW#")]
