"""Bytes to a JSON document, strictly: what two readers could understand differently is refused, not guessed."""

import json
import math
from collections.abc import Iterator
from typing import Any

from chalicelib.api.problem import Malformed
from chalicelib.core.errors import Unaffordable

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
MAX_DIGITS = 19


def read(raw: bytes) -> dict[str, Any]:
    """The JSON object that the bytes hold; an empty body is an empty object."""
    if len(raw) > MAX_BYTES:
        raise Unaffordable(f"the body has {len(raw):,} bytes, and {MAX_BYTES:,} are allowed", "body_too_large")
    text = _decoded(raw)
    if not text.strip(" \t\r\n"):
        return {}
    document = _parsed(text)
    if not isinstance(document, dict):
        raise Malformed("not_an_object", f"the body must be a JSON object, not {_kind(document)}")
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or b"\\u" in raw:
        _check_inside(document)
    return document


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        message = f"the body is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}"
        raise Malformed("invalid_utf8", message) from None


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise Malformed("invalid_json", message) from None
    except RecursionError:
        raise _too_deep() from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise Malformed("duplicate_key", f"the key {_shown(twice)} is there twice in one object")
    return found


def _integer(digits: str) -> int:
    if len(digits.removeprefix("-")) > MAX_DIGITS:
        raise Malformed("number_out_of_range", f"{_shown(digits)} has more than {MAX_DIGITS} digits")
    return int(digits)


def _number(digits: str) -> float | int:
    number = float(digits)
    if math.isinf(number):
        raise Malformed("number_out_of_range", f"{_shown(digits)} is too large")
    # JSON Schema takes 5.0 for an integer (draft 2020-12, section 6.1.1 of its validation part).
    return int(number) if number.is_integer() and abs(number) < 10**MAX_DIGITS else number


def _no_constant(name: str) -> None:
    raise Malformed("invalid_json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_number, parse_constant=_no_constant
)


def _check_inside(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        for text in _texts(level):
            if not text.isascii():
                _check_unicode(text)
        level = [inner for outer in level for inner in _values(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep()


def _texts(level: list[Any]) -> Iterator[str]:
    for outer in level:
        if isinstance(outer, dict):
            yield from outer
        yield from (value for value in _values(outer) if isinstance(value, str))


def _values(outer: Any) -> Any:
    return outer.values() if isinstance(outer, dict) else outer


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        escape = f"\\u{ord(text[error.start]):04x}"
        raise Malformed("invalid_unicode", f"the escape {escape} is half of a surrogate pair") from None


def _too_deep() -> Malformed:
    return Malformed("too_deep", f"the body is nested more than {MAX_DEPTH} levels deep")


def _shown(text: str) -> str:
    return json.dumps(text if len(text) <= 50 else text[:50] + "…")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")
