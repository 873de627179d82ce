"""/v1/plan: how much a brand means to publish a week, when, and when not; for a workspace, or for an account alone."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, Moment, Query, route
from chalicelib.core.business_hours import Weekday
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.plan import Blackout, Goal, HolidayEffect, Holidays, LeftOut, LeftOutCode, Plan, PlannedWeek, Slot
from chalicelib.core.planning import left_out, local_date, monday, occurrences, planned_weeks
from chalicelib.core.post import Line, Value, When
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.service import connect, plan
from chalicelib.service.plan import Chooser, Plans

LONGEST = timedelta(days=370)
"""How long a span of occurrences may be."""
YEARS = range(2000, 2100)
"""In which years one may lie."""

Share = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class NewGoal(Value):
    """How many posts a week are meant to go out."""

    least: Annotated[int, Field(ge=0, le=500)] = Goal().least
    most: Annotated[int, Field(ge=0, le=500)] = Goal().most


class NewSlot(Value):
    """A time of the week, by the wall clock of the plan's zone."""

    day: Weekday
    time: Annotated[str, Field(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class NewBlackout(Value):
    """A span in which nothing goes out by plan: wall-clock times of the plan's zone, without offset, before `end`."""

    start: When
    end: When
    why: Annotated[str, Field(max_length=100)] = ""


class NewHolidays(Value):
    """Whose holidays count: a country's, or those of the Chinese calendar (`lunar`), all or the one in `subdivision`.

    `shrink` empties the day and takes its share off the week's goal; `keep` changes nothing; `raise` keeps the day, and
    adds `extra` to the goal of a week that holds a holiday.
    """

    country: Annotated[str, Field(max_length=5, pattern=r"^([A-Z]{2}|lunar)$")]
    subdivision: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    effect: HolidayEffect = "shrink"
    extra: Annotated[int, Field(ge=0, le=100)] = 0


class NewPlan(Value):
    """A publishing plan. What is left out is as in the default: 3 to 5 posts in any week, at any time."""

    timezone: Line = "UTC"
    goal: NewGoal = NewGoal()
    slots: Annotated[tuple[NewSlot, ...], Field(max_length=168)] = ()
    skip_days: Annotated[tuple[Weekday, ...], Field(max_length=7)] = ()
    blackouts: Annotated[tuple[NewBlackout, ...], Field(max_length=50)] = ()
    holidays: Annotated[tuple[NewHolidays, ...], Field(max_length=10)] = ()
    mix: Annotated[dict[Annotated[str, Field(max_length=50)], Share], Field(max_length=50, default_factory=dict)]


class GoalAnswer(TypedDict):
    """How many posts a week are meant to go out."""

    least: int
    most: int


class SlotAnswer(TypedDict):
    """A time of the week, by the wall clock of the plan's zone."""

    day: Weekday
    time: str


class BlackoutAnswer(TypedDict):
    """A span in which nothing goes out by plan."""

    start: str
    end: str
    why: str


class HolidaysAnswer(TypedDict):
    """Whose holidays count, and what one does."""

    country: str
    subdivision: str | None
    effect: HolidayEffect
    extra: int


class PlanAnswer(TypedDict):
    """The plan that holds, since when, and for whom it was chosen; for nobody where it is the default."""

    account_id: str | None
    chosen_for: Literal["account", "workspace", "nobody"]
    since: str | None
    timezone: str
    goal: GoalAnswer
    slots: list[SlotAnswer]
    skip_days: list[Weekday]
    blackouts: list[BlackoutAnswer]
    holidays: list[HolidaysAnswer]
    mix: dict[str, float]


class OccurrenceAnswer(TypedDict):
    """A time at which the plan wants something out: the instant, and what the wall clock shows then.

    `note` is `dst_gap` where the slot's time does not exist that day, and it is the same time after the clocks went
    forward; `dst_overlap` where it happens twice, and it is the first. `slot` is `any` where the plan has no slots.
    """

    at: str
    local: str
    slot: str
    note: str | None


class LeftOutAnswer(TypedDict):
    """A slot, or where the plan has none a whole day, that is left out, and why."""

    date: str
    slot: str | None
    code: LeftOutCode
    why: str


class WeekAnswer(TypedDict):
    """An ISO week and its goal, after holidays, make-up working days and blackouts."""

    start: str
    end: str
    goal: GoalAnswer
    holidays: list[str]


class OccurrencesAnswer(TypedDict):
    """When the plan wants something out, what it leaves out, and what it wants of each week."""

    timezone: str
    data: list[OccurrenceAnswer]
    left_out: list[LeftOutAnswer]
    weeks: list[WeekAnswer]


Account = Annotated[
    Line | None, Field(description="The account whose plan is meant; the workspace's where none is named")
]


class PlanQuery(Query):
    """Whose plan is meant."""

    account_id: Account = None


class OwnPlanQuery(Query):
    """Whose own plan is meant."""

    account_id: Line


class OccurrencesQuery(PlanQuery):
    """Between which instants; the second is not included, and at most 370 days after the first."""

    since: Annotated[Moment, Field(alias="from")]
    until: Annotated[Moment, Field(alias="to")]


@route("GET", "/v1/plan", needs="plan:read", answers={200: PlanAnswer})
def get_plan(call: Call, query: PlanQuery) -> Answer:
    """The plan of the workspace, or the one that holds for an account."""
    return _shown(call, query.account_id)


@route("PUT", "/v1/plan", needs="plan:write", answers={200: PlanAnswer}, audited=True)
def choose_plan(call: Call, body: NewPlan, query: PlanQuery) -> Answer:
    """Choose the whole plan of the workspace, or of an account; past weeks are still judged by the plan that held."""
    plan.choose(call.world, call.workspace_id, query.account_id, _plan(body))
    return _shown(call, query.account_id)


@route("DELETE", "/v1/plan", needs="plan:write", answers={204: None}, audited=True)
def delete_own_plan(call: Call, query: OwnPlanQuery) -> Answer:
    """Let the workspace's plan hold for an account again."""
    plan.forget(call.world, call.workspace_id, query.account_id)
    return Answer(204)


@route("GET", "/v1/plan/occurrences", needs="plan:read", answers={200: OccurrencesAnswer})
def list_occurrences(call: Call, query: OccurrencesQuery) -> Answer:
    """When the plan wants something out, with what is left out and each week's goal."""
    start, end = query.since, query.until
    if issues := _faults(start, end):
        raise Invalid(issues)
    found = _plans(call, query.account_id).plan(query.account_id)
    first, last = monday(local_date(found, start)), local_date(found, end - timedelta.resolution)
    weeks = planned_weeks(found, first, (last - first).days // 7 + 1)
    body: OccurrencesAnswer = {
        "timezone": found.timezone,
        "data": [
            {"at": stamp(one.at), "local": one.local, "slot": one.slot, "note": one.note}
            for one in occurrences(found, start, end)
        ],
        "left_out": [_left_out(one) for one in left_out(found, start, end)],
        "weeks": [_week(one) for one in weeks],
    }
    return Answer(200, body)


def _faults(start: datetime, end: datetime) -> list[Issue]:
    if end <= start:
        return [Issue("ends_too_early", "error", "to", "must be later than `from`")]
    if not (start.year in YEARS and end.year in YEARS):
        return [
            Issue("out_of_range", "error", "from", f"is not in the years {YEARS[0]} to {YEARS[-1]}, or `to` is not")
        ]
    if end - start > LONGEST:
        return [Issue("span_too_long", "error", "to", f"is more than {LONGEST.days} days after `from`")]
    return []


def _plans(call: Call, account_id: str | None) -> Plans:
    if account_id is not None:
        connect.account(call.world, call.workspace_id, account_id)
    return Plans.of(call.world, call.workspace_id)


def _plan(body: NewPlan) -> Plan:
    return Plan(
        body.timezone,
        Goal(body.goal.least, body.goal.most),
        tuple(Slot(one.day, one.time) for one in body.slots),
        body.skip_days,
        tuple(Blackout(_second(one.start), _second(one.end), one.why) for one in body.blackouts),
        tuple(Holidays(one.country, one.subdivision, one.effect, one.extra) for one in body.holidays),
        body.mix,
    )


def _second(wall: datetime) -> datetime:
    return wall.replace(microsecond=0)


def _shown(call: Call, account_id: str | None) -> Answer:
    plans = _plans(call, account_id)
    found, chosen_for = plans.plan(account_id), plans.chosen(account_id)
    return Answer(200, _plan_answer(found, account_id, chosen_for, plans.since(account_id)))


def _plan_answer(found: Plan, account_id: str | None, chosen_for: Chooser, since: datetime | None) -> PlanAnswer:
    return {
        "account_id": account_id,
        "chosen_for": chosen_for,
        "since": stamp_of(since),
        "timezone": found.timezone,
        "goal": {"least": found.goal.least, "most": found.goal.most},
        "slots": [{"day": one.day, "time": one.time} for one in found.slots],
        "skip_days": list(found.skip_days),
        "blackouts": [
            {"start": one.start.isoformat(), "end": one.end.isoformat(), "why": one.why} for one in found.blackouts
        ],
        "holidays": [
            {"country": one.country, "subdivision": one.subdivision, "effect": one.effect, "extra": one.extra}
            for one in found.holidays
        ],
        "mix": dict(found.mix),
    }


def _left_out(one: LeftOut) -> LeftOutAnswer:
    return {"date": one.date.isoformat(), "slot": one.slot, "code": one.code, "why": one.why}


def _week(one: PlannedWeek) -> WeekAnswer:
    goal: GoalAnswer = {"least": one.least, "most": one.most}
    return {"start": stamp(one.start), "end": stamp(one.end), "goal": goal, "holidays": list(one.holidays)}
