"""Events are counted once, whatever comes twice, late, in another order, or beside somebody else."""

import dataclasses
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import event_log
from chalicelib.core.engagement import Seen
from chalicelib.core.event_log import UNDATED
from chalicelib.ports import Delete, Heard, Key, Put
from chalicelib.service import engaged
from chalicelib.service.ingest import MOST_ROWS, chunks, count
from tests.fakes import START, FakeTable, world
from tests.service.ear import ACCOUNT, WORKSPACE, Ear, event, seconds

TOLD = timedelta(days=3)
"""How long after nine o'clock everything is told."""

KINDS = ("like", "like", "repost", "reply", "comment", "view", "follow")
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(KINDS),
            "at": st.integers(0, 2 * 86400).map(lambda after: START + timedelta(seconds=after)),
            "post_id": st.sampled_from(["one", "two", "two/part", None]),
            "actor": st.sampled_from(["ann", "bob", "brand"]),
            "value": st.sampled_from([1, 1, 1, -1, 20]),
            "total": st.sampled_from([False, False, True]),
        }
    )
    | st.fixed_dictionaries(
        {
            "kind": st.just("removed"),
            "at": st.integers(0, 2 * 86400).map(lambda after: START + timedelta(seconds=after)),
            "post_id": st.just("one"),
        }
    ),
    max_size=25,
)


def heard(ear: Ear, events: list[dict[str, Any]]) -> list[Heard]:
    ear.world.clock.advance(TOLD.total_seconds())
    return [ear.message(id=f"msg_{number}", **one) for number, one in enumerate(events)]


