"""The target's state machine and the ledger's rules: what may happen next, and what may never.

Everything here is a pure function from a target and an instant to the next target. The service reads a target, asks
here, writes the answer on condition that nobody wrote first, and only then acts on it.

A target with a lead is claimed twice: its lead before it is due, to get everything ready, and again when it is due, to
go out. In between it rests, and what was prepared is recalled from the ledger.

    draft ─┐                       ┌─> held ──────────┐
           ├─> scheduled ─> queued ─> publishing ─> published
           │        ^         ^        │   │ ├────> failed
           │        └─────────┴────────┘   │ └────> missed, skipped   (late policy, expiry)
           └─> cancelled                   └─> unconfirmed ─> publishing …, published (a person found it)

    draft … held ─> pending_approval ─> scheduled, or what the late policy says     (where a reviewer has to say yes)
                           └─> cancelled, missed
    published ─> removed   (its network says that it is gone)
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from chalicelib.core.conversation import Effect, Idempotency, Published, Request, Safety
from chalicelib.core.errors import Conflict
from chalicelib.core.target import EDITABLE, WAITING, Answer, Exchange, Fault, Policy, State, Target, noted
from chalicelib.core.timing import milliseconds, stamp

SEND_WITHIN = timedelta(seconds=5)
"""A request leaves this soon after its intent was recorded, or not at all: a worker that was frozen in between must not
send what somebody else has read back in vain meanwhile."""

ASKED = frozenset({"scheduled", "edited", "resumed", "publish_now"})
"""Events by which a person sets a target's time."""
REMINDED_AFTER = timedelta(hours=1)
"""How long a person has to publish by hand before they are reminded; longer where the grace is."""
AT_ONCE = timedelta(seconds=60)
"""What "now" may take to come through the queue and a cold start before a late policy calls it late."""
LATE_YES = "approved_too_late"
"""The detail of what the late policy did because a reviewer took too long: that is not the machine's lateness."""
NEVER_YES = "never_approved"
"""The detail of an expiry while a reviewer's yes was waited for."""
DIED = "the publisher died before an answer came"
MAY_BE_OUT = "it may have gone out after the backup was made"
REPEATABLE = frozenset({Safety.KEY, Safety.CONTENT_KEY, Safety.CONTAINER})


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing to do; the message is done with."""

    why: str


@dataclass(frozen=True, slots=True)
class Later:
    """Too early: come back at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Settle:
    """Write this target; there is nothing to run."""

    target: Target


@dataclass(frozen=True, slots=True)
class Act:
    """Write this claimed target, and when that worked, run its conversation."""

    target: Target


def ready_at(target: Target, policy: Policy) -> datetime:
    """When a wake may act: early enough to get ready for a due instant, and not before a pause is over."""
    if target.next_at is None:
        raise Conflict("nothing is left to do", target.state)
    if target.scheduled_at is None or target.unapproved is not None:
        return target.next_at
    early = target.scheduled_at - max(target.lead, policy.arm)
    return early if target.next_at == target.scheduled_at else max(target.next_at, early)


def wake(
    target: Target, now: datetime, version: int, token: str, idempotency: Idempotency, policy: Policy
) -> Ignore | Later | Settle | Act:
    """What a message that names this target and version should do now."""
    if version != target.version:
        return Ignore("stale_version")
    if target.next_at is None:
        return Ignore(target.state)
    if target.claim and target.claimed_until and now < target.claimed_until:
        return Ignore("claimed")
    if target.claim is None and now < ready_at(target, policy):
        return Later(ready_at(target, policy))
    if target.doubt:
        return _wake_doubtful(target, target.doubt, now, token, idempotency, policy)
    if target.unapproved is not None and not target.creates:
        return _wake_unapproved(target, now)
    if not target.creates and (ended := _too_late(target, now)):
        return Settle(ended)
    return Act(_claimed(target, now, token, policy, State.PUBLISHING))


