"""Every network × every fault × every step: each ends in the right state, by the engine itself.

The conversations are those of the data files. A network of theirs answers what it is asked by what the question is, so
that a publish that is tried again meets the same network; one answer on the way is a fault.
"""

import dataclasses
import itertools
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.conversation import Connected, Effect, Reply, Request, Wait
from chalicelib.core.errors import MaybeSent, NotSent
from chalicelib.core.target import State, Target
from chalicelib.platforms import platform
from chalicelib.service import apps, connect, records
from chalicelib.service.publish import publish
from chalicelib.service.schedule import wake_of
from tests.fakes import FakeClock, FakeWorld, world
from tests.platforms.cases import Case, every_error, load, read_reply, run

Answer = Reply | Exception
Fault = Callable[[Request], Answer]
UNASKED = (-1, Reply(0))
DATE = {"date": "Mon, 23 Nov 2026 09:00:00 GMT"}


@dataclasses.dataclass(frozen=True)
class Step:
    """One request of a conversation, and what it is answered, time after time."""

    digest: str
    request: Request
    answers: tuple[tuple[int, Reply], ...]
    """Each with how many posts are out before it: no sooner can it be said."""

    @property
    def effect(self) -> Effect:
        """What it does."""
        return self.request.effect

    @property
    def asks_the_network(self) -> bool:
        """Whether it is not a medium's own server that is asked."""
        return not self.request.url.startswith("https://cdn.example/")


class Network:
    """Answers by the question; the fault comes once, as the answer to one of them."""

    def __init__(self, *talks: tuple[Step, ...]) -> None:
        self.answers: dict[object, deque[tuple[int, Reply]]] = {}
        for step in itertools.chain(*talks):
            answers = deque([UNASKED, *step.answers])
            self.answers[step.digest] = answers
            self.answers.setdefault((step.request.method, step.request.url), answers)
        self.out = 0
        self.sent: list[Request] = []
        self.fault: tuple[str, Fault] | None = None

    def warm(self) -> None:
        """Nothing to get ready."""

    def objection(self, url: str) -> str | None:
        """Any address will do."""

    def send(self, request: Request) -> Reply:
        """The fault, or what the data file says."""
        self.sent.append(request)
        if self.fault and self.fault[0] == request.digest:
            fault, self.fault = self.fault[1](request), None
            if isinstance(fault, Exception):
                raise fault
            return fault
        answers = self.answers.get(request.digest) or self.answers.get((request.method, request.url))
        if answers is None:
            raise MaybeSent(f"nobody answers {request.method} {request.url}")
        if answers[0] is UNASKED or (len(answers) > 1 and answers[1][0] <= self.out):
            answers.popleft()
        self.out += request.effect is Effect.CREATE
        return answers[0][1]

    def created(self) -> int:
        """How many creating requests came."""
        return sum(one.effect is Effect.CREATE for one in self.sent)


def steps_of(case: Case) -> tuple[Step, ...]:
    """The requests of a case, each once, in order."""
    steps, _ = run(case.start(), case.replies)
    answers: dict[str, list[tuple[int, Reply]]] = defaultdict(list)
    out = 0
    asked: dict[str, Request] = {}
    for step, reply in zip(steps, case.replies, strict=True):
        if not isinstance(step, Wait) and reply is not None:
            answers[step.digest].append((out, dataclasses.replace(reply, headers={**DATE, **reply.headers})))
            out += step.effect is Effect.CREATE
            asked.setdefault(step.digest, step)
    return tuple(Step(digest, asked[digest], tuple(replies)) for digest, replies in answers.items())


