"""Signatures: what proves that a call is a network's. Everything is compared in constant time."""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime, timedelta

from chalicelib.callbacks.base import Forged, Keys

FRESH = timedelta(minutes=5)
"""How far a signed timestamp may be off: what Slack and Standard Webhooks recommend
(https://docs.slack.dev/authentication/verifying-requests-from-slack, read 2026-11-23)."""


def hmac_hex(secret: str, said: bytes, algorithm: str = "sha256") -> str:
    """An HMAC in hex digits."""
    return hmac.new(secret.encode(), said, algorithm).hexdigest()


def hmac_base64(secret: str | bytes, said: bytes) -> str:
    """An HMAC-SHA256 in base 64."""
    key = secret.encode() if isinstance(secret, str) else secret
    return base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def sorted_sha1(*said: str) -> str:
    """The SHA-1, in hex digits, of texts put in order and one after the other: WeChat's way, and others'."""
    return hashlib.sha1(_bytes("".join(sorted(said))), usedforsecurity=False).hexdigest()


def same(given: str, *right: str) -> None:
    """Forged unless what is given is one of these, byte for byte; it is compared to every one."""
    matches = [hmac.compare_digest(_bytes(given), _bytes(one)) for one in right]
    if not any(matches):
        raise Forged


def fresh(timestamp: str, now: datetime, unit: int = 1) -> None:
    """Forged unless the timestamp, in 1/`unit` seconds since 1970 and plain digits, is near now."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
        raise Forged
    if abs(int(timestamp) / unit - now.timestamp()) > FRESH.total_seconds():
        raise Forged


def matches(pattern: re.Pattern[str], given: str) -> tuple[str, ...]:
    """The groups of a header that has this form to the letter; Forged where it has another."""
    found = pattern.fullmatch(given)
    if found is None:
        raise Forged
    return found.groups()


def needed(keys: Keys, name: str) -> str:
    """A secret by name; Forged where there is none, so that an empty one never proves anything."""
    if not keys.get(name):
        raise Forged
    return keys[name]


def decoded(text: str) -> bytes:
    """Base 64 as bytes; Forged where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as no:
        raise Forged from no


def _bytes(text: str) -> bytes:
    """Headers may hold anything, half characters too."""
    return text.encode(errors="surrogatepass")
