"""/v1/inbox and /v1/business_hours as clients see them."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import platforms
from chalicelib.service import connect
from tests.api.client import Api, Json, issues, problem

OFFICE: Json = {"timezone": "Europe/Berlin", "days": {"mon": [["09:00", "18:00"]]}, "target_minutes": 60}


def passed(client: Api, minutes: float) -> None:
    client.world.clock.sleep_until(client.world.clock.now() + timedelta(minutes=minutes))


def test_what_waits_is_shown_with_all_that_is_known_of_it(client: Api) -> None:
    account = client.account()
    item = client.item(account)
    passed(client, 5)

    (shown,) = client.get("/v1/inbox").json_body["data"]

    assert shown == client.get(f"/v1/inbox/{item}").json_body
    assert shown == {
        "id": item,
        "state": "waiting",
        "kind": "comment",
        "platform": "sandbox",
        "account_id": account,
        "post_id": None,
        "target_id": None,
        "text": "How loud?",
        "url": None,
        "at": shown["waiting_since"],
        "waiting_since": shown["waiting_since"],
        "answered_at": None,
        "response_seconds": None,
        "response_business_seconds": None,
        "target_seconds": 900.0,
        "overdue": False,
    }


def test_a_text_that_may_be_kept_no_longer_is_null_and_all_else_stays(client: Api) -> None:
    item = client.item(client.account())
    before = client.get(f"/v1/inbox/{item}").json_body
    passed(client, 30 * 24 * 60)

    (shown,) = client.get("/v1/inbox").json_body["data"]

    assert shown == client.get(f"/v1/inbox/{item}").json_body
    assert shown == {**before, "text": None, "overdue": True}


def test_what_waits_longer_than_the_target_is_overdue(client: Api) -> None:
    item = client.item(client.account())
    client.send("PUT", "/v1/business_hours", {**OFFICE, "timezone": "UTC", "days": {day: [ALL_DAY] for day in DAYS}})
    passed(client, 59)
    assert client.get(f"/v1/inbox/{item}").json_body["overdue"] is False
    passed(client, 2)
    assert client.get(f"/v1/inbox/{item}").json_body["overdue"] is True


def test_an_answer_is_a_post_that_says_what_it_answers(client: Api) -> None:
    item = client.item(client.account())

    answer = client.post(f"/v1/inbox/{item}/reply", {"text": "Very loud."})

    post = answer.json_body
    assert (answer.status_code, post["in_reply_to"], post["text"]) == (202, item, "Very loud.")
    assert answer.headers["Location"].endswith(f"/v1/posts/{post['id']}")
    assert client.get("/v1/posts").json_body["data"] == []
    assert [one["id"] for one in client.get("/v1/posts?answers=true").json_body["data"]] == [post["id"]]
    problem(client.patch(f"/v1/posts/{post['id']}", {"text": "Not loud."}), 409, "is_an_answer")


def test_a_request_that_is_repeated_answers_once(client: Api) -> None:
    item = client.item(client.account())
    path, body = f"/v1/inbox/{item}/reply", {"text": "Very loud."}

    first, second = (client.post(path, body, idempotency_key="answer-1") for _ in range(2))

    assert first.body == second.body
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(client.get("/v1/posts?answers=true").json_body["data"]) == 1
    other = client.post(path, {"text": "Something else."}, idempotency_key="answer-1")
    problem(other, 422, "idempotency_key_reused")


def test_what_is_dismissed_leaves_those_that_wait(client: Api) -> None:
    item = client.item(client.account())

    for _ in range(2):
        assert client.post(f"/v1/inbox/{item}/dismiss").json_body["state"] == "dismissed"

    assert client.get("/v1/inbox").json_body["data"] == []
    assert [one["id"] for one in client.get("/v1/inbox?state=dismissed").json_body["data"]] == [item]


def test_items_are_found_by_account_and_platform_and_in_pages(client: Api) -> None:
    first, second = client.account(), client.account("Other")
    wanted = [client.item(first, thing=f"c{number}") for number in range(3)]
    client.item(second, thing="c9")

    page = client.get(f"/v1/inbox?account_id={first}&limit=2").json_body
    rest = client.get(f"/v1/inbox?account_id={first}&limit=2&cursor={page['next_cursor']}").json_body

    assert {one["id"] for one in page["data"] + rest["data"]} == {*wanted}
    assert (len(page["data"]), rest["next_cursor"]) == (2, None)
    assert len(client.get("/v1/inbox?platform=sandbox").json_body["data"]) == 4
    assert client.get("/v1/inbox?platform=x").json_body["data"] == []


def test_each_tenant_sees_only_its_own(client: Api) -> None:
    item, stranger = client.item(client.account()), client.stranger()

    assert stranger.get("/v1/inbox").json_body["data"] == []
    for path, body in (("", None), ("/dismiss", {}), ("/reply", {"text": "Mine!"})):
        answer = stranger.send("POST" if path else "GET", f"/v1/inbox/{item}{path}", body)
        problem(answer, 404, "not_found")
    cursor = client.get("/v1/inbox?limit=1").json_body["next_cursor"]
    assert stranger.get(f"/v1/inbox?cursor={cursor}").json_body["data"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("state=pending", "invalid_query"),
        ("limit=0", "invalid_query"),
        ("limit=101", "invalid_query"),
        ("colour=red", "invalid_query"),
        ("state=waiting&state=answered", "invalid_query"),
        ("account_id=", "invalid_query"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(client: Api, query: str, code: str) -> None:
    problem(client.get(f"/v1/inbox?{query}"), 400, code)


def test_a_cursor_of_somebody_elses_making_is_refused(client: Api) -> None:
    assert issues(client.get("/v1/inbox?cursor=nonsense")) == [("cursor", "invalid_cursor")]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("text", "required")]),
        ({"text": ""}, [("text", "string_too_short")]),
        ({"text": 7}, [("text", "string_type")]),
        ({"text": " \n"}, [("text", "text_required")]),
        ({"text": "x" * 501}, [("text", "text_too_long")]),
        ({"text": "x" * 100_001}, [("text", "string_too_long")]),
        ({"text": "Loud.", "media": []}, [("media", "unknown_field")]),
    ],
)
def test_an_answer_that_cannot_be_sent_is_refused_with_every_reason(client: Api, body: Any, found: Any) -> None:
    answer = client.post(f"/v1/inbox/{client.item(client.account())}/reply", body)

    assert (answer.status_code, issues(answer)) == (422, found)
    assert client.get("/v1/posts?answers=true").json_body["data"] == []


def test_a_network_that_takes_no_answers_says_so(client: Api) -> None:
    new = connect.NewAccount(platform="zhihu", name="Tower", credentials={"handle": "tower"})
    account = connect.connect(client.world, client.workspace_id, new)

    answer = client.post(f"/v1/inbox/{client.item(account.id)}/reply", {"text": "x"})

    assert (answer.status_code, [code for _, code in issues(answer)]) == (422, ["not_answerable"])


def test_every_network_says_what_can_be_answered(client: Api) -> None:
    shown = {one["name"]: one["answerable"] for one in client.get("/v1/platforms").json_body["data"]}

    assert shown == {name: [*platforms.platform(name).answerable] for name in platforms.names()}
    assert shown["wechat"] == ["message"]
    assert shown["zhihu"] == []


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAY = ["00:00", "24:00"]


def test_who_has_chosen_no_hours_is_always_open_and_has_15_minutes(client: Api) -> None:
    assert client.get("/v1/business_hours").json_body == {
        "timezone": "UTC",
        "days": {day: [ALL_DAY] for day in DAYS},
        "target_minutes": 15,
        "chosen": False,
    }


def test_hours_are_what_was_chosen_last_and_each_tenants_own(client: Api) -> None:
    for hours in ({**OFFICE, "target_minutes": 5}, OFFICE):
        assert client.send("PUT", "/v1/business_hours", hours).json_body == {**hours, "chosen": True}

    assert client.get("/v1/business_hours").json_body == {**OFFICE, "chosen": True}
    assert client.stranger().get("/v1/business_hours").json_body["chosen"] is False


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"timezone": "Mars/Olympus"}, [("timezone", "unknown_timezone")]),
        ({"timezone": "../../etc/passwd"}, [("timezone", "unknown_timezone")]),
        ({"target_minutes": 0}, [("target_minutes", "greater_than_equal")]),
        ({"target_minutes": 44_641}, [("target_minutes", "less_than_equal")]),
        ({"days": {}}, [("days", "never_open")]),
        ({"days": {"mon": []}}, [("days", "never_open")]),
        ({"days": {"mon": [["18:00", "09:00"]]}}, [("days.mon[0]", "closes_too_early")]),
        (
            {"timezone": "Nowhere", "days": {"mon": [["09:00", "13:00"], ["12:00", "18:00"]]}},
            [("timezone", "unknown_timezone"), ("days.mon[1]", "overlapping_hours")],
        ),
        ({"days": {"mon": [["9:00", "18:00"]]}}, [("days.mon[0][0]", "string_pattern_mismatch")]),
        ({"days": {"mon": [["09:00", "24:01"]]}}, [("days.mon[0][1]", "string_pattern_mismatch")]),
    ],
)
def test_hours_that_cannot_be_are_refused(client: Api, change: Json, found: Any) -> None:
    answer = client.send("PUT", "/v1/business_hours", {**OFFICE, **change})

    assert (answer.status_code, issues(answer)) == (422, found)
    assert client.get("/v1/business_hours").json_body["chosen"] is False


@pytest.mark.parametrize("days", [{"monday": [["09:00", "18:00"]]}, {"mon": [["09:00"]]}, {"mon": "09:00"}, [], None])
def test_days_of_another_shape_are_refused(client: Api, days: Any) -> None:
    answer = client.send("PUT", "/v1/business_hours", {**OFFICE, "days": days})

    assert answer.status_code == 422
    assert all(path.startswith("days") for path, _ in issues(answer))
