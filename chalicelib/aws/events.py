"""What AWS hands to our functions, and what it wants back."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from chalicelib.aws.sqs import wake_of
from chalicelib.ports import Wake

log = logging.getLogger(__name__)


def each_wake(event: dict[str, Any], handle: Callable[[Wake], None]) -> dict[str, Any]:
    """Handle all messages of a batch side by side, since each may sleep until its instant; name those that failed.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting,
    read 2026-11-22.
    """
    records = event["Records"]
    with ThreadPoolExecutor(max_workers=len(records)) as pool:
        done = pool.map(lambda record: _handled(record, handle), records)
    failed = [record["messageId"] for record, well in zip(records, done, strict=True) if not well]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: dict[str, Any], handle: Callable[[Wake], None]) -> bool:
    try:
        handle(wake_of(record["body"]))
    except Exception:
        log.exception("message_failed", extra={"message": record["messageId"]})
        return False
    return True


def minute_in(event: dict[str, Any]) -> datetime:
    """The due minute that an alarm was set for."""
    return datetime.fromisoformat(event["minute"])
