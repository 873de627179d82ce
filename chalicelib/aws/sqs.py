"""The publish queue on SQS, and what its messages look like on both sides."""

import json
import math
from collections.abc import Sequence
from typing import Any

from chalicelib.aws.clients import Client, answering, client, rest
from chalicelib.core.errors import Unavailable
from chalicelib.ports import Wake

BATCH = 10
MAX_DELAY_SECONDS = 900
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, read 2026-11-22."""
TRIES = 3


def body_of(wake: Wake) -> str:
    """A wake as the text of a message."""
    return json.dumps(wake._asdict(), separators=(",", ":"))


def wake_of(body: str) -> Wake:
    """The wake that `body_of` wrote; ValueError where it is none."""
    try:
        fields = json.loads(body)
        wake = Wake(**fields)
    except (TypeError, ValueError) as fault:
        raise ValueError("the message is no wake") from fault
    words = (wake.workspace_id, wake.post_id, wake.target_id)
    if not all(isinstance(word, str) for word in words) or type(wake.version) is not int:
        raise ValueError("the message is no wake")
    return wake


def whole_delay(seconds: float) -> int:
    """A delay that SQS can keep: whole seconds, rounded down, 0 to 900."""
    return max(0, min(MAX_DELAY_SECONDS, math.floor(seconds)))


class SqsQueue:
    """A `Queue` on SQS."""

    def __init__(self, url: str, sqs: Client | None = None) -> None:
        self._url = url
        self._sqs = sqs or client("sqs")

    def send(self, wakes: Sequence[tuple[Wake, float]]) -> None:
        """Deliver each wake after its delay in seconds, rounded down, 0 to 900. At least once, any order."""
        for start in range(0, len(wakes), BATCH):
            self._send([_entry(str(n), *wake) for n, wake in enumerate(wakes[start : start + BATCH])])

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


def _entry(id: str, wake: Wake, delay: float) -> dict[str, Any]:
    return {"Id": id, "MessageBody": body_of(wake), "DelaySeconds": whole_delay(delay)}
