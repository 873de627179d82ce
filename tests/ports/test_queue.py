"""What every publish queue promises."""

from base64 import b64encode
from os import urandom
from typing import Any
from zlib import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.clients import make
from chalicelib.aws.events import all_heard
from chalicelib.aws.sqs import SqsQueue, body_of, heard_of, wake_of, whole_delay
from chalicelib.core.errors import Unavailable
from chalicelib.ports import Heard, Wake
from chalicelib.service.receive import MOST_BYTES
from tests.fakes import START, FakeClock, FakeQueue, ScriptedClient

WAKE = Wake("ws_1", "post_1", "tgt_1", 3)
HEARD = Heard("ws_1", "acc_1", "wechat", "2026-11-22T09:00:00.000Z", "{}", "eJwDAAAAAAE=")


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [(-5, 0), (0, 0), (0.999, 0), (1, 1), (59.999, 59), (899.9, 899), (900, 900), (900.1, 900), (1e9, 900)],
)
def test_delays_are_rounded_down_into_what_the_queue_can_keep(delay: float, seconds: int) -> None:
    assert whole_delay(delay) == seconds


@given(st.builds(Wake, st.text(), st.text(), st.text(), st.integers()))
def test_a_wake_survives_its_way_through_a_message(wake: Wake) -> None:
    assert wake_of(body_of(wake)) == wake


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "[1, 2, 3, 4]",
        '"x"',
        '{"workspace_id": "a", "post_id": "b", "target_id": "c"}',
        '{"workspace_id": "a", "post_id": "b", "target_id": "c", "version": "3"}',
        '{"workspace_id": "a", "post_id": "b", "target_id": "c", "version": true}',
        '{"workspace_id": "a", "post_id": "b", "target_id": 5, "version": 3}',
        '{"workspace_id": "a", "post_id": "b", "target_id": "c", "version": 3, "more": 1}',
    ],
)
def test_a_message_that_is_no_wake_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match="no wake"):
        wake_of(body)


@given(st.builds(Heard, *[st.text()] * 6))
def test_what_was_heard_survives_its_way_through_a_message(heard: Heard) -> None:
    assert heard_of(body_of(heard)) == heard


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "{}", body_of(WAKE), body_of(HEARD)[:-1] + ',"more":"1"}', body_of(HEARD).replace('"{}"', "{}")],
    ids=["nothing", "null", "list", "empty", "wake", "more", "object"],
)
def test_a_message_of_which_nothing_was_heard_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match="no heard"):
        heard_of(body)


def test_one_message_that_is_nothing_heard_does_not_hold_up_the_others() -> None:
    records = [
        {"messageId": str(n), "body": body} for n, body in enumerate((body_of(HEARD), "nonsense", body_of(HEARD)))
    ]
    handled: list[dict[str, Heard]] = []

    def handle(messages: dict[str, Heard]) -> list[str]:
        handled.append(messages)
        return ["2"]

    answer = all_heard({"Records": records}, handle)

    assert handled == [{"0": HEARD, "2": HEARD}]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]}


@pytest.mark.aws
@pytest.mark.usefixtures("moto")
def test_the_longest_call_that_is_taken_fits_into_a_message_of_sqs() -> None:
    """In the worst case it cannot be compressed, and base 64 makes it a third longer."""
    sqs = make("sqs")
    url = sqs.create_queue(QueueName="engagement")["QueueUrl"]
    longest = HEARD._replace(body=b64encode(compress(urandom(MOST_BYTES))).decode())
    SqsQueue[Heard](url, lambda: sqs).send([(longest, 0)])
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert heard_of(message["Body"]) == longest


def test_a_wake_in_memory_becomes_visible_after_its_delay_and_once() -> None:
    clock = FakeClock()
    queue = FakeQueue[Wake](clock)
    queue.send([(WAKE, 30.9), (WAKE._replace(version=4), -1)])
    assert [wake.version for wake in queue.receive()] == [4]
    assert (clock.advance(29) - START).seconds == 29
    assert queue.receive() == []
    clock.advance(1)
    assert queue.receive() == [WAKE]
    assert (queue.receive(), queue.next_at) == ([], None)


@pytest.mark.aws
@pytest.mark.usefixtures("moto")
def test_wakes_arrive_in_sqs_with_their_delays() -> None:
    sqs = make("sqs")
    url = sqs.create_queue(QueueName="publish")["QueueUrl"]
    wakes = [(WAKE._replace(version=n), 0.9 if n < 23 else 500.0) for n in range(25)]
    SqsQueue[Wake](url, lambda: sqs).send(wakes)
    got: list[Wake] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        got += [wake_of(message["Body"]) for message in messages]
    assert sorted(wake.version for wake in got) == list(range(23))
    waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert waiting["ApproximateNumberOfMessagesDelayed"] == "2"


def test_nothing_to_send_sends_nothing() -> None:
    client = ScriptedClient()
    SqsQueue[Wake]("url", lambda: client).send([])
    assert client.calls == []


def failed(*ids: str) -> dict[str, Any]:
    return {"Failed": [{"Id": id, "Code": "InternalError", "SenderFault": False} for id in ids]}


def test_only_messages_that_were_not_taken_are_sent_again() -> None:
    client = ScriptedClient(failed("1", "2"), failed("2"), {})
    SqsQueue[Wake]("url", lambda: client).send([(WAKE._replace(version=n), n) for n in range(3)])
    sent = [[entry["DelaySeconds"] for entry in call["Entries"]] for call in client.calls]
    assert sent == [[0, 1, 2], [1, 2], [2]]


def test_messages_that_are_never_taken_are_reported() -> None:
    client = ScriptedClient(*[failed("0")] * 3)
    with pytest.raises(Unavailable, match="sqs: 1 messages not taken: InternalError"):
        SqsQueue[Wake]("url", lambda: client).send([(WAKE, 0)])
    assert client.answers == []
