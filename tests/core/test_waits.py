"""Waits are counted in the hour in which they began, once, whatever comes in between."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.day import Day, Waits
from chalicelib.core.inbox import TURNS, InboxItem
from chalicelib.core.waits import moved

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOURS = BusinessHours(target=timedelta(minutes=15))
NEW = InboxItem("inb_1", "acc_1", "sandbox", "thing", kind="comment")

Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["them", "us", "dismiss", "remove"]), st.integers(0, 600)), max_size=TURNS - 1
)


def after(item: InboxItem, step: Step) -> InboxItem:
    what, minute = step
    at = NINE + timedelta(minutes=minute)
    if what == "dismiss":
        return item.dismissed(at)
    if what == "remove":
        return item.removed(at)
    return item.spoke(at, "them" if what == "them" else "us", f"{what}-{minute}")


def kept(steps: Sequence[Step]) -> tuple[InboxItem, dict[str, Waits]]:
    """The item after all steps, and the sums as they grew with each of them."""
    item, day = NEW, Day()
    for number, step in enumerate(steps):
        following = after(item, step)
        day = day.answering(moved(item if number else None, following, HOURS))
        item = following
    return item, day.waits


def total(sums: dict[str, Waits]) -> Waits:
    return reduce(Waits.plus, sums.values(), Waits())


@given(STEPS)
def test_sums_that_grew_step_by_step_are_those_of_the_item_as_it_ended(steps: list[Step]) -> None:
    item, grown = kept(steps)
    whole = moved(None, item, HOURS)
    assert grown.keys() == whole.keys()
    for hour, waits in whole.items():
        assert grown[hour].speed == pytest.approx(waits.speed, abs=1e-9)
        assert (grown[hour].waiting, grown[hour].answered, grown[hour].in_time) == (
            waits.waiting,
            waits.answered,
            waits.in_time,
        )


@given(STEPS)
def test_no_sum_is_ever_less_than_nothing_and_at_most_one_wait_is_open(steps: list[Step]) -> None:
    sums = total(kept(steps)[1])
    assert 0 <= sums.in_time <= sums.answered
    assert 0 <= sums.speed <= sums.answered
    assert sums.waiting in (0, 1)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([("them", 0)], Waits(waiting=1), id="waits"),
        pytest.param([("them", 0), ("us", 0)], Waits(answered=1, in_time=1, speed=1.0), id="answered at once"),
        pytest.param([("them", 0), ("us", 15)], Waits(answered=1, in_time=1, speed=0.5), id="at the target"),
        pytest.param([("them", 0), ("us", 30)], Waits(answered=1, speed=0.25), id="after twice the target"),
        pytest.param([("us", 15), ("them", 0)], Waits(answered=1, in_time=1, speed=0.5), id="told of backwards"),
        pytest.param([("them", 0), ("dismiss", 5)], Waits(), id="needed no answer"),
        pytest.param([("them", 0), ("remove", 5)], Waits(), id="taken back"),
        pytest.param([("them", 0), ("us", 15), ("them", 20)], Waits(1, 1, 1, 0.5), id="asked again"),
    ],
)
def test_what_a_wait_counts_for(steps: list[Step], expected: Waits) -> None:
    assert total(kept(steps)[1]) == expected


def test_a_wait_is_counted_in_the_hour_in_which_it_began() -> None:
    _, sums = kept([("them", 59), ("us", 61)])
    assert list(sums) == ["2026-11-23T09"]


def test_waits_that_an_item_no_longer_remembers_stay_counted() -> None:
    steps = [("them" if number % 2 == 0 else "us", number) for number in range(4 * TURNS)]
    item, sums = kept(steps)
    assert len(item.turns) == TURNS
    assert total(sums).answered == 2 * TURNS


def test_closed_hours_do_not_count() -> None:
    evening = BusinessHours(days={"mon": ((540, 545), (600, 1440))}, target=timedelta(minutes=15))
    item = NEW.spoke(NINE, "them").spoke(NINE + timedelta(minutes=65), "us")
    assert moved(None, item, evening) == {"2026-11-23T09": Waits(answered=1, in_time=1, speed=2 ** -(10 / 15))}
