"""What people did, over HTTP: figures, listings, insights, and what is kept of people."""

import json
import zlib
from base64 import b64encode
from typing import Any

import pytest

from chalicelib.core.timing import stamp
from chalicelib.ports import Heard
from chalicelib.service.ingest import ingest
from tests.api.client import Api, issues, problem


def tell(client: Api, account_id: str, kind: str, **data: Any) -> None:
    now = client.world.clock.now()
    body = {"timestamp": stamp(now), "data": {"kind": kind, **data}}
    headers = json.dumps({"webhook-id": client.world.chance.token()})
    packed = b64encode(zlib.compress(json.dumps(body).encode())).decode()
    heard = Heard(client.workspace_id, account_id, "standard", stamp(now), headers, packed)
    assert ingest(client.world, {"1": heard}) == []


def test_a_post_that_nobody_has_seen_has_no_figures(client: Api) -> None:
    post = client.created()

    found = client.get(f"/v1/posts/{post['id']}/metrics").json_body
    assert found["totals"]["likes"] is None
    assert found["targets"][0]["figures"]["views"] is None
    timeline = client.get(f"/v1/posts/{post['id']}/metrics/timeline").json_body
    assert (timeline["data"], timeline["targets"][0]["data"]) == ([], [])


def test_an_accounts_days_and_its_posts_elsewhere(client: Api) -> None:
    account = client.account()
    tell(client, account, "like", post_id="by-hand", value=3)

    found = client.get(f"/v1/accounts/{account}/metrics").json_body
    assert (found["first"], found["last"]) == ("2026-10-24", "2026-11-22")
    assert found["days"] == [{"date": "2026-11-22", "grown": {"likes": 3}}]
    assert found["totals"] == {"likes": 3}
    none = client.get(f"/v1/accounts/{account}/metrics?from=2026-11-01&to=2026-11-21").json_body
    assert (none["days"], none["totals"]) == ([], {})

    (elsewhere,) = client.get(f"/v1/accounts/{account}/metrics/elsewhere").json_body["data"]
    assert elsewhere["platform_post_id"] == "by-hand"
    assert elsewhere["figures"]["likes"] == {"value": 3, "source": "callback", "as_of": "2026-11-22T09:00:00.000Z"}


@pytest.mark.parametrize(
    "query", ["from=2026-11-22&to=2026-11-01", "from=2020-01-01", "from=today", "to=0001-01-01", "since=2026-11-01"]
)
def test_days_that_are_none_are_refused(client: Api, query: str) -> None:
    account = client.account()

    assert client.get(f"/v1/accounts/{account}/metrics?{query}").status_code in (400, 422)


def test_engagement_is_listed_in_the_words_of_the_document(client: Api) -> None:
    account = client.account()
    tell(client, account, "comment", post_id="by-hand", actor="ann", thing_id="c1", text="Nice!")

    (found,) = client.get(f"/v1/engagement?account_id={account}&kind=comment").json_body["data"]

    assert {**found, "actor_hash": "…", "raw_id": "…"} == {
        "kind": "comment",
        "platform": "sandbox",
        "account_id": account,
        "post_id": None,
        "target_id": None,
        "platform_post_id": "by-hand",
        "actor_hash": "…",
        "text": "Nice!",
        "value": 1,
        "total": False,
        "at": "2026-11-22T09:00:00.000Z",
        "source": "callback",
        "raw_id": "…",
    }
    assert client.get("/v1/engagement?kind=like").json_body == {"data": [], "next_cursor": None}


@pytest.mark.parametrize("query", ["kind=hug", "source=gossip", "since=yesterday", "cursor=x", "limit=0"])
def test_wishes_that_make_no_sense_are_refused(client: Api, query: str) -> None:
    assert client.get(f"/v1/engagement?{query}").status_code in (400, 422)


def test_best_times_say_that_they_know_nothing(client: Api) -> None:
    found = client.get("/v1/insights/best_times?timezone=Asia/Shanghai&window=30").json_body

    assert found["signal"] == "none"
    assert (found["best"], found["blocks"], found["n"]) == ([], [], 0)
    assert issues(client.get("/v1/insights/best_times?timezone=Moon/Base"))[0][0] == "timezone"


def test_an_audience_has_numbers_and_no_names(client: Api) -> None:
    account = client.account()
    for who in ("ann", "bob"):
        tell(client, account, "like", post_id="one", actor=who)

    answer = client.get("/v1/insights/audience?since=2026-11-22&until=2026-11-22")

    assert answer.json_body["accounts"] == [{"account_id": account, "people": 2}]
    assert answer.json_body["complete"] is True
    assert b"ann" not in answer.body
    assert client.get("/v1/insights/audience?since=2026-01-01&until=2026-11-22").status_code in (400, 422)


def test_words_are_kept_as_long_as_one_says(client: Api) -> None:
    assert client.get("/v1/privacy").json_body == {"text_days": 30}

    assert client.send("PUT", "/v1/privacy", {"text_days": 14}).json_body == {"text_days": 14}
    assert client.get("/v1/privacy").json_body == {"text_days": 14}
    assert client.stranger().get("/v1/privacy").json_body == {"text_days": 30}
    for wrong in (0, 91, "soon"):
        problem(client.send("PUT", "/v1/privacy", {"text_days": wrong}), 422, "validation_failed")


def test_somebody_is_exported_and_forgotten(client: Api) -> None:
    account = client.account()
    tell(client, account, "comment", post_id="one", actor="ann-4711", thing_id="c1", text="Nice!")
    ann = {"platform": "sandbox", "actor_id": "ann-4711"}
    kept = client.post("/v1/privacy/export", ann).json_body
    assert [one["what"] for one in kept["data"]] == ["event", "said"]
    assert kept["data"][1]["document"]["text"] == "Nice!"

    answer = client.post("/v1/privacy/erase", ann, idempotency_key="once")
    assert (answer.status_code, answer.json_body) == (202, {"account_ids": [account]})
    for _ in range(2):
        client.world.clock.advance(300)
        messages = client.world.heard.receive()
        assert ingest(client.world, {str(number): one for number, one in enumerate(messages)}) == []

    assert client.post("/v1/privacy/export", ann).json_body == {"data": [], "next_cursor": None}
    (event,) = client.get("/v1/engagement").json_body["data"]
    assert (event["actor_hash"], event["text"], event["value"]) == (None, None, 1)


def test_a_stranger_neither_sees_nor_forgets_anybody_of_ours(client: Api) -> None:
    account = client.account()
    tell(client, account, "comment", post_id="one", actor="ann", thing_id="c1", text="Nice!")
    stranger, ann = client.stranger(), {"platform": "sandbox", "actor_id": "ann"}

    assert stranger.get("/v1/engagement").json_body["data"] == []
    assert stranger.post("/v1/privacy/export", ann).json_body["data"] == []
    assert stranger.post("/v1/privacy/erase", ann).json_body == {"account_ids": []}
    assert stranger.get("/v1/insights/audience").json_body["accounts"] == []
    assert len(client.post("/v1/privacy/export", ann).json_body["data"]) == 2
