"""Reads the data files: each platform's conversations, as values that the tests can run.

A case says what is done (`connect`, `refresh`, `publish`, `find`, `answer` …), with what, the conversation as
`[request, reply]` pairs and `{"wait": seconds}`, and how it ends. A request shows only what differs from an empty one.
"""

import dataclasses
import json
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.core.account import Account, App
from chalicelib.core.conversation import Job, Reply, Request, Wait
from chalicelib.core.errors import Limited, PlatformAnswer
from chalicelib.core.post import Link, Media, Poll
from chalicelib.core.rendition import Markup, Part, Rendition, ReplyTo
from chalicelib.platforms import platform

FOLDER = Path(__file__).parent
PUBLIC = frozenset(
    {
        "identifier",
        "user",
        "site",
        "channel",
        "chat_id",
        "page_id",
        "expires_at",
        "scope",
        "blog",
        "name",
        "app_id",
        "open_id",
    }
)
"""Names of what is kept among the secrets and is none."""
DUE = "2026-11-23T09:00:00Z"
Json = dict[str, Any]
Step = Request | Wait


@dataclass(frozen=True)
class Case:
    """One conversation of one platform, as its data file tells it."""

    platform: str
    about: Json
    account: Account

    def __str__(self) -> str:
        return f"{self.platform}: {self.about['case']}"

    @property
    def talk(self) -> list[Any]:
        """The expected steps with their replies."""
        return list(self.about["conversation"])

    @property
    def replies(self) -> list[Reply | None]:
        """What the platform answers, in order; None after a wait."""
        return [read_reply(entry[1]) if isinstance(entry, list) else None for entry in self.talk]

    @property
    def secrets(self) -> list[str]:
        """Every word of this case that nobody may see."""
        given = {
            **self.about.get("credentials", {}),
            **self.about.get("keys", {}),
            **self.about.get("secrets", {}),
            **self.account.secrets,
        }
        return ["app_secret", *(value for name, value in given.items() if name not in PUBLIC)]

    def job(self) -> Job:
        """The job of a `publish` or `find`, an `answer` or `find_answer`."""
        due = datetime.fromisoformat(self.about.get("due", DUE))
        return Job("tgt_1", due, read_rendition(self.platform, self.about["rendition"]), self.account)

    def start(self) -> Generator[Step, Any, Any]:
        """The conversation, not begun."""
        network = platform(self.platform)
        match self.about["do"]:
            case "connect":
                return network.connect(self.about.get("host", ""), self.about["credentials"])
            case "refresh":
                return network.refresh(self.account, App("app_1", "app_secret"))
            case "granted":
                return network.granted(
                    App("app_1", "app_secret"), "code_1", "verifier_1", "https://carillon.example/cb"
                )
            case "accounts":
                return network.accounts(self.about.get("host", ""), self.about["secrets"])
            case "remove":
                return network.remove(self.account, self.about["post_id"])
            case "subscribe":
                return network.subscribe(self.account, self.about["url"], self.about["keys"])
            case "copies":
                return network.copies(self.job())
            case "measure":
                return network.measure(self.account, self.about["post_id"])
            case "publish":
                return network.publish(self.job())
            case "answer":
                return network.answer(self.job())
            case "find_answer":
                return network.find_answer(self.job())
            case "find":
                return network.find(self.job(), self.about.get("part", 0))
            case unknown:
                raise ValueError(unknown)


def platforms_with_data() -> list[str]:
    """Every platform that has a data file."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if not path.stem.endswith(".schema"))


def load(*doing: str) -> list[Case]:
    """All cases of all platforms, or those that do one of these."""
    found: list[Case] = []
    for name in platforms_with_data():
        data = json.loads((FOLDER / f"{name}.json").read_text())
        accounts = {key: read_account(name, about) for key, about in data["accounts"].items()}
        first = next(iter(accounts))
        found += [Case(name, about, accounts[about.get("account", first)]) for about in data["cases"]]
    return [case for case in found if not doing or case.about["do"] in doing]


def every_error() -> list[tuple[str, Json]]:
    """Every network's answers that are a no: `code`, what it `means`, and the `reply`."""
    files = [(name, json.loads((FOLDER / f"{name}.json").read_text())) for name in platforms_with_data()]
    return [(name, error) for name, data in files for error in data.get("errors", ())]


