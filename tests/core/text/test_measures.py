"""Every network's count of the same texts, in one table; what links and mentions count is in `test_counting.py`."""

import json
import unicodedata
from pathlib import Path
from typing import NamedTuple, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twitter_text import parse_tweet

from chalicelib.core.limits import Unit
from chalicelib.core.text.graphemes import graphemes
from chalicelib.core.text.measures import GAUGES, half_widths, html_length, threads, weighted
from tests.core.texts import texts


class Counts(NamedTuple):
    """What one text is to each network; `weibo` in half-widths."""

    weighted: int
    graphemes: int
    threads: int
    utf16: int
    utf8: int
    weibo: int
    code_points: int
    html: int


FAMILY = "👨\u200d👩\u200d👧\u200d👦"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

CRLF = "a carriage return with its line feed"

TABLE = {
    "nothing": ("", Counts(0, 0, 0, 0, 0, 0, 0, 11)),
    "ASCII": ("bell", Counts(4, 4, 4, 4, 4, 4, 4, 11)),
    "ASCII that HTML escapes": ("a<b&c", Counts(5, 5, 5, 5, 5, 5, 5, 19)),
    "two lines": ("a\nb", Counts(3, 3, 3, 3, 3, 3, 3, 16)),
    "an empty line between": ("a\n\nb", Counts(4, 4, 4, 4, 4, 4, 4, 27)),
    CRLF: ("\r\n", Counts(2, 1, 2, 2, 2, 2, 2, 19)),
    "Latin-1": ("naïve", Counts(5, 5, 5, 5, 6, 5, 5, 12)),
    "an accent of its own": ("e\u0301", Counts(1, 1, 2, 2, 3, 3, 2, 9)),
    "an accent that nothing composes with": ("x\u0301", Counts(2, 1, 2, 2, 3, 3, 2, 9)),
    "Greek": ("ελ", Counts(2, 2, 2, 2, 4, 4, 2, 9)),
    "Hebrew": ("שלום", Counts(4, 4, 4, 4, 8, 8, 4, 11)),
    "Devanagari, a conjunct and a vowel sign": ("क्षि", Counts(4, 1, 4, 4, 12, 8, 4, 11)),
    "Chinese": ("钟楼", Counts(4, 2, 2, 2, 6, 4, 2, 9)),
    "Japanese": ("鐘が鳴る", Counts(8, 4, 4, 4, 12, 8, 4, 11)),
    "a syllable of Hangul": ("한", Counts(2, 1, 1, 1, 3, 2, 1, 8)),
    "the same in its letters": ("\u1112\u1161\u11ab", Counts(2, 1, 3, 3, 9, 6, 3, 10)),
    "full width": ("ａ！", Counts(4, 2, 2, 2, 6, 4, 2, 9)),
    "half-width kana": ("ｱ", Counts(2, 1, 1, 1, 3, 2, 1, 8)),
    "curly quotes": ("“a”", Counts(3, 3, 3, 3, 7, 5, 3, 10)),
    "an ellipsis": ("…", Counts(2, 1, 1, 1, 3, 2, 1, 8)),
    "a zero-width space": ("a\u200bb", Counts(3, 3, 3, 3, 5, 4, 3, 10)),
    "a Han character beyond the BMP": ("𠮷", Counts(2, 1, 1, 2, 4, 4, 1, 8)),
    "a mathematical letter": ("𝔸", Counts(2, 1, 1, 2, 4, 4, 1, 8)),
    "an emoji": ("😀", Counts(2, 1, 4, 2, 4, 4, 1, 8)),
    "an emoji that is text by default": ("❤", Counts(2, 1, 3, 1, 3, 2, 1, 8)),
    "the same asked to be an emoji": ("❤\ufe0f", Counts(2, 1, 6, 2, 6, 4, 2, 9)),
    "a symbol asked to be text": ("☎\ufe0e", Counts(4, 1, 4, 2, 6, 4, 2, 9)),
    "a skin tone": ("👍🏽", Counts(2, 1, 8, 4, 8, 8, 2, 9)),
    "a flag": ("🇩🇪", Counts(2, 1, 8, 4, 8, 8, 2, 9)),
    "two flags": ("🇩🇪🇫🇷", Counts(4, 2, 16, 8, 16, 16, 4, 11)),
    "half a flag": ("🇩", Counts(2, 1, 4, 2, 4, 4, 1, 8)),
    "a flag of tags": (ENGLAND, Counts(2, 1, 28, 14, 28, 28, 7, 14)),
    "a keycap": ("1\ufe0f\u20e3", Counts(2, 1, 7, 3, 7, 5, 3, 10)),
    "a family": (FAMILY, Counts(2, 1, 25, 11, 25, 22, 7, 14)),
    "a joiner that joins nothing": ("a\u200db", Counts(3, 2, 3, 3, 5, 4, 3, 10)),
}


@pytest.mark.parametrize(("text", "counts"), TABLE.values(), ids=TABLE.keys())
def test_a_text_is_as_long_as_each_network_says(text: str, counts: Counts) -> None:
    assert Counts(*(GAUGES[unit].measure(text) for unit in Counts._fields)) == counts


