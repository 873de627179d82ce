"""What became of a post, from the deployed service: a receipt that others can check, and a person's word."""

import httpx
import jwt
import pytest

from infra.local import Service
from tests.e2e.tenant import Tenant, made

pytestmark = pytest.mark.e2e


def test_a_receipt_is_checked_with_the_public_keys(service: Service, owner: Tenant, account: str) -> None:
    post = owner.ended(owner.post([account], publish="now"))
    (target,) = post["targets"]
    path = f"/v1/posts/{post['id']}/targets/{target['id']}"
    answer = made(owner.api.get(f"{path}/receipt"))
    keys = jwt.PyJWKSet.from_dict(httpx.get(f"{service.url}/v1/receipts/keys", trust_env=False).json())
    jws = answer["jws"]
    said = jwt.decode(jws, keys[jwt.get_unverified_header(jws)["kid"]], algorithms=["EdDSA"])
    assert said == answer["receipt"]
    assert (said["url"], said["platform_post_id"]) == (target["url"], target["platform_post_id"])
    head, payload, signature = jws.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{payload[:-4]}AAAA.{signature}", keys.keys[0], algorithms=["EdDSA"])
    (attempt,) = made(owner.api.get(f"{path}/attempts"))["data"]
    assert (attempt["outcome"], attempt["source"], attempt["status"]) == ("applied", "reply", 201)
    assert made(owner.api.get(f"{path}/events"))["data"][-1]["type"] == "published"


def test_a_person_closes_what_nobody_answered(owner: Tenant, account: str) -> None:
    post = owner.post([account], {"fault": "timeout_after_accept"}, publish="now")
    owner.once(post, lambda now: now["status"] == "unconfirmed")
    path = f"/v1/posts/{post['id']}/targets/{post['targets'][0]['id']}"

    early = owner.api.post(f"{path}/resolve", json={"retry": True})
    assert (early.status_code, early.json()["code"], early.json()["state"]) == (409, "too_early", "unconfirmed")

    url = "https://example.org/@tower/1"
    closed = made(owner.api.post(f"{path}/resolve", json={"published": url}))
    assert (closed["status"], closed["targets"][0]["url"]) == ("published", url)
    assert made(owner.api.get(f"{path}/receipt"))["receipt"]["evidence"]["source"] == "person"
    assert len(owner.timeline(account)) == 1
