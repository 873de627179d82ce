"""`python -m infra.redrive [publish|deliver|media] [--stage dev]`: give dead letters back to the queue they died on.

A message dies when it has failed five times. Mend what made it fail, then give it back. Each message is sent before it
is deleted, so none is lost and one may come twice: a wake or an errand that comes again, or too late, does nothing.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.sqs import BATCH, errand_of, probe_of, wake_of
from infra.stack import Stack

ANNOUNCED = Path(__file__).resolve().parent.parent / ".local" / "service.json"
QUEUES = {"publish": "Publish", "deliver": "Deliver", "media": "Media"}
"""What the stack's outputs begin with, by the name of the queue."""
MOST = 1000
HIDDEN_SECONDS = 120
"""How long nobody else sees a message that we move; it comes back by itself should we die."""


class NoService(Exception):
    """There is nothing whose dead letters could be moved; the message says what to do."""


def redrive(stack: Stack, queue: str, say: Callable[[str], object], most: int = MOST) -> int:
    """Move up to `most` dead letters back to their queue, telling what each is; how many were moved."""
    sqs, outputs = stack.client("sqs"), stack.outputs()
    dead, alive = outputs[f"{QUEUES[queue]}DeadLettersUrl"], outputs[f"{QUEUES[queue]}QueueUrl"]
    moved = 0
    for message in _received(sqs, dead, most):
        what = described(queue, message["Body"])
        if what is None:
            say(f"left   {message['MessageId']}: nobody can read it: {message['Body'][:80]!r}")
            continue
        sqs.send_message(QueueUrl=alive, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
        say(f"moved  {what}")
        moved += 1
    return moved


def described(queue: str, body: str) -> str | None:
    """What a message is about; None where it is none of ours, and would only die again."""
    try:
        if queue == "publish":
            wake = wake_of(body)
            return f"target {wake.target_id} of post {wake.post_id} in {wake.workspace_id}, version {wake.version}"
        if queue == "media":
            probe = probe_of(body)
            return f"medium {probe.medium_id} in {probe.workspace_id}"
        errand = errand_of(body)
    except ValueError:
        return None
    return f"delivery {errand.delivery_id} to webhook {errand.webhook_id} in {errand.workspace_id}"


def _received(sqs: Any, url: str, most: int) -> Iterator[dict[str, Any]]:
    """Each message once, until none is new or there were enough."""
    seen = set[str]()
    while len(seen) < most:
        asked = min(BATCH, most - len(seen))
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=asked, VisibilityTimeout=HIDDEN_SECONDS, WaitTimeSeconds=1
        )
        fresh = [message for message in answer.get("Messages", ()) if message["MessageId"] not in seen]
        if not fresh:
            return
        seen |= {message["MessageId"] for message in fresh}
        yield from fresh


def stack_of(stage: str | None, announced: Path = ANNOUNCED) -> Stack:
    """The stage's stack in AWS, or that of the service that `make run` runs."""
    if stage:
        return Stack(f"carillon-{stage}", boto3.Session())
    if not announced.exists():
        raise NoService("No service runs on this machine: `make run` starts one, STAGE=… names one in AWS.")
    environment = json.loads(announced.read_text())["environment"]
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    )
    return Stack("carillon-local", session, environment["AWS_ENDPOINT_URL"])


def main(words: list[str] | None = None) -> None:
    """Carry out one command."""
    parser = argparse.ArgumentParser(prog="infra.redrive", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("queue", nargs="?", choices=sorted(QUEUES), default="publish")
    parser.add_argument("--stage", help="names the stack in AWS: carillon-<stage>; without it, the local service")
    parser.add_argument("--most", type=int, default=MOST, help=f"messages to move at most; {MOST} unless told")
    asked = parser.parse_args(words)
    try:
        stack = stack_of(asked.stage)
        moved = redrive(stack, asked.queue, print, asked.most)
    except (NoService, ClientError, BotoCoreError) as failure:
        sys.exit(str(failure))
    print(f"{moved} dead letters of {stack.name} are back on the {asked.queue} queue.")


if __name__ == "__main__":
    main()