@dataclasses.dataclass
class Stage:
    """One target of a case, due now, in a world whose internet is its network."""

    world: FakeWorld
    network: Network
    target: Target

    def look(self) -> Target:
        """The target now."""
        return records.load_target(self.world.table, records.of(self.target))

    def once(self) -> Target:
        """The target after one run of the publisher."""
        target = self.look()
        self.world.clock.sleep_until(target.next_at or self.world.clock.now())
        publish(self.world, wake_of(target))
        return self.look()

    def until_the_fault(self) -> Target:
        """The target once the fault has come."""
        while self.network.fault and self.once().next_at:
            pass
        return self.look()

    def until_the_end(self) -> Target:
        """The target once nothing is left to do."""
        for _ in range(60):
            if self.once().next_at is None:
                return self.look()
        raise AssertionError("it never ends")

    def account_status(self) -> str:
        """How the account stands."""
        return connect.account(self.world, "ws_1", self.target.account_id).status


def staged(case: Case, *more: Case) -> Stage:
    job = case.job()
    network = Network(*(steps_of(one) for one in (case, *more)))
    stage = world(web=network, clock=FakeClock(job.due))
    about = case.account
    found = Connected(
        about.handle, about.remote_id, about.host, dict(about.secrets), dict(about.limits), dict(about.settings)
    )
    account = connect.keep(stage, "ws_1", case.platform, "Brand", found)
    if platform(case.platform).oauth:
        apps.register(stage, "ws_1", case.platform, apps.NewApp(client_id="app_1", client_secret="app_secret"))
    target = Target(
        job.target_id,
        "post_1",
        "ws_1",
        account.id,
        case.platform,
        State.QUEUED,
        job.due,
        next_at=job.due,
        server=account.host,
    )
    stage.table.write(records.put_target(target), records.put_rendition(records.of(target), job.rendition))
    return Stage(stage, network, target)


def says(status: int, body: bytes, **headers: str) -> Fault:
    return lambda _: Reply(status, {**DATE, **headers}, body)


def fails(how: type[Exception], why: str) -> Fault:
    return lambda _: how(why)


BY_NETWORK: dict[str, list[Case]] = defaultdict(list)
for published in load("publish"):
    if "published" in published.about:
        BY_NETWORK[published.platform].append(published)
NETWORKS = sorted(BY_NETWORK)

NONSENSE: dict[str, Fault] = {
    "HTML where JSON was due": says(200, b"<html>Welcome!</html>"),
    "an empty 200": says(200, b""),
    "an empty object": says(200, b"{}"),
    "an answer that breaks off": fails(MaybeSent, "the answer broke off"),
    "a reset": fails(MaybeSent, "reset"),
    "a 502 in HTML": says(502, b"<html>Bad gateway</html>"),
}
NOT_SENT: dict[str, Fault] = {
    "a certificate that nobody vouches for": fails(NotSent, "certificate verify failed"),
    "no such host": fails(NotSent, "no such host"),
}
MAY_HAVE_DONE_IT = {"slack": ("internal_error", "fatal_error"), "facebook": ("1", "2", "1363047", "1609010")}
"""What some networks say of what they may have done, under a status that says otherwise."""
every_network = pytest.mark.parametrize("name", NETWORKS)


@every_network
def test_without_a_fault_it_is_published(name: str) -> None:
    for case in BY_NETWORK[name]:
        stage = staged(case)
        assert stage.until_the_end().state is State.PUBLISHED, case


@pytest.mark.parametrize("fault", NONSENSE)
@every_network
def test_a_creating_request_without_a_clear_answer_is_in_doubt_and_not_sent_again(name: str, fault: str) -> None:
    for case in BY_NETWORK[name]:
        for step in creating(case):
            stage = staged(case)
            stage.network.fault = (step.digest, NONSENSE[fault])
            target = stage.until_the_fault()
            assert (target.state, target.doubt is not None) == (State.UNCONFIRMED, True), (case, target.error)
            assert stage.network.sent[-1].digest == step.digest


