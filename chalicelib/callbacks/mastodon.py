"""Mastodon, for whoever runs the server: https://docs.joinmastodon.org/admin/webhooks/ (read 2026-11-23).

The server tells of every status, whoever wrote it and whoever it answers. So each is told for all whom it concerns, and
only that is counted which concerns an account that is connected. Likes are not told of, and deletions neither.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Told
from chalicelib.callbacks.signatures import hmac_hex, needed, same
from chalicelib.core.engagement import Kind, Seen

Json = dict[str, Any]

BREAK = re.compile(r"<br\s*/?>|</p>\s*<p>")
TAG = re.compile(r"<[^>]*>")


class Mastodon(Callbacks):
    """Replies, mentions, quotes and boosts that are written on the account's own server."""

    name = "mastodon"
    title = "Mastodon"
    secrets = ("secret",)
    setup = "Administration, Webhooks on your own server: status.created; the secret is shown there"

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`sha256=` and the HMAC of the body in hex digits."""
        same(call.header("x-hub-signature"), f"sha256={hmac_hex(needed(keys, 'secret'), call.body)}")
        return call.body

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """A new status: for its author, for whom it answers, quotes or repeats, and for whom it names."""
        if event["event"] != "status.created":
            return
        status = event["object"]
        at, who = datetime.fromisoformat(status["created_at"]), status["account"]["id"]
        if again := status.get("reblog"):
            yield Seen("repost", status["id"], at, again["id"], who, owner=again["account"]["id"])
            return
        yield Seen("published", status["id"], at, status["id"], who, parent=status.get("in_reply_to_id"), owner=who)
        for owner, (kind, post) in _concerned(status).items():
            if owner != who:
                yield Seen(
                    kind,
                    status["id"],
                    at,
                    post,
                    who,
                    thing=status["id"],
                    parent=post if kind == "reply" else None,
                    text=_plain(status["content"]),
                    ref={"acct": status["account"]["acct"], "visibility": status["visibility"]},
                    owner=owner,
                    url=status.get("url"),
                )


def _concerned(status: Json) -> dict[str, tuple[Kind, str | None]]:
    """Whom it concerns, and how; who is answered or quoted counts as that, and not as named as well."""
    found: dict[str, tuple[Kind, str | None]] = {one["id"]: ("mention", None) for one in status.get("mentions", ())}
    if quoted := (status.get("quote") or {}).get("quoted_status"):
        found[quoted["account"]["id"]] = ("quote", quoted["id"])
    if status.get("in_reply_to_id"):
        found[status["in_reply_to_account_id"]] = ("reply", status["in_reply_to_id"])
    return found


def _plain(html: str) -> str:
    return unescape(TAG.sub("", BREAK.sub("\n", html)))


callbacks = Mastodon()
