"""Making a composed text fit: as it is, as a thread, or what can be kept of it with the link."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

from chalicelib.core.adapting.composing import Draft, Mark
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Overflow
from chalicelib.core.rules import Rules
from chalicelib.core.text.cutting import Cutter
from chalicelib.core.text.graphemes import joined
from chalicelib.core.text.links import TIGHT, WIDE
from chalicelib.core.text.measures import GAUGES, stand_in
from chalicelib.core.text.offsets import utf8_length
from chalicelib.core.text.spans import find_spans

ELLIPSIS = "…"
_GOES_ON = regex.compile(r"[\p{L}\p{M}\p{N}/%_=&?-]{0,100}+")
EXCERPT = 120
"""Characters of lost text that a change quotes; its span says where all of it is."""


class Piece(NamedTuple):
    """A text that fits, and the marks in it."""

    text: str
    marks: tuple[Mark, ...]
    ragged: bool = False
    """Whether it begins or ends within a word, so that the network may read other links in it than there were."""


class Scale:
    """The network's scales: how much a text weighs, and how much a part may."""

    def __init__(self, rules: Rules, kinds: set[str], reserved: str) -> None:
        self.rules = rules
        self.gauge = GAUGES[rules.text.unit]
        self._special = rules.text.url_weight is not None or rules.text.unit in ("mastodon", "weibo")
        self.reserved = self.gauge.measure(reserved) if reserved else 0
        self._first = _first_limit(rules, kinds)

    def limit(self, number: int) -> int | None:
        """How long part `number` may be, in the network's unit."""
        return self.rules.text.limit if number else self._first

    def measure(self, text: str, marks: Sequence[Mark] = ()) -> int:
        """The length of a text as the network counts it, before rounding."""
        if self._special and marks:
            text = self._countable(text, marks)
        return self.gauge.measure(text) + self.reserved if text else self.reserved

    def length(self, piece: Piece) -> int:
        """The length as the network says it."""
        marks = self._afresh(piece.text) if piece.ragged and self._special else piece.marks
        return self.gauge.shown(self.measure(piece.text, marks))

    def fits(self, piece: Piece, number: int = 0) -> bool:
        """Whether the piece may be sent."""
        limit, bytes_limit = self.limit(number), self.rules.text.bytes_limit
        if limit is not None and self.length(piece) > limit:
            return False
        return bytes_limit is None or utf8_length(piece.text) <= bytes_limit

    def room(self, number: int, suffix: str = "", marks: Sequence[Mark] = ()) -> tuple[int, ...]:
        """What a part may hold besides `suffix`, in each of the cutter's measures."""
        limit, bytes_limit = self.limit(number), self.rules.text.bytes_limit
        spare = self.measure(suffix, marks) + self.gauge.overhead
        room = (10**9 if limit is None else limit * self.gauge.per_unit - spare,)
        return room if bytes_limit is None else (*room, bytes_limit - utf8_length(suffix))

    def cutter(self, draft: Draft, marks: Sequence[Mark]) -> Cutter:
        """The draft, ready to be cut."""
        whole = {mark.start: mark for mark in marks}

        def weigh(starts: list[int], atoms: list[str]) -> tuple[list[int], ...]:
            lengths = [self._atom(whole.get(start), atom) for start, atom in zip(starts, atoms, strict=False)]
            return (
                (lengths,) if self.rules.text.bytes_limit is None else (lengths, [len(atom.encode()) for atom in atoms])
            )

        def alone(start: int, end: int) -> int:
            text = draft.text[start:end]
            return self.measure(text, self._afresh(text)) - self.reserved if _ragged(draft.text, start, end) else 0

        stretches = _stretches(draft.text, marks)
        return Cutter(draft.text, stretches, weigh, alone if self._special else None)

    def _afresh(self, text: str) -> list[Mark]:
        """What the network finds in a text by itself and counts as something else."""
        found = []
        for span in find_spans(text, grammar=WIDE if self.rules.links.wide else TIGHT):
            handle = self.rules.handle_pattern.match(span.value) if span.kind == "mention" else None
            if span.kind == "link" and (self.rules.links.bare or text[span.start : span.start + 4].lower() == "http"):
                found.append(Mark("link", span.start, span.end, span.value))
            elif handle and handle.end():
                found.append(Mark("mention", span.start, span.start + 1 + handle.end(), handle.group()))
        return found

    def _atom(self, mark: Mark | None, atom: str) -> int:
        if mark and self._special:
            size = mark.end - mark.start
            shown = stand_in(mark.type, atom[:size], self.rules.text.unit, self.rules.text.url_weight)
            return self.gauge.atom((shown or atom[:size]) + atom[size:])
        return self.gauge.atom(atom)

    def _countable(self, text: str, marks: Sequence[Mark]) -> str:
        pieces, at = [], 0
        for mark in marks:
            shown = stand_in(mark.type, text[mark.start : mark.end], self.rules.text.unit, self.rules.text.url_weight)
            if shown is not None:
                pieces += [text[at : mark.start], shown]
                at = mark.end
        return "".join([*pieces, text[at:]]) if pieces else text