@pytest.mark.parametrize("fault", NONSENSE | NOT_SENT)
@every_network
def test_what_goes_wrong_before_comes_right_by_itself(name: str, fault: str) -> None:
    for case in BY_NETWORK[name]:
        for step in before(case):
            stage = staged(case)
            stage.network.fault = (step.digest, (NONSENSE | NOT_SENT)[fault])
            target = stage.until_the_end()
            assert target.state is State.PUBLISHED, (case, step, target.error)
            assert stage.network.created() == len(creating(case)), case


@pytest.mark.parametrize("fault", NOT_SENT)
@every_network
def test_what_was_never_sent_is_sent_later_and_once(name: str, fault: str) -> None:
    for case in BY_NETWORK[name]:
        for step in creating(case):
            stage = staged(case)
            stage.network.fault = (step.digest, NOT_SENT[fault])
            target = stage.until_the_end()
            assert target.state is State.PUBLISHED, (case, target.error)
            assert stage.network.created() == len(creating(case)) + 1


@every_network
def test_a_redirect_is_no_answer_to_a_creating_request(name: str) -> None:
    for case in BY_NETWORK[name]:
        step = creating(case)[0]
        stage = staged(case)
        stage.network.fault = (step.digest, says(302, b"<html>Moved</html>", location="https://elsewhere.example/"))
        target = stage.until_the_fault()
        if stage.network.sent[-1].effect is Effect.READ:  # TikTok says itself whether it has the film
            assert target.state in (State.PUBLISHED, State.FAILED)
        else:
            assert (target.state, target.error and target.error.code) == (State.FAILED, "http_302"), case


@pytest.mark.parametrize(("name", "error"), every_error(), ids=lambda one: one if isinstance(one, str) else one["code"])
def test_a_no_to_a_creating_request_ends_as_its_network_means_it(name: str, error: dict[str, Any]) -> None:
    case, reply = BY_NETWORK[name][0], read_reply(error["reply"])
    step = creating(case)[0]
    stage = staged(case)
    stage.network.fault = (step.digest, lambda _: dataclasses.replace(reply, headers={**DATE, **reply.headers}))
    target = stage.until_the_fault()
    if stage.network.sent[-1].digest != step.digest:  # asked the network what became of it, or for fresh tokens
        return
    in_doubt = reply.status >= 500 or (error["code"] in MAY_HAVE_DONE_IT.get(name, ()))
    wanted = {"retry": State.QUEUED, "limited": State.QUEUED}.get(error["means"], State.FAILED)
    assert target.state is (State.UNCONFIRMED if in_doubt else wanted), target.error
    assert (stage.account_status() == "connected") == (in_doubt or error["means"] not in ("reconnect", "refresh"))


@pytest.mark.parametrize("name", sorted({case.platform for case in load("refresh") if "secrets" in case.about}))
def test_a_token_that_ends_between_upload_and_publish_is_renewed(name: str) -> None:
    refresh = next(case for case in load("refresh") if case.platform == name and "secrets" in case.about)
    for error in [one for network, one in every_error() if network == name and one["means"] == "refresh"]:
        # The pieces of a film go up by an address, not by a token.
        case = next(one for one in BY_NETWORK[name] if with_token(creating(one)[0].request))
        case = dataclasses.replace(case, account=dataclasses.replace(case.account, secrets=refresh.account.secrets))
        reply = read_reply(error["reply"])
        stage = staged(case, refresh)
        stage.network.fault = (creating(case)[0].digest, lambda _, no=reply: no)
        assert stage.until_the_end().state is State.PUBLISHED, error
        assert stage.network.created() == len(creating(case)) + 1
        assert stage.account_status() == "connected"


def with_token(request: Request) -> bool:
    return request.method == "POST" or "Authorization" in request.headers


def creating(case: Case) -> list[Step]:
    return [step for step in steps_of(case) if step.effect is Effect.CREATE]


def before(case: Case) -> list[Step]:
    """What is asked of the network before anybody sees anything."""
    first = itertools.takewhile(lambda step: step.effect is not Effect.CREATE, steps_of(case))
    return [step for step in first if step.asks_the_network]
