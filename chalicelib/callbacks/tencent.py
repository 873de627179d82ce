"""What WeChat and WeCom have in common: the signature, the encryption, and what people say and do.

https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.md and
https://developer.work.weixin.qq.com/document/path/90968, read 2026-11-23. Encrypted calls are XML or JSON with nothing
of interest but `Encrypt`, which is taken out of the bytes by its form alone: nothing is parsed before its signature,
made over just that, holds.
"""

import hmac
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from chalicelib.callbacks import xml
from chalicelib.callbacks.base import Callbacks, Forged, Incoming, Keys, Told, unfit
from chalicelib.callbacks.signatures import decoded, fresh, needed, same, sorted_sha1
from chalicelib.core.engagement import Kind, Seen
from chalicelib.core.errors import Issue

LONGEST_TOKEN = 32
"""Letters and digits of the token that both consoles take."""
TOKEN = re.compile(r"[A-Za-z0-9]{3,32}", re.ASCII)
AES_KEY = re.compile(r"[A-Za-z0-9]{43}", re.ASCII)
PAD = 32
"""Bytes: what is encrypted is filled up to a multiple of this, though AES has blocks of 16."""
SPOKEN = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link", "file"})
FOLLOWING: dict[str, Kind] = {"subscribe": "follow", "unsubscribe": "unfollow"}

_ENCRYPTED = (
    re.compile(rb"<Encrypt>\s*<!\[CDATA\[([A-Za-z0-9+/=]+)\]\]>\s*</Encrypt>"),
    re.compile(rb'"Encrypt"\s*:\s*"((?:[A-Za-z0-9+=]|\\?/)+)"'),
)


class Tencent(Callbacks):
    """Messages to an account, and who follows it."""

    makes = ("token",)
    receiver: ClassVar[str]
    """The secret that says whom the calls are for: it ends every encrypted text."""

    def make(self, random: str) -> str:
        """As long as the consoles take it."""
        return random[:LONGEST_TOKEN]

    def faults(self, given: Keys) -> list[Issue]:
        """The consoles make and take nothing else."""
        forms = {
            "token": (TOKEN, "is 3 to 32 letters and digits"),
            "encoding_aes_key": (AES_KEY, "is 43 letters and digits"),
        }
        return [
            unfit(name, message)
            for name, (form, message) in forms.items()
            if name in given and not form.fullmatch(given[name])
        ]

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The one `Encrypt`, signed by `msg_signature` and meant for us."""
        found = [match for form in _ENCRYPTED for match in form.findall(call.body)]
        if len(found) != 1:
            raise Forged
        return self.decrypted(call, keys, found[0].replace(b"\\/", b"/").decode())

    def decrypted(self, call: Incoming, keys: Keys, encrypted: str) -> bytes:
        """What was encrypted, once its signature holds."""
        token, timestamp = needed(keys, "token"), call.param("timestamp")
        same(call.param("msg_signature"), sorted_sha1(token, timestamp, call.param("nonce"), encrypted))
        fresh(timestamp, call.at)
        return opened(encrypted, needed(keys, "encoding_aes_key"), needed(keys, self.receiver))

    def events(self, told: Told) -> Iterable[Any]:
        """One event to a call, in XML, or in JSON where the console was told so."""
        return [xml.document(told.body) if told.body.lstrip().startswith(b"<") else json.loads(told.body)]

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """Messages and following; told apart by `MsgId`, or by who and when, as the documents recommend."""
        who, kind, name = event["FromUserName"], event["MsgType"], event.get("Event", "")
        at = datetime.fromtimestamp(int(event["CreateTime"]), UTC)
        if kind in SPOKEN:
            said = event.get("Content") or event.get("Recognition") or None
            yield Seen("message", _id(event), at, actor=who, thing=who, text=said)
        elif kind == "event" and name in FOLLOWING:
            yield Seen(FOLLOWING[name], _id(event), at, actor=who)
        elif kind == "event":
            yield from self.happened(event, _id(event), at)

    def happened(self, event: Any, id: str, at: datetime) -> Iterable[Seen]:
        """What one of the two alone tells of."""
        return ()


def opened(encrypted: str, aes_key: str, receiver: str) -> bytes:
    """What was encrypted: after 16 random bytes and its length, and before whom it is for; Forged where not for us."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    key = decoded(f"{aes_key}=")
    try:
        decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
        padded = decryptor.update(decoded(encrypted)) + decryptor.finalize()
    except ValueError as no:
        raise Forged from no
    plain = unpadded(padded, PAD)
    end = 20 + int.from_bytes(plain[16:20], "big")
    if len(plain) < 20 or not hmac.compare_digest(plain[end:], receiver.encode()):
        raise Forged
    return plain[20:end]


def unpadded(padded: bytes, block: int) -> bytes:
    """Without PKCS#7's padding to blocks of so many bytes; Forged where there is none."""
    size = padded[-1] if padded else 0
    if not 0 < size <= block or padded[-size:] != bytes([size]) * size:
        raise Forged
    return padded[:-size]


def _id(event: Any) -> str:
    who_and_when = f"{event['FromUserName']}:{event['CreateTime']}:{event.get('Event', '')}"
    return str(event.get("MsgId") or event.get("MsgID") or who_and_when)
