"""Receipts: what they say, and the canonical JSON under their hashes."""

import dataclasses
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.conversation import Effect
from chalicelib.core.errors import Conflict
from chalicelib.core.post import Content, Post
from chalicelib.core.receipt import Attempt, attempts, canonical, claims, content_hash, digest
from chalicelib.core.target import Answer, Event, Exchange, State, Target

DUE = datetime(2026, 11, 23, 9, tzinfo=UTC)
RENDITION: dict[str, Any] = {"platform": "sandbox", "rules_version": "3", "parts": [{"text": "a"}, {"text": "b"}]}
POST = Post(
    id="post_1",
    workspace_id="ws_1",
    content=Content(text="Ding dong"),
    targets=(),
    created_at=DUE - timedelta(days=1),
    updated_at=DUE,
)


def ms(count: int) -> datetime:
    return DUE + timedelta(milliseconds=count)


def create(part: int = 0, answer: Answer | None = None, **fields: Any) -> Exchange:
    return Exchange("secret-digest", Effect.CREATE, part, ms(10 + part), ms(9000), answer, **fields)


def answer(at: int, source: Any = "reply", status: int = 201) -> Answer:
    return Answer(status, '{"token": "secret"}', {"location": "secret"}, ms(at), source)


PUBLISHED = Target(
    "tgt_1",
    "post_1",
    "ws_1",
    "acc_1",
    "sandbox",
    State.PUBLISHED,
    DUE,
    attempts=2,
    ledger=(
        create(void=True, void_at=ms(50), void_why="not_sent"),
        create(0, answer(120)),
        create(1, answer(400, "read_back")),
    ),
    published_at=ms(120),
    platform_at=ms(99),
    platform_post_id="1",
    url="https://example.com/1",
    part_ids=("1", "2"),
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # A lone surrogate cannot be sent to us.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(values)
def test_canonical_json_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1.5e-7, "1.5e-7"),
        (1e-6, "0.000001"),
        (math.pi, "3.141592653589793"),
        (2**80, "1208925819614629174706176"),
    ],
)
def test_numbers_are_written_as_ecmascript_writes_them_and_integers_whole(number: float, written: str) -> None:
    assert canonical(number) == written.encode()


def test_names_are_sorted_by_utf_16_as_the_rfc_wants_it() -> None:
    assert canonical({"\ufb33": 1, "😀": 2, "a": 3}) == '{"a":3,"😀":2,"\ufb33":1}'.encode()


def test_a_receipt_says_what_happened_when() -> None:
    assert claims(PUBLISHED, POST, RENDITION, 2) == {
        "type": "carillon.receipt",
        "version": 1,
        "workspace_id": "ws_1",
        "post_id": "post_1",
        "target_id": "tgt_1",
        "account_id": "acc_1",
        "platform": "sandbox",
        "content_hash": digest({"text": "Ding dong"}),
        "rendition_hash": digest(RENDITION),
        "rules_version": "3",
        "parts_planned": 2,
        "parts_sent": 2,
        "accepted_at": "2026-11-22T09:00:00.000Z",
        "due_at": "2026-11-23T09:00:00.000Z",
        "sent_at": "2026-11-23T09:00:00.010Z",
        "published_at": "2026-11-23T09:00:00.120Z",
        "answered_at": "2026-11-23T09:00:00.400Z",
        "platform_at": "2026-11-23T09:00:00.099Z",
        "lateness_ms": 120,
        "platform_post_id": "1",
        "part_ids": ["1", "2"],
        "url": "https://example.com/1",
        "evidence": {"source": "read_back", "at": "2026-11-23T09:00:00.400Z", "by": None},
        "attempts": 2,
    }


@pytest.mark.parametrize("state", sorted(set(State) - {State.PUBLISHED}))
def test_only_what_is_published_has_a_receipt(state: State) -> None:
    with pytest.raises(Conflict, match=state):
        claims(dataclasses.replace(PUBLISHED, state=state), POST, RENDITION, 2)


