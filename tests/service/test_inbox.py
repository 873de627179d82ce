"""From what somebody said to our answer and back: who waits, since when, and what ends it, in any order."""

import dataclasses
import json
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, permutations
from typing import Any

import pytest

from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.errors import Conflict, Invalid, NotFound, Stale
from chalicelib.core.event_log import KEPT
from chalicelib.core.inbox import InboxItem, State
from chalicelib.core.post import PostPatch
from chalicelib.core.privacy import SHORTER
from chalicelib.core.timing import stamp
from chalicelib.platforms.base import Platform
from chalicelib.platforms.sandbox import Sandbox
from chalicelib.ports import Change, Heard, Item, Put
from chalicelib.service import (
    answer,
    business_hours,
    compose,
    connect,
    engaged,
    inbox,
    reading,
    records,
    resolve,
    steer,
)
from chalicelib.service.inbox import InboxFilter, Shown
from chalicelib.service.ingest import ingest
from chalicelib.service.reading import PostFilter, Whole
from chalicelib.service.tell import Untold, tell
from tests.service.conftest import Stage

THEIRS = "sp_theirs"


@dataclass
class Desk(Stage):
    """A stage where people talk back, and where the table's stream is told as time passes."""

    numbers: Iterator[int] = dataclasses.field(default_factory=count)
    told: int = 0

    def say(self, kind: str = "comment", number: int = 0, at: datetime | None = None, **data: Any) -> None:
        """A tool tells us that somebody did something."""
        self.hear(self.event(kind, at, **data), number)

    def event(self, kind: str = "comment", at: datetime | None = None, **data: Any) -> tuple[str, dict[str, Any]]:
        about = {"kind": kind, "actor": "ringer", **data}
        return f"evt_{next(self.numbers)}", {"timestamp": stamp(at or self.now), "type": "engagement", "data": about}

    def hear(self, event: tuple[str, dict[str, Any]], number: int = 0) -> None:
        id, document = event
        packed = b64encode(zlib.compress(json.dumps(document).encode())).decode()
        kept = json.dumps({"webhook-id": id})
        heard = Heard(self.workspace_id, self.accounts[number], "standard", stamp(self.now), kept, packed)
        assert ingest(self.world, {id: heard}) == []

    def tell(self) -> None:
        """Tell what the stream has not told yet."""
        changes = self.world.table.stream(self.told)
        self.told += len(changes)
        tell(self.world, changes)

    def go_on(self, seconds: float) -> None:
        self.let_pass(seconds)
        self.tell()

    def listed(self, state: State = "waiting", **wanted: Any) -> list[InboxItem]:
        return [one.item for one in inbox.items(self.world, self.workspace_id, InboxFilter(state, **wanted)).data]

    def one(self) -> Shown:
        """The only item, wherever it stands."""
        states: tuple[State, ...] = ("waiting", "answered", "dismissed", "removed")
        (item,) = [one for state in states for one in self.listed(state)]
        return inbox.item(self.world, self.workspace_id, item.id)

    def answer(self, text: str = "Very loud.", seed: str | None = None) -> Whole:
        return answer.answer(self.world, self.workspace_id, self.one().item.id, text, seed)

    @property
    def words(self) -> Item | None:
        """The row with what they wrote."""
        thing = engaged.thing_key(self.workspace_id, self.accounts[0], THEIRS)
        return self.world.table.get(engaged.words_key(thing))

    @property
    def handle(self) -> str:
        account = connect.find(self.world, self.workspace_id, self.accounts[0])
        assert account is not None
        return account.remote_id


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage.world, stage.web, stage.workspace_id, stage.accounts)


def test_a_comment_waits_is_answered_and_shows_how_long_that_took(desk: Desk) -> None:
    said = desk.now
    desk.say(thing_id=THEIRS, text="How loud?", post_id="sp_1", url="https://sandbox.example/1")
    desk.go_on(60)
    waiting = desk.one()
    assert (waiting.item.state, waiting.item.waiting_since, waiting.response.overdue) == ("waiting", said, False)

    whole = desk.answer()
    desk.go_on(20)

    shown = desk.one()
    (message,) = desk.timeline()
    assert (message["text"], message["reply_to"]) == ("Very loud.", THEIRS)
    assert shown.item.state == "answered"
    assert shown.response.answered_at == desk.target(whole).platform_at
    assert shown.response.wall == shown.response.business == (shown.response.answered_at or said) - said
    assert desk.listed("waiting") == []


