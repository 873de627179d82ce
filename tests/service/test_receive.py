"""The receiver of callbacks: sure before it reads, the same no to everybody else, and no success that could be lost."""

import dataclasses
import json
import logging
import os
from collections.abc import Sequence
from datetime import timedelta

import pytest

from chalicelib.callbacks.base import Incoming, Response
from chalicelib.core.conversation import Connected
from chalicelib.core.errors import Unavailable
from chalicelib.ports import Heard
from chalicelib.service import callbacks, connect
from chalicelib.service.receive import MOST_BYTES, REFUSED, TOO_LARGE, receive
from tests.callbacks.cases import Case, another, load
from tests.callbacks.signing import SIGN
from tests.callbacks.test_sealed import LAUGHS
from tests.fakes import START, FakeWorld, world

BASE = "https://carillon.example"
OLD = {"consumer_secret": "the-old-secret"}
NEW = {"consumer_secret": "the-new-secret"}
NEWEST = {"consumer_secret": "the-newest-secret"}
TOLD = [case for case in load() if "seen" in case.about and "as_is" not in case.about]
ONE_EACH = list({case.network: case for case in TOLD}.values())


class Bomb(bytes):
    """A body that explodes as soon as somebody reads it as text, or as XML; its bytes may be looked at."""

    def decode(self, *_about: object, **_more: object) -> str:
        raise AssertionError("read before it was sure that it is the network's")


EXPLOSIVE = f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a><b>&l11;</b></a>'.encode()


@pytest.fixture
def here() -> FakeWorld:
    return world()


def account(here: FakeWorld, workspace_id: str = "ws_1", platform: str = "x", **secrets: str) -> str:
    found = connect.keep(here, workspace_id, platform, "Brand", Connected("@brand", "2244994945"))
    if secrets:
        set_up(here, found.id, secrets, workspace_id, platform)
    return found.id


def set_up(
    here: FakeWorld, account_id: str, secrets: dict[str, str], workspace_id: str = "ws_1", network: str = "x"
) -> None:
    callbacks.set_up(here, workspace_id, account_id, network, secrets, BASE)


def call(here: FakeWorld, secrets: dict[str, str], body: bytes = b"{}") -> Incoming:
    return SIGN["x"](Incoming("POST", here.clock.now(), body=body), secrets)


def accepted(here: FakeWorld, account_id: str, secrets: dict[str, str]) -> bool:
    answer = receive(here, "x", account_id, call(here, secrets))
    assert answer in (Response(), REFUSED)
    assert len(here.heard.receive()) == (answer == Response())
    return answer == Response()


def test_what_a_network_says_is_queued_as_it_came(here: FakeWorld) -> None:
    account_id = account(here, **OLD)

    assert receive(here, "x", account_id, call(here, OLD, '{"a": "é\\u00e9"}'.encode())) == Response()

    (heard,) = here.heard.receive()
    assert (heard.workspace_id, heard.account_id, heard.network) == ("ws_1", account_id, "x")
    assert (heard.at, json.loads(heard.headers)) == ("2026-11-22T09:00:00.000Z", {})


