"""/v1/brand: a workspace's kit, and what it does to posts."""

from typing import Any

import pytest

from tests.api.client import Api, issues, problem

EMPTY = {
    "required_terms": [],
    "required_hashtags": [],
    "link_domains": {"allowed": [], "severity": "error"},
    "avoid": [],
    "banned": [],
    "starter_lists": [],
    "exceptions": [],
    "disclosures": [],
}
LAW = {"starter_lists": [{"name": "prc_advertising_law"}]}
RULE = "brand.prc_advertising_law.law"


def brand(client: Api, kit: dict[str, Any]) -> None:
    answer = client.send("PUT", "/v1/brand", kit)
    assert answer.status_code == 200, answer.body


def test_without_a_kit_everything_may_be_said(client: Api) -> None:
    assert client.get("/v1/brand").json_body == EMPTY
    assert client.post("/v1/validate", client.draft(text="最佳")).json_body == {"valid": True, "issues": []}


def test_a_kit_is_chosen_whole(client: Api) -> None:
    made = client.send("PUT", "/v1/brand", {"avoid": ["cheap"], **LAW})
    starter = {"name": "prc_advertising_law", "severity": "error", "practice": "warning"}
    assert made.json_body == {**EMPTY, "avoid": ["cheap"], "starter_lists": [starter]}
    assert client.get("/v1/brand").json_body == made.json_body
    brand(client, {})
    assert client.get("/v1/brand").json_body == EMPTY


@pytest.mark.parametrize(
    ("kit", "faults"),
    [
        ({"avoid": ["\u200b"], "banned": [{"name": "b", "terms": [" "]}]}, ["avoid[0]", "banned[0].terms[0]"]),
        ({"starter_lists": [{"name": "none"}]}, ["starter_lists[0].name"]),
        ({"link_domains": {"allowed": ["https://example.org"]}, "colour": 1}, ["link_domains.allowed[0]", "colour"]),
        ({"disclosures": [{"label": "ad", "any_of": []}]}, ["disclosures[0].label", "disclosures[0].any_of"]),
    ],
)
def test_a_kit_that_makes_no_sense_is_refused_whole(client: Api, kit: dict[str, Any], faults: list[str]) -> None:
    brand(client, LAW)
    answer = client.send("PUT", "/v1/brand", kit)
    problem(answer, 422, "validation_failed")
    assert sorted(path for path, _ in issues(answer)) == sorted(faults)
    assert client.get("/v1/brand").json_body["starter_lists"] != []


def test_validation_names_every_word_its_place_and_its_rule(client: Api) -> None:
    brand(client, {**LAW, "required_terms": [{"any_of": ["钟楼"]}]})
    target = {"account_id": client.account(), "overrides": {"title": "最佳"}}
    body = client.draft(text="第一次敲钟，国家级", targets=[target])

    answer = client.post("/v1/validate", body).json_body

    assert answer["valid"] is False
    found = [(one["path"], one["code"], one["severity"], one["rule"]["id"]) for one in answer["issues"]]
    assert found == [
        ("text", "brand_term_banned", "error", RULE),
        ("targets[0].overrides.title", "brand_term_banned", "error", RULE),
        ("targets[0].overrides.text", "brand_term_missing", "warning", "brand.required_terms"),
    ]
    assert "6–9" in answer["issues"][0]["message"]
    assert answer["issues"][0]["rule"]["source"].startswith("https://")


def test_a_preview_shows_what_would_be_sent_all_the_same(client: Api) -> None:
    brand(client, LAW)
    assert client.post("/v1/renditions", {"text": "最佳", "targets": [{"platform": "weibo"}]}).status_code == 200


def test_an_error_keeps_a_post_from_being_made_and_a_warning_does_not(client: Api) -> None:
    brand(client, {**LAW, "avoid": ["cheap"]})

    refused = client.post("/v1/posts", client.draft(text="最佳, cheap", scheduled_at=client.later()))
    problem(refused, 422, "validation_failed")
    assert issues(refused) == [("text", "brand_tone"), ("text", "brand_term_banned")]
    assert client.get("/v1/posts").json_body["data"] == []
    assert client.post("/v1/posts", client.draft(text="第一, cheap", scheduled_at=client.later())).status_code == 202


def test_an_edit_is_held_against_the_kit_of_today(client: Api) -> None:
    post = client.created(text="最佳")
    brand(client, LAW)

    refused = client.patch(f"/v1/posts/{post['id']}", {"title": "Bells"})
    problem(refused, 422, "validation_failed")
    assert issues(refused) == [("text", "brand_term_banned")]
    assert client.get(f"/v1/posts/{post['id']}").json_body["version"] == post["version"]
    assert client.patch(f"/v1/posts/{post['id']}", {"text": "很好"}).status_code == 200


def test_another_tenants_kit_is_not_ours(client: Api) -> None:
    stranger = client.stranger()
    brand(stranger, LAW)

    assert client.get("/v1/brand").json_body == EMPTY
    assert client.post("/v1/posts", client.draft(text="最佳")).status_code == 201
    problem(stranger.post("/v1/posts", stranger.draft(text="最佳")), 422, "validation_failed")


def test_a_kit_costs_no_call_of_its_own(client: Api) -> None:
    body = client.draft()
    brand(client, LAW)
    client.world.table.calls.clear()

    client.post("/v1/validate", body)

    # who asks; then the accounts and the kit
    assert client.world.table.calls == {"get": 1, "get_many": 1}


def test_starter_lists_tell_law_from_practice(client: Api) -> None:
    [found] = client.get("/v1/brand/lists").json_body["data"]

    terms = {one["term"]: one for one in found["terms"]}
    assert found["name"] == "prc_advertising_law"
    assert {term: one["basis"] for term, one in terms.items() if term in ("最佳", "极品", "独一无二")} == {
        "最佳": "law",
        "极品": "ruling",
        "独一无二": "practice",
    }
    assert terms["极品"]["source"]["date"] == "1997-08-07"
    assert "第一次" in found["exceptions"]
