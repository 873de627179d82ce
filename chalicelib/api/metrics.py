"""What people did with a post, network by network."""

from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, route
from chalicelib.core.engagement import Source
from chalicelib.core.timing import stamp
from chalicelib.service import metrics
from chalicelib.service.metrics import Measured, TargetMetrics


class FigureAnswer(TypedDict):
    """One figure: where it is from, and the instant that it is of."""

    value: int
    source: Source
    as_of: str


class TargetMetricsAnswer(TypedDict):
    """What people did with one target, all its parts together. A figure that nobody has told is null."""

    target_id: str
    account_id: str
    platform: str
    figures: dict[str, FigureAnswer | None]
    removed_at: str | None


class MetricsAnswer(TypedDict):
    """What people did with a post, target by target."""

    post_id: str
    targets: list[TargetMetricsAnswer]


class MomentAnswer(TypedDict):
    """What all figures grew by in an hour (`2026-11-22T09`) or, further back, a day, in UTC."""

    at: str
    grown: dict[str, int]


class TimelineAnswer(TypedDict):
    """How a post's figures grew, oldest first."""

    post_id: str
    data: list[MomentAnswer]


@route("GET", "/v1/posts/{post_id}/metrics", needs="engagement:read", answers={200: MetricsAnswer})
def get_metrics(call: Call, post_id: str) -> Answer:
    """The post's figures by target, each with its source and instant."""
    found = metrics.of_post(call.world, call.workspace_id, post_id)
    return Answer(200, {"post_id": post_id, "targets": [_target(one) for one in found]})


@route("GET", "/v1/posts/{post_id}/metrics/timeline", needs="engagement:read", answers={200: TimelineAnswer})
def get_timeline(call: Call, post_id: str) -> Answer:
    """How the post's figures grew, all targets together."""
    moments = metrics.timeline(call.world, call.workspace_id, post_id)
    return Answer(200, {"post_id": post_id, "data": [{"at": one.at, "grown": one.grown} for one in moments]})


def _target(one: TargetMetrics) -> TargetMetricsAnswer:
    return {
        "target_id": one.target.id,
        "account_id": one.target.account_id,
        "platform": one.target.platform,
        "figures": {name: _figure(figure) for name, figure in one.figures.items()},
        "removed_at": stamp(one.removed_at) if one.removed_at else None,
    }


def _figure(one: Measured | None) -> FigureAnswer | None:
    return {"value": one.value, "source": one.source, "as_of": stamp(one.as_of)} if one else None
