"""Bilibili: https://openhome.bilibili.com/doc, WebHooks, in copies read 2026-11-23: doc-895911 and doc-895917.

The copies are at https://apifox.com/apidoc/docs-site/1106400. Signed as calls to Bilibili are, by the app's secret.
What viewers do is not told of; that is polled.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Response, Told, document, json_answer
from chalicelib.callbacks.signatures import fresh, hmac_hex, needed, same
from chalicelib.core.engagement import Kind, Seen

SIGNED = tuple(
    f"x-bili-{name}"
    for name in (
        "accesskeyid",
        "content-md5",
        "signature-method",
        "signature-nonce",
        "signature-version",
        "timestamp",
    )
)
"""The headers that are signed, in order."""
BEIJING = timezone(timedelta(hours=8))
"""Where the events' times are from, by habit: they say no zone."""
BECAME: dict[str, Kind] = {"video_open": "published", "publish_video": "published", "video_fail": "removed"}
"""`video_fail` is the reviewers' no to a film that had been handed in."""


class Bilibili(Callbacks):
    """What became of films that were handed in."""

    name = "bilibili"
    title = "Bilibili 哔哩哔哩"
    secrets = ("app_secret",)
    setup = "openhome.bilibili.com: 管理中心, 应用管理, the app, Webhooks"

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The HMAC of the signed headers, one of which is the body's digest and one the time."""
        digest, timestamp = call.header("x-bili-content-md5"), call.header("x-bili-timestamp")
        lines = "\n".join(f"{name}:{call.header(name)}" for name in SIGNED if name in call.headers)
        secret = needed(keys, "app_secret")
        same(call.header("authorization"), hmac_hex(secret, lines.encode(errors="surrogatepass")))
        same(digest, hashlib.md5(call.body, usedforsecurity=False).hexdigest())
        fresh(timestamp, call.at)
        return call.body

    def greeting(self, told: Told, keys: Keys) -> Response | None:
        """The data of the first call, back again."""
        about = document(told.body)
        if about.get("event") != "verify_webhooks":
            return None
        return json_answer({"data": (about.get("content") or {}).get("data")})

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """Films are known by their BV number."""
        name, about = event["event"], event.get("content") or {}
        if name in BECAME and "resource_id" in about:
            film = about["resource_id"]
            at = datetime.strptime(event["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
            url = f"https://www.bilibili.com/video/{film}"
            yield Seen(
                BECAME[name], f"{name}:{film}:{event['timestamp']}", at, film, owner=about.get("openid"), url=url
            )


callbacks = Bilibili()
