"""Meta's webhooks, which Facebook, Instagram and Threads share: one address for an app and all that it reaches.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started, read 2026-11-23. What Meta signs has every
character but ASCII escaped: it is checked as it came and never written again.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Forged, Incoming, Keys, Response, Told
from chalicelib.callbacks.signatures import hmac_hex, needed, same
from chalicelib.core.engagement import Seen

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed about one account."""

    owner: str
    """The account, by Meta's id."""
    field: str
    """What the app subscribed to; `messaging` for private messages."""
    value: Json


class Meta(Callbacks):
    """What Meta's networks have in common."""

    secrets = ("app_secret",)
    makes = ("verify_token",)
    setup = "developers.facebook.com: the app's Webhooks, with this address and verify token"

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """Their challenge, to whoever knows the verify token."""
        if call.param("hub.mode") != "subscribe":
            raise Forged
        same(call.param("hub.verify_token"), needed(keys, "verify_token"))
        return Response(body=call.param("hub.challenge"))

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """`sha256=` and the HMAC of the body in hex digits."""
        same(call.header("x-hub-signature-256"), f"sha256={hmac_hex(needed(keys, 'app_secret'), call.body)}")
        return call.body

    def events(self, told: Told) -> Iterable[Any]:
        """Every change of every entry: in a list of changes, in the entry itself, or a message."""
        said = json.loads(told.body)
        return [
            change
            for one in (said if isinstance(said, list) else [said])
            for entry in one["entry"]
            for change in _changes(entry)
        ]


def message(change: Change) -> Iterator[Seen]:
    """A private message to or from the account; receipts and reactions to messages are of no interest.

    https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages, read 2026-11-23.
    """
    said = change.value.get("message")
    if not said or said.get("is_deleted"):
        return
    who, whom = str(change.value["sender"]["id"]), str(change.value["recipient"]["id"])
    ours = bool(said.get("is_echo")) or who == change.owner
    yield Seen(
        "message",
        said["mid"],
        datetime.fromtimestamp(change.value["timestamp"] / 1000, UTC),
        actor=change.owner if ours else who,
        thing=whom if ours else who,
        text=said.get("text"),
        owner=change.owner,
    )


def _changes(entry: Json) -> Iterator[Change]:
    owner = str(entry["id"])
    for one in entry.get("changes", [entry] if "field" in entry else []):
        yield Change(owner, one["field"], one["value"])
    for one in entry.get("messaging", ()):
        yield Change(owner, "messaging", one)
