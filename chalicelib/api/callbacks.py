"""Where networks call us about an account, and what proves that it is them."""

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, route
from chalicelib.core.post import Line, Value
from chalicelib.core.timing import stamp
from chalicelib.service import callbacks
from chalicelib.service.callbacks import Callback


class CallbackAnswer(TypedDict):
    """One network's way to call us about one account. Its secrets are not shown again."""

    network: str
    url: str
    setup: str
    since: str
    previous_until: str | None


class CallbackWithSecretsAnswer(CallbackAnswer):
    """A callback with the secrets that were just made up."""

    secrets: dict[str, str]


class CallbacksAnswer(TypedDict):
    """All callbacks of an account."""

    data: list[CallbackAnswer]


class NewSecrets(Value):
    """The secrets as the network's console shows them; those that we can make up may be left out."""

    secrets: dict[str, Line] = Field(default_factory=dict, max_length=10)


@route("GET", "/v1/accounts/{account_id}/callbacks", needs="accounts:read", answers={200: CallbacksAnswer})
def list_callbacks(call: Call, account_id: str) -> Answer:
    """Who may call about the account, and at which address."""
    found = callbacks.of(call.world, call.workspace_id, account_id, call.base)
    return Answer(200, {"data": [_shown(one) for one in found]})


@route(
    "POST",
    "/v1/accounts/{account_id}/callbacks/{network}",
    needs="accounts:write",
    answers={201: CallbackWithSecretsAnswer},
    kept=True,
    sealed=True,
    audited=True,
)
def set_up_callback(call: Call, account_id: str, network: str, body: NewSecrets) -> Answer:
    """Let a network call about the account, or change the secrets: those before stay good for a day.

    `network` is the account's own, or `standard` for a tool of yours that speaks Standard Webhooks.
    """
    shown, made = callbacks.set_up(call.world, call.workspace_id, account_id, network, body.secrets, call.base)
    return Answer(201, {**_shown(shown), "secrets": made}, {"Location": shown.url})


@route(
    "DELETE", "/v1/accounts/{account_id}/callbacks/{network}", needs="accounts:write", answers={204: None}, audited=True
)
def remove_callback(call: Call, account_id: str, network: str) -> Answer:
    """Refuse the network's calls about the account from now on."""
    callbacks.remove(call.world, call.workspace_id, account_id, network)
    return Answer(204)


def _shown(one: Callback) -> CallbackAnswer:
    return {
        "network": one.network,
        "url": one.url,
        "setup": one.setup,
        "since": stamp(one.since),
        "previous_until": stamp(one.previous_until) if one.previous_until else None,
    }
