"""/v1/calendar: the workspace's posts in anybody's calendar, by a secret link that can be revoked."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer
from chalicelib.api.route import Answer, Call, Query, route
from chalicelib.core.errors import Forbidden
from chalicelib.core.post import Line, Value
from chalicelib.core.timing import stamp
from chalicelib.service import feeds
from chalicelib.service.feeds import Feed

KIND = "text/calendar"


class NewCalendarFeed(Value):
    """What the calendar is called, and whose posts it shows: the workspace's, or one account's."""

    name: Annotated[str, Field(max_length=100)] = ""
    account_id: Line | None = None


class CalendarFeedAnswer(TypedDict):
    """A calendar feed, without its link."""

    id: str
    name: str
    account_id: str | None
    created_at: str


class CalendarFeedWithUrlAnswer(CalendarFeedAnswer):
    """A calendar feed just made. Whoever has the `url` can read the calendar; it is shown this once."""

    url: str


class CalendarQuery(Query):
    """The secret of a feed's link."""

    token: Annotated[str, Field(min_length=1, max_length=200)]


@route(
    "POST",
    "/v1/calendar/feeds",
    needs="posts:write",
    answers={201: CalendarFeedWithUrlAnswer},
    kept=True,
    sealed=True,
    audited=True,
)
def create_calendar_feed(call: Call, body: NewCalendarFeed) -> Answer:
    """Make a secret link to subscribe to in a calendar app; it is shown this once. It needs `posts:read`, too."""
    if not call.caller.may("posts:read"):
        raise Forbidden(
            "whoever has the link can read posts: this needs a key with the scope posts:read", "missing_scope"
        )
    made = feeds.make(call.world, call.workspace_id, body.name, body.account_id, call.seed)
    answer: CalendarFeedWithUrlAnswer = {
        **_shown(made.feed),
        "url": f"{call.base}/v1/calendar.ics?token={made.token}",
    }
    return Answer(201, answer)


@route("GET", "/v1/calendar/feeds", needs="posts:read", answers={200: ListAnswer[CalendarFeedAnswer]})
def list_calendar_feeds(call: Call) -> Answer:
    """The workspace's calendar feeds, without their links."""
    found = feeds.of(call.world, call.workspace_id)
    return Answer(200, {"data": [_shown(feed) for feed in found], "next_cursor": None})


@route("DELETE", "/v1/calendar/feeds/{feed_id}", needs="posts:write", answers={204: None}, audited=True)
def revoke_calendar_feed(call: Call, feed_id: str) -> Answer:
    """Make a feed's link worthless at once."""
    feeds.revoke(call.world, call.workspace_id, feed_id)
    return Answer(204)


@route("GET", "/v1/calendar.ics", needs="nothing", answers={200: Annotated[str, KIND]})
def read_calendar(call: Call, query: CalendarQuery) -> Answer:
    """The posts of the last 90 days and the next year as a calendar, for whoever has a feed's link."""
    headers = {"Content-Type": KIND, "Cache-Control": "private, max-age=300"}
    return Answer(200, feeds.read(call.world, query.token), headers)


def _shown(feed: Feed) -> CalendarFeedAnswer:
    return {"id": feed.id, "name": feed.name, "account_id": feed.account_id, "created_at": stamp(feed.created_at)}
