"""/v1/schedules: posts that repeat by a rule of RFC 5545, at wall-clock times of a zone."""

from datetime import datetime
from itertools import islice
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers import Json, ListAnswer
from chalicelib.api.problem import IssueAnswer, issue_answer
from chalicelib.api.route import Answer, Call, PageQuery, Query, route
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.recurring import Ahead, NewSchedule, SchedulePatch
from chalicelib.core.timing import stamp
from chalicelib.service import schedules
from chalicelib.service.schedules import Standing, Upcoming

NEXT = 5
"""Times that are shown with a schedule; there is a list of its own for more."""


class UpcomingAnswer(TypedDict):
    """One time of a schedule that is still to come."""

    occurrence: str
    """The wall-clock time that the rule makes. It names the occurrence, also where it was moved."""
    local: str
    """What the wall clock says when it goes out, with its offset."""
    at: str
    note: str | None
    """`dst_gap` where the wall-clock time does not exist that day, `dst_overlap` where it happens twice."""
    moved: bool
    variation: int | None
    """Which of the variations, from 0; null where there are none."""
    post_id: str | None
    """Its post, once that is made: 14 days ahead."""
    issues: list[IssueAnswer]
    """What stands in the way of making its post. It is tried again every hour."""


class MissedAnswer(TypedDict):
    """A time that passed while nobody looked; it was not published late."""

    occurrence: str
    at: str


class UnmadeAnswer(TypedDict):
    """A time that has no post, or will have none, because it could not be composed."""

    occurrence: str
    at: str
    issues: list[IssueAnswer]


class ScheduleEntryAnswer(TypedDict):
    """One thing that happened to a schedule."""

    at: str
    type: str
    detail: str | None


class ScheduleAnswer(TypedDict):
    """A schedule, what comes next of it, and what went wrong."""

    id: str
    version: int
    state: str
    """`active`, `paused`, or `ended` where nothing more will come."""
    name: str | None
    rule: str
    timezone: str
    starts_at: str
    until: str | None
    count: int | None
    exceptions: list[Json]
    post: Json
    variations: list[Json]
    order: str
    next: list[UpcomingAnswer]
    missed: list[MissedAnswer]
    problems: list[UnmadeAnswer]
    history: list[ScheduleEntryAnswer]
    created_at: str
    updated_at: str


class SchedulePreviewAnswer(TypedDict):
    """What would come of a schedule, and what is worth knowing about it."""

    occurrences: list[UpcomingAnswer]
    issues: list[IssueAnswer]


class PreviewQuery(Query):
    """How much is wanted."""

    limit: Annotated[int, Field(ge=1, le=100, description="How many times to show")] = 20


class DeleteQuery(Query):
    """What becomes of its posts."""

    keep_posts: Annotated[bool, Field(description="Let the posts go out that are made already")] = False


@route("POST", "/v1/schedules/preview", needs="plan:read", answers={200: SchedulePreviewAnswer})
def preview_schedule(call: Call, body: NewSchedule, query: PreviewQuery) -> Answer:
    """What would come of a schedule: its next times, with their variations. Nothing is stored."""
    found = schedules.preview(call.world, call.workspace_id, body, query.limit)
    shown: SchedulePreviewAnswer = {
        "occurrences": [_occurrence(one) for one in found.upcoming],
        "issues": [issue_answer(one) for one in found.issues],
    }
    return Answer(200, shown)


@route("POST", "/v1/schedules", needs="plan:write", answers={201: ScheduleAnswer}, kept=True)
def create_schedule(call: Call, body: NewSchedule) -> Answer:
    """Make a schedule. Its posts are made 14 days ahead, the first ones now; the key needs no `posts:write`."""
    made = schedules.create(call.world, call.workspace_id, body, call.seed, call.key_id)
    return _shown(call, made, 201, {"Location": f"{call.base}/v1/schedules/{made.schedule.id}"})


@route("GET", "/v1/schedules", needs="plan:read", answers={200: ListAnswer[ScheduleAnswer]})
def list_schedules(call: Call, query: PageQuery) -> Answer:
    """The workspace's schedules, oldest first."""
    page = schedules.page(call.world, call.workspace_id, query.limit, query.cursor)
    return Answer(200, {"data": [_schedule(call, one) for one in page.data], "next_cursor": page.next_cursor})


