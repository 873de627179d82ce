"""/v1/accounts/connect, /v1/connections and /v1/apps: signing in to networks."""

from typing import Annotated
from urllib.parse import urlencode

from pydantic import ConfigDict, Field

from chalicelib.api.answers import AppAnswer, ConnectionAnswer, ListAnswer, SignedInAnswer, connection_answer
from chalicelib.api.route import Answer, Call, Query, route
from chalicelib.service import apps, signin
from chalicelib.service.apps import NewApp
from chalicelib.service.signin import Choice, NewConnection

Word = Annotated[str | None, Field(max_length=4000)]


class Returned(Query):
    """What a network says when it sends a person back; it may say more than this."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    state: Word = None
    code: Word = None
    error: Word = None
    error_description: Word = None


@route("POST", "/v1/accounts/connect/{platform}", needs="accounts:write", answers={201: ConnectionAnswer}, audited=True)
def begin_connection(call: Call, platform: str, body: NewConnection) -> Answer:
    """Connect an account: with its credentials at once, or by sending a person to `url`, where they agree."""
    begun = signin.begin(call.world, call.workspace_id, platform, body, call.base)
    return Answer(201, connection_answer(begun.connection, begun.url))


@route(
    "GET",
    "/v1/accounts/connect/{platform}/callback",
    needs="nothing",
    answers={200: SignedInAnswer, 303: None},
    audited=True,
)
def finish_connection(call: Call, platform: str, query: Returned) -> Answer:
    """Where networks send people back to. They land at the connection's `return_to`, where it has one."""
    done = signin.finish(call.world, platform, query.model_dump(exclude_none=True), call.base)
    said = {"connection_id": done.id, "status": done.status}
    of, things = done.workspace_id if done.account_ids else "", (done.id, *done.account_ids)
    if done.return_to is None:
        return Answer(200, said, {}, of, things)
    back = {"Location": f"{done.return_to}{'&' if '?' in done.return_to else '?'}{urlencode(said)}"}
    return Answer(303, None, back, of, things)


@route("GET", "/v1/connections/{connection_id}", needs="accounts:read", answers={200: ConnectionAnswer})
def get_connection(call: Call, connection_id: str) -> Answer:
    """One sign-in, and what came of it."""
    return Answer(200, connection_answer(signin.connection(call.world, call.workspace_id, connection_id)))


@route(
    "POST",
    "/v1/connections/{connection_id}/accounts",
    needs="accounts:write",
    answers={200: ConnectionAnswer},
    audited=True,
)
def choose_accounts(call: Call, connection_id: str, body: Choice) -> Answer:
    """Say which of the accounts that a consent reaches are to be connected."""
    return Answer(200, connection_answer(signin.choose(call.world, call.workspace_id, connection_id, body)))


@route("PUT", "/v1/apps/{platform}", needs="accounts:write", answers={200: AppAnswer}, audited=True)
def register_app(call: Call, platform: str, body: NewApp) -> Answer:
    """Keep the client id and secret of your own app with a network; the secret is never shown again."""
    app = apps.register(call.world, call.workspace_id, platform, body)
    return Answer(200, _app(call, platform, app.id))


@route("GET", "/v1/apps", needs="accounts:read", answers={200: ListAnswer[AppAnswer]})
def list_apps(call: Call) -> Answer:
    """The workspace's apps, and the addresses to register with the networks for people to come back to."""
    found = apps.registered(call.world, call.workspace_id)
    data = [_app(call, platform, app.id) for platform, app in sorted(found.items())]
    return Answer(200, {"data": data, "next_cursor": None})


@route("DELETE", "/v1/apps/{platform}", needs="accounts:write", answers={204: None}, audited=True)
def forget_app(call: Call, platform: str) -> Answer:
    """Forget an app: nobody can sign in with it any more, nor can its accounts' tokens be refreshed."""
    apps.forget(call.world, call.workspace_id, platform)
    return Answer(204)


def _app(call: Call, platform: str, client_id: str) -> AppAnswer:
    return {"platform": platform, "client_id": client_id, "redirect_uri": signin.redirect(call.base, platform)}
