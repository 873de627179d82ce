"""What every dialect escapes, letter by letter, and that it reads back as it was."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.limits import Markup
from chalicelib.core.text.wire import DIALECTS, little_text, wechat_html
from tests.core.texts import texts

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

GOLDEN = {
    "little_text": {
        "": "",
        "bells 钟楼 😀": "bells 钟楼 😀",
        PUNCTUATION: r"""!"\#$%&'\(\)\*+,-./:;\<=\>?\@\[\\\]^\_`\{\|\}\~""",
        "@[Acme](urn:li:organization:1)": r"\@\[Acme\]\(urn:li:organization:1\)",
        "a\nb": "a\nb",
    },
    "markdown": {
        "": "",
        "bells 钟楼 😀": "bells 钟楼 😀",
        PUNCTUATION: r"""!"\#$%&'()\*+,-./:;\<=\>?@\[\\\]^\_\`{\|}\~""",
        "1. one\n2) two": "1\\. one  \n2\\) two",
        "- a\n+ b\n* c\n# d\n> e": "\\- a  \n\\+ b  \n\\* c  \n\\# d  \n\\> e",
        "a\n===": "a  \n\\===",
        "1234567890. a": "1234567890. a",
        "a - b 1. c": "a - b 1. c",
        "a\n\nb": "a  \n  \nb",
        "[a](b)": r"\[a\](b)",
    },
    "discord": {
        "": "",
        PUNCTUATION: r"""!"\#$%&'()\*+,-./:;\<=\>?@\[\\\]^\_\`{\|}\~""",
        "<@123> ||b||": r"\<@123\> \|\|b\|\|",
        "- a\n-# b": "\\- a\n\\-\\# b",
        "a\n\nb": "a\n\nb",
    },
    "markdown_v2": {
        "": "",
        PUNCTUATION: r"""\!"\#$%&'\(\)\*\+,\-\.\/:;<\=\>?@\[\\\]^\_\`\{\|\}\~""".replace(r"\/", "/"),
        "a.b\nc!": "a\\.b\nc\\!",
    },
    "mrkdwn": {
        "": "",
        PUNCTUATION: PUNCTUATION.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "&lt;": "&amp;lt;",
        "<@U1> <!channel>": "&lt;@U1&gt; &lt;!channel&gt;",
    },
    "html": {
        "": "<p></p>",
        PUNCTUATION: f"<p>{PUNCTUATION.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</p>",
        "a\nb": "<p>a<br>b</p>",
        "a\n\nb": "<p>a</p><p>b</p>",
        "a\n\n\nb": "<p>a</p><p><br>b</p>",
        "<p>&amp;</p>": "<p>&lt;p&gt;&amp;amp;&lt;/p&gt;</p>",
    },
    "wechat_html": {
        "": "<p><br></p>",
        "a\nb": "<p>a</p><p>b</p>",
        "a\n\nb": "<p>a</p><p><br></p><p>b</p>",
        "<script>": "<p>&lt;script&gt;</p>",
    },
}
LINKS = {
    "little_text": "https://a.com/?b=c&d",
    "markdown": "https://a.com/?b=c&d",
    "discord": "https://a.com/?b=c&d",
    "mrkdwn": "<https://a.com/?b=c&amp;d>",
    "html": '<a href="https://a.com/?b=c&amp;d">https://a.com/?b=c&amp;d</a>',
    "wechat_html": "https://a.com/?b=c&amp;d",
}


def sent(dialect: str, text: str) -> str:
    about = DIALECTS[dialect]
    return about.finish((about.opening or about.escape)(text))


@pytest.mark.parametrize(
    ("dialect", "text", "wire"),
    [(dialect, text, wire) for dialect, cases in GOLDEN.items() for text, wire in cases.items()],
)
def test_a_text_is_escaped_like_this(dialect: str, text: str, wire: str) -> None:
    assert sent(dialect, text) == wire


@pytest.mark.parametrize(("dialect", "text"), [(dialect, text) for dialect, cases in GOLDEN.items() for text in cases])
def test_and_reads_back_as_it_was(dialect: str, text: str) -> None:
    assert DIALECTS[dialect].read(sent(dialect, text)) == text


@pytest.mark.parametrize(("dialect", "wire"), LINKS.items())
def test_a_link_is_written_like_this_and_reads_back(dialect: str, wire: str) -> None:
    about = DIALECTS[dialect]
    assert about.link("https://a.com/?b=c&d") == wire
    assert about.read(about.finish(wire)) == "https://a.com/?b=c&d"


@given(texts)
def test_everything_reads_back_as_it_was(text: str) -> None:
    for name, dialect in DIALECTS.items():
        assert dialect.read(sent(name, text)) == text


@given(st.sampled_from(sorted(DIALECTS)), st.text(st.sampled_from("\\`*_|#<>[]{}()@&;=+-.1!~ \n\r\tpbr/"), max_size=20))
def test_even_where_it_looks_like_markup_already(dialect: str, text: str) -> None:
    assert DIALECTS[dialect].read(sent(dialect, text)) == text


@given(texts, texts)
def test_a_link_between_texts_reads_back_with_them(before: str, after: str) -> None:
    url = "https://a.com/?b=c&d"
    for dialect in DIALECTS.values():
        wire = dialect.finish(dialect.escape(before) + dialect.link(url) + dialect.escape(after))
        assert dialect.read(wire) == before + url + after


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (r"{hashtag|\#|bells}", "#bells"),
        (r"{hashtag|\#|a\_b}", "#a_b"),
        ("@[Acme Inc](urn:li:organization:1)", "Acme Inc"),
        (r"a {hashtag|\#|b} \@c @[D](e)", "a #b @c D"),
    ],
)
def test_linkedins_templates_read_as_linkedin_shows_them(wire: str, text: str) -> None:
    assert DIALECTS["little_text"].read(wire) == text


@pytest.mark.parametrize(
    ("wire", "text"), [("<https://a.com|a>", "https://a.com"), ("<@U1>", "@U1"), ("a &lt; b", "a < b")]
)
def test_slacks_angles_read_as_what_they_point_to(wire: str, text: str) -> None:
    assert DIALECTS["mrkdwn"].read(wire) == text


def test_no_bar_in_a_url_is_left_to_slack() -> None:
    assert DIALECTS["mrkdwn"].link("https://a.com/b|c") == "https://a.com/b|c"


def test_a_link_is_escaped_in_telegrams_markdown() -> None:
    assert DIALECTS["markdown_v2"].link("https://a.com") == r"https://a\.com"


def test_an_entity_is_no_entity_in_markdown() -> None:
    """https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references."""
    assert sent("markdown", "&copy;") == r"\&copy;"


@pytest.mark.parametrize(("text", "wire"), [(" - a", r" \- a"), ("   1. a", r"   1\. a")])
def test_a_list_may_be_indented_in_markdown(text: str, wire: str) -> None:
    """By up to three spaces: https://spec.commonmark.org/0.31.2/#list-items."""
    assert sent("markdown", text) == wire


def test_every_markup_but_plain_text_has_its_dialect() -> None:
    assert set(DIALECTS) == set(get_args(Markup)) - {"plain", "facets"}


def test_what_is_counted_is_what_is_sent() -> None:
    assert wechat_html("a & b\n") == sent("wechat_html", "a & b\n")
    assert little_text("a_b") == sent("little_text", "a_b")
