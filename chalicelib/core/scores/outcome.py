"""What scores are made of: what became of each target, and how people were answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Fate = Literal["published", "removed", "missed", "skipped", "failed", "refused", "cancelled", "unapproved"]
"""How a target ended. `removed`: it was out, and is no longer. `missed` and `skipped`: too late, by its policy.
`failed` is ours (lost, given up); `refused` is the network's or the account's word about this post, and nobody's
lateness; `cancelled` is a person's, and counts nowhere. `unapproved`: no reviewer said yes in time, which is nobody's
lateness, but the post is not there."""


@dataclass(frozen=True, slots=True)
class Message:
    """How much of the canonical post arrived in one rendition; both in [0, 1]."""

    containment: float
    """How much of its wording is the canonical text's."""
    coverage: float
    """How much of what must survive did: link, hashtags, mentions, brand terms, media, alternative texts."""
    lost: tuple[str, ...] = ()
    """What did not, by name: `link`, `hashtag #spring`, `alt text 2`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one post on one account."""

    target_id: str
    post_id: str
    account_id: str
    platform: str
    due: datetime
    """When it was promised."""
    fate: Fate
    at: datetime | None = None
    """When it was out by the network's word, as far as that fits between our sending and our knowing; None where it
    never was."""
    early: bool = False
    """Whether it left before it was due."""
    person_ms: int = 0
    """How much of the time from due to out it waited for a person: an approval, a release, assisted publishing. In
    milliseconds; never lateness."""
    source_event_at: datetime | None = None
    """When that happened which the post is about, where its author said so."""
    message: Message | None = None
    """None where it was never out."""

    @property
    def late(self) -> float | None:
        """Seconds from due to out without what a person took, never below nothing; None where it was never out."""
        if self.at is None:
            return None
        return max(0.0, (self.at - self.due).total_seconds() - self.person_ms / 1000)


@dataclass(frozen=True, slots=True)
class Answers:
    """How people were answered: waits that began in the window, by business time."""

    answered: int = 0
    in_time: int = 0
    """Of those answered: within the target."""
    overdue: int = 0
    """Not answered, and older than the target."""
    waiting: int = 0
    """Not answered, and younger than the target: in no figure."""
    speed: float = 0.0
    """The sum of 2^(-t / target) over those answered."""
    target_seconds: float = 900.0

    @property
    def n(self) -> int:
        """The waits that count."""
        return self.answered + self.overdue