def read_account(name: str, about: Json) -> Account:
    """An account of a data file."""
    return Account(id="acc_1", workspace_id="ws_1", platform=name, name="Brand", **about)


def read_reply(about: Json) -> Reply:
    """A reply: `json` or `body`, with headers."""
    body = json.dumps(about["json"], ensure_ascii=False) if "json" in about else about.get("body", "")
    return Reply(about.get("status", 200), about.get("headers", {}), body.encode())


def read_rendition(name: str, about: Json) -> Rendition:
    """A rendition: `parts` with `text`, `markup` and `media`; the counts are of no interest here."""
    readers: dict[str, Any] = {"card": Link.model_validate, "poll": Poll.model_validate, "labels": tuple, "tags": tuple}
    readers["reply_to"] = lambda said: ReplyTo(**said)
    rest = {key: readers.get(key, lambda value: value)(value) for key, value in about.items() if key != "parts"}
    return Rendition(name, "test", tuple(read_part(part) for part in about["parts"]), **rest)


def read_part(about: Json) -> Part:
    """One part of a rendition."""
    text = about["text"]
    markup = tuple(Markup(**one) for one in about.get("markup", []))
    media = tuple(Media.model_validate(one) for one in about.get("media", []))
    counts = (len(text), None, "code_points", len(text.encode()))
    return Part(text, *counts, markup=markup, media=media, wire=about.get("wire"))


def show(step: Step) -> Json:
    """A step as the data files write it: only what differs from an empty request."""
    if isinstance(step, Wait):
        return {"wait": step.delay.total_seconds()}
    shown: Json = {step.method: step.url}
    for field in dataclasses.fields(step):
        value = getattr(step, field.name)
        if field.name in ("method", "url", "hidden") or value == _default(field):
            continue
        shown[field.name] = _shown(field.name, value)
    return shown


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default


def _shown(name: str, value: Any) -> Any:
    match name:
        case "media":
            return value.url
        case "files":
            return {key: media.url for key, media in value.items()}
        case "effect":
            return value.value
        case "content":
            return value.decode()
        case "keep" | "span":
            return list(value)
        case _:
            return value


def run(conversation: Generator[Step, Any, Any], replies: list[Reply | None]) -> tuple[list[Step], Any]:
    """Every step of a conversation that is given these replies, and its result or the PlatformAnswer that ended it."""
    steps: list[Step] = []
    try:
        for reply in [None, *replies]:
            steps += [conversation.send(reply)]
    except StopIteration as end:
        return steps, end.value
    except PlatformAnswer as answer:
        return steps, answer
    raise AssertionError(f"the conversation goes on: {show(steps[-1])}")


def show_end(end: Any) -> Json:
    """The end of a conversation as the data files write it."""
    match end:
        case Limited(until=until) if until is not None:
            return {"raises": "Limited", "code": end.code, "message": end.message, "until": until.isoformat()}
        case PlatformAnswer():
            return {"raises": type(end).__name__, "code": end.code, "message": end.message}
        case None:
            return {"found": None}
        case Reply():
            return {"found": {"status": end.status, "json": end.json}}
        case timedelta():
            return {"seconds": end.total_seconds()}
        case dict():
            return {"secrets": end}
        case list():
            return {"copies": end}
        case tuple():
            return {"accounts": [show_end(one)["connected"] for one in end]}
        case _:
            about = {key: value for key, value in dataclasses.asdict(end).items() if value not in (None, {}, ())}
            return {type(end).__name__.lower(): json.loads(json.dumps(about, default=datetime.isoformat))}
