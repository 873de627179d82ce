"""Idempotency-Key: the same request twice is answered as the first time, and done once."""

from typing import Any

import pytest

from tests.api.client import Api, problem


def test_the_second_answer_is_the_first_one_again(client: Api) -> None:
    body = client.draft(publish="now")

    first = client.post("/v1/posts", body, idempotency_key="monday")
    second = client.post("/v1/posts", body, idempotency_key="monday")

    assert (second.status_code, second.body) == (first.status_code, first.body)
    for name in ("ETag", "Location"):
        assert second.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert len(client.get("/v1/posts").json_body["data"]) == 1


def test_another_body_under_the_same_key_is_refused(client: Api) -> None:
    body = client.draft(publish="now")
    client.post("/v1/posts", body, idempotency_key="monday")

    answer = client.post("/v1/posts", {**body, "text": "Other"}, idempotency_key="monday")

    problem(answer, 422, "idempotency_key_reused")
    assert len(client.get("/v1/posts").json_body["data"]) == 1


def test_another_path_under_the_same_key_is_refused(client: Api) -> None:
    first, second = client.created(), client.created()
    client.post(f"/v1/posts/{first['id']}/cancel", idempotency_key="monday")

    problem(client.post(f"/v1/posts/{second['id']}/cancel", idempotency_key="monday"), 422, "idempotency_key_reused")
    problem(client.post(f"/v1/posts/{first['id']}/hold", idempotency_key="monday"), 422, "idempotency_key_reused")


def test_an_action_under_a_key_is_done_once(client: Api) -> None:
    post = client.created()

    first = client.post(f"/v1/posts/{post['id']}/cancel", idempotency_key="monday")
    second = client.post(f"/v1/posts/{post['id']}/cancel", idempotency_key="monday")

    assert (first.status_code, second.status_code) == (202, 202)
    problem(client.post(f"/v1/posts/{post['id']}/cancel"), 409, "too_late")


def test_a_refusal_is_not_kept_so_the_corrected_request_may_have_the_key(client: Api) -> None:
    body = client.draft(publish="now")
    wrong = {**body, "targets": [{"account_id": "acc_nobody"}]}

    problem(client.post("/v1/posts", wrong, idempotency_key="monday"), 422, "validation_failed")

    assert client.post("/v1/posts", body, idempotency_key="monday").status_code == 202


def test_two_tenants_may_use_the_same_key(client: Api) -> None:
    stranger = client.stranger()

    for each in (client, stranger):
        assert each.post("/v1/posts", each.draft(publish="now"), idempotency_key="monday").status_code == 202


def test_a_request_that_comes_while_the_first_runs_is_told_to_wait(client: Api) -> None:
    post = client.created()
    path = f"/v1/posts/{post['id']}/cancel"
    meanwhile: list[Any] = []
    write = client.world.table.write

    def slow_write(*writes: Any) -> None:
        write(*writes)
        if not meanwhile:
            meanwhile.append(None)
            meanwhile[0] = client.post(path, idempotency_key="monday")

    client.world.table.write = slow_write  # type: ignore[method-assign]
    answer = client.post(path, idempotency_key="monday")

    assert answer.status_code == 202
    problem(meanwhile[0], 409, "idempotency_in_flight")


def test_a_key_that_is_used_again_much_later_never_answers_with_the_old_post(client: Api) -> None:
    body = client.draft(publish="now")
    old = client.post("/v1/posts", body, idempotency_key="monday").json_body
    client.world.clock.advance(hours=25)

    new = client.post("/v1/posts", {**body, "text": "Next week"}, idempotency_key="monday").json_body

    assert new["id"] != old["id"]
    assert new["text"] == "Next week"


@pytest.mark.parametrize("key", ["", " ", "two words", "ключ", "x" * 256, "tab\there"])
def test_a_malformed_key_is_refused(client: Api, key: str) -> None:
    # The client leaves out empty headers, so an empty key is sent as a blank.
    for path in ("/v1/posts", "/v1/accounts", "/v1/renditions", "/v1/validate", "/v1/posts/post_1/hold"):
        problem(client.post(path, {}, idempotency_key=key or " "), 400, "invalid_idempotency_key")


def test_a_key_of_255_characters_is_fine(client: Api) -> None:
    assert client.post("/v1/posts", client.draft(), idempotency_key="~" * 255).status_code == 201


def test_an_account_is_connected_once(client: Api) -> None:
    body = {"platform": "sandbox", "name": "Tower"}

    first = client.post("/v1/accounts", body, idempotency_key="monday")
    second = client.post("/v1/accounts", body, idempotency_key="monday")

    assert first.body == second.body
    assert len(client.get("/v1/accounts").json_body["data"]) == 1


def test_a_preview_takes_a_key_and_keeps_nothing(client: Api) -> None:
    body = {"text": "Ding", "targets": [{"platform": "sandbox"}]}
    before = len(client.world.table.everything)

    for text in ("Ding", "Dong"):
        answer = client.post("/v1/renditions", {**body, "text": text}, idempotency_key="monday")
        assert answer.json_body["renditions"][0]["parts"][0]["text"] == text

    assert len(client.world.table.everything) == before
