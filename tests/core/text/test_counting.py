"""What links and mentions count where they count as something else than they are."""

import pytest
from twitter_text import parse_tweet

from chalicelib.core.rules import Counting
from chalicelib.core.text.counting import Mark, measure, measure_alone
from chalicelib.core.text.measures import stand_in

X = Counting("weighted", 23, bare=True, wide=False)
MASTODON = Counting("mastodon", 23, bare=False, wide=True)
WEIBO = Counting("weibo", None, bare=False, wide=False)
TELEGRAM = Counting("utf16", None, bare=True, wide=False)

LENGTHS = {
    (X, ""): 0,
    (X, "bells"): 5,
    (X, "https://a.com"): 23,
    (X, "a.com"): 23,
    (X, "https://a.com/" + "x" * 500): 23,
    (X, "钟https://a.com楼"): 27,
    (X, "a.com b.org"): 47,
    (X, "@acme@social.example"): 20,
    (X, "joe@example.com"): 15,
    (MASTODON, ""): 0,
    (MASTODON, "https://a.com/" + "x" * 500): 23,
    (MASTODON, "a.com"): 5,
    (MASTODON, "https://a.com/路径"): 23,
    (MASTODON, "@acme@social.example"): 5,
    (MASTODON, "@acme@social.example, @b"): 9,
    (MASTODON, "@acme"): 5,
    (MASTODON, "👨\u200d👩\u200d👧\u200d👦 https://a.com"): 25,
    (WEIBO, "http://a.com"): 20,
    (WEIBO, "http://a.com/" + "x" * 127): 20,
    (WEIBO, "http://a.com/" + "x" * 128): 21,
    (WEIBO, "https://a.com"): 13,
    (WEIBO, "a.com"): 5,
    (WEIBO, "http://t.cn/A6"): 14,
    (WEIBO, "http://weibo.com/1"): 18,
    (WEIBO, "http://news.sina.com.cn/1"): 25,
    (WEIBO, "http://weibo.com/" + "x" * 24): 41,
    (WEIBO, "http://weibo.com/" + "x" * 25): 20,
    (WEIBO, "钟http://a.com楼"): 24,
    (TELEGRAM, "https://a.com"): 13,
    (TELEGRAM, "@acme@social.example"): 20,
}


@pytest.mark.parametrize(
    ("counting", "text", "length"),
    [(*case, length) for case, length in LENGTHS.items()],
    ids=lambda value: value.unit if isinstance(value, Counting) else str(value)[:24],
)
def test_a_stretch_by_itself_counts_what_its_network_reads_in_it(counting: Counting, text: str, length: int) -> None:
    assert measure_alone(text, counting) == length


@pytest.mark.parametrize("text", [text for counting, text in LENGTHS if counting is X and text])
def test_x_counts_links_as_the_parser_of_twitter_text_does(text: str) -> None:
    assert measure_alone(text, X) == parse_tweet(text).weightedLength


def test_only_marks_count_as_something_else() -> None:
    text = "see https://example.com/a/b"
    assert measure(text, X) == len(text)
    assert measure(text, X, [Mark("link", 4, len(text), "")]) == 4 + 23
    assert measure(text, X, [Mark("", 4, len(text), "")]) == len(text)


def test_marks_change_nothing_where_everything_counts_as_it_is() -> None:
    assert measure("钟 a.com", TELEGRAM, [Mark("link", 2, 7, "")]) == 7


def test_marks_lie_beside_each_other() -> None:
    marks = [Mark("link", 0, 5, ""), Mark("link", 5, 10, "")]
    assert measure("a.comb.com", X, marks) == 46


@pytest.mark.parametrize("kind", ["hashtag", "cashtag", "person", ""])
@pytest.mark.parametrize("unit", ["weighted", "mastodon", "weibo"])
def test_hashtags_count_as_they_are_written(kind: str, unit: str) -> None:
    assert stand_in(kind, "#bells", unit, 23) is None


@pytest.mark.parametrize(
    ("unit", "weight", "plain"),
    [("utf16", None, True), ("utf16", 23, False), ("weibo", None, False), ("mastodon", None, False)],
)
def test_a_count_is_plain_where_nothing_counts_as_something_else(unit: str, weight: int | None, plain: bool) -> None:
    assert Counting(unit, weight, bare=True, wide=False).plain is plain
