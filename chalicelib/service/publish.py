"""Carry out one target's publish: claim it, get ready, wait for the instant, fire, and write down what happened.

The core decides; this file only asks the ports. Its order of writes is the promise: the claim before anything, the
intent before a creating request leaves, and one write for the result.
"""

import json
import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chalicelib.core import publishing, redaction, restoring
from chalicelib.core.account import Account
from chalicelib.core.brakes import Quota
from chalicelib.core.conversation import Conversation, Effect, Idempotency, Job, Published, Reply, Request, Safety, Wait
from chalicelib.core.errors import (
    AlreadyThere,
    Limited,
    MaybeSent,
    NotFound,
    NotSent,
    PlatformAnswer,
    ReconnectNeeded,
    Refused,
    Rejected,
    Stale,
    Transient,
    TransportFailure,
)
from chalicelib.core.publishing import Act, Later, Settle
from chalicelib.core.target import Answer, Exchange, State, Target
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.platforms import platform
from chalicelib.platforms.base import Platform
from chalicelib.ports import Item, Wake, World
from chalicelib.service import brakes, connect, journal, people, records, schedule, vitals
from chalicelib.service.records import TargetKey
from chalicelib.service.schedule import POLICY

log = logging.getLogger(__name__)
T = TypeVar("T")

HOLDS_WITHIN = timedelta(seconds=1)
"""How fast a hold stops what is not claimed yet."""
SHORT_WAIT = timedelta(seconds=2)
"""A platform's processing that takes longer than this is waited for on the queue, not in the function."""


class InDoubt(Exception):
    """A creating request was sent and nobody knows what became of it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotThere(Exception):
    """What may have gone out after a backup was made is not to be found."""


class Resting(Exception):
    """The conversation has to wait longer than a function should."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


def publish(world: World, wake: Wake) -> None:
    """Do what this wake asks for, if it still holds."""
    try:
        target = records.load_target(world.table, TargetKey(*wake[:3]))
    except NotFound:
        return
    with journal.about(**journal.ids(target)):
        _look_at(world, target, wake)


def _look_at(world: World, target: Target, wake: Wake) -> None:
    network = platform(target.platform)
    around = look_around(world, target)
    habits = _habits(network, target, around)
    verdict = publishing.wake(target, world.clock.now(), wake.version, world.chance.token(), habits, POLICY)
    match verdict:
        case Later(at):
            world.queue.send([(wake, schedule.delay(at, world.clock.now()))])
        case Settle(settled):
            _end_with(world, settled)
        case Act(claimed):
            _act(world, target, claimed, network, habits, around)


def _act(
    world: World, target: Target, claimed: Target, network: Platform, habits: Idempotency, around: "Around"
) -> None:
    if stopped := brakes.stop(world, target, around.brakes):
        _end_with(world, stopped)
    elif network.publishing == "assisted":
        if handed := _unless_overtaken(schedule.save, world, publishing.handed_over(target, world.clock.now())):
            journal.of(handed)
    elif (written := _claim(world, claimed)) and not _stopped_meanwhile(world, written, around):
        _beside_the_point(brakes.spend, world, target, around.brakes)
        Publication(world, written, network, habits, around).carry_out()


def _claim(world: World, claimed: Target) -> Target | None:
    written = _unless_overtaken(schedule.save, world, claimed)
    if written:
        journal.know(attempt=written.attempts)
        journal.of(written)
    return written


def _stopped_meanwhile(world: World, claimed: Target, around: "Around") -> bool:
    """Whether a worker that was held up before its claim finds that everything has been stopped since it looked."""
    if world.clock.now() <= around.at + HOLDS_WITHIN:
        return False
    stopped = brakes.stop(world, claimed, look_around(world, claimed).brakes)
    if stopped:
        _end_with(world, stopped)
    return stopped is not None


@dataclass(frozen=True, slots=True)
class Around:
    """What a publish needs beside its target, read at once."""

    account: Item | None
    rendition: Item | None
    brakes: brakes.Brakes
    at: datetime
    """When it was read, or a little before."""


def look_around(world: World, target: Target) -> Around:
    """The account, the rendition and the brakes of a target."""
    now = world.clock.now()
    account = connect.key(target.workspace_id, target.account_id)
    rendition = records.rendition_key(records.of(target))
    items = world.table.get_many([account, rendition, *brakes.keys(target)])
    found = {item.key: item for item in items}
    return Around(found.get(account), found.get(rendition), brakes.of(target, items), now)