def _first_limit(rules: Rules, kinds: set[str]) -> int | None:
    if "video" in kinds and rules.text.limit_with_video is not None:
        return rules.text.limit_with_video
    if kinds and rules.text.limit_with_media is not None:
        return rules.text.limit_with_media
    return rules.text.limit


def fit(draft: Draft, scale: Scale, report: Report, overflow: Overflow, *, numbered: bool) -> list[Piece]:
    """The parts to send."""
    whole = _slice(draft, *_stripped(draft.text))
    if scale.fits(whole):
        return [whole]
    limit = f"{scale.length(whole)} of {scale.limit(0)} {scale.rules.text.unit}"
    if overflow == "reject" or (overflow == "thread" and report.reject and scale.rules.thread.mode == "none"):
        report.issue("text_too_long", "text.limit", "text", f"the text is too long: {limit}", error=True)
        return [whole]
    marks = [mark for mark in draft.marks if _can_stay_whole(mark, scale)]
    cutter = scale.cutter(draft, marks)
    if overflow == "thread" and scale.rules.thread.mode != "none":
        return _thread(draft, scale, report, cutter, numbered=numbered)
    return [_truncated(draft, scale, report, cutter)]


def _can_stay_whole(mark: Mark, scale: Scale) -> bool:
    """A hashtag longer than a whole message is cut like any other word."""
    limit = scale.limit(1)
    return mark.type in ("link", "mention") or limit is None or mark.end - mark.start < limit // 2


def _thread(draft: Draft, scale: Scale, report: Report, cutter: Cutter, *, numbered: bool) -> list[Piece]:
    stretches = cutter.split(scale.room)
    if numbered:
        stretches = _numbered(cutter, scale, len(stretches))
    most = scale.rules.thread.max_parts
    kept = stretches if most is None else stretches[:most]
    if len(kept) > 1:
        report.change("thread_split", "text.limit", None, str(len(kept)), span=(0, draft.origin(len(draft.text))))
    if len(kept) < len(stretches):
        _lost(draft, report, "thread.max_parts", kept[-1][1])
    pieces = [_slice(draft, *stretch) for stretch in kept]
    if numbered and len(kept) > 1:
        report.change("numbered", "thread", None, str(len(kept)))
        pieces = [piece._replace(text=f"{piece.text} ({n}/{len(kept)})") for n, piece in enumerate(pieces, 1)]
    return pieces


def _numbered(cutter: Cutter, scale: Scale, count: int) -> list[tuple[int, int]]:
    """The stretches with room for ` (3/12)` behind each; the room grows until the numbers fit in it."""
    suffix = f" ({count}/{count})"
    stretches = cutter.split(lambda number: scale.room(number, suffix))
    return stretches if len(str(len(stretches))) <= len(str(count)) else _numbered(cutter, scale, len(stretches))


