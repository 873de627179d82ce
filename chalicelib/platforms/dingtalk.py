"""DingTalk group bot: markdown of about 20,000 bytes with a title for the notification, pictures by URL.

A bot is guarded by words that each message must have, by addresses, or by a signature with its `secret`; the signature
holds for an hour, by DingTalk's own clock. A bot that speaks more than 20 times a minute is not heard for ten minutes.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.core.conversation import Connected, Conversation, Effect, Job, Request, Secret
from chalicelib.core.errors import Rejected
from chalicelib.core.options import Check, Kind, one_of, texts
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Media, Medium, Rules, Source, Text, Thread, Title
from chalicelib.platforms.base import Auth
from chalicelib.platforms.kinds import OneWay
from chalicelib.platforms.words import Meaning, clock_of, fingerprint, needed

CITED = Source("https://open.dingtalk.com/document/orgapp/custom-robot-access", "2026-11-22", "secondary")
HABIT = Source(CITED.url, "2026-11-22", "default")

Json = dict[str, Any]

SITE = "https://oapi.dingtalk.com"
SEND = f"{SITE}/robot/send"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNSAFE, LACKS_WORD = "310000", "关键词"
OPTIONS: dict[str, Kind] = {
    "at_mobiles": Check(texts, "a list of telephone numbers"),
    "at_user_ids": Check(texts, "a list of user ids"),
    "at_all": Check(one_of(True, False), "true or false"),
}
"""Whom the first message calls."""
ERRORS: dict[str, Meaning] = {
    "-1": "retry",
    **dict.fromkeys(("130101", "410100"), "limited"),
    **dict.fromkeys(("300001", "300005", "400013", "400101", "400102", "400106"), "reconnect"),
    **dict.fromkeys(("40035", "43004", "310000", "400105", "430101", "430102", "430103", "430104"), "rejected"),
}
"""https://open.dingtalk.com/document/orgapp/custom-robot-access, in copies and by habit, 2026-11-22."""


class DingTalk(OneWay):
    """Messages of a group bot."""

    name = "dingtalk"
    title = "DingTalk 钉钉"
    auth = Auth("webhook_url", ("webhook_url", "secret?"))
    tested = "recorded answers"
    errors = ERRORS
    options = OPTIONS
    pause = timedelta(minutes=10)
    rules = Rules(
        platform="dingtalk",
        source=CITED,
        text=Text(unit="utf8", limit=20_000, markup="markdown"),
        title=Title(mode="required", limit=100),
        thread=Thread(mode="message"),
        media=Media(mixed=("image", "gif")),
        image=Medium(count=None),
        gif=Medium(count=None),
        sources={"text.limit": HABIT, "title.limit": HABIT, "image": HABIT, "gif": HABIT},
    )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """The bot's address, or the token in it; `secret` where its messages have to be signed."""
        (given,) = needed(credentials, "webhook_url")
        token = parse_qs(urlsplit(given).query).get("access_token", [""])[0] if given.startswith(SEND) else given
        if not token or "/" in token:
            raise Rejected("wrong_server", f"the address of a bot of {self.title} begins with {SEND}?access_token=")
        secret = credentials.get("secret", "").strip()
        secrets = {"access_token": token, **({"secret": secret} if secret else {})}
        params = yield from _signed(secrets)
        no = yield from self.probed(Request("POST", SEND, params=params, json={"msgtype": "none"}))
        if no.code == UNSAFE and LACKS_WORD not in no.message:
            raise no
        return Connected(self.title, fingerprint(token), secrets=secrets)

    def requests(self, job: Job) -> Conversation[list[Request]]:
        """A markdown message each; whoever is called is called once."""
        params = yield from _signed(job.account.secrets)
        return [
            Request(
                "POST",
                SEND,
                params=params,
                json=_message(job, part, {} if number else job.rendition.options),
                effect=Effect.CREATE,
                part=number,
                keep=("errcode",),
            )
            for number, part in enumerate(job.rendition.parts)
        ]


def _message(job: Job, part: Part, called: Mapping[str, Any]) -> Json:
    """Those who are called have to stand in the text as well."""
    mobiles, users = called.get("at_mobiles", []), called.get("at_user_ids", [])
    pictures = [f"![{_plain(media.alt_text or '')}]({_address(media.url)})" for media in part.media]
    names = " ".join(f"@{one}" for one in (*mobiles, *users))
    text = "\n\n".join(filter(None, (part.wire or part.text, *pictures, names)))
    at = {"atMobiles": mobiles, "atUserIds": users, "isAtAll": bool(called.get("at_all"))}
    return {"msgtype": "markdown", "markdown": {"title": job.rendition.title, "text": text}, "at": at}


def _plain(text: str) -> str:
    return re.sub(r"[\[\]\\\n]", " ", text)


def _address(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29")


def _signed(secrets: dict[str, str]) -> Conversation[dict[str, str]]:
    """The token, and the signature of the moment. Neither it nor its time is what a message is recognised by."""
    token: dict[str, str] = {"access_token": Secret(secrets["access_token"])}
    if "secret" not in secrets:
        return token
    moment = str(((yield from clock_of(SITE)) - EPOCH) // timedelta(milliseconds=1))
    signature = hmac.digest(secrets["secret"].encode(), f"{moment}\n{secrets['secret']}".encode(), "sha256")
    return {**token, "timestamp": Secret(moment), "sign": Secret(b64encode(signature).decode())}


platform = DingTalk()
