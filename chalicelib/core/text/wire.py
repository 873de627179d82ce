"""What a network wants escaped on the way out, and the way back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape

_RESERVED = str.maketrans({character: f"\\{character}" for character in "\\|{}@[]()<>#*_~"})
"""LinkedIn's; one that is left unescaped cuts the post off. learn.microsoft.com little-text-format (li-lms-2026-05)."""
_LITTLE = re.compile(r"\{hashtag\|\\#\|((?:\\.|[^{}\\])*+)\}|@\[([^\[\]]*+)\]\([^()\[]*+\)|\\(.)", re.DOTALL)
_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_~|<>[]#"})
_ENTITY = re.compile(r"&(?=(?:\\#)?\w{1,32};)")
_LINE_START = re.compile(r"\n( {0,3}\d{0,9})([-+=.)])")
"""What at the beginning of a line makes a list or a heading of it."""
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TELEGRAM = str.maketrans({character: f"\\{character}" for character in "_*[]()~`>#+-=|{}.!\\"})
_TAG = re.compile(r"<[^<>]*+>")
_ANGLE = re.compile(r"<([^<>|]*+)(?:\|[^<>]*+)?>")


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Dialect:
    """One network's escaping, and `read`, the way back."""

    escape: Callable[[str], str]
    """Of plain text behind something else."""
    read: Callable[[str], str]
    link: Callable[[str], str] = _same
    finish: Callable[[str], str] = _same
    """Of the whole in the end."""
    opening: Callable[[str], str] | None = None
    """Of plain text that the whole begins with, where that differs."""


def little_text(text: str) -> str:
    """LinkedIn's little text: every reserved character behind a backslash."""
    return text.translate(_RESERVED)


def _from_little_text(wire: str) -> str:
    return _LITTLE.sub(_shown, wire)


def _shown(match: re.Match[str]) -> str:
    tag, name, character = match.groups()
    return character or (f"#{_from_little_text(tag)}" if tag is not None else name)


def _backslashed(text: str) -> str:
    escaped = _ENTITY.sub(r"\\&", text.translate(_SPECIAL))
    return _LINE_START.sub(r"\n\1\\\2", escaped) if "\n" in text else escaped


def _backslashed_line(text: str) -> str:
    return _backslashed(f"\n{text}")[1:]


def _unbackslashed(wire: str) -> str:
    return _ESCAPED.sub(r"\1", wire)


def _from_markdown(wire: str) -> str:
    return _unbackslashed(wire.replace("  \n", "\n"))


def _hard_breaks(wire: str) -> str:
    return wire.replace("\n", "  \n")


def _for_telegram(text: str) -> str:
    return text.translate(_TELEGRAM)


def _angles(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _in_angles(url: str) -> str:
    """A link; one with a bar in it as it is, for Slack takes what is behind the bar for its name."""
    return _angles(url) if "|" in url else f"<{_angles(url)}>"


def _from_mrkdwn(wire: str) -> str:
    return unescape(_ANGLE.sub(r"\1", wire))


def _anchor(url: str) -> str:
    return f'<a href="{escape(url)}">{escape(url, quote=False)}</a>'


def _paragraphs(wire: str) -> str:
    """A paragraph at every blank line, `<br>` at other breaks."""
    return "".join(f"<p>{paragraph}</p>" for paragraph in wire.split("\n\n")).replace("\n", "<br>")


def _paragraphs_of(wire: str) -> list[str]:
    return [paragraph.removeprefix("<p>") for paragraph in wire.split("</p>")[:-1]]


def _from_html(wire: str) -> str:
    return unescape(_TAG.sub("", "\n\n".join(_paragraphs_of(wire)).replace("<br>", "\n")))


def _lines(wire: str) -> str:
    """A paragraph for every line: WeChat's editor keeps no other break."""
    return "".join(f"<p>{line or '<br>'}</p>" for line in wire.split("\n"))


def _from_lines(wire: str) -> str:
    return unescape(_TAG.sub("", "\n".join(_paragraphs_of(wire))))


DIALECTS: Mapping[str, Dialect] = {
    # https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format (li-lms-2026-05)
    "little_text": Dialect(little_text, _from_little_text),
    # https://spec.commonmark.org/0.31.2/#backslash-escapes
    "markdown": Dialect(_backslashed, _from_markdown, finish=_hard_breaks, opening=_backslashed_line),
    # https://docs.discord.com/developers/reference#message-formatting (2026-08): a line break is one
    "discord": Dialect(_backslashed, _unbackslashed, opening=_backslashed_line),
    # https://core.telegram.org/bots/api#markdownv2-style (Bot API 10.1)
    "markdown_v2": Dialect(_for_telegram, _unbackslashed, link=_for_telegram),
    # https://docs.slack.dev/messaging/formatting-message-text: three characters, links in angles
    "mrkdwn": Dialect(_angles, _from_mrkdwn, link=_in_angles),
    "html": Dialect(lambda text: escape(text, quote=False), _from_html, link=_anchor, finish=_paragraphs),
    # developers.weixin.qq.com draft/add (2026-11-22): scripts are stripped, links are not clickable
    "wechat_html": Dialect(
        lambda text: escape(text, quote=False), _from_lines, link=lambda url: escape(url, quote=False), finish=_lines
    ),
}
"""By the rules' `text.markup`; `plain` and `facets` escape nothing."""


def wechat_html(text: str) -> str:
    """The HTML that WeChat counts."""
    return _lines(escape(text, quote=False))
