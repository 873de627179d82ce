"""A post of ours on a network, followed after it went out: whose it is, what was counted of it, when to look again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.counters import Counters

POLLS = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=30),
)
"""After how long a published post's figures are asked for where its network is asked."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One thing on a network that people do something with; a thread is several."""

    account_id: str
    platform: str
    post: str
    """The network's id of it."""
    post_id: str | None = None
    """Our post and target; None where nobody knows of one: somebody posted it elsewhere."""
    target_id: str | None = None
    part: int = 0
    published_at: datetime | None = None
    counters: Counters = field(default_factory=Counters)
    polled: int = 0
    """How many of `POLLS` are done with."""
    next_at: datetime | None = None
    """When its figures are asked for next."""
