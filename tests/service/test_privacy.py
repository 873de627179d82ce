"""Nobody is known by name: not in the table, not in logs, not in answers; and whoever wants is forgotten."""

import json
import logging
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.core.event_log import KEPT
from chalicelib.core.inbox import State
from chalicelib.core.privacy import Privacy
from chalicelib.ports import Item, Put
from chalicelib.service import activity, connect, engaged, erase, inbox, insights, privacy, records
from chalicelib.service.activity import Wanted
from chalicelib.service.inbox import InboxFilter
from chalicelib.service.ingest import count
from chalicelib.service.people import People
from chalicelib.service.privacy import Person, PersonPage, PrivacySettings
from tests.fakes import START
from tests.service.ear import ACCOUNT, WORKSPACE, Ear, connected, event

ANN, THERE = "ann-4711-the-actor", "acc_there"
SAID = "I wrote this and want it gone"


def everything(ear: Ear) -> str:
    """The whole table, as text."""
    return json.dumps([[*item.key, item.doc, item.listing, item.open] for item in ear.world.table.everything])


def ann(ear: Ear) -> str:
    return People.of(ear.world, WORKSPACE).hash("mastodon", ANN)


def lively() -> Ear:
    """An account with which Ann and Bob did all that one can do."""
    ear = Ear()
    connected(ear.world, "acc_second")
    ear.world.clock.advance(days=4)
    for number, who in enumerate((ANN, "bob")):
        at = START + timedelta(minutes=number)
        ear.tell("like", at, post_id="one", actor=who)
        ear.tell("comment", at, post_id="one", actor=who, thing_id=f"c{number}", text=f"{SAID} {who[:3]}")
        ear.tell("follow", at, actor=who)
        ear.tell("message", at, actor=who, thing_id=who, text=f"{SAID} {who[:3]}")
        assert ear.hear(ear.message("mention", at, actor=who, thing_id=f"m{number}", account_id="acc_second")) == []
    return ear


def forgotten(ear: Ear) -> list[str]:
    return privacy.forget(ear.world, WORKSPACE, Person(platform="mastodon", actor_id=ANN))


def figures(ear: Ear) -> dict[str, Any]:
    counted = ear.counted()
    return {name: counted[name] for name in ("posts", "days", "known")}


def test_no_actor_is_in_the_table_by_name() -> None:
    ear = lively()

    assert ANN not in everything(ear)
    assert ann(ear) in everything(ear)


