"""Hashtags, mentions and cashtags, and how they make room for links and for each other."""

import pytest
from hypothesis import given

from chalicelib.core.text.links import WIDE
from chalicelib.core.text.spans import Span, find_spans
from tests.core.texts import texts

HASHTAGS = {
    "#bells": ["#bells"],
    "＃wide": ["＃wide"],
    "(#bells)": ["#bells"],
    "#a_b": ["#a_b"],
    "#_a": ["#_a"],
    "#1a": ["#1a"],
    "#2026春": ["#2026春"],
    "#été": ["#été"],
    "#e\u0301te\u0301": ["#e\u0301te\u0301"],
    "#नमस्ते": ["#नमस्ते"],
    "#日本語の鐘": ["#日本語の鐘"],
    "#ア・イ": ["#ア・イ"],
    "#a·b": ["#a·b"],
    "#a.b": ["#a"],
    "#a-b": ["#a"],
    "#a #b": ["#a", "#b"],
    "#bells!": ["#bells"],
    "#": [],
    "##": [],
    "##a": [],
    "#1": [],
    "#_": [],
    "#️⃣": [],
    "x#bells": [],
    "春#bells": [],
    "&#39;": [],
    "&#bells": [],
    "/#bells": [],
    "#a#b": [],
    "#a://b": [],
    # as Weibo writes them
    "#春天#": ["#春天#"],
    "＃春天＃": ["＃春天＃"],
    "#春天#钟声": ["#春天#"],
    "#春天##钟声#": ["#春天#", "#钟声#"],
    "#钟🎉楼#": ["#钟🎉楼#"],
    "#春!b#c": ["#春!b#"],
    "#bells# ring": ["#bells#"],
    "#春天来了 #": ["#春天来了"],
    "#春 天#": ["#春"],
    "#" + "春" * 100 + "#": ["#" + "春" * 100 + "#"],
    "#" + "春" * 101 + "#": [],
    "#🎉春#": [],
}
CASHTAGS = {
    "$AAPL": ["AAPL"],
    "$aapl": ["AAPL"],
    "$A": ["A"],
    "$ABCDEF": ["ABCDEF"],
    "$ABCDEFG": [],
    "$BRK.B": ["BRK.B"],
    "$BRK_B": ["BRK_B"],
    "$A $B": ["A", "B"],
    "$A, $B.": ["A", "B"],
    "$": [],
    "$1": [],
    "$10M": [],
    "x$A": [],
    "($A": [],
    "$A春": [],
}
MENTIONS = {
    "@acme": ["acme"],
    "＠acme": ["acme"],
    "(@acme)": ["acme"],
    "春@acme": ["acme"],
    "@a.b": ["a.b"],
    "@a-b": ["a-b"],
    "@a_": ["a_"],
    "@a.": ["a"],
    "@a·b": ["a·b"],
    "@1": ["1"],
    "@小米很好": ["小米很好"],
    "@e\u0301": ["e\u0301"],
    "@user.bsky.social": ["user.bsky.social"],
    "@user@example.social": ["user@example.social"],
    "@user@example.social.": ["user@example.social"],
    "@user@": ["user"],
    "@a@b@c": ["a@b"],
    "@a, @b": ["a", "b"],
    "@": [],
    "@·": [],
    "@@x": [],
    "/@x": [],
    ".@x": [],
    "x@acme": [],
    "joe@example.com": [],
    "joe.bell+tag@example.com": [],
    "joe@example": [],
}
KEYS = {"acme", "acme corp", "小米"}
PEOPLE = {
    "@acme!": ["acme"],
    "@acme.": ["acme"],
    "＠acme,": ["acme"],
    "@acme的": ["acme"],
    "@acme corp": ["acme corp"],
    "@acme corps": ["acme"],
    "@小米很好": ["小米"],
    "@acme小米": ["acme"],
    "@acme @小米!": ["acme", "小米"],
    "@acmes": [],
    "@acmé": [],
    "@acme1": [],
    "@acme_": [],
    "@acme.b": [],
    "@acme-b": [],
    "@acme@b": [],
    "@小米a": [],
    "@Acme": [],
    "joe@acme": [],
}
MARKS = {"hashtag": "#＃", "mention": "@＠", "person": "@＠", "cashtag": "$", "topic": "#＃"}
BESIDE_LINKS = {
    "https://a.com/@x": [("link", "https://a.com/@x")],
    "https://a.com/#x": [("link", "https://a.com/#x")],
    "https://a.com #x": [("link", "https://a.com"), ("hashtag", "#x")],
    "@x https://a.com": [("mention", "@x"), ("link", "https://a.com")],
    "@a.com/x": [("mention", "@a.com")],
    "#a.com": [("hashtag", "#a")],
    "#http://a.com": [],
    "a.com@x": [],
    "@x #y $Z a.com": [("mention", "@x"), ("hashtag", "#y"), ("cashtag", "$Z"), ("link", "a.com")],
    "#a https://x.com/#b @c": [("hashtag", "#a"), ("link", "https://x.com/#b"), ("mention", "@c")],
    "@a#b@c": [("mention", "@a")],
}


