"""/v1/schedules as its clients see it."""

from typing import Any

import pytest

from chalicelib.service.recur import recur
from tests.api.client import Api, issues, problem


def wanted(client: Api, **fields: Any) -> dict[str, Any]:
    post = {"text": "Ding dong", "targets": [{"account_id": client.account()}]}
    words = {"rule": "FREQ=WEEKLY;BYDAY=MO", "timezone": "Europe/Berlin", "starts_at": "2026-11-23T09:00:00"}
    return {**words, "post": post, **fields}


def test_a_schedule_goes_round_and_its_posts_know_it(client: Api) -> None:
    body = wanted(client, name="Bells", variations=[{"text": "one"}, {"text": "two"}], count=3)
    answer = client.post("/v1/schedules", body)

    made = answer.json_body
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"https://carillon.test/api/v1/schedules/{made['id']}"
    assert answer.headers["ETag"] == '"v1"'
    assert {name: made[name] for name in body} == body
    assert made["state"] == "active"
    assert [(one["local"], one["at"], one["variation"]) for one in made["next"]] == [
        ("2026-11-23T09:00:00+01:00", "2026-11-23T08:00:00.000Z", 0),
        ("2026-11-30T09:00:00+01:00", "2026-11-30T08:00:00.000Z", 1),
        ("2026-12-07T09:00:00+01:00", "2026-12-07T08:00:00.000Z", 0),
    ]
    assert client.get(f"/v1/schedules/{made['id']}").json_body == made
    assert client.get("/v1/schedules").json_body == {"data": [made], "next_cursor": None}

    listed = client.get(f"/v1/posts?schedule_id={made['id']}").json_body["data"]
    assert [(one["id"], one["occurrence"], one["text"], one["schedule_id"]) for one in listed[::-1]] == [
        (made["next"][0]["post_id"], "2026-11-23T09:00:00", "one", made["id"]),
        (made["next"][1]["post_id"], "2026-11-30T09:00:00", "two", made["id"]),
    ]
    assert made["next"][2]["post_id"] is None


def test_a_schedule_is_shown_before_it_is_saved_with_its_clocks(client: Api) -> None:
    before = client.world.table.everything
    body = wanted(client, rule="FREQ=DAILY", starts_at="2027-03-27T02:30:00", variations=[{"text": "a"}, {"text": "b"}])
    body["exceptions"] = [
        {"at": "2027-03-30T02:30:00"},
        {"at": "2027-03-31T02:30:00", "moved_to": "2027-03-31T08:00:00"},
    ]

    answer = client.post("/v1/schedules/preview?limit=4", body)

    assert answer.status_code == 200
    assert answer.json_body["issues"] == []
    shown = [(one["local"], one["at"], one["note"], one["variation"]) for one in answer.json_body["occurrences"]]
    assert shown == [
        ("2027-03-27T02:30:00+01:00", "2027-03-27T01:30:00.000Z", None, 0),
        ("2027-03-28T03:30:00+02:00", "2027-03-28T01:30:00.000Z", "dst_gap", 1),
        ("2027-03-29T02:30:00+02:00", "2027-03-29T00:30:00.000Z", None, 0),
        ("2027-03-31T08:00:00+02:00", "2027-03-31T06:00:00.000Z", None, 1),
    ]
    assert [one["moved"] for one in answer.json_body["occurrences"]] == [False, False, False, True]
    kinds = {item.key.sk.split("#")[0] for item in client.world.table.everything}
    assert not kinds & {"SCHEDULE", "PROGRESS", "POST"}
    assert len(before) < len(client.world.table.everything), "but for the account"


def test_what_is_previewed_is_what_comes(client: Api) -> None:
    body = wanted(
        client, rule="FREQ=MONTHLY;BYDAY=-1FR", order="shuffled", variations=[{"text": str(n)} for n in "abc"]
    )
    previewed = client.post("/v1/schedules/preview?limit=100", body).json_body["occurrences"]
    made = client.post("/v1/schedules", body).json_body

    page, found = f"/v1/schedules/{made['id']}/occurrences?limit=45", list[Any]()
    for _ in range(2):
        answer = client.get(page).json_body
        found += answer["data"]
        page = f"/v1/schedules/{made['id']}/occurrences?limit=45&cursor={answer['next_cursor']}"

    assert [one["local"] for one in found] == [one["local"] for one in previewed][:90]


