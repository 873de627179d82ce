"""A person finishes a post in the network's own app, and the network's callback says so."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.callbacks.base import Incoming, Response
from chalicelib.core.errors import Conflict, NotFound, Stale
from chalicelib.core.target import State, Target
from chalicelib.ports import Delete, Put
from chalicelib.service import callbacks, connect, metrics, resolve, shares, steer
from chalicelib.service.ingest import ingest
from chalicelib.service.reading import Whole
from chalicelib.service.receive import receive
from chalicelib.service.records import TargetKey
from chalicelib.service.tell import tell
from tests.service.conftest import Stage

FILM = [{"url": "https://cdn.example/ring.mp4", "mime_type": "video/mp4", "width": 1080, "height": 1920}]
SHARE, ITEM, NUMBER = "1743456789012345", "@9VwWjvGUTp9k", "7312345678901234567"
SECRET = "77f8f1b2d07b16a2a8d9f8b1a7c3e5f0"


@pytest.fixture
def account(stage: Stage) -> str:
    return connected(stage, "douyin", "钟楼")


def connected(stage: Stage, platform: str, handle: str) -> str:
    new = connect.NewAccount(platform=platform, name="Brand", credentials={"handle": handle})
    account_id = connect.connect(stage.world, stage.workspace_id, new).id
    if platform == "douyin":
        given = {"client_secret": SECRET}
        callbacks.set_up(stage.world, stage.workspace_id, account_id, "douyin", given, "https://carillon.example")
    return account_id


def awaited(stage: Stage, account: str) -> Whole:
    post = stage.create(due_in=60, targets=[{"account_id": account}], media=FILM, title="钟声")
    stage.let_pass(61)
    assert stage.target(post).state is State.AWAITING_ACTION
    return post


def at(target: Target) -> TargetKey:
    return TargetKey(target.workspace_id, target.post_id, target.id)


def douyin_says(stage: Stage, account: str, event: str, content: dict[str, Any]) -> list[str]:
    """Douyin calls, and what it says is read; the messages that have to come again."""
    body = json.dumps({"event": event, "from_user_id": "u1", "client_key": "k", "content": content}).encode()
    signature = hashlib.sha1(SECRET.encode() + body, usedforsecurity=False).hexdigest()
    call = Incoming("POST", stage.now, {"x-douyin-signature": (signature,)}, body=body)
    assert receive(stage.world, "douyin", account, call) == Response()
    again = ingest(stage.world, {str(n): heard for n, heard in enumerate(stage.world.heard.receive())})
    tell(stage.world, stage.world.table.stream())
    return again


def published(share_id: str = SHARE, **more: str) -> dict[str, str]:
    return {"item_id": ITEM, "share_id": share_id, **more}


def test_what_was_finished_in_the_app_is_confirmed_by_its_callback(stage: Stage, account: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    stage.let_pass(30)

    assert douyin_says(stage, account, "create_video", published(video_id=NUMBER)) == []

    done = stage.target(post)
    assert (done.state, done.published_at) == (State.PUBLISHED, stage.now)
    assert (done.url, done.platform_post_id) == (f"https://www.douyin.com/video/{NUMBER}", ITEM)
    assert (done.events[-1].type, done.events[-1].detail) == ("confirmed", "callback")
    assert done.lateness_ms is not None
    stage.let_pass(7200)
    assert [event.type for event in stage.target(post).events].count("reminder") == 0


def test_douyin_may_say_no_address(stage: Stage, account: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    douyin_says(stage, account, "create_video", published())
    assert (stage.target(post).state, stage.target(post).url) == (State.PUBLISHED, None)


def test_what_people_do_with_it_counts_for_our_post_from_then_on(stage: Stage, account: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    douyin_says(stage, account, "create_video", published())
    stage.let_pass(5)

    douyin_says(
        stage,
        account,
        "new_video_digg",
        {"action_type": 1, "action_time": int(stage.now.timestamp()), "item_id": ITEM},
    )

    (of_target,) = metrics.of_post(stage.world, stage.workspace_id, post.post.id).targets
    likes = of_target.figures["likes"]
    assert likes is not None
    assert (likes.value, likes.source) == (1, "callback")


def test_it_is_confirmed_once_however_often_douyin_says_so(stage: Stage, account: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    douyin_says(stage, account, "create_video", published())
    before = stage.target(post)
    stage.let_pass(60)

    assert douyin_says(stage, account, "create_video", published(video_id=NUMBER)) == []

    assert stage.target(post) == before


@pytest.mark.parametrize("share_id", ["", "1743456789012346", "\0", "x" * 3000])
def test_a_share_that_nobody_began_confirms_nothing(stage: Stage, account: str, share_id: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    assert douyin_says(stage, account, "create_video", published(share_id)) == []
    assert stage.target(post).state is State.AWAITING_ACTION


def test_a_share_of_one_account_confirms_nothing_on_another(stage: Stage, account: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    other = connected(stage, "douyin", "别的")
    douyin_says(stage, other, "create_video", published())
    assert stage.target(post).state is State.AWAITING_ACTION


def test_what_nobody_has_to_publish_any_more_stays_as_it_is(stage: Stage, account: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    steer.cancel(stage.world, stage.workspace_id, post.post.id)
    assert douyin_says(stage, account, "create_video", published()) == []
    assert stage.target(post).state is State.CANCELLED


def test_a_person_who_was_faster_is_right(stage: Stage, account: str) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    resolve.done(stage.world, at(stage.target(post)), "https://www.douyin.com/video/7", "key_1", None)
    assert douyin_says(stage, account, "create_video", published(video_id=NUMBER)) == []
    assert stage.target(post).url == "https://www.douyin.com/video/7"


def test_where_somebody_writes_at_that_moment_the_call_comes_again(
    stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = awaited(stage, account)
    shares.begin(stage.world, at(stage.target(post)), SHARE)
    write = stage.world.table.write

    def overtaken(*writes: Put | Delete) -> None:
        if any(one.item.key.sk.startswith("TARGET#") for one in writes if isinstance(one, Put)):
            raise Stale("somebody else changed this first")
        write(*writes)

    monkeypatch.setattr(stage.world.table, "write", overtaken)
    assert douyin_says(stage, account, "create_video", published()) == ["0"]
    monkeypatch.undo()

    assert douyin_says(stage, account, "create_video", published()) == []
    assert stage.target(post).state is State.PUBLISHED


def test_a_share_may_be_begun_again_and_in_several_apps_but_is_of_one_target(stage: Stage, account: str) -> None:
    first, second = awaited(stage, account), awaited(stage, account)
    for share_id in (SHARE, SHARE, "another"):
        shares.begin(stage.world, at(stage.target(first)), share_id)
    with pytest.raises(Conflict, match="another target") as taken:
        shares.begin(stage.world, at(stage.target(second)), SHARE)
    assert taken.value.code == "share_id_taken"


def test_only_networks_that_tell_of_shares_take_them(stage: Stage) -> None:
    theirs = awaited_elsewhere(stage)
    with pytest.raises(Conflict, match="tells nothing") as no:
        shares.begin(stage.world, at(stage.target(theirs)), SHARE)
    assert no.value.code == "not_shared"
    with pytest.raises(NotFound):
        shares.begin(stage.world, TargetKey("ws_two", *at(stage.target(theirs))[1:]), SHARE)


def awaited_elsewhere(stage: Stage) -> Whole:
    other = connected(stage, "xiaohongshu", "钟楼")
    return stage.create(
        targets=[{"account_id": other}], media=FILM, title="钟声", scheduled_at=stage.now + timedelta(minutes=1)
    )
