"""Every call of every data file: sent to the receiver, answered as its network wants, and read as it is meant."""

import dataclasses
import zlib
from base64 import b64decode

import pytest

from chalicelib.callbacks import callbacks
from chalicelib.service import ingest
from chalicelib.service.receive import REFUSED, receive
from tests.callbacks.cases import Case, another, load, networks_that_call, networks_with_data, show


def test_every_network_that_calls_has_its_calls_on_file() -> None:
    assert networks_with_data() == networks_that_call()


@pytest.mark.parametrize("case", load(), ids=str)
def test_the_secrets_on_file_are_such_as_can_be_set_up(case: Case) -> None:
    how = callbacks(case.network)
    needed = {name for name in how.secrets if not name.endswith("?")}
    known = {name.rstrip("?") for name in (*how.secrets, *how.makes)}

    assert needed <= case.secrets.keys() <= known
    assert how.faults(case.secrets) == []


@pytest.mark.parametrize("case", load(), ids=str)
def test_a_call_is_answered_and_read_as_its_network_means_it(case: Case) -> None:
    world, account_id = case.stage()
    call = case.call()

    assert receive(world, case.network, account_id, call) == case.answer

    heard = world.heard.receive()
    is_told = "seen" in case.about or "unreadable" in case.about
    assert len(heard) == (1 if is_told else 0)
    for message in heard:
        assert zlib.decompress(b64decode(message.body)) == case.plain
        events, unreadable = ingest.read("1", message)
        assert [show(event.seen) for event in events] == case.about.get("seen", [])
        assert unreadable == case.about.get("unreadable", 0)
        assert [event.seen for event in ingest.read("2", message)[0]] == [event.seen for event in events]


@pytest.mark.parametrize("case", [case for case in load() if case.answer != REFUSED], ids=str)
def test_a_call_means_nothing_to_a_callback_with_other_secrets(case: Case) -> None:
    others = {name: another(value) for name, value in case.secrets.items()}
    world, account_id = dataclasses.replace(case, about={**case.about, "secrets": others}).stage()
    call = case.call()

    answer = receive(world, case.network, account_id, call)

    assert answer == REFUSED if call.method == "POST" else answer != case.answer
    assert world.heard.receive() == []
