"""What is known of a target: its state, its ledger, its timeline. What may become of it is in `publishing`."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from chalicelib.core.conversation import Effect, Reply
from chalicelib.core.post import LatePolicy
from chalicelib.core.timing import milliseconds


class State(StrEnum):
    """Where a target stands."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    MISSED = "missed"
    SKIPPED = "skipped"
    AWAITING_ACTION = "awaiting_action"
    HELD = "held"
    CANCELLED = "cancelled"
    REMOVED = "removed"


TERMINAL = frozenset({State.PUBLISHED, State.FAILED, State.MISSED, State.SKIPPED, State.CANCELLED, State.REMOVED})
WAITING = frozenset({State.SCHEDULED, State.QUEUED})
EDITABLE = frozenset({State.DRAFT, State.PENDING_APPROVAL, State.HELD, State.AWAITING_ACTION}) | WAITING

RESTORED = "restored"
"""How the digest of a request begins that nobody remembers: one that may have been made after a backup was."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded reply: what the conversation needs to go on, and how we came to know it."""

    status: int
    """0 where a person found the post: there was no reply then."""
    body: str
    headers: dict[str, str]
    at: datetime
    source: Literal["reply", "read_back", "person"] = "reply"
    by: str | None = None
    """The key of the person who said so."""

    @property
    def reply(self) -> Reply:
        """The answer as the reply that it was."""
        return Reply(self.status, self.headers, self.body.encode())


@dataclass(frozen=True, slots=True)
class Exchange:
    """One entry of the ledger: a PREPARE or CREATE request that was made, and what was answered."""

    digest: str
    effect: Effect
    part: int
    intent_at: datetime
    over_at: datetime
    """When our side had certainly sent it or let it be, and stopped waiting for the answer."""
    answer: Answer | None = None
    void: bool = False
    """Proved never to have been applied; a later exchange takes its place."""
    void_at: datetime | None = None
    void_why: str | None = None
    """What proved it: `not_sent`, `frozen`, `read_back`, `person`, or the code of the platform's refusal."""
    repeated_at: tuple[datetime, ...] = ()
    """When it was sent once more without an answer to the time before, under what makes that safe."""

    @property
    def restored(self) -> bool:
        """Whether it stands for what a machine may have done whose table was lost: see `chalicelib.core.restoring`."""
        return self.digest.startswith(RESTORED)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a target's timeline."""

    at: datetime
    type: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """The last thing that went wrong for a target."""

    code: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """One post on one account: its due time, its state, its ledger, its fate."""

    id: str
    post_id: str
    workspace_id: str
    account_id: str
    platform: str
    state: State
    scheduled_at: datetime | None
    lead: timedelta = timedelta()
    """How long before it is due its media begin on their way: see `chalicelib.core.lead`."""
    answers: str | None = None
    """The item of the inbox that it answers; None for a post."""
    unapproved: int | None = None
    """The version of its post that waits for a reviewer's yes; None where none is needed, or it was given. While there
    is one, nothing of the target goes out, or is even got ready."""
    edited_at: datetime | None = None
    """When what it says was last changed: what was prepared before that is not for this."""
    trace_id: str | None = None
    """The trace of the request that made it: see `core.trace`. None where it was made before there were any."""
    server: str = ""
    """The account's host where its platform has several: what is down together."""
    late_policy: LatePolicy = "publish"
    grace_seconds: int = 300
    expires_at: datetime | None = None
    version: int = 1
    """Raised by every edit of a person; a message that names another version is stale."""
    rev: int = 0
    """Raised by every write; the condition of the next one."""
    next_at: datetime | None = None
    """When the machine has to look at it again; None when nothing is left to do, or only a person can."""
    claim: str | None = None
    claimed_until: datetime | None = None
    attempts: int = 0
    ledger: tuple[Exchange, ...] = ()
    events: tuple[Event, ...] = ()
    error: Fault | None = None
    sent_at: datetime | None = None
    """When the first creating request left."""
    published_at: datetime | None = None
    platform_at: datetime | None = None
    """When it was published by the platform's own word, where it says one."""
    platform_post_id: str | None = None
    url: str | None = None
    part_ids: tuple[str, ...] = ()

    @property
    def lateness_ms(self) -> int | None:
        """Milliseconds from due to published."""
        if self.published_at is None or self.scheduled_at is None:
            return None
        return round((self.published_at - self.scheduled_at).total_seconds() * 1000)

    @property
    def doubt(self) -> Exchange | None:
        """The creating request that was sent, or may have been, and never answered."""
        for exchange in self.ledger:
            if exchange.effect is Effect.CREATE and exchange.answer is None and not exchange.void:
                return exchange
        return None

    @property
    def creates(self) -> tuple[Exchange, ...]:
        """The creating exchanges that count, in order."""
        return tuple(one for one in self.ledger if one.effect is Effect.CREATE and not one.void)


@dataclass(frozen=True, slots=True)
class Policy:
    """The engine's spans: how early it arms, how long a claim lasts, how it retries."""

    arm: timedelta = timedelta(seconds=4)
    lease: timedelta = timedelta(seconds=90)
    """Longer than a publisher may run, so that a claim that lapsed is a publisher that died."""
    run: timedelta = timedelta(seconds=45)
    """How long a publisher works before it rests; shorter than its function's time-out."""
    repeats: int = 5
    """Attempts in which an unanswered request with an idempotency key is repeated; after those it is read back."""
    first_retry: timedelta = timedelta(seconds=5)
    longest_retry: timedelta = timedelta(seconds=90)
    give_up_after: timedelta = timedelta(hours=24)


def noted(target: Target, now: datetime, type: str, detail: str | None = None, **changes: Any) -> Target:
    """The target with changes and a line in its timeline."""
    events = (*target.events, Event(milliseconds(now), type, detail))
    return dataclasses.replace(target, events=events, **changes)


_OPEN_FIRST = (
    State.PUBLISHING,
    State.UNCONFIRMED,
    State.QUEUED,
    State.SCHEDULED,
    State.AWAITING_ACTION,
    State.PENDING_APPROVAL,
    State.HELD,
    State.DRAFT,
)
_ENDED = (State.FAILED, State.MISSED, State.SKIPPED, State.REMOVED, State.CANCELLED)


def status(states: list[State]) -> str:
    """A post's status, derived from its targets' states: what is still open first, then how it ended.

    `partially_published` when everything ended, and some but not all of it well.
    """
    for state in _OPEN_FIRST:
        if state in states:
            return state
    if State.PUBLISHED in states:
        ended_well = all(state is State.PUBLISHED for state in states)
        return State.PUBLISHED if ended_well else "partially_published"
    return next((state for state in _ENDED if state in states), State.DRAFT)
