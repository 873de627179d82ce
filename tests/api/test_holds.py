"""Kill switches over HTTP."""

from tests.api.client import Api


def test_a_workspace_is_held_and_resumed(client: Api) -> None:
    assert client.get("/v1/hold").json_body == {"held": False, "since": None, "by": None, "reason": None}
    held = client.post("/v1/hold").json_body
    assert held["held"] is True
    assert held["by"].startswith("key_")
    assert client.get("/v1/hold").json_body == held
    assert client.post("/v1/resume").json_body == {"released": 0}
    assert client.get("/v1/hold").json_body["held"] is False


def test_resuming_what_is_not_held_is_a_conflict(client: Api) -> None:
    answer = client.post("/v1/resume")
    assert (answer.status_code, answer.json_body["code"]) == (409, "not_held")


def test_an_account_is_held_by_itself(client: Api) -> None:
    account = client.post("/v1/accounts", {"platform": "sandbox", "name": "tower"}).json_body["id"]
    assert client.post(f"/v1/accounts/{account}/hold").json_body["held"] is True
    assert client.get("/v1/hold").json_body["held"] is False
    assert client.get(f"/v1/accounts/{account}/hold").json_body["held"] is True
    assert client.post(f"/v1/accounts/{account}/resume").json_body == {"released": 0}


def test_another_tenants_hold_is_not_ours(client: Api) -> None:
    account = client.post("/v1/accounts", {"platform": "sandbox", "name": "tower"}).json_body["id"]
    stranger = client.stranger()
    assert stranger.post(f"/v1/accounts/{account}/hold").status_code == 404
    stranger.post("/v1/hold")
    assert client.get("/v1/hold").json_body["held"] is False


def test_a_409_says_the_state(client: Api) -> None:
    account = client.post("/v1/accounts", {"platform": "sandbox", "name": "tower"}).json_body["id"]
    post = client.post("/v1/posts", {"text": "hi", "targets": [{"account_id": account}]}).json_body["id"]
    client.post(f"/v1/posts/{post}/cancel")
    answer = client.post(f"/v1/posts/{post}/cancel")
    assert (answer.status_code, answer.json_body["state"]) == (409, "cancelled")
