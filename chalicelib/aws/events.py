"""What AWS hands to our functions, and what it wants back."""

import base64
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.aws.rows import PUT_BACK, Row, item_of
from chalicelib.aws.sqs import errand_of, heard_of, probe_of, wake_of
from chalicelib.ports import Change, Errand, Heard, Item, Probe, Wake

log = logging.getLogger(__name__)
M = TypeVar("M")
A = TypeVar("A")
B = TypeVar("B")

THREADS = 10
"""As many as a client of AWS has connections, unless it is told otherwise:
https://docs.aws.amazon.com/botocore/latest/reference/config.html (from memory)."""


def each_wake(event: dict[str, Any], handle: Callable[[Wake], None]) -> dict[str, Any]:
    """Handle all wakes of a batch side by side, since each may sleep until its instant; name those that failed."""
    return _each(event, wake_of, handle)


def each_errand(event: dict[str, Any], handle: Callable[[Errand], None]) -> dict[str, Any]:
    """Handle all errands of a batch side by side, since each waits for its receiver; name those that failed."""
    return _each(event, errand_of, handle)


def each_probe(event: dict[str, Any], handle: Callable[[Probe], None]) -> dict[str, Any]:
    """Handle the probes of a batch; name those that failed. What S3 sends to try the queue out asks for nothing."""
    told = [record for record in event["Records"] if '"s3:TestEvent"' not in record["body"]]
    return _each({"Records": told}, probe_of, handle) if told else {"batchItemFailures": []}


def all_heard(event: dict[str, Any], handle: Callable[[dict[str, Heard]], list[str]]) -> dict[str, Any]:
    """Handle a batch of callbacks together, by the id of the message; name those that have to come again."""
    heard, failed = dict[str, Heard](), list[str]()
    for record in event["Records"]:
        try:
            heard[record["messageId"]] = heard_of(record["body"])
        except ValueError:
            log.exception("message_failed", extra={"message_id": record["messageId"]})
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in [*failed, *handle(heard)]]}


def _each(event: dict[str, Any], read: Callable[[str], M], handle: Callable[[M], None]) -> dict[str, Any]:
    """What SQS wants to hear of a batch.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting,
    read 2026-11-22.
    """
    records = event["Records"]
    with ThreadPoolExecutor(max_workers=len(records)) as pool:
        done = pool.map(lambda record: _handled(record, read, handle), records)
    failed = [record["messageId"] for record, well in zip(records, done, strict=True) if not well]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: dict[str, Any], read: Callable[[str], M], handle: Callable[[M], None]) -> bool:
    try:
        handle(read(record["body"]))
    except Exception:
        log.exception("message_failed", extra={"message_id": record["messageId"]})
        return False
    return True


def changes_in(event: dict[str, Any]) -> list[Change]:
    """The writes that a batch of the table's stream tells of, oldest first; not what a backup put back.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html, read 2026-11-22: bytes come in base 64.
    """
    told = [record["dynamodb"] for record in event["Records"]]
    records = [each for each in told if each.get("NewImage", {}).get("mark") != PUT_BACK]
    return [Change(_image(record.get("OldImage")), _image(record.get("NewImage"))) for record in records]


def _image(row: Row | None) -> Item | None:
    if not row:
        return None
    return item_of({name: {"B": base64.b64decode(at["B"])} if "B" in at else at for name, at in row.items()})


def side_by_side(act: Callable[[A], B], things: Iterable[A]) -> list[B]:
    """As `map`, on several at once: for what mostly waits. All are begun; what one raises is raised after that."""
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        begun = [pool.submit(act, thing) for thing in things]  # `pool.map` calls off the others where one fails
    return [one.result() for one in begun]


def minute_in(event: dict[str, Any]) -> datetime:
    """The due minute that an alarm was set for."""
    return datetime.fromisoformat(event["minute"])
