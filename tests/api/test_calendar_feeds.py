"""Posts in a calendar: a secret link, one event for each due time, the same for ever."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from chalice.test import HTTPResponse

from chalicelib.service import feeds, limits
from chalicelib.service.limits import Limits
from tests.api.client import Api, issues, problem

Json = dict[str, Any]


def feed(client: Api, **named: Any) -> Json:
    answer = client.post("/v1/calendar/feeds", named)
    assert answer.status_code == 201, answer.body
    return dict(answer.json_body)


def opened(client: Api, made: Json) -> HTTPResponse:
    """What a calendar app gets, which has the link and no key."""
    path = urlsplit(made["url"])
    return client.get(f"{path.path.removeprefix('/api')}?{path.query}", authorization="")


def events(answer: HTTPResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.body
    assert answer.headers["Content-Type"] == "text/calendar"
    text = answer.body.decode().replace("\r\n ", "")
    blocks = re.findall(r"BEGIN:VEVENT\r\n(.*?)END:VEVENT", text, re.DOTALL)
    return [dict(line.split(":", 1) for line in block.splitlines()) for block in blocks]


def test_the_link_shows_the_posts_in_their_order(client: Api) -> None:
    late = client.created(text="晚", scheduled_at=client.later(120))
    early = client.created(text="早上好，\n世界", scheduled_at=client.later(60))
    client.post("/v1/posts", client.draft(text="A draft has no time"))

    found = events(opened(client, feed(client)))

    assert [one["UID"] for one in found] == [f"{early['id']}@carillon", f"{late['id']}@carillon"]
    assert [one["DTSTART"] for one in found] == ["20261122T100000Z", "20261122T110000Z"]
    assert found[0]["SUMMARY"] == "早上好，"
    assert found[0]["CATEGORIES"] == "sandbox"
    assert found[0]["STATUS"] == "CONFIRMED"


def test_an_event_keeps_its_uid_when_its_post_moves(client: Api) -> None:
    made, link = client.created(), feed(client)
    before = events(opened(client, link))[0]

    client.patch(f"/v1/posts/{made['id']}", {"scheduled_at": client.later(300)})
    after = events(opened(client, link))[0]

    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert after["DTSTART"] == "20261122T140000Z"


def test_whatever_changes_an_event_raises_its_sequence_and_dates_it(client: Api) -> None:
    targets, link = [{"account_id": client.account()} for _ in range(3)], feed(client)
    path = f"/v1/posts/{client.created(targets=targets)['id']}"
    seen = [events(opened(client, link))[0]]

    changes: tuple[Callable[[], Any], ...] = (
        lambda: client.patch(path, {"text": "Dong"}),
        lambda: client.patch(path, {"targets": targets[:1]}),
        lambda: client.post(f"{path}/hold"),
        lambda: client.post(f"{path}/cancel"),
    )
    for change in changes:
        client.world.clock.advance(60)
        assert change().status_code < 300
        seen.append(events(opened(client, link))[0])

    numbers = [int(one["SEQUENCE"]) for one in seen]
    assert numbers == sorted(set(numbers))
    assert len({one["LAST-MODIFIED"] for one in seen}) == len(seen)


def test_a_target_with_a_time_of_its_own_is_an_event_of_its_own(client: Api) -> None:
    one, two = client.account(), client.account()
    own = client.later(300)
    made = client.created(targets=[{"account_id": one}, {"account_id": two, "scheduled_at": own}])

    found = events(opened(client, feed(client)))

    target = next(each["id"] for each in made["targets"] if each["account_id"] == two)
    assert [each["UID"] for each in found] == [f"{made['id']}@carillon", f"{target}@carillon"]
    assert [each["DTSTART"] for each in found] == ["20261122T100000Z", "20261122T140000Z"]


def test_a_post_whose_targets_alone_have_times_is_found_by_them(client: Api) -> None:
    own = client.later(200 * 24 * 60)
    made = client.post("/v1/posts", client.draft(targets=[{"account_id": client.account(), "scheduled_at": own}]))
    client.world.clock.advance(hours=100 * 24)

    assert [one["DTSTART"][:8] for one in events(opened(client, feed(client)))] == ["20270610"]
    listed = client.get(f"/v1/posts?from={client.later(0)}").json_body["data"]
    assert [one["id"] for one in listed] == [made.json_body["id"]]


def test_what_is_called_off_or_held_says_so(client: Api) -> None:
    off, held = client.created(), client.created()
    client.post(f"/v1/posts/{off['id']}/cancel")
    client.post(f"/v1/posts/{held['id']}/hold")

    found = {one["UID"]: one["STATUS"] for one in events(opened(client, feed(client)))}

    assert found == {f"{off['id']}@carillon": "CANCELLED", f"{held['id']}@carillon": "TENTATIVE"}


def test_a_feed_of_one_account_shows_only_its_posts(client: Api) -> None:
    account = client.account()
    wanted = client.created(targets=[{"account_id": account}])
    client.created()

    made = feed(client, name="钟楼", account_id=account)

    assert [one["UID"] for one in events(opened(client, made))] == [f"{wanted['id']}@carillon"]
    assert "X-WR-CALNAME:钟楼" in opened(client, made).body.decode()


def test_the_nearest_are_shown_where_there_are_too_many(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST_POSTS", 2)
    account = client.account()
    for minute in (10, 20, 30, 60, 70, 80):
        client.created(scheduled_at=client.later(minute), targets=[{"account_id": account}])
    client.world.clock.advance(minutes=45)

    shown = [one["DTSTART"][9:13] for one in events(opened(client, feed(client)))]

    assert shown == ["0920", "0930", "1000", "1010"]


def test_a_calendar_is_no_larger_than_lambda_may_answer(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST_BYTES", 20_000)
    accounts = [client.account() for _ in range(3)]
    for minute in range(10, 80, 10):
        own = [{"account_id": one, "scheduled_at": client.later(minute + n)} for n, one in enumerate(accounts)]
        client.created(text="钟" * 600, scheduled_at=client.later(minute), targets=own)
    client.world.clock.advance(minutes=40)

    answer = opened(client, feed(client))

    shown = [one["DTSTART"][9:13] for one in events(answer)]
    assert len(json.dumps(answer.body.decode())) < 20_000
    assert shown == sorted(shown)
    assert "0940" in shown, "the nearest stay"
    assert 2 <= len(shown) <= 5


def test_a_feed_is_listed_without_its_link_and_revoked_at_once(client: Api) -> None:
    kept, gone = feed(client, name="Kept"), feed(client, name="Gone")
    listed = client.get("/v1/calendar/feeds").json_body["data"]
    assert {one["name"] for one in listed} == {"Kept", "Gone"}
    assert "ckf_" not in str(listed)

    assert client.delete(f"/v1/calendar/feeds/{gone['id']}").status_code == 204

    problem(opened(client, gone), 404, "not_found")
    assert opened(client, kept).status_code == 200
    assert [one["name"] for one in client.get("/v1/calendar/feeds").json_body["data"]] == ["Kept"]


@pytest.mark.parametrize("token", ["ckf_", "ckf_" + "x" * 40, "ckf_" + "x" * 190, "ck_live_x", "钟"])
def test_what_is_no_token_opens_nothing(client: Api, token: str) -> None:
    feed(client)

    problem(client.get(f"/v1/calendar.ics?token={token}", authorization=""), 404, "not_found")


def test_neither_key_nor_another_tenants_feed_opens_ours(client: Api) -> None:
    client.created()
    stranger = client.stranger()

    problem(client.get("/v1/calendar.ics"), 400, "invalid_query")
    problem(client.get(f"/v1/calendar.ics?token={client.key}"), 404, "not_found")
    assert events(opened(client, feed(stranger))) == []


def test_a_key_that_may_not_read_posts_makes_no_link_that_may(client: Api) -> None:
    writer = f"Bearer {client.new_key('posts:write')}"

    refused = problem(client.post("/v1/calendar/feeds", {}, authorization=writer), 403, "missing_scope")

    assert "posts:read" in refused["detail"]
    assert feeds.of(client.world, client.workspace_id) == []


def test_a_link_that_is_asked_all_the_time_costs_the_workspace_neither_reads_nor_requests(client: Api) -> None:
    limits.change(client.world, client.workspace_id, Limits(per_key=1000, per_workspace=1000))
    busy, quiet = feed(client), feed(client)

    asked = [opened(client, busy).status_code for _ in range(feeds.LIMITS.per_key + 1)]

    assert asked == [*[200] * feeds.LIMITS.per_key, 429]
    refused = opened(client, busy)
    problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert opened(client, quiet).status_code == 200
    assert client.get("/v1/posts").headers["RateLimit"].startswith('"key";r=997;')
    client.world.clock.advance(minutes=1)
    assert opened(client, busy).status_code == 200


def test_a_token_is_no_api_key(client: Api) -> None:
    token = feed(client)["url"].partition("token=")[2]

    problem(client.get("/v1/posts", authorization=f"Bearer {token}"), 401, "unauthorized")


def test_no_row_holds_the_token(client: Api) -> None:
    made = feed(client)
    token = made["url"].partition("token=")[2]

    assert token not in str(client.world.table.everything)


def test_a_request_that_is_repeated_after_a_crash_leaves_one_feed(client: Api) -> None:
    first = feeds.make(client.world, client.workspace_id, "Mine", None, "seed")
    second = feeds.make(client.world, client.workspace_id, "Mine", None, "seed")

    assert second.feed.id == first.feed.id
    assert feeds.read(client.world, second.token)
    problem(client.get(f"/v1/calendar.ics?token={first.token}"), 404, "not_found")
    assert len(feeds.of(client.world, client.workspace_id)) == 1


def test_the_same_request_after_a_day_makes_another_link_and_harms_none(client: Api) -> None:
    first = client.post("/v1/calendar/feeds", {}, idempotency_key="mine").json_body

    client.world.clock.advance(hours=24, seconds=1)
    again = client.post("/v1/calendar/feeds", {}, idempotency_key="mine").json_body

    assert again["id"] != first["id"]
    assert [opened(client, one).status_code for one in (first, again)] == [200, 200]


def test_a_feed_of_nobodys_account_is_refused(client: Api) -> None:
    theirs = client.stranger().account()

    for account in ("acc_nobody", theirs):
        answer = client.post("/v1/calendar/feeds", {"account_id": account})
        assert issues(answer) == [("account_id", "unknown_account")]


def test_there_are_50_feeds_at_most(client: Api) -> None:
    for _ in range(feeds.MOST_FEEDS):
        feeds.make(client.world, client.workspace_id, "", None)

    problem(client.post("/v1/calendar/feeds", {}), 409, "too_many_feeds")
