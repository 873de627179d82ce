"""Anyone's own tools: clicks, conversions, a newsletter's opens, in the scheme of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, read 2026-11-22.

    {"type": "engagement", "timestamp": "2026-11-22T09:00:00Z",
     "data": {"kind": "click", "post_id": "<the network's id>", "value": 1, "actor": "…", "text": "…"}}
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Told
from chalicelib.callbacks.signatures import decoded, fresh, hmac_base64, needed, one_of
from chalicelib.core.engagement import Kind, Seen


class Standard(Callbacks):
    """A tool of the workspace's own."""

    name = "standard"
    title = "Standard Webhooks"
    makes = ("signing_secret",)
    keeps = ("webhook-id",)
    setup = "your own tool: sign every call with the secret, as Standard Webhooks describes"

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`v1,` and the HMAC of id, timestamp and body in base 64; one good signature among several is enough."""
        id, timestamp = call.header("webhook-id"), call.header("webhook-timestamp")
        fresh(timestamp, call.at)
        secret = decoded(needed(keys, "signing_secret").removeprefix("whsec_"))
        said = hmac_base64(secret, f"{id}.{timestamp}.".encode(errors="surrogatepass") + call.body)
        one_of(call.header("webhook-signature").split(" "), f"v1,{said}")
        return call.body

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """One thing that somebody did, in our own words."""
        data, at = event["data"], datetime.fromisoformat(event["timestamp"])
        if data["kind"] not in get_args(Kind) or at.tzinfo is None:
            raise ValueError("no kind or no time that we know")
        yield Seen(
            data["kind"],
            told.headers["webhook-id"],
            at,
            _text(data, "post_id"),
            _text(data, "actor"),
            int(data.get("value", 1)),
            bool(data.get("total", False)),
            _text(data, "thing_id"),
            _text(data, "parent_id"),
            _text(data, "text"),
            url=_text(data, "url"),
        )


def _text(data: dict[str, Any], name: str) -> str | None:
    value = data.get(name)
    return None if value is None else str(value)


callbacks = Standard()
