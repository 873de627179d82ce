"""Tokens: renewed by one of many, ahead of time where nobody publishes, and never lost without a word."""

import dataclasses
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock
from typing import Any

import pytest

from chalicelib.core.conversation import Connected, Reply, Request
from chalicelib.core.post import NewPost
from chalicelib.core.target import State
from chalicelib.service import apps, compose, connect, credentials, deliveries, reading, webhooks
from chalicelib.service.publish import publish
from chalicelib.service.reading import Whole
from chalicelib.service.tell import tell
from tests.fakes import FakeWorld, world

DATE = "Sun, 22 Nov 2026 09:00:00 GMT"


class Network:
    """X, as far as posting and refreshing goes; an access token is good until another is given out."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.refuses = False
        self._lock = Lock()
        self._tokens = 0

    def warm(self) -> None:
        pass

    def objection(self, url: str) -> str | None:
        return None

    def send(self, request: Request) -> Reply:
        with self._lock:
            path = request.url.removeprefix("https://api.x.com/2/").split("?")[0]
            self.calls[path] += 1
            if path == "oauth2/token":
                return self._traded()
            if request.headers["Authorization"] != f"Bearer token {self._tokens}":
                return _reply(401, {"title": "Unauthorized", "type": "about:blank", "status": 401})
            return _reply(201, {"data": {"id": str(1_900_000_000_000_000_000 + self.calls[path]), "text": "…"}})

    def _traded(self) -> Reply:
        if self.refuses:
            return _reply(400, {"error": "invalid_grant", "error_description": "the person took it back"})
        self._tokens += 1
        fresh = {"access_token": f"token {self._tokens}", "refresh_token": f"refresh {self._tokens}"}
        return _reply(200, {**fresh, "expires_in": 7200, "token_type": "bearer"})


def _reply(status: int, body: dict[str, Any]) -> Reply:
    return Reply(status, {"date": DATE}, json.dumps(body).encode())


@dataclasses.dataclass
class Brand:
    """A workspace with one account on X, whose token ends when we say."""

    world: FakeWorld
    network: Network
    workspace_id: str = "ws_1"
    account_id: str = ""
    heard: int = 0

    def connect(self, ends_in: timedelta, **secrets: str) -> None:
        ends = (self.world.clock.now() + ends_in).isoformat()
        kept = {"access_token": "token 0", "expires_at": ends, **secrets}
        found = Connected("@brand", "1", "", kept)
        self.account_id = connect.keep(self.world, self.workspace_id, "x", "Brand", found).id

    def plan(self, due_in: timedelta, text: str = "Nine o'clock, and all is well.") -> Whole:
        fields = {"text": text, "targets": [{"account_id": self.account_id}]}
        due = self.world.clock.now() + due_in
        return compose.create(self.world, self.workspace_id, NewPost.model_validate({**fields, "scheduled_at": due}))

    def account(self) -> Any:
        return connect.account(self.world, self.workspace_id, self.account_id)

    def told(self) -> list[dict[str, Any]]:
        """What the workspace's webhook would be sent of what happened since the last call."""
        changes = self.world.table.stream(self.heard)
        self.heard += len(changes)
        tell(self.world, changes)
        found = [deliveries.find(self.world, *errand[:3]) for errand in self.world.deliveries.receive()]
        bodies = [json.loads(one.body) for one in found if one]
        return [body for body in bodies if body["type"].startswith("account.")]


@pytest.fixture
def brand() -> Brand:
    network = Network()
    made = Brand(world(web=network), network)
    apps.register(made.world, made.workspace_id, "x", apps.NewApp(client_id="carillon", client_secret="s"))
    return made


