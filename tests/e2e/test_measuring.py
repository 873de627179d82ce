"""Figures that nobody tells us of are asked for, and a spike of voices holds the account's next post."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from infra.local import Service
from tests.e2e.tenant import PATIENCE, Json, Tenant, admin, eventually, made

pytestmark = pytest.mark.e2e


def test_a_posts_figures_are_asked_of_its_network(service: Service, owner: Tenant, account: str) -> None:
    post = owner.ended(owner.post([account], publish="now"))
    (message,) = post["targets"][0]["part_ids"]
    made(owner.api.post(f"/sandbox/v1/posts/{message}/reactions", json={"likes": 7, "views": 40}))

    def nudged() -> int:
        words = ("post", "measure", "--workspace", owner.workspace_id, "--post", post["id"])
        return int(admin(service, *words)["parts"])

    eventually(nudged, lambda parts: parts == 1)

    def figures() -> Json:
        (target,) = made(owner.api.get(f"/v1/posts/{post['id']}/metrics"))["targets"]
        return dict(target["figures"])

    shown = eventually(figures, lambda now: now["likes"] is not None)
    assert [(shown[name]["value"], shown[name]["source"]) for name in ("likes", "views")] == [(7, "poll"), (40, "poll")]
    assert shown["mentions"] is None


def test_a_spike_holds_the_accounts_next_post_until_somebody_resumes_it(owner: Tenant, account: str) -> None:
    made(owner.api.put("/v1/spike_rule", json={"hold": True}))
    callback = made(owner.api.post(f"/v1/accounts/{account}/callbacks/standard", json={}))
    now = datetime.now(UTC)
    mention(callback, now - timedelta(days=5))
    for _ in range(25):
        mention(callback, now)

    def hold() -> Json:
        return dict(made(owner.api.get(f"/v1/accounts/{account}/hold")))

    held = eventually(hold, lambda now: now["held"])
    assert held["by"] == "rule_spike"
    post = owner.ended(owner.post([account], publish="now"))
    assert post["targets"][0]["state"] == "held"
    made(owner.api.post(f"/v1/accounts/{account}/resume"))
    over = owner.once(post, lambda now: now["targets"][0]["state"] == "published")
    assert over["targets"][0]["state"] == "published"


def mention(callback: Json, at: datetime) -> None:
    """A tool says, signed with the account's secret, that somebody mentioned the account then."""
    id, sent = f"msg_{uuid.uuid4().hex}", str(int(datetime.now(UTC).timestamp()))
    said = {"type": "engagement", "timestamp": at.isoformat(), "data": {"kind": "mention", "thing_id": id}}
    body = json.dumps(said)
    key = base64.b64decode(callback["secrets"]["signing_secret"].removeprefix("whsec_"))
    signed = base64.b64encode(hmac.new(key, f"{id}.{sent}.{body}".encode(), hashlib.sha256).digest()).decode()
    headers = {"webhook-id": id, "webhook-timestamp": sent, "webhook-signature": f"v1,{signed}"}
    assert httpx.post(callback["url"], headers=headers, content=body, timeout=PATIENCE, trust_env=False).is_success
