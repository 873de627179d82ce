"""URLs in running text. Where the grammar is X's, each example is read by the parser of twitter-text too."""

import pytest
from hypothesis import given
from twitter_text import extract_urls

from chalicelib.core.text.links import TIGHT, WIDE, find_links
from chalicelib.core.text.tlds import TLDS
from tests.core.texts import texts

A63 = "a" * 63

FOUND = {
    # with a scheme
    "http://a.com": ["http://a.com"],
    "HTTPS://A.COM/B": ["HTTPS://A.COM/B"],
    "see http://a.com/b, then": ["http://a.com/b"],
    "http://a.com and https://b.org": ["http://a.com", "https://b.org"],
    "http://http://a.com": ["http://a.com"],
    "http://élan.fr/été": ["http://élan.fr/été"],
    "http://例え.com": ["http://例え.com"],
    "http://例子.中国/a": ["http://例子.中国/a"],
    "http://xn--fsqu00a.xn--fiqs8s": ["http://xn--fsqu00a.xn--fiqs8s"],
    "http://a_b.com": [],
    "http://a-.com": [],
    "http://a..com": [],
    "http://www": [],
    "http://localhost:3000/x": [],
    "http://1.2.3.4": [],
    "http://user:pw@a.com": [],
    "ftp://a.com": [],
    "hhttp://a.com": [],
    "@http://a.com": [],
    "//a.com": [],
    f"http://{A63}.com": [f"http://{A63}.com"],
    f"http://{A63}a.com": [],
    f"http://{'é' * 54}.com": [f"http://{'é' * 54}.com"],
    f"http://{'é' * 80}.com": [],
    "http://a.com/" + "x" * 4000: ["http://a.com/" + "x" * 4000],
    "http://a.com/" + "x" * 4096: [],
    # without one
    "a.com": ["a.com"],
    "www.a.co.uk/b?c=d": ["www.a.co.uk/b?c=d"],
    "münchen.de": ["münchen.de"],
    "écran.com": ["cran.com"],
    "a.xn--fiqs8s": ["a.xn--fiqs8s"],
    "x=b.com": ["b.com"],
    "readme.md": ["readme.md"],
    "a.b": [],
    "e.g. U.S.A.": [],
    "a..com": [],
    "-a.com": [],
    "a/b.com": [],
    "joe@a.com": [],
    "@a.com #a.com $a.com": [],
    "日本.com": [],
    "例子.中国": [],
    "1.2.3.4": [],
    # punctuation around it
    "(a.com)": ["a.com"],
    "“a.com”": ["a.com"],
    "<http://a.com/b>": ["http://a.com/b"],
    "[http://a.com/b]": ["http://a.com/b"],
    "a.com.": ["a.com"],
    "http://a.com/b!?": ["http://a.com/b"],
    "http://a.com/b...": ["http://a.com/b"],
    "http://a.com/b/": ["http://a.com/b/"],
    "http://a.com/b-": ["http://a.com/b-"],
    "'http://a.com/b'": ["http://a.com/b"],
    # parentheses in it
    "(http://a.com/b_(c))": ["http://a.com/b_(c)"],
    "http://a.com/(b(c)d)e": ["http://a.com/(b(c)d)e"],
    "http://a.com/(b": ["http://a.com/"],
    "http://a.com/b)": ["http://a.com/b"],
    # Chinese and Japanese behind it, and before
    "a.com中文": ["a.com"],
    "http://a.com中文": ["http://a.com"],
    "http://a.com/x中文": ["http://a.com/x"],
    "http://a.com/x。后": ["http://a.com/x"],
    "你好a.com": ["a.com"],
    "你好http://a.com": ["http://a.com"],
    "😀a.com": ["a.com"],
    # what follows the domain
    "http://a.com:80": ["http://a.com:80"],
    "http://a.com:80/x": ["http://a.com:80/x"],
    "a.com:80/x": ["a.com:80/x"],
    "a.com:80": ["a.com"],
    "http://a.com?x=1": ["http://a.com?x=1"],
    "http://a.com?": ["http://a.com"],
    "http://a.com/?x=1&y=(2)": ["http://a.com/?x=1&y=(2"],
    "a.com?x=1": ["a.com"],
    "a.com/?x=1": ["a.com/?x=1"],
    "http://a.com#x": ["http://a.com"],
    "http://a.com/#x": ["http://a.com/#x"],
    "http://a.com/%E4%BD%A0": ["http://a.com/%E4%BD%A0"],
    "http://a.com/Ж/é": ["http://a.com/Ж/é"],
    # t.co ends with its slug
    "https://t.co/abcdé": ["https://t.co/abcd"],
    "https://t.co/ab/c": ["https://t.co/ab"],
    "https://t.co/ab?c=d": ["https://t.co/ab?c=d"],
    "t.co": ["t.co"],
    # nothing
    "": [],
    ".": [],
    "http://": [],
    "bells": [],
}

