"""The text as one network writes it: mentions by their handles there, warning in front, link and hashtags behind.

Pure: what it changed on the way is in the draft's notes. Networks of one style share a draft.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.core.adapting.linking import Linking
from chalicelib.core.adapting.pieces import Piece
from chalicelib.core.adapting.report import Noted, kept
from chalicelib.core.rules import Style
from chalicelib.core.text.counting import Mark
from chalicelib.core.text.graphemes import joined
from chalicelib.core.text.spans import Span, readable
from chalicelib.core.text.wire import little_text

REPLACED = str.maketrans({"<": "‹", ">": "›", "\ufeff": "\u2060", "\ufffe": "\ufffd", "\uffff": "\ufffd"})
"""What stands in for a character that a network refuses; each is one for one, so that positions stay."""


class Around(NamedTuple):
    """What goes around the author's text: a warning in front, a poll's options behind."""

    lead: str = ""
    extra: str = ""


NOTHING = Around()


class Draft:
    """A composed text, the marks in it, and where its stretches are from."""

    def __init__(
        self,
        text: str,
        marks: list[Mark],
        body: int,
        anchors: list[tuple[int, int]],
        own: tuple[int, int],
        notes: list[Noted],
    ):
        self.text = text
        self.marks = marks
        self.body = body
        """Where the appended link and hashtags begin."""
        self.notes = notes
        self.kept = kept(notes)
        """How much of what was meant is left in it."""
        self._anchors = anchors
        self._own = own
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
        return canonical(min([there + position - here, *(origin for _, origin in following)]), self._own)


def canonical(position: int, own: tuple[int, int]) -> int:
    """A place in what was composed of as one in the author's `own` stretch of it, or at its nearer end."""
    return min(max(position, own[0]), own[1]) - own[0]


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


Written = tuple[str | None, str, str, str | None, str]
"""A span as the network writes it: what to mark it as (None for nothing), text, value, wire, and a gap behind it."""


