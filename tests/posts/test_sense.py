"""What must hold for every rendition of every canonical post, so that no golden can enshrine the contrary."""

import re
from typing import Any

import pytest

from chalicelib.platforms import names, platform
from tests.posts.goldens import Json, actual, post, posts

URL = re.compile(r"https?://[!-~]+")


def encoded(text: str, name: str) -> bytes:
    """A text in the encoding in which this network's offsets count, as many bytes per unit as `width` says."""
    return text.encode({"utf8": "utf-8", "utf16": "utf-16-le"}.get(platform(name).rules.text.offsets, "utf-32-le"))


def width(name: str) -> int:
    """Bytes per unit of `encoded`."""
    return {"utf8": 1, "utf16": 2}.get(platform(name).rules.text.offsets, 4)


def codes(rendition: Json, where: str = "changes") -> set[str]:
    """The codes of its changes or issues."""
    return {each["code"] for each in rendition.get(where, ())}


def too_long(name: str, rendition: Json, given: Json) -> list[Any]:
    """Parts over their limit that no error speaks of."""
    over = [
        part["text"]
        for part in rendition["parts"]
        if part["length"] > part.get("limit", part["length"]) or part["bytes"] > part.get("bytes_limit", part["bytes"])
    ]
    return [] if codes(rendition, "issues") & {"text_too_long", "text_uncuttable"} else over


def wordless_losses(name: str, rendition: Json, given: Json) -> list[Any]:
    """A fidelity below 1 without a change."""
    return [rendition["fidelity"]] if rendition["fidelity"] < 1 and not rendition.get("changes") else []


def marks_beside(name: str, rendition: Json, given: Json) -> list[Any]:
    """Markup whose offsets do not cover what it says."""
    found = []
    for part in rendition["parts"]:
        text, unit = encoded(part["text"], name), width(name)
        codec = {1: "utf-8", 2: "utf-16-le", 4: "utf-32-le"}[unit]
        for mark in part.get("markup", ()):
            shown = text[mark["start"] * unit : mark["end"] * unit].decode(codec)
            fits = {
                "link": mark["value"] == shown or f"https://{shown}" == mark["value"],
                "mention": shown.strip() == shown,
            }
            fits |= {"hashtag": shown.strip("#＃") == mark["value"], "cashtag": shown[1:] == mark["value"]}
            found += [] if fits[mark["type"]] and shown else [(mark, shown)]
    return found


def unmarked_links(name: str, rendition: Json, given: Json) -> list[Any]:
    """URLs in a text that are no link there."""
    text = " ".join(part["text"] for part in rendition["parts"])
    marked = [mark["value"] for part in rendition["parts"] for mark in part.get("markup", ()) if mark["type"] == "link"]
    return [url for url in URL.findall(text) if not any(url.startswith(link[: len(url)]) for link in marked)]


def spans_outside(name: str, rendition: Json, given: Json) -> list[Any]:
    """Changes whose span ends behind the author's text."""
    end = len(encoded(given["text"], name)) // width(name)
    return [each for each in rendition.get("changes", ()) if each.get("end", 0) > end]


def links_dropped_and_kept(name: str, rendition: Json, given: Json) -> list[Any]:
    """Links that are reported as dropped and stand in the text."""
    text = " ".join(part["text"] for part in rendition["parts"])
    dropped = [each["before"] for each in rendition.get("changes", ()) if each["code"] == "link_dropped"]
    return [url for url in dropped if url in text]


def links_said_to_be_in_the_text(name: str, rendition: Json, given: Json) -> list[Any]:
    """Links that an issue says are in the text, and that are not."""
    said = any("is in the text" in each["message"] for each in issues(rendition) if each["path"].startswith("link"))
    return [given["link"]["url"]] if said and given["link"]["url"] not in str(rendition["parts"]) else []


def mentions_that_x_does_not_see(name: str, rendition: Json, given: Json) -> list[Any]:
    """Handles with another @ behind them."""
    found = re.findall(r"@\w+(?=@)", rendition["parts"][0]["text"]) if name == "x" else []
    marks = [f"@{mark['value']}" for mark in rendition["parts"][0].get("markup", ()) if mark["type"] == "mention"]
    return [handle for handle in found if handle in marks]


def issues(rendition: Json) -> list[Json]:
    """Its issues."""
    return list(rendition.get("issues", ()))


CHECKS = [
    too_long,
    wordless_losses,
    marks_beside,
    unmarked_links,
    spans_outside,
    links_dropped_and_kept,
    links_said_to_be_in_the_text,
    mentions_that_x_does_not_see,
]


@pytest.mark.parametrize("network", names())
@pytest.mark.parametrize("name", posts())
def test_a_rendition_makes_sense(name: str, network: str) -> None:
    wrong = {check.__name__: check(network, actual(name)[network], post(name)) for check in CHECKS}

    assert {check: what for check, what in wrong.items() if what} == {}