def test_what_is_worth_knowing_is_said_before_saving(client: Api) -> None:
    body = wanted(client, starts_at="2026-11-24T09:00:00", exceptions=[{"at": "2026-12-24"}])

    answer = client.post("/v1/schedules/preview", body)

    assert issues(answer) == [("starts_at", "starts_off_rule"), ("exceptions", "no_occurrence")]
    assert {one["severity"] for one in answer.json_body["issues"]} == {"warning"}


@pytest.mark.parametrize("path", ["/v1/schedules", "/v1/schedules/preview"])
def test_everything_that_is_wrong_is_said_at_once_and_where(client: Api, path: str) -> None:
    body = wanted(
        client, rule="FREQ=DAILY;BYHOUR=25;COUNT=0", timezone="Mars", until="soon", variations=[{"title": "x"}]
    )
    body["post"]["text"] = ""
    body["post"]["targets"].append({"account_id": "acc_nobody"})
    body["variations"] = [{"text": "fine"}, {"media": [{"id": "med_none"}]}]

    answer = client.post(path, body)

    problem(answer, 422, "validation_failed")
    assert sorted(issues(answer)) == [
        ("post.targets[1].account_id", "unknown_account"),
        ("rule", "invalid_part"),
        ("rule", "invalid_part"),
        ("timezone", "unknown_timezone"),
        ("until", "invalid_value"),
        ("variations[1].media[0].id", "unknown_media"),
    ]
    assert client.get("/v1/schedules").json_body["data"] == []


@pytest.mark.parametrize(
    ("fields", "issue"),
    [
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, ("rule", "makes_nothing")),
        ({"rule": "FREQ=SECONDLY"}, ("rule", "too_often")),
        ({"rule": "FREQ=HOURLY;BYMINUTE=0,5"}, ("rule", "too_often")),
        ({"until": "2026-11-01"}, ("rule", "makes_nothing")),
        ({"starts_at": "2020-01-01T09:00:00", "until": "2021-01-01"}, ("rule", "nothing_ahead")),
        ({"starts_at": "2040-01-01T09:00:00"}, ("starts_at", "too_far_ahead")),
        ({"starts_at": "2026-11-23T09:00:00Z"}, ("starts_at", "wall_clock_expected")),
        ({"starts_at": "2026-11-23"}, ("starts_at", "invalid_value")),
        ({"order": "by_mood"}, ("order", "literal_error")),
        ({"post": {"text": "x", "targets": [], "scheduled_at": "2026-11-23T09:00:00"}}, None),
    ],
)
def test_a_schedule_of_which_nothing_good_would_come_is_refused(
    client: Api, fields: dict[str, Any], issue: tuple[str, str] | None
) -> None:
    answer = client.post("/v1/schedules", wanted(client, **fields))

    problem(answer, 422, "validation_failed")
    assert issue is None or issue in issues(answer)
    assert issue or issues(answer) == [("post.targets", "too_short"), ("post.scheduled_at", "unknown_field")]


def test_an_edit_raises_the_version_and_moves_what_is_not_out(client: Api) -> None:
    made = client.schedule()
    place = f"/v1/schedules/{made['id']}"

    answer = client.patch(place, {"starts_at": "2026-11-23T18:00:00"}, if_match='"v1"')

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"v2"')
    assert answer.json_body["next"][0]["local"] == "2026-11-23T18:00:00+01:00"
    dues = [one["scheduled_at"] for one in client.get("/v1/posts?limit=100").json_body["data"]]
    assert {due[10:16] for due in dues} == {"T17:00"}
    problem(client.patch(place, {"name": "x"}, if_match='"v1"'), 412, "precondition_failed")
    problem(client.delete(place, if_match='"v1"'), 412, "precondition_failed")


