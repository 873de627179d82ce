"""The alarms ring: what waited for them goes out on time and once, and what was called off does not.

The last of these files by name: by now most of the two minutes have passed.
"""

import pytest

from chalicelib.service.records import CANARY
from infra.local import STAGE
from infra.trace import life, saying
from tests.e2e.evening import Evening, alarms
from tests.e2e.tenant import Json, Tenant, eventually, instant

pytestmark = pytest.mark.e2e


def only_target(owner: Tenant, post: Json) -> Json:
    """The post's target once the post has ended, in one single message on the network if it is out."""
    target: Json = owner.ended(post)["targets"][0]
    if target["state"] == "published":
        assert [one["id"] for one in owner.timeline(target["account_id"])] == [target["platform_post_id"]]
    return target


def told(evening: Evening, post_id: str) -> set[str]:
    """What the logs say that happened to the post."""
    return {line.said["event"] for line in life(evening.service.client("logs"), STAGE, post_id)}


@pytest.mark.parametrize("which", ["first", "second"])
def test_what_waited_for_its_alarm_goes_out_once_and_never_before_its_time(evening: Evening, which: str) -> None:
    post = getattr(evening, which)
    target = only_target(evening.owner, post)
    assert target["state"] == "published"
    assert instant(target["published_at"]) >= instant(post["scheduled_at"])


def test_a_post_that_waited_for_its_alarm_is_woken_by_it(evening: Evening) -> None:
    for post in (evening.first, evening.second, evening.put_off):
        only_target(evening.owner, post)
        assert "dispatched" in told(evening, post["id"])


def test_an_alarm_that_rang_is_gone(evening: Evening) -> None:
    only_target(evening.owner, evening.first)
    eventually(lambda: alarms(evening.service), lambda names: evening.alarm not in names)


def test_a_post_that_was_put_off_goes_out_once_at_its_new_time(evening: Evening) -> None:
    target = only_target(evening.owner, evening.put_off)
    assert target["state"] == "published"
    assert instant(target["scheduled_at"]) > instant(evening.first["scheduled_at"])
    assert instant(target["published_at"]) >= instant(target["scheduled_at"])


def test_a_cancelled_post_does_not_go_out_when_its_alarm_rings(evening: Evening) -> None:
    only_target(evening.owner, evening.put_off)
    target = only_target(evening.owner, evening.cancelled)
    assert target["state"] == "cancelled"
    assert evening.owner.timeline(target["account_id"]) == []


def test_a_post_that_was_brought_forward_does_not_go_out_again_at_its_old_time(evening: Evening) -> None:
    only_target(evening.owner, evening.put_off)
    target = only_target(evening.owner, evening.brought_forward)
    assert target["state"] == "published"
    assert instant(target["published_at"]) < evening.minute


def test_a_post_whose_alarm_is_lost_is_found_by_the_sweep(evening: Evening) -> None:
    """How soon, the simulations say: tests/simulation/test_random.py."""
    target = only_target(evening.owner, evening.forgotten)
    assert target["state"] == "published"
    assert instant(target["published_at"]) >= instant(evening.forgotten["scheduled_at"])
    assert "swept_up" in told(evening, evening.forgotten["id"])
    assert "dispatched" not in told(evening, evening.forgotten["id"])


def test_what_the_canary_sings_goes_the_way_of_every_post(evening: Evening) -> None:
    lines = saying(evening.service.client("logs"), STAGE, CANARY)
    (song,) = {line.said["post"] for line in lines if line.said["event"] == "accepted"}
    eventually(lambda: told(evening, song), lambda events: {"accepted", "dispatched", "published"} <= events)
