"""How much of a post arrived: every reviewed rendition measured, what is lost named, what must hold for any text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.adapt import adapt
from chalicelib.core.kit import NO_KIT, Kit
from chalicelib.core.post import Content, Media
from chalicelib.core.rendition import Part, Rendition
from chalicelib.core.scores.message import measure
from chalicelib.core.scores.outcome import Message
from chalicelib.core.text.folding import words
from chalicelib.platforms import names, platform
from tests.posts.goldens import post, posts

UNITS = (
    "Die",
    "Glocke",
    "rings",
    "ＯＮＣＥ",
    "don't",
    "钟",
    "声",
    "響く",
    "1",
    "🔔",
    "،",
    "جرس",
    "…",
    "#tag",
    "\n",
)
texts = st.lists(st.sampled_from(UNITS), max_size=30).map(" ".join)


def sent(*texts: str, media: tuple[Media, ...] = (), **fields: Any) -> Rendition:
    """A rendition that says this."""
    parts = [Part(text, len(text), None, "code_points", len(text), media=media) for text in texts]
    return Rendition("sandbox", "v", tuple(parts), **fields)


def contained(content: Content, *texts: str) -> float:
    return measure(content, sent(*texts), NO_KIT).containment


def adapted(content: Content, network: str, kit: Kit = NO_KIT) -> Message:
    return measure(content, adapt(content, platform(network).rules), kit)


@pytest.mark.parametrize("network", names())
@pytest.mark.parametrize("name", posts())
def test_adaptation_cuts_and_moves_and_keeps_the_wording(name: str, network: str) -> None:
    content = Content.model_validate(post(name))
    rendition = adapt(content, platform(network).rules)

    found = measure(content, rendition, NO_KIT)

    assert found.containment >= 0.9
    assert 0 <= found.coverage <= 1
    assert (found.coverage == 1) == (not found.lost)
    if not rendition.changes:
        assert found == Message(1.0, 1.0)


@pytest.mark.parametrize("name", posts())
def test_another_post_is_not_this_one(name: str) -> None:
    content, other = Content.model_validate(post(name)), Content(text="Heute bleibt der Turm geschlossen, leider ganz.")

    assert measure(content, adapt(other, platform("mastodon").rules), NO_KIT).containment < 0.1


@given(texts, texts)
def test_both_figures_are_shares(one: str, other: str) -> None:
    found = measure(Content(text=one, hashtags=("tag",)), sent(one, other), NO_KIT)
    strange = measure(Content(text=one), sent(other), NO_KIT)

    for share in (found.containment, found.coverage, strange.containment, strange.coverage):
        assert 0 <= share <= 1
    assert found.containment == 1


@given(texts, st.data())
def test_the_beginning_of_a_text_is_contained_in_it(text: str, data: st.DataObject) -> None:
    units = text.split(" ")
    prefix = " ".join(units[: data.draw(st.integers(1, len(units)))])

    assert contained(Content(text=text), prefix) == (1 if wording_of(prefix) or not wording_of(text) else 0)


@given(texts, texts, st.sampled_from(["  ", "\n", "\u3000", " \u200b "]))
def test_white_space_makes_no_difference(one: str, other: str, blank: str) -> None:
    spaced = contained(Content(text=one.replace(" ", blank)), other.replace(" ", blank + blank))

    assert spaced == contained(Content(text=one), other)


@given(texts, texts)
def test_who_contains_whom_makes_no_difference(one: str, other: str) -> None:
    if wording_of(one) and wording_of(other):
        assert contained(Content(text=one), other) == contained(Content(text=other), one)


def wording_of(text: str) -> list[str]:
    """The units of a text that are its wording."""
    return [word for word in words(text) if word != "tag"]


@pytest.mark.parametrize(
    ("canonical", "rendition", "expected"),
    [
        # Of the shorter side's runs: "the bells ring", "bells ring at", "ring at nine"
        ("The bells ring at nine.", "The bells ring at nine.", 1),
        ("The bells ring at nine.", "THE BELLS RING…", 1),
        ("The bells ring at nine.", "The bells ring at ten.", 2 / 3),
        ("The bells ring at nine.", "Our bells ring at nine sharp.", 2 / 3),
        ("The bells ring at nine.", "Come and listen!", 0),
        # 明天九, 天九点, 九点敲, 点敲钟
        ("明天九点敲钟", "明天九点敲钟！", 1),
        ("明天九点敲钟", "明天八点敲钟", 1 / 4),
        ("明天 九点 敲钟", "明天九点敲钟", 1),
        # carillon 发 布, 发 布 v2
        ("Carillon发布v2", "carillon 发布 V2", 1),
        ("Carillon发布v2", "Carillon 发布 v3", 1 / 2),
        # fewer than three units: runs of two, then of one
        ("Ding dong", "Ding dong", 1),
        ("Ding dong", "Ding", 1),
        ("Ding dong", "Dong ding", 0),
        ("钟", "钟声响了", 1),
        # nothing to contain, and nothing that arrived
        ("", "Ding", 1),
        ("🔔 https://example.org #bells", "", 1),
        ("Ding", "", 0),
        # links, hashtags and numbers of parts are no wording
        ("Ding https://example.org/a dong bell #a", "Ding dong bell https://example.org/b #c #d", 1),
    ],
)
def test_by_hand(canonical: str, rendition: str, expected: float) -> None:
    assert contained(Content(text=canonical), rendition) == expected


def test_numbers_of_parts_are_no_wording() -> None:
    content = Content(text="One two three four five six seven eight nine ten")

    assert contained(content, "One two three (1/2)", "four five six (2/2)") == 1
    assert contained(content, "One two three (1/2)") == 1 / 3


def test_a_target_that_says_it_in_other_words_has_less_of_the_message() -> None:
    content = Content.model_validate(
        {"text": "The bells ring at nine tomorrow", "link": {"url": "https://example.org/"}}
    )
    own = content.overridden(Content(text="Bells, tomorrow, be there"))

    found = measure(content, adapt(own, platform("mastodon").rules), NO_KIT)

    assert found.containment == 0
    assert found.coverage == 1


FULL: dict[str, Any] = {
    "text": "Carillon by @acme and @someone: https://example.org/more, an #ad",
    "link": {"url": "https://example.org/post?a=1", "utm": {"source": "{platform}"}},
    "hashtags": ["Bells", "brand-new"],
    "mentions": [{"key": "acme", "name": "Acme", "mastodon": "acme@towers.example"}, {"key": "nobody", "name": "N"}],
    "media": [
        {"url": "https://cdn.example/1.jpg", "alt_text": "One bell"},
        {"url": "https://cdn.example/2.jpg"},
        {"url": "https://cdn.example/3.jpg", "alt_text": "Three bells"},
    ],
    "labels": {"paid_partnership": True},
    "language": "en",
}
KIT = Kit.model_validate(
    {
        "required_terms": [{"any_of": ["Carillon", "钟楼"]}, {"any_of": ["unsaid"]}],
        "required_hashtags": [{"tag": "#bells"}],
        "disclosures": [{"label": "paid_partnership", "any_of": ["#ad"]}],
    }
)


@pytest.mark.parametrize("placement", ["inline", "card", "first_comment"])
@pytest.mark.parametrize("network", ["mastodon", "bluesky", "linkedin", "facebook"])
def test_a_link_survives_wherever_it_goes(network: str, placement: str) -> None:
    body = {"text": "Ding", "link": {**FULL["link"], "placement": placement}}

    assert adapted(Content.model_validate(body), network).lost == ()


def test_what_did_not_survive_is_named() -> None:
    content = Content.model_validate(FULL)

    assert adapted(content, "mastodon", KIT) == Message(1.0, 1.0)
    nothing = measure(content, sent("钟"), KIT)
    assert nothing.coverage == 0
    assert nothing.lost == (
        *("link", "link https://example.org/more", "hashtag #Bells", "hashtag #brand-new"),
        *("mention @acme", "mention @someone", "term Carillon", "disclosure #ad", "media 1", "media 2", "media 3"),
    )
    # 11 things, and the alternative text of the one medium that arrived, which has lost it
    medium = content.media[0].model_copy(update={"alt_text": None})
    found = measure(content, sent("钟楼", tags=("BELLS", "brandnew"), media=(medium,)), KIT)
    assert found.coverage == pytest.approx(4 / 12)
    assert found.lost[-3:] == ("alt text 1", "media 2", "media 3")


def test_a_person_without_a_handle_there_is_mentioned_by_name() -> None:
    content = Content.model_validate({"text": "By @acme", "mentions": [{"key": "acme", "name": "Acme", "x": "acmehq"}]})

    assert adapted(content, "mastodon").lost == ()
    assert measure(content, sent("By Acme"), NO_KIT).lost == ()
    there = measure(content, adapt(content, platform("x").rules), NO_KIT)
    assert there == Message(1.0, 1.0)


def test_a_long_name_is_cut() -> None:
    content = Content(text=f"https://example.org/{'x' * 3000}")

    [lost] = measure(content, sent(""), NO_KIT).lost

    assert len(lost) == 100
