"""Signing in to a network from begin to end, against an authorisation server on this machine."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from chalicelib.platforms import platform
from chalicelib.service import connect
from tests.api.authorization_server import CLIENT, SECRET, AuthorizationServer, Rerouted, returned
from tests.api.client import Api, problem
from tests.fakes import world

Json = dict[str, Any]


@dataclass(frozen=True)
class Network:
    """What stands in for a network: its hosts, where codes are traded, and what its API says."""

    name: str
    hosts: tuple[str, ...]
    token: str
    answers: dict[str, Json]
    account: tuple[str, str]
    """The remote id and handle of the account that is reached."""


X = Network(
    "x",
    ("https://api.x.com",),
    "/2/oauth2/token",
    {"/2/users/me": {"data": {"id": "2244994945", "username": "carillon", "name": "Carillon"}}},
    ("2244994945", "@carillon"),
)


PERSON, PAGE = "urn:li:person:782bbtaQ", "urn:li:organization:1337"
LINKEDIN = Network(
    "linkedin",
    ("https://www.linkedin.com", "https://api.linkedin.com"),
    "/oauth/v2/accessToken",
    {
        "/v2/userinfo": {"sub": "782bbtaQ", "name": "Brand Person"},
        "/rest/organizationAcls": {"elements": [], "paging": {"count": 100, "start": 0}},
    },
    (PERSON, "Brand Person"),
)
A_PAGE: dict[str, Json] = {
    "/rest/organizationAcls": {"elements": [{"role": "ADMINISTRATOR", "state": "APPROVED", "organization": PAGE}]},
    "/rest/organizations": {"results": {"1337": {"id": 1337, "vanityName": "acme-bells"}}, "statuses": {"1337": 200}},
}


@pytest.fixture(params=[X, LINKEDIN], ids=lambda network: network.name)
def network(request: pytest.FixtureRequest) -> Network:
    found: Network = request.param
    return found


@pytest.fixture
def client(httpserver: HTTPServer, network: Network) -> Api:
    api = Api(world(web=Rerouted(httpserver, *network.hosts)))
    registered = api.send("PUT", f"/v1/apps/{network.name}", {"client_id": CLIENT, "client_secret": SECRET})
    assert SECRET not in registered.body.decode()
    return api


@pytest.fixture
def server(httpserver: HTTPServer, network: Network, client: Api) -> AuthorizationServer:
    (app,) = client.get("/v1/apps").json_body["data"]
    about = platform(network.name).oauth
    assert about is not None
    made = AuthorizationServer(app["redirect_uri"], about.pkce, answers=network.answers)
    made.listen(httpserver, network.token)
    return made


def begun(client: Api, network: Network, **fields: Any) -> Json:
    answer = client.post(f"/v1/accounts/connect/{network.name}", {"name": "Brand", **fields})
    assert answer.status_code == 201
    found: Json = answer.json_body
    assert found["status"] == "waiting"
    return found


def back(client: Api, network: Network, said: dict[str, str]) -> Any:
    """A person comes back; they have no API key."""
    return client.get(returned(said, f"/v1/accounts/connect/{network.name}/callback"), authorization="")


def test_who_agrees_is_connected(client: Api, server: AuthorizationServer, network: Network) -> None:
    connection = begun(client, network)
    landed = back(client, network, server.agree(connection["url"]))

    assert (landed.status_code, landed.json_body["status"]) == (200, "connected")
    found = client.get(f"/v1/connections/{connection['id']}").json_body
    (account_id,) = found["account_ids"]
    account = client.get(f"/v1/accounts/{account_id}").json_body
    assert (account["platform"], account["name"], account["status"]) == (network.name, "Brand", "connected")
    assert (account["remote_id"], account["handle"]) == network.account
    item = client.world.table.get(connect.key(client.workspace_id, account_id))
    assert connect.with_secrets(client.world, item).secrets["access_token"] in server.tokens


def test_the_audit_log_says_whose_key_began_it_and_what_was_connected(
    client: Api, server: AuthorizationServer, network: Network
) -> None:
    connection = begun(client, network)
    back(client, network, server.agree(connection["url"]))

    (account_id,) = client.get(f"/v1/connections/{connection['id']}").json_body["account_ids"]
    finished, began = client.get(f"/v1/audit?thing={connection['id']}").json_body["data"]
    assert (began["action"], began["things"]) == (
        "POST /v1/accounts/connect/{platform}",
        [network.name, connection["id"]],
    )
    assert began["key_id"].startswith("key_")
    assert (finished["action"], finished["key_id"]) == ("GET /v1/accounts/connect/{platform}/callback", None)
    assert finished["things"] == [network.name, connection["id"], account_id]


def test_a_person_lands_where_the_tool_wants_them(client: Api, server: AuthorizationServer, network: Network) -> None:
    connection = begun(client, network, return_to="https://tool.example/accounts?tab=social")
    landed = back(client, network, server.agree(connection["url"]))

    where = f"https://tool.example/accounts?tab=social&connection_id={connection['id']}&status=connected"
    assert (landed.status_code, landed.headers["Location"]) == (303, where)


def test_who_does_not_agree_is_not_connected(client: Api, server: AuthorizationServer, network: Network) -> None:
    connection = begun(client, network)
    landed = back(client, network, server.deny(connection["url"]))

    assert landed.json_body["status"] == "denied"
    found = client.get(f"/v1/connections/{connection['id']}").json_body
    assert (found["status"], found["error"], found["account_ids"]) == ("denied", "The person said no", [])
    assert client.get("/v1/accounts").json_body["data"] == []


def test_a_state_works_once(client: Api, server: AuthorizationServer, network: Network) -> None:
    said = server.agree(begun(client, network)["url"])
    back(client, network, said)

    problem(back(client, network, said), 409, "unknown_state")
    assert len(client.get("/v1/accounts").json_body["data"]) == 1


def test_a_code_works_once(client: Api, server: AuthorizationServer, network: Network) -> None:
    code = server.agree(begun(client, network)["url"])["code"]
    server.codes.pop(code)  # somebody else was faster
    second = begun(client, network)
    back(client, network, {**server.agree(second["url"]), "code": code})

    found = client.get(f"/v1/connections/{second['id']}").json_body
    assert found["status"] == "failed"
    assert "invalid_grant" in found["error"]


@pytest.mark.parametrize("state", ["", "x" * 40, None])
def test_nobody_is_connected_with_a_state_that_is_not_ours(
    client: Api, server: AuthorizationServer, network: Network, state: str | None
) -> None:
    said = server.agree(begun(client, network)["url"])
    given = {name: value for name, value in {**said, "state": state}.items() if value is not None}

    problem(back(client, network, given), 409, "unknown_state")
    assert server.tokens == set()


def test_a_state_is_good_for_its_own_network_only(client: Api, server: AuthorizationServer, network: Network) -> None:
    said = server.agree(begun(client, network)["url"])

    problem(client.get(returned(said, "/v1/accounts/connect/bluesky/callback")), 409, "unknown_state")
    assert server.tokens == set()


def test_a_person_has_ten_minutes(client: Api, server: AuthorizationServer, network: Network) -> None:
    said = server.agree(begun(client, network)["url"])
    client.world.clock.advance(minutes=10)

    problem(back(client, network, said), 409, "unknown_state")


def test_connecting_again_keeps_the_account_and_what_is_scheduled_on_it(
    client: Api, server: AuthorizationServer, network: Network
) -> None:
    back(client, network, server.agree(begun(client, network)["url"]))
    (before,) = client.get("/v1/accounts").json_body["data"]
    connect.lose(client.world, client.workspace_id, before["id"])
    back(client, network, server.agree(begun(client, network)["url"]))

    (after,) = client.get("/v1/accounts").json_body["data"]
    assert (after["id"], after["status"]) == (before["id"], "connected")


@pytest.mark.parametrize(
    "network", [replace(LINKEDIN, answers=LINKEDIN.answers | A_PAGE)], ids=["linkedin"], indirect=True
)
def test_where_a_consent_reaches_several_accounts_a_person_chooses(
    client: Api, server: AuthorizationServer, network: Network
) -> None:
    connection = begun(client, network)
    assert back(client, network, server.agree(connection["url"])).json_body["status"] == "choosing"
    found = client.get(f"/v1/connections/{connection['id']}").json_body
    assert [one["remote_id"] for one in found["choices"]] == [PERSON, PAGE]
    assert client.get("/v1/accounts").json_body["data"] == []

    where = f"/v1/connections/{connection['id']}/accounts"
    refused = client.post(where, {"remote_ids": [PAGE, "urn:li:organization:2"]})
    assert [issue["code"] for issue in problem(refused, 422, "validation_failed")["issues"]] == ["unknown_account"]
    chosen = client.post(where, {"remote_ids": [PAGE]}).json_body
    (account,) = client.get("/v1/accounts").json_body["data"]
    assert (chosen["status"], chosen["account_ids"]) == ("connected", [account["id"]])
    assert (account["remote_id"], account["handle"]) == (PAGE, "acme-bells")
    problem(client.post(where, {"remote_ids": [PERSON]}), 409, "not_choosing")


@pytest.mark.parametrize(
    "network", [replace(LINKEDIN, answers=LINKEDIN.answers | A_PAGE)], ids=["linkedin"], indirect=True
)
def test_the_accounts_of_one_consent_share_its_tokens(
    client: Api, server: AuthorizationServer, network: Network
) -> None:
    connection = begun(client, network)
    back(client, network, server.agree(connection["url"]))
    chosen = client.post(f"/v1/connections/{connection['id']}/accounts", {"remote_ids": [PAGE, PERSON]}).json_body
    first, second = (connect.account(client.world, client.workspace_id, one) for one in chosen["account_ids"])
    assert first.grant
    assert first.grant == second.grant

    assert client.send("DELETE", f"/v1/accounts/{first.id}").status_code == 204
    left = connect.with_secrets(client.world, client.world.table.get(connect.key(client.workspace_id, second.id)))
    assert left.secrets["access_token"] in server.tokens


def test_without_an_app_nobody_is_sent_anywhere(client: Api, network: Network) -> None:
    client.send("DELETE", f"/v1/apps/{network.name}")

    answer = client.post(f"/v1/accounts/connect/{network.name}", {})
    assert [issue["code"] for issue in problem(answer, 422, "validation_failed")["issues"]] == ["no_app"]


def test_another_tenants_sign_in_does_not_exist(client: Api, server: AuthorizationServer, network: Network) -> None:
    connection = begun(client, network)

    problem(client.stranger().get(f"/v1/connections/{connection['id']}"), 404, "not_found")


def test_no_secret_lies_open_in_the_table(client: Api, server: AuthorizationServer, network: Network) -> None:
    connection = begun(client, network)
    said = server.agree(connection["url"])
    stored = str(client.world.table.everything)
    assert said["state"] not in stored
    back(client, network, said)
    stored = str(client.world.table.everything)
    assert not [secret for secret in (SECRET, *server.tokens) if secret in stored]
