"""What people did, one by one: newest first, filtered, page by page, and never without bounds."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.event_log import KEPT
from chalicelib.core.followed import Followed
from chalicelib.ports import Put
from chalicelib.service import activity, engaged
from chalicelib.service.activity import Happened, Wanted
from tests.fakes import START
from tests.service.ear import ACCOUNT, WORKSPACE, Ear, connected


def listed(ear: Ear, limit: int = 20, **wanted: object) -> list[Happened]:
    """Everything that is wanted, over all its pages."""
    found, cursor = list[Happened](), None
    for _ in range(10_000):
        page = activity.listed(ear.world, WORKSPACE, Wanted(**wanted), limit, cursor)  # type: ignore[arg-type]
        assert len(page.data) <= limit
        found += page.data
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("there is no end to it")


def test_events_come_newest_first_with_what_they_are_about() -> None:
    ear = Ear()
    ours = Followed(ACCOUNT, "mastodon", "one", "post_1", "tgt_1")
    ear.world.table.write(Put(engaged.post_item(WORKSPACE, ours, 0), expect=0))
    ear.world.clock.advance(hours=1)
    ear.tell("like", START, post_id="one", actor="ann")
    ear.tell("reply", START + timedelta(minutes=9), post_id="one", actor="bob", thing_id="c1", text="Nice!")
    ear.tell("follow", START + timedelta(minutes=5), actor="cat")

    reply, follow, like = listed(ear)

    assert (reply.event.kind, reply.post_id, reply.target_id, reply.text) == ("reply", "post_1", "tgt_1", "Nice!")
    assert (follow.event.kind, follow.post_id, follow.event.post, follow.text) == ("follow", None, None, None)
    assert (like.event.kind, like.event.value, like.event.source, like.text) == ("like", 1, "callback", None)
    assert len({one.event.actor for one in (reply, follow, like)}) == 3


def test_a_text_is_shown_no_longer_than_it_is_kept() -> None:
    ear = Ear()
    ear.tell("comment", START, post_id="one", actor="ann", thing_id="c1", text="Nice!")
    assert [one.text for one in listed(ear)] == ["Nice!"]

    ear.world.clock.advance(days=29, hours=23)
    assert [one.text for one in listed(ear)] == ["Nice!"]
    ear.world.clock.advance(hours=1)
    assert [one.text for one in listed(ear)] == [None]


def test_events_are_listed_no_longer_than_they_are_kept() -> None:
    ear = Ear()
    ear.tell("like", START, post_id="one")
    ear.world.clock.advance(KEPT.total_seconds())

    assert listed(ear) == []


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"kind": "like"}, [2, 0]),
        ({"account_id": "acc_other"}, [3]),
        ({"account_id": "acc_nobody"}, []),
        ({"platform": "bluesky"}, [3]),
        ({"source": "poll"}, []),
        ({"since": START + timedelta(minutes=2)}, [5, 4, 3, 2]),
        ({"until": START + timedelta(minutes=2)}, [2, 1, 0]),
        ({"since": START + timedelta(minutes=1, seconds=1), "until": START + timedelta(minutes=3)}, [3, 2]),
        ({"post_id": "post_nobodys"}, []),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 20])
def test_filters_and_pages(wanted: dict[str, object], ids: list[int], limit: int) -> None:
    ear = Ear()
    connected(ear.world, "acc_other", "bluesky")
    ear.world.clock.advance(hours=1)
    kinds = ["like", "view", "like", "repost", "follow", "click"]
    for number, kind in enumerate(kinds):
        where = "acc_other" if kind == "repost" else ACCOUNT
        at = START + timedelta(minutes=number)
        assert ear.hear(ear.message(kind, at, account_id=where, value=number + 1)) == []

    assert [one.event.value - 1 for one in listed(ear, limit, **wanted)] == ids


MOMENTS = st.lists(st.tuples(st.integers(0, 20_000), st.sampled_from([ACCOUNT, "acc_a", "acc_b"])), max_size=120)


@settings(max_examples=30)
@given(MOMENTS, st.integers(1, 30))
def test_every_event_is_on_exactly_one_page_in_order(moments: list[tuple[int, str]], limit: int) -> None:
    ear = Ear()
    connected(ear.world, "acc_a")
    connected(ear.world, "acc_b")
    ear.world.clock.advance(hours=6)
    messages = [ear.message("like", START + timedelta(seconds=at), account_id=where) for at, where in moments]
    assert ear.hear(*messages) == []

    found = [one.event for one in listed(ear, limit)]

    assert len(found) == len(moments)
    assert found == sorted(found, key=activity.place, reverse=True)
    assert len({one.raw_id for one in found}) == len(found)


def test_a_page_reads_only_so_much_and_says_where_to_go_on() -> None:
    ear = Ear()
    ear.world.clock.advance(days=1)
    minutes = [ear.message("view", START + timedelta(minutes=number)) for number in range(300)]
    assert ear.hear(*minutes, ear.message("like", START)) == []
    before = ear.world.table.calls["items"]

    page = activity.listed(ear.world, WORKSPACE, Wanted(kind="like"))

    assert (page.data, page.next_cursor is None) == ([], False)
    assert ear.world.table.calls["items"] - before <= activity.QUERIES + 2 + 2
    assert [one.event.kind for one in listed(ear, kind="like")] == ["like"]


@pytest.mark.parametrize("cursor", ["", "x", "bm8", "W10", "WyJ4IiwgInkiXQ", "ü"])
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        activity.listed(Ear().world, WORKSPACE, Wanted(), cursor=cursor or "=")


def test_another_workspace_sees_nothing() -> None:
    ear = Ear()
    ear.tell("like", START, post_id="one")

    assert activity.listed(ear.world, "ws_two", Wanted()).data == []
    assert activity.listed(ear.world, "ws_two", Wanted(account_id=ACCOUNT)).data == []


def test_only_the_words_of_that_moment_are_shown() -> None:
    ear = Ear()
    ear.world.clock.advance(hours=1)
    for minute, text in ((1, "Hello"), (2, "Are you there?")):
        at: datetime = START + timedelta(minutes=minute)
        ear.tell("message", at, actor="ann", thing_id="ann", text=text)

    assert [one.text for one in listed(ear)] == ["Are you there?", None]
