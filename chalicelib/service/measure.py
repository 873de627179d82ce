"""Ask networks for the figures of what was published: the only source where nobody calls us, and where somebody does,
what sets right whatever was missed.

Each post has its turn after 5 minutes, half an hour, 2 hours, a day, a week and a month (`core/followed.POLLS`). The
`open` index holds when; whoever asks first moves that instant on, so that nobody asks twice and whoever dies is made
good a little later. What a network says is a report of the instant before it was asked.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from chalicelib.core.account import Account
from chalicelib.core.brakes import RESERVED
from chalicelib.core.conversation import Metrics, Reply
from chalicelib.core.engagement import VOICES
from chalicelib.core.errors import (
    Conflict,
    Limited,
    PlatformAnswer,
    ReconnectNeeded,
    Refused,
    Stale,
    Transient,
    TransportFailure,
    Unavailable,
)
from chalicelib.core.followed import Followed
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.platforms import platform
from chalicelib.platforms.base import Platform
from chalicelib.ports import Found, Item, Key, Put, World
from chalicelib.service import brakes, connect, duplicates, engaged, journal, reading, records, removal, spikes
from chalicelib.service.ingest import PAUSE
from chalicelib.service.sheet import Sheet

log = logging.getLogger(__name__)

MOST = 100
"""Posts of one shard that a run looks at: the next one goes on."""
THREADS = 4
RUN = timedelta(seconds=40)
"""How long a run begins to ask; its function's time-out is 20 seconds later, longer than one network may take."""
AUDITING = timedelta(seconds=20)
"""What is left of a run before an audit is begun in it."""
LEASE = timedelta(minutes=3)
"""Longer than the function may run, so that a lease that lapsed is somebody who died."""
FRESH = timedelta(hours=2)
"""A report that comes this soon after the one before tells of about this hour."""
TRIES = 8

Outcome = Literal["measured", "missing", "gone", "waiting", "later", "skipped", "stopped", "overtaken"]
NONSENSE = (ValueError, KeyError, TypeError, IndexError, AttributeError)
"""What reading an answer raises that is none of the network's."""


def measure(world: World) -> Counter[str]:
    """Ask for the figures that are due, as many as one run can; how many ended how."""
    begun = world.clock.now()
    by_account = defaultdict[str, list[Key]](list)
    for row in _due(world, begun):
        by_account[row.key.pk].append(row.key)
    if by_account:
        world.web.warm()
    with ThreadPoolExecutor(THREADS) as pool:
        runs = pool.map(lambda keys: Round(world, begun + RUN).all_of(keys), by_account.values())
        outcomes = sum(runs, Counter[str]())
    journal.line("measured", due=sum(map(len, by_account.values())), **outcomes)
    return outcomes


def soon(world: World, workspace_id: str, post_id: str) -> int:
    """Have the figures of a post asked for within a minute or so, whatever its turn is; of how many parts."""
    whole, nudged = reading.post(world, workspace_id, post_id), 0
    for target in whole.targets:
        for part in target.part_ids:
            item = world.table.get(engaged.post_key(workspace_id, target.account_id, part))
            if item and (post := engaged.post_of(item)).next_at:
                sooner = replace(post, next_at=milliseconds(world.clock.now()))
                world.table.write(Put(engaged.post_item(workspace_id, sooner, item.rev), expect=item.rev))
                nudged += 1
    return nudged


def _due(world: World, now: datetime) -> Iterable[Found]:
    """What is due, the earliest first, so that nothing waits behind what came after it."""
    end = stamp(now) + records.BEHIND_EVERY_ID
    rows = [row for shard in engaged.POLL_SHARD_NAMES for row in world.table.opened(shard, end=end, limit=MOST)]
    return sorted(rows, key=lambda row: row.at.sk)


