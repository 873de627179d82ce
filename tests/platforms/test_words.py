"""The words that networks share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.conversation import Reply
from chalicelib.core.errors import Limited, Rejected, Transient
from chalicelib.core.options import https
from chalicelib.platforms import platform, words
from chalicelib.platforms.words import Meaning

MONDAY = {"date": "Mon, 23 Nov 2026 09:00:00 GMT"}
ERRORS: dict[str, Meaning] = {"busy": "retry", "fast": "limited"}


@given(st.integers(1, 10_000), st.integers(1, 1000))
def test_pieces_follow_each_other_and_leave_nothing_out(size: int, each: int) -> None:
    spans = words.pieces(size, each)
    assert [first for first, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == size
    assert {end - first for first, end in spans[:-1]} <= {each}
    assert 0 < spans[-1][1] - spans[-1][0] <= each


@given(st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.integers() | st.text(max_size=3)))
def test_only_what_is_none_is_left_out(body: dict[str, Any]) -> None:
    assert words.filled(body).items() == {(name, value) for name, value in body.items() if value is not None}


def test_an_empty_credential_was_not_given() -> None:
    assert words.given({"access_token": "t", "scope": "", "password": "p"}, *words.TOKENS) == {"access_token": "t"}


@pytest.mark.parametrize("other", ["Cafe\u0301  in\nthe town ", "Caf\u00e9 in the town"])
def test_texts_are_compared_without_white_space_and_composition(other: str) -> None:
    assert words.comparable(other) == "Café in the town"
    assert words.comparable(None) == ""


def test_a_server_that_tells_no_time_answered_nobody_knows_when() -> None:
    assert words.answered_at(Reply(200)) is None
    at = words.answered_at(Reply(200, MONDAY))
    assert at
    assert at.isoformat() == "2026-11-23T09:00:00+00:00"


@pytest.mark.parametrize(
    ("reply", "means"),
    [
        (Reply(200, {}, b'{"code": 0}'), None),
        (Reply(200, {}, b'{"data": 1}'), None),
        (Reply(200, {}, b'{"code": "busy"}'), (Transient, "busy")),
        (Reply(200, {}, b'{"code": "odd", "msg": "no"}'), (Rejected, "odd")),
        (Reply(429, {}, b'{"code": "busy"}'), (Limited, "busy")),
        (Reply(502, {}, b"Bad gateway"), (Transient, "http_502")),
    ],
)
def test_an_envelope_says_how_it_went(reply: Reply, means: tuple[type, str] | None) -> None:
    no = words.in_envelope(ERRORS, reply, "code", "msg")
    assert (no and (type(no), no.code)) == means


def test_gone_is_gone_and_any_other_no_is_raised() -> None:
    devto = platform("devto")
    assert devto.gone(Reply(404), "http_404")
    assert not devto.gone(Reply(200), "http_404")
    with pytest.raises(Transient):
        devto.gone(Reply(503), "http_404")


@pytest.mark.parametrize(("value", "good"), [("https://a.example", True), ("http://a.example", False), (7, False)])
def test_an_address_has_to_be_https(value: object, good: bool) -> None:
    assert https(value) is good
