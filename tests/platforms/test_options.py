"""What a target's options may be on the networks that have some: every fault is named, at its own path."""

import dataclasses

import pytest

from chalicelib.core.adapt import adapt
from chalicelib.core.post import Content
from chalicelib.platforms import platform
from tests.platforms.cases import load

GOOD: list[tuple[str, dict[str, object]]] = [
    ("x", {}),
    ("x", {"reply_settings": "mentionedUsers", "community_id": "1493446837214187523"}),
    ("linkedin", {"reshare_disabled": True, "document_title": "Ten bells"}),
    ("pinterest", {"board_id": "549755885175", "board_section_id": 77, "cover_image_key_frame_time": 3}),
    ("pinterest", {"cover_image_url": "https://cdn.example/cover.jpg"}),
    ("reddit", {"subreddit": "r/bells", "flair_id": "e3b1c0aa", "nsfw": True, "url": "https://example.com/"}),
    ("threads", {"reply_control": "everyone", "topic_tag": "bells", "allowlisted_country_codes": ["US"]}),
    ("threads", {"text_attachment": "a" * 10_000}),
    ("instagram", {"share_to_feed": True, "thumb_offset": 3, "post_type": "story"}),
    ("tiktok", {"privacy_level": "SELF_ONLY", "disable_duet": True, "photo_cover_index": 2}),
    ("youtube", {"category_id": "10", "tags": ["bells"], "made_for_kids": False}),
    ("facebook", {"post_type": "reel", "place": "1"}),
    ("wechat", {"article_type": "newspic", "author": "钟楼", "comments": "followers"}),
]
BAD: list[tuple[str, dict[str, object]]] = [
    ("x", {"reply_settings": "nobody"}),
    ("x", {"reply_settings": None}),
    ("x", {"community_id": "bells"}),
    ("linkedin", {"reshare_disabled": "yes"}),
    ("linkedin", {"document_title": 7}),
    ("pinterest", {"board_id": "bells"}),
    ("pinterest", {"board_id": True}),
    ("pinterest", {"cover_image_url": "cover.jpg"}),
    ("reddit", {"subreddit": "r/two words", "nsfw": "yes"}),
    ("reddit", {"flair_text": ""}),
    ("threads", {"reply_control": "nobody"}),
    ("threads", {"allowlisted_country_codes": "US"}),
    ("threads", {"text_attachment": "a" * 10_001}),
    ("instagram", {"share_to_feed": "yes"}),
    ("instagram", {"thumb_offset": True}),
    ("tiktok", {"privacy_level": "public"}),
    ("tiktok", {"draft": "yes"}),
    ("youtube", {"category_id": 10, "license": "mine"}),
    ("facebook", {"post_type": 3, "place": 1}),
    ("wechat", {"article_type": "video", "author": "钟" * 17, "digest": "", "comments": "some"}),
]


def found(name: str, options: dict[str, object]) -> list[tuple[str, str]]:
    return [(issue.code, issue.path) for issue in platform(name).check_options(options)]


@pytest.mark.parametrize(("name", "options"), GOOD)
def test_what_a_network_knows_is_fine(name: str, options: dict[str, object]) -> None:
    assert found(name, options) == []


@pytest.mark.parametrize(("name", "options"), BAD)
def test_every_fault_is_named(name: str, options: dict[str, object]) -> None:
    assert found(name, options) == [("invalid_option", option) for option in options]


@pytest.mark.parametrize("name", sorted({name for name, _ in GOOD}))
def test_what_a_network_does_not_know_is_named_too(name: str) -> None:
    assert found(name, {"mood": 1}) == [("unknown_option", "mood")]


def test_a_draft_on_tiktok_is_warned_of_what_it_leaves_out() -> None:
    (issue,) = platform("tiktok").check_options({"draft": True})
    assert (issue.code, issue.severity) == ("left_to_a_person", "warning")
    assert platform("tiktok").check_options({"draft": False}) == []


def test_a_subscriber_of_x_writes_long_posts() -> None:
    connected = next(case for case in load("connect") if case.about["case"] == "a subscriber's posts may be long")
    account = dataclasses.replace(connected.account, limits=connected.about["connected"]["limits"])
    content = Content(text="The bells ring. " * 100, first_comment="And again. " * 100)
    long, short = (adapt(content, platform("x").account_rules(one)) for one in (account, connected.account))
    assert [part.limit for part in long.parts] == [25_000]
    assert long.comment
    assert (long.comment.limit, long.fidelity) == (25_000, 1)
    assert len(short.parts) > 1
