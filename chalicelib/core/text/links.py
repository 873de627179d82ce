"""URLs in running text, as twitter-text finds them: https://github.com/twitter/twitter-text (2021-10), in linear time.

A URL is `http(s)://` and a domain, or a bare ASCII domain with a known top-level domain; then port, path and query.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.core.text.tlds import TLDS

_LATIN = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    "\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_SPACES = r"\x09-\x0d\x20\x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_DIRECTIONS = r"\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069"
_OUTSIDE = rf"!'#%&()*+,\\/:;<=>?@\[\]^{{|}}~${_SPACES}\ufffe\ufeff\uffff{_DIRECTIONS}"
"""What cannot stand in a domain."""

_RUN = re.compile(rf"(?<![^{_OUTSIDE}])[^{_OUTSIDE}.]*+\.[^{_OUTSIDE}]++")
_SCHEME = re.compile(r"(?<![A-Za-z0-9@＠$#＃\ufffe\ufeff\uffff])https?://$", re.IGNORECASE)
_BARE_START = re.compile(rf"(?<![A-Za-z0-9@＠$#＃\ufffe\ufeff\uffff])[^-_.\u0300-\u036f{_OUTSIDE}]")
_BARE_DOMAIN = re.compile(rf"(?![\u0300-\u036f])[-A-Za-z0-9{_LATIN}]++\.[-.A-Za-z0-9{_LATIN}]*+[^\x00-\x7f]*+")
_TLD = re.compile(r"(?i:xn--[-0-9a-z]+)|[A-Za-z0-9]+|[^\x00-\x7f]+")
_CONTINUES = re.compile(r"[-0-9A-Za-z@+]")
_NOT_BEFORE = ("-", "_", ".", "/")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
"""RFC 3490: what separates labels."""
_PORT = re.compile(r":[0-9]++")


class Grammar(NamedTuple):
    """What may follow a domain: a path and a query, and the characters that cannot be their last."""

    path: re.Pattern[str]
    path_cannot_end: str
    query: re.Pattern[str]
    query_cannot_end: str


def _path(character: str) -> re.Pattern[str]:
    """Characters and balanced parentheses, which may be nested once."""
    return re.compile(rf"/(?:[{character}]|\((?:[{character}]++|\([{character}]++\))++\))*+")


TIGHT = Grammar(
    _path(rf"a-zA-Z\u0400-\u04ff0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{_LATIN}"),
    "!*';:,.$%[]\u2013~@|&",
    re.compile(r"\?[a-zA-Z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*+"),
    "!?*'@();:+$%[].,~|",
)
"""X's: Latin and Cyrillic letters, so that Chinese may follow a URL without a space."""
WIDE = Grammar(
    _path(r"^\s<>()?"),
    "!*\"'「」;:=,.$%[]~&|@",
    re.compile(r"\?[^\x00-\x20\"<>\\`{}\x7f-\x9f]*+"),
    "!?*'();:+$%[].,~|@^",
)
"""Mastodon's: https://github.com/mastodon/mastodon/blob/main/config/initializers/twitter_regex.rb (2026-11-22)."""

_SHORTENED = re.compile(r"https?://t\.co/([a-z0-9]++)", re.IGNORECASE)

_LONGEST_TLD = max(map(len, TLDS))
_LONGEST_URL = 4096
_LONGEST_LABEL = 63
"""RFC 1035: octets of a label, in punycode."""
_LONGEST_SLUG = 40
"""Of X's own t.co links, which end with their slug."""


class Found(NamedTuple):
    """A URL in a text, and whether it has its scheme."""

    start: int
    end: int
    scheme: bool


def find_links(text: str, grammar: Grammar = TIGHT) -> list[Found]:
    """Every URL of the text, in order, without overlaps."""
    found: list[Found] = []
    at = 0
    for run in _RUN.finditer(text) if "." in text else ():
        start, end = max(run.start(), at), run.end()
        while start < end and (step := _explicit(text, start, end, at, grammar) or _bare(text, start, end, grammar)):
            found.extend(step[0])
            start = at = step[1]
    return found


