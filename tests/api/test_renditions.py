"""/v1/renditions and /v1/validate: what would happen, with nothing stored."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.api.answers import rendition_answer
from chalicelib.core.errors import Issue, RuleRef
from chalicelib.core.post import Link, Media, Poll
from chalicelib.core.rendition import Change, Cost, Markup, Part, Rendition
from chalicelib.service.compose import Preview
from tests.api.client import Api, document, issues, problem, validator

BARE: dict[str, Any] = {"text": "Ding dong", "targets": [{"platform": "sandbox"}]}


@pytest.fixture
def reads_only(client: Api) -> Iterator[None]:
    """The test writes nothing."""
    client.get("/v1/platforms")  # the key's first use is noted
    before = client.world.table.everything
    yield
    assert client.world.table.everything == before


@pytest.mark.usefixtures("reads_only")
def test_a_preview_for_a_bare_platform(client: Api) -> None:
    answer = client.post("/v1/renditions", BARE)

    assert answer.status_code == 200
    (rendition,) = answer.json_body["renditions"]
    assert rendition["platform"] == "sandbox"
    assert rendition["account_id"] is None
    assert rendition["rules_version"]
    assert rendition["fidelity"] == 1.0
    assert rendition["parts"][0] | {"markup": []} == {
        "text": "Ding dong",
        "length": 9,
        "limit": 500,
        "unit": "graphemes",
        "bytes": 9,
        "bytes_limit": None,
        "markup": [],
        "media": [],
        "wire": None,
    }


def test_a_preview_names_the_account_it_is_for(client: Api) -> None:
    account_id = client.account()

    answer = client.post("/v1/renditions", {"text": "Ding", "targets": [{"account_id": account_id}]})

    assert answer.json_body["renditions"][0]["account_id"] == account_id


@pytest.mark.usefixtures("reads_only")
def test_a_preview_for_an_unknown_platform_or_account_is_refused(client: Api) -> None:
    answer = client.post("/v1/renditions", {"text": "Ding", "targets": [{"platform": "x25"}, {"account_id": "acc_1"}]})

    problem(answer, 422, "validation_failed")
    assert issues(answer) == [
        ("targets[0].platform", "unknown_platform"),
        ("targets[1].account_id", "unknown_account"),
    ]


def test_every_field_of_a_rendition_is_shown(client: Api) -> None:
    rule = RuleRef("text.limit", "https://example.org/rules", "2026-11-22")
    part = Part("Ding", 4, 10, "utf16", 4, 30, (Markup("link", 0, 4, "https://example.org"),), wire="D\\ing")
    full = Rendition(
        "sandbox",
        "r1",
        (part, Part("", 0, None, "utf8", 0, media=(Media(url="https://example.org/a.jpg"),))),
        title="Bells",
        card=Link(url="https://example.org"),
        first_comment="More",
        poll=Poll(options=("a", "b")),
        content_warning="loud",
        language="en",
        visibility="unlisted",
        tags=("bells",),
        labels=("ai_generated",),
        changes=(
            Change("truncated", 0, 1, 2, "b", "a", rule),
            Change("media_dropped", None, None, None, None, None, rule),
        ),
        issues=(Issue("too_long", "error", "text", "is too long", rule), Issue("hint", "warning", "", "hm")),
        fidelity=0.5,
        estimated_cost=Cost("0.01", "USD"),
    )

    shown: Any = rendition_answer(Preview("acc_1", full))

    schemas = document()["components"]
    validator({"$ref": "#/components/schemas/Rendition", "components": schemas}).validate(shown)
    assert shown["changes"][0] == {
        "code": "truncated", "part": 0, "start": 1, "end": 2, "before": "b", "after": "a",
        "rule": {"id": "text.limit", "source": "https://example.org/rules", "checked": "2026-11-22"},
    }  # fmt: skip
    assert shown["issues"][0]["rule"]["id"] == "text.limit"
    assert shown["issues"][1]["rule"] is None
    assert shown["parts"][0]["markup"] == [{"type": "link", "start": 0, "end": 4, "value": "https://example.org"}]
    assert shown["parts"][1]["media"][0]["url"] == "https://example.org/a.jpg"
    assert shown["estimated_cost"] == {"amount": "0.01", "currency": "USD"}
    assert {name for name, value in shown.items() if value in (None, [], "")} == set()


def test_a_good_post_is_valid(client: Api) -> None:
    body = client.draft(publish="now")
    before = client.world.table.everything

    answer = client.post("/v1/validate", body)

    assert (answer.status_code, answer.json_body) == (200, {"valid": True, "issues": []})
    assert client.world.table.everything == before


@pytest.mark.usefixtures("reads_only")
def test_what_is_wrong_is_the_answer_not_a_failure(client: Api) -> None:
    answer = client.post(
        "/v1/validate",
        {"text": "Ding", "scheduled_at": "2026-12-01T09:00:00", "targets": [{"account_id": "acc_1"}, {}]},
    )

    assert (answer.status_code, answer.json_body["valid"]) == (200, False)
    assert issues(answer) == [
        ("scheduled_at", "timezone_required"),
        ("targets[0].account_id", "unknown_account"),
        ("targets[1]", "target_required"),
    ]


@pytest.mark.usefixtures("reads_only")
def test_a_wrong_shape_is_the_answer_too(client: Api) -> None:
    answer = client.post("/v1/validate", {"txet": "Ding", "targets": []})

    assert answer.status_code == 200
    assert answer.json_body["valid"] is False
    assert issues(answer) == [("targets", "too_short"), ("txet", "unknown_field")]


@pytest.mark.usefixtures("reads_only")
def test_what_cannot_be_read_cannot_be_judged(client: Api) -> None:
    problem(client.post("/v1/validate", b"{"), 400, "invalid_json")


def test_a_warning_alone_leaves_a_post_valid(client: Api) -> None:
    # 02:30 does not exist on that night in Berlin.
    body = client.draft(scheduled_at="2027-03-28T02:30:00", timezone="Europe/Berlin")

    answer = client.post("/v1/validate", body)

    assert answer.json_body["valid"] is True
    assert [(one["code"], one["severity"]) for one in answer.json_body["issues"]] == [("dst_gap", "warning")]