def test_no_actor_is_in_the_logs_by_name(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ear = Ear()
    data = {"kind": "like", "actor": ANN, "value": "x"}
    bad = ear.packed("standard", {"timestamp": START.isoformat(), "data": data}, '{"webhook-id": "1"}')

    def broken(*_: object) -> None:
        raise RuntimeError("the table is away")

    assert ear.hear(bad) == ["0"]
    ear.world.table.write = broken  # type: ignore[method-assign]
    assert ear.hear(ear.message("message", START, actor=ANN, thing_id=ANN, text=SAID)) == ["0"]

    said = "".join(str(vars(record)) + str(record.exc_text) for record in caplog.records)
    assert len(caplog.records) == 2
    assert ANN not in said
    assert SAID not in said


def test_what_a_network_needs_for_an_answer_is_sealed_and_opens_again() -> None:
    ear = Ear()
    said = event("message", START, 1, None, thing=ANN, text="Hello", ref={"chat": ANN})

    count(ear.world, ear.account, [said])

    (row,) = ear.rows("THING#")
    item, people = engaged.inbox_of(row), People.of(ear.world, WORKSPACE)
    assert ANN not in json.dumps(row.doc)
    assert (people.plain(item).thing, people.plain(item).ref) == (ANN, {"chat": ANN})
    assert engaged.inbox_key(WORKSPACE, item.id) == row.key


def test_one_person_is_another_in_another_workspace_and_on_another_network() -> None:
    ear = Ear()
    people, others = People.of(ear.world, WORKSPACE), People.of(ear.world, "ws_two")

    assert len({people.hash("mastodon", ANN), people.hash("bluesky", ANN), others.hash("mastodon", ANN)}) == 3


def test_erasing_leaves_no_trace_and_the_counters_as_they_were() -> None:
    ear = lively()
    insights.crowd(ear.world, WORKSPACE, START.date(), START.date())
    assert any(ann(ear) in item.doc["people"] for item in ear.rows("PEOPLE#"))
    before, bob = figures(ear), People.of(ear.world, WORKSPACE).hash("mastodon", "bob")

    assert forgotten(ear) == ["acc_second", ACCOUNT]
    ear.work_off()

    left = everything(ear)
    assert ann(ear) not in left
    assert ANN not in left
    assert f"{SAID} ann" not in left
    assert f"{SAID} bob" in left
    assert bob in left
    assert figures(ear) == before


def test_what_is_delivered_again_does_not_bring_them_back() -> None:
    ear = Ear()
    messages = [
        ear.message("comment", START, post_id="one", actor=ANN, thing_id="c1", text=SAID),
        ear.message("like", START, post_id="one", actor=ANN),
    ]
    assert ear.hear(*messages) == []
    forgotten(ear)
    ear.work_off()
    before = figures(ear)

    assert ear.hear(*messages) == []

    assert ann(ear) not in everything(ear)
    assert SAID not in everything(ear)
    assert figures(ear) == before


def test_what_was_done_before_and_is_told_of_after_is_counted_as_nobodys() -> None:
    ear = Ear()
    late = ear.message("comment", START, post_id="one", actor=ANN, thing_id="c1", text=SAID)
    ear.world.clock.advance(minutes=1)
    forgotten(ear)
    ear.work_off()

    assert ear.hear(late) == []

    assert ear.value("one", "replies") == 1
    assert ann(ear) not in everything(ear)
    assert SAID not in everything(ear)


def test_who_comes_back_later_is_there_again() -> None:
    ear = Ear()
    forgotten(ear)
    ear.world.clock.advance(minutes=10)
    ear.tell("comment", post_id="one", actor=ANN, thing_id="c1", text="I am back")

    assert ann(ear) in everything(ear)


def test_a_worker_that_had_begun_before_is_cleaned_up_after() -> None:
    ear = Ear()
    forgotten(ear)
    first = ear.world.heard.receive()
    assert ear.hear(*first) == []
    old = privacy.settings(ear.world, WORKSPACE)
    ear.world.table.write(_unforgotten(ear))  # the worker that read this row before it named anybody
    ear.tell("comment", START, post_id="one", actor=ANN, thing_id="c1", text=SAID)
    assert SAID in everything(ear)

    assert ear.work_off() == 1

    assert old.erased
    assert ann(ear) not in everything(ear)
    assert SAID not in everything(ear)
    assert ear.world.clock.now() == START + timedelta(seconds=erase.AGAIN)


def _unforgotten(ear: Ear) -> Put:
    return Put(Item(engaged.privacy_key(WORKSPACE), records.to_doc(Privacy())), expect=None)


def test_erasing_survives_death_at_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, "MOST", 2)
    ear = lively()
    before = figures(ear)
    forgotten(ear)
    write, deaths = ear.world.table.write, [0]

    def dying(*writes: Any) -> None:
        deaths[0] += 1
        if deaths[0] % 2:
            raise RuntimeError("the worker died")
        write(*writes)

    ear.world.table.write = dying  # type: ignore[method-assign]
    messages = ear.world.heard.receive()
    for _ in range(200):
        failed = ear.hear(*messages)
        messages = [messages[int(number)] for number in failed] + ear.world.heard.receive()
        if not messages:
            break

    assert deaths[0] > 4
    assert ann(ear) not in everything(ear)
    assert f"{SAID} ann" not in everything(ear)
    assert figures(ear) == before


