"""/v1/scores: how consistent and how timely the brand is, why, and since when."""

import re
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.engagement import Name
from chalicelib.api.metrics import Day
from chalicelib.api.route import Answer, Call, Query, route
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.post import Value
from chalicelib.core.scores.score import WINDOWS, Advice, Confidence, Kind, Loss, Part, Scope
from chalicelib.core.timing import stamp
from chalicelib.service import scores, weights
from chalicelib.service.scores import Shown
from chalicelib.service.weights import Overrides

Window = Literal["8w", "4w", "28d", "7d"]
HISTORY_DAYS = 30
MOST_DAYS = 400
SVG = "image/svg+xml"
PICTURE_HEADERS = {"Content-Type": SVG, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class ScopeAnswer(TypedDict):
    """What a score is of. `id` is the account's or the platform's name; null for the workspace."""

    kind: Literal["workspace", "platform", "account"]
    id: str | None


class ScoreAnswer(TypedDict):
    """A score. `value` is 0 to 100, null where there is nothing to go by; confidence C under 5 things, B under 20."""

    kind: Kind
    scope: ScopeAnswer
    account_id: str | None
    platform: str | None
    value: float | None
    confidence: Confidence
    n: int
    interval: list[float] | None
    window: str
    computed_at: str


class ScoresAnswer(TypedDict):
    """Scores as they were last computed: within the hour after something changed, and once a day."""

    data: list[ScoreAnswer]


class PartAnswer(TypedDict):
    """One part of a score: value and interval from 0 to 1, `points` what it adds to the score. Without data it has no
    value, its weight is 0, and the other parts share it."""

    name: str
    value: float | None
    weight: float
    points: float
    n: int
    interval: list[float] | None
    note: str | None
    figures: dict[str, float | None]


class LossAnswer(TypedDict):
    """One of the three posts that cost the most points."""

    post_id: str
    points: float
    why: str


class AdviceAnswer(TypedDict):
    """What would raise the score, and by how much at most."""

    code: str
    points: float
    message: str


class ExplainAnswer(ScoreAnswer):
    """A score with all that explains it: the points of the parts add up to it."""

    parts: list[PartAnswer]
    weights: dict[str, float]
    losses: list[LossAnswer]
    advice: list[AdviceAnswer]


class PointAnswer(TypedDict):
    """What the score was on a day, in UTC, when it was last computed."""

    date: str
    value: float | None
    n: int
    confidence: Confidence


class HistoryAnswer(TypedDict):
    """A score's history; a day on which nothing was computed is left out."""

    kind: Kind
    scope: ScopeAnswer
    window: str
    data: list[PointAnswer]


class OverridesAnswer(TypedDict):
    """What stands in the place of the house's own numbers."""

    consistency: dict[str, float]
    timeliness: dict[str, float]
    half_lives: dict[str, float]


class WeightsAnswer(TypedDict):
    """What everything weighs, and in hours how long news stays fresh where; `overrides` is what the workspace chose."""

    consistency: dict[str, float]
    timeliness: dict[str, float]
    half_lives: dict[str, float]
    overrides: OverridesAnswer


Weight = Annotated[float, Field(allow_inf_nan=False)]
Weighed = Annotated[dict[Annotated[str, Field(max_length=40)], Weight], Field(max_length=60)]


class NewWeights(Value):
    """Own numbers: weights of parts in any unit, half-lives of platforms in hours. What is left out is the house's."""

    consistency: Weighed = Field(default_factory=dict)
    timeliness: Weighed = Field(default_factory=dict)
    half_lives: Weighed = Field(default_factory=dict)


class ScoresQuery(Query):
    """Which scores; all scopes in each kind's own window, where nothing is said."""

    kind: Kind | None = None
    account_id: Name | None = None
    platform: Name | None = None
    window: Window | None = None


class ExplainQuery(Query):
    """Which score: the workspace's, or that of an account or a platform; in its kind's own window unless said."""

    kind: Kind
    account_id: Name | None = None
    platform: Name | None = None
    window: Window | None = None


class HistoryQuery(Query):
    """Which score, and which days, in UTC, both included; the last 30 where nothing is said, and 400 at most."""

    kind: Kind
    account_id: Name | None = None
    platform: Name | None = None
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


@route("GET", "/v1/scores", needs="scores:read", answers={200: ScoresAnswer})
def list_scores(call: Call, query: ScoresQuery) -> Answer:
    """The scores of the workspace, its platforms and its accounts, or of one of them."""
    _require_window(query.kind, query.window)
    asked = query.account_id or query.platform
    scope = _scope(call, query.account_id, query.platform) if asked else None
    found = scores.listed(call.world, call.workspace_id, scope, query.kind, query.window)
    return Answer(200, ScoresAnswer(data=[_score(one) for one in found]))


@route("GET", "/v1/scores/explain", needs="scores:read", answers={200: ExplainAnswer})
def explain_score(call: Call, query: ExplainQuery) -> Answer:
    """One score in its parts, with the posts that cost the most and what would raise it."""
    _require_window(query.kind, query.window)
    scope = _scope(call, query.account_id, query.platform)
    found = scores.explained(call.world, call.workspace_id, scope, query.window or WINDOWS[query.kind][0])
    shown: ExplainAnswer = {
        **_score(found),
        "parts": [_part(one) for one in found.score.parts],
        "weights": {one.name: one.weight for one in found.score.parts},
        "losses": [_loss(one) for one in found.score.losses],
        "advice": [_advice(one) for one in found.score.advice],
    }
    return Answer(200, shown)


@route("GET", "/v1/scores/history", needs="scores:read", answers={200: HistoryAnswer}, pictured=True)
def get_score_history(call: Call, query: HistoryQuery) -> Answer:
    """What a score was, day by day; as a picture to paste into a report with `Accept: image/svg+xml`."""
    first, last = _days(call, query)
    scope = _scope(call, query.account_id, query.platform)
    points = scores.history(call.world, call.workspace_id, scope, query.kind, first, last)
    if _wants_picture(call.accept):
        from chalicelib.core.scores.chart import chart  # seldom wanted

        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        values = [(day, points[day].value if day in points else None) for day in days]
        title = f"{query.kind.capitalize()} of {scores.title(call.world, call.workspace_id, scope)}"
        return Answer(200, chart(title, values), PICTURE_HEADERS)
    shown: HistoryAnswer = {
        "kind": query.kind,
        "scope": {"kind": scope.kind, "id": scope.id or None},
        "window": WINDOWS[query.kind][0],
        "data": [
            {"date": day.isoformat(), "value": _rounded(one.value), "n": one.n, "confidence": one.confidence}
            for day, one in points.items()
        ],
    }
    return Answer(200, shown)


@route("GET", "/v1/scores/weights", needs="scores:read", answers={200: WeightsAnswer})
def get_weights(call: Call) -> Answer:
    """What the parts of the scores weigh for this workspace, and how long news stays fresh."""
    return Answer(200, _weights(weights.of(call.world, call.workspace_id)))


@route("PUT", "/v1/scores/weights", needs="plan:write", answers={200: WeightsAnswer}, audited=True)
def choose_weights(call: Call, body: NewWeights) -> Answer:
    """Choose own numbers; they hold from the next computation on. An empty body goes back to the house's."""
    chosen = Overrides(dict(body.consistency), dict(body.timeliness), dict(body.half_lives))
    return Answer(200, _weights(weights.choose(call.world, call.workspace_id, chosen)))


def _scope(call: Call, account_id: str | None, platform: str | None) -> Scope:
    if account_id and platform:
        message = "name an account or a platform, not both"
        raise Invalid([Issue("contradiction", "error", "platform", message)])
    return scores.known(call.world, call.workspace_id, account_id, platform)


def _require_window(kind: Kind | None, window: Window | None) -> None:
    if kind and window and window not in WINDOWS[kind]:
        message = f"{kind} looks back on {' or '.join(WINDOWS[kind])}"
        raise Invalid([Issue("unknown_window", "error", "window", message)])


def _days(call: Call, query: HistoryQuery) -> tuple[date, date]:
    last = query.last or call.world.clock.now().date()
    first = query.first or last - timedelta(days=HISTORY_DAYS - 1)
    if first > last:
        raise Invalid([Issue("invalid_span", "error", "from", "is after the last day")])
    if (last - first).days >= MOST_DAYS:
        raise Invalid([Issue("span_too_long", "error", "from", f"asks for more than {MOST_DAYS} days")])
    return first, last


_MEDIA_RANGE = re.compile(r"\s*([\w.+*-]+/[\w.+*-]+)\s*((?:;[^,]*)?)")
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)")


