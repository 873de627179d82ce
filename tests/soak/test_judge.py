"""The judge of a soak sees what was planted: losses, doubles, silence, early and unwanted posts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.soak.judge import Asked, Became, End, Message, early, judged, lost, miscounted, twice, untold, unwanted

DUE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def asked(number: int, end: End = "published") -> Asked:
    return Asked(f"tgt_{number}", "sbx_1", f"run-{number}", end, DUE)


def message(number: int, part: int = 0) -> Message:
    return Message(f"sp_{number}_{part}", "sbx_1", f"run-{number} rings {part}", DUE + timedelta(milliseconds=90))


def event(number: int, end: str = "published") -> dict[str, Any]:
    return {"type": f"target.{end}", "data": {"target_id": f"tgt_{number}"}}


ASKED = [asked(0), asked(1), asked(2, "cancelled"), asked(3, "failed")]
FATES = {
    "tgt_0": Became("published", 90, ("sp_0_0", "sp_0_1")),
    "tgt_1": Became("published", 190, ("sp_1_0",)),
    "tgt_2": Became("cancelled"),
    "tgt_3": Became("failed"),
}
BOOK = [message(0), message(0, 1), message(1)]
EVENTS = [event(0), event(1), event(2, "cancelled"), event(3, "failed"), event(0, "scheduled")]


def broken(**planted: Any) -> list[str]:
    """What is wrong with a run that is sound but for what was planted."""
    figures = judged(*({"asked": ASKED, "fates": FATES, "book": BOOK, "events": EVENTS} | planted).values())
    return [one.what.split(":")[0] for one in figures if one.met is False]


def test_a_sound_run_breaks_nothing() -> None:
    assert broken() == []


def test_a_run_that_asked_for_nothing_proves_nothing() -> None:
    assert broken(asked=[]) == ["targets"]


def test_a_target_that_never_ended_is_lost() -> None:
    assert broken(fates=FATES | {"tgt_1": Became("queued")}) == ["lost"]
    assert lost(ASKED, {one: fate for one, fate in FATES.items() if one != "tgt_0"}, BOOK) == ["tgt_0"]


def test_what_ended_otherwise_than_asked_is_lost() -> None:
    assert lost(ASKED, FATES | {"tgt_3": Became("published", 1, ("sp_1_0",))}, BOOK) == ["tgt_3"]
    assert lost(ASKED, FATES | {"tgt_0": Became("failed")}, BOOK) == ["tgt_0"]


def test_what_is_said_to_be_out_and_cannot_be_seen_is_lost() -> None:
    assert lost(ASKED, FATES, [message(0), message(1)]) == ["tgt_0"]
    assert lost(ASKED, FATES | {"tgt_1": Became("published", 1)}, BOOK) == ["tgt_1"]


def test_a_message_that_is_there_twice_is_counted() -> None:
    assert broken(book=[*BOOK, replace(message(1), id="sp_again")]) == ["twice"]
    assert twice([*BOOK, message(0), message(0)]) == 2


def test_the_same_words_on_two_accounts_are_two_posts() -> None:
    assert twice([*BOOK, replace(message(1), account="sbx_2")]) == 0


def test_what_was_called_off_or_refused_and_is_out_is_found() -> None:
    assert unwanted(ASKED, [*BOOK, message(2), message(3)]) == ["tgt_2", "tgt_3"]
    assert unwanted(ASKED, [*BOOK, replace(message(2), account="sbx_2")]) == []


def test_a_message_before_its_instant_is_found() -> None:
    assert early(ASKED, [*BOOK, replace(message(1), at=DUE - timedelta(milliseconds=1))]) == ["tgt_1"]


def test_an_end_that_nobody_was_told_is_found() -> None:
    assert broken(events=EVENTS[1:]) == ["not told"]
    assert untold(ASKED, [*EVENTS[1:], event(0, "failed")]) == ["tgt_0"]


def test_an_end_may_be_told_twice_but_not_in_two_ways() -> None:
    assert untold(ASKED, [*EVENTS, event(0)]) == []
    assert untold(ASKED, [*EVENTS, event(0, "failed")]) == ["tgt_0"]


def test_a_callback_that_was_lost_or_counted_twice_is_found() -> None:
    assert miscounted({"post_1": 1, "post_2": 2, "post_3": 1}, {"post_1": 1, "post_2": 1}) == 2
    assert miscounted({"post_1": 1}, {"post_1": 2}) == 1


def test_lateness_is_reported_for_what_is_ours_alone_and_for_everything() -> None:
    faulty = [asked(0), replace(asked(1), calm=False)]
    shown = {one.what: one.value for one in judged(faulty, FATES, BOOK, EVENTS) if "lateness" in one.what}
    assert shown["lateness, scheduled and without faults, max of 1"] == "90 ms"
    assert shown["lateness, all, max of 2"] == "190 ms"
