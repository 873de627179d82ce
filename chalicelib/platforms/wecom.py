"""WeCom group bot: messages of 2,048 bytes of plain text, and a picture as a message of its own.

A picture travels inside its message, so it is fetched first. A bot may speak 20 times a minute.
"""

from base64 import b64encode
from hashlib import md5
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.core import post
from chalicelib.core.conversation import Connected, Conversation, Effect, Job, Request, Secret
from chalicelib.core.errors import Rejected
from chalicelib.core.options import Check, Kind, texts
from chalicelib.core.rules import Media, Medium, Rules, Source, Text, Thread
from chalicelib.platforms.base import Auth
from chalicelib.platforms.kinds import OneWay
from chalicelib.platforms.words import Meaning, by_status, fingerprint, needed

CITED = Source("https://developer.work.weixin.qq.com/document/path/91770", "2026-11-22", "secondary")

Json = dict[str, Any]

SEND = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
IMAGE_BYTES = 2_097_152
PEOPLE = "a list of texts"
OPTIONS: dict[str, Kind] = {"mentioned_list": Check(texts, PEOPLE), "mentioned_mobile_list": Check(texts, PEOPLE)}
"""Whom the first message calls, by user id or telephone number; `@all` is everybody. The network's own words."""
ERRORS: dict[str, Meaning] = {"-1": "retry", "40008": "rejected", "45009": "limited", "93000": "reconnect"}
"""https://developer.work.weixin.qq.com/document/path/90313, by habit."""


class WeCom(OneWay):
    """Messages of a group bot."""

    name = "wecom"
    title = "WeCom 企业微信"
    auth = Auth("webhook_url", ("webhook_url",))
    tested = "recorded answers"
    errors = ERRORS
    options = OPTIONS
    rules = Rules(
        platform="wecom",
        source=CITED,
        text=Text(unit="utf8", limit=2048),
        thread=Thread(mode="message"),
        media=Media(total=1),
        image=Medium(count=1, bytes=2_097_152, types=("jpeg", "png")),
    )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """The bot's address, or the key in it; a message of no kind shows whether it is a bot's."""
        (given,) = needed(credentials, "webhook_url")
        key = parse_qs(urlsplit(given).query).get("key", [""])[0] if given.startswith(f"{SEND}?") else given
        if not key or "/" in key:
            raise Rejected("wrong_server", f"the address of a bot of {self.title} begins with {SEND}?key=")
        yield from self.probed(_message(key, {"msgtype": "none"}))
        return Connected(self.title, fingerprint(key), secrets={"key": key})

    def requests(self, job: Job) -> Conversation[list[Request]]:
        """Each part's text and then its pictures; whoever is called is called once."""
        bodies: list[Json] = []
        for part in job.rendition.parts:
            if part.text:
                called = {name: job.rendition.options[name] for name in OPTIONS if name in job.rendition.options}
                text = {"content": part.text, **({} if bodies else called)}
                bodies += [{"msgtype": "text", "text": text}]
            for media in part.media:
                bodies += [(yield from _picture(media))]
        key = job.account.secrets["key"]
        return [
            _message(key, body, effect=Effect.CREATE, part=number, keep=("errcode",))
            for number, body in enumerate(bodies)
        ]


def _message(key: str, body: Json, **more: Any) -> Request:
    return Request("POST", SEND, params={"key": Secret(key)}, json=body, **more)


def _picture(media: post.Media) -> Conversation[Json]:
    reply = yield Request("GET", media.url, headers={"accept-encoding": "identity"})
    if reply.status == 429 or reply.status >= 500:
        raise by_status(reply)
    if not reply.ok or not 0 < len(reply.body) <= IMAGE_BYTES:
        raise Rejected("media_unusable", f"the picture could not be had, or is larger than {IMAGE_BYTES} bytes")
    digest = md5(reply.body, usedforsecurity=False).hexdigest()
    return {"msgtype": "image", "image": {"base64": b64encode(reply.body).decode(), "md5": digest}}


platform = WeCom()