class Composer:
    """Writes one text in one style."""

    def __init__(
        self, style: Style, names: Mapping[str, str], handles: Mapping[str, str | None], linking: Linking
    ) -> None:
        """`names` and `handles` are those of the people in the author's mention map, by key."""
        self._style = style
        self._names = names
        self._handles = handles
        self._linking = linking
        self._tags = self._mentions = self._cashtags = 0
        self._notes: list[Noted] = []
        self._writers = {
            "link": self._link,
            "person": self._person,
            "mention": self._literal,
            "hashtag": self._hashtag,
            "topic": self._topic,
            "cashtag": self._cashtag,
        }

    def compose(self, text: str, spans: Sequence[Span], own: tuple[int, int], tags: Sequence[str]) -> Draft:
        """The whole text, of which the stretch `own` is the author's, with the hashtags `tags` behind it."""
        pieces, marks, anchors = list[str](), list[Mark](), [(0, 0)]
        shift, at, self._own = 0, 0, own
        for span in spans:
            kind, start, end, _ = span
            shown = text[start:end]
            type_, new, value, wire, gap = self._writers[kind](span, shown, text[end : end + 1])
            if type_ is not None:
                marks.append(Mark(type_, start + shift, start + shift + len(new), value, wire))
            if new != shown or gap:
                end += self._gap_too(text, start, end) if not new else 0
                pieces += (text[at:start], new, gap)
                shift += len(new) + len(gap) - (end - start)
                at = end
                anchors.append((end + shift, end))
        pieces.append(text[at:])
        body = len(text) + shift
        anchors.append((body, len(text)))
        self._append("".join(pieces) if tags or self._linking.append else "", body, tags, pieces, marks)
        return Draft(self._allowed("".join(pieces)), marks, body, anchors, own, self._notes)

    def _gap_too(self, text: str, start: int, end: int) -> int:
        """How much more to take out with a span, so that no two spaces are left."""
        return 1 if (start == 0 or text[start - 1].isspace()) and text[end : end + 1] == " " else 0

    def _note(self, code: str, rule: str, before: str, after: str | None, span: Span | None = None) -> None:
        own = span is not None and self._own[0] <= span.start and span.end <= self._own[1]
        start, end = (span.start - self._own[0], span.end - self._own[0]) if span and own else (None, None)
        self._notes.append(Noted(code, rule, start, end, before, after))

    def _link(self, span: Span, shown: str, _: str) -> Written:
        linking = self._linking
        if shown == linking.written and linking.removed:
            rule = "links.inline" if linking.removed == "link_dropped" else "comment.mode"
            self._note(linking.removed, rule, shown, None, span)
            return None, "", "", None, ""
        if shown == linking.written:
            return linking.type, linking.url, linking.url, None, ""
        known = self._style.bare or shown[:4].lower() == "http"
        return "link" if known else "", shown, span.value, None, ""

    def _person(self, span: Span, shown: str, following: str) -> Written:
        name, handle = self._names[span.value], self._handles.get(span.value)
        limit = self._style.mentions[1]
        if handle and (limit is None or self._mentions < limit):
            self._mentions += 1
            return self._mention(handle, name, following)
        self._note("mention_plain", "mentions.limit" if handle else "mentions.style", shown, name, span)
        return None, name, "", None, ""

    def _mention(self, handle: str, name: str, following: str) -> Written:
        match self._style.mentions[0]:
            case "little_text":
                return "mention", name, handle, f"@[{name}]({handle})", ""
            case "id":
                return "mention", f"@{name}", handle, f"<@{handle}>", ""
            case "user":
                return "mention", f"u/{handle}", handle, f"u/{handle}", ""
            case "facet":
                return "mention", f"@{handle}", handle, None, ""
            case _:
                return "mention", f"@{handle}", handle, f"@{handle}", " " if _joins(following) else ""

    def _literal(self, span: Span, shown: str, _: str) -> Written:
        """A handle that the mention map does not know goes out as it is; the network may see a mention in it."""
        known = re.match(self._style.handle, span.value) if self._style.handle else None
        if known is None or not known.end():
            return "", shown, span.value, None, ""
        end = known.end() + 1
        return "mention", shown[:end], known.group(), None, shown[end:]

    def _hashtag(self, span: Span, shown: str, following: str) -> Written:
        style, limit, _, little = self._style.hashtags
        tag = readable(span.value, style)
        if style in ("none", "field"):
            return "", shown, tag, None, ""
        if style == "forbidden" or (limit is not None and self._tags >= limit):
            code, rule = ("hashtag_plain", "style") if style == "forbidden" else ("hashtags_limited", "limit")
            self._note(code, f"hashtags.{rule}", shown, tag, span)
            return None, tag, "", None, ""
        if tag != span.value:
            self._note("hashtag_changed", "hashtags.style", shown, tag, span)
        self._tags += 1
        gap = " " if style == "hash" and shown[-1] in "#＃" and _joins(following) else ""
        text = f"#{tag}#" if style == "topic" else f"#{tag}"
        return "hashtag", text, tag, _template(tag) if little else text, gap

    def _topic(self, span: Span, shown: str, following: str) -> Written:
        """`#话题#` right behind a word: a hashtag only where it ends with a mark of its own."""
        if self._style.hashtags.style in ("topic", "forbidden"):
            return self._hashtag(span, shown, following)
        return "", shown, span.value, None, ""

    def _cashtag(self, span: Span, shown: str, _: str) -> Written:
        limit = self._style.cashtags
        if limit == 0:
            return "", shown, span.value, None, ""
        if limit is not None and self._cashtags >= limit:
            self._note("cashtag_plain", "hashtags.cashtags", shown, shown[1:], span)
            return None, shown[1:], "", None, ""
        self._cashtags += 1
        return "cashtag", shown, span.value, None, ""

    def _append(self, written: str, at: int, tags: Sequence[str], pieces: list[str], marks: list[Mark]) -> None:
        """Add the link and the hashtags behind the text."""
        gap = ("\n\n" if "\n" in written else " ") if written.strip() else ""
        behind: list[Written] = []
        if self._linking.append:
            gap_here = "" if written.endswith("\n") else gap
            behind.append((self._linking.type, self._linking.url, self._linking.url, None, gap_here))
            gap = gap or " "
        style, _, _, little = self._style.hashtags
        for number, tag in enumerate(self._limited(tags)):
            text = f"#{tag}#" if style == "topic" else f"#{tag}"
            behind.append(("hashtag", text, tag, _template(tag) if little else text, " " if number else gap))
        for type_, text, value, wire, before in behind:
            pieces += (before, text)
            start = at + len(before)
            at = start + len(text)
            marks.append(Mark(type_ or "", start, at, value, wire))

    def _limited(self, tags: Sequence[str]) -> list[str]:
        """Those of the hashtags asked for that the network has a use and room for."""
        style, limit, length, _ = self._style.hashtags
        kept: list[str] = []
        for asked in () if style == "field" else tags:
            tag = readable(asked, style)
            if style in ("none", "forbidden") or not tag:
                self._note("hashtags_dropped", "hashtags.style", asked, None)
            elif length is not None and len(tag) > length:
                self._note("hashtags_dropped", "hashtags.length", tag, None)
            elif limit is not None and self._tags >= limit:
                self._note("hashtags_limited", "hashtags.limit", tag, None)
            else:
                if tag != asked:
                    self._note("hashtag_changed", "hashtags.style", asked, tag)
                self._tags += 1
                kept.append(tag)
        return kept

    def _allowed(self, text: str) -> str:
        """The text with the like of it in the place of every character that the network refuses."""
        found = "".join([character for character in self._style.forbidden if character in text])
        if not found:
            return text
        table = {ord(character): REPLACED[ord(character)] for character in found}
        self._note("characters_replaced", "text.forbidden", found, found.translate(table))
        return text.translate(table)


def _template(tag: str) -> str:
    """A hashtag in little text."""
    return f"{{hashtag|\\#|{little_text(tag)}}}"


def _joins(following: str) -> bool:
    """Whether the next character would become part of a hashtag or handle."""
    return following.isalnum() or (following != "" and following in "_#＃@＠")
