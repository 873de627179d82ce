"""Counting a text with links and mentions in it, some of which count as something else than they are."""

from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.core.rules import Counting
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


def measure(text: str, counting: Counting, marks: Sequence[Mark] = ()) -> int:
    """The length of a text, before rounding to the network's unit."""
    return GAUGES[counting.unit].measure(text if counting.plain or not marks else _countable(text, counting, marks))


def measure_alone(text: str, counting: Counting) -> int:
    """The length of a text that was cut out of a word: the network may read other links in it than there were."""
    return measure(text, counting, () if counting.plain else _afresh(text, counting))


def _countable(text: str, counting: Counting, marks: Sequence[Mark]) -> str:
    """The text with what is counted in the place of every mark."""
    pieces, at = [], 0
    for mark in marks:
        shown = text[mark.start : mark.end]
        counted = stand_in(mark.type, shown, counting.unit, counting.url_weight)
        pieces += [text[at : mark.start], shown if counted is None else counted]
        at = mark.end
    return "".join([*pieces, text[at:]])


def _afresh(text: str, counting: Counting) -> list[Mark]:
    spans = find_spans(text, grammar=WIDE if counting.wide else TIGHT)
    return [
        Mark(span.kind, span.start, span.end, span.value)
        for span in spans
        if span.kind == "mention" or (span.kind == "link" and (counting.bare or _schemed(text, span.start)))
    ]


def _schemed(text: str, start: int) -> bool:
    return text[start : start + 4].lower() == "http"
