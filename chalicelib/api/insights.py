"""What can be learned from what people did: when posts do best, and how many people there are."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from chalicelib.api.engagement import Name
from chalicelib.api.metrics import Day, days
from chalicelib.api.route import Answer, Call, Query, route
from chalicelib.core.best_times import Block, Signal
from chalicelib.core.event_log import KEPT
from chalicelib.core.timing import zone
from chalicelib.service import insights
from chalicelib.service.insights import Crowd, Times


class BlockAnswer(TypedDict):
    """An hour of the week, in the time zone asked for: weekday 1 is Monday, hour 9 the one from nine to ten."""

    weekday: int
    hour: int
    n: int
    mean: float
    median: float
    above_median: int
    signal: Signal


class BestTimesAnswer(TypedDict):
    """When posts did best. `best` is empty unless posts of an hour are many enough, and better than chance."""

    timezone: str
    window_days: int
    n: int
    unknown: int
    signal: Signal
    best: list[BlockAnswer]
    blocks: list[BlockAnswer]
    complete: bool


class AccountReachAnswer(TypedDict):
    """The different people who did something with an account."""

    account_id: str
    people: int


class PlatformReachAnswer(TypedDict):
    """The different people who did something with any of the accounts on a network."""

    platform: str
    people: int


class OverlapAnswer(TypedDict):
    """The people whom two accounts of a network share."""

    account_ids: list[str]
    people: int


class AudienceAnswer(TypedDict):
    """How many people there are. Nobody can tell whether two people of different networks are one."""

    since: str
    until: str
    accounts: list[AccountReachAnswer]
    platforms: list[PlatformReachAnswer]
    overlaps: list[OverlapAnswer]
    complete: bool


def _known(name: str) -> str:
    zone(name)
    return name


class BestTimesQuery(Query):
    """Which posts, and in what time zone."""

    account_id: Name | None = None
    platform: Name | None = None
    timezone: Annotated[str, AfterValidator(_known), Field(max_length=100)] = "UTC"
    window: Annotated[int, Field(ge=7, le=365, description="How many days back posts are looked at")] = 90


class AudienceQuery(Query):
    """Which days, in UTC, both included; the last 30 where nothing is said, and 90 at most."""

    since: Day | None = None
    until: Day | None = None
    platform: Name | None = None


@route("GET", "/v1/insights/best_times", needs="engagement:read", answers={200: BestTimesAnswer})
def get_best_times(call: Call, query: BestTimesQuery) -> Answer:
    """When posts did best, by the local hour of the week at which they went out."""
    window = timedelta(days=query.window)
    found = insights.times(
        call.world, call.workspace_id, query.account_id, query.platform, zone(query.timezone), window
    )
    return Answer(200, _times(found, query))


@route("GET", "/v1/insights/audience", needs="engagement:read", answers={200: AudienceAnswer})
def get_audience(call: Call, query: AudienceQuery) -> Answer:
    """How many different people did something, by account and by network, and whom accounts share."""
    first, last = days(query.since, query.until, call.world.clock.now().date(), KEPT)
    found = insights.crowd(call.world, call.workspace_id, first, last, query.platform)
    return Answer(200, {"since": str(first), "until": str(last), **_crowd(found)})


def _times(found: Times, query: BestTimesQuery) -> BestTimesAnswer:
    return {
        "timezone": query.timezone,
        "window_days": query.window,
        "n": found.found.n,
        "unknown": found.unknown,
        "signal": found.found.signal,
        "best": [_block(one) for one in found.found.best],
        "blocks": [_block(one) for one in found.found.blocks],
        "complete": found.complete,
    }


def _block(one: Block) -> BlockAnswer:
    return {
        "weekday": one.weekday,
        "hour": one.hour,
        "n": one.n,
        "mean": round(one.mean, 2),
        "median": one.median,
        "above_median": one.above,
        "signal": one.signal,
    }


def _crowd(found: Crowd) -> dict[str, object]:
    return {
        "accounts": [{"account_id": one.name, "people": one.people} for one in found.found.accounts],
        "platforms": [{"platform": one.name, "people": one.people} for one in found.found.platforms],
        "overlaps": [{"account_ids": list(one.accounts), "people": one.people} for one in found.found.overlaps],
        "complete": found.complete,
    }
