"""/v1/plan, and posts that go by it."""

from typing import Any

import pytest

from chalicelib.core.errors import Stale
from chalicelib.ports import Delete, Put
from tests.api.client import Api, Json, issues, problem

PLAN: Json = {
    "timezone": "Europe/Berlin",
    "goal": {"least": 4, "most": 6},
    "slots": [{"day": "fri", "time": "09:30"}, {"day": "sun", "time": "02:30"}],
    "skip_days": ["mon"],
    "blackouts": [{"start": "2026-12-31T00:00:00", "end": "2027-01-02T00:00:00", "why": "New year"}],
    "holidays": [{"country": "DE", "subdivision": "BY", "effect": "shrink", "extra": 0}],
    "mix": {"weibo": 2.0, "bluesky": 1.0},
}
DEFAULT: Json = {
    "timezone": "UTC",
    "goal": {"least": 3, "most": 5},
    "slots": [],
    "skip_days": [],
    "blackouts": [],
    "holidays": [],
    "mix": {},
}


def put(client: Api, plan: Json, account_id: str | None = None) -> Any:
    query = f"?account_id={account_id}" if account_id else ""
    return client.send("PUT", f"/v1/plan{query}", plan)


def test_a_plan_is_the_default_until_one_is_chosen_and_then_that_one(client: Api) -> None:
    nobody = {"account_id": None, "chosen_for": "nobody", "since": None}
    assert client.get("/v1/plan").json_body == {**nobody, **DEFAULT}

    chosen = put(client, PLAN)

    ours = {"account_id": None, "chosen_for": "workspace", "since": "2026-11-22T09:00:00.000Z"}
    assert (chosen.status_code, chosen.json_body) == (200, {**ours, **PLAN})
    assert client.get("/v1/plan").json_body == chosen.json_body
    assert client.stranger().get("/v1/plan").json_body["chosen_for"] == "nobody"


def test_an_accounts_own_plan_replaces_the_workspaces_until_it_is_deleted(client: Api) -> None:
    account = client.account()
    put(client, PLAN)
    inherited = client.get(f"/v1/plan?account_id={account}").json_body
    assert (inherited["account_id"], inherited["chosen_for"], inherited["slots"]) == (
        account,
        "workspace",
        PLAN["slots"],
    )

    own = put(client, {"goal": {"least": 1, "most": 1}}, account).json_body
    assert (own["chosen_for"], own["goal"], own["slots"]) == ("account", {"least": 1, "most": 1}, [])
    assert client.get("/v1/plan").json_body["goal"] == PLAN["goal"]

    assert client.delete(f"/v1/plan?account_id={account}").status_code == 204
    assert client.delete(f"/v1/plan?account_id={account}").status_code == 204
    assert client.get(f"/v1/plan?account_id={account}").json_body == {**inherited}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_account_of_another_tenant_is_none(client: Api, method: str) -> None:
    theirs = client.stranger().account()
    body = PLAN if method == "PUT" else None
    problem(client.send(method, f"/v1/plan?account_id={theirs}", body), 404, "not_found")
    problem(client.get(f"/v1/plan/occurrences?from={MAY}&to={JUNE}&account_id={theirs}"), 404, "not_found")


def test_the_workspaces_plan_is_not_deleted(client: Api) -> None:
    assert issues(client.delete("/v1/plan")) == [("account_id", "required")]


MAY, JUNE = "2027-05-01T00:00:00Z", "2027-06-01T00:00:00Z"


def test_occurrences_explain_the_clocks_and_what_is_left_out(client: Api) -> None:
    put(client, PLAN)

    found = client.get("/v1/plan/occurrences?from=2027-03-21T23:00:00Z&to=2027-04-04T22:00:00Z").json_body

    assert found["timezone"] == "Europe/Berlin"
    assert [(one["local"], one["slot"], one["note"]) for one in found["data"]] == [
        ("2027-03-28T03:30:00+02:00", "sun 02:30", "dst_gap"),
        ("2027-04-02T09:30:00+02:00", "fri 09:30", None),
        ("2027-04-04T02:30:00+02:00", "sun 02:30", None),
    ]
    assert found["data"][0]["at"] == "2027-03-28T01:30:00.000Z"
    assert found["left_out"] == [
        {"date": "2027-03-26", "slot": "fri 09:30", "code": "holiday", "why": "Good Friday"},
    ]
    first, second = found["weeks"]
    assert (first["start"], first["end"]) == ("2027-03-21T23:00:00.000Z", "2027-03-28T22:00:00.000Z")
    assert (first["goal"], first["holidays"]) == ({"least": 3, "most": 5}, ["2027-03-26 Good Friday"])
    assert second["goal"] == {"least": 4, "most": 6}, "Easter Monday is skipped anyway"


