"""Bytes to a document: what two readers could understand differently is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api import body
from chalicelib.api.problem import Malformed
from chalicelib.core.errors import Unaffordable

DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), DOCUMENTS, max_size=5), st.booleans())
def test_every_document_comes_through_unchanged(document: dict[str, Any], ascii_only: bool) -> None:
    assert body.read(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(st.binary(max_size=200))
def test_no_bytes_whatever_do_anything_but_come_through_or_be_refused(raw: bytes) -> None:
    try:
        found = body.read(raw)
    except Malformed:
        return
    assert isinstance(found, dict)


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', "duplicate_key", '"a"'),
        (b'{"x": {"a": 1, "\\u0061": 2}}', "duplicate_key", '"a"'),
        (b'{"a": NaN}', "invalid_json", "NaN"),
        (b'{"a": -Infinity}', "invalid_json", "-Infinity"),
        (b'{"a": 1e999}', "number_out_of_range", "1e999"),
        (b'{"a": 12345678901234567890}', "number_out_of_range", "19 digits"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number_out_of_range", "19 digits"),
        (b'{"a": 1}{', "invalid_json", "line 1, column 9"),
        (b"{'a': 1}", "invalid_json", "line 1, column 2"),
        (b'\xef\xbb\xbf{"a": 1}', "invalid_json", "line 1, column 1"),
        (b'{"a": "\xf0\x9f\x94"}', "invalid_utf8", "offset 7"),
        (b'{"a": "\xed\xa0\x80"}', "invalid_utf8", "offset 7"),
        (b'{"a": "\n"}', "invalid_json", "control character"),
        (b'{"a": "\\ud83d"}', "invalid_unicode", "\\ud83d"),
    ],
)
def test_it_is_refused_with_the_reason(raw: bytes, code: str, words: str) -> None:
    with pytest.raises(Malformed) as refusal:
        body.read(raw)
    assert refusal.value.code == code
    assert words in str(refusal.value)


@pytest.mark.parametrize("depth", [21, 100, 990, 5_000, 400_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_nesting_bomb_is_refused(depth: int, opening: str, closing: str) -> None:
    depth = min(depth, (body.MAX_BYTES - 100) // len(opening + closing))
    for ending in (closing * depth, ""):
        with pytest.raises(Malformed):
            body.read(f'{{"a": {opening * depth}{"1" if ending else ""}{ending}}}'.encode())


def test_twenty_levels_are_deep_enough_for_anybody() -> None:
    inside = 19
    assert body.read(b'{"a":' + b"[" * inside + b"]" * inside + b"}")
    with pytest.raises(Malformed, match="20 levels"):
        body.read(b'{"a":' + b"[" * (inside + 1) + b"]" * (inside + 1) + b"}")


def test_many_shallow_objects_are_no_bomb() -> None:
    assert len(body.read(json.dumps({"a": [{}] * 1000}).encode())["a"]) == 1000


def test_one_mebibyte_is_the_cap() -> None:
    full = b'{"a": "' + b"x" * (body.MAX_BYTES - 9) + b'"}'
    assert len(full) == body.MAX_BYTES
    assert body.read(full)
    with pytest.raises(Unaffordable):
        body.read(full + b" ")
