"""What the demo's workspace is given: weeks of a brand's life, in rows that could have come about by themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.day import Waits
from chalicelib.core.scores.score import KINDS, Kind, Scope, Score
from chalicelib.core.target import State
from chalicelib.core.timing import stamp
from chalicelib.ports import Delete, Item, Key
from chalicelib.service import agenda, connect, engaged, reading, records, sandbox, scorer, scores
from chalicelib.service.measure import measure
from chalicelib.service.reading import PostFilter, Whole
from chalicelib.service.sweep import sweep
from chalicelib.service.tell import tell
from infra.demo_history import give
from tests.fakes import FakeClock, FakeWorld, world
from tests.service.sandbox_web import SandboxWeb

WORKSPACE_ID, WORKSPACE = "ws_demo", Scope("workspace")
MONDAY = datetime(2026, 11, 23, 8, 24, tzinfo=UTC)
NOWS = {
    "a Monday morning": MONDAY,
    "a Sunday": datetime(2026, 11, 22, 23, 30, tzinfo=UTC),
    "just after a slot": datetime(2026, 11, 27, 15, 1, tzinfo=UTC),
    "behind Christmas": datetime(2027, 1, 8, 12, 0, tzinfo=UTC),
    "behind a change of clocks": datetime(2027, 4, 7, 6, 0, tzinfo=UTC),
    "a whole year on": datetime(2027, 11, 25, 20, 0, tzinfo=UTC),
}


@dataclass
class Demo:
    """A workspace that has just been given its past."""

    world: FakeWorld
    told: int = 0

    def until(self, holds: Callable[[], bool]) -> None:
        """What the table's stream does in its own time."""
        changes = self.world.table.stream(self.told)
        self.told += len(changes)
        tell(self.world, changes)
        assert holds()

    def give(self) -> None:
        give(self.world, WORKSPACE_ID, self.until)

    def score(self, window: str) -> Score:
        return scores.explained(self.world, WORKSPACE_ID, WORKSPACE, window).score

    def posts(self, *, answers: bool = False) -> list[Whole]:
        return reading.posts(self.world, WORKSPACE_ID, PostFilter(answers=answers), limit=100).data


def demo_at(now: datetime) -> Demo:
    web = SandboxWeb()
    fakes = world(web=web, clock=FakeClock(now))
    web.world = fakes
    for name in ("sandbox-one", "sandbox-two"):
        connect.connect(fakes, WORKSPACE_ID, connect.NewAccount(platform="sandbox", name=name))
    demo = Demo(fakes)
    demo.give()
    scorer.score(fakes)
    return demo


@pytest.fixture(scope="module")
def demo() -> Demo:
    """One for all who only look."""
    return demo_at(MONDAY)


@pytest.mark.parametrize("when", NOWS)
def test_whenever_it_is_made_the_brand_is_a_good_one_and_no_perfect_one(when: str) -> None:
    demo = demo_at(NOWS[when])
    consistency, timeliness = demo.score("8w"), demo.score("28d")
    assert consistency.value is not None
    assert timeliness.value is not None
    assert 70 < consistency.value < 90
    assert 65 < timeliness.value < 90
    assert (consistency.confidence, timeliness.confidence) == ("B", "A")
    assert all(part.value is not None for part in (*consistency.parts, *timeliness.parts))


def test_the_scores_of_one_day_are_known(demo: Demo) -> None:
    found = {part.name: part.value for window in ("8w", "28d") for part in demo.score(window).parts}
    assert {name: round(value or 0, 2) for name, value in found.items()} == {
        "cadence": 0.81,
        "regularity": 0.69,
        "mix": 0.99,
        "streak": 0.48,
        "message": 0.98,
        "publish": 0.85,
        "response": 0.6,
        "fresh": 0.75,
    }


def test_what_cost_most_can_be_looked_at(demo: Demo) -> None:
    whys = {}
    for window in ("8w", "28d"):
        for loss in demo.score(window).losses:
            whys[loss.why.split()[0]] = reading.post(demo.world, WORKSPACE_ID, loss.post_id).status
    assert whys == {"missed": "missed", "lost": "published", "stale_by": "published", "late_by": "published"}


def test_what_is_out_can_be_read_on_its_network(demo: Demo) -> None:
    shown = {
        post["id"]: post
        for account in connect.every(demo.world, WORKSPACE_ID)
        for post in sandbox.posts(demo.world, account.remote_id)
    }
    out = [one for whole in [*demo.posts(), *demo.posts(answers=True)] for one in whole.targets if one.platform_post_id]
    assert len(out) > 25
    assert {one.platform_post_id: stamp(one.published_at) for one in out if one.published_at} == {
        id: post["created_at"] for id, post in shown.items()
    }


def test_no_machine_ever_finds_anything_to_send_nor_misses_what_is_out() -> None:
    demo = demo_at(MONDAY)
    before = {one.post.id: one.status for one in demo.posts()}
    assert set(before.values()) == {"published", "missed"}
    assert not [row for shard in records.SHARD_NAMES for row in demo.world.table.opened(shard)]
    for _ in range(3):
        demo.world.clock.advance(hours=2)
        sweep(demo.world)
        assert measure(demo.world).keys() <= {"measured"}
    assert demo.world.queue.waiting == []
    assert demo.world.alarms.set == {}
    assert {one.post.id: one.status for one in demo.posts()} == before


def test_of_those_who_asked_most_were_answered_one_late_and_one_waits(demo: Demo) -> None:
    items = [
        engaged.inbox_of(item)
        for account in connect.every(demo.world, WORKSPACE_ID)
        for item in demo.world.table.items(engaged.pk(WORKSPACE_ID, account.id), engaged.THING)
    ]
    assert sorted(one.state for one in items) == [*["answered"] * 6, "waiting"]
    assert all(one.post_id for one in items)
    everybody = Waits()
    for account in connect.every(demo.world, WORKSPACE_ID):
        for row in demo.world.table.items(engaged.pk(WORKSPACE_ID, account.id), engaged.DAY):
            for one in engaged.day_of(row).waits.values():
                everybody = everybody.plus(one)
    assert (everybody.answered, everybody.in_time, everybody.waiting) == (6, 5, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_day_since_the_first_post_has_its_score(demo: Demo, kind: Kind) -> None:
    first = min(one.post.scheduled_at for one in demo.posts() if one.post.scheduled_at).date()
    found = scores.history(demo.world, WORKSPACE_ID, WORKSPACE, kind, first, MONDAY.date())
    assert list(found) == [first + timedelta(days=number) for number in range((MONDAY.date() - first).days + 1)]
    assert len({one.value for one in found.values()}) > 10


def test_twice_over_is_once() -> None:
    demo = demo_at(MONDAY)

    def rows() -> dict[Key, Item]:
        scored = agenda.key(WORKSPACE_ID)
        return {item.key: item for item in demo.world.table.everything if item.key != scored}

    before = rows()
    demo.give()
    assert rows() == before


def test_what_broke_off_goes_on() -> None:
    """A start that died half-way leaves whole posts; the next one makes the others."""
    broken, whole = Demo(demo_at(MONDAY).world), demo_at(MONDAY)
    posts = broken.posts()
    for half in posts[: len(posts) // 2]:
        for item in broken.world.table.items(records.post_pk(WORKSPACE_ID, half.post.id)):
            broken.world.table.write(Delete(item.key))
    broken.told = len(broken.world.table.stream())
    broken.give()
    assert [one.post.id for one in broken.posts()] == [one.post.id for one in whole.posts()]
    assert {target.state for one in broken.posts() for target in one.targets} == {State.PUBLISHED, State.MISSED}
