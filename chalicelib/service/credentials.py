"""How long accounts' credentials last, which posts depend on them, and the daily round that sees to them ahead."""

import dataclasses
import logging
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.core.account import Account
from chalicelib.core.errors import PlatformAnswer, Refused, TransportFailure
from chalicelib.core.target import State, Target
from chalicelib.core.timing import stamp
from chalicelib.platforms import platform
from chalicelib.ports import Found, Item, Put, World
from chalicelib.service import brakes, connect, reading, vitals
from chalicelib.service.reading import PostFilter

log = logging.getLogger(__name__)

AHEAD = timedelta(days=7)
"""How long before a token ends it is renewed, or its owner warned."""
SOON = timedelta(hours=48)
"""Tokens that end within this and could not be renewed are measured."""
LOOKS_BACK = timedelta(days=1)
"""Posts that are overdue by no more than this are endangered too."""
MOST_POSTS = 100
ENDANGERED = frozenset({State.SCHEDULED, State.QUEUED, State.HELD, State.PENDING_APPROVAL, State.UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an account can publish, until when, and what is planned beyond."""

    account: Account
    days_left: float | None
    """Until the access token ends; None where it does not, or nobody knows."""
    scopes: tuple[str, ...]
    quota_left: int | None
    """Calls left in the network's present window, as its last answer said."""
    endangered: tuple[Target, ...]
    """Targets that cannot go out unless somebody connects the account again: the first hundred."""


def standing(world: World, workspace_id: str, account_id: str) -> Standing:
    """How an account stands now; NotFound where this workspace has none of that id."""
    now, account = world.clock.now(), connect.account(world, workspace_id, account_id)
    ends = account.token_expires_at
    return Standing(
        account,
        round((ends - now).total_seconds() / 86_400, 2) if ends else None,
        account.scopes,
        brakes.calls_left(world, account),
        endangered(world, account),
    )


def endangered(world: World, account: Account) -> tuple[Target, ...]:
    """The account's planned targets that its credentials will not live to see; none where they renew themselves."""
    if account.status == "connected" and (account.renewable or account.token_expires_at is None):
        return ()
    now = world.clock.now()
    lost = account.status != "connected" or account.token_expires_at is None
    since = now - LOOKS_BACK if lost or account.token_expires_at is None else account.token_expires_at
    wanted = PostFilter(account_id=account.id, since=since)
    page = reading.posts(world, account.workspace_id, wanted, limit=MOST_POSTS)
    targets = [target for whole in page.data for target in whole.targets]
    mine = [one for one in targets if one.account_id == account.id and one.state in ENDANGERED]
    return tuple(sorted(mine, key=lambda one: one.scheduled_at or now))


def renew(world: World) -> None:
    """Once a day: refresh every token that ends within a week, and warn of those that only a person can renew."""
    end = stamp(world.clock.now() + AHEAD) + "\uffff"
    seen: Found | None = None
    seen_to: set[str] = set()
    ending, failed = 0, 0
    while page := world.table.opened(connect.EXPIRING, end=end, after=seen):
        seen = page[-1]
        for item in world.table.get_many([row.key for row in page]):
            holder = item.doc.get("grant") or item.key.sk
            if holder in seen_to:  # of its grant, or itself, at the new place that refreshing gave it
                continue
            seen_to.add(holder)
            soon = _ends_soon(world, item)
            try:
                renewed = _see_to(world, item)
                ending += soon and not renewed
            except (PlatformAnswer, TransportFailure, Refused, ValueError) as no:
                why = {"account": item.key.sk, "why": type(no).__name__, "code": getattr(no, "code", None)}
                log.warning("not_renewed", extra=why)
                ending, failed = ending + soon, failed + 1
    vitals.renewed(world, ending, failed)


def _ends_soon(world: World, item: Item) -> bool:
    ends = connect.without_secrets(item).token_expires_at
    return ends is not None and ends <= world.clock.now() + SOON


def _see_to(world: World, item: Item) -> bool:
    """Renew a token, or warn its owner; whether it is renewed."""
    account = connect.without_secrets(item)
    if account.renewable:
        network = platform(account.platform)
        connect.refreshed(world, network, connect.with_secrets(world, item))
        return True
    if "warned_at" not in item.doc:
        warned = {**item.doc, "warned_at": stamp(world.clock.now())}
        world.table.write(Put(dataclasses.replace(item, doc=warned), expect=item.rev))
    return False
