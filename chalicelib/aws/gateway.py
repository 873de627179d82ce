"""HTTP as API Gateway hands it to a function, for what answers without a framework.

https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html, read 2026-11-23.
"""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.callbacks.base import Incoming, Response

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answered(event: dict[str, Any], now: datetime, receive: Callable[[str, str, Incoming], Response]) -> dict[str, Any]:
    """The answer to a network's call, for the gateway."""
    path = event.get("pathParameters") or {}
    response = receive(path.get("platform", ""), path.get("account_id", ""), _incoming(event, now))
    headers = {**HEADERS, "Content-Type": response.content_type}
    return {"statusCode": response.status, "headers": headers, "body": response.body, "isBase64Encoded": False}


def _incoming(event: dict[str, Any], now: datetime) -> Incoming:
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    headers = dict[str, tuple[str, ...]]()
    for name, values in _many(event, "headers", "multiValueHeaders").items():
        headers[name.lower()] = (*headers.get(name.lower(), ()), *values)
    query = {name: tuple(values) for name, values in _many(event, "queryStringParameters", _QUERY).items()}
    return Incoming(event["httpMethod"], now, headers, query, raw)


_QUERY = "multiValueQueryStringParameters"


def _many(event: dict[str, Any], one: str, many: str) -> dict[str, list[str]]:
    return event.get(many) or {name: [value] for name, value in (event.get(one) or {}).items()}
