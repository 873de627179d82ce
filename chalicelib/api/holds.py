"""Kill switches: stop everything of the workspace, or of one account, that is not on its way yet."""

from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, route
from chalicelib.core.brakes import Hold
from chalicelib.core.timing import stamp
from chalicelib.service import brakes, connect


class HoldAnswer(TypedDict):
    """Whether posts are stopped, since when, by which key, and why."""

    held: bool
    since: str | None
    by: str | None
    reason: str | None


class ResumedAnswer(TypedDict):
    """How many targets the hold had stopped; they go out one after the other, 10 seconds apart on each account."""

    released: int


@route("GET", "/v1/hold", needs="posts:read", answers={200: HoldAnswer})
def get_workspace_hold(call: Call) -> Answer:
    """Whether the workspace's posts are stopped."""
    return Answer(200, _shown(brakes.held(call.world, call.workspace_id)))


@route("POST", "/v1/hold", needs="posts:write", answers={200: HoldAnswer}, kept=True, audited=True)
def hold_workspace(call: Call) -> Answer:
    """Stop every post of the workspace that is not on its way yet, until it is resumed."""
    return Answer(200, _shown(brakes.hold(call.world, call.workspace_id, call.key_id)))


@route("POST", "/v1/resume", needs="posts:write", answers={200: ResumedAnswer}, kept=True, audited=True)
def resume_workspace(call: Call) -> Answer:
    """Let the workspace's posts go on, without a burst."""
    return Answer(200, {"released": brakes.resume(call.world, call.workspace_id)})


@route("GET", "/v1/accounts/{account_id}/hold", needs="posts:read", answers={200: HoldAnswer})
def get_account_hold(call: Call, account_id: str) -> Answer:
    """Whether the account's posts are stopped."""
    connect.account(call.world, call.workspace_id, account_id)
    return Answer(200, _shown(brakes.held(call.world, call.workspace_id, account_id)))


@route(
    "POST", "/v1/accounts/{account_id}/hold", needs="posts:write", answers={200: HoldAnswer}, kept=True, audited=True
)
def hold_account(call: Call, account_id: str) -> Answer:
    """Stop every post on the account that is not on its way yet, until it is resumed."""
    return Answer(200, _shown(brakes.hold(call.world, call.workspace_id, call.key_id, account_id)))


@route(
    "POST",
    "/v1/accounts/{account_id}/resume",
    needs="posts:write",
    answers={200: ResumedAnswer},
    kept=True,
    audited=True,
)
def resume_account(call: Call, account_id: str) -> Answer:
    """Let the account's posts go on, without a burst."""
    connect.account(call.world, call.workspace_id, account_id)
    return Answer(200, {"released": brakes.resume(call.world, call.workspace_id, account_id)})


def _shown(hold: Hold | None) -> HoldAnswer:
    if hold is None:
        return {"held": False, "since": None, "by": None, "reason": None}
    return {"held": True, "since": stamp(hold.since), "by": hold.by, "reason": hold.reason}
