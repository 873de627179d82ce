"""/sandbox/v1: a network like any other, that lives in this service."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.api.route import Call
from chalicelib.api.sandbox import post_to_sandbox
from chalicelib.core.errors import Unavailable
from chalicelib.service.access import Caller
from chalicelib.service.sandbox import SandboxPost
from tests.api.client import Api, issues, problem


def opened(client: Api) -> dict[str, Any]:
    answer = client.post("/sandbox/v1/accounts", {"name": "Bell tower"})
    assert answer.status_code == 201
    return dict(answer.json_body)


def say(client: Api, account: dict[str, Any], **fields: Any) -> Any:
    body = {"account": account["id"], "text": "Ding", "reference": "bells-1", **fields}
    return client.post("/sandbox/v1/posts", body, authorization=f"Bearer {account['token']}")


def test_what_is_posted_can_be_read_by_its_reference_and_by_everybody(client: Api) -> None:
    account = opened(client)

    made = say(client, account)
    say(client, account, reference="bells-2")

    assert made.status_code == 201
    found = client.get(f"/sandbox/v1/posts?account={account['id']}&reference=bells-1", authorization="")
    assert found.json_body == {"data": [made.json_body], "next_cursor": None}
    timeline = client.get(f"/sandbox/v1/timeline/{account['handle']}", authorization="").json_body["data"]
    assert len(timeline) == 2
    assert client.get(f"/sandbox/v1/timeline/@{account['handle']}").json_body["data"] == timeline


def test_a_wrong_token_may_not_post(client: Api) -> None:
    account = opened(client)

    for token in ("", "wrong", client.key):
        problem(say(client, {**account, "token": token}), 401, "unauthorized")


def test_the_faults_are_done_as_asked(client: Api) -> None:
    account = opened(client)

    assert say(client, account, fault="reject").status_code == 422
    limited = say(client, account, fault="rate_limit")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
    assert say(client, account, reference="b2", fault="server_error_after_accept").status_code == 500

    before = client.world.clock.now()
    assert say(client, account, reference="b3", fault="slow").status_code == 201
    assert client.world.clock.now() - before == timedelta(seconds=1.5)


def test_bad_requests_to_the_sandbox_are_problems_as_well(client: Api) -> None:
    account = opened(client)

    answer = say(client, account, fault="implode", text=5)

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("text", "string_type"), ("fault", "literal_error")]
    problem(client.get("/sandbox/v1/posts"), 400, "invalid_query")
    problem(client.get("/sandbox/v1/timeline/nobody"), 404, "not_found")


def test_what_lay_at_the_gateway_for_too_long_is_not_taken_any_more(client: Api) -> None:
    """So that nothing appears after the time in which the sandbox says that it may."""
    account = opened(client)
    call = Call(
        client.world, "", "", account["token"], Caller("", "", frozenset()), base="", waited=timedelta(seconds=26)
    )
    late = SandboxPost(account=account["id"], text="Dong", reference="bells-1")
    with pytest.raises(Unavailable):
        post_to_sandbox.handler(call, body=late)
    assert client.get(f"/sandbox/v1/timeline/{account['handle']}").json_body["data"] == []


def test_people_do_with_a_post_what_its_owner_says(client: Api) -> None:
    message = say(client, opened(client)).json_body["id"]
    nothing = client.get(f"/sandbox/v1/posts/{message}", authorization="").json_body["figures"]
    assert set(nothing.values()) == {0}

    client.post(f"/sandbox/v1/posts/{message}/reactions", {"likes": 3, "views": 40})
    done = client.post(f"/sandbox/v1/posts/{message}/reactions", {"likes": -1, "replies": -5}).json_body

    assert done["figures"] == {**nothing, "likes": 2, "views": 40}
    assert client.get(f"/sandbox/v1/posts/{message}", authorization="").json_body == done


def test_what_is_taken_down_is_gone(client: Api) -> None:
    account = opened(client)
    message = say(client, account).json_body["id"]

    assert client.delete(f"/sandbox/v1/posts/{message}").status_code == 204

    problem(client.get(f"/sandbox/v1/posts/{message}"), 404, "not_found")
    problem(client.delete(f"/sandbox/v1/posts/{message}"), 404, "not_found")
    assert client.get(f"/sandbox/v1/timeline/{account['handle']}").json_body["data"] == []


def test_another_tenant_can_read_a_post_and_do_nothing_with_it(client: Api) -> None:
    message, stranger = say(client, opened(client)).json_body["id"], client.stranger()

    problem(stranger.post(f"/sandbox/v1/posts/{message}/reactions", {"likes": 1}), 404, "not_found")
    problem(stranger.delete(f"/sandbox/v1/posts/{message}"), 404, "not_found")

    assert stranger.get(f"/sandbox/v1/posts/{message}").json_body["figures"]["likes"] == 0
