"""A message that nobody can read: the others go on, it ends among the dead letters, and it can be put back."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.local import Service
from infra.redrive import redrive
from tests.e2e.tenant import Tenant, eventually

pytestmark = pytest.mark.e2e

POISON = "this is not one of ours"


@pytest.fixture
def impatient(service: Service) -> Iterator[Any]:
    """The queue, which gives a message that failed again after a second instead of six minutes."""
    sqs, queue = service.client("sqs"), service.outputs["PublishQueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    yield sqs
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)
    sqs.purge_queue(QueueUrl=service.outputs["PublishDeadLettersUrl"])


def test_a_poisoned_message_becomes_a_dead_letter_and_can_be_put_back(
    service: Service, owner: Tenant, account: str, impatient: Any
) -> None:
    impatient.send_message(QueueUrl=service.outputs["PublishQueueUrl"], MessageBody=POISON)
    post = owner.ended(owner.post([account], publish="now"))
    assert post["status"] == "published"
    eventually(lambda: dead_letters(service), lambda count: count == 1, within=60)

    said: list[str] = []
    assert redrive(service.stack, "publish", said.append)

    assert POISON in said[0]
    assert said[-1] == "1 of 1 dead letters are back on their queue."
    # It was on the queue again, for the function failed at it again.
    eventually(lambda: dead_letters(service), lambda count: count == 1, within=60)
    assert len(owner.texts(account)) == 1


def dead_letters(service: Service) -> int:
    """How many messages the publisher gave up."""
    url = service.outputs["PublishDeadLettersUrl"]
    names = ["ApproximateNumberOfMessages"]
    found = service.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return int(found["Attributes"][names[0]])
