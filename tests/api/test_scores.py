"""/v1/scores as its readers see it."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.core.scores.outcome import Message, Outcome
from chalicelib.ports import Item, Put
from chalicelib.service import agenda, outcomes, records, scorer
from chalicelib.service.outcomes import Entry, Outcomes
from tests.api.client import Api, issues, problem

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def scored(client: Api) -> tuple[Api, str, str]:
    """A workspace of two accounts with a month of posts, one of them ten minutes late; computed once."""
    first, second = client.account("Bell 钟 & Co <b>"), client.account("Two")
    late = None
    for number in range(12):
        due = client.world.clock.now() - timedelta(days=2 * number + 1)
        post = f"post_{number}"
        at = due + (10 * MINUTE if number == 3 else MINUTE / 120)
        late = post if number == 3 else late
        for account in (first, second):
            one = Outcome(f"tgt_{number}", post, account, "sandbox", due, "published", at, message=Message(1.0, 1.0))
            key = outcomes.key(client.workspace_id, account, due)
            row = Item(key, records.to_doc(Outcomes({one.target_id: Entry(1, one)})))
            client.world.table.write(Put(row, expect=None))
    agenda.mark(client.world, client.workspace_id)
    assert scorer.score(client.world) == {"scored": 1}
    return client, first, second


def get(client: Api, path: str, **query: str) -> Any:
    answer = client.get(f"{path}?{urlencode(query)}" if query else path)
    assert answer.status_code == 200, answer.body
    return answer.json_body


def test_before_anything_was_computed_there_are_none(client: Api) -> None:
    assert get(client, "/v1/scores") == {"data": []}
    problem(client.get("/v1/scores/explain?kind=timeliness"), 404, "not_computed_yet")


def test_scores_are_listed_the_workspace_first(scored: tuple[Api, str, str]) -> None:
    client, first, second = scored
    found = get(client, "/v1/scores")["data"]
    of = [(one["scope"]["kind"], one["scope"]["id"], one["kind"], one["window"]) for one in found]
    places = [("workspace", None), ("platform", "sandbox"), *(("account", id) for id in sorted((first, second)))]
    assert of == [(*place, *kind) for place in places for kind in (("consistency", "8w"), ("timeliness", "28d"))]
    workspace = found[1]
    assert workspace.keys() >= {"kind", "scope", "value", "confidence", "n", "window", "computed_at"}
    assert (workspace["n"], workspace["confidence"]) == (24, "A")
    assert 80 < workspace["value"] < 95


def test_scores_can_be_asked_for_one_by_one(scored: tuple[Api, str, str]) -> None:
    client, first, _ = scored
    (one,) = get(client, "/v1/scores", kind="timeliness", account_id=first, window="7d")["data"]
    assert (one["account_id"], one["platform"], one["window"], one["n"]) == (first, "sandbox", "7d", 3)
    (platform,) = get(client, "/v1/scores", kind="consistency", platform="sandbox")["data"]
    assert platform["scope"] == {"kind": "platform", "id": "sandbox"}


def test_an_explanation_adds_up_and_names_the_post_that_cost_most(scored: tuple[Api, str, str]) -> None:
    client, *_ = scored
    found = get(client, "/v1/scores/explain", kind="timeliness")
    assert sum(one["points"] for one in found["parts"]) == pytest.approx(found["value"], abs=0.05)
    assert sum(found["weights"].values()) == pytest.approx(1)
    assert found["losses"][0]["post_id"] == "post_3"
    assert found["losses"][0]["points"] > 0
    assert found["interval"][0] <= found["value"] <= found["interval"][1]
    notes = {one["name"]: one["note"] for one in found["parts"]}
    assert notes["response"] == "nobody_asked"
    assert found["advice"]


def test_history_is_told_and_drawn(scored: tuple[Api, str, str]) -> None:
    client, first, _ = scored
    today = client.world.clock.now().date().isoformat()
    found = get(client, "/v1/scores/history", kind="timeliness")
    assert [one["date"] for one in found["data"]] == [today]
    picture = client.get(f"/v1/scores/history?kind=timeliness&account_id={first}", accept="image/svg+xml")
    assert picture.status_code == 200
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.body.startswith(b"<svg ")
    assert "Timeliness of Bell 钟 &amp; Co &lt;b&gt;" in picture.body.decode()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("image/svg+xml", "image/svg+xml"),
        ("text/html, image/svg+xml;q=0.9, */*;q=0.1", "image/svg+xml"),
        ("application/json, image/svg+xml;q=0.5", "application/json"),
        ("image/svg+xml;q=0", "application/json"),
    ],
)
def test_the_picture_is_for_who_asks_for_it(scored: tuple[Api, str, str], accept: str, kind: str) -> None:
    answer = scored[0].get("/v1/scores/history?kind=consistency", accept=accept)
    assert answer.headers["Content-Type"] == kind


def test_weights_can_be_chosen_and_given_back(scored: tuple[Api, str, str]) -> None:
    client, *_ = scored
    house = get(client, "/v1/scores/weights")
    body = {"timeliness": {"publish": 0, "fresh": 1}, "half_lives": {"sandbox": 3}}
    chosen = client.send("PUT", "/v1/scores/weights", body).json_body
    assert chosen["timeliness"] == {**house["timeliness"], "publish": 0, "fresh": 1}
    assert chosen["half_lives"]["sandbox"] == 3
    assert chosen["overrides"] == {"consistency": {}, **body}
    assert scorer.score(client.world) == {"scored": 1}, "they hold from the next run on"
    assert get(client, "/v1/scores/explain", kind="timeliness")["value"] is None
    assert client.send("PUT", "/v1/scores/weights", {}).json_body == house


def test_wrong_weights_are_all_named_at_once(client: Api) -> None:
    body = {"consistency": {"luck": 1, "cadence": -1}, "half_lives": {"myspace": 2, "x": 0}}
    answer = client.send("PUT", "/v1/scores/weights", body)
    assert answer.status_code == 422
    assert sorted(issues(answer)) == [
        ("consistency.cadence", "weight_out_of_range"),
        ("consistency.luck", "unknown_part"),
        ("half_lives.myspace", "unknown_platform"),
        ("half_lives.x", "half_life_out_of_range"),
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/scores?kind=luck", 400),
        ("/v1/scores?kind=timeliness&window=8w", 400),
        ("/v1/scores?account_id=acc_1&platform=x", 400),
        ("/v1/scores?account_id=acc_nobody", 404),
        ("/v1/scores?platform=x", 404),
        ("/v1/scores/explain", 400),
        ("/v1/scores/explain?kind=consistency&window=28d", 400),
        ("/v1/scores/history?kind=consistency&from=2026-11-22&to=2026-11-01", 400),
        ("/v1/scores/history?kind=consistency&from=2024-11-22&to=2026-11-01", 400),
    ],
)
def test_bad_questions_are_refused(client: Api, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_nobody_sees_anothers_scores(scored: tuple[Api, str, str]) -> None:
    client, first, _ = scored
    stranger = client.stranger()
    assert get(stranger, "/v1/scores") == {"data": []}
    for path in ("/v1/scores?x=1", "/v1/scores/explain?kind=timeliness", "/v1/scores/history?kind=timeliness"):
        answer = stranger.get(f"{path.replace('?x=1', '?kind=timeliness')}&account_id={first}")
        assert answer.status_code == 404
