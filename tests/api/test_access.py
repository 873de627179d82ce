"""Who is let in: every route × every kind of key."""

from datetime import timedelta
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib import api
from chalicelib.api.route import Endpoint
from chalicelib.ports import Item
from chalicelib.service import access
from tests.api.client import SCOPES, Api, problem
from tests.fakes import world

ENDPOINTS = api.endpoints()
GUARDED = [one for one in ENDPOINTS if one.needs != "nothing"]
SCOPED = [one for one in GUARDED if one.needs in SCOPES]

BAD_KEYS = {
    "none": "",
    "of another scheme": "Basic Y2tfbGl2ZV8=",
    "empty": "Bearer ",
    "not ours": "Bearer sk_live_0123456789",
    "unknown": "Bearer ck_live_0123456789012345678901234567890123456789",
    "without its scheme": "ck_live_0123456789012345678901234567890123456789",
    "not ASCII": "Bearer ck_live_ключ",
    "very long": "Bearer ck_live_" + "x" * 5000,
}

ALSO = {"POST /v1/calendar/feeds": ("posts:read",)}
"""Scopes that are needed besides."""

MAP = {
    "POST /v1/posts/batch": "posts:write",
    "POST /v1/posts/import": "posts:write",
    "GET /v1/posts/export": "posts:read",
    "POST /v1/calendar/feeds": "posts:write",
    "GET /v1/calendar/feeds": "posts:read",
    "DELETE /v1/calendar/feeds/{feed_id}": "posts:write",
    "GET /v1/calendar.ics": "nothing",
    "POST /v1/posts": "posts:write",
    "GET /v1/posts": "posts:read",
    "GET /v1/posts/{post_id}": "posts:read",
    "PATCH /v1/posts/{post_id}": "posts:write",
    "DELETE /v1/posts/{post_id}": "posts:write",
    "POST /v1/posts/{post_id}/cancel": "posts:write",
    "POST /v1/posts/{post_id}/hold": "posts:write",
    "POST /v1/posts/{post_id}/resume": "posts:write",
    "POST /v1/posts/{post_id}/publish": "posts:write",
    "POST /v1/posts/{post_id}/review": "posts:review",
    "GET /v1/posts/{post_id}/review": "posts:read",
    "GET /v1/review_policy": "posts:read",
    "PUT /v1/review_policy": "keys:write",
    "POST /v1/schedules/preview": "plan:read",
    "POST /v1/schedules": "plan:write",
    "GET /v1/schedules": "plan:read",
    "GET /v1/schedules/{schedule_id}": "plan:read",
    "PATCH /v1/schedules/{schedule_id}": "plan:write",
    "DELETE /v1/schedules/{schedule_id}": "plan:write",
    "GET /v1/schedules/{schedule_id}/occurrences": "plan:read",
    "POST /v1/media": "posts:write",
    "GET /v1/media/{medium_id}": "posts:read",
    "POST /v1/renditions": "posts:read",
    "POST /v1/validate": "posts:read",
    "GET /v1/platforms": "a key",
    "GET /v1/platforms/{name}": "a key",
    "POST /v1/accounts": "accounts:write",
    "GET /v1/accounts": "accounts:read",
    "GET /v1/accounts/{account_id}": "accounts:read",
    "DELETE /v1/accounts/{account_id}": "accounts:write",
    "GET /v1/accounts/{account_id}/health": "accounts:read",
    "GET /v1/accounts/{account_id}/callbacks": "accounts:read",
    "POST /v1/accounts/{account_id}/callbacks/{network}": "accounts:write",
    "DELETE /v1/accounts/{account_id}/callbacks/{network}": "accounts:write",
    "GET /v1/posts/{post_id}/metrics": "engagement:read",
    "GET /v1/posts/{post_id}/metrics/timeline": "engagement:read",
    "GET /v1/inbox": "engagement:read",
    "GET /v1/inbox/{item_id}": "engagement:read",
    "POST /v1/inbox/{item_id}/dismiss": "engagement:write",
    "POST /v1/inbox/{item_id}/reply": "engagement:write",
    "GET /v1/business_hours": "engagement:read",
    "PUT /v1/business_hours": "engagement:write",
    "GET /v1/plan": "plan:read",
    "PUT /v1/plan": "plan:write",
    "DELETE /v1/plan": "plan:write",
    "GET /v1/plan/occurrences": "plan:read",
    "GET /v1/brand": "plan:read",
    "PUT /v1/brand": "plan:write",
    "GET /v1/brand/lists": "plan:read",
    "GET /v1/accounts/{account_id}/metrics": "engagement:read",
    "GET /v1/accounts/{account_id}/metrics/elsewhere": "engagement:read",
    "GET /v1/engagement": "engagement:read",
    "GET /v1/insights/best_times": "engagement:read",
    "GET /v1/insights/audience": "engagement:read",
    "GET /v1/scores": "scores:read",
    "GET /v1/scores/explain": "scores:read",
    "GET /v1/scores/history": "scores:read",
    "GET /v1/scores/weights": "scores:read",
    "PUT /v1/scores/weights": "plan:write",
    "GET /v1/privacy": "engagement:read",
    "PUT /v1/privacy": "engagement:write",
    "POST /v1/privacy/erase": "engagement:write",
    "POST /v1/privacy/export": "engagement:read",
    "POST /v1/accounts/connect/{platform}": "accounts:write",
    "GET /v1/accounts/connect/{platform}/callback": "nothing",
    "GET /v1/connections/{connection_id}": "accounts:read",
    "POST /v1/connections/{connection_id}/accounts": "accounts:write",
    "PUT /v1/apps/{platform}": "accounts:write",
    "GET /v1/apps": "accounts:read",
    "DELETE /v1/apps/{platform}": "accounts:write",
    "POST /v1/webhooks": "webhooks:write",
    "GET /v1/webhooks": "webhooks:read",
    "GET /v1/webhooks/{webhook_id}": "webhooks:read",
    "PATCH /v1/webhooks/{webhook_id}": "webhooks:write",
    "DELETE /v1/webhooks/{webhook_id}": "webhooks:write",
    "POST /v1/webhooks/{webhook_id}/rotate": "webhooks:write",
    "POST /v1/webhooks/{webhook_id}/test": "webhooks:write",
    "GET /v1/webhooks/{webhook_id}/deliveries": "webhooks:read",
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": "webhooks:write",
    "GET /v1/accounts/{account_id}/hold": "posts:read",
    "POST /v1/accounts/{account_id}/hold": "posts:write",
    "POST /v1/accounts/{account_id}/resume": "posts:write",
    "GET /v1/hold": "posts:read",
    "POST /v1/hold": "posts:write",
    "POST /v1/resume": "posts:write",
    "GET /v1/spike_rule": "engagement:read",
    "PUT /v1/spike_rule": "engagement:write",
    "POST /v1/keys": "keys:write",
    "GET /v1/keys": "keys:read",
    "GET /v1/keys/{key_id}": "keys:read",
    "DELETE /v1/keys/{key_id}": "keys:write",
    "POST /v1/keys/{key_id}/rotate": "keys:write",
    "GET /v1/audit": "audit:read",
    "POST /v1/posts/{post_id}/targets/{target_id}/resolve": "posts:write",
    "GET /v1/posts/{post_id}/targets/{target_id}/bundle": "posts:read",
    "POST /v1/posts/{post_id}/targets/{target_id}/confirm": "posts:write",
    "PUT /v1/posts/{post_id}/targets/{target_id}/share": "posts:write",
    "GET /v1/posts/{post_id}/targets/{target_id}/attempts": "posts:read",
    "GET /v1/posts/{post_id}/targets/{target_id}/events": "posts:read",
    "GET /v1/posts/{post_id}/targets/{target_id}/receipt": "posts:read",
    "GET /v1/receipts/keys": "nothing",
    "GET /v1/healthz": "nothing",
    "GET /v1/openapi.json": "nothing",
    "GET /docs": "nothing",
    "POST /sandbox/v1/accounts": "accounts:write",
    "POST /sandbox/v1/posts": "nothing",
    "GET /sandbox/v1/posts": "nothing",
    "GET /sandbox/v1/timeline/{handle}": "nothing",
    "GET /sandbox/v1/posts/{message_id}": "nothing",
    "POST /sandbox/v1/posts/{message_id}/reactions": "accounts:write",
    "DELETE /sandbox/v1/posts/{message_id}": "accounts:write",
}

BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/posts/{post_id}/targets/{target_id}/confirm": {"url": "https://www.douyin.com/video/7"},
    "PUT /v1/posts/{post_id}/targets/{target_id}/share": {"share_id": "1743456789012345"},
    "POST /v1/connections/{connection_id}/accounts": {"remote_ids": ["1"]},
    "POST /v1/inbox/{item_id}/reply": {"text": "Very loud."},
    "PATCH /v1/posts/{post_id}": {},
    "POST /v1/posts/{post_id}/review": {"decision": "approve"},
    "PATCH /v1/schedules/{schedule_id}": {},
    "PATCH /v1/webhooks/{webhook_id}": {},
    "POST /v1/posts/{post_id}/targets/{target_id}/resolve": {"retry": True},
}
"""What has to be sent to be told whether the thing is there."""


def route(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def test_every_route_needs_what_this_table_says() -> None:
    assert {route(one): one.needs for one in ENDPOINTS} == MAP


@pytest.mark.parametrize("bad", BAD_KEYS.values(), ids=BAD_KEYS)
@pytest.mark.parametrize("endpoint", GUARDED, ids=route)
def test_without_a_good_key_every_route_gives_the_same_answer(client: Api, endpoint: Endpoint, bad: str) -> None:
    answer = client.send(endpoint.method, path(endpoint), authorization=bad)

    found = problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="carillon"'
    assert found["detail"] == "a valid API key is needed: Authorization: Bearer ck_live_…"
    assert found["issues"] == []


@pytest.mark.parametrize("endpoint", GUARDED, ids=route)
def test_a_revoked_key_is_as_good_as_none(client: Api, endpoint: Endpoint) -> None:
    key = access.create_key(client.world, client.workspace_id, ("*",))
    access.revoke_key(client.world, client.workspace_id, key.id)

    revoked = problem(
        client.send(endpoint.method, path(endpoint), authorization=f"Bearer {key.secret}"), 401, "unauthorized"
    )
    missing = problem(client.send(endpoint.method, path(endpoint), authorization=""), 401, "unauthorized")
    assert {**revoked, "request_id": ""} == {**missing, "request_id": ""}


@pytest.mark.parametrize("endpoint", GUARDED, ids=route)
def test_a_key_that_has_ended_is_as_good_as_none(client: Api, endpoint: Endpoint) -> None:
    soon = client.world.clock.now() + timedelta(seconds=1)
    key = access.create_key(client.world, client.workspace_id, ("*",), expires_at=soon)
    client.world.clock.advance(1)

    ended = client.send(endpoint.method, path(endpoint), authorization=f"Bearer {key.secret}")
    missing = client.send(endpoint.method, path(endpoint), authorization="")

    problem(ended, 401, "unauthorized")
    assert alike(ended, missing)


@pytest.mark.parametrize("how", ["revoked", "rotated"])
def test_a_process_that_has_just_let_a_key_in_refuses_it_with_the_next_request(client: Api, how: str) -> None:
    """Within 60 seconds is what is promised; nothing is remembered, so that no second is needed."""
    key = access.create_key(client.world, client.workspace_id, ("*",))
    elsewhere = world(table=client.world.table, clock=client.world.clock, vault=client.world.vault)
    assert client.get("/v1/posts", authorization=f"Bearer {key.secret}").status_code == 200

    if how == "revoked":
        access.revoke_key(elsewhere, client.workspace_id, key.id)
    else:
        access.rotate_key(elsewhere, client.workspace_id, key.id, timedelta())

    for _ in range(3):
        problem(client.get("/v1/posts", authorization=f"Bearer {key.secret}"), 401, "unauthorized")
        client.world.clock.advance(30)


@pytest.mark.parametrize("endpoint", SCOPED, ids=route)
def test_a_key_with_all_scopes_but_the_one_is_told_which_is_missing(client: Api, endpoint: Endpoint) -> None:
    others = [scope for scope in SCOPES if scope != endpoint.needs]

    answer = client.send(endpoint.method, path(endpoint), authorization=f"Bearer {client.new_key(*others)}")

    assert endpoint.needs in problem(answer, 403, "missing_scope")["detail"]


@pytest.mark.parametrize("endpoint", GUARDED, ids=route)
def test_the_one_scope_is_enough(client: Api, endpoint: Endpoint) -> None:
    scope = endpoint.needs if endpoint.needs in SCOPES else "accounts:read"

    key = client.new_key(scope, *ALSO.get(route(endpoint), ()))
    answer = client.send(endpoint.method, path(endpoint), authorization=f"Bearer {key}")

    assert answer.status_code not in (401, 403, 500)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_may_be_written_in_any_case(client: Api, scheme: str) -> None:
    assert client.get("/v1/posts", authorization=f"{scheme} {client.key}").status_code == 200


@pytest.mark.parametrize("endpoint", GUARDED, ids=route)
def test_who_has_no_key_is_not_told_what_is_wrong_with_the_request(client: Api, endpoint: Endpoint) -> None:
    answer = client.send(endpoint.method, path(endpoint) + "?nonsense=1", b"\xff", authorization="")

    problem(answer, 401, "unauthorized")


def things(client: Api) -> dict[str, str]:
    """One of everything that a path can name, made by this tenant, by the name that paths have for it."""
    post, webhook, opened = (
        client.created(),
        client.webhook(),
        client.post("/sandbox/v1/accounts", {"name": "T"}).json_body,
    )
    target, delivery = post["targets"][0], client.post(f"/v1/webhooks/{webhook['id']}/test").json_body
    said = {"account": opened["id"], "text": "Ding", "reference": "bells-1"}
    asked: dict[str, Any] = {"credentials": {}}
    upload = {"content_type": "image/png", "bytes": 5}
    return {
        "post_id": post["id"],
        "target_id": target["id"],
        "account_id": target["account_id"],
        "item_id": client.item(target["account_id"]),
        "message_id": client.post("/sandbox/v1/posts", said, authorization=f"Bearer {opened['token']}").json_body["id"],
        "webhook_id": webhook["id"],
        "delivery_id": delivery["id"],
        "connection_id": client.post("/v1/accounts/connect/sandbox", asked).json_body["id"],
        "medium_id": client.post("/v1/media", upload).json_body["id"],
        "schedule_id": client.schedule()["id"],
        "key_id": client.get("/v1/keys").json_body["data"][-1]["id"],
        "feed_id": client.post("/v1/calendar/feeds", {}).json_body["id"],
    }


NOBODYS = {
    "post_id": "post_1",
    "target_id": "tgt_1",
    "account_id": "acc_1",
    "item_id": "inb_1_2",
    "message_id": "sp_1",
    "webhook_id": "wh_1",
    "delivery_id": "msg_1",
    "connection_id": "con_1",
    "medium_id": "med_1",
    "schedule_id": "sch_1",
    "key_id": "key_1",
    "feed_id": "feed_1",
}
WORDS = {"platform": "mastodon", "network": "standard", "name": "sandbox", "handle": "tower"}
"""What a path says beside ids."""


def path(endpoint: Endpoint, ids: dict[str, str] = NOBODYS) -> str:
    """The endpoint's path with these ids: a name that is missing here has to be added, and to `things` as well."""
    return endpoint.path.format(**ids, **WORDS)


OWN = ("X-Request-Id", "traceparent", "RateLimit")
"""Headers that each answer has for itself."""


def alike(one: HTTPResponse, other: HTTPResponse, *ids: dict[str, str]) -> bool:
    """Whether two answers differ in nothing but the ids that were asked for, the request's own, and what is left."""

    def seen(answer: HTTPResponse) -> tuple[Any, ...]:
        body = answer.body.decode()
        for id_ in (*(id_ for some in ids for id_ in some.values()), answer.headers["X-Request-Id"]):
            body = body.replace(id_, "…")
        headers = {name: value for name, value in answer.headers.items() if name not in OWN}
        return answer.status_code, body, headers, "RateLimit" in answer.headers

    return seen(one) == seen(other)


NAMING = [one for one in GUARDED if "_id}" in one.path]


@pytest.mark.parametrize("endpoint", NAMING, ids=route)
def test_another_tenants_thing_looks_exactly_like_none(client: Api, endpoint: Endpoint) -> None:
    stranger = client.stranger()
    theirs = things(stranger)
    body = BODIES.get(route(endpoint))

    def rows() -> list[Item]:
        return [item for item in client.world.table.everything if stranger.workspace_id in item.key.pk]

    before = rows()
    strange = client.send(endpoint.method, path(endpoint, theirs), body)
    assert rows() == before
    missing = client.send(endpoint.method, path(endpoint), body)

    problem(strange, 404, "not_found")
    assert alike(strange, missing, theirs, NOBODYS)


@pytest.mark.parametrize("endpoint", NAMING, ids=route)
def test_ones_own_thing_is_there(client: Api, endpoint: Endpoint) -> None:
    """Or else the test above would hold of a service that has nothing."""
    answer = client.send(endpoint.method, path(endpoint, things(client)), BODIES.get(route(endpoint)))

    assert answer.status_code not in (401, 403, 500)
    assert answer.status_code != 404 or route(endpoint) in HAS_NONE


HAS_NONE = {
    "DELETE /v1/accounts/{account_id}/callbacks/{network}": "nobody was let call",
}
"""Where one's own thing has none of what is asked for."""
