"""Counting a text with links and mentions in it, some of which count as something else than they are."""

from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.core.text.links import TIGHT, WIDE
from chalicelib.core.text.measures import GAUGES, stand_in
from chalicelib.core.text.spans import find_spans


class Mark(NamedTuple):
    """A span of a composed text. `type` is empty where the network makes nothing of it; it stays whole anyway."""

    type: str
    start: int
    end: int
    value: str
    wire: str | None = None
    """What goes out instead of the escaped text."""


class Counting(NamedTuple):
    """How a network counts a text with links and mentions in it."""

    unit: str
    url_weight: int | None
    bare: bool
    wide: bool

    @property
    def plain(self) -> bool:
        """Whether everything counts as what it is."""
        return self.url_weight is None and self.unit not in ("mastodon", "weibo")

    def measure(self, text: str, marks: Sequence[Mark] = ()) -> int:
        """The length of a text, before rounding to the network's unit."""
        return GAUGES[self.unit].measure(text if self.plain or not marks else self._countable(text, marks))

    def alone(self, text: str) -> int:
        """The length of a text that was cut out of a word: the network may read other links in it than there were."""
        return self.measure(text, self._afresh(text))

    def shown(self, mark: Mark, text: str) -> str:
        """What is counted for a mark that looks like `text`."""
        found = None if self.plain else stand_in(mark.type, text, self.unit, self.url_weight)
        return text if found is None else found

    def _countable(self, text: str, marks: Sequence[Mark]) -> str:
        pieces, at = [], 0
        for mark in marks:
            pieces += [text[at : mark.start], self.shown(mark, text[mark.start : mark.end])]
            at = mark.end
        return "".join([*pieces, text[at:]])

    def _afresh(self, text: str) -> list[Mark]:
        spans = find_spans(text, grammar=WIDE if self.wide else TIGHT)
        return [
            Mark(span.kind, span.start, span.end, span.value)
            for span in spans
            if span.kind == "mention" or (span.kind == "link" and (self.bare or _schemed(text, span.start)))
        ]


def _schemed(text: str, start: int) -> bool:
    return text[start : start + 4].lower() == "http"
