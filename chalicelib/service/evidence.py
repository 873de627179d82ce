"""What is on record about a target: its attempts, its timeline, and its receipt, signed so that anybody can check it.

The signature is a compact JWS (RFC 7515) by Ed25519 (RFC 8037) over the receipt's canonical JSON. The key is made at
its first use, one per stage, and sealed in the table; nothing in a receipt depends on when it is asked for.
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import lru_cache

from typing_extensions import TypedDict

from chalicelib.core import receipt as record
from chalicelib.core.errors import NotFound
from chalicelib.core.receipt import Attempt, Claims
from chalicelib.core.target import Event
from chalicelib.platforms.words import messages
from chalicelib.ports import Key, World
from chalicelib.service import records, sealing
from chalicelib.service.records import TargetKey

SIGNING_KEY = Key("SYSTEM", "RECEIPT_KEY")


class Jwk(TypedDict):
    """A public key for checking receipts (RFC 8037); `kid` is its thumbprint (RFC 7638)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened, readable and signed."""

    claims: Claims
    jws: str


@dataclass(frozen=True, slots=True)
class Signer:
    """The stage's key."""

    public: Jwk
    seed: bytes = field(repr=False)


def attempts(world: World, at: TargetKey) -> list[Attempt]:
    """The requests that were made for a target, the oldest first: all of them, for they fit into one row."""
    return record.attempts(records.load_target(world.table, at))


def timeline(world: World, at: TargetKey) -> list[Event]:
    """What happened to a target, the oldest first: all of it, as above."""
    return list(records.load_target(world.table, at).events)


def receipt(world: World, at: TargetKey) -> Receipt:
    """The receipt of a published target; Conflict, with the state, for any other."""
    target = records.load_target(world.table, at)
    post = records.load_post(world.table, at.workspace_id, at.post_id)
    stored = world.table.get(records.rendition_key(at))
    if stored is None:
        raise NotFound(f"there is no rendition of {at.target_id}")
    planned = len(messages(records.rendition_of(stored)))
    said = record.claims(target, post, stored.doc, planned)
    return Receipt(said, _signed(_signer(world), record.canonical(said)))


def keys(world: World) -> list[Jwk]:
    """The public keys that receipts are signed with."""
    return [_signer(world).public]


def _signed(signer: Signer, payload: bytes) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    header = record.canonical({"alg": "EdDSA", "kid": signer.public["kid"]})
    said = f"{_encoded(header)}.{_encoded(payload)}"
    signature = Ed25519PrivateKey.from_private_bytes(signer.seed).sign(said.encode())
    return f"{said}.{_encoded(signature)}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


@lru_cache(maxsize=8)
def _signer(world: World) -> Signer:
    """The stage's key; kept in memory for the process's life."""
    seed = hashlib.sha256(sealing.secret_of_the_stage(world, SIGNING_KEY).encode()).digest()
    return Signer(_public(seed), seed)


def _public(seed: bytes) -> Jwk:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    x = _encoded(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())
    named = record.canonical({"crv": "Ed25519", "kty": "OKP", "x": x})
    kid = _encoded(hashlib.sha256(named).digest())
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}