def _explicit(text: str, start: int, end: int, least: int, grammar: Grammar) -> tuple[list[Found], int] | None:
    """The URL whose scheme stands right before the host, and where to look on."""
    if text[start - 3 : start] != "://" or not (scheme := _SCHEME.search(text, max(least, start - 9), start)):
        return None
    host_end = _host_end(text, start, end)
    if host_end is None or not _is_domain(text[start:host_end]):
        return None
    shortened = _SHORTENED.match(text, scheme.start())
    url_end = _query_end(text, shortened.end(), grammar) if shortened else _url_end(text, host_end, grammar)
    too_long = url_end - start > _LONGEST_URL or (shortened and len(shortened[1]) > _LONGEST_SLUG)
    return [] if too_long else [Found(scheme.start(), url_end, True)], url_end


def _bare(text: str, start: int, end: int, grammar: Grammar) -> tuple[list[Found], int] | None:
    """The ASCII domains within a domain that has no scheme, and where to look on; the last one has the path."""
    first = _BARE_START.search(text, max(start, not text[0].isascii()), end)
    host_end = _host_end(text, first.start(), end) if first else None
    if first is None or host_end is None:
        return None
    url_end = _url_end(text, host_end, grammar)
    if text[max(0, first.start() - 1) : first.start()] in _NOT_BEFORE or not _is_domain(text[first.start() : host_end]):
        return [], url_end
    found = list(_ascii_domains(text, first.start(), host_end))
    if found and text.startswith("/", _port_end(text, host_end)):
        found[-1] = found[-1]._replace(end=url_end)
    return found, url_end


def _ascii_domains(text: str, start: int, end: int) -> Iterator[Found]:
    for match in _BARE_DOMAIN.finditer(text, start, end):
        if (domain_end := _host_end(text, match.start(), match.end())) is not None:
            yield Found(match.start(), domain_end, False)


def _url_end(text: str, host_end: int, grammar: Grammar) -> int:
    """Where port, path and query end that follow a host."""
    end = _port_end(text, host_end)
    if match := grammar.path.match(text, end):
        end += len(match.group().rstrip(grammar.path_cannot_end))
    return _query_end(text, end, grammar)


def _query_end(text: str, end: int, grammar: Grammar) -> int:
    match = grammar.query.match(text, end)
    query = match.group().rstrip(grammar.query_cannot_end) if match else ""
    return end + len(query) if len(query) > 1 else end


def _port_end(text: str, host_end: int) -> int:
    return match.end() if (match := _PORT.match(text, host_end)) else host_end


def _host_end(text: str, start: int, end: int) -> int | None:
    """The end of the last top-level domain that follows a dot between `start` and `end`."""
    dot = text.rfind(".", start + 1, end)
    while dot > start:
        before = text.rfind(".", start + 1, dot)
        name = text[max(before + 1, start) : dot]
        if name and name[-1] != "-" and "_" not in name and (tld := _tld_end(text, dot + 1, end)):
            return tld
        dot = before
    return None


def _tld_end(text: str, start: int, end: int) -> int | None:
    match = _TLD.match(text, start, min(end + 1, start + 1 + _LONGEST_LABEL))
    length = _tld_length(match.group()) if match else 0
    punycode = text[start : start + 4].lower() == "xn--"
    return start + length if length and (punycode or not _CONTINUES.match(text, start + length)) else None


def _tld_length(label: str) -> int:
    """How much of the label's beginning is a top-level domain."""
    if label[0].isascii():
        return len(label) if label[:4].lower() == "xn--" or label.lower() in TLDS else 0
    return next((size for size in range(min(len(label), _LONGEST_TLD), 1, -1) if label[:size] in TLDS), 0)


def _is_domain(domain: str) -> bool:
    """Whether every label could stand in the DNS."""
    return len(domain) <= _LONGEST_URL and all(map(_is_label, domain.split(".")))


def _is_label(label: str) -> bool:
    if not label or label[0] in "-_" or label[-1] in "-_":
        return False
    return all(
        len(piece) + (0 if piece.isascii() else _growth(piece)) <= _LONGEST_LABEL for piece in _DOTS.split(label)
    )


def _growth(label: str) -> int:
    """How much longer the label is in punycode."""
    return len(label[:_LONGEST_LABEL].encode("punycode")) + len("xn--") - len(label[:_LONGEST_LABEL])
