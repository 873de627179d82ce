"""Feishu: https://open.larkoffice.com/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/

Its page encrypt-key-encryption-configuration-case.md, read 2026-11-23. A group's bot only speaks; it is an app of the
same organisation that is told what people write to it, or where they name it. Without an Encrypt Key nothing is signed.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Forged, Incoming, Keys, Response, Told, document, json_answer
from chalicelib.callbacks.signatures import decoded, fresh, needed, same
from chalicelib.callbacks.tencent import unpadded
from chalicelib.core.engagement import Seen

BLOCK = 16
LONGEST_GREETING = 1024
"""Bytes. The call by which Feishu tries an address need not be signed: this much is opened, to find the token in it."""

_ENCRYPTED = re.compile(rb'\s*\{\s*"encrypt"\s*:\s*"([A-Za-z0-9+/=]+)"\s*\}\s*')


class Feishu(Callbacks):
    """What people write to an app of the organisation's own."""

    name = "feishu"
    title = "Feishu 飞书"
    secrets = ("encrypt_key", "verification_token")
    setup = "open.feishu.cn: the app, 事件与回调; Encrypt Key, Verification Token; the event im.message.receive_v1"

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The SHA-256 of the time, a nonce, the Encrypt Key and the body."""
        key = needed(keys, "encrypt_key")
        if "x-lark-signature" not in call.headers:
            return _greeted(call, keys)
        timestamp, nonce = call.header("x-lark-request-timestamp"), call.header("x-lark-request-nonce")
        said = f"{timestamp}{nonce}{key}".encode(errors="surrogatepass") + call.body
        same(call.header("x-lark-signature"), hashlib.sha256(said).hexdigest())
        fresh(timestamp, call.at)
        return _opened(call.body, key)

    def greeting(self, told: Told, keys: Keys) -> Response | None:
        """The challenge."""
        about = document(told.body)
        return json_answer({"challenge": about.get("challenge")}) if about.get("type") == "url_verification" else None

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """In a conversation of two, messages; in a group, where the app was named."""
        about = event["header"]
        if about["event_type"] != "im.message.receive_v1" or event["event"]["sender"]["sender_type"] != "user":
            return
        message, who = event["event"]["message"], event["event"]["sender"]["sender_id"]["open_id"]
        at = datetime.fromtimestamp(int(message["create_time"]) / 1000, UTC)
        text = json.loads(message["content"])["text"] if message["message_type"] == "text" else None
        if message["chat_type"] == "p2p":
            yield Seen("message", about["event_id"], at, actor=who, thing=message["chat_id"], text=text)
        else:
            id, parent = message["message_id"], message.get("parent_id") or None
            yield Seen("mention", about["event_id"], at, actor=who, thing=id, parent=parent, text=text)


def _greeted(call: Incoming, keys: Keys) -> bytes:
    """A short greeting that nobody without the key could have written, with the token in it."""
    if len(call.body) > LONGEST_GREETING:
        raise Forged
    plain = _opened(call.body, needed(keys, "encrypt_key"))
    about = document(plain)
    same(str(about.get("token", "")), needed(keys, "verification_token"))
    same(str(about.get("type", "")), "url_verification")
    return plain


def _opened(body: bytes, encrypt_key: str) -> bytes:
    """AES-256-CBC; the key is the Encrypt Key's SHA-256, and the first block is where it begins."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    found = _ENCRYPTED.fullmatch(body)
    if found is None:
        raise Forged
    sealed = decoded(found[1].decode())
    try:
        decryptor = Cipher(AES(hashlib.sha256(encrypt_key.encode()).digest()), CBC(sealed[:BLOCK])).decryptor()
        return unpadded(decryptor.update(sealed[BLOCK:]) + decryptor.finalize(), BLOCK)
    except ValueError as no:
        raise Forged from no


callbacks = Feishu()
