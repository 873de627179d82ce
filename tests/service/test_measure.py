"""Asking networks for figures: when, how often, what is kept of the answer, and what is gone."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.brakes import Quota
from chalicelib.core.conversation import Effect, Reply, Request
from chalicelib.core.engagement import Seen
from chalicelib.core.errors import NotSent
from chalicelib.core.followed import LOOK_AGAIN, POLLS, RETRY, Followed
from chalicelib.core.target import State
from chalicelib.core.timing import stamp
from chalicelib.platforms import names, platform
from chalicelib.ports import Item, Key, Put
from chalicelib.service import brakes, connect, engaged, ingest, measure, metrics, sandbox
from chalicelib.service.measure import LEASE, RUN
from chalicelib.service.reading import Whole
from chalicelib.service.sandbox import Reactions
from chalicelib.service.sheet import Event
from chalicelib.service.tell import news_in, tell
from tests.service.conftest import Stage

WORKSPACE = "ws_one"


class Died(Exception):
    """The process ended here."""


@pytest.fixture
def published(stage: Stage) -> Whole:
    """A post that is out on the first account."""
    return publish(stage)


def publish(stage: Stage, text: str = "Nine o'clock.", **fields: Any) -> Whole:
    post = stage.create(due_in=1, text=text, targets=[{"account_id": stage.accounts[0]}], **fields)
    stage.let_pass(5)
    assert stage.target(post).state is State.PUBLISHED
    tell(stage.world, stage.world.table.stream())
    return stage.read(post)


def followed(stage: Stage, post: Whole, part: int = 0) -> Followed:
    target = stage.target(post)
    item = stage.world.table.get(engaged.post_key(WORKSPACE, target.account_id, target.part_ids[part]))
    assert item is not None
    return engaged.post_of(item)


def turn(stage: Stage, post: Whole) -> datetime:
    """Let time pass until the post's next turn."""
    at = followed(stage, post).next_at
    assert at is not None
    stage.world.clock.sleep_until(at)
    return at


def asked(stage: Stage) -> list[str]:
    """The posts that the network was asked about, in order."""
    return [one.url.rpartition("/")[2] for one in stage.web.sent if one.method == "GET" and "/posts/sp_" in one.url]


def react(stage: Stage, post: Whole, **more: int) -> None:
    sandbox.react(stage.world, WORKSPACE, stage.target(post).part_ids[0], Reactions(**more))


def take_down(stage: Stage, post: Whole) -> Callable[[], None]:
    """Have the network take the post away; gives what puts it back."""
    item = sandbox._post(stage.world, stage.target(post).part_ids[0])
    sandbox.take_down(stage.world, WORKSPACE, item.doc["id"])
    return lambda: stage.world.table.write(Put(item, expect=0))


def figure(stage: Stage, post: Whole, name: str) -> tuple[int, str, datetime] | None:
    (found,) = metrics.of_post(stage.world, WORKSPACE, post.post.id).targets
    one = found.figures[name]
    return (one.value, one.source, one.as_of) if one else None


def day(stage: Stage, name: str) -> int:
    """What a figure of the account grew by, on all days."""
    place = engaged.pk(WORKSPACE, stage.accounts[0])
    days = [engaged.day_of(item) for item in stage.world.table.items(place, "DAY#")]
    return sum(hour.get(name, 0) for one in days for hour in one.hours.values())


def answering(stage: Stage, answer: Callable[[Request], Reply | None]) -> None:
    """Have something else answer what is asked of posts, where it has an answer."""
    before = stage.web.send

    def send(request: Request) -> Reply:
        found = answer(request) if "/posts/sp_" in request.url else None
        if found is not None:
            stage.web.sent.append(request)
            return found
        return before(request)

    stage.web.send = send  # type: ignore[method-assign]


def test_a_post_is_asked_about_six_times_and_exactly_then(stage: Stage, published: Whole) -> None:
    out, turns = followed(stage, published).published_at, list[timedelta]()
    assert out is not None
    while next_at := followed(stage, published).next_at:
        stage.world.clock.sleep_until(next_at - timedelta(milliseconds=1))
        assert measure.measure(stage.world) == {}
        stage.world.clock.advance(0.001)
        assert measure.measure(stage.world) == {"measured": 1}
        turns += [stage.now - out]
    assert turns == list(POLLS)
    assert len(asked(stage)) == len(POLLS)