def _wants_picture(accept: str) -> bool:
    """Whether the caller would sooner have SVG than JSON: RFC 9110 §12.5.1, by name and not by wildcard."""
    quality: dict[str, float] = {}
    for kind, parameters in _MEDIA_RANGE.findall(accept):
        found = _QUALITY.search(parameters)
        quality[kind.lower()] = float(found[1]) if found else 1.0
    return quality.get(SVG, 0.0) > quality.get("application/json", 0.0)


def _score(found: Shown) -> ScoreAnswer:
    score = found.score
    return {
        "kind": score.kind,
        "scope": {"kind": found.scope.kind, "id": found.scope.id or None},
        "account_id": found.scope.id if found.scope.kind == "account" else None,
        "platform": found.platform,
        "value": _rounded(score.value),
        "confidence": score.confidence,
        "n": score.n,
        "interval": _interval(score.interval, 2),
        "window": found.window,
        "computed_at": stamp(found.computed_at),
    }


def _part(part: Part) -> PartAnswer:
    return {
        "name": part.name,
        "value": _rounded(part.value, 4),
        "weight": round(part.weight, 4),
        "points": round(100 * part.weight * (part.value or 0.0), 2),
        "n": part.n,
        "interval": _interval(part.interval, 4),
        "note": part.note,
        "figures": {name: _rounded(value, 4) for name, value in part.figures.items()},
    }


def _loss(loss: Loss) -> LossAnswer:
    return {"post_id": loss.post_id, "points": round(loss.points, 2), "why": loss.why}


def _advice(advice: Advice) -> AdviceAnswer:
    return {"code": advice.code, "points": round(advice.points, 2), "message": advice.message}


def _weights(chosen: Overrides) -> WeightsAnswer:
    return {
        "consistency": dict(chosen.weights.consistency),
        "timeliness": dict(chosen.weights.timeliness),
        "half_lives": chosen.all_half_lives,
        "overrides": {
            "consistency": chosen.consistency,
            "timeliness": chosen.timeliness,
            "half_lives": chosen.half_lives,
        },
    }


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


def _interval(found: tuple[float, float] | None, digits: int) -> list[float] | None:
    return [round(one, digits) for one in found] if found else None
