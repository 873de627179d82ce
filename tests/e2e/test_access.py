"""Who may do what: tenants never meet, and a key opens only what it was made for."""

import httpx
import pytest

from infra.local import Service
from tests.e2e.tenant import Tenant, admin, tenant

pytestmark = pytest.mark.e2e


def test_another_tenants_post_does_not_exist_and_cannot_be_touched(
    owner: Tenant, stranger: Tenant, account: str
) -> None:
    post = owner.post([account])
    place = f"/v1/posts/{post['id']}"
    asked = [
        stranger.api.get(place),
        stranger.api.patch(place, json={"text": "Mine!"}),
        stranger.api.delete(place),
        *(stranger.api.post(f"{place}/{verb}") for verb in ("cancel", "hold", "resume", "publish")),
    ]
    assert {(each.status_code, each.json()["code"]) for each in asked} == {(404, "not_found")}
    assert owner.read(post["id"]) == post


def test_another_tenants_account_does_not_exist_and_cannot_be_posted_to(
    owner: Tenant, stranger: Tenant, account: str
) -> None:
    refused = stranger.api.post(
        "/v1/posts", json={"text": "Mine!", "targets": [{"account_id": account}], "publish": "now"}
    )
    assert refused.status_code == 422
    assert [(one["code"], one["path"]) for one in refused.json()["issues"]] == [
        ("unknown_account", "targets[0].account_id")
    ]
    assert stranger.api.get(f"/v1/accounts/{account}").status_code == 404
    assert stranger.api.delete(f"/v1/accounts/{account}").status_code == 404
    assert owner.api.get(f"/v1/accounts/{account}").status_code == 200
    assert owner.texts(account) == []


def test_lists_hold_only_what_is_ones_own(owner: Tenant, stranger: Tenant, account: str) -> None:
    post = owner.post([account], external_id="bells")
    lists = [
        stranger.api.get("/v1/posts"),
        stranger.api.get("/v1/posts", params={"external_id": "bells"}),
        stranger.api.get("/v1/posts", params={"account_id": account}),
        stranger.api.get("/v1/accounts"),
    ]
    assert [each.json()["data"] for each in lists] == [[]] * len(lists)
    mine = owner.api.get("/v1/posts", params={"external_id": "bells"})
    assert [one["id"] for one in mine.json()["data"]] == [post["id"]]


def test_a_revoked_key_opens_nothing_any_more(service: Service, owner: Tenant) -> None:
    key = admin(service, "key", "create", "--workspace", owner.workspace_id)
    with tenant(service.url, owner.workspace_id, key["key"]) as holder:
        assert holder.api.get("/v1/posts").status_code == 200
        admin(service, "key", "revoke", "--workspace", owner.workspace_id, "--key", key["id"])
        refused = holder.api.get("/v1/posts")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_key_opens_only_what_its_scopes_name(service: Service, owner: Tenant, account: str) -> None:
    key = admin(service, "key", "create", "--workspace", owner.workspace_id, "--scopes", "posts:read")["key"]
    with tenant(service.url, owner.workspace_id, key) as reader:
        assert reader.api.get("/v1/posts").status_code == 200
        body = {"text": "Ding dong.", "targets": [{"account_id": account}], "publish": "now"}
        asked = [reader.api.post("/v1/posts", json=body), reader.api.get("/v1/accounts")]
    assert [(each.status_code, each.json()["code"]) for each in asked] == [(403, "missing_scope")] * 2
    assert "posts:write" in asked[0].json()["detail"]
    assert owner.texts(account) == []


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ck_live_nobody", "Basic YTpi", "ck_live_nobody"])
def test_without_a_good_key_nothing_is_shown(service: Service, authorization: str) -> None:
    refused = httpx.get(f"{service.url}/v1/posts", headers={"Authorization": authorization}, trust_env=False)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
