"""The text as one network writes it: mentions by their handles there, warning in front, link and hashtags behind.

Pure: what it changed on the way is in the draft's notes. Networks of one style share a draft.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.core.adapting.linking import Linking
from chalicelib.core.adapting.pieces import Piece
from chalicelib.core.adapting.report import Noted
from chalicelib.core.rules import Style
from chalicelib.core.text.counting import Mark
from chalicelib.core.text.graphemes import joined
from chalicelib.core.text.spans import Span
from chalicelib.core.text.wire import little_text

REPLACED = str.maketrans({"<": "‹", ">": "›", "\ufeff": "\u2060", "\ufffe": "\ufffd", "\uffff": "\ufffd"})
"""What stands in for a character that a network refuses; each is one for one, so that positions stay."""


class Person(NamedTuple):
    """Somebody whom the author's mention map knows: a name, and a handle where there is one on this network."""

    name: str
    handle: str | None


class Around(NamedTuple):
    """What goes around the author's text: a warning in front, a poll's options behind."""

    lead: str = ""
    extra: str = ""


NOTHING = Around()


class Draft:
    """A composed text, the marks in it, and where its stretches are from."""

    def __init__(self, text: str, marks: list[Mark], body: int, anchors: list[tuple[int, int]], notes: list[Noted]):
        self.text = text
        self.marks = marks
        self.body = body
        """Where the author's text ends, and the appended link and hashtags begin."""
        self.notes = notes
        self._anchors = anchors
        self.whole = self.cut(*_stripped(text))
        """All of it as one message."""

    def cut(self, start: int, end: int) -> Piece:
        """A stretch of it as a message."""
        if (start, end) == (0, len(self.text)):
            return Piece(self.text, self.marks)
        first = bisect_right(self.marks, start - 1, key=_mark_start)
        last = bisect_right(self.marks, end - 1, key=_mark_start)
        return Piece(self.text[start:end], shifted(self.marks[first:last], -start), ragged=self.ragged(start, end))

    def ragged(self, start: int, end: int) -> bool:
        """Whether either end is within a word."""
        before, behind = self.text[max(0, start - 1) : start], self.text[end : end + 1]
        return bool((before and not before.isspace()) or (behind and not behind.isspace()))

    def origin(self, position: int) -> int:
        """The place in the canonical text that a place in this one is from."""
        index = bisect_right(self._anchors, position, key=_composed) - 1
        if index < 0:
            return 0
        (here, there), following = self._anchors[index], self._anchors[index + 1 : index + 2]
        return min([there + position - here, *(origin for _, origin in following)])


def _composed(anchor: tuple[int, int]) -> int:
    return anchor[0]


def _mark_start(mark: Mark) -> int:
    return mark.start


def shifted(marks: Sequence[Mark], by: int) -> list[Mark]:
    """The marks so many characters further on."""
    return [mark._replace(start=mark.start + by, end=mark.end + by) for mark in marks]


def _stripped(text: str) -> tuple[int, int]:
    """The text without the white space around it; a space that carries an accent is none."""
    start = len(text) - len(text.lstrip())
    return start - (1 if start and joined(text[start - 1 : start + 1]) else 0), len(text.rstrip())


