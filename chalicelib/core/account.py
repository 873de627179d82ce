"""A connected social account, and what a conversation may know of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

AccountStatus = Literal["connected", "reconnect_required", "disconnected"]


@dataclass(frozen=True, slots=True)
class App:
    """A registration with a network, as its developers' console gives it: what signs people in."""

    id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """One account on one platform. Secrets are opened from the vault only for a conversation and never shown."""

    id: str
    workspace_id: str
    platform: str
    name: str
    handle: str = ""
    """What the network calls it: `brand.example`, `@brand@mastodon.social`."""
    remote_id: str = ""
    host: str = ""
    """Base URL of the account's server, without a trailing slash, where there is more than one."""
    status: AccountStatus = "connected"
    token_expires_at: datetime | None = None
    """When its access token ends, where the network says so."""
    renewable: bool = False
    """Whether that token can be renewed without a person."""
    scopes: tuple[str, ...] = ()
    """What the person agreed to, in the network's words, where it says so."""
    grant: str | None = None
    """The consent whose secrets it shares with other accounts, by our id; None where its secrets are its own."""
    limits: dict[str, Any] = field(default_factory=dict)
    """Rules that this account's server or tier changes, by the rule's dotted name, e.g. `{"text.limit": 5000}`."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What the platform needs to remember that is not secret."""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