WIDELY_FOUND = {
    "http://a.com/路径": ["http://a.com/路径"],
    "http://a.com/a中文。后": ["http://a.com/a中文。后"],
    "http://a.com/a 中文": ["http://a.com/a"],
    'http://a.com/b"c': ['http://a.com/b"c'],
    "http://a.com/b」": ["http://a.com/b"],
    "http://a.com/a<b": ["http://a.com/a"],
    "http://a.com/(b)": ["http://a.com/(b)"],
    "http://a.com/(b": ["http://a.com/"],
    "http://a.com/b,": ["http://a.com/b"],
    "http://a.com?x=中": ["http://a.com?x=中"],
    "a.com中": ["a.com"],
}
"""Mastodon's."""


def found(text: str, *, wide: bool = False) -> list[str]:
    return [text[link.start : link.end] for link in find_links(text, WIDE if wide else TIGHT)]


@pytest.mark.parametrize(("text", "urls"), FOUND.items(), ids=lambda value: str(value)[:40])
def test_a_text_has_these_urls(text: str, urls: list[str]) -> None:
    assert found(text) == urls


@pytest.mark.parametrize("text", FOUND, ids=lambda text: text[:40])
def test_x_finds_the_same(text: str) -> None:
    assert found(text) == extract_urls(text)


@pytest.mark.parametrize(("text", "urls"), WIDELY_FOUND.items())
def test_mastodon_lets_a_url_go_on_in_any_letters(text: str, urls: list[str]) -> None:
    assert found(text, wide=True) == urls


def test_a_slug_of_t_co_has_40_characters_at_most() -> None:
    text = "https://t.co/" + "a" * 41
    assert found(text) == extract_urls(text) == []


@pytest.mark.parametrize("domain", ["com", "museum", "app", "dev", "中国", "рф", "موقع", "한국"])
def test_every_top_level_domain_makes_a_link(domain: str) -> None:
    assert domain in TLDS
    assert found(f"http://bells.{domain}") == [f"http://bells.{domain}"]


def test_newer_top_level_domains_are_known_than_twitter_text_knows() -> None:
    assert found("bells.xn--q9jyb4c bells.music bells.gay") == ["bells.xn--q9jyb4c", "bells.music", "bells.gay"]


def test_top_level_domains_are_lower_case_and_have_no_dot() -> None:
    assert {name for name in TLDS if name != name.lower() or "." in name or not name} == set()
    assert len(TLDS) > 1400


@given(texts)
def test_links_are_in_order_apart_and_within_the_text(text: str) -> None:
    for grammar in (TIGHT, WIDE):
        links = find_links(text, grammar)
        ends = [0, *(at for link in links for at in (link.start, link.end)), len(text)]
        assert ends == sorted(ends)
        assert all(link.start < link.end for link in links)


@given(texts)
def test_a_link_stays_one_by_itself_and_says_whether_it_has_a_scheme(text: str) -> None:
    """What is cut out of a text, or sent elsewhere, reads as it did."""
    for link in find_links(text):
        url = text[link.start : link.end]
        assert url.lower().startswith(("http://", "https://")) == link.scheme
        assert found(url) == [url]
