"""A brand kit against posts: `cases.json` reads as a table; a case is added there, without code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.brand import check, check_post
from chalicelib.core.kit import MOST_LETTERS, Kit, faults
from chalicelib.core.post import Content, NewPost
from chalicelib.core.starter_lists import STARTER_LISTS
from chalicelib.core.text.folding import Folded, Place, fold, folded

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "cases.json").read_text())
ALL = Kit.model_validate({"starter_lists": [{"name": name, "practice": "error"} for name in STARTER_LISTS]})
PLACES = re.compile(r"(\d+)–(\d+)")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case(case: dict[str, Any]) -> None:
    kit, content = Kit.model_validate(case["kit"]), Content.model_validate(case["content"])

    found = check(content, kit)

    assert faults(kit) == []
    assert [(one.path, one.severity, one.rule.id if one.rule else "") for one in found] == [
        (path, severity, rule) for path, severity, rule, _ in case["found"]
    ]
    for one, (*_, message) in zip(found, case["found"], strict=True):
        assert one.message.startswith(message)


@pytest.mark.parametrize("name", STARTER_LISTS)
def test_a_starter_list_says_what_each_term_rests_on(name: str) -> None:
    starter = STARTER_LISTS[name]
    sources = [starter.source, *(one.source for one in starter.terms)]
    assert all(re.fullmatch(r"https?://\S+", one.url) and re.fullmatch(r"\d{4}-\d\d-\d\d", one.date) for one in sources)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", starter.checked)
    terms = [folded(one.term) for one in starter.terms]
    assert len(terms) == len(set(terms))
    # an exception that holds no term is a slip of the pen
    assert [one for one in starter.exceptions if not any(term in folded(one) for term in terms)] == []


def test_the_law_itself_names_three_words() -> None:
    law = [one.term for one in STARTER_LISTS["prc_advertising_law"].terms if one.basis == "law"]
    assert law == ["国家级", "國家級", "最高级", "最高級", "最佳"]


@pytest.mark.parametrize("term", [one.term for one in STARTER_LISTS["prc_advertising_law"].terms])
def test_every_term_of_the_list_is_found(term: str) -> None:
    [found] = check(Content(text=f"钟：{term}。"), ALL)
    assert found.message.startswith(f"“{term}” at 2–{2 + len(term)} is")
    assert found.rule is not None
    assert found.rule.source is not None


@pytest.mark.parametrize("term", STARTER_LISTS["prc_advertising_law"].exceptions)
def test_no_exception_is_found(term: str) -> None:
    assert check(Content(text=f"钟：{term}。"), ALL) == []


noise = st.lists(st.sampled_from("\u200b\u200d\u2060\u00ad\ufeff\u202e \u3000*·"), max_size=4).map("".join)
around = st.text(st.sampled_from("钟声的一aß Z9\n！,🔔"), max_size=12)


@given(around, noise, noise, around)
def test_whatever_hides_a_word_it_is_found_where_it_stands(before: str, one: str, two: str, behind: str) -> None:
    text = f"{before}，国{one}家{two}级，{behind}"
    [found] = [issue for issue in check(Content(text=text), ALL) if "“国家级”" in issue.message]
    [(start, end)] = PLACES.findall(found.message)
    assert fold(text[int(start) : int(end)]).text == "国家级"


@given(st.text(max_size=60))
def test_a_folded_text_folds_to_itself_and_every_place_is_in_the_text(text: str) -> None:
    once = fold(text)
    for letter in {*once.text}:
        for place in once.find(letter):
            start, end = once.origin(place)
            assert 0 <= start < end <= len(text)
    assert fold(once.text).text == once.text


def test_a_target_answers_for_its_own_words_only() -> None:
    kit = Kit.model_validate({"banned": [{"name": "b", "terms": ["best"]}], "required_terms": [{"any_of": ["bells"]}]})
    own = [{"text": "The best bells"}, {"title": "best"}, {"visibility": "private"}, None]
    targets = [{"platform": "x", **({"overrides": each} if each else {})} for each in own]
    post = NewPost.model_validate({"text": "Best of all", "targets": targets})

    assert [(one.path, one.code) for one in check_post(post, kit)] == [
        ("text", "brand_term_banned"),
        ("text", "brand_term_missing"),
        ("targets[0].overrides.text", "brand_term_banned"),
        ("targets[1].overrides.title", "brand_term_banned"),
        ("targets[1].overrides.text", "brand_term_missing"),
    ]


def test_where_every_target_says_it_its_own_way_the_post_need_not() -> None:
    kit = Kit.model_validate({"required_terms": [{"any_of": ["bells"]}]})
    targets = [{"platform": "x", "overrides": {"text": "Our bells"}}, {"platform": "slack", "overrides": {"text": "?"}}]
    post = NewPost.model_validate({"targets": targets})

    assert [one.path for one in check_post(post, kit)] == ["targets[1].overrides.text"]


def test_a_link_that_a_target_puts_in_its_place_is_looked_at() -> None:
    kit = Kit.model_validate({"link_domains": {"allowed": ["example.org"], "severity": "warning"}})
    overrides = {"link": {"url": "https://example.com/"}}
    body = {"text": "Ding", "link": {"url": "https://example.org/"}, "targets": [{"overrides": overrides}]}

    [found] = check_post(NewPost.model_validate(body), kit)

    assert (found.path, found.severity) == ("targets[0].overrides.link.url", "warning")


def test_of_a_kit_of_thousands_only_what_a_text_could_hold_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise one post to forty accounts takes minutes, and whoever makes the posts of schedules waits for it."""
    terms = [f"{chr(0x4E00 + number)}{chr(0x4E00 + number // 20)}" for number in range(10_000)]
    banned = [{"name": f"list_{first}", "terms": terms[first : first + 1000]} for first in range(0, 10_000, 1000)]
    kit = Kit.model_validate({"banned": banned, "exceptions": terms[:1000]})
    hashtags = [f"bell{number}" for number in range(30)]
    targets = [{"platform": "x", "overrides": {"text": "Ding dong", "hashtags": hashtags}} for _ in range(40)]
    new = NewPost.model_validate({"text": f"Not {terms[7777]}", "targets": targets})
    searched, find = list[str](), Folded.find

    def counting(text: Folded, term: str) -> Iterator[Place]:
        searched.append(term)
        return find(text, term)

    monkeypatch.setattr(Folded, "find", counting)

    assert [(one.path, one.code) for one in check_post(new, kit)] == [("text", "brand_term_banned")]
    assert searched == [terms[7777]]


def test_a_kit_that_makes_no_sense_is_told_all_at_once() -> None:
    many = {"name": "many", "terms": [f"{number:<100}" for number in range(1000)]}
    kit = Kit.model_validate(
        {
            "avoid": ["\u200b"],
            "required_terms": [{"any_of": [" "]}],
            "banned": [many, {"name": "many", "terms": ["a", "\u00ad"]}],
            "starter_lists": [{"name": "prc_advertising_law"}, {"name": "prc_advertising_law"}],
        }
    )
    assert sum(len(term) for term in many["terms"]) > MOST_LETTERS
    assert {(one.path, one.code) for one in faults(kit)} == {
        ("avoid[0]", "empty_term"),
        ("required_terms[0].any_of[0]", "empty_term"),
        ("banned[1].terms[1]", "empty_term"),
        ("banned[1].name", "duplicate_list"),
        ("starter_lists[1].name", "duplicate_list"),
        ("", "too_many_terms"),
    }


def test_an_empty_kit_finds_nothing() -> None:
    post = NewPost.model_validate({"text": "最佳 best https://evil.example", "targets": [{"platform": "x"}]})
    assert check_post(post, Kit()) == []
