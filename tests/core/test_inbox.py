"""An item of the inbox: who spoke when decides everything, in whatever order networks tell of it."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.inbox import TURNS, InboxItem, Response, Wait, Words, response

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
NEW = InboxItem("inb_1", "acc_1", "sandbox", "c1", kind="comment")
Move = Callable[[InboxItem], InboxItem]


def at(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


def they(minute: float, id: str = "", text: str | None = None, kept: float = 60) -> Move:
    return lambda item: item.said(at(minute), text, at(minute + kept)).spoke(at(minute), "them", id)


def we(minute: float, id: str = "") -> Move:
    return lambda item: item.spoke(at(minute), "us", id)


def after(*moves: Move) -> InboxItem:
    item = NEW
    for move in moves:
        item = move(item)
    return item


ids = st.sampled_from(["", "a", "b", "c"])
minutes = st.integers(0, 30)
moves = st.one_of(
    st.builds(they, minutes, ids, st.sampled_from([None, "How loud?", "Hello?"]), st.sampled_from([20, 60])),
    st.builds(we, minutes, ids),
    st.builds(lambda minute: lambda item: item.dismissed(at(minute)), minutes),
    st.builds(lambda minute: lambda item: item.removed(at(minute)), minutes),
)


@given(st.lists(moves, max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_make_the_same_item(told: list[Move], chance: Random) -> None:
    again = told + [one for one in told if chance.random() < 0.5]
    chance.shuffle(again)

    assert after(*again) == after(*told)


@given(st.lists(moves, max_size=12))
def test_a_wait_is_over_before_the_next_begins(told: list[Move]) -> None:
    waits = after(*told).waits

    assert all(wait.until is not None and wait.since <= wait.until for wait in waits[:-1])
    assert all(one.until <= next_.since for one, next_ in pairwise(waits) if one.until)


@pytest.mark.parametrize(
    ("told", "state", "since"),
    [
        ([they(0)], "waiting", 0),
        ([they(0), they(5)], "waiting", 0),
        ([they(0), we(5)], "answered", None),
        ([we(5), they(0)], "answered", None),
        ([they(0), we(0)], "answered", None),
        ([they(0), we(5), they(9)], "waiting", 9),
        ([we(0)], "answered", None),
        ([we(0), they(1)], "waiting", 1),
        ([they(0), lambda item: item.dismissed(at(3))], "dismissed", None),
        ([they(0), lambda item: item.dismissed(at(3)), they(4)], "waiting", 4),
        ([they(0), lambda item: item.dismissed(at(3)), we(4)], "answered", None),
        ([they(0), lambda item: item.removed(at(3)), they(4)], "removed", None),
    ],
)
def test_where_an_item_stands(told: list[Move], state: str, since: int | None) -> None:
    item = after(*told)

    assert (item.state, item.waiting_since) == (state, None if since is None else at(since))


def test_an_answer_that_we_know_of_and_the_network_tells_of_again_counts_once() -> None:
    item = after(they(0, "c1"), we(5, "ours"), we(5.1, "ours"), they(5.05, "c2"))

    assert [turn.by for turn in item.turns] == ["them", "us", "them"]
    assert item.waiting_since == at(5.05)


def test_what_they_took_back_is_not_kept() -> None:
    taken = after(they(0, text="How loud?"), lambda item: item.removed(at(1)))

    assert (taken.text, taken.text_at, taken.text_until) == (None, None, None)
    assert dataclasses.replace(taken, turns=()) == after(lambda item: item.removed(at(1)))


@given(st.integers(1, 40), st.booleans())
def test_turns_that_are_no_longer_kept_still_wait(more: int, answered: bool) -> None:
    item = after(they(0), *([we(0.5)] if answered else []), *(they(number) for number in range(1, TURNS + more)))

    assert len(item.turns) == TURNS
    assert item.waiting_since == at(1 if answered else 0)
    assert [wait.since for wait in we(500)(item).waits][-1:] == [at(1 if answered else 0)]


OFFICE = BusinessHours("UTC", {"mon": ((540, 1080),)}, timedelta(minutes=30))


@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        ([they(0)], 29, Response(None, None, None, overdue=False)),
        ([they(0)], 31, Response(None, None, None, overdue=True)),
        ([they(-60)], 29, Response(None, None, None, overdue=False)),
        ([they(0), we(20)], 600, Response(at(20), timedelta(minutes=20), timedelta(minutes=20), overdue=False)),
        ([they(-60), we(20)], 600, Response(at(20), timedelta(minutes=80), timedelta(minutes=20), overdue=False)),
        ([they(0), we(40)], 600, Response(at(40), timedelta(minutes=40), timedelta(minutes=40), overdue=True)),
        ([they(0), we(5), they(10)], 20, Response(None, None, None, overdue=False)),
        ([they(0), lambda item: item.dismissed(at(40))], 600, Response(None, None, None, overdue=True)),
        ([they(0), lambda item: item.removed(at(40))], 600, Response(None, None, None, overdue=False)),
        ([we(0)], 600, Response(None, None, None, overdue=False)),
    ],
)
def test_how_long_an_answer_took_and_whether_that_is_too_long(told: list[Move], now: int, expected: Response) -> None:
    assert response(after(*told), OFFICE, at(now)) == expected


def test_every_exchange_of_a_conversation_is_kept() -> None:
    item = after(they(0), we(2), they(10), lambda one: one.dismissed(at(11)), they(20))

    assert item.waits == (Wait(at(0), at(2), answered=True), Wait(at(10), at(11)), Wait(at(20)))


def test_words_are_there_until_their_end_and_the_item_goes_on_without_them() -> None:
    item = after(they(0, text="How loud?"))

    assert item.words(at(59.9)) == Words("How loud?", at(0), at(60))
    assert item.words(at(60)) is None
    assert item.wording(None).text is None
    assert item.wording(None).waits == item.waits


@given(st.lists(moves, max_size=12), moves)
def test_what_is_over_does_not_come_back_at_the_same_instant(told: list[Move], late: Move) -> None:
    item = after(*told)
    over = item.wording(None)
    now = item.text_until or at(0)

    again = late(over)

    assert again.text_at != item.text_at or again.words(now) is None


def test_words_of_another_moment_are_not_the_items() -> None:
    item = after(they(0, text="How loud?"), they(5, text="Hello?")).wording(None)

    assert item.wording(Words("How loud?", at(0), at(60))).text is None
    assert item.wording(Words("Hello?", at(5), at(65))).text == "Hello?"
