"""Every canonical post on every network is what was reviewed. After a change: `make goldens`, then read the diff."""

import difflib
from typing import Any

import pytest

from chalicelib.platforms import names
from tests.posts.goldens import actual, expected, post, posts, written
from tests.posts.known import KNOWN


def every() -> list[Any]:
    """Each post on each network; what is known to be wrong must fail until it is right."""
    pairs = [(name, platform) for name in posts() for platform in names()]
    marks = {pair: [pytest.mark.xfail(strict=True, reason=why)] for pair, why in KNOWN.items()}
    return [pytest.param(*pair, marks=marks.get(pair, []), id=f"{pair[0]}-{pair[1]}") for pair in pairs]


@pytest.mark.parametrize(("name", "platform"), every())
def test_a_rendition_is_what_was_reviewed(name: str, platform: str) -> None:
    wanted, made = expected(name).get(platform), actual(name)[platform]

    if wanted != made:
        before, after = written(wanted).splitlines(), written(made).splitlines()
        diff = "\n".join(difflib.unified_diff(before, after, "reviewed", "made", lineterm=""))
        pytest.fail(
            f"{name} on {platform} is not what was reviewed (`make goldens`, then review):\n{diff}", pytrace=False
        )


@pytest.mark.parametrize("name", posts())
def test_a_file_holds_every_network_and_no_other(name: str) -> None:
    assert list(expected(name)) == names()


@pytest.mark.parametrize("name", posts())
def test_parts_fit_or_an_error_says_so(name: str) -> None:
    for platform, rendition in actual(name).items():
        too_long = [
            part
            for part in rendition["parts"]
            if part["length"] > part.get("limit", part["length"])
            or part["bytes"] > part.get("bytes_limit", part["bytes"])
        ]
        errors = [issue["code"] for issue in rendition.get("issues", []) if issue["severity"] == "error"]
        assert not too_long or {"text_too_long", "text_uncuttable"} & {*errors}, f"{name} on {platform}"


@pytest.mark.parametrize("name", posts())
def test_whatever_is_lost_has_a_name(name: str) -> None:
    for platform, rendition in actual(name).items():
        if rendition["fidelity"] < 1:
            assert rendition.get("changes"), f"{name} on {platform}"


def test_the_known_faults_are_of_posts_and_networks_that_exist() -> None:
    assert {*KNOWN} <= {(name, platform) for name in posts() for platform in names()}


def test_the_posts_are_of_every_kind() -> None:
    fields = {field for name in posts() for field in post(name)}

    assert fields >= {"text", "title", "link", "media", "hashtags", "mentions", "poll", "first_comment", "labels"}
    assert fields >= {"content_warning", "language", "visibility", "overflow", "thread_numbering"}
