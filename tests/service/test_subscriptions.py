"""Networks that can be asked to call are asked when a callback is set up, and again before they would stop."""

from datetime import timedelta

import pytest

from chalicelib.core.conversation import Connected, Reply, Request
from chalicelib.core.errors import Invalid, NotSent, Unavailable
from chalicelib.service import callback_secrets, callbacks, connect, subscriptions
from tests.fakes import FakeWorld, world

HUB = "POST https://pubsubhubbub.appspot.com/subscribe"
BASE = "https://carillon.example/api"


@pytest.fixture
def here() -> FakeWorld:
    return world()


def channel(here: FakeWorld) -> str:
    ends = (here.clock.now() + timedelta(days=60)).isoformat()
    found = Connected("@bells", "UCbells", secrets={"access_token": "ya29.secret", "expires_at": ends})
    return connect.keep(here, "ws_1", "youtube", "Bells", found).id


def asked(here: FakeWorld) -> list[Request]:
    return [one for one in here.web.sent if one.url.endswith("/subscribe")]


def test_setting_up_asks_the_network_with_the_secrets_that_were_made_up(here: FakeWorld) -> None:
    account_id = channel(here)
    here.web.expect(HUB, Reply(202))
    _, made = callbacks.set_up(here, "ws_1", account_id, "youtube", {}, BASE)
    (request,) = asked(here)
    assert request.form is not None
    assert request.form["hub.callback"] == f"{BASE}/v1/callbacks/youtube/{account_id}"
    assert request.form["hub.secret"] == made["hub_secret"]


def test_it_is_asked_again_before_it_would_stop_and_not_before(here: FakeWorld) -> None:
    account_id = channel(here)
    here.web.expect(HUB, Reply(202))
    callbacks.set_up(here, "ws_1", account_id, "youtube", {}, BASE)
    for day in range(1, 21):
        here.clock.advance(days=1)
        due = day in (7, 14)
        if due:
            here.web.expect(HUB, Reply(202))
        subscriptions.renew(here)
        assert here.web.script == []
    assert len(asked(here)) == 3


def test_a_round_that_fails_is_made_up_for_the_next_day(here: FakeWorld) -> None:
    account_id = channel(here)
    here.web.expect(HUB, Reply(202))
    callbacks.set_up(here, "ws_1", account_id, "youtube", {}, BASE)
    here.clock.advance(days=7)
    here.web.expect(HUB, NotSent("refused"))
    subscriptions.renew(here)
    here.clock.advance(days=1)
    here.web.expect(HUB, Reply(202))
    subscriptions.renew(here)
    assert here.web.script == []


def test_a_network_that_says_no_is_quoted_without_secrets_and_its_secrets_stay_good(here: FakeWorld) -> None:
    account_id = channel(here)
    secrets = {"hub_secret": "a-very-secret-word", "verify_token": "another-secret-word"}
    here.web.expect(HUB, Reply(422, {}, b"bad hub.secret a-very-secret-word"))
    with pytest.raises(Invalid) as no:
        callbacks.set_up(here, "ws_1", account_id, "youtube", secrets, BASE)
    assert "a-very-secret-word" not in str(no.value.issues)
    found = callback_secrets.opened(here, account_id, "youtube")
    assert found is not None
    assert found.keys == (secrets,)


def test_a_network_that_does_not_answer_is_no_fault_of_the_callers(here: FakeWorld) -> None:
    account_id = channel(here)
    here.web.expect(HUB, NotSent("refused"))
    with pytest.raises(Unavailable):
        callbacks.set_up(here, "ws_1", account_id, "youtube", {}, BASE)


def test_a_disconnected_account_is_called_about_no_more(here: FakeWorld) -> None:
    account_id = channel(here)
    here.web.expect(HUB, Reply(202))
    callbacks.set_up(here, "ws_1", account_id, "youtube", {}, BASE)
    connect.disconnect(here, "ws_1", account_id)
    assert callback_secrets.opened(here, account_id, "youtube") is None
    here.clock.advance(days=8)
    subscriptions.renew(here)
    assert len(asked(here)) == 1
