"""A post of ours on a network, followed after it went out: whose it is, what was counted of it, when to look again."""

import dataclasses
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
LOOK_AGAIN = timedelta(hours=1)
"""A post that could not be found is looked for once more after this: one answer proves nothing, since networks read
from copies that lag behind, and hide what they check."""
RETRY = timedelta(minutes=10)
"""How soon a network that did not answer is asked again at the earliest."""
FORGOTTEN = timedelta(days=7)
"""How late the last figures may come before nobody asks for them any more."""


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
    trace_id: str | None = None
    """The trace of our post."""
    part: int = 0
    published_at: datetime | None = None
    counters: Counters = field(default_factory=Counters)
    polled: int = 0
    """How many of `POLLS` are done with."""
    next_at: datetime | None = None
    """When its figures are asked for next; while somebody asks, when that somebody must be dead."""
    missing_since: datetime | None = None
    """Since when its network has not found it."""

    @property
    def gone(self) -> bool:
        """Whether its network does not have it any more."""
        return self.counters.removed_at is not None

    @property
    def due(self) -> datetime | None:
        """The instant of the next step of `POLLS`; None where all are done with, or nobody knows when it went out."""
        return self._step(self.polled)

    def measured(self, now: datetime) -> "Followed":
        """The post after a step. Steps that are over by now are not made up for: what they would say is known."""
        return dataclasses.replace(self._behind(now), missing_since=None)

    def skipped(self, now: datetime) -> "Followed":
        """The post whose step passes unmeasured."""
        return self._behind(now)

    def later(self, now: datetime) -> "Followed":
        """The post whose network did not answer: asked half as late again as it is, until the next step is due."""
        due = self.due or now
        again, following = now + max(RETRY, (now - due) / 2), self._step(self.polled + 1)
        if following is None:
            return dataclasses.replace(self, next_at=again if now < due + FORGOTTEN else None)
        return dataclasses.replace(self, next_at=again) if again < following else self._behind(max(now, due))

    def missing(self, now: datetime) -> "Followed":
        """The post that its network does not know: gone once it was so at two looks in a row, an hour apart."""
        since = self.missing_since or now
        if now < since + LOOK_AGAIN:
            return dataclasses.replace(self, missing_since=since, next_at=since + LOOK_AGAIN)
        return dataclasses.replace(self, counters=self.counters.gone(since), next_at=None)

    def _behind(self, now: datetime) -> "Followed":
        polled = self.polled  # somebody may have asked before its turn: then that is still to come
        while (at := self._step(polled)) and at <= now:
            polled += 1
        return dataclasses.replace(self, polled=min(polled, len(POLLS)), next_at=at)

    def _step(self, number: int) -> datetime | None:
        return self.published_at + POLLS[number] if self.published_at and number < len(POLLS) else None