def test_a_conversation_of_which_only_our_side_is_known_is_erased_and_not_begun_again() -> None:
    ear = Ear()
    ear.tell("message", START, actor="brand", thing_id=ANN, text="Hello?")
    name = People.of(ear.world, WORKSPACE).sealed(ANN)
    assert name in everything(ear)

    forgotten(ear)
    ear.work_off()
    ear.tell("message", START - timedelta(minutes=1), actor="brand", thing_id=ANN, text="Are you there?")

    assert name not in everything(ear)


def test_a_former_accounts_people_are_erased_too() -> None:
    ear = lively()
    connect.disconnect(ear.world, WORKSPACE, ACCOUNT)

    assert forgotten(ear) == ["acc_second", ACCOUNT]
    ear.work_off()

    assert ann(ear) not in everything(ear)


def test_another_workspaces_people_stay() -> None:
    ear = lively()
    before = everything(ear)

    assert privacy.forget(ear.world, "ws_two", Person(platform="mastodon", actor_id=ANN)) == []
    ear.work_off()

    assert all(row in everything(ear) for row in (ann(ear), SAID))
    assert len(everything(ear)) >= len(before)


def test_who_was_erased_is_remembered_no_longer_than_the_log() -> None:
    ear = Ear()
    forgotten(ear)
    assert len(privacy.settings(ear.world, WORKSPACE).erased) == 1
    ear.world.clock.advance(KEPT.total_seconds() + 1)
    privacy.forget(ear.world, WORKSPACE, Person(platform="mastodon", actor_id="bob"))

    (mark,) = privacy.settings(ear.world, WORKSPACE).erased
    assert mark == People.of(ear.world, WORKSPACE).mark(People.of(ear.world, WORKSPACE).hash("mastodon", "bob"))


@pytest.mark.parametrize("rows", [1, 3, 500])
def test_an_export_holds_everything_about_a_person_and_nobody_else(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "EXPORTED", rows)
    ear = lively()
    insights.crowd(ear.world, WORKSPACE, START.date(), START.date())

    found, cursor = list[privacy.Kept](), None
    while True:
        page = privacy.export(ear.world, WORKSPACE, PersonPage(platform="mastodon", actor_id=ANN, cursor=cursor))
        found += page.data
        if (cursor := page.next_cursor) is None:
            break

    kinds = sorted((one.what, one.account_id, one.document.get("kind", "")) for one in found)
    assert kinds == [
        ("day", "acc_second", ""),
        ("day", ACCOUNT, ""),
        ("event", "acc_second", "mention"),
        *(("event", ACCOUNT, kind) for kind in ("comment", "follow", "like", "message")),
        ("said", "acc_second", "mention"),
        *(("said", ACCOUNT, kind) for kind in ("comment", "message")),
    ]
    assert "bob" not in json.dumps([one.document for one in found])


def test_an_export_of_a_stranger_is_empty() -> None:
    assert privacy.export(lively().world, WORKSPACE, PersonPage(platform="mastodon", actor_id="nobody")).data == []


@pytest.mark.parametrize(
    ("platform", "days", "kept"),
    [
        ("mastodon", 30, timedelta(days=30)),
        ("mastodon", 7, timedelta(days=7)),
        ("linkedin", 30, timedelta(hours=24)),
        ("linkedin", 1, timedelta(hours=24)),
    ],
)
def test_words_are_kept_as_long_as_the_workspace_and_the_network_allow(
    platform: str, days: int, kept: timedelta
) -> None:
    ear = Ear()
    privacy.change(ear.world, WORKSPACE, PrivacySettings(text_days=days))
    connected(ear.world, "acc_there", platform)
    message = ear.message("comment", START, post_id="one", thing_id="c", text=SAID, account_id="acc_there")
    assert ear.hear(message) == []

    (words,), (item,) = ear.rows("WORDS#", "acc_there"), ear.rows("THING#", "acc_there")
    assert (words.doc["text"], words.expires) == (SAID, START + kept)
    assert (item.doc["text"], item.expires) == (None, START + KEPT)


