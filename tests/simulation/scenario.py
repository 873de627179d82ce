"""A seed becomes a story: tenants, accounts, posts, what people do to them, and how bad the weather is."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from chalicelib.core.errors import Conflict, Invalid, Refused
from chalicelib.core.post import NewPost, PostPatch
from chalicelib.core.target import State, Target
from chalicelib.ports import World
from chalicelib.service import brakes, compose, reading, records, resolve, steer
from chalicelib.service.reading import Whole
from tests.simulation.fate import Climate, Seeded
from tests.simulation.invariants import Watch
from tests.simulation.networks import CLASSES
from tests.simulation.simulation import Simulation, quiet

SHORT = "Nine o'clock, and all is well."
LONG = "The first part of it is said here. The second part of it is said here. The third part is said here too."
PATIENCE = timedelta(seconds=120)
"""Beyond its quarantine, a target ends this soon after the faults have stopped."""
READING = timedelta(seconds=20)
"""To get ready once more and to read back."""
LAST_CALLS = timedelta(seconds=10)
"""For API calls that are still under way."""
NOTICE = 75.0
"""How many seconds ahead a film has to be planned to be on time: its lead, and some."""
STEP = 5.0
AFTERMATH = 60.0
"""How long we go on looking when everything has ended."""
CALM = Climate()


@dataclass
class Outcome:
    """What became of a story."""

    seed: int
    breaches: list[str]
    trace: list[str]
    states: list[str]
    lateness_ms: list[int]
    faults: dict[str, int] = field(default_factory=dict)


@dataclass
class Story:
    """One run of one seed."""

    seed: int
    climate: Climate | None = None
    tracing: bool = False
    peaceful: bool = False
    """Nobody interferes, no token ends, and everything is planned ten seconds ahead."""

    def __post_init__(self) -> None:
        self.random = Random(f"story {self.seed}")
        self.films = Random(f"films {self.seed}")
        """Decides which posts have a film, and so a lead."""
        self.climate = self.climate or self._climate()
        self.fate = Seeded(self.seed, self.climate)
        self.fate.calm = True
        visibility = self.random.choice((30.0, 120.0, 360.0))
        self.simulation = Simulation(self.fate, self.seed, visibility=visibility, tracing=self.tracing)
        self.watch = Watch(self.simulation)
        self.posts: list[str | None] = []
        self.releasing: list[str] = []
        self.releases = Counter[str]()
        """What somebody is letting go, or tried to, so that nobody knows whether it is on hold."""

    def tell(self) -> Outcome:
        """Run it to its end."""
        with quiet():
            try:
                self._set_out()
                self._live_through()
                self._wind_down()
                self.watch.finish()
            finally:
                self.simulation.kernel.close()
        targets = self.simulation.table.targets()
        return Outcome(
            self.seed,
            self.watch.breaches,
            self.simulation.kernel.trace,
            [f"{one.platform}.{one.state}" for one in targets],
            [one.lateness_ms for one in targets if one.lateness_ms is not None],
            dict(self.simulation.network.outcomes),
        )

    def _climate(self) -> Climate:
        """Some stories are stormy, and most storms have a main wind."""
        strong = self.random.choice((0.05, 0.15, 0.3))
        winds = {name: self.random.choice((0.0, 0.5, 1.0)) * strong for name in ("store", "web", "deliver")}
        return Climate(
            die=self.random.choice((0.0, 0.005, 0.03)),
            freeze=self.random.choice((0.0, 0.0, 0.005, 0.02)),
            store=winds["store"] / 2,
            web=min(0.6, winds["web"] * 2),
            deliver=winds["deliver"],
        )

    def _set_out(self) -> None:
        draw, simulation = self.random, self.simulation
        network = simulation.network
        network.limits_in_html = draw.random() < 0.3
        network.token_life = (
            timedelta(seconds=draw.choice((90, 200))) if draw.random() < 0.3 and not self.peaceful else None
        )
        network.says_expiry = draw.random() < 0.5
        simulation.table.lag = draw.choice((0.0, 0.0, 1.0, 10.0))
        self.accounts = {
            workspace: [
                simulation.account(workspace, name) for name in draw.sample(sorted(CLASSES), draw.randint(1, 2))
            ]
            for workspace in ("ws_a", "ws_b")
        }
        if draw.random() < 0.5:
            simulation.listen("ws_a")
            self.watch.listening.add("ws_a")
            simulation.read_stream()
        self.stop = simulation.now + timedelta(seconds=draw.uniform(100, 300))
        for number in range(draw.randint(1, 3)):
            self._plan_post(number)

    def _plan_post(self, number: int) -> None:
        draw, start = self.random, self.simulation.now
        workspace = draw.choice(("ws_a", "ws_b"))
        begin = start + timedelta(seconds=draw.uniform(0, 30))
        ahead = draw.choice((3, draw.uniform(4, 60), draw.uniform(60, 280)))
        due = begin + timedelta(seconds=ahead + 10 if self.peaceful else ahead)
        new = self._new_post(workspace, due, film=ahead > NOTICE or not self.peaceful)
        self.posts.append(None)
        self.simulation.act(f"create-{number}", lambda: self._create(number, workspace, new), begin)
        if self.peaceful:
            return
        for turn in range(draw.choice((0, 0, 1, 2, 4))):
            near = due + timedelta(seconds=draw.uniform(-6, 3)) if draw.random() < 0.5 else None
            when = near or begin + timedelta(seconds=draw.uniform(1, 200))
            self._plan_move(number, turn, workspace, min(when, self.stop))

    def _film(self) -> dict[str, Any]:
        """Sometimes a film, of some length; never the same one again."""
        if self.films.random() < 0.6:
            return {}
        size = self.films.choice((1_000_000, 100_000_000))
        return {"media": [{"url": f"https://films.test/{self.films.random()}", "kind": "video", "bytes": size}]}

    def _new_post(self, workspace: str, due: datetime, film: bool) -> NewPost:
        draw = self.random
        fields: dict[str, Any] = {"text": draw.choice((SHORT, LONG)), **(self._film() if film else {})}
        kind = draw.random()
        if kind < 0.1 and not self.peaceful:
            fields["publish"] = "now"
        elif kind < 0.9:
            fields["scheduled_at"] = due
        if draw.random() < 0.2:
            fields["late_policy"] = draw.choice(("skip", "hold"))
            fields["grace_seconds"] = draw.choice((0, 30))
        if draw.random() < 0.1:
            fields["expires_at"] = due + timedelta(seconds=draw.uniform(30, 200))
        targets = [{"account_id": one} for one in self.accounts[workspace]]
        return NewPost.model_validate({**fields, "targets": targets})

    def _create(self, number: int, workspace: str, new: NewPost) -> None:
        """As a client with an Idempotency-Key would: again, until there is an answer."""
        for _ in range(4):
            try:
                whole = compose.create(self.simulation.world, workspace, new, f"s{self.seed}n{number}")
                self.posts[number] = whole.post.id
                return
            except Invalid as no:
                self.simulation.kernel.note(f"create: {no}")
                return
            except Refused as no:
                self.simulation.kernel.note(f"create: {no}")
                self.simulation.kernel.pause(2.0)

    def _plan_move(self, number: int, turn: int, workspace: str, when: datetime) -> None:
        draw = self.random
        patch = PostPatch.model_validate({"text": draw.choice((SHORT, LONG)) + " Edited.", **self._film()})
        later = PostPatch(scheduled_at=when + timedelta(seconds=draw.uniform(0, 200)))
        fewer = PostPatch.model_validate({"targets": [{"account_id": self.accounts[workspace][0]}]})
        moves: dict[str, Callable[[World, str], object]] = {
            "cancel": lambda world, post: self._cancel(world, workspace, post),
            "hold": lambda world, post: steer.hold(world, workspace, post),
            "resume": lambda world, post: steer.resume(world, workspace, post),
            "publish_now": lambda world, post: steer.publish_now(world, workspace, post),
            "edit": lambda world, post: compose.edit(world, workspace, post, patch),
            "reschedule": lambda world, post: compose.edit(world, workspace, post, later),
            "drop": lambda world, post: compose.edit(world, workspace, post, fewer),
            "delete": lambda world, post: compose.delete(world, workspace, post),
            "stop": lambda world, post: self._stop(world, workspace, None),
            "stop_account": lambda world, post: self._stop(world, workspace, self.accounts[workspace][0]),
            "release": lambda world, post: self._release(world, workspace, None),
            "release_account": lambda world, post: self._release(world, workspace, self.accounts[workspace][0]),
            "resolve": lambda world, post: self._resolve(world, workspace, post),
        }
        name = draw.choice(list(moves))

        def move() -> None:
            post = self.posts[number]
            if post is None:
                return
            try:
                moves[name](self.simulation.world, post)
                self.simulation.kernel.note(f"{name} is done")
            except Exception as no:
                self.simulation.kernel.note(f"{name}: {no!r}")

        self.simulation.act(f"{name}-{number}.{turn}", move, when)

    def _cancel(self, world: World, workspace: str, post: str) -> None:
        whole: Whole = steer.cancel(world, workspace, post)
        for target in whole.targets:
            if target.state is State.CANCELLED:
                self.watch.called_off[target.id] = self.simulation.now

    def _stop(self, world: World, workspace: str, account: str | None) -> None:
        what = account or workspace
        before = self.releases[what]
        brakes.hold(world, workspace, "key_test", account)
        if what not in self.releasing and self.releases[what] == before:  # or it may be over before it is answered
            self.watch.stopped.setdefault(what, self.simulation.now)

    def _release(self, world: World, workspace: str, account: str | None) -> None:
        what = account or workspace
        self.releasing += [what]
        self.releases[what] += 1
        self.watch.stopped.pop(what, None)
        with suppress(Conflict):  # it was not held at all
            brakes.resume(world, workspace, account)
        self.releasing.remove(what)

    def _resolve(self, world: World, workspace: str, post: str) -> None:
        """A person looks at the network, and says what is there of the part in doubt."""
        for target in reading.post(world, workspace, post).targets:
            if target.state is not State.UNCONFIRMED or target.doubt is None:
                continue
            there = any(
                (one.target, one.part) == (target.id, target.doubt.part) for one in self.simulation.network.posts
            )
            at = records.of(target)
            if there:
                resolve.found(world, at, f"https://{target.platform}/there", "key_test")
            else:
                resolve.missing(world, at, "key_test")

    def _let_all_go(self) -> None:
        """Whoever has stopped something lets it go on, and what is held can always be resumed."""
        for workspace, accounts in self.accounts.items():
            for held in (None, *accounts):
                self._release(self.simulation.world, workspace, held)
        for target in self.simulation.table.targets():
            if target.state is State.HELD:
                self._resume(target)

    def _resume(self, target: Target) -> None:
        try:
            steer.resume(self.simulation.world, target.workspace_id, target.post_id)
        except Refused as no:
            now = self.simulation.table.target(target.id)
            if now and now.state is State.HELD:
                self.watch.breach(f"{target.id} is held for ever: {no}")

    def _live_through(self) -> None:
        self.fate.calm = False
        self.simulation.kernel.run(self.stop)
        self.fate.calm = True

    def _wind_down(self) -> None:
        """The faults have stopped: everything has to end in time. Then look a little longer."""
        kernel = self.simulation.kernel
        line, thaw = self.simulation.line, None
        while thaw != line.last_thaw:  # the last calls may freeze, too
            thaw = line.last_thaw
            self.stop = max(self.stop, thaw) + LAST_CALLS
            kernel.run(self.stop)
        kernel.note("the faults have stopped")
        if not self.peaceful:
            self.simulation.act("everybody", self._let_all_go)
            kernel.run(kernel.now + timedelta(seconds=STEP))
        deadlines = {one.id: self._deadline(one) for one in self.simulation.table.targets()}
        while True:
            kernel.run(kernel.now + timedelta(seconds=STEP))
            opened = [one for one in self.simulation.table.targets() if not self.watch.ended(one)]
            if not opened and not self.simulation.network.pending and kernel.now > self.stop:
                break
            if any(
                kernel.now > max(deadlines.setdefault(one.id, self._deadline(one)), self._quarantined(one))
                for one in opened
            ):
                break
        kernel.run(max(kernel.now, self.stop) + timedelta(seconds=AFTERMATH))

    def _quarantined(self, target: Target) -> datetime:
        """When the machine may know more, where a request was sent once more after the faults had stopped."""
        over = target.doubt.over_at if target.doubt else self.stop
        return over + CLASSES[target.platform].habits.quarantine + READING

    def _deadline(self, target: Target) -> datetime:
        """When it must have ended: its own pause and its due time count from the end of the faults."""
        pause = target.next_at if target.next_at and not target.claim else self.stop
        due = target.scheduled_at or self.stop
        return max(self.stop, pause, due) + CLASSES[target.platform].habits.quarantine + PATIENCE


def tell(seed: int, *, tracing: bool = False) -> Outcome:
    """The story of a seed."""
    return Story(seed, tracing=tracing).tell()
