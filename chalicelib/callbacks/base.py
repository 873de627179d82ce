"""What a network that calls us is: how it makes sure of us, how we make sure of it, and what its events mean.

No I/O. Nothing of a body is parsed before its signature holds. Whatever is wrong with a call is `Forged`, and one and
the same answer: who tries tokens learns nothing from it.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from chalicelib.core.engagement import Seen
from chalicelib.core.errors import Issue

Keys = Mapping[str, str]
"""The secrets of one account's callback by name."""


class Forged(Exception):
    """The call is not, or not certainly, the network's."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request as it came, its body in the very bytes that were sent."""

    method: str
    at: datetime
    """When it came."""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """By lower-case name; several values where one came more than once."""
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """The header; Forged where it is missing, empty, or there more than once."""
        return _one(self.headers.get(name, ()))

    def param(self, name: str) -> str:
        """The query parameter; Forged where it is missing, empty, or there more than once."""
        return _one(self.query.get(name, ()))


@dataclass(frozen=True, slots=True)
class Response:
    """What the network wants to hear."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Told:
    """What a network has told, its signature checked: read later, by the worker."""

    body: bytes
    headers: Mapping[str, str]
    """Those that the network's `keeps` names."""
    at: datetime
    """When it came."""


class Callbacks(ABC):
    """One network's way of calling."""

    name: ClassVar[str]
    title: ClassVar[str]
    secrets: ClassVar[tuple[str, ...]] = ()
    """The secrets that the network's console gives; those with a `?` behind them may be left out."""
    makes: ClassVar[tuple[str, ...]] = ()
    """The secrets that we make up, for a person to enter at the network; they may also be given."""
    keeps: ClassVar[tuple[str, ...]] = ()
    """Headers that reading needs."""
    setup: ClassVar[str] = ""
    """Where at the network the address and the secrets are entered."""

    def make(self, random: str) -> str:
        """A secret as the network takes it, of 40 random letters and digits."""
        return random

    def faults(self, given: Keys) -> list[Issue]:
        """What is wrong with secrets that are there: such as could never prove anything."""
        return []

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """The answer to a GET by which the network makes sure of us; Forged where it is none."""
        raise Forged

    @abstractmethod
    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """What the network certainly sent, decrypted where it encrypts; Forged where that is not certain."""

    def greeting(self, told: Told, keys: Keys) -> Response | None:
        """The answer to a signed POST by which the network makes sure of us; None where it tells of something."""
        return None

    def thanks(self, told: Told, keys: Keys) -> Response:
        """What the network wants to hear once its call is safe with us."""
        return Response()

    def events(self, told: Told) -> Iterable[Any]:
        """The events in a call, each read by itself. ValueError, KeyError or TypeError where it makes no sense."""
        return [json.loads(told.body)]

    @abstractmethod
    def read(self, event: Any, told: Told) -> Iterable[Seen]:
        """What an event says; nothing where it is of no interest. The same errors where it makes no sense."""


def document(body: bytes) -> dict[str, Any]:
    """A signed body as the JSON object that it is; an empty one where it is something else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def unfit(name: str, message: str) -> Issue:
    """A secret that cannot be one."""
    return Issue("unfit_secret", "error", f"secrets.{name}", message)


def json_answer(document: Mapping[str, object], status: int = 200) -> Response:
    """A JSON document as the response."""
    return Response(status, json.dumps(document, separators=(",", ":"), ensure_ascii=False), "application/json")


def _one(values: tuple[str, ...]) -> str:
    if len(values) != 1 or not values[0]:
        raise Forged
    return values[0]
