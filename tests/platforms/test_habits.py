"""What each network does when an answer is lost: every bound that the engine waits by, so that none changes unnoticed.

Safety; then in seconds how long a key counts, how late a request may still be applied, and how late what was applied
can be read; whether it can be read at all; and in seconds how long an upload is kept.
"""

import json

import pytest

from chalicelib.core.conversation import Idempotency
from chalicelib.platforms import platform
from tests.platforms.cases import FOLDER, platforms_with_data, read_account

Habits = tuple[str, int, int, int, bool, int]
HABITS: dict[tuple[str, str], Habits] = {
    ("bilibili", "brand"): ("readback", 0, 60, 120, True, 1800),
    ("bluesky", "brand"): ("content_key", 0, 60, 1, True, 300),
    ("bluesky", "no_password"): ("content_key", 0, 60, 1, True, 300),
    ("devto", "brand"): ("container", 0, 60, 5, True, 172800),
    ("dingtalk", "bot"): ("none", 0, 60, 5, False, 1800),
    ("dingtalk", "signed"): ("none", 0, 60, 5, False, 1800),
    ("discord", "hook"): ("none", 0, 60, 5, False, 1800),
    ("discord", "bot"): ("key", 120, 60, 5, True, 1800),
    ("facebook", "brand"): ("readback", 0, 180, 60, True, 82800),
    ("facebook", "token only"): ("readback", 0, 180, 60, True, 82800),
    ("feishu", "bot"): ("none", 0, 60, 5, False, 1800),
    ("feishu", "signed"): ("none", 0, 60, 5, False, 1800),
    ("ghost", "brand"): ("container", 0, 60, 5, True, 172800),
    ("instagram", "brand"): ("container", 0, 120, 60, True, 82800),
    ("instagram", "paged"): ("container", 0, 120, 60, True, 82800),
    ("kuaishou", "brand"): ("readback", 0, 60, 600, True, 1800),
    ("linkedin", "page"): ("readback", 0, 60, 60, True, 3600),
    ("linkedin", "member"): ("none", 0, 60, 5, False, 3600),
    ("linkedin", "newer"): ("readback", 0, 60, 60, True, 3600),
    ("mastodon", "brand"): ("key", 3600, 60, 5, True, 1800),
    ("mastodon", "gotosocial"): ("readback", 0, 60, 5, True, 1800),
    ("pinterest", "board"): ("readback", 0, 60, 60, True, 1800),
    ("pinterest", "boardless"): ("readback", 0, 60, 60, True, 1800),
    ("reddit", "subreddit"): ("readback", 0, 900, 60, True, 1800),
    ("reddit", "person"): ("readback", 0, 900, 60, True, 1800),
    ("sandbox", "brand"): ("readback", 0, 30, 1, True, 1800),
    ("slack", "brand"): ("readback", 0, 60, 5, True, 1800),
    ("slack", "signed_in"): ("readback", 0, 60, 5, True, 1800),
    ("slack", "blind"): ("none", 0, 60, 5, False, 1800),
    ("telegram", "brand"): ("none", 0, 60, 5, False, 1800),
    ("telegram", "private"): ("none", 0, 60, 5, False, 1800),
    ("telegram", "group"): ("none", 0, 60, 5, False, 1800),
    ("threads", "brand"): ("container", 0, 120, 60, True, 82800),
    ("tiktok", "brand"): ("container", 0, 120, 5, False, 3300),
    ("tumblr", "brand"): ("readback", 0, 60, 30, True, 1800),
    ("wechat", "verified"): ("readback", 0, 60, 1800, True, 86400),
    ("wechat", "personal"): ("readback", 0, 60, 5, True, 86400),
    ("wecom", "bot"): ("none", 0, 60, 5, False, 1800),
    ("weibo", "brand"): ("readback", 0, 60, 180, True, 1800),
    ("wordpress", "editor"): ("container", 0, 60, 5, True, 172800),
    ("wordpress", "author"): ("container", 0, 60, 5, True, 172800),
    ("x", "brand"): ("readback", 0, 60, 30, True, 43200),
    ("youtube", "brand"): ("container", 0, 60, 120, True, 518400),
}


def shown(habits: Idempotency) -> Habits:
    late, lag = habits.late_acceptance.total_seconds(), habits.readback_lag.total_seconds()
    key, kept = habits.key_lifetime.total_seconds(), habits.prepared_lifetime.total_seconds()
    return (habits.safety.value, int(key), int(late), int(lag), habits.readable, int(kept))


@pytest.mark.parametrize("name", platforms_with_data())
def test_a_lost_answer_is_dealt_with_as_the_network_deserves(name: str) -> None:
    accounts = json.loads((FOLDER / f"{name}.json").read_text())["accounts"]
    found = {(name, key): shown(platform(name).idempotency(read_account(name, one))) for key, one in accounts.items()}
    assert found == {key: habits for key, habits in HABITS.items() if key[0] == name}