def test_twenty_publishers_refresh_an_account_once(brand: Brand) -> None:
    brand.connect(timedelta(minutes=1), refresh_token="refresh 0")
    posts = [brand.plan(timedelta(seconds=2), f"post {number}") for number in range(20)]
    wakes = brand.world.queue.receive()
    assert len(wakes) == 20
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda wake: publish(brand.world, wake), wakes))

    states = {reading.post(brand.world, brand.workspace_id, one.post.id).targets[0].state for one in posts}
    assert states == {State.PUBLISHED}
    assert brand.network.calls == {"oauth2/token": 1, "tweets": 20}


def test_a_refused_refresh_names_the_posts_that_it_endangers(brand: Brand) -> None:
    webhooks.register(brand.world, brand.workspace_id, webhooks.NewWebhook.model_validate(HOOK))
    brand.connect(timedelta(minutes=1), refresh_token="refresh 0")
    first, later = brand.plan(timedelta(seconds=2)), brand.plan(timedelta(days=3))
    brand.told()
    brand.network.refuses = True
    for wake in brand.world.queue.receive():
        publish(brand.world, wake)

    failed = reading.post(brand.world, brand.workspace_id, first.post.id).targets[0]
    assert (failed.state, failed.error and failed.error.code) == (State.FAILED, "invalid_grant")
    assert brand.account().status == "reconnect_required"
    endangered = credentials.standing(brand.world, brand.workspace_id, brand.account_id).endangered
    assert [one.post_id for one in endangered] == [later.post.id]
    (news,) = brand.told()
    assert news["type"] == "account.reconnect_required"
    assert [one["post_id"] for one in news["data"]["endangered"]] == [later.post.id]


def test_what_a_token_will_not_live_to_see_is_endangered(brand: Brand) -> None:
    brand.connect(timedelta(days=2))
    brand.plan(timedelta(days=1))
    beyond = brand.plan(timedelta(days=3))

    standing = credentials.standing(brand.world, brand.workspace_id, brand.account_id)
    assert (standing.account.renewable, standing.days_left) == (False, 2.0)
    assert [one.post_id for one in standing.endangered] == [beyond.post.id]


def test_nothing_is_endangered_where_tokens_renew_themselves(brand: Brand) -> None:
    brand.connect(timedelta(days=2), refresh_token="refresh 0")
    brand.plan(timedelta(days=3))

    standing = credentials.standing(brand.world, brand.workspace_id, brand.account_id)
    assert (standing.account.renewable, standing.endangered) == (True, ())


@pytest.mark.parametrize("days", [1, 6])
def test_the_daily_round_renews_what_ends_within_a_week(brand: Brand, days: int) -> None:
    brand.connect(timedelta(days=days), refresh_token="refresh 0")
    credentials.renew(brand.world)

    item = brand.world.table.get(connect.key(brand.workspace_id, brand.account_id))
    assert connect.with_secrets(brand.world, item).secrets["access_token"] == "token 1"


def test_the_daily_round_leaves_alone_what_lasts(brand: Brand) -> None:
    brand.connect(timedelta(days=8), refresh_token="refresh 0")
    credentials.renew(brand.world)

    assert brand.network.calls == {}


def test_the_daily_round_warns_once_of_what_only_a_person_can_renew(brand: Brand) -> None:
    webhooks.register(brand.world, brand.workspace_id, webhooks.NewWebhook.model_validate(HOOK))
    brand.connect(timedelta(days=3))
    brand.plan(timedelta(days=4))
    brand.told()
    credentials.renew(brand.world)
    (news,) = brand.told()
    assert (news["type"], len(news["data"]["endangered"])) == ("account.expiring", 1)
    brand.world.clock.advance(days=1)
    credentials.renew(brand.world)
    assert brand.told() == []


def test_one_account_that_cannot_be_renewed_does_not_stop_the_round(brand: Brand) -> None:
    brand.connect(timedelta(days=1), refresh_token="refresh 0")
    brand.network.refuses = True
    credentials.renew(brand.world)

    assert brand.account().status == "reconnect_required"


HOOK = {"url": "https://tool.example/hook", "events": ["*"]}
