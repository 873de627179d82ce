"""Platform options that several networks check by a table."""

import pytest

from chalicelib.platforms import platform


@pytest.mark.parametrize(
    ("name", "options", "faults"),
    [
        ("threads", {"reply_control": "everyone", "topic_tag": "bells", "allowlisted_country_codes": ["US"]}, []),
        ("threads", {"reply_control": "nobody"}, [("invalid_option", "reply_control")]),
        ("threads", {"allowlisted_country_codes": "US"}, [("invalid_option", "allowlisted_country_codes")]),
        ("instagram", {"share_to_feed": True, "thumb_offset": 3, "post_type": "story"}, []),
        ("instagram", {"share_to_feed": "yes"}, [("invalid_option", "share_to_feed")]),
        (
            "instagram",
            {"thumb_offset": True, "colour": 1},
            [("invalid_option", "thumb_offset"), ("unknown_option", "colour")],
        ),
        ("tiktok", {"privacy_level": "SELF_ONLY", "disable_duet": True, "photo_cover_index": 2}, []),
        ("tiktok", {"privacy_level": "public"}, [("invalid_option", "privacy_level")]),
        ("youtube", {"category_id": "10", "tags": ["bells"], "made_for_kids": False}, []),
        (
            "youtube",
            {"category_id": 10, "license": "mine"},
            [("invalid_option", "category_id"), ("invalid_option", "license")],
        ),
        ("facebook", {"post_type": "reel", "place": "1"}, []),
        ("facebook", {"post_type": 3, "place": 1}, [("invalid_option", "post_type"), ("invalid_option", "place")]),
    ],
)
def test_options_are_checked(name: str, options: dict[str, object], faults: list[tuple[str, str]]) -> None:
    assert [(issue.code, issue.path) for issue in platform(name).check_options(options)] == faults
