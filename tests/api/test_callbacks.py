"""/v1/accounts/{account_id}/callbacks: who may call, at which address, and secrets that are shown once."""

from datetime import timedelta

import pytest

from chalicelib.core.conversation import Connected
from chalicelib.core.timing import stamp
from chalicelib.service import connect
from chalicelib.service.callback_secrets import opened
from tests.api.client import Api, Json, issues, problem

GIVEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AES_KEY = "kWxPEvEHyCSSxBDxBBhx8Vqi5kXNnlKlhc62I0JWtXu"


def account(client: Api, platform: str) -> str:
    """The id of an account on a network, as if it had been connected."""
    return connect.keep(client.world, client.workspace_id, platform, "Brand", Connected("@brand", "1")).id


def place(account_id: str, network: str = "") -> str:
    return f"/v1/accounts/{account_id}/callbacks" + (f"/{network}" if network else "")


def made(client: Api, account_id: str, network: str = "standard", **secrets: str) -> Json:
    answer = client.post(place(account_id, network), {"secrets": secrets})
    assert answer.status_code == 201, answer.body
    return dict(answer.json_body)


def kept(client: Api, account_id: str, network: str) -> list[dict[str, str]]:
    """The secrets that are good, the latest first."""
    found = opened(client.world, account_id, network)
    return [dict(keys) for keys in found.keys] if found else []


def test_a_tool_is_let_call_with_a_secret_that_is_made_up(client: Api) -> None:
    account_id = client.account()

    answer = client.post(place(account_id, "standard"), {})

    assert answer.status_code == 201
    callback = answer.json_body
    url = f"https://carillon.test/api/v1/callbacks/standard/{account_id}"
    assert (callback["url"], answer.headers["Location"]) == (url, url)
    assert (callback["network"], callback["previous_until"]) == ("standard", None)
    assert callback["since"] == stamp(client.world.clock.now())
    assert callback["setup"]
    assert callback["secrets"]["signing_secret"].startswith("whsec_")
    assert kept(client, account_id, "standard") == [callback["secrets"]]


def test_secrets_that_are_given_are_not_repeated(client: Api) -> None:
    account_id = client.account()
    answer = client.post(place(account_id, "standard"), {"secrets": {"signing_secret": GIVEN}})
    assert answer.json_body["secrets"] == {}
    assert GIVEN.encode() not in answer.body
    assert kept(client, account_id, "standard") == [{"signing_secret": GIVEN}]


def test_a_network_gets_what_its_console_says_and_gives_back_what_has_to_be_entered_there(client: Api) -> None:
    account_id = account(client, "wechat")

    callback = made(client, account_id, "wechat", app_id="wx1", encoding_aes_key=AES_KEY)

    assert list(callback["secrets"]) == ["token"]
    token = callback["secrets"]["token"]
    assert token.isalnum()
    assert 3 <= len(token) <= 32
    assert kept(client, account_id, "wechat") == [{"app_id": "wx1", "encoding_aes_key": AES_KEY, "token": token}]


def test_the_list_shows_no_secrets(client: Api) -> None:
    account_id = account(client, "wechat")
    assert client.get(place(account_id)).json_body == {"data": []}
    secrets = made(client, account_id, "wechat", app_id="wx1", encoding_aes_key=AES_KEY)["secrets"]
    secrets |= made(client, account_id, "standard")["secrets"]

    answer = client.get(place(account_id))

    assert [one["network"] for one in answer.json_body["data"]] == ["standard", "wechat"]
    assert not any(value.encode() in answer.body for value in (*secrets.values(), AES_KEY))


def test_what_lies_in_the_table_opens_only_there(client: Api) -> None:
    account_id = client.account()
    secret = made(client, account_id)["secrets"]["signing_secret"]
    assert all(secret not in str(item.doc) for item in client.world.table.everything)


def test_changing_the_secrets_says_until_when_the_old_ones_are_good(client: Api) -> None:
    account_id = client.account()
    first = made(client, account_id)
    client.world.clock.advance(hours=1)

    second = made(client, account_id)

    assert second["secrets"] != first["secrets"]
    until = client.world.clock.now() + timedelta(days=1)
    assert (second["since"], second["previous_until"]) == (stamp(client.world.clock.now()), stamp(until))
    assert kept(client, account_id, "standard") == [second["secrets"], first["secrets"]]
    client.world.clock.advance(hours=24)
    (shown,) = client.get(place(account_id)).json_body["data"]
    assert (shown["since"], shown["previous_until"]) == (second["since"], None)
    assert kept(client, account_id, "standard") == [second["secrets"]]


