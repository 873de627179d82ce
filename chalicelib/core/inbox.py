"""The inbox: what people said that wants an answer, and whether it got one.

An item is a comment, a mention, or a private conversation. Its turns say who spoke when, theirs and ours; everything
else follows from them, so it does not matter in which order networks tell of them.
"""

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from chalicelib.core.engagement import Kind

State = Literal["waiting", "answered", "dismissed", "removed"]
Speaker = Literal["them", "us"]

TURNS = 50
"""The latest turns of an item are kept."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody spoke."""

    at: datetime
    by: Speaker


@dataclass(frozen=True, slots=True)
class InboxItem:
    """Something that somebody said to the brand, and what became of it."""

    id: str
    account_id: str
    platform: str
    thing: str
    """The network's id of it; of a private conversation that of the other side."""
    kind: Kind | None = None
    """None as long as only our answer is known."""
    post: str | None = None
    post_id: str | None = None
    target_id: str | None = None
    actor: str | None = None
    text: str | None = field(default=None, repr=False)
    """What they said last; None once it was erased, or removed by them."""
    text_at: datetime | None = None
    url: str | None = None
    ref: dict[str, str] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    dismissed_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def waiting_since(self) -> datetime | None:
        """When they said the first thing that nobody answered; None where nothing waits."""
        if self.removed_at:
            return None
        ours = [turn.at for turn in self.turns if turn.by == "us"]
        handled = max([*ours, *([self.dismissed_at] if self.dismissed_at else [])], default=None)
        open_ = [turn.at for turn in self.turns if turn.by == "them" and (handled is None or turn.at > handled)]
        return min(open_, default=None)

    @property
    def state(self) -> State:
        """Where the item stands."""
        if self.removed_at:
            return "removed"
        if self.waiting_since:
            return "waiting"
        ours = [turn.at for turn in self.turns if turn.by == "us"]
        by_hand = self.dismissed_at and (not ours or self.dismissed_at > max(ours))
        return "dismissed" if by_hand else "answered"

    @property
    def at(self) -> datetime | None:
        """When the latest thing was said."""
        return self.turns[-1].at if self.turns else None

    def spoke(self, at: datetime, by: Speaker) -> "InboxItem":
        """The item after another turn."""
        turns = sorted({*self.turns, Turn(at, by)}, key=lambda turn: (turn.at, turn.by))
        return dataclasses.replace(self, turns=tuple(turns[-TURNS:]))

    def said(self, at: datetime, text: str | None) -> "InboxItem":
        """The item after they said something; what they took back or what is older stays away."""
        if self.removed_at or (self.text_at and at < self.text_at):
            return self
        return dataclasses.replace(self, text=text, text_at=at)

    def removed(self, at: datetime) -> "InboxItem":
        """The item after they took it back: what they said is gone with it."""
        return dataclasses.replace(self, removed_at=at, text=None)
