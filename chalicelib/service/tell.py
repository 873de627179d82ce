"""The table's stream is the outbox: what a target's row newly says of itself is told to the workspace's webhooks.

Nothing is added to the writes of publishing, and nothing here can hold them up. The stream may repeat itself, so every
message and every delivery has an id that follows from the event.
"""

import logging
from collections.abc import Sequence

from chalicelib.core import webhooks as rules
from chalicelib.core.timing import instant
from chalicelib.core.webhooks import PUBLIC, Delivery, Message, Webhook
from chalicelib.ports import Change, World
from chalicelib.service import deliveries, engaged, follow, journal, outcomes, records, webhooks

SCORES = ("SCORE#", "GOAL#")
"""What the rows of scores, and of goals at risk, begin with."""

log = logging.getLogger(__name__)


class Untold(Exception):
    """Some changes could not be told; the stream has to bring the batch again."""


def tell(world: World, changes: Sequence[Change]) -> None:
    """Make and queue the deliveries of every new public event. Raises `Untold`, after the rest is done."""
    changes = [one for one in changes if not _of_the_canary(one)]
    subscribed: dict[str, list[Webhook]] = {}
    made, untold = list[Delivery](), 0
    for change in changes:
        try:
            follow.follow(world, change)
            for message in _news(world, change):
                workspace_id = message.data["workspace_id"]
                if workspace_id not in subscribed:
                    subscribed[workspace_id] = webhooks.of(world, workspace_id)
                wanting = [one for one in subscribed[workspace_id] if one.wants(message.type)]
                for webhook in wanting:
                    made.append(deliveries.store(world, message, webhook))
                    journal.line("told", **deliveries.ids(made[-1]), type=message.type)
        except Exception:
            log.exception("untold", extra={"item": _name(change)})
            untold += 1
    deliveries.send(world, made)
    untold += _kept(world, changes)
    if untold:
        raise Untold(f"{untold} of {len(changes)} changes could not be told")


def _of_the_canary(change: Change) -> bool:
    """Whether it is one of our own posts, of which nobody wants to hear and nothing is to be scored or followed."""
    found = change.new or change.old
    return found is not None and found.key.pk.split("#")[1:2] == [records.CANARY]


def _kept(world: World, changes: Sequence[Change]) -> int:
    """Keep for the scores what became of the targets; how many changes have to be brought again for that."""
    try:
        outcomes.keep(world, changes)
    except Exception:
        log.exception("not_kept_for_scores")
        return len(changes)
    return 0


def _news(world: World, change: Change) -> list[Message]:
    account = account_news_in(world, change)
    return [*news_in(change), *reviews_in(change), *account, *spikes_in(change), *scores_in(change)]


def news_in(change: Change) -> list[Message]:
    """What customers hear of in a change: nothing where it is no target's, or says nothing new."""
    if change.new is None or not change.new.key.sk.startswith(records.TARGET_PREFIX):
        return []
    known = len(change.old.doc["events"]) if change.old else 0
    if not any(event["type"] in PUBLIC for event in change.new.doc["events"][known:]):
        return []
    return rules.news(known, records.target_of(change.new))


def reviews_in(change: Change) -> list[Message]:
    """What customers hear of a post's review: its steps are never changed, and each is told once."""
    if change.new is None or change.old or not change.new.key.sk.startswith(records.REVIEW_PREFIX):
        return []
    from chalicelib.service import review  # which few changes need

    workspace_id, post_id = change.new.key.pk.split("#")[1:]
    return [rules.review_news(workspace_id, post_id, review.review_in(change.new))]


def account_news_in(world: World, change: Change) -> list[Message]:
    """What customers hear of an account: that only a person can save it, now or before long."""
    if change.new is None or not change.new.key.sk.startswith(records.ACCOUNT_PREFIX):
        return []
    old, new = change.old.doc if change.old else {}, change.new.doc
    told = {"lost_at": rules.ACCOUNT_LOST, "warned_at": rules.ACCOUNT_EXPIRING}
    fresh = [(type, instant(new[when])) for when, type in told.items() if when in new and new[when] != old.get(when)]
    if not fresh:
        return []
    from chalicelib.service import connect, credentials  # which a change of a target never needs

    account = connect.without_secrets(change.new)
    return [rules.account_news(account, type, at, credentials.endangered(world, account)) for type, at in fresh]


def spikes_in(change: Change) -> list[Message]:
    """What customers hear of people who suddenly raise their voices."""
    if change.new is None or change.new.key.sk != engaged.SPIKE:
        return []
    spike = engaged.spike_of(change.new)
    if change.old and engaged.spike_of(change.old).at == spike.at:
        return []
    return [rules.spike_news(engaged.workspace_in(change.new.key), spike)]


def scores_in(change: Change) -> list[Message]:
    """What customers hear of scores that moved, and of goals at risk."""
    if change.new is None or not change.new.key.sk.startswith(SCORES):
        return []
    from chalicelib.service import scores  # which a change of a target never needs

    return scores.news(change)


def _name(change: Change) -> str:
    found = change.new or change.old
    return f"{found.key.pk} {found.key.sk}" if found else ""
