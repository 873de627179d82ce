"""Making a composed text fit: as it is, as a thread, or what can be kept of it with the link."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import regex

from chalicelib.core.adapting.composing import Draft, shifted
from chalicelib.core.adapting.pieces import Piece
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Media, Overflow
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Rules
from chalicelib.core.text.counting import Mark, measure, measure_alone
from chalicelib.core.text.cutting import Cutter
from chalicelib.core.text.measures import GAUGES
from chalicelib.core.text.offsets import utf8_length

ELLIPSIS = "…"
EXCERPT = 120
"""Characters of lost text that a change quotes; its span says where all of it is."""
_UNLIMITED = 10**9
_GOES_ON = regex.compile(r"[\p{L}\p{M}\p{N}/%_=&?-]{0,100}+")
"""What a reader may take for the rest of a link."""


class Scale:
    """How much a message of this network may hold, and how much a piece is of that."""

    def __init__(self, rules: Rules, limit: int | None, reserved: str | None = None) -> None:
        """`limit` is that of the first message; `reserved` is counted in every one."""
        self.rules = rules
        self.counting = rules.counting
        self.gauge = GAUGES[rules.text.unit]
        self._first = limit
        self._reserved = self.gauge.measure(reserved) if reserved else 0

    def limit(self, number: int) -> int | None:
        """How long message `number` may be, in the network's unit."""
        return self.rules.text.limit if number else self._first

    def length(self, piece: Piece) -> int:
        """How long the network says that the piece is."""
        return self.gauge.shown(piece.length(self.counting) + self._reserved)

    def fits(self, piece: Piece, number: int = 0) -> bool:
        """Whether the piece may be sent."""
        limit, bytes_limit = self.limit(number), self.rules.text.bytes_limit
        return (limit is None or self.length(piece) <= limit) and (bytes_limit is None or piece.bytes <= bytes_limit)

    def part(self, piece: Piece, number: int = 0, media: tuple[Media, ...] = ()) -> Part:
        """The piece as message `number`."""
        text = self.rules.text
        return Part(
            piece.text,
            self.length(piece),
            self.limit(number),
            text.unit,
            piece.bytes,
            text.bytes_limit,
            piece.markup(text.offsets),
            media,
            piece.wire(text.markup),
        )

    def room(self, number: int, suffix: str = "", marks: Sequence[Mark] = ()) -> tuple[int, ...]:
        """What a message may hold besides `suffix`, in each of the cutter's measures."""
        limit, bytes_limit = self.limit(number), self.rules.text.bytes_limit
        spare = self.gauge.overhead + self._reserved + (measure(suffix, self.counting, marks) if suffix else 0)
        room = (_UNLIMITED if limit is None else limit * self.gauge.per_unit - spare,)
        return room if bytes_limit is None else (*room, bytes_limit - utf8_length(suffix))

    def cutter(self, draft: Draft, marks: Sequence[Mark]) -> Cutter:
        """The draft, ready to be cut, the marks staying whole."""

        def weigh(starts: list[int], atoms: list[str]) -> tuple[list[int], ...]:
            lengths = list(map(self.gauge.atom, atoms))
            if not self.counting.plain:
                self._weigh_marks(lengths, starts, atoms, marks)
            sizes = [utf8_length(atom) for atom in atoms] if self.rules.text.bytes_limit is not None else None
            return (lengths,) if sizes is None else (lengths, sizes)

        def alone(start: int, end: int) -> int:
            return measure_alone(draft.text[start:end], self.counting) if draft.ragged(start, end) else 0

        return Cutter(draft.text, _stretches(draft.text, marks), weigh, None if self.counting.plain else alone)

    def _weigh_marks(self, lengths: list[int], starts: list[int], atoms: list[str], marks: Sequence[Mark]) -> None:
        """Correct the lengths of the atoms that hold a mark."""
        holders: dict[int, list[Mark]] = {}
        for mark in marks:
            holders.setdefault(bisect_right(starts, mark.start) - 1, []).append(mark)
        for index, held in holders.items():
            lengths[index] = measure(atoms[index], self.counting, shifted(held, -starts[index]))


