"""What may slow or stop a target besides itself: holds, an account's rate limit, and a network that is down.

Pure rules over small records. They are read before a claim, and written only when something is wrong or nearly so: in
normal operation they cost one read and no write.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LOW = 5
"""An account's bucket is kept from when this many calls are left."""
RESERVED = 10
"""Calls of a window that those who ask for figures leave to publishing."""
UNNAMED_LIMIT = timedelta(seconds=60)
"""How long a limit is taken to last where the network does not say."""
TRIPS_AT = 8
"""Consecutive failures of one server after which its breaker opens."""
FIRST_OPEN = timedelta(seconds=10)
LONGEST_OPEN = timedelta(seconds=60)
BUDGET = 60.0
"""Retries that one server is owed at once; more than that would hammer what is already in trouble."""
REFILL_PER_SECOND = 1.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Everything of a workspace or an account is stopped since then, by whom (`key_…` or a rule), and why."""

    since: datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What a reply says is left of an account's calls, and when they are counted anew."""

    remaining: int
    reset_at: datetime


@dataclass(frozen=True, slots=True)
class Bucket:
    """An account's token bucket, as its network's headers last described it; full again at `reset_at`."""

    tokens: int
    reset_at: datetime

    def blocked_until(self, now: datetime) -> datetime | None:
        """When the account may speak again, or None where it may now."""
        return self.reset_at if self.tokens <= 0 and now < self.reset_at else None

    def spent(self) -> "Bucket":
        """The bucket with one token less."""
        return replace(self, tokens=self.tokens - 1)


def learned(quota: Quota, low: int = LOW) -> Bucket | None:
    """The bucket worth keeping after a reply: only one that is nearly empty."""
    return Bucket(quota.remaining, quota.reset_at) if quota.remaining <= low else None


def limited(until: datetime | None, now: datetime) -> Bucket:
    """The empty bucket of an account that its network has just limited."""
    return Bucket(0, until or now + UNNAMED_LIMIT)


@dataclass(frozen=True, slots=True)
class Breaker:
    """How one server is doing: consecutive failures, whether it is left alone for now, and its retry budget."""

    failures: int = 0
    open_until: datetime | None = None
    budget: float = BUDGET
    budget_at: datetime | None = None

    def blocked_until(self, now: datetime, *, retry: bool) -> datetime | None:
        """When the next attempt may be made, or None where it may now. A first attempt does not need the budget."""
        if self.open_until and now < self.open_until:
            return self.open_until
        left = self.budget_now(now)
        if not retry or left >= 1:
            return None
        return now + timedelta(seconds=(1 - left) / REFILL_PER_SECOND)

    def budget_now(self, now: datetime) -> float:
        """What is left of the retry budget, refilled since it was last written."""
        since = (now - self.budget_at).total_seconds() if self.budget_at else 0.0
        return min(BUDGET, self.budget + max(0.0, since) * REFILL_PER_SECOND)

    def after_failure(self, now: datetime) -> "Breaker":
        """The breaker after the server did not answer, or broke: each failure also costs a token of the budget."""
        failures = self.failures + 1
        open_until = now + _open_for(failures) if failures >= TRIPS_AT else None
        return Breaker(failures, open_until, max(0.0, self.budget_now(now) - 1), now)

    def after_success(self, now: datetime) -> "Breaker":
        """The breaker after the server answered: closed, with its budget as it is."""
        return Breaker(0, None, self.budget_now(now), now)


def _open_for(failures: int) -> timedelta:
    doubled: timedelta = FIRST_OPEN * 2 ** min(failures - TRIPS_AT, 10)
    return min(LONGEST_OPEN, doubled)
