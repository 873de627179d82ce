"""/v1/accounts: what is shown of an account, and what never is."""

from chalicelib.core.conversation import Reply
from chalicelib.core.errors import NotSent
from tests.api.client import Api, issues, problem


def test_an_account_is_connected_and_its_token_never_shown(client: Api) -> None:
    answer = client.post("/v1/accounts", {"platform": "sandbox", "name": "Tower"})

    assert answer.status_code == 201
    account = answer.json_body
    assert answer.headers["Location"] == f"https://carillon.test/api/v1/accounts/{account['id']}"
    assert (account["platform"], account["name"], account["status"]) == ("sandbox", "Tower", "connected")
    assert not {"secrets", "token", "credentials", "workspace_id"} & account.keys()
    assert client.get(f"/v1/accounts/{account['id']}").json_body == account
    assert client.get("/v1/accounts").json_body == {"data": [account], "next_cursor": None}


def test_accounts_come_in_pages(client: Api) -> None:
    made = [client.account(f"Tower {number}") for number in range(3)]

    first = client.get("/v1/accounts?limit=2").json_body
    rest = client.get(f"/v1/accounts?limit=2&cursor={first['next_cursor']}").json_body

    assert [each["id"] for each in first["data"] + rest["data"]] == made
    assert rest["next_cursor"] is None


def test_a_disconnected_account_is_gone(client: Api) -> None:
    account_id = client.account()

    assert client.delete(f"/v1/accounts/{account_id}").status_code == 204

    problem(client.get(f"/v1/accounts/{account_id}"), 404, "not_found")
    problem(client.delete(f"/v1/accounts/{account_id}"), 404, "not_found")


def test_an_unknown_platform_is_named(client: Api) -> None:
    answer = client.post("/v1/accounts", {"platform": "friendster", "name": "Tower"})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("platform", "unknown_platform")]


def test_a_network_that_says_no_is_the_callers_business(client: Api) -> None:
    client.world.web.expect(lambda request: True, Reply(401, {}, b'{"error": "The access token is invalid"}'))

    answer = client.post(
        "/v1/accounts",
        {"platform": "mastodon", "name": "T", "host": "https://m.example", "credentials": {"access_token": "hunter2"}},
    )

    assert [path.split(".")[0] for path, _ in issues(answer)] == ["credentials"]
    problem(answer, 422, "validation_failed")
    assert b"hunter2" not in answer.body


def test_a_network_that_is_down_is_nobodys_fault_and_may_be_tried_again(client: Api) -> None:
    client.world.web.expect(lambda request: True, NotSent("connection refused"))

    answer = client.post(
        "/v1/accounts",
        {"platform": "mastodon", "name": "T", "host": "https://m.example", "credentials": {"access_token": "hunter2"}},
    )

    problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/v1/accounts").json_body["data"] == []


def test_credentials_that_are_wrong_in_shape_are_not_repeated(client: Api) -> None:
    answer = client.post("/v1/accounts", {"platform": "mastodon", "name": "T", "credentials": {"token": ["hunter2"]}})

    problem(answer, 422, "validation_failed")
    assert b"hunter2" not in answer.body
