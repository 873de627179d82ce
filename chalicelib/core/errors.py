"""Everything that can go wrong, drawn once.

CarillonError
├── Invalid                the caller's input is wrong: every issue at once
├── Refused                the request is understood and not allowed now
│   ├── NotFound           no such thing in this workspace (another tenant's thing looks the same)
│   ├── Conflict           the thing's state forbids it
│   ├── Stale              somebody else changed the thing first
│   ├── Unauthorized       no key, or not a good one
│   ├── Forbidden          a good key that may not do this
│   ├── Unaffordable       a cap on size was passed
│   ├── TooMany            more requests than may be made now
│   └── Unavailable        something outside that we need does not answer
│       └── TooNew         a row was written by a newer release than this one
├── PlatformAnswer         what a platform's answer means; raised inside a conversation
│   ├── Rejected           final: the platform will never take this
│   │   └── AlreadyThere   the platform has this very post already, from now or from before
│   ├── Transient          not applied; the same again later may work
│   ├── Limited            not applied; not before `until`
│   ├── RefreshNeeded      the access token is no longer good; the refresh token may be
│   └── ReconnectNeeded    a person has to connect the account again
├── UnusableMedium         a file is nothing that we could send to a network
└── TransportFailure       no answer from the other side
    ├── NotSent            certainly not applied: refused, DNS or TLS failure before the body left
    └── MaybeSent          nobody knows: time-out or reset after sending
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class RuleRef:
    """The rule behind an issue or a change: a stable id, where it was read, and when it was checked (ISO date)."""

    id: str
    source: str | None = None
    checked: str | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong or worth knowing, at a JSON path such as `targets[0].options.fault`."""

    code: str
    severity: Severity
    path: str
    message: str
    rule: RuleRef | None = None


class CarillonError(Exception):
    """Base of all errors that Carillon raises on purpose."""


class Invalid(CarillonError):
    """The input is wrong; `issues` names every fault found, not just the first."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__("; ".join(f"{issue.path}: {issue.message}" for issue in issues))
        self.issues = issues


class Refused(CarillonError):
    """The request is understood and not allowed now; `code` is stable, the message is for people."""

    code = "refused"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or type(self).code


class NotFound(Refused):
    """No such thing in this workspace."""

    code = "not_found"


class Conflict(Refused):
    """The thing's state forbids it; `state` is that state, where there is one."""

    code = "conflict"

    def __init__(self, message: str, code: str | None = None, state: str | None = None) -> None:
        super().__init__(message, code)
        self.state = state


class Stale(Refused):
    """A conditional write found that somebody else was first."""

    code = "stale"


class Unauthorized(Refused):
    """No key, or not a good one; the message never says which."""

    code = "unauthorized"


class Forbidden(Refused):
    """A good key that lacks the scope."""

    code = "forbidden"


class Unaffordable(Refused):
    """A cap on size was passed."""

    code = "too_large"


class TooMany(Refused):
    """More requests than a key or a workspace may make now; later they can be made."""

    code = "rate_limited"


class Unavailable(Refused):
    """Something outside that we need does not answer; the same again later may work."""

    code = "unavailable"


class TooNew(Unavailable):
    """A row was written by a newer release: this one neither reads it nor writes over it."""

    code = "newer_data"


class PlatformAnswer(CarillonError):
    """What a platform's answer means for the target; `code` is the platform's own where it gives one."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message


class Rejected(PlatformAnswer):
    """Final: the platform will never take this as it is."""


class AlreadyThere(Rejected):
    """The platform has this very content already. Behind a lost answer, that may be ours: then it is read back."""


class Transient(PlatformAnswer):
    """Not applied; the same again later may work."""


class Limited(PlatformAnswer):
    """Not applied because of a rate limit; `until` is when the platform said it may work again, if it said."""

    def __init__(self, code: str, message: str = "", until: datetime | None = None) -> None:
        super().__init__(code, message)
        self.until = until


class RefreshNeeded(PlatformAnswer):
    """The access token is no longer good; refreshing may help."""


class ReconnectNeeded(PlatformAnswer):
    """Only a person connecting the account again can help."""


class UnusableMedium(CarillonError):
    """A file is nothing that we could send to a network: `code` is stable, `message` says what about it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class TransportFailure(CarillonError):
    """No answer came from the other side."""


class NotSent(TransportFailure):
    """Certainly not applied: the request never left whole."""


class MaybeSent(TransportFailure):
    """Nobody knows whether it was applied."""
