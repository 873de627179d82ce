"""/sandbox/v1: the sandbox network's own API. It is a network like any other, with its own tokens and errors."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers import Json
from chalicelib.api.route import Answer, Call, Query, route
from chalicelib.core.errors import Unavailable
from chalicelib.core.post import Value
from chalicelib.service import sandbox
from chalicelib.service.sandbox import Reactions, SandboxPost


class NewSandboxAccount(Value):
    """An account to open on the sandbox."""

    name: Annotated[str, Field(min_length=1, max_length=100)]


class SandboxQuery(Query):
    """Whose posts, and with which reference."""

    account: sandbox.Id
    reference: Annotated[str | None, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]{1,64}$")] = None


class Messages(TypedDict):
    """What was posted to the sandbox."""

    data: list[Json]
    next_cursor: str | None


SAID = dict.fromkeys((201, 422, 429, 500), Json)
"""What the network itself may say: that it took the post, or one of the faults that were asked for."""


@route("POST", "/sandbox/v1/accounts", needs="accounts:write", answers={201: dict[str, str]})
def open_sandbox_account(call: Call, body: NewSandboxAccount) -> Answer:
    """Open an account on the sandbox; its token is shown once."""
    account = sandbox.open_account(call.world, call.workspace_id, body.name)
    return Answer(201, {"id": account.id, "handle": account.handle, "token": account.token})


@route("POST", "/sandbox/v1/posts", needs="nothing", answers=SAID)
def post_to_sandbox(call: Call, body: SandboxPost) -> Answer:
    """Post to the sandbox, or do what `fault` asks for. What lay at the gateway for too long is not taken any more."""
    if call.waited > sandbox.TAKEN_WITHIN:
        raise Unavailable("the request was on its way for too long")
    reply = sandbox.post(call.world, call.bearer, body)
    if reply.delay_seconds:
        call.world.clock.sleep_until(call.world.clock.now() + timedelta(seconds=reply.delay_seconds))
    return Answer(reply.status, reply.body, dict(reply.headers))


@route("GET", "/sandbox/v1/posts", needs="nothing", answers={200: Messages})
def list_sandbox_posts(call: Call, query: SandboxQuery) -> Answer:
    """What an account has posted, oldest first."""
    return Answer(200, {"data": sandbox.posts(call.world, query.account, query.reference), "next_cursor": None})


@route("GET", "/sandbox/v1/posts/{message_id}", needs="nothing", answers={200: Json})
def get_sandbox_post(call: Call, message_id: str) -> Answer:
    """One post with its figures, as everybody can read it."""
    return Answer(200, sandbox.measured(call.world, message_id))


@route("POST", "/sandbox/v1/posts/{message_id}/reactions", needs="accounts:write", answers={200: Json})
def react_on_sandbox(call: Call, message_id: str, body: Reactions) -> Answer:
    """Have people do something with a post on an account that you have opened, to see how it is measured."""
    return Answer(200, sandbox.react(call.world, call.workspace_id, message_id, body))


@route("DELETE", "/sandbox/v1/posts/{message_id}", needs="accounts:write", answers={204: None})
def take_down_from_sandbox(call: Call, message_id: str) -> Answer:
    """Have the sandbox take away a post on an account that you have opened, as networks do."""
    sandbox.take_down(call.world, call.workspace_id, message_id)
    return Answer(204)


@route("GET", "/sandbox/v1/timeline/{handle}", needs="nothing", answers={200: Messages})
def get_sandbox_timeline(call: Call, handle: str) -> Answer:
    """What everybody can read of an account, newest first."""
    return Answer(200, {"data": sandbox.timeline(call.world, handle.removeprefix("@")), "next_cursor": None})