def test_our_answer_does_not_make_their_words_last_longer() -> None:
    ear = Ear()
    ear.tell("comment", START, post_id="one", actor=ANN, thing_id="c1", text=SAID)
    ear.world.clock.advance(days=3)
    ear.tell("reply", post_id="one", actor="brand", thing_id="r1", parent_id="c1", text="Thank you!")

    (words,), (row,) = ear.rows("WORDS#"), ear.rows("THING#")
    assert (words.doc["text"], words.expires, words.rev) == (SAID, START + timedelta(days=30), 1)
    assert len(row.doc["turns"]) == 2


def on_linkedin() -> Ear:
    """An account where words are kept for a day."""
    ear = Ear()
    privacy.change(ear.world, WORKSPACE, PrivacySettings(text_days=90))
    connected(ear.world, THERE, "linkedin")
    return ear


def shown(ear: Ear) -> list[str | None]:
    """Every text that anybody is shown of Ann's, in every way in which texts are shown."""
    page = PersonPage(platform="linkedin", actor_id=ANN)
    states: tuple[State, ...] = ("waiting", "answered", "dismissed", "removed")
    listed = [one.item for state in states for one in inbox.items(ear.world, WORKSPACE, InboxFilter(state)).data]
    return [
        *(one.text for one in listed),
        *(inbox.item(ear.world, WORKSPACE, one.id).item.text for one in listed),
        *(one.text for one in activity.listed(ear.world, WORKSPACE, Wanted(kind="comment")).data),
        *(one.document["text"] for one in privacy.export(ear.world, WORKSPACE, page).data if one.what == "said"),
    ]


def test_a_comment_outlasts_its_text_and_shows_how_long_the_answer_took() -> None:
    ear = on_linkedin()
    about: dict[str, Any] = {"post_id": "one", "account_id": THERE}
    ear.tell("comment", START, actor=ANN, thing_id="c1", text=SAID, **about)
    assert shown(ear) == [SAID] * 4

    ear.world.clock.advance(hours=25)
    assert len(ear.rows("WORDS#", THERE)) == 1, "DynamoDB deletes late"
    assert shown(ear) == [None] * 4
    (waiting,) = inbox.items(ear.world, WORKSPACE, InboxFilter("waiting")).data
    assert waiting.item.waiting_since == START

    ear.tell("reply", actor="brand", thing_id="r1", parent_id="c1", text="Thank you!", **about)
    (answered,) = inbox.items(ear.world, WORKSPACE, InboxFilter("answered")).data
    assert (answered.response.wall, answered.item.text) == (timedelta(hours=25), None)
    assert ear.rows("WORDS#", THERE) == []


def test_what_is_told_of_too_late_waits_without_its_text() -> None:
    ear = on_linkedin()
    ear.world.clock.advance(hours=25)

    ear.tell("comment", START, account_id=THERE, post_id="one", actor=ANN, thing_id="c1", text=SAID)

    assert shown(ear) == [None] * 4
    assert SAID not in everything(ear)


def test_a_new_text_of_the_same_thing_replaces_the_old_one_and_has_an_end_of_its_own() -> None:
    ear = on_linkedin()
    about = {"account_id": THERE, "actor": ANN, "thing_id": ANN}
    for hours, text in ((0, SAID), (20, "And another thing"), (5, "Late, and older")):
        at = START + timedelta(hours=hours)
        ear.world.clock.sleep_until(at)
        ear.tell("message", at, text=text, **about)

    (words,) = ear.rows("WORDS#", THERE)
    assert (words.doc["text"], words.expires) == ("And another thing", START + timedelta(hours=44))
    assert SAID not in everything(ear)
    ear.world.clock.sleep_until(START + timedelta(hours=43))
    assert set(shown(ear)) == {"And another thing"}


