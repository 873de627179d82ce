"""Networks that take posts from people only: everything is got ready, a person is told, and what they did counts."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.target import State, Target
from chalicelib.service import connect, resolve, steer
from chalicelib.service.reading import Whole
from chalicelib.service.records import TargetKey
from tests.service.conftest import Stage

MEDIA = [{"url": "https://cdn.example/bell.jpg", "mime_type": "image/jpeg", "width": 1080, "height": 1440}]
URL = "https://www.xiaohongshu.com/explore/65f0"


@pytest.fixture
def account(stage: Stage) -> str:
    new = connect.NewAccount(platform="xiaohongshu", name="Brand", credentials={"handle": "钟楼"})
    return connect.connect(stage.world, stage.workspace_id, new).id


def planned(stage: Stage, account: str, **fields: Any) -> Whole:
    return stage.create(due_in=60, targets=[{"account_id": account}], media=MEDIA, title="钟声", **fields)


def at(target: Target) -> TargetKey:
    return TargetKey(target.workspace_id, target.post_id, target.id)


def types(target: Target) -> list[str]:
    return [event.type for event in target.events]


def test_a_person_is_told_when_it_is_due_and_reminded_an_hour_later(stage: Stage, account: str) -> None:
    post = planned(stage, account)
    stage.let_pass(61)
    assert stage.target(post).state is State.AWAITING_ACTION
    assert types(stage.target(post))[-1] == "action_needed"
    stage.let_pass(3700)
    assert types(stage.target(post)).count("reminder") == 1
    stage.let_pass(7200)
    assert types(stage.target(post)).count("reminder") == 1


def test_the_bundle_holds_what_they_need(stage: Stage, account: str) -> None:
    post = planned(stage, account, hashtags=["bells"])
    bundle = resolve.bundle(stage.world, at(stage.target(post)))
    assert (bundle.title, bundle.media, bundle.tags) == ("钟声", (MEDIA[0]["url"],), ("bells",))
    assert bundle.where.startswith("https://")


def test_what_they_did_counts_like_any_other(stage: Stage, account: str) -> None:
    post = planned(stage, account)
    stage.let_pass(180)
    when = stage.target(post).scheduled_at
    assert when is not None
    resolve.done(stage.world, at(stage.target(post)), URL, "key_1", when + timedelta(seconds=90))
    done = stage.target(post)
    assert (done.state, done.url, done.lateness_ms) == (State.PUBLISHED, URL, 90_000)
    stage.let_pass(7200)
    assert types(stage.target(post))[-1] == "confirmed"


def test_nobody_confirms_what_is_not_theirs_to_publish(stage: Stage, account: str) -> None:
    early, ours = planned(stage, account), stage.create(due_in=60)
    for post in (early, ours):
        with pytest.raises(Conflict, match="not for a person"):
            resolve.done(stage.world, at(stage.target(post)), URL, "key_1", None)
    with pytest.raises(Conflict, match="takes posts from us"):
        resolve.bundle(stage.world, at(stage.target(ours)))


def test_nobody_confirms_the_future(stage: Stage, account: str) -> None:
    post = planned(stage, account)
    stage.let_pass(61)
    with pytest.raises(Conflict, match="not published yet"):
        resolve.done(stage.world, at(stage.target(post)), URL, "key_1", stage.now + timedelta(minutes=1))


def test_what_nobody_published_is_missed_when_it_expires(stage: Stage, account: str) -> None:
    post = planned(stage, account, expires_at=stage.now + timedelta(hours=3))
    stage.let_pass(4 * 3600)
    assert stage.target(post).state is State.MISSED


def test_it_can_still_be_called_off(stage: Stage, account: str) -> None:
    post = planned(stage, account)
    stage.let_pass(61)
    steer.cancel(stage.world, stage.workspace_id, post.post.id)
    stage.let_pass(7200)
    assert types(stage.target(post))[-1] == "cancelled"
