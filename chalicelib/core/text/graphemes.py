"""Characters as readers see them (UAX #29), and emoji sequences (UTS #51)."""

from itertools import pairwise

import regex

_JOINS = regex.compile(r"\r\n|[^\p{GCB=Other}\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}\p{GCB=LV}\p{GCB=LVT}]")
"""What can make several code points one grapheme; a text without any of it needs no segmentation."""

_CLUSTER = regex.compile(r"\X")

_FLAGS = regex.compile(r"(?:\p{RI}\p{RI}){16}(?=\p{RI})")
"""Sixteen flags of a longer row. `regex` looks back over all of a row for each cluster: rows are cut between flags."""

_ELEMENT = (
    r"[[\p{Extended_Pictographic}\p{Emoji_Presentation}]--\p{RI}]"
    r"(?:\p{Emoji_Modifier}|\ufe0f\u20e3?|[\U000e0020-\U000e007e]+\U000e007f)?+"
)
_JOINABLE = "♀♂⚕⚖✈⚧☠❄❤⬛↔↕➡🌈🌫🌾🍳🍼🎄🎓🎤🎨🏫🏭👦👧👨👩🧑🧒💋💥💨💫💻💼🔥🔧🔬🗨🚀🚒🟩🟫🤝🥷🦯🦰🦱🦲🦳🦺🦼🦽🩰🩹🐰"
"""What follows a joiner somewhere in https://unicode.org/Public/17.0.0/emoji/emoji-zwj-sequences.txt (2026-11-23)."""
EMOJI = regex.compile(
    rf"[0-9#*]\ufe0f?\u20e3|\p{{RI}}{{1,2}}|{_ELEMENT}(?:\u200d(?=[{_JOINABLE}]){_ELEMENT})*+", regex.V1
)
"""One emoji: a keycap, a flag, or pictographs with their skin tones, tags and joiners. https://unicode.org/reports/tr51/"""


def graphemes(text: str) -> list[str]:
    """The text as a list of grapheme clusters."""
    if not joined(text):
        return list(text)
    cuts = [0, *(match.end() for match in _FLAGS.finditer(text)), len(text)]
    return [cluster for start, end in pairwise(cuts) for cluster in _CLUSTER.findall(text[start:end])]


def grapheme_count(text: str) -> int:
    """How many grapheme clusters the text has."""
    return len(graphemes(text)) if joined(text) else len(text)


def joined(text: str) -> bool:
    """Whether some grapheme of the text is more than one code point."""
    return _JOINS.search(text) is not None if not text.isascii() else "\r\n" in text
