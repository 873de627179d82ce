"""Reads the data files: what each network sends us, what it wants to hear, and what of it is counted.

A file names the account (`remote_id`), the callback's `secrets`, when calls come (`at`), what a call about events is
answered (`thanks`, 200 and nothing unless told), and its `cases`. A case is one call:

- `case`: a sentence;
- `method` (POST unless told), `query` and `headers`: a value, or a list where one comes several times;
- `body` as JSON, written as most networks write it (compact, all but ASCII escaped); or `raw`, the text to the letter;
  or `raw_base64`;
- `at`, `secrets`: where they differ from the file's;
- signed by `signing.py`, in its network's way, unless it is a GET or `as_is`: vectors that were published, and whatever
  is to be refused, are not signed by us;
- `answer`: what we say: `status`, `body` or `json`, `content_type`; or the word `refused`;
- `plain`: what is queued where that is not the body as sent, because it was encrypted;
- `seen`: what is counted, only fields that are not as usual; none for handshakes, which leave nothing in the queue;
- `unreadable`: how many events of it make no sense.
"""

import base64
import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.callbacks import names
from chalicelib.callbacks.base import Incoming, Response
from chalicelib.core.engagement import Seen
from chalicelib.core.timing import stamp
from chalicelib.ports import Item, Put
from chalicelib.service import sealing
from chalicelib.service.callback_secrets import key, place
from chalicelib.service.receive import REFUSED
from tests.callbacks.signing import SIGN
from tests.fakes import FakeClock, FakeWorld, world

FOLDER = Path(__file__).parent
Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One call of one network, as its data file tells it."""

    network: str
    file: Json
    about: Json

    def __str__(self) -> str:
        return f"{self.network}: {self.about['case']}"

    @property
    def secrets(self) -> dict[str, str]:
        """The callback's secrets."""
        return dict(self._told("secrets"))

    @property
    def at(self) -> datetime:
        """When the call comes."""
        return datetime.fromisoformat(self._told("at"))

    @property
    def body(self) -> bytes:
        """The bytes that are sent."""
        if "raw_base64" in self.about:
            return base64.b64decode(self.about["raw_base64"])
        if "raw" in self.about:
            return str(self.about["raw"]).encode()
        return json.dumps(self.about["body"], separators=(",", ":")).encode() if "body" in self.about else b""

    @property
    def plain(self) -> bytes:
        """The bytes that are queued."""
        return str(self.about["plain"]).encode() if "plain" in self.about else self.body

    @property
    def as_is(self) -> "Case":
        """The case whose call is not signed here."""
        return dataclasses.replace(self, about={**self.about, "as_is": True})

    def call(self) -> Incoming:
        """The call, signed."""
        headers = {name.lower(): _many(value) for name, value in self.about.get("headers", {}).items()}
        query = {name: _many(value) for name, value in self.about.get("query", {}).items()}
        call = Incoming(self.about.get("method", "POST"), self.at, headers, query, self.body)
        if call.method == "GET" or self.about.get("as_is"):
            return call
        return SIGN[self.network](call, self.secrets)

    @property
    def answer(self) -> Response:
        """What the network is to hear."""
        about: Any = self.about.get("answer", self.file.get("thanks", {}))
        if about == "refused":
            return REFUSED
        if "json" in about:
            body = json.dumps(about["json"], separators=(",", ":"), ensure_ascii=False)
            return Response(about.get("status", 200), body, about.get("content_type", "application/json"))
        usual = Response()
        return Response(about.get("status", 200), about.get("body", ""), about.get("content_type", usual.content_type))

    def stage(self) -> tuple[FakeWorld, str]:
        """A world in which the callback is set up, and its account's id."""
        here, account_id = world(clock=FakeClock(self.at)), "acc_1"
        sealed = sealing.seal(here, place("ws_1", account_id, self.network), json.dumps(self.secrets))
        sets = {self.network: [{"since": stamp(self.at), "sealed": sealed}]}
        doc = {"workspace_id": "ws_1", "networks": sets}
        here.table.write(Put(Item(key(account_id), doc), expect=0))
        return here, account_id

    def _told(self, name: str) -> Any:
        return self.about.get(name, self.file[name])


def networks_with_data() -> list[str]:
    """Every network that has a data file."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(*networks: str) -> list[Case]:
    """All cases, or those of some networks."""
    files = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in networks or networks_with_data()}
    return [Case(name, file, about) for name, file in files.items() for about in file["cases"]]


def networks_that_call() -> list[str]:
    """Every network that has a file of callbacks."""
    return names()


def show(seen: Seen) -> Json:
    """What was seen as the data files write it: only what is not as usual."""
    shown: Json = {}
    for field in dataclasses.fields(seen):
        value = getattr(seen, field.name)
        usual = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        if value != usual:
            shown[field.name] = _instant(value) if isinstance(value, datetime) else value
    return shown


def another(secret: str) -> str:
    """A secret of the same form, be it hex, base 64 or plain letters."""
    middle = len(secret) // 2
    return f"{secret[:middle]}{'1' if secret[middle] == '0' else '0'}{secret[middle + 1 :]}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _many(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
