"""Cutting a text where it hurts least: at a sentence, else a clause, else a word, else a grapheme; never inside a span.

A text becomes atoms (graphemes and whole spans); its length up to every atom is a running sum in each measure.
So the furthest atom that fits, and the best place before it, are bisections, and splitting is linear.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import regex

from chalicelib.core.text.graphemes import graphemes

_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}\u30fc"
_OPENING = r"“‘「『（【《〈［｛(\[{\"'"
_CLOSING = r"”’」』）】》〉］｝)\]}"
_NOT_FIRST = rf"{_CLOSING}。！？，、；：…·ー～!?,.;:ぁぃぅぇぉっゃゅょァィゥェォッャュョ々"
"""What may not begin a line of Chinese or Japanese: https://www.w3.org/TR/jlreq/#characters_not_starting_a_line"""

_SENTENCE = regex.compile(rf"(?<![.!?…])[.!?…]++[{_CLOSING}\"']*+(?=\s)|[。！？｡]++[{_CLOSING}]*+|(?=\n)")
_CLAUSE = regex.compile(rf"(?<![,;:–—])[,;:–—]++[{_CLOSING}\"']*+(?=\s)|[，、；：]++[{_CLOSING}]*+")
_WORD = regex.compile(
    rf"(?<=\S)(?=\s)|(?<=[{_CJK}{_CLOSING}。！？，、；：…])(?=[{_CJK}{_OPENING}\w])(?<![{_OPENING}])(?![{_NOT_FIRST}])"
    rf"|(?<=\w)(?=[{_CJK}])(?![{_NOT_FIRST}])"
)
_LEVELS = ((_SENTENCE, 0.5), (_CLAUSE, 0.65), (_WORD, 0.0))
"""Where to cut, and how full a part must be to be cut there rather than one level down."""

Room = Callable[[int], tuple[int, ...]]
"""How much part number n may hold, in each measure."""


Weigh = Callable[[list[int], list[str]], tuple[list[int], ...]]
"""From atoms, and where they start, to their lengths in each measure."""


Alone = Callable[[int, int], int]
"""The length of a stretch by itself, in the first measure: cut in a word, it may read as something else."""


class Cutter:
    """A text in atoms, ready to be cut; `whole` are the stretches that stay whole."""

    def __init__(self, text: str, whole: Sequence[tuple[int, int]], weigh: Weigh, alone: Alone | None = None):
        self._alone = alone
        self.starts = _boundaries(text, whole)
        atoms = [text[start:end] for start, end in pairwise(self.starts)]
        self._sums = tuple(list(accumulate(weights, initial=0)) for weights in weigh(self.starts, atoms))
        self._spaces = [atom.isspace() for atom in atoms] + [False]
        self._text = text
        self._ends: list[list[int]] = []

    def split(self, room: Room) -> list[tuple[int, int]]:
        """The parts, as stretches of the text without the white space around them."""
        parts: list[tuple[int, int]] = []
        first, last = self._trim(0, len(self.starts) - 1)
        while first < last:
            cut = self._cut(first, last, room(len(parts)))
            parts.append((self.starts[first], self.starts[self._trim(first, cut)[1]]))
            first = self._trim(cut, last)[0]
        return parts

    def head(self, room: tuple[int, ...]) -> tuple[int, int]:
        """The first part alone."""
        first, last = self._trim(0, len(self.starts) - 1)
        cut = self._cut(first, last, room) if first < last else first
        return self.starts[first], self.starts[self._trim(first, cut)[1]]

    def _trim(self, first: int, last: int) -> tuple[int, int]:
        """Without white space at both ends."""
        while first < last and self._spaces[first]:
            first += 1
        while first < last and self._spaces[last - 1]:
            last -= 1
        return first, last

    def _cut(self, first: int, last: int, room: tuple[int, ...]) -> int:
        """The best atom to end before, so that what is cut off fits by itself too."""
        cut, space = self._best(first, last, room), room[0]
        while self._alone and cut > first + 1:
            over = self._alone(self.starts[first], self.starts[cut]) - room[0]
            if over <= 0:
                break
            space -= over
            cut = self._best(first, last, (space, *room[1:]))
        return cut

    def _best(self, first: int, last: int, room: tuple[int, ...]) -> int:
        """The best atom to end before: everything, or the fullest part at the highest level; at least one atom."""
        furthest = min(
            bisect_right(sums, sums[first] + space, first) - 1 for sums, space in zip(self._sums, room, strict=True)
        )
        if furthest >= last:
            return last
        for level, (_, fullness) in enumerate(_LEVELS):
            ends = self._level(level)
            found = bisect_right(ends, furthest) - 1
            if found >= 0 and ends[found] > first and self._fills(first, ends[found], room, fullness):
                return ends[found]
        return max(furthest, first + 1)

    def _level(self, level: int) -> list[int]:
        """The atoms that a sentence, clause or word ends before, in order; found when they are first asked for."""
        while len(self._ends) <= level:
            index = {start: number for number, start in enumerate(self.starts)}
            pattern = _LEVELS[len(self._ends)][0]
            self._ends.append([index[at] for at in _ends(pattern, self._text) if at in index])
        return self._ends[level]

    def _fills(self, first: int, cut: int, room: tuple[int, ...], fullness: float) -> bool:
        return any(sums[cut] - sums[first] >= space * fullness for sums, space in zip(self._sums, room, strict=True))


def _boundaries(text: str, whole: Sequence[tuple[int, int]]) -> list[int]:
    """Where atoms begin, and the end of the text: at every grapheme that is not within a stretch."""
    starts = [0, *accumulate(map(len, graphemes(text)))]
    kept, at = list[int](), 0
    for start, end in whole:
        inside = bisect_right(starts, start, at)
        kept += starts[at:inside]
        at = bisect_left(starts, end, inside)
    return kept + starts[at:]


def _ends(pattern: regex.Pattern[str], text: str) -> list[int]:
    return [match.end() for match in pattern.finditer(text)]
