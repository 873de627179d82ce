"""Signs calls as the networks do, each by its own documents and without the product's code; times are the calls'."""

import base64
import dataclasses
import hmac
from collections.abc import Callable

from chalicelib.callbacks.base import Incoming

Sign = Callable[[Incoming, dict[str, str]], Incoming]


def with_headers(call: Incoming, **headers: str) -> Incoming:
    """The call with more headers; `_` in a name stands for `-`."""
    more = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return dataclasses.replace(call, headers={**call.headers, **more})


def seconds(call: Incoming) -> str:
    """When the call is sent, in seconds since 1970."""
    return str(int(call.at.timestamp()))


def mac(secret: str | bytes, said: bytes, algorithm: str = "sha256") -> hmac.HMAC:
    """An HMAC."""
    return hmac.new(secret.encode() if isinstance(secret, str) else secret, said, algorithm)


def x(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://docs.x.com/x-api/webhooks/introduction"""
    said = base64.b64encode(mac(keys["consumer_secret"], call.body).digest()).decode()
    return with_headers(call, x_twitter_webhooks_signature=f"sha256={said}")


def standard(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
    id = call.headers.get("webhook-id", ("msg_1",))[0]
    key = base64.b64decode(keys["signing_secret"].removeprefix("whsec_"))
    said = mac(key, f"{id}.{seconds(call)}.".encode() + call.body).digest()
    signature = f"v1,{base64.b64encode(said).decode()}"
    return with_headers(call, webhook_id=id, webhook_timestamp=seconds(call), webhook_signature=signature)


def meta(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads"""
    return with_headers(call, x_hub_signature_256=f"sha256={mac(keys['app_secret'], call.body).hexdigest()}")


SIGN: dict[str, Sign] = {
    "facebook": meta,
    "instagram": meta,
    "standard": standard,
    "threads": meta,
    "x": x,
}
"""How the calls of each network are signed."""
