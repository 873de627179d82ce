"""Ghost: https://docs.ghost.org/webhooks, and its sender, core/server/services/webhooks/webhook-trigger.js in
https://github.com/TryGhost/Ghost (read 2026-11-23). The body does not say what happened: what is and what was do.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Told
from chalicelib.callbacks.signatures import fresh, hmac_hex, matches, needed, same
from chalicelib.core.engagement import Seen

Json = dict[str, Any]

SIGNATURE = re.compile(r"sha256=([0-9a-f]+), t=(\d+)", re.ASCII)
OUT = frozenset({"published", "sent"})


class Ghost(Callbacks):
    """Posts that come out or go, members that come or go."""

    name = "ghost"
    title = "Ghost"
    makes = ("secret",)
    setup = (
        "Settings, Integrations, a custom integration: webhooks for post.published, post.unpublished, post.deleted,"
        " member.added and member.deleted, each with the secret"
    )

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The HMAC of body and time in hex digits, and the time in milliseconds."""
        given, timestamp = matches(SIGNATURE, call.header("x-ghost-signature"))
        fresh(timestamp, call.at, unit=1000)
        same(given, hmac_hex(needed(keys, "secret"), call.body + timestamp.encode()))
        return call.body

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """A post or a member, as it is now and as it was."""
        if "post" in event:
            yield from _post(event["post"].get("current") or {}, event["post"].get("previous") or {})
        elif "member" in event:
            yield from _member(event["member"].get("current") or {}, event["member"].get("previous") or {})


def _post(now: Json, was: Json) -> Iterator[Seen]:
    """`previous` holds only what was otherwise; of what was deleted there is nothing but that."""
    if not now:
        yield Seen("removed", was["id"], post=was["id"])
    elif now["status"] in OUT and was.get("status", "published") not in OUT:
        at = now["published_at"]
        yield Seen("published", f"{now['id']}:{at}", datetime.fromisoformat(at), now["id"], url=now.get("url"))
    elif now["status"] not in OUT and was.get("status") in OUT:
        at = now["updated_at"]
        yield Seen("removed", f"{now['id']}:{at}", datetime.fromisoformat(at), now["id"])


def _member(now: Json, was: Json) -> Iterator[Seen]:
    """Came, or went; what else changed about somebody is theirs."""
    if not now:
        yield Seen("unfollow", was["id"], actor=was["id"])
    elif not was:
        yield Seen("follow", now["id"], datetime.fromisoformat(now["created_at"]), actor=now["id"])


callbacks = Ghost()
