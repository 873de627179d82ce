"""`python -m tests.counted`: count anew what each operation asks of AWS, and write it into infra/ and docs/cost.md.

Everything is done by the service's own code over a world in memory that is metered (tests/meter.py). Each operation is
counted where it is dearest: alone, in a container that has just started.
"""

import json
import logging
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from typing import Any

from chalicelib.callbacks.base import Incoming
from chalicelib.core.followed import POLLS
from chalicelib.ports import Heard
from chalicelib.service import agenda, callbacks, canary, engaged, measure, recur, sandbox, scorer
from chalicelib.service.deliver import deliver
from chalicelib.service.dispatch import dispatch
from chalicelib.service.ingest import ingest
from chalicelib.service.publish import publish
from chalicelib.service.receive import receive
from chalicelib.service.records import CANARY
from chalicelib.service.sandbox import SandboxPost
from chalicelib.service.sweep import sweep
from chalicelib.service.tell import SCORES, tell
from infra import cost
from tests.api.client import Api
from tests.callbacks.signing import SIGN
from tests.fakes import FakeWorld
from tests.meter import Metered, metered

Used = dict[str, float]

TEXT = (
    "The bells of the old tower ring again from Monday: every hour on the hour, from nine until nine. Come and hear "
    "them, bring the children, and tell us what you think: https://example.org/bells #bells #tower"
)
TOLD = "TARGET#"
"""What `tell` is woken by in the life of a target: the stream's filter in infra/resources.yaml."""
TOGETHER = 100
"""Events of a batch: app.py."""
TOOL = "standard"
"""Who calls: a tool that speaks Standard Webhooks, since the sandbox network calls nobody."""


class MeteredApi(Api):
    """A client whose requests are metered, too; that answers fit their document is for other tests to see."""

    def __init__(self, of: Metered) -> None:
        super().__init__(of.world)
        self.of = of

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request with a JSON body."""
        self.of.meter.add("gateway", 1)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **given}
        return self._http.request(method, path, headers=sent, body=json.dumps(body).encode())


class Life:
    """A post from the API's call to its last figures, counted step by step."""

    def __init__(self, targets: int = 1, *, heard: bool = False) -> None:
        self.of = metered()
        self.world: FakeWorld = self.of.world
        self.client = MeteredApi(self.of)
        if heard:
            self.client.webhook(events=["target.published"])
        self.accounts = [self.client.account(f"Tower {number}") for number in range(targets)]
        self.written, self.empty = self._changes(), self._stored()

    def created(self) -> Used:
        """A post over HTTP, due in two hours, under an idempotency key."""
        targets = [{"account_id": one} for one in self.accounts]
        body = {"text": TEXT, "targets": targets, "scheduled_at": self.client.later(120)}
        return self.of.used(lambda: self.client.post("/v1/posts", body, idempotency_key="once"))

    def dispatched(self) -> Used:
        """Its minute."""
        self.world.clock.sleep_until(min(self.world.alarms.set.values()))
        return self.of.used(lambda: [dispatch(self.world, minute) for minute in self.world.alarms.ring()])

    def published(self) -> Used:
        """Its first target."""
        at = self.world.queue.next_at
        assert at is not None
        self.world.clock.sleep_until(at)
        wake = self.world.queue.receive()[0]
        self.of.forget_keys()
        return self.of.used(lambda: publish(self.world, wake))

    def told(self) -> Used:
        """Each of its targets' records of the stream so far, in an invocation of its own."""
        changes = self.world.table.stream(self.written)
        records = [one for one in changes if one.new and one.new.key.sk.startswith(TOLD)]
        self.of.forget_keys()
        used: Used = {"records": len(records)}
        for record in records:
            used = plus(used, self.of.used(partial(tell, self.world, [record])))
        return used

    def delivered(self) -> Used:
        """The webhook's delivery that `told` has queued."""
        (errand,) = self.world.deliveries.receive()
        self.of.forget_keys()
        return self.of.used(lambda: deliver(self.world, errand))

    def measured(self) -> Used:
        """Its figures, until nobody asks any more."""
        total: Used = {}
        for _ in POLLS:
            rows = [row for shard in engaged.POLL_SHARD_NAMES for row in self.world.table.opened(shard)]
            self.world.clock.sleep_until(datetime.fromisoformat(rows[0].at.sk.split("#")[0]))
            self.of.forget_keys()
            total = plus(total, minus(self.of.used(lambda: measure.measure(self.world)), IDLE["measure"]()))
        return total

    def scored(self) -> Used:
        """Its workspace, an hour after it was scored for the first time."""
        scorer.score(self.world)
        self.world.clock.advance(hours=1)
        agenda.mark(self.world, self.client.workspace_id)
        begun = self._changes()
        used = minus(self.of.used(lambda: scorer.score(self.world)), IDLE["score"]())
        changes = [
            one for one in self.world.table.stream(begun) if one.new and one.new.key.sk.startswith((TOLD, *SCORES))
        ]
        return plus(used, {**self.of.used(lambda: tell(self.world, changes)), "records": len(changes)})

    def kept(self) -> Used:
        """What lies in the table of it at the end."""
        return {"bytes": self._stored() - self.empty}

    def _changes(self) -> int:
        return len(self.world.table.stream())

    def _stored(self) -> int:
        table: Any = self.world.table
        return int(table.stored)


