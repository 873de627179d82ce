"""The events of one minute of one account, in one record: what was counted already, and what there is to list.

A network delivers an event again for hours or days, always with the instant at which it happened; so what recognises
a duplicate lies with the others of its minute, and a batch of a thousand events is one record and not a thousand.
An event that does not say when it happened is listed in the minute in which it came, and recognised elsewhere.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.engagement import Engagement

LISTED = 2000
"""Events that one record lists. Those of a minute that has more lie in 64 further records, by what recognises them."""
KEPT = timedelta(days=90)
"""How long the log lasts: longer than any network goes on delivering (the longest known is a day and a half, Meta)."""
UNDATED = timedelta(days=7)
"""How long an event that does not say when it happened is recognised."""
LETTERS = 11
"""Of what recognises an event."""


@dataclass(frozen=True, slots=True)
class EventLog:
    """What happened in one minute."""

    events: tuple[Engagement, ...] = ()
    more: dict[str, str] = field(default_factory=dict)
    """The `raw_id`s of those that are not listed here, one after the other, by the day on which they came."""

    @property
    def known(self) -> frozenset[str]:
        """What recognises every event in here."""
        rest = {ids[at : at + LETTERS] for ids in self.more.values() for at in range(0, len(ids), LETTERS)}
        return frozenset({one.raw_id for one in self.events} | rest)

    @property
    def full(self) -> bool:
        """Whether it lists no more."""
        return len(self.events) >= LISTED

    def since(self, at: datetime) -> "EventLog":
        """The log without recognising what came on days before."""
        return dataclasses.replace(self, more={day: ids for day, ids in self.more.items() if day >= f"{at:%Y-%m-%d}"})

    def plus(self, event: Engagement) -> "EventLog":
        """The log with one more event; a full one only recognises it."""
        if self.full:
            return self.recognising(event.raw_id, event.at)
        return dataclasses.replace(self, events=(*self.events, event))

    def recognising(self, raw_id: str, came: datetime) -> "EventLog":
        """The log that recognises an event which is listed elsewhere."""
        day = f"{came:%Y-%m-%d}"
        return dataclasses.replace(self, more={**self.more, day: self.more.get(day, "") + raw_id})

    def changed(self, change: Callable[[Engagement], Engagement]) -> "EventLog":
        """The log with every listed event changed."""
        return dataclasses.replace(self, events=tuple(change(one) for one in self.events))
