"""Texts as one compares them: case, width and hidden characters aside, with the way back to what the author wrote."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

import regex

from chalicelib.core.text.graphemes import graphemes

UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\u30fc"  # the long-vowel mark, which Unicode counts to no one script
)
"""Scripts that write words without spaces between them, and Korean, which writes endings without."""
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{UNSPACED}]]"
"""What words of the other scripts are made of; a set of `regex` version 1."""
_IS_LETTER = regex.compile(_LETTER, regex.V1)
_WORDS = regex.compile(rf"[{UNSPACED}]|{_LETTER}+(?:['’]{_LETTER}+)*+", regex.V1)
_HIDDEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\u0334-\u0338\u20d0-\u20ff]+")
"""What nobody sees, and strokes through a letter."""
_GAPS = regex.compile(rf"(?<=[{UNSPACED}])(?P<out>(?:[^\S\n]|[*·•_|~])++)(?=[{UNSPACED}])|\s\s++|[^\S ]")
"""What is left `out` between two Han characters, and other white space, of which a single blank is left."""
_MOST_MARKS = 30
"""Where https://unicode.org/reports/tr15/#Stream_Safe_Text_Format draws the line; sorting more takes quadratic time."""


class Place(NamedTuple):
    """A stretch of a folded text."""

    start: int
    end: int

    def within(self, other: "Place") -> bool:
        """Whether all of it lies in the other."""
        return other.start <= self.start and self.end <= other.end


class Folded:
    """A folded text, and where each of its characters stood."""

    def __init__(self, text: str, starts: Sequence[int], ends: Sequence[int]) -> None:
        self.text = text
        self._starts = starts
        self._ends = ends

    def origin(self, place: Place) -> Place:
        """The same stretch of the text as it was written, in code points."""
        return Place(self._starts[place.start], self._ends[place.end - 1])

    def find(self, term: str) -> Iterator[Place]:
        """Everywhere that a folded term stands: a word as a whole word, Han wherever it is."""
        at = self.text.find(term) if term else -1
        while at >= 0:
            end = at + len(term)
            if not (_joined(self.text, at) or _joined(self.text, end)):
                yield Place(at, end)
            at = self.text.find(term, at + 1)


def fold(text: str) -> Folded:
    """A text as one compares it: NFKC and without case, no hidden characters, no blanks between Han characters."""
    if text.isascii():
        return _without_gaps(text.lower(), range(len(text)), range(1, len(text) + 1))
    letters, starts, ends, at = list[str](), list[int](), list[int](), 0
    for cluster in graphemes(text):
        end = at + len(cluster)
        for letter in _folded(cluster):
            letters.append(letter)
            starts.append(at)
            ends.append(end)
        at = end
    return _without_gaps("".join(letters), starts, ends)


@lru_cache(8192)
def folded(term: str) -> str:
    """A term as it stands in folded texts."""
    return fold(term.strip()).text


def whole(terms: Iterable[str]) -> "regex.Pattern[str]":
    """What finds any of the terms as they are written, the longest first; those of letters as whole words."""
    each = [
        (f"(?<!{_LETTER})" if _IS_LETTER.match(term[0]) else "")
        + regex.escape(term)
        + (f"(?!{_LETTER})" if _IS_LETTER.match(term[-1]) else "")
        for term in sorted(terms, key=len, reverse=True)
    ]
    return regex.compile("|".join(each), regex.V1)


def words(text: str) -> list[str]:
    """The units of a text: words of scripts that have spaces, single characters of those that have none."""
    return _WORDS.findall(fold(text).text)


@lru_cache(8192)
def _folded(cluster: str) -> str:
    seen = _HIDDEN.sub("", cluster[: _MOST_MARKS + 1])
    return normalize("NFKC", normalize("NFKC", seen).casefold())


def _without_gaps(text: str, starts: Sequence[int], ends: Sequence[int]) -> Folded:
    letters, kept, at = list[str](), list[int](), 0
    for gap in _GAPS.finditer(text):
        blank = 0 if gap["out"] else 1
        letters += (text[at : gap.start()], " " * blank)
        kept += range(at, gap.start() + blank)
        at = gap.end()
    if not at:
        return Folded(text, starts, ends)
    kept += range(at, len(text))
    letters.append(text[at:])
    return Folded("".join(letters), [starts[index] for index in kept], [ends[index] for index in kept])


def _joined(text: str, at: int) -> bool:
    """Whether the letters before and behind a place are of one word."""
    around = text[max(0, at - 1) : at + 1]
    return 0 < at < len(text) and all(map(_IS_LETTER.match, around))
