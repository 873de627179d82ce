"""Where a text is cut, and where it never is."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.cutting import Cutter
from chalicelib.core.text.graphemes import graphemes
from tests.core.texts import fragments, texts

FAMILY = "👨\u200d👩\u200d👧\u200d👦"

SPLITS = {
    # at a sentence, where that fills half of a part
    ("One two. Three four five", 12): ["One two.", "Three four", "five"],
    ("One two. Three four five", 16): ["One two.", "Three four five"],
    ("One! Two, three four five", 16): ["One! Two, three", "four five"],
    ("春天来了。钟声响起，人们笑了", 6): ["春天来了。", "钟声响起，", "人们笑了"],
    ("He said “go.” Then left", 14): ["He said “go.”", "Then left"],
    ("wait... what", 8): ["wait...", "what"],
    ("真的吗？！当然", 6): ["真的吗？！", "当然"],
    ("one two\nthree four", 12): ["one two", "three four"],
    ("one\n\ntwo\n\nthree", 9): ["one\n\ntwo", "three"],
    # no sentence ends within a number
    ("3.14 is pi", 4): ["3.14", "is", "pi"],
    # else at a clause, where that fills two thirds
    ("One two, three four", 12): ["One two,", "three four"],
    ("One, two three four", 14): ["One, two three", "four"],
    ("春天来了，钟声响起", 6): ["春天来了，", "钟声响起"],
    # else at a word
    ("One two three four", 9): ["One two", "three", "four"],
    ("you and 你好world再见", 7): ["you and", "你好world", "再见"],
    ("(one) two", 6): ["(one)", "two"],
    # else anywhere between graphemes
    ("abcdefghijkl", 5): ["abcde", "fghij", "kl"],
    (f"{FAMILY}{FAMILY}", 7): [FAMILY, FAMILY],
    ("🇩🇪🇫🇷", 2): ["🇩🇪", "🇫🇷"],
    ("e\u0301e\u0301e\u0301", 3): ["e\u0301", "e\u0301", "e\u0301"],
    # a line of Chinese or Japanese neither begins nor ends with some characters
    ("「春天」来了吗？真的", 5): ["「春天」来", "了吗？真的"],
    ("鐘がァー鳴る。そう", 3): ["鐘", "がァー", "鳴る。", "そう"],
    ("鐘が鳴っている", 4): ["鐘が鳴っ", "ている"],
    ("来了「春天」", 3): ["来了", "「春", "天」"],
    # white space between parts is gone, and within them stays
    ("a  b", 2): ["a", "b"],
    ("a\nb c", 3): ["a\nb", "c"],
    ("\n\na\n\n", 2): ["a"],
    ("  a  b  ", 4): ["a  b"],
    ("   ", 2): [],
    ("", 2): [],
    # a part has one grapheme at least
    ("ab", 0): ["a", "b"],
    ("ab", -1): ["a", "b"],
    (FAMILY, 3): [FAMILY],
}


def cutter(text: str, whole: Sequence[tuple[int, int]] = ()) -> Cutter:
    """Measured in code points."""
    return Cutter(text, whole, lambda _, atoms: (list(map(len, atoms)),))


def split(text: str, room: int, whole: Sequence[tuple[int, int]] = ()) -> list[str]:
    return [text[start:end] for start, end in cutter(text, whole).split(lambda _: (room,))]


@pytest.mark.parametrize(("text", "room", "parts"), [(*case, parts) for case, parts in SPLITS.items()])
def test_a_text_is_cut_where_it_hurts_least(text: str, room: int, parts: list[str]) -> None:
    assert split(text, room) == parts


def test_a_mark_stays_whole_wherever_it_lies() -> None:
    assert split("see a.b, c. d now", 9, [(4, 13)]) == ["see", "a.b, c. d", "now"]
    assert split("abcdef", 2, [(1, 5)]) == ["a", "bcde", "f"]
    assert split("abcdef", 2, [(0, 6)]) == ["abcdef"]
    assert split("abcdef", 3, [(0, 3), (3, 6)]) == ["abc", "def"]


def test_a_mark_keeps_the_grapheme_it_ends_in() -> None:
    assert split("#a\u0301 b", 3, [(0, 2)]) == ["#a\u0301", "b"]


def test_every_part_may_have_its_own_room() -> None:
    stretches = cutter("one two three four").split(lambda number: (3,) if number == 0 else (9,))
    assert ["one two three four"[start:end] for start, end in stretches] == ["one", "two three", "four"]


def test_a_part_fits_in_every_measure() -> None:
    text = "钟楼 bells 钟楼"
    both = Cutter(text, (), lambda _, atoms: ([len(atom) for atom in atoms], [len(atom.encode()) for atom in atoms]))
    assert [text[start:end] for start, end in both.split(lambda _: (8, 8))] == ["钟楼", "bells", "钟楼"]


def test_the_head_is_the_first_part() -> None:
    assert cutter("  one two three").head((7,)) == (2, 9)
    assert cutter("one").head((7,)) == (0, 3)
    assert cutter("   ").head((7,)) == (3, 3)
    assert cutter("").head((7,)) == (0, 0)
    assert cutter("one").head((0,)) == (0, 1)


def test_a_stretch_that_reads_as_something_longer_by_itself_is_cut_shorter() -> None:
    """As where a domain is cut in two, and X makes a link of the first half."""
    text = "abcdefgh"
    heavy = Cutter(text, (), lambda _, atoms: ([1] * len(atoms),), lambda start, end: end - start + 2)
    assert [text[start:end] for start, end in heavy.split(lambda _: (5,))] == ["abc", "def", "gh"]


stretches = st.lists(st.integers(0, 60), max_size=6).map(sorted)


@given(texts, st.integers(1, 60))
def test_parts_hold_everything_but_white_space_and_only_one_grapheme_may_be_too_long(text: str, room: int) -> None:
    parts = split(text, room)
    assert "".join("".join(parts).split()) == "".join(text.split())
    for part in parts:
        within = graphemes(part)
        assert len(part) <= room or len(within) == 1
        assert not within[0].isspace()
        assert not within[-1].isspace()


@given(fragments, stretches, st.integers(1, 30))
def test_no_cut_lies_within_a_mark(text: str, places: list[int], room: int) -> None:
    ends = [min(place, len(text)) for place in places]
    whole = [(start, end) for start, end in zip(ends[::2], ends[1::2], strict=False) if start < end]
    for cuts in cutter(text, whole).split(lambda _: (room,)):
        for cut in cuts:
            assert not any(start < cut < end for start, end in whole if text[start:end].strip() == text[start:end])


@given(texts, st.integers(0, 60))
def test_the_head_is_what_a_split_begins_with(text: str, room: int) -> None:
    ready = cutter(text)
    parts = ready.split(lambda _: (room,))
    start, end = ready.head((room,))
    assert (start, end) == parts[0] if parts else start == end
