"""Meta's networks: what no data file can say."""

import json

import pytest

from chalicelib.core.conversation import Reply
from chalicelib.core.errors import Transient
from tests.platforms.cases import Case, load, run


def case(name: str, doing: str) -> Case:
    return next(case for case in load(doing) if case.platform == name)


@pytest.mark.parametrize("error", [{"code": 1}, {"code": 2}, {"code": -1, "is_transient": True}])
def test_facebook_saying_try_again_later_does_not_say_that_nothing_was_posted(error: dict[str, object]) -> None:
    no = Reply(400, {}, json.dumps({"error": error}).encode())
    with pytest.raises(ValueError, match="code"):
        run(case("facebook", "publish").start(), [no])


def test_a_reel_without_success_is_in_doubt() -> None:
    reel = next(case for case in load("publish") if case.about["case"].startswith("a reel is uploaded first"))
    with pytest.raises(ValueError, match="no success"):
        run(reel.start(), [*reel.replies[:5], Reply(200, {}, b'{"success": false}')])


@pytest.mark.parametrize("name", ["threads", "instagram", "facebook"])
def test_a_read_back_that_could_not_see_everything_proves_nothing(name: str) -> None:
    stamp = {"timestamp": "2026-11-23T09:00:01+0000", "created_time": "2026-11-23T09:00:01+0000"}
    post = {"id": "1", "text": "Noise.", "caption": "Noise.", "message": "Noise.", "media_type": "IMAGE", **stamp}
    page = {"data": [post] * 100, "paging": {"cursors": {"after": "a"}, "next": "https://…"}}
    found = next(case for case in load("find") if case.platform == name)
    steps, end = run(found.start(), [Reply(200, {}, json.dumps(page).encode())] * 5)
    assert isinstance(end, Transient)
    assert len(steps) == 5
