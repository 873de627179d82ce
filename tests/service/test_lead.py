"""Media that take minutes to send: begun early, alarms and all, and out on time."""

from datetime import timedelta

import pytest

from chalicelib.core.conversation import Conversation, Effect, Job, Published, Reply, Request
from chalicelib.core.lead import ALL, LONGEST, Intake
from chalicelib.core.post import NewTarget, PostPatch
from chalicelib.core.target import State
from chalicelib.core.timing import minute_of
from chalicelib.platforms import platform
from chalicelib.service import brakes, compose, steer
from chalicelib.service.reading import Whole
from chalicelib.service.schedule import POLICY
from tests.service.conftest import Stage

PIECES, SECONDS = 12, 30.0
"""A film goes up in so many pieces, each of which takes so long."""
FILM = {"url": "https://films.test/one.mp4", "kind": "video", "bytes": 600_000_000}
LEAD = timedelta(seconds=600)


@pytest.fixture
def sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pieces that were sent to a sandbox that wants films in pieces, slowly."""
    plain, send, pieces = platform("sandbox").publish, stage.web.send, list[str]()

    def in_pieces(_: object, job: Job) -> Conversation[Published]:
        for number in range(PIECES if job.rendition.parts[0].media else 0):
            yield Request("PUT", f"https://{job.target_id}.example/{number}", effect=Effect.PREPARE, timeout=30.0)
        return (yield from plain(job))

    def slowly(request: Request) -> Reply:
        if request.effect is not Effect.PREPARE:
            return send(request)
        pieces.append(request.url)
        stage.world.clock.sleep_until(stage.now + timedelta(seconds=SECONDS))
        return Reply(200, {}, b"{}")

    monkeypatch.setattr(type(platform("sandbox")), "publish", in_pieces)
    monkeypatch.setattr(type(platform("sandbox")), "intake", Intake(sent=ALL))
    monkeypatch.setattr(stage.web, "send", slowly)
    return pieces


def film(stage: Stage, due_in: float, size: int = 600_000_000) -> Whole:
    only = {"account_id": stage.accounts[0]}
    return stage.create(due_in=due_in, media=[{**FILM, "bytes": size}], targets=[only])


def is_out_on_time(stage: Stage, post: Whole) -> None:
    target = stage.target(post)
    assert (target.state, target.lateness_ms) == ("published", 0)


@pytest.mark.parametrize("working", [{"sweeps": False}, {"alarms": False}], ids=["no sweep", "no alarm"])
def test_a_film_planned_ahead_is_out_on_time(stage: Stage, sent: list[str], working: dict[str, bool]) -> None:
    post = film(stage, 7200)
    due = stage.target(post).scheduled_at
    assert due
    assert stage.target(post).lead == LEAD
    assert list(stage.world.alarms.set) == [minute_of(due - LEAD)]
    assert stage.world.queue.waiting == []
    stage.let_pass(7210, **working)
    is_out_on_time(stage, post)
    assert len(sent) == len(set(sent)) == PIECES
    assert stage.target(post).attempts == 1


def test_between_upload_and_instant_nobody_holds_it(stage: Stage, sent: list[str]) -> None:
    post = film(stage, 700)
    stage.let_pass(600)
    target = stage.target(post)
    assert (target.state, target.claim, len(sent)) == ("queued", None, PIECES)
    assert target.scheduled_at
    assert target.next_at == target.scheduled_at - POLICY.arm


@pytest.mark.usefixtures("sent")
def test_a_film_planned_at_short_notice_begins_at_once(stage: Stage) -> None:
    post = film(stage, 400)
    assert stage.target(post).next_at == stage.now
    stage.let_pass(401)
    is_out_on_time(stage, post)


@pytest.mark.parametrize("left", [700, 600, 100])
@pytest.mark.usefixtures("sent")
def test_holds_of_everything_that_are_over_in_time_make_no_film_late(stage: Stage, left: float) -> None:
    post = film(stage, 1000, size=6_000_000_000)
    begins = 1000 - LONGEST.total_seconds()
    for wait, held in ((begins - 10, 30), (1000 - left - begins - 20, 20)):
        stage.let_pass(wait)
        brakes.hold(stage.world, stage.workspace_id, "key_test")
        stage.let_pass(held)
        brakes.resume(stage.world, stage.workspace_id)
    stage.let_pass(left)
    is_out_on_time(stage, post)
    assert "held" in [event.type for event in stage.target(post).events]


@pytest.mark.parametrize("left", [550, 50])
@pytest.mark.usefixtures("sent")
def test_a_film_that_is_called_off_on_its_way_never_goes_out(stage: Stage, left: float) -> None:
    post = film(stage, 700)
    stage.let_pass(700 - left)
    steer.cancel(stage.world, stage.workspace_id, post.post.id)
    stage.let_pass(1000)
    assert stage.target(post).state is State.CANCELLED
    assert stage.timeline() == []


def test_an_edit_gives_and_takes_a_lead_and_a_new_time_keeps_it(stage: Stage, sent: list[str]) -> None:
    post = stage.create(due_in=7200)
    due = post.targets[0].scheduled_at
    assert due

    def edited(**fields: object) -> tuple[timedelta, object]:
        whole = compose.edit(stage.world, stage.workspace_id, post.post.id, PostPatch.model_validate(fields))
        return whole.targets[0].lead, whole.targets[0].next_at

    assert edited(text="Still no film.") == (timedelta(), due)
    assert edited(media=[FILM]) == (LEAD, due - LEAD)
    due += timedelta(hours=1)
    assert edited(scheduled_at=due.isoformat()) == (LEAD, due - LEAD)
    only = NewTarget(account_id=stage.accounts[0], scheduled_at=due - timedelta(minutes=5))
    assert edited(targets=[only]) == (LEAD, due - timedelta(minutes=5) - LEAD)
    assert edited(media=[{**FILM, "bytes": 6_000_000_000}])[0] == LONGEST
    assert edited(media=[]) == (timedelta(), due - timedelta(minutes=5))
    assert not sent


@pytest.mark.usefixtures("sent")
def test_a_film_that_is_published_now_is_as_late_as_it_must_be_and_not_too_late(stage: Stage) -> None:
    target = {"account_id": stage.accounts[0]}
    post = stage.create(publish="now", media=[FILM], targets=[target], late_policy="skip", grace_seconds=0)
    stage.let_pass(600)
    lateness = stage.target(post).lateness_ms
    assert lateness is not None
    assert lateness // 1000 == PIECES * SECONDS
