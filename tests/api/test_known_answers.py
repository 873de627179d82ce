"""What is known of the networks' own counting and escaping, through the HTTP API."""

from typing import Any

import pytest

from tests.api.client import Api

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
URL = "https://example.com/"


def rendition(client: Api, platform: str, text: str, **fields: Any) -> dict[str, Any]:
    """What a text becomes on a network."""
    answer = client.post("/v1/renditions", {"text": text, "targets": [{"platform": platform}], **fields})
    assert answer.status_code == 200, answer.body
    (found,) = answer.json_body["renditions"]
    return dict(found)


def url(length: int) -> str:
    """A URL of so many characters."""
    return URL + "a" * (length - len(URL))


def errors(made: dict[str, Any]) -> list[str]:
    """The codes of the issues that forbid publishing."""
    return [issue["code"] for issue in made["issues"] if issue["severity"] == "error"]


@pytest.mark.parametrize(
    ("length", "platform", "before", "counted"), [(250, "x", 100, 124), (400, "mastodon", 200, 224)]
)
def test_a_long_url_counts_23(client: Api, length: int, platform: str, before: int, counted: int) -> None:
    long = url(length)
    made = rendition(client, platform, f"{'a' * before} {long}")

    (part,) = made["parts"]
    assert len(long) == length
    assert part["length"] == counted
    assert part["text"].endswith(long)
    assert [mark["value"] for mark in part["markup"]] == [long]
    assert (made["issues"], made["fidelity"]) == ([], 1.0)


def test_a_family_is_one_grapheme_of_25_bytes_on_bluesky(client: Api) -> None:
    (part,) = rendition(client, "bluesky", FAMILY * 30)["parts"]

    assert (part["length"], part["limit"], part["unit"]) == (30, 300, "graphemes")
    assert (part["bytes"], part["bytes_limit"]) == (750, 3000)


def test_bluesky_runs_out_of_bytes_before_it_runs_out_of_graphemes(client: Api) -> None:
    parts = rendition(client, "bluesky", FAMILY * 130)["parts"]

    assert [(part["length"], part["bytes"]) for part in parts] == [(120, 3000), (10, 250)]


def test_140_han_fit_on_x_and_141_do_not(client: Api) -> None:
    fitting = rendition(client, "x", "钟" * 140, overflow="reject")
    rejected = rendition(client, "x", "钟" * 141, overflow="reject")

    assert [part["length"] for part in fitting["parts"]] == [280]
    assert errors(fitting) == []
    assert [part["length"] for part in rejected["parts"]] == [282]
    assert errors(rejected) == ["text_too_long"]
    (issue,) = rejected["issues"]
    assert "282 of 280" in issue["message"]
    assert issue["rule"]["id"] == "x.text.limit"
    assert issue["rule"]["source"]


def test_141_han_become_a_thread_on_x(client: Api) -> None:
    made = rendition(client, "x", "钟" * 141, overflow="thread")

    assert "".join(part["text"] for part in made["parts"]) == "钟" * 141
    assert [part["length"] for part in made["parts"]] == [280, 2]
    assert errors(made) == []
    assert [change["code"] for change in made["changes"]] == ["thread_split"]


def test_linkedin_escapes_what_little_text_reserves(client: Api) -> None:
    text = "a_b (c) #d @e"
    (part,) = rendition(client, "linkedin", text)["parts"]

    assert (part["text"], part["length"]) == (text, 13)
    assert part["wire"] == r"a\_b \(c\) {hashtag|\#|d} \@e"


@pytest.mark.parametrize("character", r"|{}@[]()<>#\*_~")
def test_every_reserved_character_is_escaped_on_linkedin(client: Api, character: str) -> None:
    (part,) = rendition(client, "linkedin", f"a {character} b")["parts"]

    assert part["text"] == f"a {character} b"
    assert part["wire"] == f"a \\{character} b"


def test_nothing_else_is_escaped_on_linkedin(client: Api) -> None:
    text = "a-b+c=d!e?f.g,h;i:j'k\"l/m&n%o^p`q$r 钟"
    (part,) = rendition(client, "linkedin", text)["parts"]

    assert (part["text"], part["wire"]) == (text, None)


def test_weibo_wants_a_link(client: Api) -> None:
    made = rendition(client, "weibo", "钟声响起")

    assert errors(made) == ["link_required"]
    (issue,) = made["issues"]
    assert issue["message"] == "weibo takes no post without a link on the domain that is bound to the app"
    assert issue["rule"]["id"] == "weibo.links.required"


def test_weibo_cannot_tell_whether_a_link_is_on_a_domain_that_nobody_named(client: Api) -> None:
    made = rendition(client, "weibo", f"钟声响起 {URL}")

    assert errors(made) == []
    assert [issue["code"] for issue in made["issues"]] == ["link_domain_unknown"]
