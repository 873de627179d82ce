"""Seals calls as WeChat, WeCom and Feishu do, by their documents and without the product's code."""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def cbc(key: bytes, start: bytes, plain: bytes, block: int) -> bytes:
    """AES-CBC after PKCS#7's padding to blocks of so many bytes."""
    padder = PKCS7(block * 8).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def tencent(plain: bytes, aes_key: str, receiver: str, random: bytes = b"0123456789abcdef") -> str:
    """https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.md"""
    key = base64.b64decode(f"{aes_key}=")
    said = random + len(plain).to_bytes(4, "big") + plain + receiver.encode()
    return base64.b64encode(cbc(key, key[:16], said, 32)).decode()


def sorted_sha1(*said: str) -> str:
    """The signature of WeChat, WeCom and Weibo."""
    return hashlib.sha1("".join(sorted(said)).encode(), usedforsecurity=False).hexdigest()


def feishu(plain: bytes, encrypt_key: str, start: bytes = b"0123456789abcdef") -> str:
    """https://open.larkoffice.com/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/"""
    return base64.b64encode(start + cbc(hashlib.sha256(encrypt_key.encode()).digest(), start, plain, 16)).decode()
