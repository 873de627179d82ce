"""Links, mentions, hashtags and cashtags of one text, found once, in order and without overlaps."""

from collections.abc import Callable, Container, Iterator
from functools import partial
from typing import NamedTuple

import regex

from chalicelib.core.text.links import TIGHT, Found, Grammar, find_links

_WORD = r"\p{L}\p{M}\p{N}_\u200c\u00b7\u30fb"
_MARK = regex.compile(r"[#＃@＠$]")
_HASH = regex.compile(
    rf"(?<![{_WORD}&/])[#＃](?!\ufe0f?\u20e3)(?=[\p{{N}}_]*+[{_WORD}--[\p{{N}}_]])([{_WORD}]++)(?!://)", regex.V1
)
"""`#tag`: word characters, not all digits. twitter-text (2021-10) and Mastodon agree on it but for rare separators."""
_NO_WORD = regex.compile(rf"[^{_WORD}]+")
_EDGES = regex.compile(rf"^[^{_WORD}]++|[^{_WORD}]+$")
_TOPIC = regex.compile(rf"[#＃](?=[{_WORD}])([^\s#＃]{{1,100}}+)(?<=[{_WORD}])[#＃]")
"""`#话题#`, as Weibo writes it."""
_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_WORD_BEFORE = regex.compile(rf"(?<=[{_WORD}])")
_WORD_AHEAD = regex.compile(rf"[{_WORD}]")
_AT_BEFORE = regex.compile(r"[A-Za-z0-9_.+@＠$#＃/!%&*-]")
_HANDLE = regex.compile(
    r"[@＠]([\p{L}\p{M}\p{N}_](?:[\p{L}\p{M}\p{N}_]|[.·-](?=[\p{L}\p{N}_]))*+(?:@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*)?)"
)
"""Everything that is a handle somewhere; each network's own pattern then says how much of it is one there."""
_GOES_ON = regex.compile(r"[A-Za-z0-9_\p{Latin}\p{Cyrillic}\p{Greek}]|[.-][a-z0-9]|@[A-Za-z0-9]")
"""What after a mention key means that it was a longer word."""
_URL_GOES_ON = regex.compile(r"[\p{L}\p{M}\p{N}/%_=&?#-]|[.:][\p{L}\p{N}]")
"""What behind a URL means that it is only the beginning of another."""
_CASH = regex.compile(r"(?<![^\s])\$([A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?)(?![\p{L}\p{N}_])")


class Span(NamedTuple):
    """A stretch of text with a meaning, in code points.

    A `person` is a mention that the author's mention map knows; a `topic` is `#话题#` right behind a word.
    """

    kind: str
    start: int
    end: int
    value: str


def find_spans(
    text: str,
    keys: Container[str] = (),
    sizes: tuple[int, ...] = (),
    *,
    known: str | None = None,
    grammar: Grammar = TIGHT,
) -> tuple[Span, ...]:
    """All spans of the text.

    `keys` are the mention map's keys and `sizes` their lengths, the longest first. `known` is a URL that is one whole
    wherever it stands, whatever the grammar makes of its end.
    """
    links = [_link(text, found, known) for found in find_links(text, grammar)]
    if known and known in text:
        links = _with_known(text, links, known)
    marks = _marks(text, links, partial(_mention, keys=keys, sizes=sizes))
    return tuple(sorted([*links, *marks], key=_start)) if links else tuple(marks)


def _start(span: Span) -> int:
    return span.start


def _link(text: str, found: Found, known: str | None) -> Span:
    end = found.end
    if known and text.startswith(known, found.start):
        end = max(end, found.start + len(known))
    url = text[found.start : end]
    return Span("link", found.start, end, url if found.scheme else f"https://{url}")


def _with_known(text: str, links: list[Span], known: str) -> list[Span]:
    """The links and, where the grammar sees none, the URL `known`: its domain may be none of the public ones."""
    places, at = list[Span](), text.find(known)
    while at >= 0:
        end = at + len(known)
        if not _URL_GOES_ON.match(text, end):
            places.append(Span("link", at, end, known))
        at = text.find(known, end)
    kept, taken = list[Span](), 0
    for span in sorted([*links, *places], key=_start):
        if span.start >= taken:
            kept.append(span)
            taken = span.end
    return kept


def _marks(text: str, links: list[Span], mention: Callable[[str, int], Span | None]) -> Iterator[Span]:
    """The spans that begin with a mark and touch no link."""
    taken, ahead = 0, [*links, Span("end", len(text), len(text), "")]
    upcoming = iter(ahead)
    link = next(upcoming)
    for match in _MARK.finditer(text):
        at = match.start()
        while at >= link.end and link.kind != "end":
            link = next(upcoming)
        if at < taken or at >= link.start or (match[0] in "#＃" and at > taken and text[at - 1] in "#＃"):
            continue
        found = (
            mention(text, at) if match[0] in "@＠" else _hashtag(text, at) if match[0] != "$" else _cashtag(text, at)
        )
        if found and found.end <= link.start:
            taken = found.end
            yield found


def _hashtag(text: str, at: int) -> Span | None:
    topic = _TOPIC.match(text, at)
    if not (tag := _HASH.match(text, at)):
        glued = topic and _WORD_BEFORE.match(text, at) and _CJK.search(topic[1])
        return Span("topic", at, topic.end(), topic[1]) if topic and glued else None
    if topic and (_CJK.search(topic[1]) or not _WORD_AHEAD.match(text, topic.end())):
        return Span("hashtag", at, topic.end(), topic[1])
    return Span("hashtag", at, tag.end(), tag[1]) if text[tag.end() : tag.end() + 1] not in ("#", "＃") else None


def readable(tag: str, style: str) -> str:
    """As much of a tag as a network of this style reads as one; empty where that is nothing."""
    if style == "topic":
        return _EDGES.sub("", tag)
    if style != "hash":
        return tag
    word = _NO_WORD.sub("", tag)
    return word if _HASH.match(f"#{word}") else ""


def _cashtag(text: str, at: int) -> Span | None:
    tag = _CASH.match(text, at)
    return Span("cashtag", at, tag.end(), tag[1].upper()) if tag else None


def _mention(text: str, at: int, *, keys: Container[str], sizes: tuple[int, ...]) -> Span | None:
    if at and _AT_BEFORE.match(text, at - 1):
        return None
    for size in sizes:
        end = at + 1 + size
        if end <= len(text) and text[at + 1 : end] in keys and not _GOES_ON.match(text, end):
            return Span("person", at, end, text[at + 1 : end])
    handle = _HANDLE.match(text, at)
    return Span("mention", at, handle.end(), handle[1]) if handle else None