def _wake_unapproved(target: Target, now: datetime) -> Settle:
    """Nothing of it goes out before a reviewer has said yes; when its time comes, it is told that nobody has."""
    if expired(target, now):
        return Settle(noted(target, now, "missed", NEVER_YES, state=State.MISSED, next_at=None))
    look_at = target.expires_at
    return Settle(noted(target, now, "approval_overdue", state=State.PENDING_APPROVAL, next_at=look_at))


def _claimed(target: Target, now: datetime, token: str, policy: Policy, state: State) -> Target:
    until = now + policy.lease
    return noted(
        target,
        now,
        "claimed",
        state=state,
        claim=token,
        claimed_until=until,
        next_at=until,
        attempts=target.attempts + 1,
    )


def _too_late(target: Target, now: datetime, missed: str = "expired", late: str = "late") -> Target | None:
    """The target's end where its late policy or expiry forbids publishing now; `missed` and `late` say why."""
    over = {"claim": None, "claimed_until": None, "next_at": None}
    if expired(target, now):
        return noted(target, now, "missed", missed, state=State.MISSED, **over)
    if now <= _promised(target, now) + timedelta(seconds=target.grace_seconds):
        return None
    if target.late_policy == "skip":
        return noted(target, now, "skipped", late, state=State.SKIPPED, **over)
    if target.late_policy == "hold":
        return noted(target, now, "held", late, state=State.HELD, **over)
    return None


def expired(target: Target, now: datetime) -> bool:
    """Whether nothing of the target may begin to go out any more; what has begun is finished."""
    return bool(target.expires_at and now >= target.expires_at and not target.creates)


def _promised(target: Target, now: datetime) -> datetime:
    """The instant from which lateness counts: the due one; a little after it was asked for, where that was "now".

    What was asked for at shorter notice than its lead needs that long, too.
    """
    due = target.scheduled_at or now
    at_once = [event.at for event in target.events if event.type in ASKED and event.at >= due - target.lead]
    return max(due, max(at_once) + target.lead + AT_ONCE) if at_once else due


def _wake_doubtful(
    target: Target, doubt: Exchange, now: datetime, token: str, idempotency: Idempotency, policy: Policy
) -> Settle | Act | Later:
    action = after_doubt(target, doubt, now, idempotency, policy)
    if action in ("repeat", "read_back"):
        return Act(_claimed(target, now, token, policy, State.UNCONFIRMED))
    if action == "wait" and target.state is State.UNCONFIRMED and target.claim is None:
        return Later(_looked_at(target, doubt, now, idempotency, policy) or now)
    code, message = ("restored", MAY_BE_OUT) if doubt.restored else ("interrupted", DIED)
    return Settle(doubtful(target, now, code, message, idempotency, policy))


def after_doubt(
    target: Target,
    doubt: Exchange,
    now: datetime,
    idempotency: Idempotency,
    policy: Policy,
    request: Request | None = None,
) -> Literal["repeat", "read_back", "wait", "ask"]:
    """What may be done about a creating request without an answer: never a blind repeat.

    `request` is what would be repeated, once that is known.
    """
    same = idempotency.safety is not Safety.CONTAINER or _in_its_container(target, doubt, now, idempotency, request)
    same = same and not doubt.restored  # nobody remembers what was asked, under which key, or whether
    if idempotency.safety in REPEATABLE and target.attempts <= policy.repeats and same:
        lifetime = idempotency.key_lifetime
        sending = SEND_WITHIN + timedelta(seconds=request.timeout if request else 0)
        if not lifetime or now + sending < doubt.intent_at + lifetime:
            return "repeat" if now >= _repeatable_at(doubt, idempotency) else "wait"
    if not idempotency.readable:
        return "ask"
    return "read_back" if now >= doubt.over_at + idempotency.quarantine else "wait"


