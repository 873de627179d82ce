"""How a target ended, as scores count it: read off its state and its timeline."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.core.publishing import ASKED, LATE_YES, NEVER_YES
from chalicelib.core.scores.outcome import Fate, Message, Outcome
from chalicelib.core.target import Policy, State, Target

FATES: dict[State, Fate] = {
    State.PUBLISHED: "published",
    State.REMOVED: "removed",
    State.MISSED: "missed",
    State.SKIPPED: "skipped",
    State.CANCELLED: "cancelled",
}
BEGINS_TO_WAIT = {
    "held": "resumed",
    "unconfirmed": "retried",
    "action_needed": "confirmed",
    "review_requested": "approved",
}
"""From which word of the timeline until which a target waits for a person."""
OURS = frozenset({"never_ready", "no_rendition", "internal"})
"""Reasons of a failure that are no word of the network's about this post."""
LATE = "late"
"""The detail of a `held` that the late policy brought about: that one is the machine's lateness."""


def outcome(target: Target, source_event_at: datetime | None = None, message: Message | None = None) -> Outcome | None:
    """What became of a target; None where it has not ended, was never due, or is an answer and so nobody's plan."""
    fate = _fate(target)
    if fate is None or target.scheduled_at is None or target.answers:
        return None
    at, due, sent = _out_at(target), _due(target, target.scheduled_at), _sent_at(target)
    return Outcome(
        target_id=target.id,
        post_id=target.post_id,
        account_id=target.account_id,
        platform=target.platform,
        due=due,
        fate=fate,
        at=at,
        early=sent is not None and sent < target.scheduled_at,
        person_ms=round(_with_a_person(target, due, at) / timedelta(milliseconds=1)) if at else 0,
        source_event_at=source_event_at,
        message=message if at else None,
    )


def _fate(target: Target) -> Fate | None:
    if target.state in (State.SKIPPED, State.MISSED) and _last_detail(target) in (LATE_YES, NEVER_YES):
        return "unapproved"
    if target.state is not State.FAILED:
        return FATES.get(target.state)
    return "failed" if _is_ours(target) else "refused"


def _last_detail(target: Target) -> str | None:
    return target.events[-1].detail if target.events else None


def _is_ours(target: Target) -> bool:
    """Whether a failure was our giving up, and not the network's final word."""
    fault, due = target.error, target.scheduled_at
    return fault is None or due is None or fault.code in OURS or fault.at > due + Policy().give_up_after


def _due(target: Target, scheduled_at: datetime) -> datetime:
    """The promised instant. What a person let go that the late policy had held is due when they did, as its row says:
    but it was late by its grace before, at least. What they gave a later time was promised anew."""
    if scheduled_at > max((one.at for one in target.events if one.type in ASKED), default=scheduled_at):
        return scheduled_at
    held = [one.at for one in target.events if one.type == "held" and one.detail == LATE]
    return min([scheduled_at, *(at - timedelta(seconds=target.grace_seconds) for at in held)])


def _out_at(target: Target) -> datetime | None:
    """When it was out: by the network's word, as far as its clock agrees with ours about before and after."""
    known, sent, told = target.published_at, _sent_at(target), target.platform_at
    if known is None or sent is None or told is None:
        return known
    return max(sent, min(told, known))


def _sent_at(target: Target) -> datetime | None:
    """When what is out began to leave: what was tried in vain does not count, and may have been for another time."""
    return target.creates[0].intent_at if target.creates else None


def _with_a_person(target: Target, due: datetime, at: datetime) -> timedelta:
    spans = [(max(start, due), min(end, at)) for start, end in _waits(target, at)]
    return sum((end - start for start, end in spans if end > start), timedelta())


def _waits(target: Target, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When it waited for a person, and until when; for a reviewer's yes also its lead longer, which begins with it."""
    began: dict[str, datetime] = {}
    for event in target.events:
        if event.type == "review_requested":
            began.setdefault("approved", event.at)  # the first word: an edit makes nobody's yes come sooner
        elif event.type in BEGINS_TO_WAIT and event.detail != LATE:
            began[BEGINS_TO_WAIT[event.type]] = event.at  # the last word: until then the machine was still at it
        elif event.type in began:
            over = {"confirmed": at, "approved": event.at + target.lead}.get(event.type, event.at)
            yield began.pop(event.type), over
