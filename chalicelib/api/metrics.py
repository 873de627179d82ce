"""What people did with a post, network by network and together, and with an account. What nobody has told is null."""

import re
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue
from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer
from chalicelib.api.route import Answer, Call, PageQuery, Query, route
from chalicelib.core.counters import Timeline
from chalicelib.core.engagement import Source
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.service import metrics
from chalicelib.service.metrics import Elsewhere, Figures, TargetMetrics

LONGEST = timedelta(days=366)
USUAL = timedelta(days=30)


class FigureAnswer(TypedDict):
    """One figure, the instant of the last word in it, and where that came from."""

    value: int
    source: Source
    as_of: str


class TargetMetricsAnswer(TypedDict):
    """What people did with one target, all its parts together. `sources` is how its network's figures can come."""

    target_id: str
    account_id: str
    platform: str
    figures: dict[str, FigureAnswer | None]
    sources: list[Source]
    removed_at: str | None


class MetricsAnswer(TypedDict):
    """What people did with a post, target by target and together: a total is the sum of what is known."""

    post_id: str
    totals: dict[str, FigureAnswer | None]
    targets: list[TargetMetricsAnswer]


class MomentAnswer(TypedDict):
    """What figures grew by in an hour (`2026-11-22T09`) or, further back, a day, in UTC."""

    at: str
    grown: dict[str, int]


class TargetTimelineAnswer(TypedDict):
    """How one target's figures grew."""

    target_id: str
    account_id: str
    platform: str
    data: list[MomentAnswer]


class TimelineAnswer(TypedDict):
    """How a post's figures grew, together and target by target, oldest first."""

    post_id: str
    data: list[MomentAnswer]
    targets: list[TargetTimelineAnswer]


class DayAnswer(TypedDict):
    """What an account's figures grew by on a day, in UTC."""

    date: str
    grown: dict[str, int]


class AccountMetricsAnswer(TypedDict):
    """What an account's figures grew by: all that was told of it, also around posts that were not published here."""

    account_id: str
    first: str
    last: str
    totals: dict[str, int]
    days: list[DayAnswer]


class ElsewhereAnswer(TypedDict):
    """A post that was not published here."""

    platform_post_id: str
    figures: dict[str, FigureAnswer | None]
    removed_at: str | None


def _iso(value: object) -> object:
    """Refuses whatever else could be taken for a day, such as seconds since 1970."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return value
    raise ValueError("must be a day such as 2026-11-22")


_AS_TEXT: dict[str, JsonValue] = {"maxLength": 10, "pattern": "^[2-8][0-9]{3}-[01][0-9]-[0-3][0-9]$"}

Day = Annotated[
    date,
    Field(ge=date(2000, 1, 1), le=date(9000, 1, 1), json_schema_extra=_AS_TEXT),
    BeforeValidator(_iso),
]


class DaysQuery(Query):
    """Which days, in UTC, both included; the last 30 where nothing is said, and 366 at most."""

    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


@route("GET", "/v1/posts/{post_id}/metrics", needs="engagement:read", answers={200: MetricsAnswer})
def get_metrics(call: Call, post_id: str) -> Answer:
    """The post's figures by target and together, each with its source and instant."""
    found = metrics.of_post(call.world, call.workspace_id, post_id)
    shown: MetricsAnswer = {
        "post_id": post_id,
        "totals": _figures(found.totals),
        "targets": [_target(one) for one in found.targets],
    }
    return Answer(200, shown)


@route("GET", "/v1/posts/{post_id}/metrics/timeline", needs="engagement:read", answers={200: TimelineAnswer})
def get_timeline(call: Call, post_id: str) -> Answer:
    """How the post's figures grew, by target and together."""
    found = metrics.of_post(call.world, call.workspace_id, post_id)
    shown: TimelineAnswer = {
        "post_id": post_id,
        "data": _moments(found.growth),
        "targets": [
            {
                "target_id": one.target.id,
                "account_id": one.target.account_id,
                "platform": one.target.platform,
                "data": _moments(one.growth),
            }
            for one in found.targets
        ],
    }
    return Answer(200, shown)


@route("GET", "/v1/accounts/{account_id}/metrics", needs="engagement:read", answers={200: AccountMetricsAnswer})
def get_account_metrics(call: Call, account_id: str, query: DaysQuery) -> Answer:
    """What the account's figures grew by, day by day; days without anything are left out."""
    first, last = days(query.first, query.last, call.world.clock.now().date(), LONGEST)
    found = metrics.of_account(call.world, call.workspace_id, account_id, first, last)
    shown: AccountMetricsAnswer = {
        "account_id": account_id,
        "first": str(first),
        "last": str(last),
        "totals": found.totals,
        "days": [{"date": day, "grown": grown} for day, grown in found.days.items()],
    }
    return Answer(200, shown)


@route(
    "GET",
    "/v1/accounts/{account_id}/metrics/elsewhere",
    needs="engagement:read",
    answers={200: ListAnswer[ElsewhereAnswer]},
)
def list_elsewhere(call: Call, account_id: str, query: PageQuery) -> Answer:
    """The figures of the account's posts that were not published here, by the network's id."""
    page = metrics.elsewhere(call.world, call.workspace_id, account_id, query.limit, query.cursor)
    return Answer(200, {"data": [_elsewhere(one) for one in page.data], "next_cursor": page.next_cursor})


def days(first: date | None, last: date | None, today: date, longest: timedelta) -> tuple[date, date]:
    """From a day to a day, as asked for; Invalid where these are none, or too many."""
    end = last or (max(first, today) if first else today)
    start = first or end - min(USUAL, longest) + timedelta(days=1)
    if start > end:
        raise Invalid([Issue("invalid_query", "error", "from", "must not be after `to`")])
    if end - start >= longest:
        raise Invalid([Issue("invalid_query", "error", "from", f"{longest.days} days are the most at once")])
    return start, end


def _moments(grown: Timeline) -> list[MomentAnswer]:
    return [{"at": at, "grown": figures} for at, figures in grown.items()]


def _target(one: TargetMetrics) -> TargetMetricsAnswer:
    return {
        "target_id": one.target.id,
        "account_id": one.target.account_id,
        "platform": one.target.platform,
        "figures": _figures(one.figures),
        "sources": list(one.sources),
        "removed_at": stamp_of(one.removed_at),
    }


def _elsewhere(one: Elsewhere) -> ElsewhereAnswer:
    return {
        "platform_post_id": one.post,
        "figures": _figures(one.figures),
        "removed_at": stamp_of(one.removed_at),
    }


def _figures(figures: Figures) -> dict[str, FigureAnswer | None]:
    return {
        name: {"value": one.value, "source": one.source, "as_of": stamp(one.as_of)} if one else None
        for name, one in figures.items()
    }