@route("GET", "/v1/schedules/{schedule_id}", needs="plan:read", answers={200: ScheduleAnswer})
def get_schedule(call: Call, schedule_id: str) -> Answer:
    """One schedule, with what comes next and what went wrong."""
    return _shown(call, schedules.get(call.world, call.workspace_id, schedule_id), 200)


@route("PATCH", "/v1/schedules/{schedule_id}", needs="plan:write", answers={200: ScheduleAnswer})
def edit_schedule(call: Call, schedule_id: str, body: SchedulePatch) -> Answer:
    """Change, pause or resume a schedule; its posts that are not out follow, unless a person has changed them."""
    edited = schedules.edit(call.world, call.workspace_id, schedule_id, body, call.if_version, call.key_id)
    return _shown(call, edited, 200)


@route("DELETE", "/v1/schedules/{schedule_id}", needs="plan:write", answers={204: None})
def delete_schedule(call: Call, schedule_id: str, query: DeleteQuery) -> Answer:
    """Forget a schedule, and its posts that are not out unless they are to be kept."""
    keep, version = query.keep_posts, call.if_version
    schedules.delete(call.world, call.workspace_id, schedule_id, keep_posts=keep, if_version=version)
    return Answer(204)


@route(
    "GET",
    "/v1/schedules/{schedule_id}/occurrences",
    needs="plan:read",
    answers={200: ListAnswer[UpcomingAnswer]},
)
def list_schedule_occurrences(call: Call, schedule_id: str, query: PageQuery) -> Answer:
    """What is still to come of a schedule, soonest first."""
    standing = schedules.get(call.world, call.workspace_id, schedule_id)
    found = list(islice(schedules.upcoming(call.world, standing, _behind(query.cursor)), query.limit + 1))
    shown = [_occurrence(one) for one in found[: query.limit]]
    more = len(found) > query.limit
    return Answer(200, {"data": shown, "next_cursor": shown[-1]["occurrence"] if more else None})


def _behind(cursor: str | None) -> datetime | None:
    """The time behind which a page begins."""
    try:
        wall = datetime.fromisoformat(cursor) if cursor else None
    except ValueError:
        wall = None
    if cursor and (wall is None or wall.tzinfo):
        raise Invalid([Issue("invalid_cursor", "error", "cursor", "is not a cursor that we gave")])
    return wall


def _shown(call: Call, standing: Standing, status: int, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, _schedule(call, standing), {"ETag": f'"v{standing.schedule.version}"', **(headers or {})})


def _schedule(call: Call, standing: Standing) -> ScheduleAnswer:
    schedule, progress, wanted = standing.schedule, standing.progress, standing.schedule.wanted
    unsolved = [one for one in progress.ahead if one.issues]
    return {
        "id": schedule.id,
        "version": schedule.version,
        "state": standing.state,
        "name": wanted.name,
        "rule": wanted.rule,
        "timezone": wanted.timezone,
        "starts_at": wanted.starts_at.isoformat(),
        "until": wanted.until,
        "count": wanted.count,
        "exceptions": [one.model_dump(mode="json", exclude_unset=True) for one in wanted.exceptions],
        "post": wanted.post.model_dump(mode="json", exclude_unset=True),
        "variations": [one.model_dump(mode="json", exclude_unset=True) for one in wanted.variations],
        "order": wanted.order,
        "next": [_occurrence(one) for one in islice(schedules.upcoming(call.world, standing), NEXT)],
        "missed": [{"occurrence": one.wall.isoformat(), "at": stamp(one.at)} for one in progress.missed],
        "problems": [_problem(one) for one in (*progress.problems, *unsolved)],
        "history": [{"at": stamp(one.at), "type": one.type, "detail": one.detail} for one in progress.history],
        "created_at": stamp(schedule.created_at),
        "updated_at": stamp(schedule.updated_at),
    }


def _problem(one: Ahead) -> UnmadeAnswer:
    return {
        "occurrence": one.wall.isoformat(),
        "at": stamp(one.at),
        "issues": [issue_answer(issue) for issue in one.issues],
    }


def _occurrence(one: Upcoming) -> UpcomingAnswer:
    return {
        "occurrence": one.wall.isoformat(),
        "local": one.local.isoformat(),
        "at": stamp(one.at),
        "note": one.note,
        "moved": one.moved,
        "variation": one.variation,
        "post_id": one.post_id,
        "issues": [issue_answer(issue) for issue in one.issues],
    }
