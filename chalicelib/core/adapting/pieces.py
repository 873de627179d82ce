"""One message's text with its marks: what the network sees in it, counts and is sent."""

from collections.abc import Sequence

from chalicelib.core.rendition import Markup
from chalicelib.core.rules import Counting
from chalicelib.core.text.counting import Mark, measure, measure_alone
from chalicelib.core.text.offsets import Encoding, offsets, utf8_length
from chalicelib.core.text.wire import DIALECTS


class Piece:
    """A text and the marks in it. Networks that write alike share their pieces, so everything is worked out once."""

    def __init__(self, text: str, marks: Sequence[Mark], *, ragged: bool = False) -> None:
        self.text = text
        self.marks = marks
        self.bytes = utf8_length(text)
        self.ragged = ragged
        """Whether it was cut out of a word."""
        self._lengths: dict[Counting, int] = {}
        self._markup: dict[Encoding, tuple[Markup, ...]] = {}
        self._wires: dict[str, str | None] = {}

    def length(self, counting: Counting) -> int:
        """The length before rounding."""
        if (found := self._lengths.get(counting)) is None:
            found = measure_alone(self.text, counting) if self.ragged else measure(self.text, counting, self.marks)
            self._lengths[counting] = found
        return found

    def markup(self, encoding: Encoding) -> tuple[Markup, ...]:
        """The marks that mean something, with positions in this encoding."""
        if (found := self._markup.get(encoding)) is None:
            found = tuple([Markup(type_, start, end, value) for type_, start, end, value, _ in self.marks if type_])
            if encoding != "code_points" and not self.text.isascii():
                found = self._moved(found, encoding)
            self._markup[encoding] = found
        return found

    def _moved(self, marks: tuple[Markup, ...], encoding: Encoding) -> tuple[Markup, ...]:
        places = iter(offsets(self.text, [at for mark in marks for at in (mark.start, mark.end)], encoding))
        return tuple(Markup(mark.type, next(places), next(places), mark.value) for mark in marks)

    def wire(self, markup: str) -> str | None:
        """The text as it is sent, or None where that is the text itself."""
        if markup not in self._wires:
            self._wires[markup] = self._wired(markup) if markup in DIALECTS else None
        return self._wires[markup]

    def _wired(self, markup: str) -> str | None:
        dialect, pieces, at = DIALECTS[markup], list[str](), 0
        escape = dialect.opening or dialect.escape
        for mark in self.marks:
            shown = self.text[mark.start : mark.end]
            wire = mark.wire if mark.wire is not None else dialect.link(shown) if mark.type == "link" else None
            if wire is not None:
                pieces += [escape(self.text[at : mark.start]), wire]
                at, escape = mark.end, dialect.escape
        wired = dialect.finish("".join([*pieces, escape(self.text[at:])]))
        return wired if wired != self.text else None