def plus(one: Used, other: Used) -> Used:
    """Both together."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted(one.keys() | other.keys())}


def minus(one: Used, other: Used) -> Used:
    """What the first has more."""
    return {name: units for name, units in plus(one, times(other, -1)).items() if units}


def times(one: Used, factor: float) -> Used:
    """So many of it."""
    return {name: units * factor for name, units in one.items()}


def _idle(act: Callable[[FakeWorld], object]) -> Callable[[], Used]:
    def count() -> Used:
        of = metered()
        return of.used(lambda: act(of.world))

    return count


IDLE = {
    "sweep": _idle(sweep),
    "measure": _idle(measure.measure),
    "score": _idle(scorer.score),
    "recur": _idle(recur.recur),
}


def counted() -> dict[str, Used]:
    """What every operation uses, by its name in infra/cost.py; and how many metrics CloudWatch is told of."""
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(StringIO()) as resting:
            idle = {**{f"idle_{name}": count() for name, count in IDLE.items()}, **_canary()}
        with redirect_stdout(StringIO()) as busy:
            made = {**_publishing(), **_hearing(), **idle}
    finally:
        logging.disable(logging.NOTSET)
    always, sometimes = _metrics(resting), _metrics(busy)
    of_a_network = sum(any(name == "platform" for name, _ in by) for _, by in sometimes)
    return {**made, "metrics": {"idle": len(always), "of_a_network": of_a_network, "all": len(always | sometimes)}}


def _metrics(said: StringIO) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """The metrics that lines in the embedded format make: each name with each set of dimensions is one."""
    lines = [json.loads(line) for line in said.getvalue().splitlines() if '"_aws": ' in line]
    return {
        (metric["Name"], tuple((name, line[name]) for name in by))
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for by in directive["Dimensions"]
    }


def _publishing() -> dict[str, Used]:
    one, three, heard = Life(), Life(3), Life(heard=True)
    made = {"post": one.created(), "minute": one.dispatched(), "publish": one.published(), "tell": one.told()}
    created, dispatched = three.created(), three.dispatched()
    more = {
        "another_target": times(minus(created, made["post"]), 1 / 2),
        "another_in_the_minute": times(minus(dispatched, made["minute"]), 1 / 2),
    }
    for step in (heard.created, heard.dispatched, heard.published):
        step()
    webhook = plus(minus(heard.told(), made["tell"]), heard.delivered())
    kept = one.kept()
    return {**made, **more, "webhook": webhook, "keep": kept, "figures": one.measured(), "score": one.scored()}


def _hearing() -> dict[str, Used]:
    alone, together = _events(1), _events(TOGETHER)
    return {"callback": _callback(), "event": alone, "event_of_many": times(together, 1 / TOGETHER)}


def _callback() -> Used:
    life = Life()
    account_id = life.accounts[0]
    _, made = callbacks.set_up(life.world, life.client.workspace_id, account_id, TOOL, {}, "https://carillon.example")
    call = SIGN[TOOL](Incoming("POST", life.world.clock.now(), body=b"{}"), made)
    life.of.forget_keys()

    def receiving() -> None:
        life.of.meter.add("gateway", 1)
        receive(life.world, TOOL, account_id, call)

    return life.of.used(receiving)


def _events(many: int) -> Used:
    """So many likes of one post, told one by one, in one batch."""
    from tests.service.ear import Ear

    life = Life()
    ear = Ear(metered().world)
    messages = [ear.message("like", life.world.clock.now(), post_id="sp_1", actor=f"a{n}") for n in range(many)]
    theirs = {"workspace_id": life.client.workspace_id, "account_id": life.accounts[0]}
    batch: dict[str, Heard] = {str(n): one._replace(**theirs) for n, one in enumerate(messages)}
    life.of.forget_keys()
    return life.of.used(lambda: ingest(life.world, batch))


def _canary() -> dict[str, Used]:
    """A run of the canary's once it has sung for a while, and what comes of a post of its, from first to last."""
    of = metered()
    world = of.world
    for _ in range(4):
        canary.sing(world)
        world.clock.advance(minutes=5)
    before = len(world.table.stream())
    run = of.used(lambda: canary.sing(world))
    (minute,) = [one for one in world.alarms.set if one > world.clock.now() + timedelta(minutes=10)]
    world.clock.sleep_until(minute - timedelta(minutes=3))
    dispatch(world, minute)
    world.clock.sleep_until(minute)
    for wake in world.queue.receive():
        publish(world, wake)
    told = [one for one in world.table.stream(before) if one.new and one.new.key.sk.startswith(TOLD)]
    mine = sandbox.open_account(world, CANARY, "Canary")
    post = SandboxPost(account=mine.id, text=TEXT[:40], reference="r1")
    return {
        "idle_canary": run,
        "idle_canary_told": {**of.used(lambda: tell(world, told)), "records": len(told)},
        "idle_sandbox": {**of.used(lambda: sandbox.post(world, mine.token, post)), "gateway": 1},
    }


if __name__ == "__main__":
    cost.COUNTED.write_text(json.dumps(counted(), indent=1, sort_keys=True) + "\n")
    cost.PAGE.write_text(cost.with_tables(cost.PAGE.read_text()))