def test_what_is_null_is_taken_away_where_it_can_be(client: Api) -> None:
    made = client.schedule(count=3, name="Bells")

    answer = client.patch(f"/v1/schedules/{made['id']}", {"count": None, "name": None, "until": "2026-12-24"})

    assert [answer.json_body[name] for name in ("count", "name", "until", "rule")] == [
        *(None, None, "2026-12-24"),
        made["rule"],
    ]


def test_a_schedule_is_paused_and_resumed(client: Api) -> None:
    place = f"/v1/schedules/{client.schedule()['id']}"

    paused = client.patch(place, {"state": "paused"}).json_body
    assert (paused["state"], paused["next"]) == ("paused", [])
    assert client.get("/v1/posts").json_body["data"] == []
    resumed = client.patch(place, {"state": "active"}).json_body
    assert (resumed["state"], len(resumed["next"])) == ("active", 5)
    assert [one["type"] for one in resumed["history"]] == ["created", "paused", "resumed"]


@pytest.mark.parametrize(("query", "left"), [("", 0), ("?keep_posts=true", 10)])
def test_a_deleted_schedule_takes_its_posts_along_or_leaves_them(client: Api, query: str, left: int) -> None:
    place = f"/v1/schedules/{client.schedule()['id']}"

    assert client.delete(place + query).status_code == 204
    problem(client.get(place), 404, "not_found")
    assert len(client.get("/v1/posts?limit=100").json_body["data"]) == left


def test_what_was_missed_and_what_could_not_be_made_is_shown(client: Api) -> None:
    account = client.account()
    made = client.schedule(post={"text": "Ding", "targets": [{"account_id": account}]})
    client.delete(f"/v1/accounts/{account}")
    client.world.clock.advance(days=12)
    recur(client.world)

    shown = client.get(f"/v1/schedules/{made['id']}").json_body

    assert [one["occurrence"][:10] for one in shown["missed"]] == ["2026-12-03", "2026-12-04"]
    first = shown["problems"][0]
    assert (first["occurrence"], first["issues"][0]["code"]) == ("2026-12-05T09:00:00", "unknown_account")
    assert first["issues"][0]["path"] == "targets[0].account_id"
    assert [one["type"] for one in shown["history"]][:2] == ["created", "missed"]


def test_an_edited_post_still_knows_its_schedule(client: Api) -> None:
    post_id = client.schedule()["next"][0]["post_id"]

    edited = client.patch(f"/v1/posts/{post_id}", {"text": "By hand"}).json_body

    assert edited["schedule_id"]
    assert edited["occurrence"] == "2026-11-23T09:00:00"


def test_schedules_come_in_pages_and_another_tenants_are_none_of_them(client: Api) -> None:
    client.stranger().schedule()
    made = [client.schedule()["id"] for _ in range(3)]

    page = client.get("/v1/schedules?limit=2").json_body
    rest = client.get(f"/v1/schedules?limit=2&cursor={page['next_cursor']}").json_body

    assert [one["id"] for one in page["data"] + rest["data"]] == made
    assert rest["next_cursor"] is None


def test_another_tenants_account_cannot_be_posted_to(client: Api) -> None:
    theirs = client.stranger().account()

    answer = client.post("/v1/schedules", wanted(client, post={"text": "x", "targets": [{"account_id": theirs}]}))

    assert issues(answer) == [("post.targets[0].account_id", "unknown_account")]


def test_the_same_key_makes_the_same_schedule_once(client: Api) -> None:
    body = wanted(client)

    first = client.post("/v1/schedules", body, idempotency_key="k")
    again = client.post("/v1/schedules", body, idempotency_key="k")

    assert again.json_body == first.json_body
    assert len(client.get("/v1/schedules").json_body["data"]) == 1


@pytest.mark.parametrize("cursor", ["soon", "2026-11-23T09:00:00Z"])
def test_a_cursor_that_is_none_is_refused(client: Api, cursor: str) -> None:
    answer = client.get(f"/v1/schedules/{client.schedule()['id']}/occurrences?cursor={cursor}")

    problem(answer, 400, "validation_failed")
    assert issues(answer) == [("cursor", "invalid_cursor")]