def _in_its_container(
    target: Target, doubt: Exchange, now: datetime, idempotency: Idempotency, request: Request | None
) -> bool:
    """A container guards only itself: another one, prepared because the first is too old, would be another post.

    What nothing was prepared for, such as a comment under the post, no container guards.
    """
    made = [one for one in target.ledger if one.effect is Effect.PREPARE and one.part == doubt.part]
    if request:
        return bool(made) and request.digest == doubt.digest
    return bool(made) and now < made[-1].intent_at + idempotency.prepared_lifetime


def _repeatable_at(doubt: Exchange, idempotency: Idempotency) -> datetime:
    """A server may note an idempotency key only once the request is done (Mastodon does): until then it is no guard.

    https://github.com/mastodon/mastodon/blob/main/app/services/post_status_service.rb, read 2026-11-22.
    """
    return doubt.over_at + idempotency.late_acceptance if idempotency.safety is Safety.KEY else doubt.intent_at


def _looked_at(
    target: Target, doubt: Exchange, now: datetime, idempotency: Idempotency, policy: Policy
) -> datetime | None:
    """When a doubtful target has to be looked at next; None when only a person can."""
    action = after_doubt(target, doubt, now, idempotency, policy)
    if action == "wait":
        moments = (_repeatable_at(doubt, idempotency), doubt.over_at + idempotency.quarantine)
        return min(moment for moment in moments if moment > now)
    return {"repeat": now + _backoff(target, policy), "read_back": now}.get(action)


def recall(target: Target, request: Request, created: int, now: datetime, idempotency: Idempotency) -> Exchange | None:
    """The ledger's entry for a request of a conversation that runs again.

    The n-th creating request is the n-th creating exchange, whatever its bytes are now: it is never made twice.
    A preparation is recalled by what it asks, the last that asked it, while the platform still keeps it, and unless
    what the target says was changed since: what was begun for another film may have been asked for in the same words.
    That of a part that is out is always recalled: what is out is this one.
    """
    if request.effect is Effect.CREATE:
        return target.creates[created] if created < len(target.creates) else None
    out = any(one.answer and one.part == request.part for one in target.creates)
    for exchange in reversed(target.ledger):
        if exchange.effect is Effect.PREPARE and exchange.digest == request.digest and exchange.answer:
            return exchange if out or _is_kept(target, exchange, now, idempotency) else None
    return None


def _is_kept(target: Target, preparation: Exchange, now: datetime, idempotency: Idempotency) -> bool:
    """Whether the platform still keeps what was prepared, and we still want it."""
    outdated = target.edited_at is not None and preparation.intent_at <= target.edited_at
    return not outdated and now < preparation.intent_at + idempotency.prepared_lifetime


def looked_for_in_vain(target: Target) -> bool:
    """Whether what is in doubt was sent before, and nobody saw it since: "you have it already" may mean that one."""
    doubt = target.doubt
    earlier = [one for one in target.ledger if one.void and one.void_why == "read_back"]
    return doubt is not None and any(one.part == doubt.part for one in earlier)


def intended(target: Target, request: Request, now: datetime) -> Target:
    """The target with the intent of a creating request on record: written before the request's first byte leaves."""
    if target.claim is None:
        raise Conflict("only the holder of a claim may create", "not_claimed")
    if target.scheduled_at and now < target.scheduled_at:
        raise Conflict("nothing is published before it is due", "early")
    exchange = _exchange(request, now)
    return dataclasses.replace(
        target,
        state=State.PUBLISHING,
        ledger=(*target.ledger, exchange),
        sent_at=target.sent_at or milliseconds(now),
    )


def _exchange(request: Request, now: datetime) -> Exchange:
    over_at = now + SEND_WITHIN + request.longest
    return Exchange(request.digest, request.effect, request.part, milliseconds(now), milliseconds(over_at))


def repeated(target: Target, request: Request, now: datetime) -> Target:
    """The target whose doubtful request is about to be sent once more, under the key that makes this safe."""
    doubt = _doubt(target)
    again = _exchange(request, now)
    repeated_at = (*doubt.repeated_at, again.intent_at)
    return _settled(target, doubt, dataclasses.replace(doubt, over_at=again.over_at, repeated_at=repeated_at))


