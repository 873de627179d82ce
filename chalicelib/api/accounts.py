"""/v1/accounts: the workspace's accounts on the networks."""

from chalicelib.api.answers import (
    AccountAnswer,
    AccountHealthAnswer,
    ListAnswer,
    account_answer,
    account_health_answer,
)
from chalicelib.api.route import Answer, Call, PageQuery, route
from chalicelib.service import connect, credentials
from chalicelib.service.connect import NewAccount


@route("POST", "/v1/accounts", needs="accounts:write", answers={201: AccountAnswer}, kept=True, audited=True)
def connect_account(call: Call, body: NewAccount) -> Answer:
    """Connect an account: its credentials are checked with the network, and kept encrypted."""
    account = connect.connect(call.world, call.workspace_id, body, call.seed)
    return Answer(201, account_answer(account), {"Location": f"{call.base}/v1/accounts/{account.id}"})


@route("GET", "/v1/accounts", needs="accounts:read", answers={200: ListAnswer[AccountAnswer]})
def list_accounts(call: Call, query: PageQuery) -> Answer:
    """The workspace's accounts, oldest first."""
    page = connect.accounts(call.world, call.workspace_id, query.limit, query.cursor)
    return Answer(200, {"data": [account_answer(each) for each in page.data], "next_cursor": page.next_cursor})


@route("GET", "/v1/accounts/{account_id}", needs="accounts:read", answers={200: AccountAnswer})
def get_account(call: Call, account_id: str) -> Answer:
    """One account."""
    return Answer(200, account_answer(connect.account(call.world, call.workspace_id, account_id)))


@route("GET", "/v1/accounts/{account_id}/health", needs="accounts:read", answers={200: AccountHealthAnswer})
def get_account_health(call: Call, account_id: str) -> Answer:
    """Whether an account can publish, until when, and which planned posts need somebody to connect it again."""
    return Answer(200, account_health_answer(credentials.standing(call.world, call.workspace_id, account_id)))


@route("DELETE", "/v1/accounts/{account_id}", needs="accounts:write", answers={204: None}, audited=True)
def disconnect_account(call: Call, account_id: str) -> Answer:
    """Forget an account and its credentials."""
    connect.disconnect(call.world, call.workspace_id, account_id)
    return Answer(204)
