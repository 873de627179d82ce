"""/v1/inbox: what people said that wants an answer, and answering it."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer, PostAnswer, post_answer
from chalicelib.api.posts import Word
from chalicelib.api.route import Answer, Call, PageQuery, route
from chalicelib.core.engagement import Kind
from chalicelib.core.inbox import State
from chalicelib.core.post import MAX_TEXT, Value
from chalicelib.core.timing import stamp_of
from chalicelib.service import inbox
from chalicelib.service.inbox import InboxFilter, Shown


class InboxItemAnswer(TypedDict):
    """Something that somebody said. `overdue` is what took, or is taking, more open time than the target: what still
    waits inside it is not."""

    id: str
    state: State
    kind: Kind
    platform: str
    account_id: str
    post_id: str | None
    target_id: str | None
    text: str | None
    """What they wrote last; null once they took it back, or it may be kept no longer."""
    url: str | None
    at: str | None
    """When the latest thing was said."""
    waiting_since: str | None
    answered_at: str | None
    """When the latest wait ended with an answer; null while they wait."""
    response_seconds: float | None
    """How long that answer took."""
    response_business_seconds: float | None
    """How much of that was open time."""
    target_seconds: float
    overdue: bool


class InboxQuery(PageQuery):
    """Which items are wanted."""

    state: State = "waiting"
    account_id: Word = None
    platform: Word = None


class NewAnswer(Value):
    """What to answer. It is fitted to the network, and never cut."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


@route("GET", "/v1/inbox", needs="engagement:read", answers={200: ListAnswer[InboxItemAnswer]})
def list_inbox(call: Call, query: InboxQuery) -> Answer:
    """The items in one state: those that wait from the longest wait on, the others from the latest on."""
    wanted = InboxFilter(**query.model_dump(exclude={"limit", "cursor"}))
    page = inbox.items(call.world, call.workspace_id, wanted, query.limit, query.cursor)
    return Answer(200, {"data": [_shown(one) for one in page.data], "next_cursor": page.next_cursor})


@route("GET", "/v1/inbox/{item_id}", needs="engagement:read", answers={200: InboxItemAnswer})
def get_inbox_item(call: Call, item_id: str) -> Answer:
    """One item."""
    return Answer(200, _shown(inbox.item(call.world, call.workspace_id, item_id)))


@route("POST", "/v1/inbox/{item_id}/dismiss", needs="engagement:write", answers={200: InboxItemAnswer}, kept=True)
def dismiss_inbox_item(call: Call, item_id: str) -> Answer:
    """Say that it needs no answer. What they say after that waits again."""
    return Answer(200, _shown(inbox.dismiss(call.world, call.workspace_id, item_id)))


@route("POST", "/v1/inbox/{item_id}/reply", needs="engagement:write", answers={202: PostAnswer}, kept=True)
def reply_to_inbox_item(call: Call, item_id: str, body: NewAnswer) -> Answer:
    """Answer it through its network, now and exactly once: the post that does so has `in_reply_to`."""
    from chalicelib.service import answer  # with all of adaptation: not before it is needed

    whole = answer.answer(call.world, call.workspace_id, item_id, body.text, call.seed)
    headers = {"ETag": f'"v{whole.post.version}"', "Location": f"{call.base}/v1/posts/{whole.post.id}"}
    return Answer(202, post_answer(whole), headers)


def _shown(one: Shown) -> InboxItemAnswer:
    item, response = one.item, one.response
    return {
        "id": item.id,
        "state": item.state,
        "kind": item.kind or "comment",
        "platform": item.platform,
        "account_id": item.account_id,
        "post_id": item.post_id,
        "target_id": item.target_id,
        "text": item.text,
        "url": item.url,
        "at": stamp_of(item.at),
        "waiting_since": stamp_of(item.waiting_since),
        "answered_at": stamp_of(response.answered_at),
        "response_seconds": _seconds(response.wall),
        "response_business_seconds": _seconds(response.business),
        "target_seconds": one.target.total_seconds(),
        "overdue": response.overdue,
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