def prepared(target: Target, request: Request, answer: Answer, now: datetime) -> Target:
    """The target with a preparation, begun now, and its reply on record: the platform counts its life from its request,
    which may be long before a frozen worker reads the reply."""
    exchange = dataclasses.replace(_exchange(request, now), answer=answer)
    return dataclasses.replace(target, ledger=(*target.ledger, exchange))


def answered(target: Target, answer: Answer) -> Target:
    """The target whose doubtful request now has its answer."""
    doubt = _doubt(target)
    return _settled(target, doubt, dataclasses.replace(doubt, answer=answer))


def voided(target: Target, now: datetime, why: str, answer: Answer | None = None) -> Target:
    """The target whose doubtful request is proved never to have been applied; `answer` is a refusal's own."""
    doubt = _doubt(target)
    void = dataclasses.replace(doubt, answer=answer, void=True, void_at=milliseconds(now), void_why=why)
    return noted(_settled(target, doubt, void), now, "not_applied", why)


def confirmed(target: Target, url: str, by: str, now: datetime, unsent: int = 0) -> Target:
    """The target that a person found on the network: closed as it stands, so that its `unsent` parts stay unsent."""
    doubt = _in_a_persons_hands(target, now)
    found = dataclasses.replace(doubt, answer=Answer(0, "", {}, milliseconds(now), "person", by))
    return noted(
        _settled(target, doubt, found),
        now,
        "confirmed",
        f"{by}; parts never sent: {unsent}" if unsent else by,
        state=State.PUBLISHED,
        next_at=None,
        claim=None,
        claimed_until=None,
        error=None,
        published_at=target.creates[0].intent_at,
        url=url,
        version=target.version + 1,
    )


def handed_over(target: Target, now: datetime) -> Target:
    """The target that a person has to publish, because its network takes nothing from us; and a reminder of it."""
    if target.state is State.AWAITING_ACTION:
        return noted(target, now, "reminder", next_at=target.expires_at)
    patience = max(REMINDED_AFTER, timedelta(seconds=target.grace_seconds))
    remind_at = max(now, target.scheduled_at or now) + patience
    return noted(target, now, "action_needed", state=State.AWAITING_ACTION, next_at=milliseconds(remind_at))


def done_by_hand(
    target: Target, url: str | None, by: str, at: datetime | None, now: datetime, post_id: str | None = None
) -> Target:
    """The target that a person has published, at `at` or just now; late by that, like any other.

    `post_id` is the network's id of it, where the network told us.
    """
    if target.state is not State.AWAITING_ACTION:
        raise Conflict(f"a target that is {target.state} is not for a person to publish", "not_assisted", target.state)
    if at and at > now:
        raise Conflict("what is to be published later is not published yet", "in_the_future", target.state)
    return noted(
        target,
        now,
        "confirmed",
        by,
        state=State.PUBLISHED,
        next_at=None,
        error=None,
        published_at=milliseconds(at or now),
        platform_post_id=post_id,
        url=url,
        version=target.version + 1,
    )


def retried(target: Target, by: str, now: datetime, idempotency: Idempotency) -> Target:
    """The target that a person looked for in vain, going out again at once; too late for nothing but its expiry.

    It stays due when it was, because record keys and read-backs follow from that: should the person be wrong, what
    guards against doubles still does. For the same reason nobody's look counts before the quarantine is over.
    """
    doubt = _in_a_persons_hands(target, now)
    over = doubt.over_at + idempotency.quarantine
    if now < over:
        raise Conflict(
            f"{target.platform} may take the request until {stamp(over)}: look again then", "too_early", target.state
        )
    return noted(
        voided(target, now, "person"),
        now,
        "retried",
        by,
        state=State.QUEUED,
        next_at=milliseconds(now),
        claim=None,
        claimed_until=None,
        error=None,
        late_policy="publish",
        version=target.version + 1,
    )