def _truncated(draft: Draft, scale: Scale, report: Report, cutter: Cutter) -> Piece:
    """As much of the body as fits before an ellipsis and what must stay: the link and the appended hashtags."""
    for kept, tail in _tails(draft):
        room = scale.room(0, ELLIPSIS + tail.text, _shifted(tail.marks, len(ELLIPSIS)))
        start, end = cutter.head(room)
        if not tail.text or (room[0] > 0 and end <= kept):
            break
    end = min(end, draft.body)
    _lost(draft, report, "text.limit", end)
    if any(mark.start >= draft.body and mark.type == "hashtag" for mark in draft.marks) and kept != draft.body:
        report.change("hashtags_dropped", "text.limit", draft.text[draft.body :].strip())
    head = _slice(draft, start, end)
    text = head.text + ELLIPSIS
    return Piece(text + tail.text, (*head.marks, *_shifted(tail.marks, len(text))), head.ragged)


def _tails(draft: Draft) -> Iterator[tuple[int, Piece]]:
    """What may follow the ellipsis, from most to nothing, and where it is in the draft."""
    if draft.body < len(draft.text):
        yield draft.body, _slice(draft, draft.body, len(draft.text))
    # the first: with the last, adding another link to a text could save more of it than was saved before
    if link := next((mark for mark in draft.marks if mark.type == "link"), None):
        yield link.start, _alone(draft, link)
    yield len(draft.text), Piece("", ())


def _alone(draft: Draft, mark: Mark) -> Piece:
    text = draft.text[mark.start : mark.end]
    return Piece(f" {text}", (mark._replace(start=1, end=1 + len(text)),))


def _lost(draft: Draft, report: Report, rule: str, end: int) -> None:
    """Report that the body is gone from `end` on."""
    lost = draft.text[end : draft.body].strip()
    start, stop = draft.origin(end), draft.origin(draft.body)
    share = (stop - start) / max(1, stop)
    excerpt = lost if len(lost) <= EXCERPT else lost[:EXCERPT] + ELLIPSIS
    report.change("truncated", rule, excerpt, ELLIPSIS, span=(start, stop), loss=max(0.01, share))


def _stripped(text: str) -> tuple[int, int]:
    """The text without the white space around it; a space that carries an accent is none."""
    start = len(text) - len(text.lstrip())
    return start - (1 if start and joined(text[start - 1 : start + 1]) else 0), len(text.rstrip())


def _stretches(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """What may not be cut: every mark, and what a reader may take for the rest of a link."""
    ends = [*(mark.start for mark in marks[1:]), len(text)]
    return [(mark.start, _reach(text, mark, end)) for mark, end in zip(marks, ends, strict=False)]


def _reach(text: str, mark: Mark, limit: int) -> int:
    further = _GOES_ON.match(text, mark.end, limit) if mark.type == "link" else None
    return further.end() if further else mark.end


def _ragged(text: str, start: int, end: int) -> bool:
    """Whether either end is within a word."""
    before, behind = text[max(0, start - 1) : start], text[end : end + 1]
    return bool((before and not before.isspace()) or (behind and not behind.isspace()))


def _slice(draft: Draft, start: int, end: int) -> Piece:
    marks = draft.marks
    first = bisect_left(marks, start, key=lambda mark: mark.start)
    last = bisect_left(marks, end, key=lambda mark: mark.start)
    return Piece(draft.text[start:end], _shifted(marks[first:last], -start), _ragged(draft.text, start, end))


def _shifted(marks: Sequence[Mark], by: int) -> tuple[Mark, ...]:
    return tuple(mark._replace(start=mark.start + by, end=mark.end + by) for mark in marks) if by else tuple(marks)


def shortened(text: str, limit: int, unit: str = "code_points") -> str:
    """A plain line cut to a limit, with an ellipsis where something is gone."""
    gauge = GAUGES[unit]
    if gauge.shown(gauge.measure(text)) <= limit:
        return text
    cutter = Cutter(text, (), lambda _, atoms: ([gauge.atom(atom) for atom in atoms],))
    start, end = cutter.head((limit * gauge.per_unit - gauge.measure(ELLIPSIS),))
    return text[start:end] + ELLIPSIS