@settings(max_examples=60)
@given(EVENTS, st.randoms())
def test_any_order_batching_and_repetition_counts_the_same(events: list[dict[str, Any]], chance: random.Random) -> None:
    straight, crooked = Ear(), Ear()
    for message in heard(straight, events):
        assert straight.hear(message) == []
    messages = heard(crooked, events)
    again = messages + chance.choices(messages, k=len(messages) // 2) if messages else []
    chance.shuffle(again)

    while again:
        size = chance.randint(1, 10)
        batch, again = again[:size], again[size:]
        assert crooked.hear(*batch) == []

    assert crooked.counted() == straight.counted()


@settings(max_examples=40)
@given(EVENTS, st.integers(0, 10), st.randoms())
def test_what_failed_and_comes_again_counts_the_same(
    events: list[dict[str, Any]], fails: int, chance: random.Random
) -> None:
    straight, stumbling = Ear(), Ear()
    assert straight.hear(*heard(straight, events)) == []
    messages, table = heard(stumbling, events), stumbling.world.table
    write, left = table.write, [fails]

    def fragile(*writes: Put | Delete) -> None:
        if left[0] and any(one.item.key.pk.startswith("E#") for one in writes if isinstance(one, Put)):
            left[0] -= 1
            if chance.random() < 0.5:
                write(*writes)  # it was stored, and nobody learned of it
            raise RuntimeError("the worker died")
        write(*writes)

    table.write = fragile  # type: ignore[method-assign]
    while failed := stumbling.hear(*messages):
        messages = [messages[int(number)] for number in failed]

    assert stumbling.counted() == straight.counted()


def test_an_event_is_counted_once_however_often_it_comes() -> None:
    ear = Ear()
    message = ear.message("like", START, post_id="one", actor="ann")

    for _ in range(3):
        assert ear.hear(message, message) == []

    assert ear.value("one", "likes") == 1
    assert ear.grown() == {"likes": 1}


def test_a_duplicate_writes_nothing() -> None:
    ear = Ear()
    message = ear.message("like", START, post_id="one", actor="ann")
    ear.hear(message)
    before = ear.world.table.calls["write"]

    ear.hear(message)

    assert ear.world.table.calls["write"] == before


def test_a_report_is_set_and_increases_are_added() -> None:
    ear = Ear()
    ear.world.clock.advance(hours=1)
    ear.tell("like", START + timedelta(minutes=1), post_id="one")
    ear.tell("like", START + timedelta(minutes=10), post_id="one", value=40, total=True)
    ear.tell("like", START + timedelta(minutes=20), post_id="one")
    ear.tell("like", START + timedelta(minutes=5), post_id="one")

    assert ear.value("one", "likes") == 41
    assert ear.grown() == {"likes": 41}


def test_an_older_report_changes_the_past_and_not_the_figure() -> None:
    ear = Ear()
    ear.world.clock.advance(days=1)
    ear.tell("view", START + timedelta(hours=5), post_id="one", value=500, total=True)
    ear.tell("view", START, post_id="one", value=100, total=True)

    assert ear.value("one", "views") == 500
    (day,) = ear.rows("DAY#")
    assert day.doc["hours"] == {"2026-11-22T09": {"views": 100}, "2026-11-22T14": {"views": 400}}


def test_an_increase_that_a_later_days_report_holds_moves_to_its_own_day() -> None:
    ear = Ear()
    ear.world.clock.advance(days=2)
    ear.tell("like", START + timedelta(days=1), post_id="one", value=3, total=True)
    ear.tell("like", START, post_id="one")

    assert ear.value("one", "likes") == 3
    assert {item.key.sk: item.doc["hours"] for item in ear.rows("DAY#")} == {
        "DAY#2026-11-22": {"2026-11-22T09": {"likes": 1}},
        "DAY#2026-11-23": {"2026-11-23T09": {"likes": 2}},
    }


def test_a_post_may_be_gone_before_anybody_heard_of_it() -> None:
    ear = Ear()
    ear.world.clock.advance(hours=1)
    ear.tell("removed", START + timedelta(minutes=9), post_id="one")
    ear.tell("like", START, post_id="one")
    ear.tell("removed", START + timedelta(minutes=3), post_id="one")

    (item,) = ear.rows("POST#")
    post = engaged.post_of(item)
    assert (post.counters.removed_at, post.counters.value("likes")) == (START + timedelta(minutes=3), 1)


def test_what_a_network_dates_into_the_future_happened_when_it_told_of_it() -> None:
    ear = Ear()
    message = ear.message("like", START + timedelta(days=9), post_id="one")
    ear.hear(message)
    ear.world.clock.advance(hours=1)
    ear.hear(message)

    assert ear.value("one", "likes") == 1
    (day,) = ear.rows("DAY#")
    assert list(day.doc["hours"]) == ["2026-11-22T09"]
    listed = [one for item in ear.rows("MINUTE#") for one in engaged.log_of(item).events]
    assert [one.at for one in listed] == [START]


def test_long_past_events_count_too() -> None:
    ear = Ear()
    ear.tell("like", START - timedelta(days=800), post_id="one")

    assert ear.value("one", "likes") == 1


def test_what_does_not_say_when_it_happened_is_counted_once_within_a_week() -> None:
    ear = Ear()
    undated = [event("like", START, 1, "one"), event("like", START, 2, "one")]
    undated = [dataclasses.replace(one, at=START, seen=_undated(one.seen)) for one in undated]
    for _ in range(2):
        count(ear.world, ear.account, undated)
    assert ear.value("one", "likes") == 2
    assert [len(engaged.log_of(item).events) for item in ear.rows("MINUTE#")] == [2]

    ear.world.clock.advance(UNDATED.total_seconds() + 2 * 86400)
    later = [dataclasses.replace(one, at=ear.world.clock.now()) for one in undated[:1]]
    other = [event("like", START, 3, "one")]
    count(ear.world, ear.account, later + other)
    assert ear.value("one", "likes") == 3


def _undated(seen: Seen) -> Seen:
    return dataclasses.replace(seen, at=None)


POISON: list[tuple[str, Any]] = [
    ("no such time", {"kind": "like", "timestamp": "9999-12-31T23:59:59-23:00"}),
    ("before there were clocks", {"kind": "like", "timestamp": "0001-01-01T00:00:00+00:00"}),
    ("no number", {"kind": "like", "value": "many"}),
    ("too large a number", {"kind": "like", "value": 10**30}),
    ("no kind", {"kind": "hug"}),
    ("no object", []),
    ("nested too deep", b"[" * 100_000),
    ("no JSON", b"{"),
]


@pytest.mark.parametrize("poison", [one for _, one in POISON], ids=[name for name, _ in POISON])
def test_a_poisoned_event_is_in_nobodys_way(poison: Any) -> None:
    ear = Ear()
    if isinstance(poison, dict):
        at = poison.get("timestamp", START.isoformat())
        bad = ear.packed("standard", {"timestamp": at, "data": poison}, '{"webhook-id": "bad"}')
    else:
        bad = ear.packed("standard", poison, '{"webhook-id": "bad"}')
    good = ear.message("like", START, post_id="one")

    assert ear.hear(good, bad) == ["1"]
    assert ear.value("one", "likes") == 1


def test_a_message_of_a_network_that_nobody_knows_any_more_is_in_nobodys_way() -> None:
    ear = Ear()

    assert ear.hear(ear.packed("myspace", {}), ear.message("like", START, post_id="one")) == ["0"]
    assert ear.value("one", "likes") == 1


def test_odd_names_are_no_poison() -> None:
    ear = Ear()
    odd = ["post with spaces", "ü" * 900, "a/b#c", "#", "好"]

    for number, name in enumerate(odd):
        message = ear.message("comment", START, f"id-好-{number}", post_id=name, actor=name, thing_id=name)
        assert ear.hear(message) == []

    assert ear.grown() == {"replies": 5}


def test_a_row_that_takes_no_more_stops_only_what_belongs_into_it() -> None:
    ear = Ear()
    table, write = ear.world.table, ear.world.table.write
    full = engaged.post_key(WORKSPACE, ACCOUNT, "full")

    def picky(*writes: Put | Delete) -> None:
        if any(isinstance(one, Put) and one.item.key == full for one in writes):
            raise ValueError("too large")
        write(*writes)

    table.write = picky  # type: ignore[method-assign]
    posts = ["one", "full", "one", "two", "three"]
    messages = [ear.message("like", START, post_id=post) for post in posts]

    assert ear.hear(*messages) == ["1"]
    assert [ear.value(post, "likes") for post in ("one", "two", "three")] == [2, 1, 1]


def test_a_full_minute_goes_on_in_further_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "LISTED", 5)
    ear = Ear()
    messages = [ear.message("like", at, post_id="one", actor=f"a{at.second}") for at in seconds(range(60))]
    for start in range(0, 60, 20):
        assert ear.hear(*messages[start : start + 20]) == []
    assert ear.hear(*messages) == []

    assert ear.value("one", "likes") == 60
    rows = ear.rows("MINUTE#2026-11-22T09:00")
    assert len(rows) > 6
    assert sum(len(engaged.log_of(item).events) for item in rows) == 60


