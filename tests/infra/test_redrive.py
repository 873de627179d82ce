"""Dead letters find their way back: sent before deleted, each told, none of them lost."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.aws.events import each_wake
from chalicelib.aws.sqs import body_of
from chalicelib.ports import Errand, Wake
from infra.redrive import NoService, main, redrive, stack_of
from infra.stack import Stack

WAKE = Wake("ws_1", "post_1", "tgt_1", 3)
ERRAND = Errand("ws_1", "wh_1", "msg_1", 1)


@dataclasses.dataclass(frozen=True)
class Queues(Stack):
    """A stack of four queues and nothing else; `without` is a call that fails."""

    name: str = "carillon-test"
    session: boto3.Session = dataclasses.field(default_factory=boto3.Session)
    urls: dict[str, str] = dataclasses.field(default_factory=dict)
    without: str = ""

    def outputs(self) -> dict[str, str]:
        return self.urls

    def client(self, service: str) -> Any:
        made = super().client(service)
        if self.without:
            setattr(made, self.without, lambda **_: refuse())
        return made

    def put(self, name: str, *messages: Wake | Errand | str) -> None:
        """Lay messages on a queue."""
        for message in messages:
            body = message if isinstance(message, str) else body_of(message)
            super().client("sqs").send_message(QueueUrl=self.urls[name], MessageBody=body)

    def on(self, name: str) -> list[str]:
        """What lies on a queue, seen or not."""
        sqs, found = super().client("sqs"), list[str]()
        while messages := sqs.receive_message(QueueUrl=self.urls[name], MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in messages]
        return sorted(found)

    def count(self, name: str) -> int:
        """How many messages a queue holds, those that are hidden included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = super().client("sqs")
        counts = sqs.get_queue_attributes(QueueUrl=self.urls[name], AttributeNames=names)["Attributes"]
        return sum(int(counts[one]) for one in names)


def refuse() -> None:
    raise ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "not now"}}, "SQS")


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        sqs = boto3.client("sqs")
        names = [f"{queue}{kind}" for queue in ("Publish", "Deliver") for kind in ("Queue", "DeadLetters")]
        urls = {f"{name}Url": sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}
        yield Queues(urls=urls)


def test_dead_wakes_go_back_to_the_publish_queue_and_each_is_told(queues: Queues) -> None:
    wakes = [WAKE._replace(version=number) for number in range(25)]
    queues.put("PublishDeadLettersUrl", *wakes)
    told = list[str]()
    assert redrive(queues, "publish", told.append) == 25
    assert queues.on("PublishQueueUrl") == sorted(map(body_of, wakes))
    assert queues.count("PublishDeadLettersUrl") == 0
    assert "moved  target tgt_1 of post post_1 in ws_1, version 24" in told


def test_dead_errands_go_back_to_the_deliver_queue(queues: Queues) -> None:
    queues.put("DeliverDeadLettersUrl", ERRAND)
    told = list[str]()
    assert redrive(queues, "deliver", told.append) == 1
    assert told == ["moved  delivery msg_1 to webhook wh_1 in ws_1"]
    assert queues.on("DeliverQueueUrl") == [body_of(ERRAND)]


def test_what_nobody_can_read_stays_where_it_is_and_does_not_hold_up_the_others(queues: Queues) -> None:
    queues.put("PublishDeadLettersUrl", "rubbish", WAKE, ERRAND)
    told = list[str]()
    assert redrive(queues, "publish", told.append) == 1
    assert queues.count("PublishDeadLettersUrl") == 2
    assert sum("nobody can read it" in line for line in told) == 2


def test_no_more_are_moved_than_asked_for(queues: Queues) -> None:
    queues.put("PublishDeadLettersUrl", *[WAKE._replace(version=number) for number in range(25)])
    assert redrive(queues, "publish", print, most=12) == 12
    assert (queues.count("PublishDeadLettersUrl"), queues.count("PublishQueueUrl")) == (13, 12)


@pytest.mark.parametrize(("without", "alive"), [("send_message", 0), ("delete_message", 1)])
def test_a_move_that_breaks_off_loses_nothing(queues: Queues, without: str, alive: int) -> None:
    queues.put("PublishDeadLettersUrl", WAKE)
    with pytest.raises(ClientError):
        redrive(dataclasses.replace(queues, without=without), "publish", print)
    assert (queues.count("PublishDeadLettersUrl"), queues.count("PublishQueueUrl")) == (1, alive)


def test_without_a_stage_it_is_the_service_that_runs_here(tmp_path: Path) -> None:
    announced = tmp_path / "service.json"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    announced.write_text(json.dumps({"environment": {**keys, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}}))
    stack = stack_of(None, announced)
    assert (stack.name, stack.endpoint, stack.session.region_name) == (
        "carillon-local",
        "http://127.0.0.1:4566",
        "us-east-1",
    )
    assert stack_of("prod", announced).name == "carillon-prod"


def test_where_nothing_runs_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoService, match="make run"):
        stack_of(None, tmp_path / "service.json")


def test_only_queues_that_can_be_given_anything_back_are_known() -> None:
    with pytest.raises(SystemExit):
        main(["tell"])


def test_a_message_that_nobody_can_read_fails_alone() -> None:
    done = list[Wake]()
    batch = {"m1": body_of(WAKE), "m2": "this is not one of ours", "m3": body_of(WAKE._replace(version=4))}
    event = {"Records": [{"messageId": id, "body": body} for id, body in batch.items()]}
    assert each_wake(event, done.append) == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    assert sorted(wake.version for wake in done) == [3, 4]