class Composer:
    """Writes one text in one style."""

    def __init__(self, style: Style, people: Mapping[str, Person], linking: Linking) -> None:
        self._style = style
        self._people = people
        self._linking = linking
        self._tags = self._mentions = self._cashtags = 0
        self._pieces: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []
        self._anchors: list[tuple[int, int]] = []
        self._notes: list[Noted] = []

    def compose(self, text: str, spans: Sequence[Span], around: Around, tags: Sequence[str]) -> Draft:
        """The whole text, with the hashtags `tags` behind it."""
        self._write(around.lead)
        at = 0
        for span in spans:
            self._copy(text, at, span.start)
            at = self._span(text, span)
        self._copy(text, at, len(text))
        self._anchors.append((self._length, len(text)))
        self._write(around.extra)
        body = self._length
        self._append(tags)
        return Draft(self._allowed("".join(self._pieces)), self._marks, body, self._anchors, self._notes)

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def _copy(self, text: str, start: int, end: int) -> None:
        self._anchors.append((self._length, start))
        self._pieces.append(text[start:end])
        self._length += end - start

    def _mark(self, type_: str, shown: str, value: str, wire: str | None = None) -> None:
        start = self._length
        self._pieces.append(shown)
        self._length = end = start + len(shown)
        self._marks.append(Mark(type_, start, end, value, wire))

    def _note(self, code: str, rule: str, before: str, after: str | None, span: Span | None = None) -> None:
        start, end = (span.start, span.end) if span else (None, None)
        self._notes.append(Noted(code, rule, start, end, before, after))

    def _span(self, text: str, span: Span) -> int:
        """Write one span; returns where in the canonical text to go on."""
        kind, start, end, _ = span
        shown = text[start:end]
        if kind == "link":
            return self._link(text, span, shown)
        if kind == "mention":
            return self._literal(span, shown)
        if kind == "person":
            self._person(span, shown, text[end : end + 1])
        elif kind == "hashtag":
            self._hashtag(span, shown, text[end : end + 1])
        else:
            self._cashtag(span, shown)
        return end

    def _link(self, text: str, span: Span, shown: str) -> int:
        linking = self._linking
        if shown == linking.written and linking.remove:
            self._note("link_moved", "links", shown, None, span)
            return span.end + (1 if self._ends_with_gap() and text[span.end : span.end + 1] == " " else 0)
        if shown == linking.written:
            self._mark(linking.type, linking.url, linking.url)
        else:
            known = self._style.bare or shown[:4].lower() == "http"
            self._mark("link" if known else "", shown, span.value)
        return span.end

    def _ends_with_gap(self) -> bool:
        return self._length == 0 or self._pieces[-1][-1:].isspace()

    def _person(self, span: Span, shown: str, following: str) -> None:
        name, handle = self._people[span.value]
        limit = self._style.mentions[1]
        if handle and (limit is None or self._mentions < limit):
            self._mentions += 1
            self._mention(handle, name, following)
        else:
            rule = "mentions.limit" if handle else "mentions.style"
            self._note("mention_plain", rule, shown, name, span)
            self._write(name)

    def _mention(self, handle: str, name: str, following: str) -> None:
        match self._style.mentions[0]:
            case "little_text":
                self._mark("mention", name, handle, f"@[{name}]({handle})")
            case "id":
                self._mark("mention", f"@{name}", handle, f"<@{handle}>")
            case "user":
                self._mark("mention", f"u/{handle}", handle, f"u/{handle}")
            case "facet":
                self._mark("mention", f"@{handle}", handle)
            case _:
                self._mark("mention", f"@{handle}", handle, f"@{handle}")
                self._write(" " if _joins(following) else "")

    def _literal(self, span: Span, shown: str) -> int:
        """A handle that the mention map does not know goes out as it is; the network may see a mention in it."""
        known = re.match(self._style.handle, span.value) if self._style.handle else None
        if known and known.end():
            end = span.start + 1 + known.end()
            self._mark("mention", shown[: known.end() + 1], known.group())
            return end
        self._mark("", shown, span.value)
        return span.end

    def _hashtag(self, span: Span, shown: str, following: str) -> None:
        style, limit, _, _ = self._style.hashtags
        if style == "forbidden":
            self._note("hashtag_plain", "hashtags.style", shown, span.value, span)
            self._write(span.value)
        elif style in ("none", "field"):
            self._mark("", shown, span.value)
        elif limit is not None and self._tags >= limit:
            self._note("hashtags_limited", "hashtags.limit", shown, span.value, span)
            self._write(span.value)
        else:
            self._tags += 1
            self._mark("hashtag", self._tag_text(span.value), span.value, self._tag_wire(span.value))
            self._write(" " if style == "hash" and shown[-1] in "#＃" and _joins(following) else "")

    def _tag_text(self, tag: str) -> str:
        return f"#{tag}#" if self._style.hashtags.style == "topic" else f"#{tag}"

    def _tag_wire(self, tag: str) -> str:
        return f"{{hashtag|\\#|{little_text(tag)}}}" if self._style.hashtags.little else self._tag_text(tag)

    def _cashtag(self, span: Span, shown: str) -> None:
        limit = self._style.cashtags
        if limit == 0:
            self._mark("", shown, span.value)
        elif limit is not None and self._cashtags >= limit:
            self._note("cashtag_plain", "hashtags.cashtags", shown, shown[1:], span)
            self._write(shown[1:])
        else:
            self._cashtags += 1
            self._mark("cashtag", shown, span.value)

    def _append(self, tags: Sequence[str]) -> None:
        """The link and the hashtags behind the text."""
        kept = self._limited(tags)
        if not kept and not self._linking.append:
            return
        written = "".join(self._pieces)
        gap = ("\n\n" if "\n" in written else " ") if written.strip() else ""
        if self._linking.append:
            self._write("" if written.endswith("\n") else gap)
            self._mark(self._linking.type, self._linking.url, self._linking.url)
            gap = gap or " "
        for number, tag in enumerate(kept):
            self._write(" " if number else gap)
            self._mark("hashtag", self._tag_text(tag), tag, self._tag_wire(tag))

    def _limited(self, tags: Sequence[str]) -> list[str]:
        """Those of the hashtags asked for that the network has a use and room for."""
        style, limit, length, _ = self._style.hashtags
        kept: list[str] = []
        for tag in () if style == "field" else tags:
            if style in ("none", "forbidden"):
                self._note("hashtags_dropped", "hashtags.style", tag, None)
            elif length is not None and len(tag) > length:
                self._note("hashtags_dropped", "hashtags.length", tag, None)
            elif limit is not None and self._tags >= limit:
                self._note("hashtags_limited", "hashtags.limit", tag, None)
            else:
                self._tags += 1
                kept.append(tag)
        return kept

    def _allowed(self, text: str) -> str:
        """The text with the like of it in the place of every character that the network refuses."""
        found = "".join(character for character in self._style.forbidden if character in text)
        if not found:
            return text
        table = {ord(character): REPLACED[ord(character)] for character in found}
        self._note("characters_replaced", "text.forbidden", found, found.translate(table))
        return text.translate(table)


def _joins(following: str) -> bool:
    """Whether the next character would become part of a hashtag or handle."""
    return following.isalnum() or (following != "" and following in "_#＃@＠")