@pytest.mark.parametrize(
    ("sources", "weakest"),
    [(["reply", "reply"], "reply"), (["read_back", "reply"], "read_back"), (["reply", "person"], "person")],
)
def test_the_evidence_is_the_weakest_that_any_part_has(sources: list[Any], weakest: str) -> None:
    ledger = tuple(create(part, answer(100 + part, source)) for part, source in enumerate(sources))
    said = claims(dataclasses.replace(PUBLISHED, ledger=ledger), POST, RENDITION, 2)["evidence"]
    assert (said["source"], said["at"]) == (weakest, f"2026-11-23T09:00:00.{100 + sources.index(weakest)}Z")


def test_what_was_published_without_any_request_of_ours_rests_on_a_persons_word() -> None:
    by_hand = dataclasses.replace(PUBLISHED, ledger=(), events=(Event(ms(7), "published"),))
    said = claims(by_hand, POST, RENDITION, 2)
    assert (said["evidence"]["source"], said["sent_at"], said["parts_sent"]) == ("person", None, 0)


def test_a_thread_that_a_person_closed_says_how_much_of_it_is_out() -> None:
    said = claims(dataclasses.replace(PUBLISHED, ledger=(create(0, answer(1, "person", 0)),)), POST, RENDITION, 2)
    assert (said["parts_planned"], said["parts_sent"]) == (2, 1)


def test_a_default_that_is_spelled_out_does_not_change_the_hash_of_content() -> None:
    assert content_hash(Content(text="a", visibility="public")) == content_hash(Content(text="a"))
    assert content_hash(Content(text="a", visibility="private")) != content_hash(Content(text="a"))


@pytest.mark.parametrize(
    ("exchange", "outcome"),
    [
        (create(), (None, None, "unknown", None, None)),
        (create(answer=answer(90)), (ms(90), 201, "applied", "reply", None)),
        (create(answer=answer(90, "read_back")), (ms(90), None, "applied", "read_back", None)),
        (create(answer=answer(90, "person", 0)), (ms(90), None, "applied", "person", None)),
        (create(void=True, void_at=ms(5), void_why="not_sent"), (ms(5), None, "not_applied", None, "not_sent")),
        (create(void=True, void_at=ms(5), void_why="frozen"), (ms(5), None, "not_applied", None, "frozen")),
        (
            create(void=True, void_at=ms(5), void_why="read_back"),
            (ms(5), None, "not_applied", "read_back", "read_back"),
        ),
        (create(void=True, void_at=ms(5), void_why="person"), (ms(5), None, "not_applied", "person", "person")),
        (create(void=True, void_at=ms(5), void_why="too_long"), (ms(5), None, "not_applied", "reply", "too_long")),
        (
            create(answer=answer(4, status=422), void=True, void_at=ms(5), void_why="too_long"),
            (ms(4), 422, "not_applied", "reply", "too_long"),
        ),
    ],
)
def test_an_attempt_says_what_became_of_it_and_how_that_is_known(exchange: Exchange, outcome: tuple[Any, ...]) -> None:
    (found,) = attempts(dataclasses.replace(PUBLISHED, ledger=(exchange,)))
    assert found == Attempt(1, 0, Effect.CREATE, ms(10), *outcome)


def test_a_request_that_was_sent_again_is_there_each_time_and_its_answer_with_the_last() -> None:
    exchange = create(answer=answer(700), repeated_at=(ms(200), ms(600)))
    found = attempts(dataclasses.replace(PUBLISHED, ledger=(exchange, create(1, answer(800)))))
    assert [(one.number, one.part, one.intent_at, one.answered_at, one.outcome, one.source) for one in found] == [
        (1, 0, ms(10), None, "unknown", None),
        (2, 0, ms(200), None, "unknown", None),
        (3, 0, ms(600), ms(700), "applied", "reply"),
        (4, 1, ms(11), ms(800), "applied", "reply"),
    ]


def test_attempts_show_nothing_of_what_was_in_a_request_or_its_answer() -> None:
    shown = repr(attempts(PUBLISHED))
    assert [one.number for one in attempts(PUBLISHED)] == [1, 2, 3]
    assert "secret" not in shown
