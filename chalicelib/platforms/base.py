"""What a platform is: its rules as data, and its conversations; and the few words that every conversation uses."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from chalicelib.core.account import Account
from chalicelib.core.brakes import Quota
from chalicelib.core.conversation import Connected, Conversation, Idempotency, Job, Published, Reply, Safety
from chalicelib.core.errors import Invalid, Issue, Rejected
from chalicelib.core.rendition import Part, Rendition

if TYPE_CHECKING:  # the rules bring all of text with them, which not every function reads
    from chalicelib.core.rules import Rules


class Platform(ABC):
    """One network. No I/O: conversations are generators that yield requests and are sent replies."""

    name: ClassVar[str]
    title: ClassVar[str]
    rules: "ClassVar[Rules]"
    publishing: ClassVar[Literal["api", "assisted", "unavailable"]] = "api"

    def account_rules(self, account: Account) -> "Rules":
        """The rules as this account's server or tier changes them."""
        return self.rules.with_limits(account.limits)

    def check_options(self, options: dict[str, object]) -> list[Issue]:
        """What is wrong with a target's platform options; paths are relative to `options`."""
        return [Issue("unknown_option", "error", name, f"{self.title} has no option {name!r}") for name in options]

    @abstractmethod
    def idempotency(self, account: Account) -> Idempotency:
        """How this account's server behaves when an answer is lost."""

    @abstractmethod
    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Check credentials and find out who they belong to."""

    def expires_at(self, account: Account) -> datetime | None:
        """When the access token ends, to refresh it before it is needed; None where it does not or nobody knows."""
        return None

    def quota(self, reply: Reply) -> Quota | None:
        """What a reply says is left of the account's calls, by the headers that most networks use."""
        return quota_in(reply)

    def refresh(self, account: Account) -> Conversation[dict[str, str]]:
        """Trade the account's secrets for fresh ones; returns all secrets to keep."""
        raise NotImplementedError(f"{self.name} has nothing to refresh")

    @abstractmethod
    def publish(self, job: Job) -> Conversation[Published]:
        """Publish every part of the rendition, in order."""

    @abstractmethod
    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Read back: the reply that creating this part would have had, or None where it is not there."""


class RulesOnly(Platform):
    """A network whose rules are written and whose conversations are not: posts can be previewed and not be sent."""

    publishing = "unavailable"

    def idempotency(self, account: Account) -> Idempotency:
        """Nothing is sent, so nothing is safe to repeat."""
        return Idempotency(Safety.NONE, readable=False)

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Refused: there could be no posts on the account."""
        raise self._unavailable
        yield

    def publish(self, job: Job) -> Conversation[Published]:
        """Refused."""
        raise self._unavailable
        yield

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Refused."""
        raise self._unavailable
        yield

    @property
    def _unavailable(self) -> Rejected:
        return Rejected("publishing_unavailable", f"Carillon cannot publish on {self.title} yet; it can preview posts")


class Secret(str):
    """A credential that has to travel in a body: sent as it is, never shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def bearer(token: str) -> dict[str, str]:
    """The header that carries an access token."""
    return {"Authorization": f"Bearer {token}"}


def needed(credentials: dict[str, str], *names: str) -> list[str]:
    """These credentials in order; Invalid names all that are missing."""
    missing = [name for name in names if not credentials.get(name, "").strip()]
    if missing:
        raise Invalid([Issue("required", "error", f"credentials.{name}", f"{name} is required") for name in missing])
    return [credentials[name].strip() for name in names]


def home(host: str) -> str:
    """A server's base URL from what a person typed: `mastodon.social` is `https://mastodon.social`."""
    host = host.strip().rstrip("/")
    return host if "://" in host else f"https://{host}"


def messages(rendition: Rendition) -> tuple[Part, ...]:
    """What goes out, in order, on a network where the author's first comment is one more reply."""
    comment = rendition.first_comment
    if not comment:
        return rendition.parts
    unit = rendition.parts[0].unit
    return (*rendition.parts, Part(comment, len(comment), None, unit, len(comment.encode())))


def said(reply: Reply) -> dict[str, Any]:
    """The reply's JSON object; empty where it is none, as error pages of proxies are not."""
    try:
        body = reply.json
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def as_reply(status: int, body: dict[str, Any]) -> Reply:
    """What creating would have answered, from what was read back."""
    return Reply(status, body=json.dumps(body, ensure_ascii=False).encode())


def retry_at(reply: Reply) -> datetime | None:
    """When `retry-after` allows to come back: an HTTP date, or seconds after the reply's own `date`."""
    after = reply.headers.get("retry-after", "")
    try:
        if after.isdigit():
            return parsedate_to_datetime(reply.headers.get("date", "")) + timedelta(seconds=int(after))
        return parsedate_to_datetime(after)
    except ValueError:
        return None


REMAINING = ("x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining")
RESET = ("x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")


def quota_in(reply: Reply) -> Quota | None:
    """The calls left and when they are counted anew: an epoch, an ISO time, or seconds from the reply's date."""
    remaining = next((reply.headers[name] for name in REMAINING if name in reply.headers), "")
    reset = next((reply.headers[name] for name in RESET if name in reply.headers), "")
    try:
        left = int(float(remaining))
        if not reset.replace(".", "", 1).isdigit():
            return Quota(left, datetime.fromisoformat(reset).astimezone(UTC))
        if float(reset) > 1e9:
            return Quota(left, datetime.fromtimestamp(float(reset), UTC))
        return Quota(left, parsedate_to_datetime(reply.headers.get("date", "")) + timedelta(seconds=float(reset)))
    except ValueError:
        return None


@contextmanager
def speaking(title: str) -> Iterator[None]:
    """While connecting, nonsense where an answer was expected means that another kind of server lives there."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as nonsense:
        raise Rejected("wrong_server", f"the server does not answer as {title} does") from nonsense
