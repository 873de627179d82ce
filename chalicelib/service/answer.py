"""Answer an item of the inbox through its network: a post with one target, carried out like every other.

So the ledger, the quarantine, the retries and `cancel` are those of publishing, and an answer goes out exactly once.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.core.account import Account
from chalicelib.core.adapt import adapt
from chalicelib.core.errors import Conflict, Issue
from chalicelib.core.inbox import InboxItem
from chalicelib.core.post import NewPost, NewTarget
from chalicelib.core.rendition import ReplyTo
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.platforms import platform
from chalicelib.platforms.base import Platform
from chalicelib.ports import World
from chalicelib.service import compose, connect, inbox
from chalicelib.service.compose import Plan, Planned
from chalicelib.service.media import Resolved
from chalicelib.service.people import People
from chalicelib.service.reading import Whole


def answer(world: World, workspace_id: str, item_id: str, text: str, seed: str | None = None) -> Whole:
    """See to it that an item is answered, now; the same `seed` makes the same answer once.

    Raises Conflict where what it would answer is gone, and Invalid with everything that is in the way.
    """
    item, now = inbox.item(world, workspace_id, item_id).item, milliseconds(world.clock.now())
    if item.removed_at:
        raise Conflict("they took it back: there is nothing to answer", "removed", item.state)
    account = connect.find(world, workspace_id, item.account_id)
    if account is None:
        raise Conflict("the account that it was said to is no longer connected", "account_gone")
    plan = _plan(platform(item.platform), account, item, text, now, People.of(world, workspace_id))
    plan.insist()
    return compose.store(world, workspace_id, plan, now, seed, in_reply_to=item.id)


def _plan(network: Platform, account: Account, item: InboxItem, text: str, now: datetime, people: People) -> Plan:
    """The answer worked out, with all that is wrong with it."""
    about = ReplyTo(item.kind or "comment", item.thing, item.post, item.ref)
    wanted = NewTarget(account_id=account.id)
    said = network.addressed(about, text)
    new = NewPost(text=said, targets=(wanted,), publish="now", overflow="reject", expires_at=_until(network, item))
    rendition = adapt(new.content, network.answer_rules(account))
    planned = Planned(wanted, account, now, replace(rendition, reply_to=people.hidden(about)))
    return Plan(Resolved(new), now, [planned], [*_obstacles(network, account, item, now), *rendition.issues])


def _until(network: Platform, item: InboxItem) -> datetime | None:
    """Until when the network takes an answer."""
    theirs = [turn.at for turn in item.turns if turn.by == "them"]
    return max(theirs) + network.answers_within if network.answers_within and theirs else None


def _obstacles(network: Platform, account: Account, item: InboxItem, now: datetime) -> list[Issue]:
    issues: list[Issue] = []
    if item.kind and not network.can_answer(account, item.kind):
        message = f"a {item.kind} on {network.title} cannot be answered from here; answer it there, or dismiss it"
        issues.append(Issue("not_answerable", "error", "", message))
    if account.status != "connected":
        issues.append(Issue("reconnect_required", "error", "", "the account must be connected again"))
    if (until := _until(network, item)) and now >= until:
        message = f"{network.title} takes answers until {stamp(until)}; they have to write again first"
        issues.append(Issue("answered_too_late", "error", "", message))
    return issues
