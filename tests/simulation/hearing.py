"""A simulation of what people answer: networks that call again and again, a receiver and readers that die at any step.

The product's own `receive` and `ingest` run on the ports of `unreliable.py`. Networks call until they hear that they
were heard, and some of them once more after that; so every event is accepted in the end, and must be counted once.
"""

import base64
import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.callbacks.base import Incoming
from chalicelib.core.engagement import FIGURES, Kind
from chalicelib.core.event_log import EventLog
from chalicelib.core.timing import stamp
from chalicelib.ports import Errand, Heard, Probe, Wake, World
from chalicelib.service import callbacks, connect, engaged
from chalicelib.service.ingest import ingest
from chalicelib.service.receive import receive
from tests.fakes import START, FakeAlarms, FakeChance, FakeClock, FakeFiles, FakePictures, FakeQueue, FakeWeb
from tests.simulation.fate import Climate, Seeded
from tests.simulation.kernel import Kernel
from tests.simulation.simulation import SETTINGS
from tests.simulation.unreliable import Line, SimulatedClock, SimulatedQueue, SimulatedTable, SimulatedVault

STORM = Climate(die=0.02, freeze=0.004, store=0.06, deliver=0.2)
KINDS: tuple[Kind, ...] = ("like", "like", "comment", "repost", "follow")
VISIBILITY = 90.0
BATCH = 10
RAGES = timedelta(minutes=10)
"""How long things go wrong; after that everything has to come right by itself."""


@dataclass(frozen=True)
class Deed:
    """Something that somebody did, as the network knows it."""

    id: str
    account_id: str
    kind: Kind
    post: str | None
    value: int
    at: datetime