def test_what_was_removed_is_gone_and_the_rest_stays(client: Api) -> None:
    account_id = account(client, "weibo")
    made(client, account_id, "weibo", app_secret="xyz123xyz")
    made(client, account_id, "standard")

    assert client.delete(place(account_id, "weibo")).status_code == 204

    assert [one["network"] for one in client.get(place(account_id)).json_body["data"]] == ["standard"]
    problem(client.delete(place(account_id, "weibo")), 404, "not_found")
    assert client.delete(place(account_id, "standard")).status_code == 204
    assert client.get(place(account_id)).json_body == {"data": []}


def test_everything_that_is_wrong_with_the_secrets_is_named_at_once(client: Api) -> None:
    account_id = account(client, "wecom")
    sent = {"encoding_aes_key": "short", "token": "no spaces please", "tokn": "1", "appid": "2"}

    answer = client.post(place(account_id, "wecom"), {"secrets": sent})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [
        ("secrets.corp_id", "required"),
        ("secrets.appid", "unknown_field"),
        ("secrets.tokn", "unknown_field"),
        ("secrets.token", "unfit_secret"),
        ("secrets.encoding_aes_key", "unfit_secret"),
    ]
    assert b"no spaces please" not in answer.body
    assert client.get(place(account_id)).json_body == {"data": []}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"secrets": {"app_secret": 5}}, "secrets.app_secret"),
        ({"secrets": []}, "secrets"),
        ({"secrets": {f"s{number}": "x" for number in range(11)}}, "secrets"),
        ({"secret": {}}, "secret"),
    ],
    ids=["number", "list", "too many", "other name"],
)
def test_a_body_of_another_shape_changes_nothing(client: Api, body: Json, path: str) -> None:
    account_id = account(client, "weibo")
    answer = client.post(place(account_id, "weibo"), body)
    problem(answer, 422, "validation_failed")
    assert path in [found for found, _ in issues(answer)]
    assert kept(client, account_id, "weibo") == []


def test_only_the_accounts_own_network_may_call_and_tools(client: Api) -> None:
    account_id = account(client, "weibo")
    for network in ("wechat", "friendster", "base", "signatures"):
        problem(client.post(place(account_id, network), {}), 404, "not_found")
        problem(client.delete(place(account_id, network)), 404, "not_found")


def test_another_tenants_account_is_not_there(client: Api) -> None:
    account_id, stranger = client.account(), client.stranger()
    made(client, account_id)
    before = kept(client, account_id, "standard")

    problem(stranger.get(place(account_id)), 404, "not_found")
    problem(stranger.post(place(account_id, "standard"), {}), 404, "not_found")
    problem(stranger.delete(place(account_id, "standard")), 404, "not_found")

    assert kept(client, account_id, "standard") == before


def test_the_same_request_again_gives_the_same_secret_and_changes_nothing(client: Api) -> None:
    account_id = client.account()

    first, again = (client.post(place(account_id, "standard"), {}, idempotency_key="k1") for _ in range(2))

    assert again.json_body == first.json_body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert kept(client, account_id, "standard") == [first.json_body["secrets"]]
    secret = first.json_body["secrets"]["signing_secret"]
    assert all(secret not in str(item.doc) for item in client.world.table.everything)
    other = client.post(place(account_id, "standard"), {"secrets": {"signing_secret": GIVEN}}, idempotency_key="k1")
    assert other.status_code == 422
    assert kept(client, account_id, "standard") == [first.json_body["secrets"]]


def test_keys_need_the_scope_of_accounts(client: Api) -> None:
    account_id = client.account()
    reader = client.new_key("accounts:read")
    problem(
        client.post(place(account_id, "standard"), {}, authorization=f"Bearer {reader}"),
        403,
        "missing_scope",
    )
    assert client.get(place(account_id), authorization=f"Bearer {reader}").status_code == 200