def test_a_comment_that_waits_longer_than_its_text_is_kept_is_answered_and_shows_how_long_that_took(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHORTER, "sandbox", timedelta(hours=24))
    said = desk.now
    desk.say(thing_id=THEIRS, text="How loud?", post_id="sp_1")
    assert [one.text for one in desk.listed()] == ["How loud?"]
    desk.world.clock.sleep_until(said + timedelta(hours=25))

    (waiting,) = desk.listed()
    assert (waiting.text, waiting.waiting_since, desk.one().item.text) == (None, said, None)
    assert desk.world.table.get(engaged.words_key(engaged.thing_key(desk.workspace_id, desk.accounts[0], THEIRS))), (
        "DynamoDB deletes late"
    )
    desk.answer()
    desk.go_on(20)

    shown = desk.one()
    (message,) = desk.timeline()
    assert (message["text"], message["reply_to"]) == ("Very loud.", THEIRS)
    assert (shown.item.state, shown.item.text) == ("answered", None)
    assert shown.response.wall is not None
    assert shown.response.wall >= timedelta(hours=25)


def test_dismissing_shows_the_text_and_leaves_its_end_alone(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    before = desk.words
    desk.let_pass(3600)

    assert inbox.dismiss(desk.world, desk.workspace_id, desk.one().item.id).item.text == "How loud?"
    assert before is not None
    assert desk.words == before


def test_the_networks_own_word_of_our_answer_does_not_count_twice(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    whole = desk.answer()
    desk.go_on(20)
    before = desk.one().item

    ours = desk.target(whole).platform_post_id
    desk.say(actor=desk.handle, thing_id=ours, parent_id=THEIRS, text="Very loud.", at=desk.now)

    assert desk.one().item.turns == before.turns


def test_whatever_comes_first_the_item_is_the_same(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    whole = desk.answer()
    desk.let_pass(20)
    target = desk.target(whole)
    assert target.platform_at is not None
    later = target.platform_at + timedelta(seconds=1)
    key = engaged.thing_key(desk.workspace_id, desk.accounts[0], THEIRS)
    row = desk.world.table.get(key)
    assert row is not None
    untouched = engaged.inbox_of(row)
    moves = {
        "told": lambda: inbox.answered(desk.world, target, untouched.id),
        "again": lambda: inbox.answered(desk.world, target, untouched.id),
        "heard": lambda: desk.hear(
            desk.event(
                at=later, actor=desk.handle, thing_id=target.platform_post_id, parent_id=THEIRS, text="Very loud."
            )
        ),
        "more": lambda: desk.hear(desk.event(at=later + timedelta(seconds=9), thing_id="sp_more", text="Thanks!")),
    }
    ends = []
    for order in permutations(moves):
        found = desk.world.table.get(key)
        assert found is not None
        desk.world.table.write(Put(engaged.inbox_item(desk.workspace_id, untouched, found.rev, desk.now), found.rev))
        for name in order:
            moves[name]()
        ends.append(inbox.item(desk.world, desk.workspace_id, untouched.id).item)
    assert all(end == ends[0] for end in ends)
    assert [turn.by for turn in ends[0].turns] == ["them", "us"]


def test_an_answer_seen_from_elsewhere_stops_the_clock_even_before_we_hear_of_the_question(desk: Desk) -> None:
    asked, answered = desk.now, desk.now + timedelta(seconds=40)
    desk.let_pass(60)
    desk.say(actor=desk.handle, thing_id="sp_ours", parent_id=THEIRS, text="Very loud.", at=answered)
    assert desk.listed("answered") == []

    desk.say(thing_id=THEIRS, text="How loud?", at=asked)

    assert desk.one().response.wall == timedelta(seconds=40)


def test_what_continues_our_own_post_answers_nobody(desk: Desk) -> None:
    whole = desk.create(due_in=1, targets=[{"account_id": desk.accounts[0]}])
    desk.go_on(20)
    own = desk.target(whole).platform_post_id
    assert own is not None

    desk.say(kind="reply", actor=desk.handle, post_id=own, parent_id=own, thing_id="sp_second", text="And another.")

    assert desk.world.table.get(engaged.thing_key(desk.workspace_id, desk.accounts[0], own)) is None


def test_a_new_word_waits_again_and_a_taken_back_one_no_more(desk: Desk) -> None:
    desk.say(kind="message", thing_id="ringer", text="Hello?")
    desk.let_pass(5)
    desk.answer()
    desk.go_on(20)
    assert desk.one().item.state == "answered"

    desk.say(kind="message", thing_id="ringer", text="And now?")
    assert desk.one().item.waiting_since == desk.now

    desk.say(kind="removed", thing_id="ringer")
    assert [(one.state, one.text) for one in desk.listed("removed")] == [("removed", None)]
    with pytest.raises(Conflict, match="took it back"):
        desk.answer()


def test_dismissing_is_once_and_only_for_what_waits(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="First!")
    item = desk.one().item
    first = inbox.dismiss(desk.world, desk.workspace_id, item.id)
    desk.let_pass(9)

    assert inbox.dismiss(desk.world, desk.workspace_id, item.id).item == first.item
    assert [one.id for one in desk.listed("dismissed")] == [item.id]
    assert desk.listed("waiting") == []
    desk.answer()
    desk.go_on(20)
    with pytest.raises(Conflict) as no:
        inbox.dismiss(desk.world, desk.workspace_id, item.id)
    assert (no.value.code, no.value.state) == ("not_waiting", "answered")


def test_who_waits_longest_comes_first_and_pages_lose_nobody(desk: Desk) -> None:
    for number in range(7):
        desk.say(thing_id=f"c{number}", number=number % 2, text=str(number))
        desk.let_pass(1)
    desk.say(thing_id="c0", text="Still nobody?")

    seen, cursor = list[str](), None
    while True:
        page = inbox.items(desk.world, desk.workspace_id, InboxFilter(), 3, cursor)
        seen += [one.item.thing for one in page.data]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == [f"c{number}" for number in range(7)]
    assert [one.thing for one in desk.listed(account_id=desk.accounts[1])] == ["c1", "c3", "c5"]
    assert desk.listed(platform="mastodon") == []


def test_what_is_past_its_keeping_is_not_shown(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    item, said = desk.one().item, desk.now
    desk.world.clock.sleep_until(said + timedelta(days=31))
    assert [(one.id, one.text) for one in desk.listed()] == [(item.id, None)]
    desk.world.clock.sleep_until(said + KEPT)

    assert desk.listed() == []
    with pytest.raises(NotFound):
        inbox.item(desk.world, desk.workspace_id, item.id)


def test_nobody_finds_another_tenants_item(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    with pytest.raises(NotFound):
        inbox.item(desk.world, "ws_two", desk.one().item.id)
    assert inbox.items(desk.world, "ws_two", InboxFilter()).data == []


@pytest.mark.parametrize("id", ["", "inb_", "inb_x", "inb__", "post_1", "inb_1_2_3", "inb_x_" + "f" * 24])
def test_what_is_no_id_of_an_item_names_nothing(desk: Desk, id: str) -> None:
    with pytest.raises(NotFound):
        inbox.item(desk.world, desk.workspace_id, id)


def test_the_same_seed_answers_once(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    first, second = (desk.answer(seed="0123") for _ in range(2))
    desk.go_on(20)

    assert first.post.id == second.post.id
    assert len(desk.timeline()) == 1


def not_called(*_: object) -> None:
    raise AssertionError("an answer is no post")


find = Sandbox.find


@pytest.mark.parametrize("fault", ["timeout_after_accept", "server_error_after_accept"])
def test_an_answer_whose_reply_is_lost_is_looked_up_and_not_sent_again(
    desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sandbox, "find", not_called)
    monkeypatch.setattr(Sandbox, "find_answer", lambda self, job: find(self, job, 0))
    desk.say(thing_id=THEIRS, text="How loud?")
    whole = desk.answer()
    at = records.of(whole.targets[0])
    row = desk.world.table.get(records.rendition_key(at))
    assert row is not None
    faulty = dataclasses.replace(records.rendition_of(row), options={"fault": fault})
    desk.world.table.write(records.put_rendition(at, faulty))

    desk.go_on(300)

    assert desk.target(whole).state == "published"
    assert len(desk.timeline()) == 1
    assert desk.one().item.state == "answered"


def test_an_answer_can_be_held_and_cancelled_but_not_edited(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    desk.web.down = True
    whole = desk.answer()
    desk.let_pass(3)
    with pytest.raises(Conflict) as no:
        compose.edit(desk.world, desk.workspace_id, whole.post.id, PostPatch(text="Not loud."))
    assert no.value.code == "is_an_answer"

    steer.cancel(desk.world, desk.workspace_id, whole.post.id)
    desk.web.down = False
    desk.go_on(300)

    assert desk.timeline() == []
    assert desk.one().item.state == "waiting"


def test_answers_are_listed_by_themselves(desk: Desk) -> None:
    post = desk.create(due_in=3600)
    desk.say(thing_id=THEIRS, text="How loud?")
    reply = desk.answer()

    def ids(**wanted: Any) -> list[str]:
        return [one.post.id for one in reading.posts(desk.world, desk.workspace_id, PostFilter(**wanted)).data]

    assert ids() == ids(account_id=desk.accounts[0]) == [post.post.id]
    assert ids(answers=True) == ids(answers=True, account_id=desk.accounts[0]) == [reply.post.id]
    assert reply.post.in_reply_to == reply.targets[0].answers == desk.one().item.id


@pytest.mark.parametrize(("text", "code"), [("x" * 501, "text_too_long"), ("  ", "text_required")])
def test_a_text_that_does_not_fit_is_refused_and_never_cut(desk: Desk, text: str, code: str) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    with pytest.raises(Invalid) as refused:
        desk.answer(text)
    assert [issue.code for issue in refused.value.issues if issue.severity == "error"] == [code]
    assert desk.world.queue.waiting == []


def test_an_account_that_is_lost_cannot_answer(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    item = desk.one().item
    connect.lose(desk.world, desk.workspace_id, desk.accounts[0])
    with pytest.raises(Invalid) as refused:
        desk.answer()
    assert [issue.code for issue in refused.value.issues] == ["reconnect_required"]

    connect.disconnect(desk.world, desk.workspace_id, desk.accounts[0])
    with pytest.raises(Conflict) as gone:
        answer.answer(desk.world, desk.workspace_id, item.id, "Very loud.")
    assert gone.value.code == "account_gone"


def test_where_answers_are_not_found_a_lost_one_is_for_a_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "find_answer", Platform.find_answer)
    desk.say(thing_id=THEIRS, text="How loud?")
    whole = desk.answer()
    at = records.of(whole.targets[0])
    row = desk.world.table.get(records.rendition_key(at))
    assert row is not None
    faulty = dataclasses.replace(records.rendition_of(row), options={"fault": "timeout_after_accept"})
    desk.world.table.write(records.put_rendition(at, faulty))

    desk.go_on(600)

    target = desk.target(whole)
    assert (target.state, target.next_at) == ("unconfirmed", None)
    assert len(desk.timeline()) == 1
    resolve.found(desk.world, at, "https://sandbox.example/ours", "key_1")
    desk.tell()
    assert desk.one().item.state == "answered"


def test_where_a_network_takes_answers_for_a_while_only_none_is_sent_after_that(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sandbox, "answers_within", timedelta(hours=48))
    desk.say(thing_id=THEIRS, text="How loud?")
    until = desk.now + timedelta(hours=48)
    desk.web.down = True
    desk.world.clock.sleep_until(until - timedelta(minutes=2))
    whole = desk.answer()
    assert whole.post.expires_at == until

    desk.go_on(180)
    desk.web.down = False
    desk.go_on(180)

    assert (desk.target(whole).state, desk.timeline()) == ("missed", [])
    with pytest.raises(Invalid) as refused:
        desk.answer()
    assert [issue.code for issue in refused.value.issues] == ["answered_too_late"]


def test_somebody_who_counts_at_that_moment_makes_the_stream_come_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    desk.answer()
    desk.let_pass(20)
    changes: list[Change] = desk.world.table.stream()
    write = desk.world.table.write

    def overtaken(*writes: Any) -> None:
        raise Stale("somebody else was first")

    monkeypatch.setattr(desk.world.table, "write", overtaken)
    with pytest.raises(Untold):
        tell(desk.world, changes)
    monkeypatch.setattr(desk.world.table, "write", write)
    for _ in range(2):
        tell(desk.world, changes)
    assert [turn.by for turn in desk.one().item.turns] == ["them", "us"]


def test_hours_hold_at_once_also_for_what_waits(desk: Desk) -> None:
    desk.say(thing_id=THEIRS, text="How loud?")
    desk.let_pass(120)
    assert not desk.one().response.overdue

    always = BusinessHours(target=timedelta(minutes=1))
    business_hours.choose(desk.world, desk.workspace_id, always)

    assert desk.one().response.overdue
    assert business_hours.chosen(desk.world, desk.workspace_id) == business_hours.Chosen(always, chosen=True)
    assert business_hours.of(desk.world, "ws_two") == BusinessHours()


def test_everything_wrong_with_hours_is_said_at_once(desk: Desk) -> None:
    wrong = BusinessHours("Mars/Olympus", {"mon": ((540, 540), (600, 700), (650, 800)), "tue": ()})
    with pytest.raises(Invalid) as refused:
        business_hours.choose(desk.world, desk.workspace_id, wrong)
    assert [(issue.path, issue.code) for issue in refused.value.issues] == [
        ("timezone", "unknown_timezone"),
        ("days.mon[0]", "closes_too_early"),
        ("days.mon[2]", "overlapping_hours"),
    ]
    with pytest.raises(Invalid) as closed:
        business_hours.choose(desk.world, desk.workspace_id, BusinessHours(days={"mon": ()}))
    assert [issue.code for issue in closed.value.issues] == ["never_open"]