@dataclass
class Hearing:
    """One seed's story."""

    seed: int
    deeds: int = 40
    accepted: set[str] = field(default_factory=set)
    waiting: list[tuple[datetime, str, Heard]] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.fate = Seeded(self.seed, STORM)
        self.kernel = Kernel(START, False)
        self.line = Line(self.kernel, self.fate)
        self.table = SimulatedTable(self.line)
        self.world = self._world()
        self.fate.calm = True
        self.secrets = {self._account(name): "" for name in ("one", "two")}
        for account_id in self.secrets:
            _, made = callbacks.set_up(self.world, "ws", account_id, "standard", {}, "https://carillon.test")
            self.secrets[account_id] = made["signing_secret"]
        self.fate.calm = False
        self.happened = [self._deed(number) for number in range(self.deeds)]

    def _world(self) -> World:
        clock = FakeClock()
        return World(
            table=self.table,
            queue=FakeQueue[Wake](clock),
            deliveries=FakeQueue[Errand](clock),
            probes=FakeQueue[Probe](clock),
            heard=SimulatedQueue[Heard](self.line, self._queued),
            files=FakeFiles(clock),
            pictures=FakePictures(),
            alarms=FakeAlarms(clock),
            vault=SimulatedVault(self.line),
            web=FakeWeb(),
            clock=SimulatedClock(self.line),
            chance=FakeChance(self.seed),
            settings=SETTINGS,
        )

    def _account(self, name: str) -> str:
        return connect.connect(self.world, "ws", connect.NewAccount(platform="sandbox", name=name)).id

    def _deed(self, number: int) -> Deed:
        draw = self.fate.random
        kind = draw.choice(KINDS)
        post = None if kind == "follow" else f"post-{draw.randrange(3)}"
        value = -1 if kind == "like" and draw.random() < 0.2 else 1
        at = START + timedelta(seconds=draw.randrange(240))
        return Deed(f"deed-{number}", draw.choice(sorted(self.secrets)), kind, post, value, at)

    def tell(self) -> list[str]:
        """Play the story; what was promised and does not hold."""
        for deed in self.happened:
            self._call_in(deed, (deed.at - START).total_seconds() + self.fate.between(0, 60))
        self.kernel.at(START + timedelta(seconds=1), self._read)
        self.kernel.at(START + RAGES, self._calm)
        self.kernel.run(START + RAGES + timedelta(minutes=30))
        return self.breaches()

    def _calm(self) -> None:
        self.fate.calm = True

    def _call_in(self, deed: Deed, seconds: float) -> None:
        self.kernel.spawn(f"call-{deed.id}", lambda: self._called(deed), self.kernel.now + timedelta(seconds=seconds))

    def _called(self, deed: Deed) -> None:
        """The network calls, and calls again where it did not hear that it was heard, or is not sure."""
        heard = False
        try:
            response = receive(self.world, "standard", deed.account_id, self._signed(deed))
            heard = response.status == 200
        except Exception as failure:
            self.kernel.note(f"fails: {failure!r}")
        finally:
            if heard:
                self.accepted.add(deed.id)
            if not heard or self.fate.pick("deliver.callback", ("once", "again")) == "again":
                self._call_in(deed, self.fate.between(1, 60))

    def _signed(self, deed: Deed) -> Incoming:
        data = {"kind": deed.kind, "post_id": deed.post, "value": deed.value, "actor": f"person of {deed.id}"}
        if deed.kind == "comment":
            data |= {"thing_id": f"comment of {deed.id}", "text": "叮咚 ding dong"}
        body = json.dumps({"type": "engagement", "timestamp": stamp(deed.at), "data": data}).encode()
        timestamp = str(int(self.kernel.now.timestamp()))
        key = base64.b64decode(self.secrets[deed.account_id].removeprefix("whsec_"))
        said = hmac.new(key, f"{deed.id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        headers = {"webhook-id": (deed.id,), "webhook-timestamp": (timestamp,)}
        headers |= {"webhook-signature": (f"v1,{base64.b64encode(said).decode()}",)}
        return Incoming("POST", self.kernel.now, headers, {}, body)

    def _queued(self, heard: Heard, visible: datetime) -> None:
        self.sent += 1
        late = self.fate.between(0, 20) if self.fate.pick("deliver.message", ("once", "late")) == "late" else 0.0
        self.waiting.append((visible + timedelta(seconds=late), f"message-{self.sent}", heard))

    def _read(self) -> None:
        """A batch for a reader, every second or so; messages that it does not finish come back."""
        now = self.kernel.now
        ready = [one for one in self.waiting if one[0] <= now]
        batch = self.fate.random.sample(ready, min(BATCH, len(ready)))
        if batch:
            self.waiting = [one for one in self.waiting if one not in batch]
            self.kernel.spawn("reader", lambda: self._ingest(batch))
        self.kernel.at(now + timedelta(seconds=self.fate.between(0.2, 2)), self._read)

    def _ingest(self, batch: list[tuple[datetime, str, Heard]]) -> None:
        failed = {id for _, id, _ in batch}
        try:
            failed = set(ingest(self.world, {id: heard for _, id, heard in batch}))
        except Exception as failure:
            self.kernel.note(f"fails: {failure!r}")
        finally:
            again = self.kernel.now + timedelta(seconds=VISIBILITY)
            back = [(again, id, heard) for _, id, heard in batch if id in failed]
            if self.fate.pick("deliver.batch", ("once", "twice")) == "twice":
                back = [(again, id, heard) for _, id, heard in batch]
            self.waiting += back

    def breaches(self) -> list[str]:
        """Every event that was accepted is counted once, in every place; nothing else is."""
        found = list[str]()
        if len(self.accepted) != len(self.happened) or self.waiting:
            found.append(f"{len(self.accepted)} of {len(self.happened)} accepted, {len(self.waiting)} still waiting")
        for place, counted in (("posts", self._counted()), ("days", self._by_day())):
            if counted != self._truth(days=place == "days"):
                found.append(f"{place}: {dict(counted)}, and not {dict(self._truth(days=place == 'days'))}")
        logged = Counter(one.raw_id for log in self._logs() for one in log.events)
        if len(logged) != len(self.happened) or set(logged.values()) > {1}:
            found.append(f"{sum(logged.values())} events logged, {len(logged)} of them different")
        things = [engaged.inbox_of(item) for item in self.table.everything if item.key.sk.startswith("THING#")]
        if len(things) != sum(1 for deed in self.happened if deed.kind == "comment"):
            found.append(f"{len(things)} comments in the inbox")
        words = [item.key for item in self.table.everything if item.key.sk.startswith("WORDS#")]
        places = (engaged.thing_key("ws", one.account_id, one.thing) for one in things)
        if sorted(words) != sorted(map(engaged.words_key, places)):
            found.append(f"{len(things)} comments and the words of {len(words)}")
        if any(len(thing.turns) != 1 or thing.state != "waiting" for thing in things):
            found.append("a comment that does not wait, or waits twice")
        return found

    def _truth(self, *, days: bool) -> Counter[tuple[str, str | None, str]]:
        """By account, post and figure, never below nothing; by account and figure for the days, whatever came of it."""
        truth = Counter[tuple[str, str | None, str]]()
        for deed in self.happened:
            if days or deed.post:
                truth[deed.account_id, None if days else deed.post, FIGURES[deed.kind]] += deed.value
        return Counter({key: value for key, value in truth.items() if value > 0 or (days and value)})

    def _counted(self) -> Counter[tuple[str, str | None, str]]:
        counted = Counter[tuple[str, str | None, str]]()
        for item in self.table.everything:
            if item.key.sk.startswith("POST#") and item.key.pk.startswith("E#"):
                post = engaged.post_of(item)
                for name, figure in post.counters.figures.items():
                    counted[post.account_id, post.post, name] += figure.value
        return Counter({key: value for key, value in counted.items() if value})

    def _by_day(self) -> Counter[tuple[str, str | None, str]]:
        counted = Counter[tuple[str, str | None, str]]()
        for item in self.table.everything:
            if item.key.sk.startswith("DAY#"):
                for figures in item.doc["hours"].values():
                    for name, grown in figures.items():
                        counted[item.key.pk.rsplit("#", 1)[1], None, name] += grown
        return Counter({key: value for key, value in counted.items() if value})

    def _logs(self) -> list[EventLog]:
        return [engaged.log_of(item) for item in self.table.everything if item.key.sk.startswith("MINUTE#")]