def test_figures_are_the_networks_as_of_the_instant_before_it_was_asked(stage: Stage, published: Whole) -> None:
    react(stage, published, likes=7, replies=2)
    at = turn(stage, published)
    measure.measure(stage.world)
    assert figure(stage, published, "likes") == (7, "poll", at.replace(microsecond=0))
    assert figure(stage, published, "saves") == (0, "poll", at.replace(microsecond=0))
    assert figure(stage, published, "mentions") is None, "what a network does not give stays null"
    assert (day(stage, "likes"), day(stage, "replies")) == (7, 2)


def test_what_people_take_back_is_measured_too(stage: Stage, published: Whole) -> None:
    react(stage, published, likes=7)
    turn(stage, published)
    measure.measure(stage.world)
    react(stage, published, likes=-3)
    turn(stage, published)
    measure.measure(stage.world)
    assert (figure(stage, published, "likes") or (0,))[0] == day(stage, "likes") == 4


def test_every_part_of_a_thread_is_measured(stage: Stage) -> None:
    post = publish(stage, text="Long. " * 200)
    target = stage.target(post)
    assert len(target.part_ids) > 1
    turn(stage, post)
    assert measure.measure(stage.world) == {"measured": len(target.part_ids)}
    assert sorted(asked(stage)) == sorted(target.part_ids)


def test_a_callback_that_was_missed_is_made_good_by_the_next_report(stage: Stage, published: Whole) -> None:
    account = connect.account(stage.world, WORKSPACE, stage.accounts[0])
    part = stage.target(published).part_ids[0]
    heard = [Seen("like", f"like-{number}", stage.now, part) for number in range(5)]
    ingest.count(stage.world, account, [Event("m", "callback", stage.now, seen) for seen in heard])
    assert (figure(stage, published, "likes") or ())[:2] == (5, "callback")
    react(stage, published, likes=8)
    turn(stage, published)
    measure.measure(stage.world)
    assert (figure(stage, published, "likes") or ())[:2] == (8, "poll")
    assert day(stage, "likes") == 8


def test_a_like_that_comes_behind_a_report_is_added_to_it(stage: Stage, published: Whole) -> None:
    react(stage, published, likes=8)
    turn(stage, published)
    measure.measure(stage.world)
    stage.world.clock.advance(60)
    account = connect.account(stage.world, WORKSPACE, stage.accounts[0])
    seen = Seen("like", "like-9", stage.now, stage.target(published).part_ids[0])
    ingest.count(stage.world, account, [Event("m", "callback", stage.now, seen)])
    assert (figure(stage, published, "likes") or ())[:2] == (9, "callback")
    assert followed(stage, published).next_at is not None, "counting leaves the schedule alone"


def test_a_post_is_gone_only_after_two_looks_an_hour_apart(stage: Stage, published: Whole) -> None:
    react(stage, published, likes=3)
    turn(stage, published)
    measure.measure(stage.world)
    take_down(stage, published)
    first = turn(stage, published)
    assert measure.measure(stage.world) == {"missing": 1}
    assert stage.target(published).state is State.PUBLISHED
    assert turn(stage, published) == first + LOOK_AGAIN
    before = len(stage.world.table.stream())
    assert measure.measure(stage.world) == {"gone": 1}
    target = stage.target(published)
    assert (target.state, target.events[-1].type, target.events[-1].detail) == ("removed", "removed", stamp(first))
    told = [one.type for change in stage.world.table.stream(before) for one in news_in(change)]
    assert told == ["target.removed"]
    (found,) = metrics.of_post(stage.world, WORKSPACE, published.post.id).targets
    assert found.removed_at == first
    assert figure(stage, published, "likes") is not None, "what was counted stays counted"
    assert followed(stage, published).next_at is None
    stage.world.clock.advance(days=40)
    assert measure.measure(stage.world) == {}


def test_a_post_that_its_network_shows_again_was_never_gone(stage: Stage, published: Whole) -> None:
    put_back = take_down(stage, published)
    turn(stage, published)
    assert measure.measure(stage.world) == {"missing": 1}
    put_back()
    turn(stage, published)
    assert measure.measure(stage.world) == {"measured": 1}
    take_down(stage, published)
    turn(stage, published)
    assert measure.measure(stage.world) == {"missing": 1}, "the two looks have to follow each other"
    assert stage.target(published).state is State.PUBLISHED


