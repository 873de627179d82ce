"""The events of one minute of one account, in one record: what was counted already, and what there is to list.

A network delivers an event again for hours or days, always with the instant at which it happened; so what recognises
a duplicate lies with the others of its minute, and a batch of a thousand events is one record and not a thousand.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.engagement import Engagement

LISTED = 2000
"""Events of a minute that can be listed; of more only what recognises them is kept: 40,000 fit into one record."""
KEPT = timedelta(days=90)
"""How long the log lasts: longer than any network goes on delivering (the longest known is a day and a half, Meta)."""
UNDATED = timedelta(days=7)
"""How long an event that does not say when it happened is recognised."""


@dataclass(frozen=True, slots=True)
class EventLog:
    """What happened in one minute."""

    events: tuple[Engagement, ...] = ()
    more: str = ""
    """The `raw_id`s of those that are not listed, one after the other; each has 11 letters."""

    @property
    def known(self) -> frozenset[str]:
        """What recognises every event in here."""
        rest = self.more
        return frozenset({one.raw_id for one in self.events} | {rest[at : at + 11] for at in range(0, len(rest), 11)})

    def since(self, at: datetime) -> "EventLog":
        """The log without what happened before."""
        return dataclasses.replace(self, events=tuple(one for one in self.events if one.at >= at))

    def plus(self, event: Engagement) -> "EventLog":
        """The log with one more event."""
        if len(self.events) < LISTED:
            return dataclasses.replace(self, events=(*self.events, event))
        return dataclasses.replace(self, more=self.more + event.raw_id)
