"""What is due later is woken by its minute's alarm: one EventBridge schedule, however many posts the minute holds."""

import pytest

from tests.e2e.evening import Evening, alarms

pytestmark = pytest.mark.e2e


def test_a_post_due_beyond_the_window_has_an_alarm_in_eventbridge_and_nothing_on_the_queue(evening: Evening) -> None:
    assert evening.first["status"] == "scheduled"
    assert evening.alarms_after_first == [evening.alarm]
    assert evening.messages_after_first == 0


def test_the_alarm_rings_once_for_the_dispatcher_and_deletes_itself(evening: Evening) -> None:
    assert evening.schedule["State"] == "ENABLED"
    assert evening.schedule["ScheduleExpression"] == f"at({evening.minute:%Y-%m-%dT%H:%M:%S})"
    assert evening.schedule["ActionAfterCompletion"] == "DELETE"
    assert evening.schedule["Target"]["Arn"] == evening.service.outputs["DispatchArn"]


def test_more_posts_in_the_same_minute_need_no_other_alarm(evening: Evening) -> None:
    assert evening.alarms_after_second == [evening.alarm]


def test_without_its_alarm_a_post_still_waits(evening: Evening) -> None:
    assert evening.deleted_alarm not in alarms(evening.service)
    assert evening.owner.read(evening.forgotten["id"])["status"] == "scheduled"
