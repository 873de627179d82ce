"""/v1/posts/{post_id}/review and /v1/review_policy as their clients see them."""

from typing import Any

import pytest

from chalicelib.service import access
from chalicelib.service.tell import tell
from tests.api.client import Api, issues, problem

Json = dict[str, Any]


def reviewer(client: Api, *scopes: str, name: str = "The editor") -> dict[str, str]:
    """What to send as a key that may review and read."""
    made = client.post("/v1/keys", {"name": name, "scopes": ["posts:review", "posts:read", *scopes]}).json_body
    return {"authorization": f"Bearer {made['secret']}"}


def policy(client: Api, **chosen: bool) -> Json:
    answer = client.send("PUT", "/v1/review_policy", chosen)
    assert answer.status_code == 200, answer.body
    return dict(answer.json_body)


def history(client: Api, post: Json) -> Json:
    return dict(client.get(f"/v1/posts/{post['id']}/review").json_body)


def test_a_workspace_asks_for_nothing_until_it_chooses_to(client: Api) -> None:
    assert client.get("/v1/review_policy").json_body == {"requires_approval": False, "self_approval": False}
    assert policy(client, requires_approval=True) == {"requires_approval": True, "self_approval": False}
    assert client.get("/v1/review_policy").json_body == {"requires_approval": True, "self_approval": False}
    assert client.stranger().get("/v1/review_policy").json_body["requires_approval"] is False


def test_a_post_is_reviewed_from_its_making_to_its_approval(client: Api) -> None:
    editor = reviewer(client)
    author = access.authenticate(client.world, client.key).key_id
    post = client.created(requires_approval=True)
    assert (post["status"], post["requires_approval"], post["written_by"]) == ("pending_approval", True, [author])
    path = f"/v1/posts/{post['id']}/review"

    client.world.clock.advance(60)
    back = client.post(path, {"decision": "request_changes", "comment": "At nine?"}, **editor)
    assert (back.status_code, back.json_body["status"], back.headers["ETag"]) == (202, "pending_approval", '"v1"')
    assert history(client, post)["waits_for"] == "author"

    client.world.clock.advance(60)
    client.patch(f"/v1/posts/{post['id']}", {"text": "At nine!"})
    client.world.clock.advance(60)
    assert problem(client.post(path, {"decision": "approve", "version": 1}, **editor), 409, "edited_since")
    said = client.post(path, {"decision": "approve", "version": 2}, **editor)
    assert (said.status_code, said.json_body["status"]) == (202, "scheduled")

    told = history(client, post)
    key_id = access.authenticate(client.world, editor["authorization"].split(" ")[1]).key_id
    assert [(one["step"], one["version"], one["key_id"], one["key_name"], one["comment"]) for one in told["data"]] == [
        ("approved", 2, key_id, "The editor", None),
        ("requested", 2, author, None, None),
        ("changes_requested", 1, key_id, "The editor", "At nine?"),
        ("requested", 1, author, None, None),
    ]
    assert (told["version"], told["waits_for"], told["written_by"]) == (2, None, [author])
    assert {one["scheduled_at"] for one in told["data"]} == {post["scheduled_at"]}
    assert problem(client.post(path, {"decision": "approve"}, **editor), 409, "nothing_to_review")


def test_who_wrote_a_post_cannot_approve_it_unless_the_workspace_says_so(client: Api) -> None:
    post = client.created(requires_approval=True)
    path, approval = f"/v1/posts/{post['id']}/review", {"decision": "approve"}
    assert problem(client.post(path, approval), 403, "own_post")
    assert client.get(f"/v1/posts/{post['id']}").json_body["status"] == "pending_approval"
    policy(client, self_approval=True)
    assert client.post(path, approval).json_body["status"] == "scheduled"


def test_less_than_the_workspace_asks_for_is_refused_with_its_path_also_in_a_rehearsal(client: Api) -> None:
    policy(client, requires_approval=True)
    wish = client.draft(scheduled_at=client.later(), requires_approval=False)
    assert issues(client.post("/v1/posts", wish)) == [("requires_approval", "approval_required")]
    assert client.post("/v1/validate", wish).json_body["valid"] is False
    policy(client, requires_approval=True, self_approval=True)
    assert client.post("/v1/validate", wish).json_body["valid"] is True
    assert client.post("/v1/posts", wish).json_body["status"] == "scheduled"


