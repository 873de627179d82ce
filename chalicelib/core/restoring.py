"""What comes out of a backup may have gone out since the backup was made, and nobody wrote that down.

Such a target is in doubt like one whose answer was lost, only worse: we do not know whether anything was asked at all.
So nothing is ever repeated under a key for it; it is read back, part by part, and goes on from where nothing is found.
Where its network cannot be read back, a person looks. What is not there waits for its workspace to be resumed, and
follows its own late policy then.
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.conversation import Effect
from chalicelib.core.publishing import failed, voided
from chalicelib.core.target import RESTORED, WAITING, Exchange, Fault, Policy, State, Target, noted
from chalicelib.core.timing import milliseconds

SENT = f"{RESTORED}, sent"
"""The digest of what is known to have begun to go out: where it is not found, a person looks, and nothing is sent."""
STOPPED = frozenset({"workspace_held", "account_held"})
"""What a target says that a hold stopped, and not a person's own word about this post."""
OUT = frozenset({State.PUBLISHED, State.REMOVED})
MOVING = WAITING | {State.PUBLISHING, State.UNCONFIRMED, State.HELD, State.PENDING_APPROVAL}
CODE = "restored"


def may_be_out(target: Target, stopped_at: datetime) -> bool:
    """Whether a machine that went on until then may have sent something of it that the backup does not know.

    What was due later, is a draft or has ended could only have gone out by a person's word: see `sent` below. What
    waited for a reviewer is looked up all the same: a yes is given every day, and would be given again.
    """
    if target.state not in MOVING:
        return False
    return bool(target.creates) or target.scheduled_at is None or target.scheduled_at <= stopped_at


def restored(
    target: Target, exported_at: datetime, stopped_at: datetime, now: datetime, sent: Mapping[str, datetime]
) -> Target:
    """The target as it may be put back: as it was, or in doubt.

    `sent` says what is known from elsewhere to have gone out since, and when that was due.
    """
    known = sent.get(target.id) if target.state not in OUT else None
    if known is None and not may_be_out(target, stopped_at):
        return target
    due = known or target.scheduled_at
    waits = known is None and target.state is State.HELD and not (target.error and target.error.code in STOPPED)
    return noted(
        target,
        now,
        CODE,
        "sent" if known else None,
        state=State.HELD if waits else State.UNCONFIRMED,
        scheduled_at=due,
        ledger=_in_doubt(target, max(due or exported_at, exported_at), stopped_at, known is not None),
        next_at=None if waits or _is_a_persons(target) else milliseconds(now),
        claim=None,
        claimed_until=None,
        error=Fault(CODE, "it may have gone out after the backup was made, and is looked up first", milliseconds(now)),
        version=target.version + 1,
    )


def _is_a_persons(target: Target) -> bool:
    """Whether a person was to say what became of it, and may have said so."""
    return target.state is State.UNCONFIRMED and target.next_at is None


def _in_doubt(target: Target, asked_at: datetime, stopped_at: datetime, sent: bool) -> tuple[Exchange, ...]:
    """The ledger with the request that may have been made: the one that was in doubt anyway, or the next one.

    A thread that had begun can only go on as it is, so that what is not found of it is not out.
    """
    over_at = milliseconds(stopped_at + Policy().lease)
    if target.doubt:
        again = dataclasses.replace(target.doubt, digest=RESTORED, over_at=max(over_at, target.doubt.over_at))
        return tuple(again if one is target.doubt else one for one in target.ledger)
    if target.creates:
        next_part = target.creates[-1].part + 1
        return (*target.ledger, Exchange(RESTORED, Effect.CREATE, next_part, milliseconds(asked_at), over_at))
    digest = SENT if sent else RESTORED
    return (*target.ledger, Exchange(digest, Effect.CREATE, 0, milliseconds(asked_at), over_at))


def goes_on(target: Target) -> bool:
    """Whether what comes next may be out, too: the part before was found, and the lost machine will have gone on."""
    made = [one for one in target.ledger if one.effect is Effect.CREATE]
    return bool(made) and made[-1].restored and not made[-1].void


def doubted_further(target: Target, part: int) -> Target:
    """The target whose next part is in doubt like the one before."""
    before = target.creates[-1]
    further = dataclasses.replace(before, digest=RESTORED, part=part, answer=None, repeated_at=())
    return dataclasses.replace(target, ledger=(*target.ledger, further))


def not_there(target: Target, now: datetime) -> Target:
    """The target whose doubtful part was looked for in vain: it goes on as it would without a backup.

    What is known to have been sent is a person's: it is out in other words or at another time, or was taken away.
    """
    if target.doubt and target.doubt.digest == SENT:
        message = "it went out after the backup was made, and is not found: look for it, and say where it is"
        return failed(target, now, CODE, message)
    return dataclasses.replace(
        voided(target, now, "read_back"),
        state=State.QUEUED,
        next_at=milliseconds(now),
        claim=None,
        claimed_until=None,
        attempts=0,
        error=None,
    )
