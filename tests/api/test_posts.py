"""/v1/posts as its clients see it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.trace import trace_id_in
from chalicelib.service import access, reading
from tests.api.client import Api, issues, problem

UNUSED: dict[str, Any] = {
    "title": None,
    "link": None,
    "media": [],
    "hashtags": [],
    "mentions": [],
    "poll": None,
    "first_comment": None,
    "content_warning": None,
    "language": None,
    "visibility": "public",
    "labels": {"ai_generated": False, "paid_partnership": False},
    "overflow": "thread",
    "on_unsupported": "warn",
    "thread_numbering": False,
}


def test_a_scheduled_post_is_accepted_and_told_where_it_is(client: Api) -> None:
    account_id = client.account()

    answer = client.post(
        "/v1/posts",
        {
            "text": "Ding dong",
            "scheduled_at": "2026-11-23T09:00:00",
            "timezone": "Asia/Shanghai",
            "external_id": "bells-1",
            "source_event_at": "2026-11-23T08:30:00",
            "targets": [{"account_id": account_id, "options": {"fault": "slow"}, "overrides": {"text": "Dong"}}],
        },
    )

    assert answer.status_code == 202
    post = answer.json_body
    target = post["targets"][0]
    assert answer.headers["Location"] == f"https://carillon.test/api/v1/posts/{post['id']}"
    assert answer.headers["ETag"] == '"v1"'
    assert post == {
        **UNUSED,
        "id": post["id"],
        "status": "scheduled",
        "version": 1,
        "in_reply_to": None,
        "schedule_id": None,
        "occurrence": None,
        "external_id": "bells-1",
        "text": "Ding dong",
        "scheduled_at": "2026-11-23T01:00:00.000Z",
        "timezone": "Asia/Shanghai",
        "late_policy": "publish",
        "grace_seconds": 300,
        "expires_at": None,
        "source_event_at": "2026-11-23T00:30:00.000Z",
        "requires_approval": False,
        "written_by": [access.authenticate(client.world, client.key).key_id],
        "trace_id": trace_id_in(answer.headers["traceparent"]),
        "created_at": "2026-11-22T09:00:00.000Z",
        "updated_at": "2026-11-22T09:00:00.000Z",
        "targets": [
            {
                "id": target["id"],
                "account_id": account_id,
                "platform": "sandbox",
                "state": "scheduled",
                "scheduled_at": "2026-11-23T01:00:00.000Z",
                "next_attempt_at": "2026-11-23T01:00:00.000Z",
                "published_at": None,
                "lateness_ms": None,
                "platform_post_id": None,
                "url": None,
                "part_ids": [],
                "attempts": 0,
                "error": None,
                "overrides": {"text": "Dong"},
                "options": {"fault": "slow"},
            }
        ],
    }
    assert client.get(f"/v1/posts/{post['id']}").json_body == post


def test_a_post_for_now_is_accepted_not_published_inline(client: Api) -> None:
    answer = client.post("/v1/posts", client.draft(publish="now"))

    assert answer.status_code == 202
    assert answer.json_body["status"] == "queued"
    assert len(client.world.queue.waiting) == 1
    assert not client.world.web.sent


def test_without_a_time_it_is_a_draft_and_nothing_is_on_its_way(client: Api) -> None:
    answer = client.post("/v1/posts", client.draft())

    assert (answer.status_code, answer.json_body["status"]) == (201, "draft")
    assert answer.headers["Location"].endswith(answer.json_body["id"])
    assert not client.world.queue.waiting


def test_an_edit_raises_the_version_and_the_etag(client: Api) -> None:
    post = client.created()

    answer = client.patch(f"/v1/posts/{post['id']}", {"text": "Dong ding"}, if_match='"v1"')

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"v2"')
    assert (answer.json_body["text"], answer.json_body["version"]) == ("Dong ding", 2)
    assert client.get(f"/v1/posts/{post['id']}").headers["ETag"] == '"v2"'


def test_an_edit_of_a_version_that_is_gone_is_refused(client: Api) -> None:
    post = client.created()
    client.patch(f"/v1/posts/{post['id']}", {"text": "first"})

    answer = client.patch(f"/v1/posts/{post['id']}", {"text": "second"}, if_match='"v1"')

    problem(answer, 412, "precondition_failed")
    assert client.get(f"/v1/posts/{post['id']}").json_body["text"] == "first"


def test_deleting_a_version_that_is_gone_is_refused(client: Api) -> None:
    post = client.created()

    problem(client.delete(f"/v1/posts/{post['id']}", if_match='"v7"'), 412, "precondition_failed")
    assert client.get(f"/v1/posts/{post['id']}").status_code == 200


@pytest.mark.parametrize("tag", ["v1", '"1"', 'W/"v1"', '"v1", "v2"', '"v0"', '"v１"', "3"])
def test_a_malformed_if_match_is_refused(client: Api, tag: str) -> None:
    post = client.created()

    for method in ("PATCH", "DELETE"):
        answer = client.send(method, f"/v1/posts/{post['id']}", {} if method == "PATCH" else None, if_match=tag)
        problem(answer, 400, "invalid_if_match")


def test_if_match_with_a_star_takes_any_version(client: Api) -> None:
    post = client.created()

    assert client.patch(f"/v1/posts/{post['id']}", {"text": "new"}, if_match="*").status_code == 200


def test_a_patch_may_be_a_json_merge_patch(client: Api) -> None:
    post = client.created()

    answer = client.patch(f"/v1/posts/{post['id']}", {"text": "new"}, content_type="application/merge-patch+json")

    assert answer.json_body["text"] == "new"


def test_a_deleted_post_is_gone(client: Api) -> None:
    post = client.created()

    answer = client.delete(f"/v1/posts/{post['id']}")

    assert (answer.status_code, answer.body) == (204, b"")
    problem(client.get(f"/v1/posts/{post['id']}"), 404, "not_found")


def test_the_four_actions_answer_with_the_post_as_it_is_then(client: Api) -> None:
    post = client.created()

    for action, status in (("hold", "held"), ("resume", "scheduled"), ("publish", "queued"), ("cancel", "cancelled")):
        answer = client.post(f"/v1/posts/{post['id']}/{action}")
        assert (answer.status_code, answer.json_body["status"]) == (202, status)
        assert answer.headers["ETag"]


def test_an_action_that_the_state_forbids_says_the_state(client: Api) -> None:
    post = client.created()
    client.post(f"/v1/posts/{post['id']}/cancel")

    found = problem(client.post(f"/v1/posts/{post['id']}/hold"), 409, "not_holdable")

    assert "cancelled" in found["detail"]


def test_pages_hold_every_post_once_and_end(client: Api) -> None:
    made = [client.created(scheduled_at=client.later(minutes=number + 1))["id"] for number in range(5)]

    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = client.get(f"/v1/posts?limit=2{cursor and '&cursor=' + cursor}").json_body
        seen += [post["id"] for post in page["data"]]
        cursor, pages = page["next_cursor"], pages + 1
        assert pages < 9

    assert sorted(seen) == sorted(made)


def test_a_page_is_no_larger_than_lambda_may_answer(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    account, most, text = client.account(), 20_000, "钟" * 1000
    monkeypatch.setattr(reading, "MOST_BYTES", most)
    wanted = {client.created(text=text, targets=[{"account_id": account}])["id"] for _ in range(10)}

    pages, cursor = list[list[str]](), ""
    while cursor is not None:
        page = client.get(f"/v1/posts?limit=100{cursor and '&cursor=' + cursor}").json_body
        assert len(json.dumps(page)) < most + len(json.dumps(text)) + 2000, "one post more at most"
        pages.append([post["id"] for post in page["data"]])
        cursor = page["next_cursor"]

    assert {one for page in pages for one in page} == wanted
    assert len(pages[0]) in range(2, 10)


def test_lists_show_nothing_of_another_tenant(client: Api) -> None:
    client.stranger().created()

    assert client.get("/v1/posts").json_body == {"data": [], "next_cursor": None}
    assert client.get("/v1/accounts").json_body == {"data": [], "next_cursor": None}


def test_posts_are_found_by_what_the_query_says(client: Api) -> None:
    soon = client.created(scheduled_at=client.later(minutes=30), external_id="soon")
    late = client.created(scheduled_at=client.later(minutes=90))
    client.post(f"/v1/posts/{late['id']}/hold")

    def found(query: str) -> list[str]:
        return [post["id"] for post in client.get(f"/v1/posts?{query}").json_body["data"]]

    hour = client.later(minutes=60)
    assert found("status=held") == [late["id"]]
    assert found("external_id=soon") == [soon["id"]]
    assert found(f"account_id={late['targets'][0]['account_id']}") == [late["id"]]
    assert found(f"from={hour}") == [late["id"]]
    assert found(f"to={hour}") == [soon["id"]]
    assert found("platform=mastodon") == []
    assert sorted(found("platform=sandbox")) == sorted([soon["id"], late["id"]])


def test_a_plus_sign_that_nobody_escaped_is_still_an_offset(client: Api) -> None:
    post = client.created(scheduled_at=client.later(minutes=30))
    before = (client.world.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S+01:00")

    answer = client.get(f"/v1/posts?from={before}&to=2026-12-01T00:00:00Z")

    assert [each["id"] for each in answer.json_body["data"]] == [post["id"]]


def test_one_bad_target_stops_the_whole_post(client: Api) -> None:
    good = client.account()
    body = {"text": "Ding", "publish": "now", "targets": [{"account_id": good}, {"account_id": "acc_nobody"}]}

    answer = client.post("/v1/posts", body)

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("targets[1].account_id", "unknown_account")]
    assert client.get("/v1/posts").json_body["data"] == []


def test_a_post_that_goes_out_before_what_it_is_about_is_warned_of(client: Api) -> None:
    body = {"text": "It happened!", "scheduled_at": "2026-11-23T09:00:00Z", "source_event_at": "2026-11-23T09:00:01Z"}
    answer = client.post("/v1/validate", {**body, "targets": [{"account_id": client.account()}]})
    assert issues(answer) == [("source_event_at", "before_its_event")]
