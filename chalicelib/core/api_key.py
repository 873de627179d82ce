"""How an API key is written: `ck_live_`, 40 letters and digits that are the secret, and 6 that check what is before.

So a typo, and a scanner's find that only looks like a key, are told from a key without asking anybody. The check is the
CRC-32 of everything before it as a number in base 62 with the digits 0-9A-Za-z, much as GitHub's tokens have it
(https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/, read 2026-11-23). Keys made before
2026-11-23 have none, and stay good.
"""

import re
import string
from zlib import crc32

PREFIX = "ck_live_"
CHECKED = 6
"""Digits of the check: 62^6 is more than 2^32."""

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_KEY = re.compile(r"ck_live_[0-9A-Za-z]{40}([0-9A-Za-z]{6})?", re.ASCII)


def written(secret: str) -> str:
    """The key of a secret of 40 letters and digits."""
    return PREFIX + secret + _check(PREFIX + secret)


def may_be_one(text: str) -> bool:
    """Whether a text is written as a key is. Of a key from before there were checks, only the form can be told."""
    found = _KEY.fullmatch(text)
    return found is not None and found[1] in (None, _check(text[:-CHECKED]))


def _check(text: str) -> str:
    number, digits = crc32(text.encode()), ""
    for _ in range(CHECKED):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
