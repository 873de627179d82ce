"""What a target's options may be on the networks that have some: every fault is named, at its own path."""

import pytest

from chalicelib.platforms import platform

GOOD: list[tuple[str, dict[str, object]]] = [
    ("x", {}),
    ("x", {"reply_settings": "mentionedUsers", "community_id": "1493446837214187523"}),
    ("linkedin", {"reshare_disabled": True, "document_title": "Ten bells"}),
    ("pinterest", {"board_id": "549755885175", "board_section_id": 77, "cover_image_key_frame_time": 3}),
    ("pinterest", {"cover_image_url": "https://cdn.example/cover.jpg"}),
    ("reddit", {"subreddit": "r/bells", "flair_id": "e3b1c0aa", "nsfw": True, "url": "https://example.com/"}),
]
BAD: list[tuple[str, dict[str, object], set[tuple[str, str]]]] = [
    ("x", {"reply_settings": "nobody"}, {("unknown_reply_settings", "reply_settings")}),
    ("x", {"community_id": "bells", "mood": 1}, {("bad_community_id", "community_id"), ("unknown_option", "mood")}),
    ("linkedin", {"reshare_disabled": "yes"}, {("bad_reshare_disabled", "reshare_disabled")}),
    (
        "linkedin",
        {"document_title": 7, "mood": 1},
        {("bad_document_title", "document_title"), ("unknown_option", "mood")},
    ),
    ("pinterest", {"board_id": "bells"}, {("bad_board_id", "board_id")}),
    ("pinterest", {"cover_image_url": "cover.jpg"}, {("bad_cover_image_url", "cover_image_url")}),
    ("reddit", {"subreddit": "r/two words", "nsfw": "yes"}, {("bad_subreddit", "subreddit"), ("bad_nsfw", "nsfw")}),
]


@pytest.mark.parametrize(("name", "options"), GOOD)
def test_what_a_network_knows_is_fine(name: str, options: dict[str, object]) -> None:
    assert platform(name).check_options(options) == []


@pytest.mark.parametrize(("name", "options", "faults"), BAD)
def test_every_fault_is_named(name: str, options: dict[str, object], faults: set[tuple[str, str]]) -> None:
    assert {(issue.code, issue.path) for issue in platform(name).check_options(options)} == faults
