"""Positions in a text, in every encoding that networks count in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.offsets import Encoding, offsets, utf8_length, utf16_length
from tests.core.texts import texts

TEXT = "aé钟😀b"
"""One, two, three, four bytes, and one again."""


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("code_points", [0, 1, 2, 3, 4, 5]), ("utf16", [0, 1, 2, 3, 5, 6]), ("utf8", [0, 1, 3, 6, 10, 11])],
)
def test_a_position_counts_what_lies_before_it(encoding: Encoding, expected: list[int]) -> None:
    assert offsets(TEXT, range(6), encoding) == expected


@pytest.mark.parametrize("encoding", ["code_points", "utf16", "utf8"])
def test_positions_may_repeat_and_may_be_none(encoding: Encoding) -> None:
    assert offsets(TEXT, [], encoding) == []
    assert offsets(TEXT, [0, 0, 1, 1], encoding) == [0, 0, 1, 1]
    assert offsets("bells", iter([1, 5]), encoding) == [1, 5]
    assert offsets("", [0], encoding) == [0]


@pytest.mark.parametrize(
    ("text", "utf16", "utf8"),
    [("", 0, 0), ("a", 1, 1), ("é", 1, 2), ("钟", 1, 3), ("😀", 2, 4), ("\ud83d", 1, 3), ("e\u0301", 2, 3)],
)
def test_a_lone_surrogate_has_a_length_as_well(text: str, utf16: int, utf8: int) -> None:
    assert (utf16_length(text), utf8_length(text)) == (utf16, utf8)


@given(texts, st.lists(st.integers(0, 400)))
def test_a_position_is_the_length_of_what_lies_before_it(text: str, places: list[int]) -> None:
    ascending = sorted(min(place, len(text)) for place in places)
    assert offsets(text, ascending, "utf8") == [utf8_length(text[:at]) for at in ascending]
    assert offsets(text, ascending, "utf16") == [utf16_length(text[:at]) for at in ascending]
