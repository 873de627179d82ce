"""The crons of scores and schedules in the deployed template: when they strike, what they make of it, and only once."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from chalicelib.service.schedules import AT_ONCE
from infra.local import Service
from tests.e2e.tenant import Json, Tenant, admin, eventually, instant, made, soon, tenant
from tests.e2e.test_inbox import inbox, tell

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def brand(service: Service) -> Iterator[Tenant]:
    """A tenant of our own, so that nothing else is scored."""
    workspace_id = admin(service, "workspace", "create", "--name", "Punctual")["id"]
    key = admin(service, "key", "create", "--workspace", workspace_id)["key"]
    with tenant(service.url, workspace_id, key) as brand:
        yield brand


def scores(brand: Tenant, **asked: str) -> list[Json]:
    found: list[Json] = made(brand.api.get("/v1/scores", params=asked))["data"]
    return found


def explained(brand: Tenant, kind: str) -> Json:
    return dict(made(brand.api.get("/v1/scores/explain", params={"kind": kind})))


@pytest.mark.parametrize("cron", ["Score", "Recur"])
def test_the_cron_strikes_every_hour(service: Service, cron: str) -> None:
    events, function = service.client("events"), service.stack.physical(cron)
    rules = {rule["Name"]: rule for rule in events.list_rules()["Rules"]}
    targets = {name: events.list_targets_by_rule(Rule=name)["Targets"] for name in rules}
    (name,) = [
        name for name, found in targets.items() if any(one["Arn"].endswith(f":{function}:live") for one in found)
    ]
    assert rules[name]["ScheduleExpression"] == "rate(1 hour)"
    assert rules[name]["State"] == "ENABLED"


def test_what_happened_while_nobody_ran_is_scored_by_the_next_run_and_the_same_by_the_one_after(
    service: Service, brand: Tenant
) -> None:
    account = brand.sandbox()
    callback = made(brand.api.post(f"/v1/accounts/{account}/callbacks/standard", json={}))
    post = brand.ended(brand.post([account], publish="now", source_event_at=soon(-3600).isoformat()))
    said = {"post_id": post["targets"][0]["platform_post_id"], "thing_id": f"sp_{uuid.uuid4().hex}", "text": "When?"}
    tell(callback, {**said, "actor": "ringer"})
    (item,) = eventually(lambda: inbox(brand, account, "waiting"), bool)
    brand.ended(made(brand.api.post(f"/v1/inbox/{item['id']}/reply", json={"text": "At nine."})))
    eventually(lambda: inbox(brand, account, "answered"), bool)
    assert scores(brand) == [], "nobody has computed anything yet"

    def run() -> Json:
        service.stack.strike("Score")
        return explained(brand, "timeliness")

    first = eventually(run, lambda found: found["n"] == 2)
    parts = {one["name"]: one for one in first["parts"]}
    assert [parts[name]["n"] for name in ("publish", "response", "fresh")] == [1, 1, 1]
    assert sum(one["points"] for one in first["parts"]) == pytest.approx(first["value"], abs=0.02)
    assert sum(first["weights"].values()) == pytest.approx(1, abs=0.001)
    assert {one["scope"]["kind"] for one in scores(brand)} == {"workspace", "platform", "account"}
    assert explained(brand, "consistency")["n"] == 1

    marked_by(brand)
    second = run()
    assert instant(second.pop("computed_at")) > instant(first.pop("computed_at"))
    assert second == first


def marked_by(brand: Tenant) -> None:
    """Have the workspace due again without a change of what it is scored from: its plan is chosen as it is."""
    made(brand.api.put("/v1/plan", json={"timezone": "UTC"}))


def test_the_history_comes_as_a_picture_through_the_gateway(brand: Tenant) -> None:
    asked = {"kind": "timeliness"}
    picture = brand.api.get("/v1/scores/history", params=asked, headers={"Accept": "image/svg+xml"})
    assert picture.status_code == 200, picture.text
    assert picture.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(picture.content).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
    (point,) = made(brand.api.get("/v1/scores/history", params=asked))["data"]
    assert point["value"] == explained(brand, "timeliness")["value"]


def test_a_schedules_posts_are_made_once_however_often_the_cron_strikes(service: Service, brand: Tenant) -> None:
    """The first ones while somebody waits, the rest of two weeks by the cron, and no more by the next."""
    account, begin = brand.sandbox(), datetime.now(UTC) + timedelta(days=1)
    wanted = {
        "rule": "FREQ=DAILY;COUNT=20",
        "timezone": "Europe/Berlin",
        "starts_at": f"{begin:%Y-%m-%d}T09:00:00",
        "post": {"text": "The bells ring at nine.", "targets": [{"account_id": account}]},
    }
    schedule = made(brand.api.post("/v1/schedules", json=wanted))

    def posts() -> list[tuple[str, str]]:
        asked = {"schedule_id": schedule["id"], "limit": "100"}
        found = made(brand.api.get("/v1/posts", params=asked))["data"]
        return sorted((one["occurrence"], one["id"]) for one in found)

    at_once = posts()
    service.stack.strike("Recur")
    ahead = posts()
    assert len(at_once) == AT_ONCE
    assert len(ahead) in (13, 14), "those of the next fourteen days"
    assert len({occurrence for occurrence, _ in ahead}) == len(ahead)
    assert set(at_once) < set(ahead)
    service.stack.strike("Recur")
    assert posts() == ahead
