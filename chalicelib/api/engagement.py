"""What people did, one by one."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer
from chalicelib.api.route import Answer, Call, Moment, PageQuery, route
from chalicelib.core.engagement import Kind, Source
from chalicelib.core.timing import stamp
from chalicelib.service import activity
from chalicelib.service.activity import Happened, Wanted

Name = Annotated[str, Field(max_length=200)]


class EngagementAnswer(TypedDict):
    """One thing that somebody did. `actor_hash` stands for who it was; nobody can tell who that is."""

    kind: Kind
    platform: str
    account_id: str
    post_id: str | None
    target_id: str | None
    platform_post_id: str | None
    actor_hash: str | None
    text: str | None
    value: int
    total: bool
    """Whether `value` is the whole figure, and no increase."""
    at: str
    source: Source
    raw_id: str


class EngagementQuery(PageQuery):
    """Which events are wanted."""

    kind: Kind | None = None
    account_id: Name | None = None
    platform: Name | None = None
    post_id: Name | None = None
    source: Source | None = None
    since: Moment | None = None
    until: Moment | None = None


@route("GET", "/v1/engagement", needs="engagement:read", answers={200: ListAnswer[EngagementAnswer]})
def list_engagement(call: Call, query: EngagementQuery) -> Answer:
    """What people did in the last 90 days, newest first; a page may be short and still have a next one."""
    wanted = Wanted(**query.model_dump(exclude={"limit", "cursor"}))
    page = activity.listed(call.world, call.workspace_id, wanted, query.limit, query.cursor)
    return Answer(200, {"data": [_shown(one) for one in page.data], "next_cursor": page.next_cursor})


def _shown(one: Happened) -> EngagementAnswer:
    event = one.event
    return {
        "kind": event.kind,
        "platform": event.platform,
        "account_id": event.account_id,
        "post_id": one.post_id,
        "target_id": one.target_id,
        "platform_post_id": event.post,
        "actor_hash": event.actor,
        "text": one.text,
        "value": event.value,
        "total": event.total,
        "at": stamp(event.at),
        "source": event.source,
        "raw_id": event.raw_id,
    }