@pytest.mark.parametrize(
    ("span", "found"),
    [
        (f"from={MAY}", [("to", "required")]),
        (f"from={JUNE}&to={MAY}", [("to", "ends_too_early")]),
        (f"from={MAY}&to=2028-05-06T00:00:00Z", [("to", "span_too_long")]),
        ("from=0001-01-01T00:00:00Z&to=0001-02-01T00:00:00Z", [("from", "invalid"), ("to", "invalid")]),
        ("from=9999-12-01T00:00:00Z&to=9999-12-31T23:59:59Z", [("from", "invalid"), ("to", "invalid")]),
        ("from=2027-05-01&to=2027-06-01T00:00:00", [("from", "invalid"), ("to", "invalid")]),
    ],
)
def test_a_span_that_cannot_be_shown_is_refused(client: Api, span: str, found: list[tuple[str, str]]) -> None:
    answer = client.get(f"/v1/plan/occurrences?{span}")
    assert answer.status_code in (400, 422)
    assert [path for path, _ in issues(answer)] == [path for path, _ in found]
    assert found[0][1] in ("required", "invalid") or issues(answer) == found


def test_everything_that_is_wrong_with_a_plan_is_said_at_once(client: Api) -> None:
    wrong = {**PLAN, "timezone": "Mars/Olympus", "skip_days": ["fri"], "mix": {"myspace": 1}}
    answer = put(client, {**wrong, "holidays": [{"country": "XX"}, {"country": "lunar", "subdivision": "easter"}]})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [
        ("timezone", "unknown_timezone"),
        ("slots[0].day", "slot_on_skipped_day"),
        ("holidays[0].country", "unknown_country"),
        ("holidays[1].subdivision", "unknown_subdivision"),
        ("mix.myspace", "unknown_platform"),
    ]
    assert client.get("/v1/plan").json_body["chosen_for"] == "nobody"


def test_a_full_year_of_the_fullest_plan_can_be_shown_and_kept(client: Api) -> None:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    slots = [{"day": day, "time": f"{hour:02d}:30"} for day in days for hour in range(24)]
    why = "静" * 100
    blackouts = [
        {"start": f"2028-01-01T{n % 24:02d}:00:00", "end": "2028-02-01T00:00:00", "why": why} for n in range(50)
    ]
    calendars = [{"country": one} for one in ("CN", "US", "DE", "FR", "GB", "JP", "KR", "BR", "IN", "lunar")]
    assert put(client, {"slots": slots, "blackouts": blackouts, "holidays": calendars}).status_code == 200

    found = client.get("/v1/plan/occurrences?from=2026-12-01T00:00:00Z&to=2027-12-01T00:00:00Z").json_body

    assert len(found["data"]) + len(found["left_out"]) == 365 * 24


def test_a_post_takes_the_next_slot_and_its_request_again_is_the_same_post(client: Api) -> None:
    put(client, PLAN)
    body = client.draft(publish="next_slot")

    assert client.post("/v1/validate", body).json_body == {"valid": True, "issues": []}
    first = client.post("/v1/posts", body, idempotency_key="friday")
    again = client.post("/v1/posts", body, idempotency_key="friday")
    second = client.post("/v1/posts", body, idempotency_key="sunday")

    assert (first.status_code, first.json_body["scheduled_at"]) == (202, "2026-11-27T08:30:00.000Z")
    assert again.json_body == first.json_body
    assert second.json_body["scheduled_at"] == "2026-11-29T01:30:00.000Z"


def test_a_post_for_a_slot_that_does_not_exist_is_told_where_to_look(client: Api) -> None:
    body = client.draft(publish="next_slot", scheduled_at=client.later())

    found = client.post("/v1/validate", body).json_body["issues"]

    assert [(one["path"], one["code"]) for one in found] == [("publish", "contradiction"), ("publish", "no_free_slot")]
    assert "/v1/plan/occurrences" in found[1]["message"]
    problem(client.post("/v1/posts", body), 422, "validation_failed")


def test_a_preview_needs_no_slot(client: Api) -> None:
    body = {"text": "Ding", "publish": "next_slot", "targets": [{"platform": "bluesky"}]}
    assert client.post("/v1/renditions", body).status_code == 200


def test_who_is_overtaken_again_and_again_is_told(client: Api) -> None:
    write = client.world.table.write

    def overtaken(*writes: Put | Delete) -> None:
        if any(isinstance(one, Put) and one.item.key.sk == "PLAN" for one in writes):
            raise Stale("somebody else changed this first")
        write(*writes)

    client.world.table.write = overtaken  # type: ignore[method-assign]

    problem(client.send("PUT", "/v1/plan", {"timezone": "Europe/Berlin"}), 409, "stale")
    assert client.get("/v1/plan").json_body["chosen_for"] == "nobody"