def _in_a_persons_hands(target: Target, now: datetime) -> Exchange:
    """The doubt that a person may resolve now."""
    if target.state is not State.UNCONFIRMED:
        raise Conflict(f"a target that is {target.state} has nothing to resolve", "not_unconfirmed", target.state)
    if target.claim and target.claimed_until and now < target.claimed_until:
        raise Conflict(f"a publisher works on this {target.state} target right now", "claimed", target.state)
    return _doubt(target)


def _doubt(target: Target) -> Exchange:
    if target.doubt is None:
        raise Conflict("no request is in doubt", "no_intent")
    return target.doubt


def _settled(target: Target, old: Exchange, new: Exchange) -> Target:
    return dataclasses.replace(target, ledger=tuple(new if one is old else one for one in target.ledger))


def doubtful(
    target: Target, now: datetime, code: str, message: str, idempotency: Idempotency, policy: Policy
) -> Target:
    """The target after a creating request whose fate nobody knows: it rests, then reads back, or waits for a person."""
    doubt = _doubt(target)
    next_at = _looked_at(target, doubt, now, idempotency, policy)
    return _released(target, now, "unconfirmed", code, message, state=State.UNCONFIRMED, next_at=next_at)


def _released(
    target: Target, now: datetime, type: str, code: str, message: str, *, state: State, next_at: datetime | None
) -> Target:
    """The target let go of by its publisher after something went wrong."""
    fault = Fault(code, message, milliseconds(now))
    return noted(target, now, type, code, state=state, next_at=next_at, claim=None, claimed_until=None, error=fault)


def _backoff(target: Target, policy: Policy) -> timedelta:
    doubled: timedelta = policy.first_retry * 2 ** min(max(target.attempts, 1) - 1, 20)
    return min(policy.longest_retry, doubled)


def published(target: Target, result: Published, now: datetime) -> Target:
    """The target's good end: one write, with everything that hangs off it derived from it later."""
    return noted(
        target,
        now,
        "published",
        result.url,
        state=State.PUBLISHED,
        claim=None,
        claimed_until=None,
        next_at=None,
        error=None,
        published_at=milliseconds(_visible_at(target, result, now)),
        platform_at=milliseconds(result.at) if result.at else None,
        platform_post_id=result.id,
        url=result.url,
        part_ids=result.parts or (result.id,),
    )


def removed(target: Target, now: datetime, since: datetime) -> Target:
    """The published target that its network does not have any more, since then. Who took it away is not told."""
    if target.state is not State.PUBLISHED:
        raise Conflict(f"a target that is {target.state} cannot be gone from its network", "not_published")
    return noted(target, now, "removed", stamp(since), state=State.REMOVED, next_at=None)


def _visible_at(target: Target, result: Published, now: datetime) -> datetime:
    """When readers could see the first part: its answer's time, or the platform's word where it was read back."""
    first = target.creates[0].answer if target.creates else None
    if first is None:
        return now
    if first.source == "read_back":
        return result.at or target.sent_at or now
    return first.at


def failed(target: Target, now: datetime, code: str, message: str) -> Target:
    """The target's bad end: the platform will not take it, or we gave up. In doubt it is a person's to decide."""
    if target.doubt:
        return _released(target, now, "unconfirmed", code, message, state=State.UNCONFIRMED, next_at=None)
    return _released(target, now, "failed", code, message, state=State.FAILED, next_at=None)


def deferred(
    target: Target, now: datetime, code: str, message: str, policy: Policy, jitter: float, until: datetime | None = None
) -> Target:
    """The target after a failure that applied nothing: queued again, later each time, until we give up.

    `jitter` in [0, 1) spreads the wait over its whole span (full jitter,
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, read 2026-11-22).
    """
    if now > (target.scheduled_at or now) + policy.give_up_after:
        return failed(target, now, code, message)
    wait = max(_backoff(target, policy) * jitter, timedelta(seconds=1))
    next_at = until + timedelta(seconds=jitter) if until and until > now else now + wait
    state = State.UNCONFIRMED if target.doubt else State.QUEUED
    return _released(target, now, "deferred", code, message, state=state, next_at=next_at)