def _habits(network: Platform, target: Target, around: Around) -> Idempotency:
    """How the account's server behaves; of an account that is gone nothing can be asked any more."""
    if around.account is None:
        return Idempotency(Safety.NONE, readable=False)
    return network.behaviour(connect.without_secrets(around.account), answering=target.answers is not None)


def _beside_the_point(note: Callable[..., None], *arguments: Any) -> None:
    """Keep a note about how things went; its failure must not touch the publish."""
    try:
        note(*arguments)
    except Refused:
        log.warning("note_not_kept", exc_info=True)


def _unless_overtaken(act: Callable[[World, Target], Target], world: World, target: Target) -> Target | None:
    """The result, or None where somebody else wrote first: then it is theirs."""
    try:
        return act(world, target)
    except Stale:
        log.info("overtaken")
        return None


def _end_with(world: World, end: Target) -> None:
    """Write how this run ended, and have it measured: what was not written has not happened."""
    if written := _unless_overtaken(schedule.save, world, end):
        journal.of(written, **_ending(written, world.clock.now()))
        vitals.ran(world, written)


def _ending(written: Target, now: datetime) -> dict[str, Any]:
    """What a line says of how a run ended: why, and when it goes on where it does."""
    code = {"code": written.error.code} if written.error else {}
    late = {"lateness_ms": written.lateness_ms} if written.state is State.PUBLISHED else {}
    again = {"again_seconds": round((written.next_at - now).total_seconds(), 1)} if written.next_at else {}
    return {"platform": written.platform, "state": str(written.state), **code, **late, **again}


