"""The inbox: what people said that wants an answer, and whether it got one.

An item is a comment, a mention, or a private conversation. Its turns say who spoke when, theirs and ours; everything
else follows from them, so it does not matter in which order networks tell of them, or how often. What they wrote may be
kept for a shorter time than the item, which goes on without it.
"""

import dataclasses
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from chalicelib.core.business_hours import BusinessHours, open_time
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
    id: str = ""
    """Recognises the same turn, told of by somebody else: by us when we publish it, and by the network again."""


@dataclass(frozen=True, slots=True)
class Wait:
    """They said something; until then it waited for us."""

    since: datetime
    until: datetime | None = None
    answered: bool = False
    """Whether an answer ended it, and no dismissal."""


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote, as it is kept: beside the item, which lasts longer."""

    text: str = field(repr=False)
    at: datetime
    until: datetime
    """When it may be kept no longer."""


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
    """What they said last; None once it may be kept no longer, or was removed by them."""
    text_at: datetime | None = None
    text_until: datetime | None = None
    """When that may be kept no longer."""
    url: str | None = None
    ref: dict[str, str] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    waited_from: datetime | None = None
    """What turns that are no longer kept left without an answer: when the first of it was said."""
    dismissed_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def waits(self) -> tuple[Wait, ...]:
        """Every time that they waited for us, oldest first; only the last may still go on."""
        over: list[Wait] = []
        since = self.waited_from
        for at, by in self._moments():
            if by == "them":
                since = since or at
            elif since:
                over.append(Wait(since, at, answered=by == "us"))
                since = None
        return (*over, Wait(since)) if since else tuple(over)

    @property
    def waiting_since(self) -> datetime | None:
        """When they said the first thing that nobody answered; None where nothing waits."""
        last = self.waits[-1:]
        return last[0].since if last and last[0].until is None and not self.removed_at else None

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

    def spoke(self, at: datetime, by: Speaker, id: str = "") -> "InboxItem":
        """The item after another turn. One that is told of twice happened when the earlier word has it."""
        turn = Turn(at, by, _mark(id))
        same = [one for one in self.turns if id and (one.by, one.id) == (by, turn.id)]
        turn = dataclasses.replace(turn, at=min([at, *(one.at for one in same)]))
        turns = sorted({*self.turns, turn} - {*same} | {turn}, key=lambda one: (one.at, one.by == "us", one.id))
        kept = dataclasses.replace(self, turns=tuple(turns[-TURNS:]))
        if len(turns) <= TURNS:
            return kept
        gone = dataclasses.replace(self, turns=tuple(turns[:-TURNS])).waits[-1:]
        return dataclasses.replace(kept, waited_from=gone[0].since if gone and not gone[0].until else None)

    def said(self, at: datetime, text: str | None, until: datetime) -> "InboxItem":
        """The item after they said something that may be kept until then; what they took back or what is older stays
        away, and what was over at an instant stays over."""
        if self.removed_at or (self.text_at and at < self.text_at):
            return self
        if at == self.text_at:
            text, until = max(text or "", self.text or "") or None, min(until, self.text_until or until)
        return dataclasses.replace(self, text=text, text_at=at, text_until=until)

    def removed(self, at: datetime) -> "InboxItem":
        """The item after they took it back: what they said is gone with it."""
        first = min(at, self.removed_at or at)
        return dataclasses.replace(self, removed_at=first, text=None, text_at=None, text_until=None)

    def words(self, now: datetime) -> Words | None:
        """What they said last, where there is anything that may still be kept."""
        if self.text is None or self.text_at is None or self.text_until is None or self.text_until <= now:
            return None
        return Words(self.text, self.text_at, self.text_until)

    def wording(self, words: Words | None) -> "InboxItem":
        """The item with what they said last, where these are the words."""
        return dataclasses.replace(self, text=words.text if words and words.at == self.text_at else None)

    def dismissed(self, at: datetime) -> "InboxItem":
        """The item after a person said that it needs no answer; what they say later waits again."""
        return dataclasses.replace(self, dismissed_at=max(at, self.dismissed_at or at))

    def _moments(self) -> Iterable[tuple[datetime, Speaker | Literal["dismissal"]]]:
        """Who did what, in order; what happens at the same instant is said before it is answered."""
        moments: list[tuple[datetime, Speaker | Literal["dismissal"]]] = [(turn.at, turn.by) for turn in self.turns]
        if self.dismissed_at:
            moments.append((self.dismissed_at, "dismissal"))
        return sorted(moments, key=lambda one: (one[0], one[1] != "them"))


@dataclass(frozen=True, slots=True)
class Response:
    """How long the last wait took, or is taking, and whether that is too long."""

    answered_at: datetime | None
    """None while it waits, and where nobody answered."""
    wall: timedelta | None
    """From when they spoke until the answer; None without one."""
    business: timedelta | None
    """How much of that fell into business hours."""
    overdue: bool
    """Whether it took, or is taking, more of the business hours than the target. What still waits inside the target is
    not overdue, and what they took back never is."""


def response(item: InboxItem, hours: BusinessHours, now: datetime) -> Response:
    """How the item stands against the workspace's hours."""
    waits = item.waits
    if not waits or item.removed_at:
        return Response(None, None, None, overdue=False)
    last = waits[-1]
    open_ = open_time(hours, last.since, last.until or max(now, last.since))
    if not (last.until and last.answered):
        return Response(None, None, None, overdue=open_ > hours.target)
    return Response(last.until, last.until - last.since, open_, overdue=open_ > hours.target)


def _mark(id: str) -> str:
    """What recognises a turn: 64 bits of a digest in 11 letters, enough among those of one item."""
    return urlsafe_b64encode(hashlib.sha256(id.encode(errors="surrogatepass")).digest()[:8]).decode()[:11] if id else ""
