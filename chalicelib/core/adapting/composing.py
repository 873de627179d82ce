"""The text as one network writes it: mentions by their handles there, warning in front, link and hashtags behind."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.core.adapting.linking import Linking
from chalicelib.core.adapting.reading import Reading
from chalicelib.core.adapting.report import Report
from chalicelib.core.rules import Rules
from chalicelib.core.text.spans import Span
from chalicelib.core.text.wire import little_text

REPLACED = str.maketrans({"<": "‹", ">": "›", "\ufeff": "\u2060", "\ufffe": "\ufffd", "\uffff": "\ufffd"})
"""What stands in for a character that a network refuses; each is one for one, so that positions stay."""


class Mark(NamedTuple):
    """A span of the composed text. `type` is empty where the network makes nothing of it; it stays whole anyway."""

    type: str
    start: int
    end: int
    value: str
    wire: str | None = None
    """What goes out instead of the escaped text."""


@dataclass(slots=True)
class Draft:
    """A composed text: the marks in it, and where the body ends and the appended link and hashtags begin."""

    text: str
    marks: list[Mark] = field(default_factory=list)
    lead: int = 0
    """How much was put in front."""
    body: int = 0
    """Where the body ends."""
    anchors: list[tuple[int, int]] = field(default_factory=list)
    """Where a stretch of the text begins, and where in the canonical text it is from."""

    def origin(self, position: int) -> int:
        """The place in the canonical text that a place in this one is from."""
        index = bisect_right(self.anchors, position, key=_composed) - 1
        if index < 0:
            return 0
        here, there = self.anchors[index]
        return min(there + position - here, self.anchors[index + 1][1] if index + 1 < len(self.anchors) else 10**9)


def _joins(following: str) -> bool:
    """Whether the next character would become part of a hashtag or handle."""
    return following.isalnum() or (following != "" and following in "_#＃@＠")


def _composed(anchor: tuple[int, int]) -> int:
    return anchor[0]


class Composer:
    """Writes one text for one network. Counts what the network limits as it goes."""

    def __init__(self, rules: Rules, report: Report) -> None:
        self.rules = rules
        self.report = report
        self.tags = self.mentions = self.cashtags = 0
        self._pieces: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []
        self._anchors: list[tuple[int, int]] = []

    def compose(self, reading: Reading, linking: Linking, lead: str = "", extra: str = "") -> Draft:
        """The body: `lead`, the text with its spans rewritten, and `extra` lines."""
        self._write(lead)
        text, at = reading.text, 0
        for span in reading.spans:
            self._anchors.append((self._length, at))
            self._write(text[at : span.start])
            at = self._span(reading, span, linking)
        self._anchors.append((self._length, at))
        self._write(text[at:])
        self._anchors.append((self._length, len(text)))
        if extra:
            self._write(extra)
        return Draft("".join(self._pieces), self._marks, len(lead), self._length, self._anchors)

    def append(self, draft: Draft, linking: Linking, tags: tuple[str, ...], *, link: bool) -> Draft:
        """The draft with the link and the hashtags behind it."""
        gap = ("\n\n" if "\n" in draft.text else " ") if draft.text.strip() else ""
        if link:
            self._write(gap if not draft.text.endswith("\n") else "")
            self._mark(linking.type, linking.url, linking.url)
            gap = gap or " "
        for number, tag in enumerate(tags):
            self._write(" " if number else gap)
            self._mark("hashtag", self._tag_text(tag), tag, self._tag_wire(tag))
        draft.text = "".join(self._pieces)
        return draft

    def _write(self, piece: str) -> None:
        if piece:
            self._pieces.append(piece)
            self._length += len(piece)

    def _mark(self, type_: str, shown: str, value: str, wire: str | None = None) -> None:
        start = self._length
        self._write(shown)
        self._marks.append(Mark(type_, start, self._length, value, wire))

    def _span(self, reading: Reading, span: Span, linking: Linking) -> int:
        """Write one span; returns where in the canonical text to go on."""
        shown = reading.text[span.start : span.end]
        following = reading.text[span.end : span.end + 1]
        match span.kind:
            case "link":
                return self._link(reading, span, shown, linking)
            case "person":
                self._person(reading, span, shown, following)
            case "hashtag":
                self._hashtag(span, shown, following)
            case "cashtag":
                self._cashtag(span, shown)
            case _:
                return self._literal(span, shown)
        return span.end

    def _link(self, reading: Reading, span: Span, shown: str, linking: Linking) -> int:
        if shown == linking.written and linking.remove:
            self.report.change("link_moved", "links", shown, None, span=(span.start, span.end))
            return span.end + (1 if self._ends_with_gap() and reading.text[span.end : span.end + 1] == " " else 0)
        if shown == linking.written and linking.url:
            self._mark(linking.type, linking.url, linking.url)
        else:
            bare = shown[:4].lower() != "http"
            self._mark("" if bare and not self.rules.links.bare else "link", shown, span.value)
        return span.end

    def _ends_with_gap(self) -> bool:
        return not self._pieces or self._pieces[-1][-1:].isspace()

    def _person(self, reading: Reading, span: Span, shown: str, following: str) -> None:
        rules = self.rules.mentions
        person = reading.people[span.value]
        handle = person.handle(self.rules.platform) if rules.style != "none" else None
        if handle and (rules.limit is None or self.mentions < rules.limit):
            self.mentions += 1
            self._mention(handle, person.name or span.value, following)
            return
        name = person.name or span.value
        rule = "mentions.limit" if handle else "mentions.style"
        self.report.change("mention_plain", rule, shown, name, span=(span.start, span.end))
        self._write(name)

    def _mention(self, handle: str, name: str, following: str) -> None:
        match self.rules.mentions.style:
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
        known = self.rules.handle_pattern.match(span.value) if self.rules.mentions.handle else None
        if known and known.end():
            end = span.start + 1 + known.end()
            self._mark("mention", shown[: known.end() + 1], known.group())
            return end
        self._mark("", shown, span.value)
        return span.end

    def _hashtag(self, span: Span, shown: str, following: str) -> None:
        rules = self.rules.hashtags
        if rules.style == "forbidden":
            self.report.change("hashtag_plain", "hashtags.style", shown, span.value, span=(span.start, span.end))
            self._write(span.value)
        elif rules.style in ("none", "field"):
            self._mark("", shown, span.value)
        elif rules.limit is not None and self.tags >= rules.limit:
            self.report.change("hashtags_limited", "hashtags.limit", shown, span.value, span=(span.start, span.end))
            self._write(span.value)
        else:
            self.tags += 1
            self._mark("hashtag", self._tag_text(span.value), span.value, self._tag_wire(span.value))
            self._write(" " if rules.style == "hash" and shown[-1] in "#＃" and _joins(following) else "")

    def _tag_text(self, tag: str) -> str:
        return f"#{tag}#" if self.rules.hashtags.style == "topic" else f"#{tag}"

    def _tag_wire(self, tag: str) -> str | None:
        return f"{{hashtag|\\#|{little_text(tag)}}}" if self.rules.text.markup == "little_text" else f"#{tag}"

    def _cashtag(self, span: Span, shown: str) -> None:
        limit = self.rules.hashtags.cashtags
        if limit == 0:
            self._mark("", shown, span.value)
        elif limit is not None and self.cashtags >= limit:
            self.report.change("cashtag_plain", "hashtags.cashtags", shown, shown[1:], span=(span.start, span.end))
            self._write(shown[1:])
        else:
            self.cashtags += 1
            self._mark("cashtag", shown, span.value)
