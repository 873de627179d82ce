"""Characters as readers see them (UAX #29), and emoji sequences (UTS #51)."""

import regex

_JOINS = regex.compile(r"\r\n|[^\p{GCB=Other}\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}\p{GCB=LV}\p{GCB=LVT}]")
"""What can make several code points one grapheme; a text without any of it needs no segmentation."""

_CLUSTER = regex.compile(r"\X")

_ELEMENT = (
    r"[\p{Extended_Pictographic}\p{Emoji_Presentation}]"
    r"(?:\p{Emoji_Modifier}|\ufe0f\u20e3?|[\U000e0020-\U000e007e]+\U000e007f)?+"
)
EMOJI = regex.compile(rf"[0-9#*]\ufe0f?\u20e3|\p{{Regional_Indicator}}{{2}}|{_ELEMENT}(?:\u200d{_ELEMENT})*+")
"""One emoji: a keycap, a flag, or pictographs with their skin tones, tags and joiners. https://unicode.org/reports/tr51/"""


def graphemes(text: str) -> list[str]:
    """The text as a list of grapheme clusters."""
    return _CLUSTER.findall(text) if joined(text) else list(text)


def grapheme_count(text: str) -> int:
    """How many grapheme clusters the text has."""
    return len(_CLUSTER.findall(text)) if joined(text) else len(text)


def joined(text: str) -> bool:
    """Whether some grapheme of the text is more than one code point."""
    return _JOINS.search(text) is not None if not text.isascii() else "\r\n" in text
