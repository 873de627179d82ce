"""A network that offers neither a key nor a way to look: an answer that was lost ends in a person's hands."""

from typing import Any

import pytest

from chalicelib.core.conversation import Idempotency, Safety
from chalicelib.core.errors import Conflict, NotFound, Stale
from chalicelib.core.receipt import Attempt
from chalicelib.core.target import State
from chalicelib.platforms import platform
from chalicelib.service import evidence, records, resolve, schedule
from chalicelib.service.publish import publish
from chalicelib.service.reading import Whole
from chalicelib.service.schedule import wake_of
from tests.service.conftest import Stage

URL = "https://sandbox.example/1"


@pytest.fixture(autouse=True)
def blind_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox as a network of which nothing can be known."""
    monkeypatch.setattr(
        type(platform("sandbox")), "idempotency", lambda self, account: Idempotency(Safety.NONE, readable=False)
    )


def lost(stage: Stage, **fields: Any) -> Whole:
    """A post whose answer was lost, and which nothing but a person can help."""
    options = {"fault": "timeout_after_accept"}
    post = stage.create(due_in=5, targets=[{"account_id": stage.accounts[0], "options": options}], **fields)
    stage.let_pass(300)
    assert (stage.target(post).state, stage.target(post).next_at) == (State.UNCONFIRMED, None)
    return post


def at(stage: Stage, post: Whole) -> records.TargetKey:
    return records.of(stage.target(post))


def attempts(stage: Stage, post: Whole) -> list[Attempt]:
    return evidence.attempts(stage.world, at(stage, post))


def test_without_a_person_it_is_never_sent_again(stage: Stage) -> None:
    post = lost(stage)
    stage.let_pass(7 * 24 * 3600)
    assert stage.target(post).state is State.UNCONFIRMED
    assert len(stage.timeline()) == 1


def test_what_a_person_found_is_published_and_never_sent_again(stage: Stage) -> None:
    post = lost(stage)
    whole = resolve.found(stage.world, at(stage, post), URL, "key_1")
    assert (whole.status, whole.targets[0].url) == ("published", URL)
    assert whole == stage.read(post)
    stage.let_pass(3600)
    assert len(stage.timeline()) == 1
    assert [(one.outcome, one.source) for one in attempts(stage, post)] == [("applied", "person")]


def test_what_a_person_missed_goes_out_once_more(stage: Stage) -> None:
    post = lost(stage)
    before = len(stage.web.sent)
    whole = resolve.missing(stage.world, at(stage, post), "key_1")
    assert whole.status == "queued"
    stage.let_pass(5)
    assert stage.target(post).state is State.PUBLISHED
    assert len(stage.web.sent) == before + 1
    assert [(one.outcome, one.source) for one in attempts(stage, post)] == [
        ("not_applied", "person"),
        ("applied", "reply"),
    ]


def test_wakes_from_before_do_nothing(stage: Stage) -> None:
    post = lost(stage)
    old = wake_of(stage.target(post))
    resolve.missing(stage.world, at(stage, post), "key_1")
    resolved = stage.target(post)
    publish(stage.world, old)
    assert stage.target(post) == resolved


def test_of_a_person_and_a_publisher_at_the_same_moment_one_wins(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    post = lost(stage)
    commit = schedule.commit

    def overtaken(*arguments: Any) -> Any:
        schedule.save(stage.world, stage.target(post))
        return commit(*arguments)

    monkeypatch.setattr(schedule, "commit", overtaken)
    with pytest.raises(Stale):
        resolve.found(stage.world, at(stage, post), URL, "key_1")
    assert stage.target(post).state is State.UNCONFIRMED


def test_a_thread_that_is_closed_half_way_says_what_is_missing(stage: Stage) -> None:
    text = " ".join(f"Sentence number {number} of a long announcement." for number in range(40))
    post = lost(stage, text=text)
    resolve.found(stage.world, at(stage, post), URL, "key_1")
    stage.let_pass(3600)
    assert len(stage.timeline()) == 1
    said = evidence.receipt(stage.world, at(stage, post)).claims
    assert (said["parts_planned"], said["parts_sent"]) == (4, 1)
    details = [line.detail for line in evidence.timeline(stage.world, at(stage, post))]
    assert "key_1; parts never sent: 3" in details


def test_a_thread_that_is_retried_half_way_goes_on_with_the_part_in_doubt(stage: Stage) -> None:
    text = " ".join(f"Sentence number {number} of a long announcement." for number in range(40))
    post = lost(stage, text=text)
    resolve.missing(stage.world, at(stage, post), "key_1")
    for _ in range(3):  # each part loses its first answer
        stage.let_pass(300)
        resolve.missing(stage.world, at(stage, post), "key_1")
    stage.let_pass(300)
    assert stage.target(post).state is State.PUBLISHED
    assert [one.part for one in attempts(stage, post) if one.outcome == "applied"] == [0, 1, 2, 3]


def test_only_a_target_of_the_post_can_be_resolved(stage: Stage) -> None:
    post, other = lost(stage), stage.create(due_in=3600)
    with pytest.raises(NotFound):
        resolve.missing(stage.world, at(stage, post)._replace(target_id=stage.target(other).id), "key_1")


def test_what_is_not_in_doubt_cannot_be_resolved(stage: Stage) -> None:
    post = stage.create(due_in=3600)
    with pytest.raises(Conflict, match="scheduled"):
        resolve.missing(stage.world, at(stage, post), "key_1")
