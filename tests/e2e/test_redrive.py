"""Dead letters of the deployed service, and their way back."""

import time
from collections.abc import Iterator

import pytest

from chalicelib.aws.sqs import body_of
from chalicelib.ports import Wake
from infra.local import Service
from infra.redrive import redrive
from tests.e2e.tenant import Tenant, eventually

pytestmark = pytest.mark.e2e

WAKE = Wake("ws_1", "post_1", "tgt_1", 3)
POISON = "this is not one of ours"


def test_a_dead_letter_is_given_back_and_done_with(service: Service) -> None:
    sqs, dead = service.client("sqs"), service.outputs["PublishDeadLettersUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody=body_of(WAKE))
    told = list[str]()
    assert redrive(service.stack, "publish", told.append) == 1
    assert told == ["moved  target tgt_1 of post post_1 in ws_1, version 3"]
    assert "Messages" not in sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1)
    assert emptied(service, "PublishQueueUrl")


@pytest.fixture
def impatient(service: Service) -> Iterator[str]:
    """The publish queue, which gives what failed again after a second instead of six minutes."""
    sqs, queue = service.client("sqs"), service.outputs["PublishQueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    yield queue
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)
    sqs.purge_queue(QueueUrl=service.outputs["PublishDeadLettersUrl"])


def test_a_poisoned_message_stops_nobody_and_ends_among_the_dead_letters(
    service: Service, owner: Tenant, account: str, impatient: str
) -> None:
    service.client("sqs").send_message(QueueUrl=impatient, MessageBody=POISON)
    post = owner.ended(owner.post([account], publish="now"))
    assert (post["status"], len(owner.texts(account))) == ("published", 1)
    eventually(lambda: dead_letters(service), lambda count: count == 1)
    told = list[str]()
    assert redrive(service.stack, "publish", told.append) == 0
    assert [(line.split()[0], POISON in line) for line in told] == [("left", True)]


def dead_letters(service: Service) -> int:
    """How many messages the publisher gave up, that can be seen."""
    url, name = service.outputs["PublishDeadLettersUrl"], "ApproximateNumberOfMessages"
    found = service.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(found["Attributes"][name])


def emptied(service: Service, name: str) -> bool:
    """Whether soon nothing is left on a queue, what is being worked on included."""
    for _ in range(60):
        url, names = service.outputs[name], ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = service.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if all(found[one] == "0" for one in names):
            return True
        time.sleep(0.5)
    return False