def test_every_way_to_make_a_post_obeys_and_lists_show_what_waits(client: Api) -> None:
    policy(client, requires_approval=True)
    account = client.account()
    at_once = client.draft(publish="now")
    client.post("/v1/posts", at_once)
    client.post("/v1/posts/batch", {"posts": [{**at_once, "key": "one"}]})
    csv = f"text,accounts,scheduled_at\r\nRing.,{account},{client.later()}\r\n"
    client.post("/v1/posts/import", {"csv": csv})
    client.schedule(rule="FREQ=DAILY;COUNT=2")
    draft = client.created(scheduled_at=None)
    client.post(f"/v1/posts/{draft['id']}/publish")

    waiting = client.get("/v1/posts?status=pending_approval").json_body["data"]
    assert len(waiting) == 6
    assert client.get("/v1/posts?status=scheduled").json_body["data"] == []
    token = client.post("/v1/calendar/feeds", {}).json_body["url"].partition("token=")[2]
    calendar = client.get(f"/v1/calendar.ics?token={token}", authorization="").body.decode()
    assert calendar.count("STATUS:TENTATIVE") == 6
    assert "sandbox: pending_approval" in calendar.replace("\r\n ", "")
    exported = client.get("/v1/posts/export").body.decode()
    assert exported.count("pending_approval") == 6
    assert exported.count('"requires_approval"') == 6


def test_each_step_is_told_to_webhooks_once(client: Api) -> None:
    editor = reviewer(client)
    client.webhook(events=["post.review_requested", "post.approved", "post.changes_requested", "post.rejected"])
    since = len(client.world.table.stream())
    for decision in ("approve", "request_changes", "reject"):
        client.world.clock.advance(1)
        post = client.draft(scheduled_at=client.later(), requires_approval=True)
        post["targets"].append({"account_id": client.account("Other tower")})
        made = client.post("/v1/posts", post).json_body
        client.world.clock.advance(1)
        client.post(f"/v1/posts/{made['id']}/review", {"decision": decision, "comment": "So be it."}, **editor)
    for _ in range(2):  # the stream may repeat itself
        tell(client.world, client.world.table.stream(since))

    rows = [item.doc for item in client.world.table.everything if item.key.pk.startswith("D#")]
    assert [row["type"] for row in sorted(rows, key=lambda row: row["id"])] == [
        *("post.review_requested", "post.approved"),
        *("post.review_requested", "post.changes_requested"),
        *("post.review_requested", "post.rejected"),
    ]
    assert sum('"comment":"So be it."' in row["body"] for row in rows) == 3


def test_a_verdict_and_a_policy_are_in_the_audit_log_without_what_was_said(client: Api) -> None:
    editor = reviewer(client)
    post = client.created(requires_approval=True)
    body = {"decision": "reject", "comment": "A private word"}
    client.post(f"/v1/posts/{post['id']}/review", body, idempotency_key="once", **editor)
    again = client.post(f"/v1/posts/{post['id']}/review", body, idempotency_key="once", **editor)
    assert again.headers["Idempotency-Replayed"] == "true"
    policy(client, requires_approval=True)

    acts = client.get("/v1/audit").json_body["data"]
    assert [(one["action"], one["things"]) for one in acts[:2]] == [
        ("PUT /v1/review_policy", []),
        ("POST /v1/posts/{post_id}/review", [post["id"]]),
    ]
    assert "private word" not in str(acts)


@pytest.mark.parametrize(
    "body",
    [{}, {"decision": "shrug"}, {"decision": "approve", "version": 0}, {"decision": "approve", "comment": "x" * 2001}],
)
def test_what_is_no_verdict_is_refused(client: Api, body: Json) -> None:
    post = client.created(requires_approval=True)
    assert client.post(f"/v1/posts/{post['id']}/review", body, **reviewer(client)).status_code == 422


def test_who_may_only_review_can_neither_write_posts_nor_choose_the_policy(client: Api) -> None:
    editor = reviewer(client)
    assert problem(client.post("/v1/posts", client.draft(), **editor), 403, "missing_scope")
    assert problem(client.send("PUT", "/v1/review_policy", {"self_approval": True}, **editor), 403, "missing_scope")
