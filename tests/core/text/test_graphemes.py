"""Characters as readers see them: the rules of UAX #29 one by one, and what is one emoji by UTS #51."""

import pytest
import regex
from hypothesis import given

from chalicelib.core.text.graphemes import EMOJI, grapheme_count, graphemes, joined
from tests.core.texts import texts

RULES = {
    "GB3 a carriage return with its line feed": "\r\n",
    "GB4 nothing joins a control before it": "\n|\u0301",
    "GB5 nor one behind it": "a|\r",
    "GB4 a zero-width space is a control": "a|\u200b|b",
    "GB6 leading, vowel and trailing Hangul": "\u1112\u1161\u11ab",
    "GB7 a syllable and a vowel": "가\u1161|가",
    "GB8 a syllable and a trailing letter": "각\u11ab",
    "GB9 a mark": "e\u0301|e",
    "GB9 many marks": "e\u0301\u0302\u0323",
    "GB9 a mark by itself": "\u0301|a",
    "GB9 a joiner": "a\u200d|b",
    "GB9 a variation selector": "☎\ufe0e|☎\ufe0f",
    "GB9 a skin tone": "👍🏽|👍",
    "GB9 a keycap": "1\ufe0f\u20e3|2",
    "GB9 tags": "🏴\U000e0067\U000e0062\U000e007f|🏴",
    "GB9a a vowel sign": "नि|का",
    "GB9b a prepended sign": "\u0600١",
    "GB9c a conjunct": "क्षि|त्र",
    "GB11 a family": "👨\u200d👩\u200d👧\u200d👦|👨",
    "GB11 with skin tones": "👩🏽\u200d🚀",
    "GB11 only pictographs": "👩\u200d|a",
    "GB12 flags, two by two": "🇩🇪|🇫🇷|🇩",
    "GB13 not across something else": "🇩|a|🇪",
    "GB999 everything else": "a|b|钟|楼|😀|😀",
    "Thai": "ส|วั|ส|ดี",
    "a ligature is one": "ﬁ|a",
}

ONE_EMOJI = {
    "a face": "😀",
    "text by default": "❤",
    "asked to be an emoji": "❤\ufe0f",
    "a skin tone": "👍🏽",
    "a skin tone alone": "🏽",
    "a flag": "🇩🇪",
    "a rainbow flag": "🏳\ufe0f\u200d🌈",
    "England": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "a keycap": "#\ufe0f\u20e3",
    "a keycap without a selector": "1\u20e3",
    "a family": "👨\u200d👩\u200d👧\u200d👦",
    "a profession with a skin tone": "👩🏽\u200d🚀",
    "a heart on fire": "❤\ufe0f\u200d🔥",
    "Unicode 16": "🫩",
    "a copyright sign": "©",
}


@pytest.mark.parametrize("broken", RULES.values(), ids=RULES.keys())
def test_a_text_breaks_into_graphemes_here(broken: str) -> None:
    expected = broken.split("|")
    text = "".join(expected)
    assert graphemes(text) == expected
    assert grapheme_count(text) == len(expected)


@pytest.mark.parametrize("emoji", ONE_EMOJI.values(), ids=ONE_EMOJI.keys())
def test_an_emoji_is_one_whatever_it_is_made_of(emoji: str) -> None:
    assert EMOJI.findall(f"a{emoji}1{emoji}") == [emoji, emoji]


@pytest.mark.parametrize("text", ["1", "#", "*", "a", "钟", "\ufe0f", "\u200d", "\u20e3", "\u0301", "…", ""])
def test_this_is_no_emoji(text: str) -> None:
    assert EMOJI.findall(text) == []


def test_only_what_may_join_is_segmented() -> None:
    assert not joined("bells\n\r")
    assert not joined("春天来了 한국 привет 😀 é")
    assert joined("\r\n")
    assert joined("e\u0301")
    assert not joined("")


@given(texts)
def test_the_shortcut_for_plain_texts_changes_nothing(text: str) -> None:
    assert graphemes(text) == regex.findall(r"\X", text)
    assert grapheme_count(text) == len(graphemes(text))
    assert "".join(graphemes(text)) == text