def spans(text: str, kind: str) -> list[Span]:
    return [span for span in find_spans(text) if span.kind == kind]


@pytest.mark.parametrize(("text", "tags"), HASHTAGS.items(), ids=lambda value: str(value)[:20])
def test_these_are_the_hashtags(text: str, tags: list[str]) -> None:
    found = spans(text, "hashtag")
    assert [text[span.start : span.end] for span in found] == tags
    assert [span.value for span in found] == [tag.strip("#＃") for tag in tags]


@pytest.mark.parametrize(
    ("text", "topics"), {"春#天#": ["天"], "a#天# b": ["天"], "春#b#": [], "#a#天#": ["天"]}.items()
)
def test_a_topic_may_stand_right_behind_a_word(text: str, topics: list[str]) -> None:
    assert [span.value for span in spans(text, "topic")] == topics


@pytest.mark.parametrize(("text", "tags"), CASHTAGS.items())
def test_these_are_the_cashtags_in_capitals(text: str, tags: list[str]) -> None:
    assert [span.value for span in spans(text, "cashtag")] == tags


@pytest.mark.parametrize(("text", "handles"), MENTIONS.items())
def test_these_are_the_mentions_and_an_email_address_is_none(text: str, handles: list[str]) -> None:
    assert [span.value for span in spans(text, "mention")] == handles


@pytest.mark.parametrize(("text", "people"), PEOPLE.items())
def test_a_key_of_the_mention_map_is_a_person_unless_the_word_goes_on(text: str, people: list[str]) -> None:
    found = find_spans(text, KEYS, (9, 4, 2))
    assert [span.value for span in found if span.kind == "person"] == people


@pytest.mark.parametrize("text", ["@acme", "ring @acme"])
def test_a_person_may_be_the_last_word_beside_longer_keys(text: str) -> None:
    assert find_spans(text, KEYS, (9, 4, 2)) == (Span("person", len(text) - 5, len(text), "acme"),)


@pytest.mark.parametrize(("text", "expected"), BESIDE_LINKS.items())
def test_what_touches_a_link_is_part_of_it_or_nothing(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(span.kind, text[span.start : span.end]) for span in find_spans(text)] == expected


def test_a_link_without_a_scheme_has_https_in_its_value() -> None:
    assert find_spans("see a.com/b") == (Span("link", 4, 11, "https://a.com/b"),)


def test_positions_are_code_points() -> None:
    assert find_spans("👨\u200d👩 #a") == (Span("hashtag", 4, 6, "a"),)


def test_a_known_url_is_whole_whatever_ends_it_elsewhere() -> None:
    url = "https://a.com/搜索,"
    assert find_spans(f"{url} #x", known=url) == (Span("link", 0, len(url), url), Span("hashtag", 18, 20, "x"))


def test_a_known_url_is_not_made_shorter() -> None:
    assert find_spans("https://a.com/bcd", known="https://a.com/b")[0].value == "https://a.com/bcd"


def test_there_are_no_links_within_a_known_url() -> None:
    url = "https://a.com/搜?b.com"
    assert find_spans(url, known=url) == (Span("link", 0, len(url), url),)


@given(texts)
def test_spans_begin_with_their_marks_in_order_apart_and_not_empty(text: str) -> None:
    for found in (find_spans(text), find_spans(text, {"acme", "小米"}, (4, 2), grammar=WIDE)):
        ends = [0, *(at for span in found for at in (span.start, span.end)), len(text)]
        assert ends == sorted(ends)
        assert all(span.start < span.end and span.value for span in found)
        assert all(text[span.start] in MARKS[span.kind] for span in found if span.kind != "link")