def braked(target: Target, now: datetime, code: str, message: str, until: datetime) -> Target:
    """The target that was not even tried: its account is limited or its network is down. It is late, and says so."""
    state = State.UNCONFIRMED if target.doubt else State.QUEUED
    fault = Fault(code, message, milliseconds(now))
    if target.error and target.error.code == code:
        return dataclasses.replace(target, state=state, next_at=until, claim=None, claimed_until=None, error=fault)
    return _released(target, now, "deferred", code, message, state=state, next_at=until)


def stopped(target: Target, now: datetime, code: str, message: str, look_again: datetime) -> Target:
    """The target that the workspace's or the account's hold stopped; let go when that is resumed."""
    return _released(target, now, "held", code, message, state=State.HELD, next_at=look_again)


def let_go(target: Target, now: datetime, at: datetime) -> Target:
    """The target that a hold had stopped, going out at its turn. It stays due when it was: late, and honestly so."""
    return noted(target, now, "resumed", state=State.QUEUED, next_at=at, error=None, version=target.version + 1)


def resting(target: Target, now: datetime, until: datetime, policy: Policy) -> Target:
    """The target while the platform works on what it was given, until it is due, or while a long thread takes a breath.

    Where nothing is in doubt, nothing went wrong, and what goes on later is no other attempt.
    """
    if now > (target.scheduled_at or now) + policy.give_up_after:
        return failed(target, now, "never_ready", "the platform did not finish what it was given")
    state, attempts = (State.UNCONFIRMED, 0) if target.doubt else (State.QUEUED, 1)
    return noted(
        target,
        now,
        "resting",
        state=state,
        next_at=milliseconds(until),
        claim=None,
        claimed_until=None,
        attempts=max(0, target.attempts - attempts),
    )


def queued(target: Target, now: datetime) -> Target:
    """The target once its message is on the queue; the sweep looks again if nobody claimed it in time."""
    return noted(target, now, "queued", state=State.QUEUED)


def cancelled(target: Target, now: datetime) -> Target:
    """The target called off by a person, while nothing of it is out."""
    _require_editable(target, now, "cancelled")
    return _taken_back(target, now, "cancelled", None, state=State.CANCELLED, next_at=None)


def held(target: Target, now: datetime) -> Target:
    """The target stopped by a person until resumed."""
    if target.state not in WAITING and not gets_ready(target, now):
        raise Conflict(f"a target that is {target.state} cannot be held", "not_holdable")
    return _taken_back(target, now, "held", "by hand", state=State.HELD, next_at=None)


def resumed(target: Target, now: datetime) -> Target:
    """The held target let go: due when it was due, or now if that has passed. What is partly out goes on at once."""
    if target.state is not State.HELD:
        raise Conflict(f"a target that is {target.state} is not held", "not_held")
    if target.creates:
        return let_go(target, now, milliseconds(now))
    return scheduled(target, max(target.scheduled_at or now, now), now, "resumed")


def scheduled(target: Target, due: datetime, now: datetime, why: str = "scheduled") -> Target:
    """The target due at another time, or for the first time; where a reviewer has to say yes, once they have."""
    if target.state is not State.FAILED:
        _require_editable(target, now, "rescheduled")
    due = milliseconds(due)
    if target.unapproved is not None:
        return _asking(target, due, now)
    begins = _begins(target, due, now)
    return _taken_back(target, now, why, None, state=State.SCHEDULED, scheduled_at=due, next_at=begins, error=None)


def _begins(target: Target, due: datetime, now: datetime) -> datetime:
    """When to begin for another instant: its lead before, or now where that has passed."""
    return max(due - target.lead, min(milliseconds(now), due))


