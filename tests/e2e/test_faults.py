"""A network on a bad day: every post ends in the right state, and is there as often as it should be."""

from dataclasses import dataclass

import pytest

from infra.local import Service
from tests.e2e.gateway import Gateway
from tests.e2e.tenant import Json, Tenant, instant, soon

pytestmark = pytest.mark.e2e

FAULTS = ("timeout_after_accept", "server_error_after_accept", "rate_limit", "reject", "slow")


@dataclass(frozen=True)
class Struck:
    """What became of a post that a fault struck."""

    target: Json
    seen: list[Json]


@pytest.fixture(scope="module")
def posts(owner: Tenant) -> dict[str, Json]:
    """One post per fault, each on an account of its own, all due at once."""
    due = soon(6).isoformat()
    return {fault: owner.post([owner.sandbox()], {"fault": fault}, scheduled_at=due) for fault in FAULTS}


def struck(owner: Tenant, post: Json) -> Struck:
    """The post's end; never before its time, whatever it was."""
    target = owner.ended(post)["targets"][0]
    seen = owner.timeline(target["account_id"])
    assert all(one["created_at"] >= post["scheduled_at"] for one in seen)
    return Struck(target, seen)


@pytest.mark.parametrize("fault", ["timeout_after_accept", "server_error_after_accept"])
def test_what_was_accepted_without_a_clear_answer_is_found_and_not_sent_again(
    owner: Tenant, posts: dict[str, Json], fault: str
) -> None:
    end = struck(owner, posts[fault])
    assert end.target["state"] == "published"
    assert end.target["error"] is None
    assert [one["id"] for one in end.seen] == [end.target["platform_post_id"]]


def test_what_was_limited_goes_out_once_when_the_network_allows_it(owner: Tenant, posts: dict[str, Json]) -> None:
    end = struck(owner, posts["rate_limit"])
    assert (end.target["state"], end.target["error"]) == ("published", None)
    assert end.target["attempts"] >= 2
    assert end.target["lateness_ms"] >= 2000
    assert [one["id"] for one in end.seen] == [end.target["platform_post_id"]]


def test_what_was_rejected_has_failed_with_the_networks_words_and_is_nowhere(
    owner: Tenant, posts: dict[str, Json]
) -> None:
    end = struck(owner, posts["reject"])
    assert end.target["state"] == "failed"
    assert end.target["error"]["code"] == "rejected"
    assert end.target["error"]["message"] == "the sandbox was asked to reject this"
    assert end.seen == []


def test_what_was_accepted_slowly_is_published_once(owner: Tenant, posts: dict[str, Json]) -> None:
    end = struck(owner, posts["slow"])
    assert (end.target["state"], end.target["error"]) == ("published", None)
    assert [one["id"] for one in end.seen] == [end.target["platform_post_id"]]


def test_an_account_that_fails_does_not_touch_the_other(owner: Tenant, account: str) -> None:
    rejecting = owner.sandbox()
    targets = [{"account_id": rejecting, "options": {"fault": "reject"}}, {"account_id": account}]
    post = owner.ended(owner.post([], targets=targets, publish="now"))
    assert post["status"] == "partially_published"
    assert [target["state"] for target in post["targets"]] == ["failed", "published"]
    assert (owner.texts(rejecting), owner.texts(account)) == ([], [post["text"]])


def test_while_the_network_is_down_the_post_says_so_and_waits_and_then_goes_out_once(
    service: Service, owner: Tenant, gateway: Gateway
) -> None:
    account = owner.sandbox(host=gateway.url, credentials={"key": service.key})
    gateway.close()
    waiting = owner.once(owner.post([account], publish="now"), is_unreachable)
    assert waiting["status"] == "queued"
    assert instant(waiting["targets"][0]["next_attempt_at"]) > instant(waiting["targets"][0]["error"]["at"])
    gateway.open()
    target = owner.ended(waiting)["targets"][0]
    assert (target["state"], target["error"]) == ("published", None)
    assert owner.texts(account) == [waiting["text"]]


def is_unreachable(post: Json) -> bool:
    """Whether its network did not answer."""
    error = post["targets"][0]["error"]
    return error is not None and error["code"] == "unreachable"
