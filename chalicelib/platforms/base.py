"""What a platform is: its rules as data, and its conversations."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from chalicelib.core.account import Account
from chalicelib.core.conversation import Connected, Conversation, Idempotency, Job, Published, Reply
from chalicelib.core.errors import Issue
from chalicelib.core.rules import Rules


class Platform(ABC):
    """One network. No I/O: conversations are generators that yield requests and are sent replies."""

    name: ClassVar[str]
    title: ClassVar[str]
    rules: ClassVar[Rules]
    publishing: ClassVar[Literal["api", "assisted"]] = "api"

    def account_rules(self, account: Account) -> Rules:
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

    def refresh(self, account: Account) -> Conversation[dict[str, str]]:
        """Trade the account's secrets for fresh ones; returns all secrets to keep."""
        raise NotImplementedError(f"{self.name} has nothing to refresh")

    @abstractmethod
    def publish(self, job: Job) -> Conversation[Published]:
        """Publish every part of the rendition, in order."""

    @abstractmethod
    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Read back: the reply that creating this part would have had, or None where it is not there."""
