"""Every canonical post on every network is what was reviewed. After a change: `make goldens`, then read the diff."""

import difflib

import pytest

from chalicelib.platforms import names
from tests.posts.goldens import actual, expected, post, posts, written


@pytest.mark.parametrize("platform", names())
@pytest.mark.parametrize("name", posts())
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


def test_the_posts_are_of_every_kind() -> None:
    fields = {field for name in posts() for field in post(name)}

    assert fields >= {"text", "title", "link", "media", "hashtags", "mentions", "poll", "first_comment", "labels"}
    assert fields >= {"content_warning", "language", "visibility", "overflow", "thread_numbering"}
