"""Dead letters of the deployed service, and their way back."""

import time

import pytest

from chalicelib.aws.sqs import body_of
from chalicelib.ports import Wake
from infra.local import Service
from infra.redrive import redrive

pytestmark = pytest.mark.e2e

WAKE = Wake("ws_1", "post_1", "tgt_1", 3)


def test_a_dead_letter_is_given_back_and_done_with(service: Service) -> None:
    sqs, dead = service.client("sqs"), service.outputs["PublishDeadLettersUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody=body_of(WAKE))
    told = list[str]()
    assert redrive(service.stack, "publish", told.append) == 1
    assert told == ["moved  target tgt_1 of post post_1 in ws_1, version 3"]
    assert "Messages" not in sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1)
    assert emptied(service, "PublishQueueUrl")


def emptied(service: Service, name: str) -> bool:
    """Whether soon nothing is left on a queue, what is being worked on included."""
    for _ in range(60):
        url, names = service.outputs[name], ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = service.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if all(found[one] == "0" for one in names):
            return True
        time.sleep(0.5)
    return False
