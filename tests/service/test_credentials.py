"""Tokens: renewed by one of many, ahead of time where nobody publishes, and never lost without a word."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock
from typing import Any

import pytest

from chalicelib.core.conversation import Connected, Reply, Request
from chalicelib.core.errors import Conflict, Rejected
from chalicelib.core.post import NewPost
from chalicelib.core.target import State
from chalicelib.platforms import platform
from chalicelib.service import apps, compose, connect, credentials, deliveries, reading, webhooks
from chalicelib.service.publish import publish
from chalicelib.service.reading import Whole
from chalicelib.service.tell import tell
from tests.fakes import START, FakeWorld, world

DATE = "Sun, 22 Nov 2026 09:00:00 GMT"


class Network:
    """X, as far as posting and refreshing goes; an access token is good until another is given out."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.refuses = False
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens while a refresh is on its way."""
        self._lock = Lock()
        self._tokens = 0
        self._dead = -1

    def warm(self) -> None:
        pass

    def objection(self, url: str) -> str | None:
        return None

    def send(self, request: Request) -> Reply:
        with self._lock:
            path = request.url.removeprefix("https://api.x.com/2/").split("?")[0]
            self.calls[path] += 1
            if path == "oauth2/token":
                return self._traded((request.form or {})["refresh_token"])
            if self._dead == self._tokens or request.headers["Authorization"] != f"Bearer token {self._tokens}":
                return _reply(401, {"title": "Unauthorized", "type": "about:blank", "status": 401})
            return _reply(201, {"data": {"id": str(1_900_000_000_000_000_000 + self.calls[path]), "text": "…"}})

    def _traded(self, refresh: str) -> Reply:
        if self.refuses or refresh != f"refresh {self._tokens}":  # each is good once
            return _reply(400, {"error": "invalid_grant", "error_description": "the person took it back"})
        self.meanwhile()
        self._tokens += 1
        fresh = {"access_token": f"token {self._tokens}", "refresh_token": f"refresh {self._tokens}"}
        return _reply(200, {**fresh, "expires_in": 7200, "token_type": "bearer"})

    def die(self) -> None:
        """Forget the access token that was given out last; its refresh token stays good."""
        self._dead = self._tokens


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

    def sign_in(self, ends_in: timedelta, *remote_ids: str, token: int = 0) -> list[str]:
        """One consent that reaches these accounts; gives their ids."""
        ends = (self.world.clock.now() + ends_in).isoformat()
        secrets = {"access_token": f"token {token}", "refresh_token": f"refresh {token}", "expires_at": ends}
        reached = [(f"Brand {one}", Connected(f"@brand{one}", one, "", secrets)) for one in remote_ids]
        return [account.id for account in connect.keep_all(self.world, self.workspace_id, "x", reached)]

    def secrets(self, account_id: str) -> dict[str, str]:
        item = self.world.table.get(connect.key(self.workspace_id, account_id))
        return connect.with_secrets(self.world, item).secrets

    def state(self, whole: Whole) -> State:
        return reading.post(self.world, self.workspace_id, whole.post.id).targets[0].state

    def publish_what_is_due(self) -> None:
        wakes = self.world.queue.receive()
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda wake: publish(self.world, wake), wakes))

    def plan(
        self, due_in: timedelta, text: str = "Nine o'clock, and all is well.", account_id: str | None = None
    ) -> Whole:
        fields = {"text": text, "targets": [{"account_id": account_id or self.account_id}]}
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


def test_twenty_publishers_of_two_accounts_of_one_consent_refresh_once(brand: Brand) -> None:
    ids = brand.sign_in(timedelta(minutes=1), "1", "2")
    posts = [brand.plan(timedelta(seconds=2), f"post {number}", ids[number % 2]) for number in range(20)]
    brand.publish_what_is_due()

    assert {brand.state(one) for one in posts} == {State.PUBLISHED}
    assert brand.network.calls == {"oauth2/token": 1, "tweets": 20}
    shown = [connect.account(brand.world, brand.workspace_id, one) for one in ids]
    assert {one.token_expires_at for one in shown} == {START + timedelta(hours=2)}


def test_accounts_of_one_consent_go_on_refreshing_in_turn(brand: Brand) -> None:
    ids = brand.sign_in(timedelta(minutes=1), "1", "2")
    for number in range(4):
        post = brand.plan(timedelta(seconds=2), f"post {number}", ids[number % 2])
        brand.publish_what_is_due()
        assert brand.state(post) is State.PUBLISHED
        brand.network.die()
    assert brand.network.calls["oauth2/token"] == 4


def test_a_refused_refresh_names_the_posts_that_it_endangers_on_every_account_of_the_consent(brand: Brand) -> None:
    webhooks.register(brand.world, brand.workspace_id, webhooks.NewWebhook.model_validate(HOOK))
    ids = brand.sign_in(timedelta(minutes=1), "1", "2", "3")
    later = {one: brand.plan(timedelta(days=3), account_id=one).post.id for one in ids}
    for number in range(20):
        brand.plan(timedelta(seconds=2), f"post {number}", ids[number % 2])
    brand.told()
    brand.network.refuses = True
    brand.publish_what_is_due()

    news = brand.told()
    assert {one["type"] for one in news} == {"account.reconnect_required"}
    endangered = [(one["data"]["account_id"], one["data"]["endangered"][-1]["post_id"]) for one in news]
    assert sorted(endangered) == sorted(later.items())
    assert brand.network.calls["tweets"] == 0


def test_disconnecting_one_account_of_a_consent_leaves_the_other_working(brand: Brand) -> None:
    first, second = brand.sign_in(timedelta(minutes=1), "1", "2")
    connect.disconnect(brand.world, brand.workspace_id, first)
    post = brand.plan(timedelta(seconds=2), account_id=second)
    brand.publish_what_is_due()
    assert brand.state(post) is State.PUBLISHED

    connect.disconnect(brand.world, brand.workspace_id, second)
    assert not [item for item in brand.world.table.everything if "sealed" in item.doc and "APP#" not in item.key.sk]


def test_connecting_one_account_of_a_consent_again_leaves_the_other_as_it_was(brand: Brand) -> None:
    first, second = brand.sign_in(timedelta(days=1), "1", "2")
    assert brand.sign_in(timedelta(days=1), "1", token=7) == [first]

    assert brand.secrets(first)["refresh_token"] == "refresh 7"
    assert brand.secrets(second)["refresh_token"] == "refresh 0"


def test_connecting_a_consents_accounts_again_saves_them_all(brand: Brand) -> None:
    ids = brand.sign_in(timedelta(minutes=1), "1", "2")
    for one in ids:
        connect.lose(brand.world, brand.workspace_id, one)
    assert brand.sign_in(timedelta(days=1), "1", "2", token=7) == ids

    assert [brand.secrets(one)["refresh_token"] for one in ids] == ["refresh 7"] * 2
    assert {connect.account(brand.world, brand.workspace_id, one).status for one in ids} == {"connected"}
    assert len([item for item in brand.world.table.everything if item.key.sk.startswith("GRANT#")]) == 1


def test_who_read_an_account_before_it_was_connected_again_finds_its_new_secrets(brand: Brand) -> None:
    ids = brand.sign_in(timedelta(days=1), "1", "2")
    before = brand.world.table.get(connect.key(brand.workspace_id, ids[0]))
    brand.sign_in(timedelta(days=1), "1", "2", token=7)
    assert connect.with_secrets(brand.world, before).secrets["refresh_token"] == "refresh 7"
    for one in ids:
        connect.disconnect(brand.world, brand.workspace_id, one)
    with pytest.raises(Rejected, match="account_gone"):
        connect.with_secrets(brand.world, before)


def test_the_daily_round_renews_a_consent_once(brand: Brand) -> None:
    ids = brand.sign_in(timedelta(days=1), "1", "2", "3")
    credentials.renew(brand.world)

    assert brand.network.calls == {"oauth2/token": 1}
    assert {brand.secrets(one)["access_token"] for one in ids} == {"token 1"}


def test_fresh_tokens_are_kept_though_the_account_was_lost_meanwhile(brand: Brand) -> None:
    brand.connect(timedelta(minutes=1), refresh_token="refresh 0")
    brand.network.meanwhile = lambda: connect.lose(brand.world, brand.workspace_id, brand.account_id)
    post = brand.plan(timedelta(seconds=2))
    brand.publish_what_is_due()

    assert brand.state(post) is State.PUBLISHED
    assert brand.secrets(brand.account_id)["refresh_token"] == "refresh 1"


def test_a_person_who_connects_again_during_a_refresh_has_the_last_word(brand: Brand) -> None:
    ids = brand.sign_in(timedelta(minutes=1), "1", "2")
    stale = connect.with_secrets(brand.world, brand.world.table.get(connect.key(brand.workspace_id, ids[0])))
    brand.network.meanwhile = lambda: brand.sign_in(timedelta(days=1), "1", "2", token=7)
    with pytest.raises(Conflict):
        connect.refreshed(brand.world, platform("x"), stale)

    assert [brand.secrets(one)["refresh_token"] for one in ids] == ["refresh 7"] * 2


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
