"""What can be learned from what people did: when posts do best, and how many people there are."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from chalicelib.core.account import Account
from chalicelib.core.audience import Audience, audience
from chalicelib.core.best_times import BestTimes, Outcome, best_times
from chalicelib.core.counters import Counters
from chalicelib.core.errors import Stale
from chalicelib.core.event_log import KEPT
from chalicelib.core.followed import Followed
from chalicelib.core.target import Target
from chalicelib.core.timing import stamp
from chalicelib.ports import Item, Put, World
from chalicelib.service import connect, engaged, records
from chalicelib.service.people import People

FIRST = timedelta(hours=24)
"""How long after its publishing a post's engagement counts for the hour at which it went out."""
LATEST_POLL = timedelta(minutes=15)
"""How late after these the last look may come: the figures of a day are asked for when it is over."""
ENGAGING = ("likes", "reposts", "quotes", "replies", "saves", "clicks", "poll_votes")
"""What counts as engagement with a post; being seen does not."""
MOST_POSTS = 500
"""Posts of one account that are looked at."""

CLOSED = timedelta(days=2)
"""How long after its end a day is over: networks deliver for a day and a half at most."""
MOST_PEOPLE = 20_000
"""People of one day and account that are told apart."""
PAGE = 100
PAGES = 60
"""Pages of minutes that are read for one answer."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Times:
    """When posts did best, and from how much that is known."""

    found: BestTimes
    unknown: int
    """Posts whose engagement nobody has told."""
    complete: bool
    """Whether every post of the time was looked at."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """An audience, and whether everything of the time went into it."""

    found: Audience
    complete: bool


def times(
    world: World, workspace_id: str, account_id: str | None, platform: str | None, zone: tzinfo, window: timedelta
) -> Times:
    """When the posts of the last days did best, of all accounts or of some."""
    end = world.clock.now() - FIRST - LATEST_POLL
    outcomes, unknown, complete = list[Outcome](), 0, True
    for account in _accounts(world, workspace_id, account_id, platform):
        targets, whole = _published(world, account, world.clock.now() - window, end)
        complete &= whole
        for target, parts in _with_parts(world, workspace_id, targets):
            engagement = first_day(target.published_at or end, [one.counters for one in parts])
            if engagement is None:
                unknown += 1
            else:
                outcomes.append(Outcome(target.published_at or end, engagement))
    return Times(best_times(outcomes, zone), unknown, complete)


def first_day(published_at: datetime, parts: Iterable[Counters]) -> int | None:
    """The engagement of a post's first 24 hours, to the hour; None where nobody has told of any."""
    known = [one for one in parts if any(name in one.figures for name in ENGAGING)]
    first = f"{published_at.astimezone(UTC):%Y-%m-%dT%H}"
    end = f"{published_at.astimezone(UTC) + FIRST + LATEST_POLL:%Y-%m-%dT%H}"
    grown = [
        figures.get(name, 0)
        for one in known
        for place, figures in one.timeline.items()
        if first <= place <= end
        for name in ENGAGING
    ]
    return max(0, sum(grown)) if known else None


def crowd(world: World, workspace_id: str, first: date, last: date, platform: str | None = None) -> Crowd:
    """How many people did something from a day to a day, in UTC, by account and by network."""
    accounts = _accounts(world, workspace_id, None, platform)
    ourselves = People.of(world, workspace_id)
    pages, people, complete = [PAGES], dict[str, set[str]](), True
    for account in accounts:
        found, whole = _people(world, account, first, last, pages)
        found.discard(ourselves.hash(account.platform, account.remote_id))
        people[account.id] = found
        complete &= whole
    return Crowd(audience(people, {one.id: one.platform for one in accounts}), complete)


def _accounts(world: World, workspace_id: str, account_id: str | None, platform: str | None) -> list[Account]:
    if account_id:
        one = connect.find(world, workspace_id, account_id)
        found = [one] if one else []
    else:
        found = connect.every(world, workspace_id)
    return [one for one in found if platform in (None, one.platform)]


def _published(world: World, account: Account, start: datetime, end: datetime) -> tuple[list[Target], bool]:
    """The account's targets that went out in that time; False where there are more than are looked at."""
    pk = records.account_pk(account.workspace_id, account.id)
    rows = world.table.listed(pk, start=stamp(start - DAY), end=stamp(end), limit=MOST_POSTS, reverse=True)
    targets = [records.target_of(item) for item in world.table.get_many([row.key for row in rows])]
    out = [one for one in targets if one.published_at and start <= one.published_at <= end]
    return out, len(rows) < MOST_POSTS


def _with_parts(world: World, workspace_id: str, targets: Sequence[Target]) -> Iterator[tuple[Target, list[Followed]]]:
    keys = [
        engaged.post_key(workspace_id, target.account_id, part)
        for target in targets
        for part in engaged.parts_of(target)
    ]
    followed = [engaged.post_of(item) for item in world.table.get_many(keys)]
    by_target: dict[str, list[Followed]] = {}
    for one in followed:
        by_target.setdefault(one.target_id or "", []).append(one)
    return ((target, by_target.get(target.id, [])) for target in targets)


def _people(world: World, account: Account, first: date, last: date, pages: list[int]) -> tuple[set[str], bool]:
    """Who did something in some days. A day that is over is summed up once, by whoever asks for it first."""
    pk = engaged.pk(account.workspace_id, account.id)
    days = [first + DAY * number for number in range((last - first).days + 1)]
    sums = {
        item.key.sk.removeprefix(engaged.PEOPLE): item
        for item in world.table.items(pk, engaged.PEOPLE, limit=len(days), after=f"{engaged.PEOPLE}{first - DAY}")
    }
    known = [sums[str(day)] for day in days if str(day) in sums]
    people = set[str]().union(*(item.doc["people"] for item in known))
    complete = all(item.doc["complete"] for item in known)
    missing = [day for day in days if str(day) not in sums]
    fresh, read = _seen(world, pk, missing, pages)
    over = [
        day for day in read if datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY + CLOSED <= world.clock.now()
    ]
    _sum_up(world, account, {day: fresh[day] for day in over})
    return people.union(*fresh.values()), complete and len(read) == len(missing)


def _seen(world: World, pk: str, days: Sequence[date], pages: list[int]) -> tuple[dict[date, set[str]], list[date]]:
    """The people of each day, and the days of which all minutes were read."""
    found, read = {day: set[str]() for day in days}, list[date]()
    for day in days:
        prefix, after = f"{engaged.MINUTE}{day}", ""
        while pages[0]:
            pages[0] -= 1
            items = world.table.items(pk, prefix, limit=PAGE, after=after)
            found[day].update(_actors(items))
            if len(items) < PAGE:
                read.append(day)
                break
            after = items[-1].key.sk
    return found, read


def _actors(items: Iterable[Item]) -> Iterator[str]:
    return (event["actor"] for item in items for event in item.doc["events"] if event["actor"])


def _sum_up(world: World, account: Account, people: dict[date, set[str]]) -> None:
    for day, found in people.items():
        key = engaged.people_key(account.workspace_id, account.id, str(day))
        doc = {"people": sorted(found)[:MOST_PEOPLE], "complete": len(found) <= MOST_PEOPLE}
        with suppress(Stale):  # somebody else has summed it up
            world.table.write(Put(Item(key, doc, expires=world.clock.now() + KEPT), expect=0))
