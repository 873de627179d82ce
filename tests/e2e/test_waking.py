"""The alarms ring: what waited for them goes out on time and once, and what was called off does not.

The last of these files by name: by now most of the two minutes have passed.
"""

from datetime import timedelta

import pytest

from tests.e2e.evening import Evening, alarms
from tests.e2e.tenant import Json, Tenant, eventually, instant

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(330)]

WAKING = 240
"""Longer than the window, what is left of its minute, and the next one."""
SWEPT_WITHIN = timedelta(seconds=90)
ALARMED_WITHIN_MS = 30_000
"""On a machine that has other things to do at that moment, too."""


def only_target(owner: Tenant, post: Json) -> Json:
    """The post's target once the post has ended, in one single message on the network if it is out."""
    target: Json = owner.ended(post, within=WAKING)["targets"][0]
    if target["state"] == "published":
        assert [one["id"] for one in owner.timeline(target["account_id"])] == [target["platform_post_id"]]
    return target


@pytest.mark.parametrize("which", ["first", "second"])
def test_what_waited_for_its_alarm_goes_out_once_and_never_before_its_time(evening: Evening, which: str) -> None:
    post = getattr(evening, which)
    target = only_target(evening.owner, post)
    assert target["state"] == "published"
    assert instant(target["published_at"]) >= instant(post["scheduled_at"])


def test_a_post_that_waited_for_its_alarm_is_woken_by_it_and_not_by_the_sweep_after_it(evening: Evening) -> None:
    """How late that is, where nothing else is on the machine, is for `make bench` to say."""
    targets = [only_target(evening.owner, post) for post in (evening.first, evening.second, evening.put_off)]
    assert min(target["lateness_ms"] for target in targets) <= ALARMED_WITHIN_MS


def test_an_alarm_that_rang_is_gone(evening: Evening) -> None:
    only_target(evening.owner, evening.first)
    eventually(lambda: alarms(evening.service), lambda names: evening.alarm not in names, within=15)


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


def test_a_post_whose_alarm_is_lost_is_found_by_the_sweep_within_90_seconds(evening: Evening) -> None:
    target = only_target(evening.owner, evening.forgotten)
    assert target["state"] == "published"
    assert timedelta() <= timedelta(milliseconds=target["lateness_ms"]) <= SWEPT_WITHIN
