"""Queues on SQS, and what their messages look like on both sides."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import unquote_plus

from chalicelib.aws.clients import Client, answering, client, rest
from chalicelib.core.errors import Unavailable
from chalicelib.ports import Errand, Heard, Probe, Wake

M = TypeVar("M", bound=NamedTuple)

BATCH = 10
MAX_DELAY_SECONDS = 900
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, read 2026-11-22."""
TRIES = 3


def body_of(message: NamedTuple) -> str:
    """A message as text."""
    return json.dumps(message._asdict(), separators=(",", ":"))


def wake_of(body: str) -> Wake:
    """The wake that `body_of` wrote; ValueError where it is none."""
    return _read(Wake, body)


def errand_of(body: str) -> Errand:
    """The errand that `body_of` wrote; ValueError where it is none."""
    return _read(Errand, body)


def heard_of(body: str) -> Heard:
    """The callback that `body_of` wrote; ValueError where it is none."""
    return _read(Heard, body)


def probe_of(body: str) -> Probe:
    """The probe that `body_of` wrote, or that S3 tells of; ValueError where it is none."""
    document = json.loads(body)
    return _uploaded(document) if isinstance(document, dict) and "Records" in document else _read(Probe, body)


def _uploaded(event: dict[str, Any]) -> Probe:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html: one record each."""
    try:
        _, workspace_id, medium_id = unquote_plus(event["Records"][0]["s3"]["object"]["key"]).split("/")
    except (KeyError, IndexError, TypeError, ValueError) as fault:
        raise ValueError("the message tells of no upload") from fault
    return Probe(workspace_id, medium_id)


def _read(kind: type[M], body: str) -> M:
    wrong = f"the message is no {kind.__name__.lower()}"
    make: Callable[..., M] = kind
    try:
        message = make(**json.loads(body))
    except (TypeError, ValueError) as fault:
        raise ValueError(wrong) from fault
    if any(type(value) is not kind.__annotations__[name] for name, value in message._asdict().items()):
        raise ValueError(wrong)
    return message


def whole_delay(seconds: float) -> int:
    """A delay that SQS can keep: whole seconds, rounded down, 0 to 900."""
    return max(0, min(MAX_DELAY_SECONDS, math.floor(seconds)))


class SqsQueue(Generic[M]):
    """A `Queue` on SQS."""

    def __init__(self, url: str, sqs: Client | None = None) -> None:
        self._url = url
        self._sqs = sqs or client("sqs")

    def send(self, messages: Sequence[tuple[M, float]]) -> None:
        """Deliver each message after its delay in seconds, rounded down, 0 to 900. At least once, any order."""
        for start in range(0, len(messages), BATCH):
            self._send([_entry(str(n), *message) for n, message in enumerate(messages[start : start + BATCH])])

    def _send(self, entries: list[dict[str, Any]]) -> None:
        for attempt in range(TRIES):
            with answering("sqs"):
                answer = self._sqs().send_message_batch(QueueUrl=self._url, Entries=entries)
            failed = {failure["Id"]: failure["Code"] for failure in answer.get("Failed", ())}
            if not failed:
                return
            entries = [entry for entry in entries if entry["Id"] in failed]
            rest(attempt)
        raise Unavailable(f"sqs: {len(failed)} messages not taken: {', '.join(sorted(set(failed.values())))}")


def _entry(id: str, message: NamedTuple, delay: float) -> dict[str, Any]:
    return {"Id": id, "MessageBody": body_of(message), "DelaySeconds": whole_delay(delay)}