def _asking(target: Target, due: datetime, now: datetime) -> Target:
    """The target that waits for a reviewer's yes; it is looked at again when it is due, to tell if nobody gave it."""
    look_at = max(due, milliseconds(now + AT_ONCE))
    waiting = {"state": State.PENDING_APPROVAL, "scheduled_at": due, "next_at": look_at, "error": None}
    return _taken_back(target, now, "review_requested", None, **waiting)


def approved(target: Target, by: str, now: datetime) -> Target:
    """The target to which a reviewer has said yes: due when it was due, unless that is too late for its late policy.

    Its version stays, because its author changed nothing; a message that comes twice finds it claimed.
    """
    given = dataclasses.replace(_unapproved(target), unapproved=None)
    told = noted(given, now, "approved", by)
    if target.state is not State.PENDING_APPROVAL:
        return told
    if late := _too_late(told, now, NEVER_YES, LATE_YES):
        return late
    due = target.scheduled_at or now
    return noted(told, now, "scheduled", state=State.SCHEDULED, next_at=_begins(target, due, now))


def sent_back(target: Target, by: str, now: datetime) -> Target:
    """The target of which a reviewer wants something changed: it waits on, for its author."""
    return noted(_unapproved(target), now, "changes_requested", by)


def rejected(target: Target, by: str, now: datetime) -> Target:
    """The target to which a reviewer has said no, for good."""
    return _taken_back(_unapproved(target), now, "rejected", by, state=State.CANCELLED, next_at=None)


def _unapproved(target: Target) -> Target:
    """The target, which a reviewer may still decide about."""
    if target.unapproved is None or target.state not in EDITABLE:
        raise Conflict(f"a target that is {target.state} waits for no reviewer", "nothing_to_review", target.state)
    return target


def edited(target: Target, due: datetime | None, now: datetime) -> Target:
    """The target after its post was edited: due then, or a draft without a time; what waits for a person still does.

    What a hold of its workspace has stopped, or a person was to publish, waits for a reviewer first where one is asked.
    """
    _require_editable(target, now, "edited")
    reviewed = target.unapproved is None
    if not reviewed and due and not (target.state is State.HELD and target.next_at is None):
        return _asking(noted(target, now, "edited"), milliseconds(due), now)
    if target.state is State.HELD or (target.state is State.AWAITING_ACTION and reviewed):
        look_again = _begins(target, due, now) if target.next_at and due else None
        return _taken_back(target, now, "edited", None, scheduled_at=due, next_at=look_again)
    if due is None:
        return _taken_back(target, now, "edited", None, state=State.DRAFT, scheduled_at=None, next_at=None)
    return scheduled(target, due, now, "edited")


def _taken_back(target: Target, now: datetime, type: str, detail: str | None, **changes: Any) -> Target:
    """The target that a person has moved: whoever had claimed it finds that it was written, and lets go."""
    return noted(target, now, type, detail, claim=None, claimed_until=None, version=target.version + 1, **changes)


def gets_ready(target: Target, now: datetime) -> bool:
    """Whether a publisher has claimed it that can do no more yet than prepare.

    Before anything leaves it writes an intent, on condition that nobody wrote first: so it can be stopped.
    """
    waits = target.scheduled_at is not None and now < target.scheduled_at
    return waits and target.state is State.PUBLISHING and not target.creates


def editable(target: Target, now: datetime) -> bool:
    """Whether a person may still change it: nothing of it is out, or may be going out right now."""
    waits = target.state in EDITABLE and not target.claim and not target.creates
    return waits or gets_ready(target, now)


def _require_editable(target: Target, now: datetime, verb: str) -> None:
    if editable(target, now):
        return
    if target.creates and not target.claim and target.state in EDITABLE:
        raise Conflict(f"a target of which parts are out can no longer be {verb}", "partly_published")
    raise Conflict(f"a target that is {target.state} can no longer be {verb}", "too_late")