def test_the_end_of_a_thread_that_is_gone_leaves_the_target_published(stage: Stage) -> None:
    post = publish(stage, text="Long. " * 200)
    last = sandbox._post(stage.world, stage.target(post).part_ids[-1])
    sandbox.take_down(stage.world, WORKSPACE, last.doc["id"])
    turn(stage, post)
    measure.measure(stage.world)
    stage.world.clock.advance(LOOK_AGAIN.total_seconds())
    assert measure.measure(stage.world)["gone"] == 1
    assert stage.target(post).state is State.PUBLISHED


def test_a_network_that_says_so_itself_is_believed_at_once(stage: Stage, published: Whole) -> None:
    account = connect.account(stage.world, WORKSPACE, stage.accounts[0])
    seen = Seen("removed", "gone-1", stage.now, stage.target(published).part_ids[0])
    for _ in range(2):
        ingest.count(stage.world, account, [Event("m", "callback", stage.now, seen)])
    assert stage.target(published).state is State.REMOVED
    assert [one.type for one in stage.target(published).events].count("removed") == 1


def test_two_workers_at_once_ask_once(stage: Stage, published: Whole) -> None:
    turn(stage, published)
    inside = list[object]()

    def another_worker(_request: Request) -> None:
        inside.append(measure.measure(stage.world))

    answering(stage, another_worker)
    assert measure.measure(stage.world) == {"measured": 1}
    assert inside == [{}]
    assert len(asked(stage)) == 1


def test_workers_that_start_together_ask_about_every_post_once(stage: Stage) -> None:
    posts = [publish(stage, text=f"Post {number}.") for number in range(6)]
    stage.world.clock.advance(600)
    barrier = threading.Barrier(3)

    def work() -> None:
        barrier.wait()
        measure.measure(stage.world)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(asked(stage)) == sorted(stage.target(post).part_ids[0] for post in posts)
    assert {followed(stage, post).polled for post in posts} == {1}


def test_a_worker_that_died_is_made_good_when_its_lease_is_over(stage: Stage, published: Whole) -> None:
    at = turn(stage, published)

    def die(_request: Request) -> Reply:
        raise Died

    answering(stage, die)
    assert measure.measure(stage.world) == {"failed": 1}
    assert followed(stage, published).next_at == at + LEASE


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(3))
def test_who_dies_at_any_write_leaves_nothing_lost_and_nothing_twice(
    stage: Stage, published: Whole, number: int, after: bool
) -> None:
    react(stage, published, likes=5)
    turn(stage, published)
    table, writes = stage.world.table, iter(range(100))
    write = type(table).write

    def dying(*rows: Any) -> None:
        mine = next(writes) == number
        if not mine or after:
            write(table, *rows)
        if mine:
            raise Died

    table.write = dying  # type: ignore[method-assign]
    measure.measure(stage.world)
    del table.write
    for _ in range(4):
        stage.world.clock.advance(LEASE.total_seconds())
        measure.measure(stage.world)
    assert (figure(stage, published, "likes") or ())[:1] == (5,)
    assert day(stage, "likes") == 5
    assert followed(stage, published).polled == 1
    assert followed(stage, published).next_at == (followed(stage, published).published_at or stage.now) + POLLS[1]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(3))
def test_who_dies_while_a_post_is_found_gone_leaves_its_target_removed_once(
    stage: Stage, published: Whole, number: int, after: bool
) -> None:
    take_down(stage, published)
    turn(stage, published)
    measure.measure(stage.world)
    turn(stage, published)
    table, writes = stage.world.table, iter(range(100))
    write = type(table).write

    def dying(*rows: Any) -> None:
        mine = next(writes) == number
        if not mine or after:
            write(table, *rows)
        if mine:
            raise Died

    table.write = dying  # type: ignore[method-assign]
    measure.measure(stage.world)
    del table.write
    for _ in range(3):
        stage.world.clock.advance(LEASE.total_seconds())
        measure.measure(stage.world)
    assert stage.target(published).state is State.REMOVED
    assert [one.type for one in stage.target(published).events].count("removed") == 1
    assert followed(stage, published).next_at is None


def headed(stage: Stage, remaining: int, reset: datetime) -> None:
    """Have the network say how many calls are left."""
    before = stage.web.send

    def send(request: Request) -> Reply:
        reply = before(request)
        left = {"x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": stamp(reset)}
        return Reply(reply.status, {**reply.headers, **left}, reply.body)

    stage.web.send = send  # type: ignore[method-assign]


