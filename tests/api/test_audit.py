"""/v1/audit: every administrative act is there, whoever wrote the route, and nothing that was said."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import api
from chalicelib.core.errors import Unavailable
from chalicelib.core.timing import stamp
from chalicelib.ports import Delete, Put
from chalicelib.service import access, audit
from tests.api.client import Api, issues, problem

Json = dict[str, Any]

CONTENT = (
    *("/v1/posts", "/v1/schedules", "/v1/media", "/v1/renditions", "/v1/validate", "/v1/inbox"),
    "/sandbox/",
)
"""What is written there is the workspace's daily work, and has timelines of its own."""


def acts(client: Api, query: str = "") -> list[Json]:
    answer = client.get(f"/v1/audit{query}")
    assert answer.status_code == 200, answer.body
    return list(answer.json_body["data"])


def said(client: Api, query: str = "") -> list[tuple[str, list[str]]]:
    return [(one["action"], one["things"]) for one in acts(client, query)]


def key_id(client: Api) -> str:
    return access.authenticate(client.world, client.key).key_id


def test_every_route_that_changes_anything_but_content_is_in_the_log() -> None:
    changing = [one for one in api.endpoints() if one.method != "GET"]

    forgotten = [one.path for one in changing if not one.audited and not one.path.startswith(CONTENT)]
    assert forgotten == []
    assert [one.path for one in changing if one.audited and one.path.startswith(CONTENT)] == [
        "/v1/posts/{post_id}/review"
    ]


def test_a_reading_route_is_in_the_log_only_where_it_changes_something() -> None:
    reading = [one.path for one in api.endpoints() if one.method == "GET" and one.audited]

    assert reading == ["/v1/accounts/connect/{platform}/callback"]


def test_an_act_says_who_did_what_to_which_things_and_when(client: Api) -> None:
    answer = client.post("/v1/accounts", {"platform": "sandbox", "name": "Tower"})
    account = answer.json_body["id"]

    (act,) = acts(client)
    assert act["id"].startswith("aud_")
    assert {name: act[name] for name in act if name != "id"} == {
        "at": stamp(client.world.clock.now()),
        "key_id": key_id(client),
        "action": "POST /v1/accounts",
        "things": [account],
        "request_id": answer.headers["X-Request-Id"],
    }
    client.delete(f"/v1/accounts/{account}")
    assert said(client)[0] == ("DELETE /v1/accounts/{account_id}", [account])


def test_an_act_holds_nothing_of_what_was_said_or_answered(client: Api) -> None:
    client.send("PUT", "/v1/apps/x", {"client_id": "carillon", "client_secret": "very-secret-bell"})
    webhook = client.webhook(url="https://receiver.test/private-path")
    made = client.post("/v1/keys", {"name": "Private name", "scopes": ["*"]}).json_body
    client.post("/v1/privacy/erase", {"platform": "mastodon", "actor": "@ringer@bells.test"})

    rows = str([item.doc for item in client.world.table.everything if item.key.pk.startswith("AUDIT#")])
    assert len(acts(client)) >= 3
    for secret in ("very-secret-bell", webhook["secret"], "private-path", made["secret"], "Private name", "ringer"):
        assert secret not in rows


def test_what_was_refused_or_only_read_is_no_act(client: Api) -> None:
    client.get("/v1/accounts")
    client.delete("/v1/webhooks/wh_1")
    client.post("/v1/webhooks", {"url": "nowhere"})
    client.post("/v1/hold", authorization=f"Bearer {client.new_key('posts:read')}")

    assert acts(client) == []


def test_what_is_asked_for_again_under_one_idempotency_key_is_one_act(client: Api) -> None:
    for _ in range(2):
        client.post("/v1/webhooks", {"url": "https://receiver.test/hook"}, idempotency_key="hook")

    assert [action for action, _ in said(client)] == ["POST /v1/webhooks"]


def test_acts_are_found_by_key_action_thing_and_time(client: Api) -> None:
    webhook = client.webhook()["id"]
    client.world.clock.advance(minutes=1)
    minute = stamp(client.world.clock.now())
    other = access.create_key(client.world, client.workspace_id, ("*",))
    client.delete(f"/v1/webhooks/{webhook}", authorization=f"Bearer {other.secret}")
    client.world.clock.advance(minutes=1)
    client.post("/v1/hold")
    made, gone, held = "POST /v1/webhooks", "DELETE /v1/webhooks/{webhook_id}", "POST /v1/hold"

    def found(query: str) -> list[str]:
        return [action for action, _ in said(client, query)]

    assert found("") == [held, gone, made]
    assert found(f"?thing={webhook}") == [gone, made]
    assert found(f"?key_id={other.id}") == [gone]
    assert found("?action=POST%20/v1/hold") == [held]
    assert found(f"?since={minute}&until={minute}") == [gone]
    assert found(f"?since={minute}") == [held, gone]
    assert found(f"?until={minute}") == [gone, made]


def test_pages_of_acts_hold_each_once(client: Api) -> None:
    for _ in range(5):
        client.post("/v1/hold")
    seen, cursor = list[str](), ""
    while True:
        answer = client.get(f"/v1/audit?limit=2{cursor}").json_body
        seen += [one["id"] for one in answer["data"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor'].replace('#', '%23')}"

    assert len(seen) == len(set(seen)) == 5
    assert seen == [one["id"] for one in acts(client)]


def test_a_cursor_of_ones_own_making_is_refused(client: Api) -> None:
    answer = client.get("/v1/audit?cursor=AUDIT%23ws_other")

    assert (answer.status_code, issues(answer)) == (400, [("cursor", "invalid_cursor")])
    problem(answer, 400, "validation_failed")


def test_another_tenants_acts_are_not_there(client: Api) -> None:
    stranger = client.stranger()
    theirs = stranger.webhook()["id"]

    assert acts(client) == acts(client, f"?thing={theirs}") == []
    assert [things for _, things in said(stranger)] == [[theirs]]


def test_acts_are_kept_for_400_days(client: Api) -> None:
    client.post("/v1/hold")
    (row,) = [item for item in client.world.table.everything if item.key.pk.startswith("AUDIT#")]
    assert row.expires == client.world.clock.now() + timedelta(days=400)

    client.world.clock.advance(days=400)
    assert len(acts(client)) == 1
    client.world.clock.advance(1)
    assert acts(client) == []


def test_what_the_operator_did_has_no_key(client: Api) -> None:
    audit.record(client.world, client.workspace_id, "admin key create", ("key_1",))

    (act,) = acts(client)
    assert (act["key_id"], act["request_id"], act["action"]) == (None, None, "admin key create")


def test_what_is_done_is_answered_even_where_it_could_not_be_written_down(
    client: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write = client.world.table.write

    def full(*writes: Put | Delete) -> None:
        if isinstance(writes[0], Put) and writes[0].item.key.pk.startswith("AUDIT#"):
            raise Unavailable("dynamodb: ThrottlingException")
        write(*writes)

    monkeypatch.setattr(client.world.table, "write", full)
    assert client.post("/v1/hold").status_code == 200
    assert "audit_not_written" in caplog.text
    assert "POST /v1/hold" in caplog.text