def test_only_the_headers_that_reading_needs_are_queued(here: FakeWorld) -> None:
    account_id = account(here, platform="sandbox")
    secrets = {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    set_up(here, account_id, secrets, network="standard")
    headers = {"cookie": ("c",), "authorization": ("Bearer b",), "webhook-id": ("msg_9",)}
    receive(here, "standard", account_id, SIGN["standard"](Incoming("POST", START, headers, body=b"{}"), secrets))
    (heard,) = here.heard.receive()
    assert json.loads(heard.headers) == {"webhook-id": "msg_9"}


def test_a_call_may_have_256_kilobytes_and_no_byte_more(here: FakeWorld) -> None:
    account_id = account(here, **OLD)
    assert receive(here, "x", account_id, call(here, OLD, os.urandom(MOST_BYTES))) == Response()
    calls = here.table.calls.total()

    assert receive(here, "x", account_id, call(here, OLD, b" " * (MOST_BYTES + 1))) == TOO_LARGE

    assert here.table.calls.total() == calls
    assert len(here.heard.receive()) == 1


def doubled(call: Incoming) -> Incoming:
    return dataclasses.replace(call, headers={name: (*values, *values) for name, values in call.headers.items()})


def test_every_cause_has_the_same_answer(here: FakeWorld) -> None:
    account_id, bare = account(here, **OLD), account(here, "ws_2")
    theirs = account(here, "ws_3", **NEW)
    good = call(here, OLD)
    without = dataclasses.replace(good, headers={})
    header = "x-twitter-webhooks-signature"
    refused = {
        "no such network": receive(here, "friendster", account_id, good),
        "what all networks are made of": receive(here, "base", account_id, good),
        "a path": receive(here, "../core/post", account_id, good),
        "no such account": receive(here, "x", "acc_nobodys", good),
        "no id at all": receive(here, "x", "", good),
        "an id of something else": receive(here, "x", f"{account_id}#KEY", good),
        "an account without callbacks": receive(here, "x", bare, good),
        "another network of the account's": receive(here, "standard", account_id, good),
        "another tenant's secret": receive(here, "x", account_id, call(here, NEW)),
        "another tenant's account": receive(here, "x", theirs, good),
        "another body": receive(here, "x", account_id, dataclasses.replace(good, body=b"{} ")),
        "no signature": receive(here, "x", account_id, without),
        "an empty one": receive(here, "x", account_id, dataclasses.replace(good, headers={header: ("",)})),
        "one with letters of nowhere": receive(
            here, "x", account_id, dataclasses.replace(good, headers={header: ("sha256=\ud800é",)})
        ),
        "two": receive(here, "x", account_id, doubled(good)),
        "a greeting that is none": receive(here, "x", account_id, dataclasses.replace(good, method="GET")),
    }
    assert {why: answer for why, answer in refused.items() if answer != REFUSED} == {}
    assert here.heard.receive() == []
    assert receive(here, "x", account_id, good) == Response()


def test_a_refusal_is_noted_without_what_was_tried(here: FakeWorld, caplog: pytest.LogCaptureFixture) -> None:
    account_id = account(here, **OLD)
    with caplog.at_level(logging.DEBUG):
        receive(here, "x", account_id, call(here, NEW, b'{"text": "private"}'))
    assert [record.message for record in caplog.records] == ["callback_refused"]
    (record,) = caplog.records
    said = str(record.__dict__)
    assert account_id in said
    assert not any(word in said for word in ("private", "sha256=", *OLD.values(), *NEW.values()))


@pytest.mark.parametrize("case", ONE_EACH, ids=lambda case: case.network)
def test_nothing_is_read_before_the_signature_holds(case: Case) -> None:
    """Calls without a signature, and with one by other secrets; whatever they say explodes when it is read."""
    here, account_id = case.stage()
    others = {name: another(value) for name, value in case.secrets.items()}
    good, strange = case.call(), dataclasses.replace(case, about={**case.about, "secrets": others}).call()
    bodies = (strange.body, good.body, EXPLOSIVE, b"[" * 200_000)
    tried = [
        dataclasses.replace(one, body=Bomb(body)) for one in (strange, Incoming("POST", case.at)) for body in bodies
    ]
    forged = [call for call in tried if call != good]  # Discord's secret is a public key: nobody signs with another
    assert len(forged) >= 6
    assert {receive(here, case.network, account_id, call) for call in forged} == {REFUSED}
    assert here.heard.receive() == []


@pytest.mark.parametrize("case", ONE_EACH, ids=lambda case: case.network)
def test_the_bomb_explodes_where_it_is_read(case: Case) -> None:
    """That the test above can fail: read as what it would be, the same body explodes."""
    from chalicelib.callbacks import callbacks as of
    from chalicelib.callbacks.base import Told

    with pytest.raises((AssertionError, ValueError, RecursionError)):
        list(of(case.network).events(Told(Bomb(EXPLOSIVE), {}, case.at)))


def test_two_secrets_are_good_at_a_time_and_the_older_one_for_a_day(here: FakeWorld) -> None:
    account_id = account(here, **OLD)
    set_up(here, account_id, NEW)
    assert (accepted(here, account_id, OLD), accepted(here, account_id, NEW)) == (True, True)

    set_up(here, account_id, NEWEST)
    assert [accepted(here, account_id, one) for one in (OLD, NEW, NEWEST)] == [False, True, True]

    here.clock.advance(hours=23, minutes=59)
    assert accepted(here, account_id, NEW)
    here.clock.advance(minutes=2)
    assert [accepted(here, account_id, one) for one in (OLD, NEW, NEWEST)] == [False, False, True]


def test_a_secret_that_has_ended_does_not_come_back_with_the_next(here: FakeWorld) -> None:
    account_id = account(here, **OLD)
    set_up(here, account_id, NEW)
    here.clock.advance(days=2)
    set_up(here, account_id, NEWEST)
    assert [accepted(here, account_id, one) for one in (OLD, NEW, NEWEST)] == [False, True, True]


def test_what_was_removed_is_refused_at_once(here: FakeWorld) -> None:
    account_id = account(here, **OLD)
    callbacks.remove(here, "ws_1", account_id, "x")
    assert not accepted(here, account_id, OLD)


class DownQueue:
    """A queue that takes nothing."""

    def send(self, messages: Sequence[tuple[Heard, float]]) -> None:
        raise Unavailable("sqs: 1 messages not taken")


def test_what_is_not_in_the_queue_is_no_success(here: FakeWorld) -> None:
    """The function fails, the gateway says 502, and the network calls again."""
    account_id = account(here, **OLD)
    down = dataclasses.replace(here, heard=DownQueue())  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        receive(down, "x", account_id, call(here, OLD))
    assert accepted(here, account_id, OLD)


def test_a_call_that_is_refused_costs_one_read(here: FakeWorld) -> None:
    account_id = account(here, **OLD)
    before = here.table.calls.copy()
    receive(here, "x", account_id, call(here, NEW))
    assert here.table.calls - before == {"get": 1}


@pytest.mark.parametrize("case", [case for case in TOLD if case.network in ("wechat", "wecom", "weibo", "feishu")])
def test_a_call_that_was_signed_long_ago_is_refused(case: Case) -> None:
    here, account_id = case.stage()
    late = dataclasses.replace(case.call(), at=case.at + timedelta(minutes=5, seconds=1))
    early = dataclasses.replace(case.call(), at=case.at - timedelta(minutes=5, seconds=1))
    for call in (late, early):
        assert receive(here, case.network, account_id, call) == REFUSED