def _stretches(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    ends = [*(mark.start for mark in marks[1:]), len(text)]
    return [(mark.start, _reach(text, mark, end)) for mark, end in zip(marks, ends, strict=False)]


def _reach(text: str, mark: Mark, limit: int) -> int:
    further = _GOES_ON.match(text, mark.end, limit) if mark.type == "link" else None
    return further.end() if further else mark.end


def fit(draft: Draft, scale: Scale, report: Report, overflow: Overflow, *, numbered: bool = False) -> list[Piece]:
    """The messages to send."""
    whole = draft.whole
    if scale.fits(whole):
        return [whole]
    threads = scale.rules.thread.mode != "none"
    if overflow == "reject" or (overflow == "thread" and report.reject and not threads):
        length = f"{scale.length(whole)} of {scale.limit(0)} ({scale.rules.text.unit})"
        report.issue("text_too_long", "text.limit", "text", f"the text is too long: {length}", error=True)
        return [whole]
    cutter = scale.cutter(draft, [mark for mark in draft.marks if _stays_whole(mark, scale)])
    if overflow == "thread" and threads:
        pieces = _thread(draft, scale, report, cutter, numbered=numbered)
    else:
        pieces = [_truncated(draft, scale, report, cutter)]
    if not all(scale.fits(piece, number) for number, piece in enumerate(pieces)):
        message = "a single link, mention or character is longer than a whole message may be"
        report.issue("text_uncuttable", "text.limit", "text", message, error=True)
    return pieces


def _stays_whole(mark: Mark, scale: Scale) -> bool:
    """A hashtag that is half a message long is cut like any other word."""
    limit = scale.limit(1)
    return mark.type in ("link", "mention") or limit is None or mark.end - mark.start < limit // 2


def _thread(draft: Draft, scale: Scale, report: Report, cutter: Cutter, *, numbered: bool) -> list[Piece]:
    stretches = cutter.split(scale.room)
    if numbered and len(stretches) > 1:
        stretches = _numbered(cutter, scale, len(stretches))
    kept = stretches[: scale.rules.thread.max_parts]
    if len(kept) > 1:
        report.change("thread_split", "text.limit", None, str(len(kept)), span=(0, draft.origin(len(draft.text))))
    if len(kept) < len(stretches):
        _lost(draft, report, "thread.max_parts", kept[-1][1])
    report.starts = [draft.origin(start) for start, _ in kept]
    pieces = [draft.cut(*stretch) for stretch in kept]
    return _with_numbers(pieces, report) if numbered and len(pieces) > 1 else pieces


def _with_numbers(pieces: list[Piece], report: Report) -> list[Piece]:
    report.change("numbered", "thread", None, str(len(pieces)))
    return [
        Piece(f"{piece.text} ({number}/{len(pieces)})", piece.marks, ragged=piece.ragged)
        for number, piece in enumerate(pieces, 1)
    ]


def _numbered(cutter: Cutter, scale: Scale, count: int) -> list[tuple[int, int]]:
    """The stretches with room for ` (3/12)` behind each; the room grows until the numbers fit in it."""
    suffix = f" ({count}/{count})"
    stretches = cutter.split(lambda number: scale.room(number, suffix))
    return stretches if len(str(len(stretches))) <= len(str(count)) else _numbered(cutter, scale, len(stretches))


def _truncated(draft: Draft, scale: Scale, report: Report, cutter: Cutter) -> Piece:
    """As much of the body as fits before an ellipsis and what must stay: the link and the appended hashtags."""
    for kept, text, marks in _tails(draft):
        room = scale.room(0, ELLIPSIS + text, shifted(marks, len(ELLIPSIS)))
        start, end = cutter.head(room)
        if not text or (room[0] > 0 and end <= kept):
            break
    end = min(end, draft.body)
    _lost(draft, report, "text.limit", end)
    if kept != draft.body and any(mark.start >= draft.body and mark.type == "hashtag" for mark in draft.marks):
        report.change("hashtags_dropped", "text.limit", draft.text[draft.body :].strip())
    head = draft.cut(start, end)
    before = head.text + ELLIPSIS
    return Piece(before + text, [*head.marks, *shifted(marks, len(before))], ragged=head.ragged)


def _tails(draft: Draft) -> Iterator[tuple[int, str, Sequence[Mark]]]:
    """What may follow the ellipsis, from most to nothing, and where it is in the draft."""
    if draft.body < len(draft.text):
        appended = draft.cut(draft.body, len(draft.text))
        yield draft.body, appended.text, appended.marks
    # the first: with the last, adding another link to a text could save more of it than was saved before
    if link := next((mark for mark in draft.marks if mark.type == "link"), None):
        text = draft.text[link.start : link.end]
        yield link.start, f" {text}", [link._replace(start=1, end=1 + len(text))]
    yield len(draft.text), "", []


def _lost(draft: Draft, report: Report, rule: str, end: int) -> None:
    """Report that the body is gone from `end` on."""
    lost = draft.text[end : draft.body].strip()
    start, stop = draft.origin(end), draft.origin(draft.body)
    excerpt = lost if len(lost) <= EXCERPT else lost[:EXCERPT] + ELLIPSIS
    share = (stop - start) / max(1, stop)
    report.change("truncated", rule, excerpt, ELLIPSIS, span=(start, stop), loss=max(0.01, share))


def shortened(text: str, limit: int, unit: str = "code_points") -> str:
    """A plain line cut to a limit, at a word where that keeps half of it, with an ellipsis for what is gone."""
    gauge = GAUGES[unit]
    if gauge.shown(gauge.measure(text)) <= limit:
        return text
    if text.isascii():
        end = text.rfind(" ", limit // 2, limit)
        return text[: end if end > 0 else limit - 1].rstrip() + ELLIPSIS
    room = (limit * gauge.per_unit - gauge.measure(ELLIPSIS),)
    cutter = Cutter(text[: 8 * limit], (), lambda _, atoms: ([gauge.atom(atom) for atom in atoms],))
    start, end = cutter.head(room)
    return text[start:end] + ELLIPSIS