def test_mastodon_counts_graphemes_where_there_are_no_links() -> None:
    assert all(GAUGES["mastodon"].measure(text) == counts.graphemes for text, counts in TABLE.values())


@pytest.mark.parametrize("name", [name for name in TABLE if name not in ("nothing", CRLF)])
def test_x_counts_as_the_parser_of_twitter_text_does(name: str) -> None:
    """But for CRLF, which it makes a line feed first, as adaptation does."""
    text = TABLE[name][0]
    assert weighted(text) == parse_tweet(text).weightedLength


def test_x_weighs_every_kind_of_character_as_the_parser_of_twitter_text_does() -> None:
    """Every assigned character up to the Han block, then every 97th."""
    every = [*range(0x20, 0x3400), *range(0x3400, 0xD800, 97), *range(0xF900, 0xFFFE), *range(0x10000, 0x30000, 97)]
    known = [chr(code) for code in every if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")]
    assert [c for c in known if weighted(c) != parse_tweet(c).weightedLength] == []


@pytest.mark.parametrize("text", ["👩\u200d🇩🇪", "😀\u200d😀"])
def test_x_counts_emoji_that_no_font_joins_one_by_one(text: str) -> None:
    assert weighted(text) == 5


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", ["é", "ñandú", "Å", "ế", "が", "각"])
def test_x_counts_a_text_the_same_in_every_form(text: str, form: str) -> None:
    assert weighted(unicodedata.normalize(form, text)) == weighted(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"), [("", 0), ("a", 1), ("ab", 1), ("abc", 2), ("钟", 1), ("钟a", 2), ("😀", 2)]
)
def test_weibo_says_two_half_widths_are_one_and_rounds_up(text: str, shown: int) -> None:
    gauge = GAUGES["weibo"]
    assert gauge.shown(gauge.measure(text)) == shown


@pytest.mark.parametrize(
    ("character", "half"), [("\u00ff", 1), ("\u0100", 2), ("\uffff", 2), ("\U00010000", 4), ("\U0010ffff", 4)]
)
def test_weibo_halves_at_the_end_of_latin_1(character: str, half: int) -> None:
    assert half_widths(character) == half


def test_x_is_light_in_the_ranges_of_its_configuration_and_nowhere_else() -> None:
    """At every edge of every range, but for the characters that NFC makes others of."""
    config = json.loads((Path(__file__).parent / "weighted-length-v3.json").read_text())
    light = [range(part["start"], part["end"] + 1) for part in config["ranges"]]
    assert {part["weight"] for part in config["ranges"]} == {config["scale"]}
    assert config["defaultWeight"] == 2 * config["scale"]
    for code in {edge + step for part in light for edge in (part.start, part.stop) for step in (-1, 0, 1)} - {-1}:
        if unicodedata.is_normalized("NFC", chr(code)):
            assert weighted(chr(code)) == (1 if any(code in part for part in light) else 2), hex(code)


@pytest.mark.parametrize(
    ("text", "size"), [("😀", 4), ("a😀b", 6), ("👍🏽👍", 12), ("钟😀", 5), ("©", 2), ("#", 1), ("1", 1)]
)
def test_threads_counts_an_emoji_in_bytes_and_everything_else_in_characters(text: str, size: int) -> None:
    assert threads(text) == size


@pytest.mark.parametrize("text", ["\ud83d", "a\ude00b", "\ud83d\ude00"])
@pytest.mark.parametrize("unit", GAUGES)
def test_a_lone_surrogate_is_counted_and_not_refused(text: str, unit: str) -> None:
    assert GAUGES[unit].measure(text) > 0


def test_wechat_counts_every_tag_and_entity() -> None:
    assert html_length("<&>\n") == len("<p>&lt;&amp;&gt;</p><p><br></p>")


JOINED = st.text(
    st.sampled_from("a1#😀👩❤🏽🏴\u200d\ufe0f\ufe0e\u20e3\u0301\u0323\U000e0067\U000e007f한\u1112\u1161\u11ab钟\n<"),
    max_size=12,
)
"""Anything may join anything."""


@given(texts | JOINED)
def test_a_text_is_never_longer_than_its_graphemes_together(text: str) -> None:
    """Cutting relies on it: sums of atoms are never too small."""
    normal = text.replace("\r\n", "\n")
    for gauge in GAUGES.values():
        assert gauge.measure(normal) <= sum(map(gauge.atom, graphemes(normal))) + gauge.overhead


def test_nor_where_flags_are_joined() -> None:
    text = "🇩\u200d🇩"
    assert threads(text) <= sum(map(threads, graphemes(text)))


@given(texts)
def test_units_are_ordered_as_encodings_are(text: str) -> None:
    count = Counts(*(GAUGES[unit].measure(text) for unit in Counts._fields))
    assert count.graphemes <= count.code_points <= count.utf16 <= count.utf8
    assert count.code_points <= count.threads <= count.utf8
    assert count.code_points < count.html
    assert count.weibo <= 2 * count.utf16


def test_every_unit_of_the_rules_can_be_measured() -> None:
    assert set(GAUGES) == set(get_args(Unit))
