"""Time and randomness, for real."""

import secrets
import string
import time
from datetime import UTC, datetime

from chalicelib.ports import Clock

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no letter that reads like another (https://www.crockford.com/base32.html)."""
TIME_DIGITS = 10
"""48 bits of milliseconds, until the year 10889."""
RANDOM_DIGITS = 16
"""80 bits."""
LETTERS = string.ascii_letters + string.digits
SECRET_LETTERS = 40


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        return datetime.now(UTC)

    def sleep_until(self, instant: datetime) -> None:
        """Return at or after the instant, never before, even where the clock is set back meanwhile."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            time.sleep(left)


class SystemChance:
    """The computer's randomness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def token(self) -> str:
        """A new unguessable word of 26 letters and digits that sorts by the millisecond of its making, like a ULID."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        return digits(milliseconds, TIME_DIGITS) + digits(secrets.randbits(5 * RANDOM_DIGITS), RANDOM_DIGITS)

    def secret(self) -> str:
        """A new secret of 40 letters and digits (238 bits)."""
        return "".join(secrets.choice(LETTERS) for _ in range(SECRET_LETTERS))

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return secrets.randbits(53) / 2**53


def digits(number: int, width: int) -> str:
    """A number in base 32, with leading zeros."""
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(width)))
