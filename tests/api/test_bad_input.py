"""Bad input, line by line of issue 2: each a precise problem, and nothing stored."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.service import access
from tests.api.client import Api, issues, problem


@pytest.fixture(autouse=True)
def nothing_is_stored(client: Api) -> Iterator[None]:
    """Whatever a test here sends, no post, target, queue message or alarm comes of it."""
    yield
    kinds = {item.key.sk.split("#")[0] for item in client.world.table.everything}
    assert not kinds & {"POST", "TARGET", "RENDITION"} - _of_the_sandbox(client)
    assert not client.world.queue.waiting
    assert not client.world.alarms.set


def _of_the_sandbox(client: Api) -> set[str]:
    return {item.key.sk.split("#")[0] for item in client.world.table.everything if item.key.pk.startswith("SANDBOX#")}


def test_unknown_fields_are_named_all_of_them_and_where(client: Api) -> None:
    body = client.draft(txet="typo", media=[{"url": "https://example.org/a.jpg", "alt": "typo"}])
    body["targets"][0]["override"] = {}

    answer = client.post("/v1/posts", body)

    problem(answer, 422, "validation_failed")
    assert sorted(issues(answer)) == [
        ("media[0].alt", "unknown_field"),
        ("targets[0].override", "unknown_field"),
        ("txet", "unknown_field"),
    ]


def test_unknown_options_are_named_with_their_path(client: Api) -> None:
    body = client.draft(publish="now")
    body["targets"][0]["options"] = {"fault": "implode", "speed": 11}

    answer = client.post("/v1/posts", body)

    problem(answer, 422, "validation_failed")
    assert {path for path, _ in issues(answer)} == {"targets[0].options.fault", "targets[0].options.speed"}


def test_a_naive_time_needs_a_zone(client: Api) -> None:
    answer = client.post("/v1/posts", client.draft(scheduled_at="2026-12-01T09:00:00"))

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("scheduled_at", "timezone_required")]


def test_a_targets_naive_time_needs_a_zone_too(client: Api) -> None:
    body = client.draft()
    body["targets"][0]["scheduled_at"] = "2026-12-01T09:00:00"

    answer = client.post("/v1/posts", body)

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("targets[0].scheduled_at", "timezone_required")]


def test_a_zone_has_to_exist(client: Api) -> None:
    answer = client.post("/v1/posts", client.draft(scheduled_at="2026-12-01T09:00:00", timezone="Mars/Olympus"))

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("timezone", "unknown_timezone")]


def test_a_time_in_the_past_is_refused(client: Api) -> None:
    answer = client.post("/v1/posts", client.draft(scheduled_at=client.later(minutes=-1)))

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("scheduled_at", "in_the_past")]


@pytest.mark.parametrize("time", ["tomorrow", "2026-13-01T00:00:00Z", 1_800_000_000, True, []])
def test_what_is_no_time_is_refused(client: Api, time: Any) -> None:
    answer = client.post("/v1/posts", client.draft(scheduled_at=time))

    problem(answer, 422, "validation_failed")
    assert [path for path, _ in issues(answer)] == ["scheduled_at"]


def test_an_unknown_account_is_named(client: Api) -> None:
    answer = client.post("/v1/posts", {"text": "Ding", "targets": [{"account_id": "acc_nobody"}], "publish": "now"})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("targets[0].account_id", "unknown_account")]


def test_another_tenants_account_is_as_unknown_as_one_that_never_was(client: Api) -> None:
    theirs = client.stranger().account()

    def refusal(account_id: str) -> Any:
        answer = client.post("/v1/posts", {"text": "Ding", "targets": [{"account_id": account_id}], "publish": "now"})
        problem(answer, 422, "validation_failed")
        return [{**one, "message": one["message"].replace(account_id, "…")} for one in answer.json_body["issues"]]

    assert refusal(theirs) == refusal("acc_nobody")


def test_ten_megabytes_of_text_are_too_many(client: Api) -> None:
    answer = client.post("/v1/posts", client.draft(text="x" * 10_000_000, publish="now"))

    assert "1,048,576" in problem(answer, 413, "body_too_large")["detail"]


def test_a_text_longer_than_any_network_takes_is_refused(client: Api) -> None:
    answer = client.post("/v1/posts", client.draft(text="x" * 100_001, publish="now"))

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("text", "string_too_long")]


def test_broken_utf8_is_refused_with_the_byte(client: Api) -> None:
    answer = client.post("/v1/posts", b'{"text": "caf\xe9"}')

    assert problem(answer, 400, "invalid_utf8")["detail"] == "the body is not UTF-8: byte 0xe9 at offset 13"


def test_a_body_that_is_not_json_is_refused_with_the_place(client: Api) -> None:
    answer = client.post("/v1/posts", b'{"text": "Ding",\n "targets": }')

    assert "line 2, column 13" in problem(answer, 400, "invalid_json")["detail"]


def test_no_key_a_revoked_key_and_a_key_without_the_scope(client: Api) -> None:
    revoked = access.create_key(client.world, client.workspace_id, ("*",))
    access.revoke_key(client.world, client.workspace_id, revoked.id)
    body = client.draft(publish="now")

    problem(client.post("/v1/posts", body, authorization=""), 401, "unauthorized")
    problem(client.post("/v1/posts", body, authorization=f"Bearer {revoked.secret}"), 401, "unauthorized")
    reader = client.new_key("posts:read", "accounts:read", "accounts:write")
    problem(client.post("/v1/posts", body, authorization=f"Bearer {reader}"), 403, "missing_scope")


def test_everything_wrong_is_said_at_once(client: Api) -> None:
    body = {
        "text": "x" * 100_001,
        "visibility": "loud",
        "grace_seconds": -1,
        "poll": {"options": ["only one"]},
        "link": {"url": "ftp://example.org"},
        "targets": [],
        "surprise": 1,
    }

    answer = client.post("/v1/posts", body)

    problem(answer, 422, "validation_failed")
    assert {path for path, _ in issues(answer)} == {
        "text", "visibility", "grace_seconds", "poll.options", "link.url", "targets", "surprise"
    }  # fmt: skip


def test_an_empty_body_is_told_what_is_missing(client: Api) -> None:
    bodies: tuple[Any, ...] = (None, b"", b"  \n", {})
    for nothing in bodies:
        answer = client.post("/v1/posts", nothing)
        problem(answer, 422, "validation_failed")
        assert issues(answer) == [("targets", "required")]


def test_a_body_wrong_in_ten_thousand_places_gets_a_short_answer(client: Api) -> None:
    answer = client.post("/v1/posts", {f"field_{number}": number for number in range(10_000)})

    assert problem(answer, 422, "validation_failed")["detail"] == "10,001 things are wrong; the first 100 are shown"
    assert len(answer.json_body["issues"]) == 100


def test_a_body_that_is_no_object_is_refused(client: Api) -> None:
    for document, word in ((b"[]", "an array"), (b"null", "null"), (b'"text"', "a string"), (b"5", "a number")):
        assert word in problem(client.post("/v1/posts", document), 400, "not_an_object")["detail"]


def test_a_lone_surrogate_is_refused_wherever_it_stands(client: Api) -> None:
    for document in (b'{"text": "\\ud800"}', b'{"\\udfff": 1}', b'{"targets": [{"options": {"a": ["\\ud800"]}}]}'):
        problem(client.post("/v1/posts", document), 400, "invalid_unicode")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "text/json"]
)
def test_another_media_type_is_refused(client: Api, kind: str) -> None:
    problem(client.post("/v1/posts", client.draft(), content_type=kind), 415, "unsupported_media_type")


def test_a_compressed_body_is_refused(client: Api) -> None:
    problem(client.post("/v1/posts", b"\x1f\x8b", content_encoding="gzip"), 415, "unsupported_encoding")


ENDS = (
    *("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
    *("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
)
"""Times that another zone, or a while more, leads out of the years that there are."""


@pytest.mark.parametrize("at", ENDS)
def test_a_time_at_the_end_of_all_time_is_no_fault_of_ours(client: Api, at: str) -> None:
    account = client.account()
    for zone in ("Asia/Shanghai", "America/New_York"):
        for name in ("scheduled_at", "expires_at", "source_event_at"):
            body = {"text": "Ding", "timezone": zone, "targets": [{"account_id": account}], name: at}
            for path in ("/v1/posts", "/v1/renditions"):
                assert name in [found for found, _ in issues(client.post(path, body))]
    assert client.post("/v1/keys", {"scopes": ["*"], "expires_at": at}).status_code == 422
    for path in ("/v1/posts", "/v1/posts/export", "/v1/plan/occurrences"):
        problem(client.get(f"{path}?from={at.replace('+', '%2B')}"), 400, "invalid_query")
    for name in ("since", "until"):
        problem(client.get(f"/v1/audit?{name}={at.replace('+', '%2B')}"), 400, "invalid_query")


def test_unknown_query_parameters_are_named(client: Api) -> None:
    answer = client.get("/v1/posts?state=draft&page=2")

    problem(answer, 400, "invalid_query")
    assert issues(answer) == [("state", "unknown_parameter"), ("page", "unknown_parameter")]


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/renditions", "/v1/accounts", "/v1/validate"])
def test_a_post_takes_no_query(client: Api, path: str) -> None:
    problem(client.post(f"{path}?dry_run=true", client.draft()), 400, "invalid_query")


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("limit=0", "limit", "greater_than_equal"),
        ("limit=101", "limit", "less_than_equal"),
        ("limit=many", "limit", "int_parsing"),
        ("limit=5&limit=6", "limit", "repeated_parameter"),
        ("from=2026-11-22T09:00:00", "from", "timezone_required"),
        ("to=soon", "to", "invalid_value"),
        ("to=1800000000", "to", "invalid_value"),
        ("from=2026-11-22", "from", "invalid_value"),
        ("status=", "status", "string_too_short"),
        ("cursor=nonsense", "cursor", "invalid_cursor"),
    ],
)
def test_a_bad_query_is_refused_with_the_parameter(client: Api, query: str, path: str, code: str) -> None:
    answer = client.get(f"/v1/posts?{query}")

    assert answer.status_code == 400
    assert issues(answer) == [(path, code)]


@pytest.mark.parametrize("name", ["a b", "..%2f", "post#1", "x" * 129, "pöst", "%00"])
def test_what_cannot_be_an_id_names_nothing(client: Api, name: str) -> None:
    found = problem(client.get(f"/v1/posts/{name}".replace("#", "%23")), 404, "not_found")

    assert found["detail"] == "there is nothing at this path"


def test_an_action_takes_no_fields(client: Api) -> None:
    answer = client.post("/v1/posts/post_1/cancel", {"why": "because"})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("why", "unknown_field")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grace_seconds", "300"),
        ("grace_seconds", True),
        ("thread_numbering", "yes"),
        ("thread_numbering", 1),
        ("text", 5),
    ],
)
def test_what_is_of_another_type_is_refused_and_not_taken_for_what_it_may_mean(
    client: Api, field: str, value: Any
) -> None:
    answer = client.post("/v1/posts", client.draft(**{field: value}))

    problem(answer, 422, "validation_failed")
    assert [path for path, _ in issues(answer)] == [field]


def test_what_is_of_another_type_in_one_of_many_posts_is_that_ones_own_fault(client: Api) -> None:
    posts = [{"key": "1", **client.draft(grace_seconds="300")}, {"key": "2", **client.draft(grace_seconds=-1)}]

    data = client.post("/v1/posts/batch", {"posts": posts}).json_body["data"]

    assert [one["issues"][0]["path"] for one in data] == ["grace_seconds", "grace_seconds"]


def test_a_key_does_not_end_at_a_number(client: Api) -> None:
    body = {"name": "A", "scopes": ["posts:read"], "expires_at": 1_900_000_000}

    answer = client.post("/v1/keys", body)

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("expires_at", "invalid_value")]
