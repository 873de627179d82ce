"""Discord: https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint and
/events/webhook-events (read 2026-11-23). Reactions and answers come over its gateway only, which nobody can call.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.callbacks.base import Callbacks, Forged, Incoming, Keys, Response, Told, document, json_answer, unfit
from chalicelib.callbacks.signatures import fresh, matches, needed
from chalicelib.core.engagement import Seen
from chalicelib.core.errors import Issue

Json = dict[str, Any]

KEY = re.compile(r"([0-9a-f]{64})")
SIGNATURE = re.compile(r"([0-9a-f]{128})")
BUTTON = 3
"""The type of an interaction with a part of a message: developers/interactions/receiving-and-responding."""
LEFT_AS_IT_IS = 6
"""The type of an answer that changes nothing on the message."""
THREADS = frozenset({10, 11, 12})
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""From when ids count: developers/reference#snowflakes."""


class Discord(Callbacks):
    """Buttons under our messages, whoever lets the app in, and private words in games."""

    name = "discord"
    title = "Discord"
    secrets = ("public_key",)
    setup = "discord.com/developers: the app's Interactions Endpoint URL, or the URL of its webhook events"

    def faults(self, given: Keys) -> list[Issue]:
        """Anything but 32 bytes in hex digits."""
        key = given.get("public_key")
        fits = key is None or KEY.fullmatch(key)
        return [] if fits else [unfit("public_key", "is 64 hex digits, in small letters")]

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """Ed25519 over time and body. Discord tries us with bad signatures, and wants 401 for them."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        timestamp = call.header("x-signature-timestamp")
        fresh(timestamp, call.at)
        (signature,) = matches(SIGNATURE, call.header("x-signature-ed25519"))
        (key,) = matches(KEY, needed(keys, "public_key"))
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
            public.verify(bytes.fromhex(signature), timestamp.encode() + call.body)
        except (InvalidSignature, ValueError) as no:
            raise Forged from no
        return call.body

    def greeting(self, told: Told, keys: Keys) -> Response | None:
        """PING, of which there are two: interactions want PONG, webhook events want nothing."""
        about = document(told.body)
        if about.get("type") == 0:
            return Response(204)
        return json_answer({"type": 1}) if about.get("type") == 1 and "event" not in about else None

    def thanks(self, told: Told, keys: Keys) -> Response:
        """A button is left as it is; events want nothing."""
        return json_answer({"type": LEFT_AS_IT_IS}) if document(told.body).get("type") == BUTTON else Response(204)

    def events(self, told: Told) -> Iterable[Any]:
        """The event in its envelope, or the interaction."""
        about = document(told.body)
        return [about.get("event", about)]

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """Interactions have numbers for types, events have names."""
        about = event.get("data") or {}
        if event["type"] == BUTTON:
            yield _button(event)
        match event["type"]:
            case "APPLICATION_AUTHORIZED":
                yield _member("follow", event)
            case "APPLICATION_DEAUTHORIZED":
                yield _member("unfollow", event)
            case "GAME_DIRECT_MESSAGE_CREATE" if not about["author"].get("bot"):
                who, place = about["author"]["id"], about["channel_id"]
                yield Seen("message", about["id"], _at(event), actor=who, thing=place, text=about.get("content"))


def _button(event: Json) -> Seen:
    """A click on a message, which in a thread goes by both their ids, as our publisher names it."""
    message, channel = event["message"], event.get("channel") or {}
    post, owner = message["id"], message["channel_id"]
    if channel.get("type") in THREADS:
        post, owner = f"{owner}/{post}", channel["parent_id"]
    who = (event.get("member") or event)["user"]["id"]
    at = EPOCH + timedelta(milliseconds=int(event["id"]) >> 22)
    return Seen("click", event["id"], at, post, who, owner=owner)


def _member(kind: Any, event: Json) -> Seen:
    who = event["data"]["user"]["id"]
    return Seen(kind, f"{who}:{event['timestamp']}", _at(event), actor=who)


def _at(event: Json) -> datetime:
    """Discord leaves the zone out: it is UTC."""
    at = datetime.fromisoformat(event["timestamp"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


callbacks = Discord()