@dataclass
class Publication:
    """One claimed target on its way out."""

    world: World
    target: Target
    network: Platform
    habits: Idempotency
    around: Around
    quota: Quota | None = None
    """What the last reply said is left of the account's calls."""
    ready: tuple[Request, Answer, datetime] | None = None
    """The preparation that was just made, and since when, until the conversation has accepted its answer."""
    unread: Answer | None = None
    """The answer to the open creating request, until the conversation has accepted it."""
    secrets: frozenset[str] = frozenset()
    """The account's, to be taken out of what the network says: some quote a token that they do not like."""
    repeating: bool = False
    """The open request was also sent earlier, so that no answer to it now can prove that it was never applied."""

    @property
    def now(self) -> datetime:
        """The instant."""
        return self.world.clock.now()

    def carry_out(self) -> None:
        """Run the conversation to one of its ends, and write that end."""
        try:
            end = self._end()
        except Stale:
            log.warning("claim_lost")
            return
        _end_with(self.world, end)
        if end.state is State.PUBLISHED:
            vitals.paid(self.world, end, self.around.rendition)
            _beside_the_point(brakes.succeeded, self.world, self.target, self.around.brakes)
        if self.quota:
            _beside_the_point(brakes.learn, self.world, self.target, self.quota)

    def _end(self) -> Target:
        """What the target is after this run."""
        try:
            result = self._converse()
            return publishing.published(self.target, result, self.now)
        except Resting as rest:
            return publishing.resting(self.target, self.now, rest.until, POLICY)
        except NotThere:
            return restoring.not_there(self.target, self.now)
        except InDoubt as doubt:
            self._broken()
            return self._doubtful(doubt.code, "no clear answer came")
        except Limited as limit:
            _beside_the_point(brakes.limit, self.world, self.target, limit.until)
            vitals.limited(self.world, self.target)
            return self._deferred(limit.code, limit.message, limit.until)
        except Transient as failure:
            self._broken()
            return self._deferred(failure.code, failure.message)
        except PlatformAnswer as no:
            # A no while a request is in doubt came from the read-back: it says nothing about that request.
            final = isinstance(no, Rejected | ReconnectNeeded) and not self.target.doubt
            if isinstance(no, ReconnectNeeded):
                _beside_the_point(connect.lose, self.world, self.target.workspace_id, self.target.account_id)
                if self.around.account and connect.without_secrets(self.around.account).status == "connected":
                    vitals.lost(self.world, self.target)
            return self._failed(no) if final else self._deferred(no.code, no.message)
        except TransportFailure as failure:
            self._broken()
            return self._deferred("unreachable", str(failure))
        except Stale:
            raise
        except Exception:
            log.exception("conversation_failed")
            return self._after_surprise()

    def _after_surprise(self) -> Target:
        """After a fault of our own: in doubt where a request is open, else tried again later."""
        if self.target.doubt:
            return self._doubtful("unreadable", "the answer made no sense")
        return self._deferred("internal", "our own fault; we will try again")

    def _broken(self) -> None:
        """The server did not answer as a server that is up does."""
        _beside_the_point(brakes.failed, self.world, self.target, self.around.brakes)

    def _failed(self, no: PlatformAnswer) -> Target:
        return publishing.failed(self.target, self.now, no.code, self._shown(no.message))

    def _doubtful(self, code: str, message: str) -> Target:
        return publishing.doubtful(self.target, self.now, code, self._shown(message), self.habits, POLICY)

    def _deferred(self, code: str, message: str, until: datetime | None = None) -> Target:
        chance = self.world.chance.fraction()
        return publishing.deferred(self.target, self.now, code, self._shown(message), POLICY, chance, until)

    def _shown(self, message: str) -> str:
        return redaction.without(self.secrets, message)

    def _converse(self) -> Published:
        """Run the publish conversation, refreshing the account's token at most once."""
        at = records.of(self.target)
        account = connect.with_secrets(self.world, self.around.account)
        self.secrets = redaction.secrets_in(account.secrets)
        if self.around.rendition is None:
            raise Rejected("no_rendition", "what the target would send is gone")
        rendition = people.addressed(self.world, at.workspace_id, records.rendition_of(self.around.rendition))
        due = self.target.scheduled_at or self.now

        def publish(account: Account) -> Published:
            return self._drive(Job(at.target_id, due, rendition, account))

        return connect.with_good_token(self.world, self.network, account, max(due, self.now), publish)

    def _drive(self, job: Job) -> Published:
        """Feed the conversation, from the ledger as far as it reaches and from the platform after that."""
        self.secrets |= redaction.secrets_in(job.account.secrets)
        conversation = self.network.answer(job) if self.target.answers else self.network.publish(job)
        created, reply = 0, None
        while True:
            try:
                step = self._accepted(conversation, reply)
            except StopIteration as end:
                result: Published = end.value
                return result
            if isinstance(step, Wait):
                self._rest(step)
                reply = None
            elif step.effect is Effect.CREATE:
                reply = self._create(job, step, created)
                created += 1
            elif step.effect is Effect.PREPARE:
                reply = self._prepare(step)
            else:
                reply = self.world.web.send(step)

    def _accepted(self, conversation: Conversation[Published], reply: Reply | None) -> Request | Wait:
        """The next step. What the conversation accepts is on record: an answer that makes no sense is asked for again,
        and of an open creating request nobody knows what became of it.
        """
        try:
            step = conversation.send(reply)
        except StopIteration:
            self._settle()
            raise
        except PlatformAnswer as no:
            self._refused(no)
            raise
        self._settle()
        return step

    def _settle(self) -> None:
        if self.ready:
            self.target = publishing.prepared(self.target, *self.ready)
        self.ready = None
        if self.unread:
            self.target = publishing.answered(self.target, self.unread)
        self.unread, self.repeating = None, False

    def _refused(self, no: PlatformAnswer) -> None:
        """The platform said no to the open request: nothing came of it, unless it was sent before."""
        self.ready = None
        if self.unread and self.repeating and isinstance(no, Rejected | ReconnectNeeded):
            raise InDoubt(no.code) from no
        if self.unread and isinstance(no, AlreadyThere) and publishing.looked_for_in_vain(self.target):
            raise InDoubt(no.code) from no
        if self.unread and not self.repeating:
            self.target = publishing.voided(self.target, self.now, no.code)
        self.unread, self.repeating = None, False

    def _rest(self, wait: Wait) -> None:
        if wait.delay > SHORT_WAIT:
            raise Resting(self.now + wait.delay)
        self.world.clock.sleep_until(self.now + wait.delay)

    def _prepare(self, request: Request) -> Reply:
        known = publishing.recall(self.target, request, 0, self.now, self.habits)
        if known and known.answer:
            return known.answer.reply
        self._check_lease(request)
        begun = self.now
        reply = self.world.web.send(request)
        journal.line("prepared", part=request.part, status=reply.status, took_ms=self._since(begun))
        if reply.ok and self.network.refusal(reply) is None:
            self.ready = request, answer_of(reply, request, self.now), begun
        return reply

    def _create(self, job: Job, request: Request, created: int) -> Reply:
        """The reply to the n-th creating request: from the ledger, by settling a doubt, or by making it now."""
        known = publishing.recall(self.target, request, created, self.now, self.habits)
        if known and known.answer:
            return known.answer.reply
        if known is None and restoring.goes_on(self.target):
            self.target = restoring.doubted_further(self.target, request.part)
            known = self.target.doubt
        if known:
            reply = self._settle_doubt(job, request, known)
            if reply:
                return reply
        self._await_arming(job.due)
        self.world.web.warm()
        self.world.clock.sleep_until(job.due)
        self._check_lease(request)
        if publishing.expired(self.target, self.now):
            raise Resting(self.now)
        intended = publishing.intended(self.target, request, self.now)
        self.target = schedule.save(self.world, intended)
        journal.line("leaving", target=self.target.id, due=stamp(job.due))
        if self.target.doubt and self.now > self.target.doubt.intent_at + publishing.SEND_WITHIN:
            self.target = publishing.voided(self.target, self.now, "frozen")
            raise Resting(self.now)
        return self._send(request)

    def _await_arming(self, due: datetime) -> None:
        """What was claimed to be got ready goes out under another claim: no function waits, and holds are heeded."""
        armed = due - POLICY.arm
        if self.around.at < armed - SHORT_WAIT:
            raise Resting(max(self.now, armed))

    def _check_lease(self, request: Request) -> None:
        """A function or a claim that ends while we wait for an answer leaves a doubt, or loses what was prepared."""
        until = self.target.claimed_until
        if until is None or self.now + timedelta(seconds=request.timeout) > until - POLICY.lease + POLICY.run:
            raise Resting(self.now)

    def _settle_doubt(self, job: Job, request: Request, doubt: Exchange) -> Reply | None:
        """What became of a request that was never answered: asked again where that is safe, else read back."""
        action = publishing.after_doubt(self.target, doubt, self.now, self.habits, POLICY, request)
        if action == "repeat":
            return self._repeat(request)
        if action != "read_back":
            raise InDoubt("too_soon")
        answers = self.target.answers
        reply = self._read_back(self.network.find_answer(job) if answers else self.network.find(job, doubt.part))
        journal.line("read_back", part=doubt.part, found=reply is not None)
        if reply is None:
            if doubt.restored:
                raise NotThere
            self.target = publishing.voided(self.target, self.now, "read_back")
            return None
        self.target = publishing.answered(self.target, answer_of(reply, request, self.now, "read_back"))
        return reply

    def _repeat(self, request: Request) -> Reply:
        """The doubtful request once more, under its key; not by a worker that was frozen on the way."""
        begun, self.repeating = self.now, True
        self.target = schedule.save(self.world, publishing.repeated(self.target, request, begun))
        if self.now > begun + publishing.SEND_WITHIN:
            raise InDoubt("frozen")
        return self._send(request)

    def _read_back(self, conversation: Generator[Request | Wait, Any, T]) -> T:
        """Run a conversation that only reads."""
        reply = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                found: T = end.value
                return found
            if isinstance(step, Wait) or step.effect is not Effect.READ:
                raise TypeError("a read-back only reads")
            reply = self.world.web.send(step)

    def _send(self, request: Request) -> Reply:
        """Make a creating request whose intent is on record."""
        begun = self.now
        try:
            reply = self.world.web.send(request)
        except NotSent as failure:
            self._said("not_sent", request, begun)
            if not self.repeating:
                self.target = publishing.voided(self.target, self.now, "not_sent")
            raise Transient("unreachable", str(failure)) from failure
        except MaybeSent as failure:
            self._said("unanswered", request, begun)
            raise InDoubt("no_answer") from failure
        self._said("answered", request, begun, reply.status)
        self.quota = self.network.quota(reply) or self.quota
        if reply.status >= 500:
            raise InDoubt(f"http_{reply.status}")
        self.unread = answer_of(reply, request, self.now)
        return reply

    def _said(self, event: str, request: Request, begun: datetime, status: int | None = None) -> None:
        """What came of a creating request; never what was in it, or in its answer."""
        sent = {"sent": stamp(begun), "repeated": self.repeating or None}
        journal.line(event, part=request.part, status=status, took_ms=self._since(begun), **sent)

    def _since(self, begun: datetime) -> int:
        return round((self.now - begun).total_seconds() * 1000)


def answer_of(reply: Reply, request: Request, now: datetime, source: Any = "reply") -> Answer:
    """The part of a reply that the ledger keeps."""
    return Answer(reply.status, _kept(reply, request.keep), _kept_headers(reply), milliseconds(now), source)


def _kept(reply: Reply, names: tuple[str, ...]) -> str:
    if not names or not reply.ok:
        return reply.body.decode(errors="replace")[:8000]
    body = reply.json
    return json.dumps({name: body[name] for name in names if name in body}, ensure_ascii=False)


def _kept_headers(reply: Reply) -> dict[str, str]:
    """Headers that conversations read: where a thing was made, its id there, and what proves a piece of an upload."""
    return {name: reply.headers[name] for name in ("location", "x-restli-id", "etag") if name in reply.headers}
