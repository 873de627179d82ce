"""Every network's way to count a text. Some things count as something else than they are: a link, a remote handle."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from unicodedata import is_normalized, normalize

import regex

from chalicelib.core.text.graphemes import EMOJI, grapheme_count
from chalicelib.core.text.offsets import utf8_length, utf16_length
from chalicelib.core.text.wire import wechat_html

Measure = Callable[[str], int]

_LIGHT = re.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+")
"""What weighs 100 of 200 on X: twitter-text config/v3.json (2021-10)."""
_MARKS = regex.compile(r"\p{M}{30}")
_WIDE = re.compile("[^\u0000-\u00ff]")
_MAY_BE_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")


def weighted(text: str) -> int:
    """X: NFC; light characters 1, all others 2, an emoji sequence 2. twitter-text v3 (2021-10)."""
    if text.isascii():
        return len(text)
    text = _composed(text)
    if _MAY_BE_EMOJI.search(text):
        text = EMOJI.sub("\u4e00", text)
    return len(text) + len(_LIGHT.sub("", text))


def _composed(text: str) -> str:
    """NFC, in stretches of at most thirty marks: sorting the marks of one letter takes quadratic time.

    Thirty is where https://unicode.org/reports/tr15/#Stream_Safe_Text_Format draws the line.
    """
    if _MARKS.search(text):
        cuts = [0, *(match.end() for match in _MARKS.finditer(text)), len(text)]
        return "".join(normalize("NFC", text[start:end]) for start, end in pairwise(cuts))
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def threads(text: str) -> int:
    """Threads: characters; an emoji is its UTF-8 bytes. developers.facebook.com documentation/threads (2026-04-14)."""
    if text.isascii() or not _MAY_BE_EMOJI.search(text):
        return len(text)
    return len(text) + sum(len(emoji.encode()) - len(emoji) for emoji in EMOJI.findall(text))


def half_widths(text: str) -> int:
    """Weibo: UTF-16 units above U+00FF are two half-widths, others one. Sina's STK.kit.extra.count (about 2012)."""
    if text.isascii():
        return len(text)
    wide = _WIDE.findall(text)
    return len(text) + len(wide) + 2 * (utf16_length(text) - len(text))


def html_length(text: str) -> int:
    """WeChat: characters of the HTML, tags counted. developers.weixin.qq.com draft/add (2026-11-22)."""
    return len(wechat_html(text))


def _html_atom(atom: str) -> int:
    """At most what an atom adds to the HTML: a line break ends a paragraph, maybe an empty one, and begins another."""
    return len("</p><p><br>") if atom == "\n" else len(escape(atom, quote=False))


@dataclass(frozen=True, slots=True)
class Gauge:
    """One way to count. `atom` is what a small piece adds at most; `overhead` what every part costs."""

    measure: Measure
    atom: Measure
    overhead: int = 0
    per_unit: int = 1
    """How much of what is measured is one of the network's units, rounded up (Weibo: two half-widths)."""

    def shown(self, measured: int) -> int:
        """The measured length as the network says it."""
        return -(-measured // self.per_unit)


def _plain(measure: Measure, per_unit: int = 1) -> Gauge:
    return Gauge(measure, measure, per_unit=per_unit)


GAUGES = {
    "weighted": _plain(weighted),
    "graphemes": _plain(grapheme_count),
    "mastodon": _plain(grapheme_count),
    "threads": _plain(threads),
    "utf16": _plain(utf16_length),
    "utf8": _plain(utf8_length),
    "weibo": _plain(half_widths, per_unit=2),
    "code_points": _plain(len),
    "html": Gauge(html_length, _html_atom, overhead=len("<p><br></p>")),
}
"""By the rules' `text.unit`."""


def stand_in(kind: str, text: str, unit: str, url_weight: int | None) -> str | None:
    """What a network counts in place of a link or mention; None where it counts what is written."""
    if kind == "link":
        if unit == "weibo":
            return _weibo_link(text)
        return "x" * url_weight if url_weight is not None else None
    if kind == "mention" and unit == "mastodon":
        # https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb
        return "@" + text[1:].partition("@")[0]
    return None


def _weibo_link(url: str) -> str | None:
    """Twenty half-widths, and what a URL is longer than 140; Weibo's own, and all with https, as they are."""
    if not url.startswith("http://") or url.startswith("http://t.cn/"):
        return None
    host = url[len("http://") :].partition("/")[0]
    if len(url) <= 41 and host.endswith(("weibo.com", "sina.com.cn", "sina.cn")):
        return None
    return "x" * (20 + max(0, len(url) - 140))