@dataclass
class Round:
    """One account's posts, one after the other: what its network says of one holds for those behind it."""

    world: World
    end: datetime
    account: Account | None = None
    """With its secrets, once its network has been asked."""
    until: datetime | None = None
    """The network asks for patience until then."""
    broken: bool = False
    """The network did not answer; it is left alone until the next run."""

    @property
    def now(self) -> datetime:
        """The instant."""
        return milliseconds(self.world.clock.now())

    def all_of(self, keys: list[Key]) -> Counter[str]:
        """How many of one account's posts ended how."""
        outcomes = Counter[str]()
        try:
            row = self.world.table.get(engaged.account_key(keys[0]))
            self.until = brakes.until_polling(self.world, connect.without_secrets(row)) if row else None
            for key in keys:
                if self.world.clock.now() >= self.end:
                    break
                outcomes[self._one(key, row)] += 1
        except Exception:
            log.exception("not_measured", extra={"account": keys[0].pk})
            outcomes["failed"] += 1
        return outcomes

    def _one(self, key: Key, row: Item | None) -> Outcome:
        item = self.world.table.get(key)
        post = engaged.post_of(item) if item else None
        if item is None or post is None or post.next_at is None or post.next_at > self.now:
            return "overtaken"
        outcome, moved = self._unasked(post, row)
        leased = moved or replace(post, next_at=self.now + LEASE)
        try:
            self.world.table.write(Put(engaged.post_item(engaged.workspace_in(key), leased, item.rev), expect=item.rev))
        except Stale:
            return "overtaken"  # by another worker, or by somebody who counts: then the next run finds it
        return outcome if moved or row is None else self._asked(leased, row)

    def _unasked(self, post: Followed, row: Item | None) -> tuple[Outcome, Followed | None]:
        """What becomes of the post where its network is not to be asked now."""
        if row is None or not _is_measurable(post):
            return "stopped", replace(post, next_at=None)
        if (self.account or connect.without_secrets(row)).status != "connected":
            return "skipped", post.skipped(self.now)
        if self.until and self.now < self.until:
            return "waiting", replace(post, next_at=milliseconds(self.until))
        if self.broken:
            return "later", post.later(self.now)
        return "measured", None

    def _asked(self, post: Followed, row: Item) -> Outcome:
        """Ask, and keep what comes of it."""
        account, as_of = self.account or connect.with_secrets(self.world, row), self.now
        self.account = account
        network = platform(post.platform)
        try:
            found = connect.with_good_token(self.world, network, account, as_of, self._measuring(network, post))
        except Limited as limit:
            until = self.until = milliseconds(brakes.limit_polling(self.world, account, limit.until))
            return self._settled(post, as_of, "waiting", lambda one: replace(one, next_at=until))
        except ReconnectNeeded:
            connect.lose(self.world, account.workspace_id, account.id)
            self.account = replace(account, status="reconnect_required")
            return self._settled(post, as_of, "skipped", lambda one: one.skipped(self.now))
        except (Transient, TransportFailure, Conflict, Unavailable) as failure:
            log.warning("network_silent", extra={"account": account.id, "failure": type(failure).__name__})
            self.broken = True
            return self._settled(post, as_of, "later", lambda one: one.later(self.now))
        except PlatformAnswer as no:
            log.warning("figures_refused", extra={"account": account.id, "code": no.code})
            return self._settled(post, as_of, "skipped", lambda one: one.skipped(self.now))
        except NONSENSE as nonsense:
            log.warning("figures_unreadable", extra={"account": account.id, "failure": type(nonsense).__name__})
            return self._settled(post, as_of, "later", lambda one: one.later(self.now))
        if found is None:
            return self._settled(post, as_of, "missing", lambda one: one.missing(self.now))
        if duplicates.is_due(network, post) and self.now < self.end - AUDITING:
            self._audit(network, post)
        return self._settled(post, as_of, "measured", lambda one: one.measured(self.now), figures_of(found))

    def _audit(self, network: Platform, post: Followed) -> None:
        """Look whether it is there twice. What goes wrong with that is in nobody's way: the figures are here."""
        account = self.account
        try:
            if account:
                duplicates.look(self.world, network, account, post)
        except Limited as limit:
            if account:
                self.until = milliseconds(brakes.limit_polling(self.world, account, limit.until))
        except (PlatformAnswer, TransportFailure, Refused, *NONSENSE) as failure:
            log.warning("not_audited", extra={"target": post.target_id, "failure": type(failure).__name__})

    def _measuring(self, network: Platform, post: Followed) -> Callable[[Account], Metrics | None]:
        def measure(account: Account) -> Metrics | None:
            self.account = account
            return connect.converse(self.world, network.measure(account, post.post), heard)

        def heard(reply: Reply) -> None:
            quota = network.quota(reply)
            if quota and self.account and quota.remaining <= RESERVED:
                brakes.learn_polling(self.world, self.account, quota)
                self.until = quota.reset_at

        return measure

    def _settled(
        self,
        leased: Followed,
        as_of: datetime,
        outcome: Outcome,
        move: Callable[[Followed], Followed],
        figures: dict[str, int] | None = None,
    ) -> Outcome:
        """Write what was found in one go with the account's day, if the lease is still ours."""
        account = self.account
        if account is None:
            raise RuntimeError("only who has asked can have found something")
        place = engaged.post_key(account.workspace_id, account.id, leased.post)
        keys = [place, engaged.day_key(account.workspace_id, account.id, as_of)]
        for _ in range(TRIES):
            sheet = Sheet.of(self.world, account, keys)
            row = sheet.items[place]
            if row is None:
                return "overtaken"
            post = engaged.post_of(row)
            if post.next_at != leased.next_at:
                return "overtaken"
            heard = as_of - _told_before(post, as_of) <= FRESH
            sheet.reported(move(post), as_of, figures or {}, heard=heard)
            try:
                removal.mark(self.world, account.workspace_id, sheet.gone)
                self.world.table.write(*sheet.writes())
            except Stale:
                self.world.clock.sleep_until(self.world.clock.now() + PAUSE * (1 + self.world.chance.fraction()))
                continue
            spikes.watch(self.world, account, sheet.voices)
            return "gone" if sheet.gone else outcome
        return "overtaken"


def _is_measurable(post: Followed) -> bool:
    """Whether its network has figures of it. The author's first comment is a post of its own only where it is a reply;
    elsewhere a network that is asked about it would say that there is no such post."""
    network = platform(post.platform)
    return network.measurable and (post.part == 0 or network.rules.comment.mode != "comment")


def figures_of(found: Metrics) -> dict[str, int]:
    """What a network says, by the names of our figures; what it does not say is left out."""
    named = {name: getattr(found, name) for name in Metrics.__slots__}
    return {name: value for name, value in named.items() if value is not None}


def _told_before(post: Followed, as_of: datetime) -> datetime:
    """When its network last said how often people had answered a post; else when it went out."""
    told = [figure.as_of for name, figure in post.counters.figures.items() if name in VOICES and figure.as_of]
    return datetime.fromtimestamp(max(told), UTC) if told else post.published_at or as_of - 2 * FRESH