@pytest.mark.parametrize("number", range(24))
def test_what_is_over_removed_or_both_stays_away_in_every_order(number: int) -> None:
    """A comment, the same once more with another id, its removal, and a day that goes by, in every order."""
    order = list(permutations(["said", "again", "removed", "a day"]))[number]
    told, ear = {"said": 0, "again": 0, "removed": 1}, on_linkedin()
    ear.world.clock.advance(minutes=2)
    about = {"account_id": THERE, "post_id": "one", "actor": ANN, "thing_id": "c1", "text": SAID}
    messages = {
        name: ear.message("removed" if name == "removed" else "comment", START + timedelta(minutes=at), name, **about)
        for name, at in told.items()
    }
    for step in order:
        if step == "a day":
            ear.world.clock.advance(hours=24)
            assert set(shown(ear)) <= {None}
        else:
            assert ear.hear(messages[step]) == []

    for message in messages.values():
        assert ear.hear(message) == []
    (row,) = ear.rows("THING#", THERE)
    item = engaged.inbox_of(row)
    assert (item.state, item.removed_at) == ("removed", START + timedelta(minutes=1))
    assert set(shown(ear)) == {None}
    assert SAID not in everything(ear)


@pytest.mark.parametrize("late", ["same id", "another id", "longer kept"])
def test_what_is_over_does_not_come_back_by_being_told_again(late: str) -> None:
    ear = on_linkedin()
    privacy.change(ear.world, WORKSPACE, PrivacySettings(text_days=1))
    about = {"post_id": "one", "actor": ANN, "thing_id": "c1", "text": SAID}
    assert ear.hear(ear.message("comment", START, "first", **about)) == []
    ear.world.clock.advance(hours=25)
    if late == "longer kept":
        privacy.change(ear.world, WORKSPACE, PrivacySettings(text_days=90))

    assert ear.hear(ear.message("comment", START, "first" if late == "same id" else "second", **about)) == []

    (item,) = inbox.items(ear.world, WORKSPACE, InboxFilter()).data
    assert (item.item.text, item.item.waiting_since) == (None, START)
    assert {one.text for one in activity.listed(ear.world, WORKSPACE, Wanted()).data} == {None}


def test_words_never_outlast_their_item() -> None:
    ear = on_linkedin()
    for hours in (0, 5, 70):
        ear.world.clock.sleep_until(START + timedelta(hours=hours))
        ear.tell("message", START + timedelta(hours=hours / 2), actor=ANN, thing_id=ANN, text=SAID)

    (words,), (item,) = ear.rows("WORDS#"), ear.rows("THING#")
    assert words.expires is not None
    assert item.expires is not None
    assert words.expires <= item.expires


def test_an_item_and_its_words_are_erased_in_one_go() -> None:
    ear = lively()
    writes = len(ear.rows("WORDS#"))
    forgotten(ear)
    ear.work_off()

    items = {one.key.sk.removeprefix("THING#") for one in ear.rows("THING#")}
    assert {one.key.sk.removeprefix("WORDS#") for one in ear.rows("WORDS#")} == items
    assert (writes, len(items)) == (4, 2)


def test_the_listing_shows_nobody_by_name_and_the_erased_not_at_all() -> None:
    ear = lively()
    forgotten(ear)
    ear.work_off()

    found = activity.listed(ear.world, WORKSPACE, Wanted(), 100).data
    assert len(found) == 10
    assert {one.text for one in found if one.event.actor is None} == {None}
    assert sum(one.event.actor is None for one in found) == 5


def test_forgetting_somebody_leaves_the_settings_alone() -> None:
    ear = Ear()
    privacy.change(ear.world, WORKSPACE, PrivacySettings(text_days=3))
    forgotten(ear)

    found = privacy.settings(ear.world, WORKSPACE)
    assert (found.text_days, list(found.erased.values())) == (3, [START])
