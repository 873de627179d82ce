"""What somebody says reaches the inbox, waits there, and is answered from there."""

import json
import uuid

import httpx
import pytest
from standardwebhooks import Webhook

from chalicelib.core.timing import stamp
from tests.e2e.tenant import PATIENCE, Json, Tenant, eventually, instant, made, soon

pytestmark = pytest.mark.e2e


def test_a_comment_arrives_waits_is_answered_and_shows_its_response_time(owner: Tenant, account: str) -> None:
    post = owner.ended(owner.post([account], publish="now"))
    published = post["targets"][0]["platform_post_id"]
    callback = made(owner.api.post(f"/v1/accounts/{account}/callbacks/standard", json={}))
    theirs = f"sp_{uuid.uuid4().hex}"

    asked = {"post_id": published, "thing_id": theirs, "actor": "ringer", "text": "How loud is it?"}
    said = tell(callback, asked)

    (item,) = eventually(lambda: inbox(owner, account, "waiting"), bool)
    assert (item["text"], item["waiting_since"], item["post_id"]) == (asked["text"], said, post["id"])
    assert (item["overdue"], item["response_seconds"]) == (False, None)

    answer = made(owner.api.post(f"/v1/inbox/{item['id']}/reply", json={"text": "Very loud."}))
    answer = owner.ended(answer)
    (item,) = eventually(lambda: inbox(owner, account, "answered"), bool)

    (message,) = [one for one in owner.timeline(account) if one.get("reply_to") == theirs]
    assert (message["text"], message["id"]) == ("Very loud.", answer["targets"][0]["platform_post_id"])
    assert answer["in_reply_to"] == item["id"]
    waited = (instant(item["answered_at"]) - instant(said)).total_seconds()
    assert item["response_seconds"] == item["response_business_seconds"] == waited > 0
    assert item["overdue"] is False
    assert inbox(owner, account, "waiting") == []

    handle = made(owner.api.get(f"/v1/accounts/{account}"))["remote_id"]
    again = {
        "post_id": published,
        "parent_id": theirs,
        "thing_id": message["id"],
        "actor": handle,
        "text": "Very loud.",
    }
    tell(callback, again)
    tell(callback, {**asked, "thing_id": f"{theirs}_2"})
    eventually(lambda: inbox(owner, account, "waiting"), bool)
    assert inbox(owner, account, "answered") == [item]


def tell(callback: Json, about: Json) -> str:
    """Tell the service of a comment, as a tool of one's own does; answers when that was."""
    at, id = soon(0), f"evt_{uuid.uuid4().hex}"
    body = json.dumps({"type": "engagement", "timestamp": stamp(at), "data": {"kind": "comment", **about}})
    signature = Webhook(callback["secrets"]["signing_secret"]).sign(id, at, body)
    headers = {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    made_so = httpx.post(callback["url"], content=body, headers=headers, timeout=PATIENCE, trust_env=False)
    assert made_so.is_success, made_so.text
    return stamp(at)


def inbox(owner: Tenant, account: str, state: str) -> list[Json]:
    """The account's items in one state."""
    found: list[Json] = made(owner.api.get("/v1/inbox", params={"state": state, "account_id": account}))["data"]
    return found