def test_when_few_calls_are_left_figures_wait_and_publishing_does_not(stage: Stage) -> None:
    posts = [publish(stage, text=f"Post {number}.") for number in range(3)]
    stage.world.clock.advance(600)
    reset = stage.now + timedelta(minutes=10)
    headed(stage, 7, reset)
    assert measure.measure(stage.world) == {"measured": 1, "waiting": 2}
    assert sorted(str(followed(stage, post).next_at) for post in posts)[:2] == [str(reset)] * 2
    account = connect.account(stage.world, WORKSPACE, stage.accounts[0])
    assert brakes.calls_left(stage.world, account) is None
    late = stage.create(due_in=1, text="And this.", targets=[{"account_id": stage.accounts[0]}])
    stage.let_pass(5)
    assert stage.target(late).state is State.PUBLISHED
    stage.world.clock.sleep_until(reset)
    headed(stage, 200, reset + timedelta(hours=1))
    assert measure.measure(stage.world) == {"measured": 2}


def test_an_account_that_publishing_has_nearly_used_up_is_not_asked(stage: Stage, published: Whole) -> None:
    turn(stage, published)
    reset = stage.now + timedelta(minutes=7)
    brakes.learn(stage.world, stage.target(published), Quota(2, reset))
    assert measure.measure(stage.world) == {"waiting": 1}
    assert (asked(stage), followed(stage, published).next_at) == ([], reset)


def test_a_limit_is_waited_for_and_holds_for_all_posts_of_the_account(stage: Stage) -> None:
    posts = [publish(stage, text=f"Post {number}.") for number in range(3)]
    stage.world.clock.advance(600)
    date = {"date": "Sun, 22 Nov 2026 09:30:00 GMT", "retry-after": "3600"}
    answering(stage, lambda _request: Reply(429, date, b"{}"))
    assert measure.measure(stage.world) == {"waiting": 3}
    assert len(asked(stage)) == 1
    assert {followed(stage, post).next_at for post in posts} == {datetime.fromisoformat("2026-11-22T10:30:00+00:00")}
    assert {followed(stage, post).polled for post in posts} == {0}, "its turn is still to come"


def test_a_network_that_is_down_is_asked_once_in_a_run_and_again_later(stage: Stage) -> None:
    posts = [publish(stage, text=f"Post {number}.") for number in range(3)]
    stage.world.clock.advance(600)

    def down(_request: Request) -> Reply:
        stage.web.sent.append(_request)
        raise NotSent("it is down")

    answering(stage, down)
    assert measure.measure(stage.world) == {"later": 3}
    assert len(asked(stage)) == 1
    assert all((followed(stage, post).next_at or stage.now) >= stage.now + RETRY for post in posts)


def test_an_answer_that_makes_no_sense_is_asked_for_again(stage: Stage, published: Whole) -> None:
    turn(stage, published)
    answering(stage, lambda _request: Reply(200, {}, b"<html>Welcome!</html>"))
    assert measure.measure(stage.world) == {"later": 1}
    assert figure(stage, published, "likes") is None


def test_an_account_that_has_to_be_connected_again_is_left_alone_until_it_is(stage: Stage, published: Whole) -> None:
    turn(stage, published)
    account = connect.account(stage.world, WORKSPACE, stage.accounts[0])
    row = stage.world.table.get(connect.key(WORKSPACE, account.id))
    assert row is not None
    answering(stage, lambda _request: Reply(401, {}, b"{}"))
    assert measure.measure(stage.world) == {"skipped": 1}
    assert connect.account(stage.world, WORKSPACE, account.id).status == "reconnect_required"
    turn(stage, published)
    assert measure.measure(stage.world) == {"skipped": 1}
    assert len(asked(stage)) == 1, "it was not asked again"
    stage.world.table.write(Put(row, expect=None))
    answering(stage, lambda _request: None)
    stage.web.__dict__.pop("send")
    turn(stage, published)
    assert measure.measure(stage.world) == {"measured": 1}


def test_nobody_asks_about_an_account_that_is_not_connected_any_more(stage: Stage, published: Whole) -> None:
    connect.disconnect(stage.world, WORKSPACE, stage.accounts[0])
    turn(stage, published)
    assert measure.measure(stage.world) == {"stopped": 1}
    assert (asked(stage), followed(stage, published).next_at) == ([], None)


