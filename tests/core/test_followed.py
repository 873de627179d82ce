"""When a followed post has its turn, and when it is gone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.followed import FORGOTTEN, LOOK_AGAIN, POLLS, RETRY, Followed

OUT = datetime(2026, 11, 23, 9, tzinfo=UTC)
POST = Followed("acc_1", "sandbox", "sp_1", "post_1", "tgt_1", published_at=OUT, next_at=OUT + POLLS[0])
delays = st.timedeltas(timedelta(), timedelta(days=40))


def test_a_post_that_is_measured_on_time_has_all_its_turns_to_the_second() -> None:
    post, turns = POST, list[timedelta]()
    while post.next_at:
        turns += [post.next_at - OUT]
        post = post.measured(post.next_at)
    assert turns == list(POLLS)
    assert post.polled == len(POLLS)


def test_being_a_little_late_moves_no_later_turn() -> None:
    assert POST.measured(OUT + timedelta(minutes=29)).next_at == OUT + timedelta(minutes=30)


def test_turns_that_were_missed_are_not_made_up_for() -> None:
    assert POST.measured(OUT + timedelta(days=3)).next_at == OUT + timedelta(days=7)


@given(delays)
def test_whenever_it_is_measured_its_next_turn_is_ahead(late: timedelta) -> None:
    now = OUT + late
    for after in (POST.measured(now), POST.skipped(now)):
        assert after.next_at is None or after.next_at > now
        assert (after.polled > POST.polled) is (late >= POLLS[0])


@given(st.lists(st.timedeltas(timedelta(), timedelta(hours=9)), max_size=400))
def test_a_network_that_never_answers_is_asked_less_and_less_and_then_no_more(waits: list[timedelta]) -> None:
    post, now = POST, OUT + POLLS[0]
    for wait in waits:
        before, post = post, post.later(now)
        if post.next_at is None:
            assert now >= OUT + POLLS[-1] + FORGOTTEN
            return
        assert post.next_at > now
        assert post.next_at - now >= RETRY or post.polled > before.polled
        now = post.next_at + wait


def test_a_network_that_is_down_for_a_month_is_not_asked_for_ever() -> None:
    post, asked = POST, 0
    while post.next_at:
        post, asked = post.later(post.next_at), asked + 1
    assert asked < 100


def test_one_look_at_nothing_proves_nothing() -> None:
    once = POST.missing(OUT + POLLS[0])
    assert not once.gone
    assert once.next_at == OUT + POLLS[0] + LOOK_AGAIN


def test_a_second_look_too_soon_proves_no_more() -> None:
    first = OUT + POLLS[0]
    assert POST.missing(first).missing(first + LOOK_AGAIN / 2) == POST.missing(first)


def test_two_looks_an_hour_apart_prove_it_and_nobody_looks_again() -> None:
    first = OUT + POLLS[0]
    gone = POST.missing(first).missing(first + LOOK_AGAIN)
    assert gone.gone
    assert (gone.counters.removed_at, gone.next_at) == (first, None)


def test_a_post_that_is_found_in_between_begins_anew() -> None:
    first = OUT + POLLS[0]
    found = POST.missing(first).measured(first + LOOK_AGAIN)
    assert found.next_at == OUT + timedelta(hours=2)
    assert not found.missing(OUT + timedelta(hours=2)).gone


def test_a_post_of_which_nobody_knows_when_it_went_out_has_no_turns() -> None:
    assert replace(POST, published_at=None).measured(OUT).next_at is None
