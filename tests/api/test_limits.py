"""How many requests a minute: what is told with every answer, and how near the truth it is."""

from datetime import timedelta

import pytest

from chalicelib import api
from chalicelib.api.route import Endpoint
from chalicelib.core.errors import Unavailable
from chalicelib.ports import Item, Key
from chalicelib.service import access, limits
from chalicelib.service.access import Caller
from chalicelib.service.limits import Limits
from tests.api.client import Api, problem
from tests.fakes import FakeTable, FakeWorld, world

CALLER = Caller("ws_1", "key_1", frozenset("*"))


def test_every_answer_to_a_key_says_what_is_left(client: Api) -> None:
    client.world.clock.advance(18)
    for path, status in (("/v1/posts", 200), ("/v1/posts/post_1", 404), ("/v1/posts?no=1", 400)):
        answer = client.get(path)
        assert answer.status_code == status
        assert answer.headers["RateLimit-Policy"] == '"key";q=6000;w=60, "workspace";q=12000;w=60'
        assert answer.headers["RateLimit"].endswith(";t=42")
        assert "Retry-After" not in answer.headers
    assert answer.headers["RateLimit"] == '"key";r=5997;t=42, "workspace";r=11997;t=42'


def test_who_asks_too_much_is_told_when_to_come_back(client: Api) -> None:
    limits.change(client.world, client.workspace_id, Limits(per_key=2, per_workspace=3))
    other = f"Bearer {client.new_key('*')}"
    client.world.clock.advance(50)

    assert [client.get("/v1/posts").status_code for _ in range(2)] == [200, 200]
    refused = client.post("/v1/posts", {"text": "Ding"})
    problem(refused, 429, "rate_limited")
    assert refused.headers["Retry-After"] == "10"
    assert refused.headers["RateLimit"] == '"key";r=0;t=10, "workspace";r=1;t=10'
    assert client.get("/v1/posts", authorization=other).status_code == 200
    problem(client.get("/v1/posts", authorization=other), 429, "rate_limited")
    client.world.clock.advance(10)
    assert client.get("/v1/posts").status_code == 200


def test_a_workspace_spends_only_its_own(client: Api) -> None:
    stranger = client.stranger()
    limits.change(client.world, client.workspace_id, Limits(per_key=1, per_workspace=1))

    assert [client.get("/v1/posts").status_code for _ in range(2)] == [200, 429]
    assert stranger.get("/v1/posts").headers["RateLimit"].startswith('"key";r=5999;')


OPEN = [one for one in api.endpoints() if one.needs == "nothing"]


@pytest.mark.parametrize("endpoint", OPEN, ids=lambda one: f"{one.method} {one.path}")
def test_what_needs_no_key_is_never_limited(client: Api, endpoint: Endpoint) -> None:
    """Health checks, people who come back from a network, and the networks' own side of the sandbox."""
    limits.change(client.world, client.workspace_id, Limits(per_key=1, per_workspace=1))
    path = endpoint.path.format(platform="x", handle="tower", message_id="sp_1")

    for _ in range(3):
        answer = client.send(endpoint.method, path)
        assert answer.status_code != 429
        assert "RateLimit" not in answer.headers


def let_in(here: FakeWorld, requests: int) -> int:
    """How many of so many requests are let in."""
    return sum(not limits.spend(here, CALLER).over for _ in range(requests))


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_a_limit_is_passed_by_no_more_than_one_in_a_hundred_for_each_process(processes: int) -> None:
    first = world()
    limits.change(first, "ws_1", Limits(per_key=1000, per_workspace=2000))
    all_of_them = [first, *(world(table=first.table, clock=first.clock) for _ in range(processes - 1))]

    passed = sum(let_in(here, 1) for _ in range(1200) for here in all_of_them)

    assert 1000 <= passed <= 1000 + 10 * processes


def test_a_small_limit_is_exact_whoever_asks() -> None:
    first = world()
    limits.change(first, "ws_1", Limits(per_key=7, per_workspace=100))
    second = world(table=first.table, clock=first.clock)

    assert sum(let_in(here, 1) for _ in range(20) for here in (first, second)) == 7


def test_counting_costs_two_operations_in_sixty_requests_and_nothing_once_it_is_too_much() -> None:
    here = world()
    let_in(here, 1)
    here.table.calls.clear()

    let_in(here, 60)
    assert here.table.calls == {"get": 1, "write": 1}
    let_in(here, 6000)
    here.table.calls.clear()
    assert let_in(here, 100) == 0
    assert not here.table.calls


class Broken(FakeTable):
    """A table that does not answer."""

    def get(self, key: Key) -> Item | None:
        raise Unavailable("dynamodb: ThrottlingException")


def test_what_cannot_be_counted_together_is_counted_alone() -> None:
    here = world(table=Broken())

    assert let_in(here, 6010) == 6000


def test_a_process_hears_of_new_limits_within_five_minutes() -> None:
    here = world()
    limits.spend(here, CALLER)
    limits.change(here, "ws_1", Limits(per_key=1, per_workspace=1))

    here.clock.advance(minutes=5)
    assert let_in(here, 2) == 1
    limits.change(here, "ws_1", None)
    here.clock.advance(minutes=5)
    assert let_in(here, 2) == 2


def test_nobody_is_locked_out_by_a_limit_of_nothing() -> None:
    here = world()
    with pytest.raises(ValueError, match="at least 1"):
        limits.change(here, access.create_workspace(here, "Bell tower"), Limits(0, 1))


def test_a_row_of_counts_vanishes() -> None:
    here = world()
    limits.change(here, "ws_1", Limits(1, 1))
    limits.spend(here, CALLER)

    (row,) = [item for item in here.table.everything if item.key.pk == "RATE#ws_1"]
    assert row.expires
    assert row.expires > here.clock.now() + timedelta(minutes=1)
    assert row.doc == {"counts": {"key_1": 1}}
