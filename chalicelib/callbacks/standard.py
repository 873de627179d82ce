"""Anyone's own tools: clicks, conversions, a newsletter's opens, in the scheme of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, read 2026-11-22.

    {"type": "engagement", "timestamp": "2026-11-22T09:00:00Z",
     "data": {"kind": "click", "post_id": "<the network's id>", "value": 1, "actor": "…", "text": "…"}}
"""

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

from chalicelib.callbacks.base import Callbacks, Forged, Incoming, Keys, Told, unfit
from chalicelib.callbacks.signatures import decoded, fresh, hmac_base64, needed, same
from chalicelib.core.engagement import Kind, Seen
from chalicelib.core.errors import Issue

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme"""


class Standard(Callbacks):
    """A tool of the workspace's own."""

    name = "standard"
    title = "Standard Webhooks"
    makes = ("signing_secret",)
    keeps = ("webhook-id",)
    setup = "your own tool: sign every call with the secret, as Standard Webhooks describes"

    def make(self, random: str) -> str:
        """In the scheme's own form."""
        return f"{PREFIX}{b64encode(random.encode()).decode()}"

    def faults(self, given: Keys) -> list[Issue]:
        """A secret that is no base 64, or of a length that the scheme does not have."""
        secret = given.get("signing_secret")
        try:
            fits = secret is None or len(_key(secret)) in KEY_BYTES
        except Forged:
            fits = False
        return [] if fits else [unfit("signing_secret", f"is {PREFIX} and 24 to 64 bytes in base 64")]

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`v1,` and the HMAC of id, timestamp and body in base 64; one good signature among several is enough."""
        id, timestamp = call.header("webhook-id"), call.header("webhook-timestamp")
        fresh(timestamp, call.at)
        said = f"{id}.{timestamp}.".encode(errors="surrogatepass") + call.body
        same(
            f"v1,{hmac_base64(_key(needed(keys, 'signing_secret')), said)}",
            *call.header("webhook-signature").split(" "),
        )
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
            _given(data, "post_id", str, None),
            _given(data, "actor", str, None),
            _given(data, "value", int, 1),
            _given(data, "total", bool, False),
            _given(data, "thing_id", str, None),
            _given(data, "parent_id", str, None),
            _given(data, "text", str, None),
            url=_given(data, "url", str, None),
        )


def _key(secret: str) -> bytes:
    return decoded(secret.removeprefix(PREFIX))


def _given(data: dict[str, Any], name: str, kind: type, usual: Any) -> Any:
    """What is given, of this very type: a number is no text, and true is no number."""
    value = data.get(name)
    if value is not None and type(value) is not kind:
        raise TypeError(f"{name} is no {kind.__name__}")
    return usual if value is None else value


callbacks = Standard()