class Rival(FakeTable):
    """A table where, just before somebody writes, somebody else does."""

    rival: Callable[[], object] | None = None

    def write(self, *writes: Put | Delete) -> None:
        busy, self.rival = self.rival, None
        if busy and any(isinstance(one, Put) and one.item.key.pk.startswith("E#") for one in writes):
            busy()
        elif busy:
            self.rival = busy
        super().write(*writes)


def test_two_workers_at_once_count_everything_once() -> None:
    table = Rival()
    ear = Ear(world(table=table))
    shared = [event("like", at, number) for number, at in enumerate(seconds(range(10)))]
    mine, theirs = shared[:7], shared[3:]
    table.rival = lambda: count(ear.world, ear.account, theirs)

    count(ear.world, ear.account, mine)

    assert ear.value("post-1", "likes") == 10
    assert ear.grown() == {"likes": 10}


@settings(max_examples=30)
@given(EVENTS, EVENTS, st.randoms())
def test_two_workers_interleaved_count_the_same_as_one(
    one: list[dict[str, Any]], other: list[dict[str, Any]], chance: random.Random
) -> None:
    straight = Ear()
    assert straight.hear(*heard(straight, [*one, *other])) == []
    table = Rival()
    ear = Ear(world(table=table))
    messages = heard(ear, [*one, *other])
    mine, theirs = messages[: len(one)], messages[len(one) :]
    while mine or theirs:
        size = chance.randint(1, 6)
        rest = theirs[:size]
        table.rival = partial(ear.hear, *rest) if rest else None
        ear.hear(*mine[:size])
        if table.rival:
            table.rival()
        table.rival = None
        mine, theirs = mine[size:], theirs[size:]

    assert ear.counted() == straight.counted()


