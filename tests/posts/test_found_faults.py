"""Faults that were found by the canonical posts and mended, each by its smallest post."""

from typing import Any

import pytest

from tests.posts.goldens import Json, answered


def rendition(network: str, text: str, **fields: Any) -> Json:
    """What a text becomes on a network."""
    found: Json = answered({"text": text, "targets": [{"platform": network}], **fields})[network]
    return found


def test_a_link_in_a_warning_in_the_text_counts_23_on_x() -> None:
    (part,) = rendition("x", "Text", content_warning="see https://x.com")["parts"]

    assert part["text"] == "CW: see https://x.com\n\nText"
    assert part["length"] == len("CW: see ") + 23 + len("\n\nText")


def test_a_link_in_an_option_in_the_text_is_a_link() -> None:
    poll = {"options": ["https://example.org/a", "https://example.org/b"]}
    (part,) = rendition("bluesky", "Which?", poll=poll)["parts"]

    assert [mark["value"] for mark in part["markup"]] == poll["options"]


def test_weibo_gets_no_hashtag_by_way_of_a_warning() -> None:
    (part,) = rendition("weibo", "看 https://example.org/", content_warning="注意#事故#")["parts"]

    assert "#" not in part["text"]


@pytest.mark.parametrize("network", ["x", "mastodon", "threads", "instagram"])
def test_a_hashtag_beside_the_text_is_marked_as_far_as_the_network_reads_it(network: str) -> None:
    given = rendition(network, "Text", hashtags=["distributed-systems"])
    beside = given["parts"][0]["markup"][0]["value"]
    within = rendition(network, given["parts"][0]["text"])["parts"][0]["markup"][0]["value"]

    assert beside == within


def test_the_link_of_the_post_is_not_repeated_where_its_domain_is_unknown() -> None:
    url = "https://wiki.intranet/page"
    (part,) = rendition("discord", f"See {url} for more", link={"url": url})["parts"]

    assert part["text"].count(url) == 1


def test_a_bracket_behind_a_link_is_not_escaped_in_markdown() -> None:
    (part,) = rendition("reddit", "Bells (https://example.org/five)")["parts"]

    assert part.get("wire", part["text"]) == "Bells (https://example.org/five)"


def test_the_span_of_a_split_ends_with_the_text() -> None:
    text = " ".join(["A bell rings."] * 21)
    (change,) = rendition("x", text, hashtags=["bells"])["changes"]

    assert (change["code"], change["start"], change["end"]) == ("thread_split", 0, len(text))
