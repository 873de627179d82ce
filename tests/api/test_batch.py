"""POST /v1/posts/batch: every item for itself, and nothing twice."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import Stale
from chalicelib.service import batch, compose
from tests.api.client import Api, issues, problem

Json = dict[str, Any]


def items(client: Api, count: int, account: str | None = None) -> list[Json]:
    account = account or client.account()
    return [
        {
            "key": f"k{number}",
            "text": f"第{number}响",
            "scheduled_at": client.later(),
            "targets": [{"account_id": account}],
        }
        for number in range(count)
    ]


def sent(client: Api, posts: list[Json]) -> list[Json]:
    answer = client.post("/v1/posts/batch", {"posts": posts})
    assert answer.status_code == 200, answer.body
    return list(answer.json_body["data"])


def stored(client: Api) -> list[str]:
    found = client.get("/v1/posts?limit=100").json_body["data"]
    return sorted(post["text"] for post in found)


def test_every_item_has_its_result_in_the_order_of_the_items(client: Api) -> None:
    posts = items(client, 3)
    del posts[1]["scheduled_at"]

    answer = client.post("/v1/posts/batch", {"posts": posts})

    data = answer.json_body["data"]
    assert [(one["index"], one["status"]) for one in data] == [(0, 202), (1, 201), (2, 202)]
    assert answer.json_body["counts"] == {"201": 1, "202": 2}
    assert [client.get(f"/v1/posts/{one['post_id']}").json_body["text"] for one in data] == ["第0响", "第1响", "第2响"]


def test_bad_items_are_told_whole_and_harm_no_other(client: Api) -> None:
    account = client.account()
    good = items(client, 3, account)
    strange: list[Any] = [
        7,
        {"key": "no text", "txt": "?", "targets": []},
        {**good[0], "key": "past", "scheduled_at": "2020-01-01T00:00:00Z", "targets": [{"account_id": "acc_nobody"}]},
        {**good[0], "key": ""},
        good[1],
    ]

    data = sent(client, [good[0], *strange[:3], good[1], *strange[3:], good[2]])

    assert [one["status"] for one in data] == [202, 422, 422, 422, 202, 422, 422, 202]
    told = [[(issue["path"], issue["code"]) for issue in one["issues"]] for one in data]
    assert told[2] == [("targets", "too_short"), ("txt", "unknown_field")]
    assert told[3] == [("scheduled_at", "in_the_past"), ("targets[0].account_id", "unknown_account")]
    assert told[5] == [("key", "string_too_short")]
    assert told[6] == [("key", "duplicate_key")]
    assert stored(client) == ["第0响", "第1响", "第2响"]


def test_sent_again_whole_it_makes_nothing_twice(client: Api) -> None:
    posts = items(client, 5)

    first, second = sent(client, posts), sent(client, posts)

    assert [one["post_id"] for one in second] == [one["post_id"] for one in first]
    assert [one["replayed"] for one in first + second] == [False] * 5 + [True] * 5
    assert len(stored(client)) == 5


def test_a_key_says_one_thing(client: Api) -> None:
    posts = items(client, 2)
    made = sent(client, posts)

    again = sent(client, [{**posts[0], "text": "Other"}, posts[1]])

    assert [(one["status"], one["code"]) for one in again] == [(422, "idempotency_key_reused"), (202, None)]
    assert again[1]["post_id"] == made[1]["post_id"]
    assert stored(client) == ["第0响", "第1响"]


def test_the_same_keys_are_another_tenants_own(client: Api) -> None:
    stranger = client.stranger()

    ours, theirs = sent(client, items(client, 2)), sent(stranger, items(stranger, 2))

    assert not {one["post_id"] for one in ours} & {one["post_id"] for one in theirs}
    assert not any(one["replayed"] for one in theirs)


class Killed(BaseException):
    """The process dies."""


@pytest.mark.parametrize("writes", range(6))
@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after it"])
def test_a_crash_in_the_middle_and_the_same_again_makes_each_once(client: Api, writes: int, after: bool) -> None:
    posts, left = items(client, 6), [writes]
    write = client.world.table.write

    def dying(*wanted: Any) -> None:
        left[0] -= 1
        if after or left[0] >= 0:
            write(*wanted)
        if left[0] < 0:
            raise Killed

    client.world.table.write = dying  # type: ignore[method-assign]
    with pytest.raises(Killed):
        client.post("/v1/posts/batch", {"posts": posts})
    client.world.table.write = write  # type: ignore[method-assign]

    data = sent(client, posts)

    assert [one["status"] for one in data] == [202] * 6
    assert stored(client) == [f"第{number}响" for number in range(6)]


def test_whoever_uses_a_key_first_has_it(client: Api) -> None:
    post = items(client, 1)[0]
    write, meanwhile = client.world.table.write, list[Json]()

    def slow(*wanted: Any) -> None:
        if not meanwhile:
            meanwhile.append({})
            meanwhile[0] = sent(client, [{**post, "text": "Faster"}])[0]
        write(*wanted)

    client.world.table.write = slow  # type: ignore[method-assign]
    data = sent(client, [post])

    assert meanwhile[0]["status"] == 202
    assert (data[0]["status"], data[0]["code"]) == (422, "idempotency_key_reused")
    assert stored(client) == ["Faster"]


def test_what_there_is_no_time_for_is_told_and_made_by_the_next_request(client: Api) -> None:
    posts = items(client, 12)
    write = client.world.table.write

    def slow(*wanted: Any) -> None:
        client.world.clock.advance(seconds=batch.TIME.total_seconds() / 2)
        write(*wanted)

    client.world.table.write = slow  # type: ignore[method-assign]
    first = sent(client, posts)
    client.world.table.write = write  # type: ignore[method-assign]
    client.world.clock.advance(seconds=1)
    second = sent(client, posts)

    left = [one for one in first if one["status"] == 503]
    assert 0 < len(left) < 12
    assert {one["code"] for one in left} == {"not_reached"}
    assert [one["status"] for one in second] == [202] * 12
    assert len(stored(client)) == 12


def test_what_breaks_here_breaks_for_one_item(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    posts, create = items(client, 3), compose.create

    def broken(*given: Any, **named: Any) -> Any:
        if given[2].key == "k1":
            raise ZeroDivisionError("a secret of ours")
        return create(*given, **named)

    monkeypatch.setattr(compose, "create", broken)
    data = sent(client, posts)

    assert [(one["status"], one["code"]) for one in data] == [(202, None), (500, "internal_error"), (202, None)]
    assert "secret" not in str(data)


def test_slots_of_the_plan_are_taken_in_the_order_of_the_items(client: Api) -> None:
    slots = [{"day": day, "time": "09:30"} for day in ("mon", "tue", "wed", "thu")]
    assert client.send("PUT", "/v1/plan", {"slots": slots}).status_code == 200
    account = {"account_id": client.account()}
    posts = [{"key": f"s{n}", "text": f"{n}", "targets": [account], "publish": "next_slot"} for n in range(6)]

    first, second = sent(client, posts), sent(client, posts)

    due = [client.get(f"/v1/posts/{one['post_id']}").json_body["scheduled_at"] for one in first]
    assert due == sorted(set(due))
    assert [one["post_id"] for one in second] == [one["post_id"] for one in first]


def test_a_key_is_remembered_for_30_days_and_then_still_makes_no_second_of_the_same(client: Api) -> None:
    posts = items(client, 1)
    del posts[0]["scheduled_at"]
    first = sent(client, posts)[0]
    client.world.clock.advance(seconds=(batch.KEPT_FOR + timedelta(days=1)).total_seconds())

    again, other = sent(client, posts)[0], sent(client, [{**posts[0], "text": "Other"}])[0]

    assert again["post_id"] == first["post_id"]
    assert other["status"] == 201
    assert stored(client) == ["Other", "第0响"]


@pytest.mark.parametrize(("count", "code"), [(0, "too_short"), (501, "too_long")])
def test_a_batch_has_1_to_500_posts(client: Api, count: int, code: str) -> None:
    answer = client.post("/v1/posts/batch", {"posts": [{"key": f"{n}"} for n in range(count)]})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("posts", code)]


def test_issues_without_end_are_shown_in_part(client: Api) -> None:
    data = sent(client, [{"key": "k", "text": "", "targets": [], **{f"x{n}": 0 for n in range(500)}}])

    assert data[0]["message"] == "501 things are wrong"
    assert len(data[0]["issues"]) == 20


def test_a_stale_write_that_is_not_the_keys_is_told(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(*_given: Any, **_named: Any) -> Any:
        raise Stale("somebody else changed this first")

    posts = items(client, 1)
    monkeypatch.setattr(compose, "create", stale)

    assert sent(client, posts)[0]["status"] == 409
