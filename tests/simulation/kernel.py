"""Virtual time and actors: many workers, one of which runs at a time, in an order that the seed decides.

Each actor has a thread of its own, but a baton goes round: an actor runs until it pauses, and whoever is next in
virtual time gets the baton. Where that is the actor itself it just goes on, so that most pauses cost nothing.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import ClassVar

Body = Callable[[], None]


class Died(BaseException):
    """The worker is gone: nothing in the product catches this."""


class Strand:
    """A thread that runs one body after another, each when it has the baton; kept for the next simulation."""

    _idle: ClassVar["list[Strand]"] = []

    def __init__(self) -> None:
        self._baton, self._back = threading.Lock(), threading.Lock()
        self._baton.acquire()
        self._back.acquire()
        self._body: Body | None = None
        self.failure: BaseException | None = None
        self.done = False
        threading.Thread(target=self._live, daemon=True).start()

    @classmethod
    def take(cls, body: Body) -> "Strand":
        """A strand that will run this body."""
        strand = cls._idle.pop() if cls._idle else cls()
        strand._body, strand.done = body, False
        return strand

    def go(self) -> None:
        """Hand the baton over, and get it back when the body pauses or is done."""
        self._baton.release()
        self._back.acquire()
        if self.done:
            failure, self.failure = self.failure, None
            self._idle.append(self)
            if failure:
                raise failure

    def rest(self) -> None:
        """Called inside the body: give the baton back and wait for it."""
        self._back.release()
        self._baton.acquire()

    def _live(self) -> None:
        while True:
            self._baton.acquire()
            try:
                if self._body:
                    self._body()
            except BaseException as failure:  # not the strand's: whoever handed the baton over shall see it
                self.failure = failure
            self.done = True
            self._back.release()


class Actor:
    """Somebody who does something over time: a worker, an API call, a sweep."""

    def __init__(self, name: str, mortal: bool) -> None:
        self.name = name
        self.mortal = mortal
        self.dead = False
        self.begun: datetime | None = None
        self.strand: Strand | None = None


class Kernel:
    """The one who knows what time it is and whose turn it is."""

    def __init__(self, now: datetime, tracing: bool = False) -> None:
        self.now = now
        self.tracing = tracing
        self.trace: list[str] = []
        self.closed = False
        self._start = now
        self._turn = count()
        self._agenda: list[tuple[datetime, int, Actor | Body]] = []
        self._until = now
        self.actor: Actor | None = None

    def note(self, what: str) -> None:
        """A line of the trace."""
        if not self.tracing:
            return
        who = self.actor.name if self.actor else "-"
        self.trace.append(f"{(self.now - self._start).total_seconds():9.3f}  {who:<14} {what}")

    def at(self, when: datetime, call: Body) -> None:
        """Call this at that instant; it must not pause."""
        heappush(self._agenda, (max(when, self.now), next(self._turn), call))

    def spawn(self, name: str, body: Body, when: datetime | None = None, *, mortal: bool = True) -> None:
        """A new actor who starts then."""
        if self.closed:
            return
        actor = Actor(name, mortal)
        actor.strand = Strand.take(lambda: self._live(actor, body))
        heappush(self._agenda, (max(when or self.now, self.now), next(self._turn), actor))

    def _live(self, actor: Actor, body: Body) -> None:
        try:
            if not actor.dead:
                body()
        except Died:
            if not actor.dead:
                self.note("DIES")

    def pause(self, seconds: float) -> None:
        """The running actor lets this much time pass. Outside of any actor time just moves on."""
        until = self.now + timedelta(seconds=seconds)
        actor = self.actor
        if actor is None:
            self.now = until
            return
        if actor.dead:
            raise Died
        if (self._agenda and self._agenda[0][0] <= until) or until > self._until:
            heappush(self._agenda, (until, next(self._turn), actor))
            assert actor.strand
            actor.strand.rest()
            if actor.dead:
                raise Died
        self.now = max(self.now, until)

    def die(self) -> None:
        """The running actor is gone, whatever it tries to do on its way out."""
        assert self.actor
        self.note("DIES")
        self.actor.dead = True
        raise Died

    @property
    def awaited(self) -> int:
        """How many things are still to happen."""
        return len(self._agenda)

    def run(self, until: datetime) -> None:
        """Let time pass up to that instant."""
        self._until = until
        while self._agenda and self._agenda[0][0] <= until:
            when, _, next_up = heappop(self._agenda)
            self.now = max(self.now, when)
            self._turn_of(next_up)
        self.now = max(self.now, until)

    def _turn_of(self, next_up: "Actor | Body") -> None:
        if not isinstance(next_up, Actor):
            next_up()
            return
        assert next_up.strand
        self.actor = next_up
        next_up.begun = next_up.begun or self.now
        try:
            next_up.strand.go()
        finally:
            self.actor = None

    def kill_all(self) -> None:
        """Everybody who is at work is gone, at once; what happens by itself goes on."""
        for _, _, left in self._agenda:
            if isinstance(left, Actor):
                left.dead = True

    def close(self) -> None:
        """End everybody who is still at work, so that their threads can be used again."""
        self.closed = True
        for _, _, left in self._agenda:
            if isinstance(left, Actor):
                left.dead = True
                self._turn_of(left)
        self._agenda.clear()
