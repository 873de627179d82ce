"""The vault: AES-256-GCM under one data key per workspace, which KMS guards.

A sealed secret is a version byte, a 96-bit random nonce, and the ciphertext with its tag. Version, workspace and
purpose are authenticated with it, so that what was sealed for one opens for no other.
"""

import base64
import json
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from chalicelib.aws.clients import Client, answering, client, code
from chalicelib.core.errors import Stale
from chalicelib.ports import Clock, Item, Key, Put, Table

VERSION = 1
NONCE_BYTES = 12
TAG_BYTES = 16
KEPT_FOR = timedelta(minutes=5)
"""How long a data key stays in the memory of the process."""
KEPT = 256
FOREIGN = frozenset({"InvalidCiphertextException", "IncorrectKeyException", "InvalidKeyUsageException"})
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html, read 2026-11-22: not a key of ours."""
NO_FIT = "this secret does not open here"


class KmsVault:
    """A `Vault` whose data keys are sealed by KMS for their workspace and kept in the table."""

    def __init__(self, key_id: str, table: Table, clock: Clock, kms: Client | None = None) -> None:
        self._key_id = key_id
        self._table = table
        self._clock = clock
        self._kms = kms or client("kms")
        self._keys: OrderedDict[str, tuple[datetime, bytes]] = OrderedDict()
        self._keeping = Lock()

    def seal(self, workspace_id: str, purpose: str, secret: bytes) -> bytes:
        """The secret, readable only with the same workspace and purpose."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_BYTES)
        key = self._key(workspace_id) or self._new_key(workspace_id)
        sealed = AESGCM(key).encrypt(nonce, secret, _bound_to(workspace_id, purpose))
        return bytes([VERSION]) + nonce + sealed

    def open(self, workspace_id: str, purpose: str, sealed: bytes) -> bytes:
        """The secret again; ValueError where anything does not fit."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(sealed) < 1 + NONCE_BYTES + TAG_BYTES or sealed[0] != VERSION:
            raise ValueError(NO_FIT)
        key = self._key(workspace_id)
        if key is None:
            raise ValueError(NO_FIT)
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _bound_to(workspace_id, purpose))
        except InvalidTag:
            raise ValueError(NO_FIT) from None

    def _key(self, workspace_id: str) -> bytes | None:
        """The workspace's data key, or None where it has none yet."""
        until, key = self._keys.get(workspace_id, (None, b""))
        if until and self._clock.now() < until:
            return key
        row = self._table.get(_row_key(workspace_id))
        return self._keep(workspace_id, self._decrypted(workspace_id, row)) if row else None

    def _new_key(self, workspace_id: str) -> bytes:
        with answering("kms"):
            made = self._kms().generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=_context(workspace_id)
            )
        doc = {"key": base64.b64encode(made["CiphertextBlob"]).decode()}
        try:
            self._table.write(Put(Item(_row_key(workspace_id), doc), expect=0))
        except Stale:  # two made a first key at once: both use the one that was stored
            stored = self._key(workspace_id)
            if stored is None:
                raise
            return stored
        return self._keep(workspace_id, made["Plaintext"])

    def _decrypted(self, workspace_id: str, row: Item) -> bytes:
        from botocore.exceptions import ClientError

        with answering("kms"):
            try:
                opened: dict[str, Any] = self._kms().decrypt(
                    CiphertextBlob=base64.b64decode(row.doc["key"]),
                    EncryptionContext=_context(workspace_id),
                    KeyId=self._key_id,
                )
            except ClientError as refusal:
                if code(refusal) in FOREIGN:
                    raise ValueError(NO_FIT) from None
                raise
        return bytes(opened["Plaintext"])

    def _keep(self, workspace_id: str, key: bytes) -> bytes:
        with self._keeping:
            self._keys[workspace_id] = (self._clock.now() + KEPT_FOR, key)
            self._keys.move_to_end(workspace_id)
            if len(self._keys) > KEPT:
                self._keys.popitem(last=False)
        return key


def _row_key(workspace_id: str) -> Key:
    return Key(f"VAULT#{workspace_id}", "DATA_KEY")


def _context(workspace_id: str) -> dict[str, str]:
    return {"workspace": workspace_id}


def _bound_to(workspace_id: str, purpose: str) -> bytes:
    """What is authenticated with a secret; JSON, so that no two pairs read alike."""
    return json.dumps([VERSION, workspace_id, purpose]).encode()
