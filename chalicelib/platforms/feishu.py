"""Feishu group bot: a request of 20 KiB in all, so 20,000 bytes of text; pictures would need an app's upload.

The same bots speak on Lark, at open.larksuite.com. A bot may be guarded by a signature with its `secret`, which holds
for an hour, by Feishu's own clock. It may speak 100 times a minute, and five times a second.
"""

import hmac
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core.conversation import Connected, Conversation, Effect, Job, Request, Secret
from chalicelib.core.errors import Rejected
from chalicelib.core.options import Check, Kind, one_of
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Rules, Source, Text, Thread, Title
from chalicelib.platforms.base import Auth
from chalicelib.platforms.kinds import OneWay
from chalicelib.platforms.words import Meaning, clock_of, fingerprint, needed

DOCS = Source("https://open.larkoffice.com/document/ukTMukTMukTM/ucTM5YjL3ETO24yNxkjN", "2026-11-22")

Json = dict[str, Any]

FEISHU = "https://open.feishu.cn"
HOSTS = (FEISHU, "https://open.larksuite.com")
HOOK = "/open-apis/bot/v2/hook/"
EVERYBODY = '<at user_id="all">所有人</at>'
OPTIONS: dict[str, Kind] = {"at_all": Check(one_of(True, False), "true or false")}
"""Whether the first message calls everybody."""
ERRORS: dict[str, Meaning] = {
    "11232": "limited",
    **dict.fromkeys(("19001", "19021"), "reconnect"),
    **dict.fromkeys(("9499", "19022", "19024"), "rejected"),
}
"""11232 from the documentation above, the others by habit, 2026-11-22."""


class Feishu(OneWay):
    """Messages of a group bot."""

    name = "feishu"
    title = "Feishu 飞书"
    auth = Auth("webhook_url", ("webhook_url", "secret?"))
    tested = "recorded answers"
    errors = ERRORS
    options = OPTIONS
    envelope = "code"
    message = "msg"
    rules = Rules(
        platform="feishu",
        source=DOCS,
        text=Text(unit="utf8", limit=20_000),
        title=Title(mode="optional"),
        thread=Thread(mode="message"),
    )

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """The bot's address, or the token that ends it; `secret` where its messages have to be signed."""
        (given,) = needed(credentials, "webhook_url")
        server, token = _place(given)
        if server not in HOSTS or not token or "/" in token:
            raise Rejected("wrong_server", f"the address of a bot of {self.title} begins with {FEISHU}{HOOK}")
        secret = credentials.get("secret", "").strip()
        secrets = {"token": token, **({"secret": secret} if secret else {})}
        signature = yield from _signed(server, secrets)
        yield from self.probed(_send(server, secrets, {**signature, "msg_type": "none"}))
        return Connected(self.title, fingerprint(token), server, secrets)

    def requests(self, job: Job) -> Conversation[list[Request]]:
        """A message each; rich text where there is a title, which plain text cannot have."""
        signature = yield from _signed(job.account.host, job.account.secrets)
        return [
            _send(
                job.account.host,
                job.account.secrets,
                {**signature, **_message(job, part, number)},
                effect=Effect.CREATE,
                part=number,
                keep=("code",),
            )
            for number, part in enumerate(job.rendition.parts)
        ]


def _place(given: str) -> tuple[str, str]:
    """The server and the token of an address; a token alone is Feishu's."""
    if "://" not in given:
        return FEISHU, given
    parts = urlsplit(given)
    return f"{parts.scheme}://{parts.netloc}", parts.path.partition(HOOK)[2]


def _send(server: str, secrets: dict[str, str], body: Json, **more: Any) -> Request:
    return Request("POST", f"{server}{HOOK}{secrets['token']}", json=body, hidden=(secrets["token"],), **more)


def _message(job: Job, part: Part, number: int) -> Json:
    everybody = number == 0 and job.rendition.options.get("at_all", False)
    if not job.rendition.title:
        return {"msg_type": "text", "content": {"text": (EVERYBODY if everybody else "") + part.text}}
    rows = [*([[{"tag": "at", "user_id": "all"}]] if everybody else []), *_rows(part)]
    return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": job.rendition.title, "content": rows}}}}


def _rows(part: Part) -> list[list[Json]]:
    """The text's lines, with its links as links: rich text makes none by itself."""
    rows: list[list[Json]] = [[]]
    place = 0
    for link in (one for one in part.markup if one.type == "link"):
        _add(rows, part.text[place : link.start])
        rows[-1] += [{"tag": "a", "text": part.text[link.start : link.end], "href": link.value}]
        place = link.end
    _add(rows, part.text[place:])
    return rows


def _add(rows: list[list[Json]], text: str) -> None:
    for number, line in enumerate(text.split("\n")):
        if number:
            rows.append([])
        if line:
            rows[-1] += [{"tag": "text", "text": line}]


def _signed(server: str, secrets: dict[str, str]) -> Conversation[dict[str, str]]:
    """The signature of the moment. Neither it nor its time is what a message is recognised by."""
    if "secret" not in secrets:
        return {}
    moment = str(int((yield from clock_of(server)).timestamp()))
    signature = hmac.digest(f"{moment}\n{secrets['secret']}".encode(), b"", "sha256")
    return {"timestamp": Secret(moment), "sign": Secret(b64encode(signature).decode())}


platform = Feishu()