def written(ear: Ear, batches: list[list[Heard]]) -> int:
    """How many rows it takes to count batches."""
    before = len(ear.world.table.stream())
    for batch in batches:
        assert ear.hear(*batch) == []
    return len(ear.world.table.stream()) - before


def in_batches(messages: list[Heard], size: int = 100) -> list[list[Heard]]:
    return [messages[start : start + size] for start in range(0, len(messages), size)]


def test_a_thousand_events_of_one_hot_post_are_three_rows_a_batch() -> None:
    ear = Ear()
    ear.tell("like", START - timedelta(days=1), post_id="warm", actor="up")
    hot = [ear.message("like", START, f"h{number}", post_id="hot", actor=f"a{number}") for number in range(1000)]

    rows = written(ear, in_batches(hot))

    print(f"DynamoDB rows written per 1,000 events of one hot post: {rows}")
    assert rows == 30  # ten batches, each with the minute, the day and the post
    assert ear.value("hot", "likes") == 1000


def test_a_thousand_events_of_a_thousand_posts_are_hardly_more_than_a_row_each() -> None:
    ear = Ear()
    ear.tell("like", START - timedelta(days=1), post_id="warm", actor="up")
    spread = [ear.message("like", START, f"s{number}", post_id=f"p{number}", actor="a") for number in range(1000)]

    rows = written(ear, in_batches(spread))

    print(f"DynamoDB rows written per 1,000 events of a thousand posts: {rows}")
    assert rows <= 1000 + 10 * 2 * 2  # every post once; a batch is two writes, each with the minute and the day
    assert all(ear.value(f"p{number}", "likes") == 1 for number in range(1000))


def test_a_write_holds_as_much_as_goes_into_one() -> None:
    ear = Ear()
    events = [event("like", START, number, f"p{number}") for number in range(300)]

    found = list(chunks(WORKSPACE, ear.account, events))

    assert [len(one) for one in found] == [MOST_ROWS - 2] * 3 + [300 - 3 * (MOST_ROWS - 2)]


def test_comments_take_two_rows_each_in_the_inbox_and_never_more_than_go_into_one_write() -> None:
    ear = Ear()
    events = [
        event("comment", START, number, f"p{number}", thing=f"c{number}", parent=f"b{number}", text="Loud!")
        for number in range(100)
    ]
    found = list(chunks(WORKSPACE, ear.account, events))

    assert {len(one) for one in found[:-1]} == {(MOST_ROWS - 2) // 5}
    for chunk in found:
        count(ear.world, ear.account, chunk)
    assert len(ear.rows("THING#")) == len(ear.rows("WORDS#")) == 100


def test_another_accounts_events_stay_its_own() -> None:
    ear = Ear()
    ear.tell("like", START, post_id="one")

    assert ear.rows("POST#", "acc_other") == []
    assert ear.world.table.get(Key("E#ws_two#acc_tower", "POST#one")) is None


def test_what_a_minute_says_is_said_to_the_millisecond() -> None:
    ear = Ear()
    at = datetime.fromisoformat("2026-11-22T08:59:59.123456+00:00")
    ear.tell("like", at, post_id="one")

    (item,) = ear.rows("MINUTE#")
    assert engaged.log_of(item).events[0].at == at.replace(microsecond=123000)
