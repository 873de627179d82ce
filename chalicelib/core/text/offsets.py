"""Positions in a text, in the encoding that a network counts in: UTF-8 bytes, UTF-16 units or code points."""

from collections.abc import Iterable
from typing import Literal

Encoding = Literal["utf8", "utf16", "code_points"]


def offsets(text: str, positions: Iterable[int], encoding: Encoding) -> list[int]:
    """The ascending code point `positions` in the given encoding; one pass over the text."""
    if encoding == "code_points" or text.isascii():
        return list(positions)
    size = utf8_length if encoding == "utf8" else utf16_length
    found, at, total = [], 0, 0
    for position in positions:
        total += size(text[at:position])
        found.append(total)
        at = position
    return found


def utf8_length(text: str) -> int:
    """Bytes of the text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def utf16_length(text: str) -> int:
    """UTF-16 code units of the text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
