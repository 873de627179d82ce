"""/v1/business_hours: when somebody is there to answer, and how soon people are to have an answer."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, route
from chalicelib.core.business_hours import BusinessHours, Weekday
from chalicelib.core.post import Line, Value
from chalicelib.service import business_hours
from chalicelib.service.business_hours import Chosen

Clock = Annotated[str, Field(max_length=5, pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class BusinessHoursAnswer(TypedDict):
    """The hours that hold. `chosen` is false for the default: always open, and 15 minutes to answer."""

    timezone: str
    days: dict[Weekday, list[list[str]]]
    target_minutes: int
    chosen: bool


class NewBusinessHours(Value):
    """The hours by day, as spans of wall-clock times in one zone; a day that is left out is closed."""

    timezone: Line
    days: Annotated[
        dict[Weekday, Annotated[tuple[tuple[Clock, Clock], ...], Field(max_length=12)]], Field(max_length=7)
    ]
    target_minutes: Annotated[int, Field(ge=1, le=60 * 24 * 31)]


@route("GET", "/v1/business_hours", needs="engagement:read", answers={200: BusinessHoursAnswer})
def get_business_hours(call: Call) -> Answer:
    """The workspace's hours, and how much open time an answer may take."""
    return Answer(200, _shown(business_hours.chosen(call.world, call.workspace_id)))


@route("PUT", "/v1/business_hours", needs="engagement:write", answers={200: BusinessHoursAnswer}, audited=True)
def choose_business_hours(call: Call, body: NewBusinessHours) -> Answer:
    """Choose them; they hold at once, also for what waits already."""
    days = {
        day: tuple((_minute(opens), _minute(closes)) for opens, closes in spans) for day, spans in body.days.items()
    }
    hours = BusinessHours(body.timezone, days, timedelta(minutes=body.target_minutes))
    return Answer(200, _shown(business_hours.choose(call.world, call.workspace_id, hours)))


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _shown(found: Chosen) -> BusinessHoursAnswer:
    hours = found.hours
    return {
        "timezone": hours.timezone,
        "days": {day: [[_clock(one) for one in span] for span in spans] for day, spans in hours.days.items()},
        "target_minutes": hours.target // timedelta(minutes=1),
        "chosen": found.chosen,
    }