def test_a_network_that_has_no_figures_is_never_asked(stage: Stage) -> None:
    row = stage.world.table.get(connect.key(WORKSPACE, stage.accounts[0]))
    assert row is not None
    place = connect.key(WORKSPACE, "acc_telegram")
    stage.world.table.write(Put(Item(place, {**row.doc, "id": "acc_telegram", "platform": "telegram"}), expect=0))
    post = Followed("acc_telegram", "telegram", "7", "post_1", "tgt_1", published_at=stage.now, next_at=stage.now)
    stage.world.table.write(Put(engaged.post_item(WORKSPACE, post, 0), expect=0))
    assert measure.measure(stage.world) == {"stopped": 1}
    assert stage.world.table.opened(engaged.POLL_SHARD_NAMES[0]) == []
    assert measure.measure(stage.world) == {}


@pytest.mark.parametrize("name", names())
def test_a_first_comment_is_no_post_where_it_is_no_reply(name: str) -> None:
    network = platform(name)
    first, second = (Followed("acc_1", name, "7", part=part) for part in range(2))
    assert measure._is_measurable(first) is network.measurable
    assert measure._is_measurable(second) is (network.measurable and network.rules.comment.mode != "comment")


def test_a_run_ends_in_time_and_the_next_one_goes_on(stage: Stage) -> None:
    for number in range(8):
        publish(stage, text=f"Post {number}.")
    stage.world.clock.advance(600)

    def slow(_request: Request) -> None:
        stage.world.clock.advance(9)

    answering(stage, slow)
    first = measure.measure(stage.world)["measured"]
    assert first == -(-int(RUN.total_seconds()) // 9) < 8
    assert measure.measure(stage.world)["measured"] == 8 - first


def test_after_an_outage_each_post_is_asked_about_once(stage: Stage, published: Whole) -> None:
    stage.world.clock.advance(days=3)
    assert measure.measure(stage.world) == {"measured": 1}
    out = followed(stage, published).published_at
    assert followed(stage, published).next_at == (out or stage.now) + timedelta(days=7)


def test_another_workspaces_posts_are_none_of_ours(stage: Stage, published: Whole) -> None:
    theirs = connect.connect(stage.world, "ws_two", connect.NewAccount(platform="sandbox", name="Theirs"))
    post = Followed(theirs.id, "sandbox", stage.target(published).part_ids[0], published_at=stage.now)
    before = followed(stage, published)
    stage.world.table.write(Put(engaged.post_item("ws_two", post, 0), expect=0))
    turn(stage, published)
    measure.measure(stage.world)
    item = stage.world.table.get(engaged.post_key("ws_two", theirs.id, post.post))
    assert item is not None
    assert engaged.post_of(item) == post
    assert followed(stage, published) != before


def test_what_a_run_did_is_one_line_for_machines(
    stage: Stage, published: Whole, capsys: pytest.CaptureFixture[str]
) -> None:
    turn(stage, published)
    measure.measure(stage.world)
    assert capsys.readouterr().out.endswith('Z", "event": "measured", "due": 1, "measured": 1}\n')


def test_somebody_can_have_a_post_measured_soon(stage: Stage, published: Whole) -> None:
    at = followed(stage, published).next_at
    assert measure.soon(stage.world, WORKSPACE, published.post.id) == 1
    assert measure.measure(stage.world) == {"measured": 1}
    assert (followed(stage, published).polled, followed(stage, published).next_at) == (0, at), "its turns stay"


def test_measuring_can_publish_nothing(stage: Stage) -> None:
    def creating() -> Iterator[Request]:
        yield Request("POST", "https://network.test/posts", effect=Effect.CREATE)

    with pytest.raises(TypeError, match="nothing is published here"):
        connect.converse(stage.world, creating())  # type: ignore[arg-type]
    assert stage.web.sent == []


def test_where_a_post_lies_that_is_due_is_under_its_instant() -> None:
    post = Followed("acc_1", "sandbox", "sp_1", next_at=datetime.fromisoformat("2026-11-22T09:05:00+00:00"))
    place = engaged.post_item("ws_1", post, 0).open
    assert isinstance(place, Key)
    assert place.pk in engaged.POLL_SHARD_NAMES
    assert place.sk == "2026-11-22T09:05:00.000Z#acc_1#sp_1"
