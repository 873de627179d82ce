"""/v1/audit: who changed what about the workspace."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer
from chalicelib.api.route import Answer, Call, Moment, PageQuery, route
from chalicelib.core.timing import stamp
from chalicelib.service import audit
from chalicelib.service.audit import Act, Wanted


class ActAnswer(TypedDict):
    """One administrative act: by which key, when, what, and about which ids. The operator's have no key."""

    id: str
    at: str
    key_id: str | None
    action: str
    things: list[str]
    request_id: str | None


class AuditQuery(PageQuery):
    """Which acts are wanted; `since` and `until` are both included."""

    since: Moment | None = None
    until: Moment | None = None
    key_id: Annotated[str | None, Field(max_length=128)] = None
    action: Annotated[str | None, Field(max_length=200, description="Such as `DELETE /v1/keys/{key_id}`")] = None
    thing: Annotated[str | None, Field(max_length=200, description="The id of what was changed or made")] = None


@route("GET", "/v1/audit", needs="audit:read", answers={200: ListAnswer[ActAnswer]})
def list_acts(call: Call, query: AuditQuery) -> Answer:
    """What was changed within 400 days, latest first; a page may be short and still have a next one."""
    wanted = Wanted(**query.model_dump(exclude={"limit", "cursor"}))
    page = audit.page(call.world, call.workspace_id, wanted, query.limit, query.cursor)
    return Answer(200, {"data": [_shown(each) for each in page.data], "next_cursor": page.next_cursor})


def _shown(act: Act) -> ActAnswer:
    return {
        "id": act.id,
        "at": stamp(act.at),
        "key_id": act.key_id,
        "action": act.action,
        "things": list(act.things),
        "request_id": act.request_id,
    }
