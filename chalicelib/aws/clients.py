"""AWS clients: made at first use, once per process, with time-outs that fit into a Lambda's own."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from chalicelib.core.errors import Unavailable

Client = Callable[[], Any]
"""Gives a boto3 client; making one costs tens of milliseconds, so nobody asks before there is something to send."""

CONNECT_SECONDS = 1
READ_SECONDS = 4
ATTEMPTS = 3

OWN: dict[str, dict[str, Any]] = {
    # A function is called to work for us, and works once.
    # Addresses that others use have to be signed by SigV4, and bodies from files have no checksum at their end.
    # A name under the global endpoint leads nowhere while a bucket is new.
    "lambda": {"read_timeout": 60, "retries": {"total_max_attempts": 1}},
    "s3": {
        "signature_version": "s3v4",
        "request_checksum_calculation": "when_required",
        "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    },
}
"""What single services need besides."""

_made: dict[str, Any] = {}
_making = Lock()


def client(service: str) -> Client:
    """The process's client for an AWS service, made when it is first asked for."""

    def made() -> Any:
        with _making:  # one client per process, whoever asks first
            if service not in _made:
                _made[service] = make(service)
            return _made[service]

    return made


def make(service: str, **options: Any) -> Any:
    """A new client for an AWS service, with our time-outs and retries."""
    # What boto3 lays over botocore, transfers to S3 above all, is a quarter of a cold start, and nothing here needs it.
    from botocore.config import Config
    from botocore.session import get_session

    common: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        # standard, not adaptive: adaptive slows down the calls of the whole process after one throttled one
        # https://docs.aws.amazon.com/boto3/latest/guide/retries.html, read 2026-11-22
        "retries": {"mode": "standard", "total_max_attempts": ATTEMPTS},
    }
    config = Config(**common | OWN.get(service, {}))
    return get_session().create_client(service, config=config, **options)


@contextmanager
def answering(service: str) -> Iterator[None]:
    """Turns what botocore raises into `Unavailable`, named by the service and the kind of failure alone."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as refusal:
        raise Unavailable(f"{service}: {code(refusal)}") from refusal
    except BotoCoreError as silence:
        raise Unavailable(f"{service}: {type(silence).__name__}") from silence


def code(refusal: Any) -> str:
    """AWS's name for an error, e.g. `ConditionalCheckFailedException`."""
    return str(refusal.response["Error"]["Code"])


def rest(attempt: int) -> None:
    """A pause of up to 50 ms, doubling with each attempt: full jitter keeps rivals from meeting again."""
    time.sleep(secrets.randbelow(1000) / 1000 * 0.05 * 2**attempt)
