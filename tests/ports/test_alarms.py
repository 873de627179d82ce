"""What every alarm clock promises."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws import scheduler
from chalicelib.aws.clients import make
from chalicelib.aws.scheduler import SchedulerAlarms
from chalicelib.core.errors import Unavailable
from tests.fakes import START, FakeAlarms, FakeClock, ScriptedClient

MINUTE = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
AT = MINUTE - timedelta(seconds=180)
DISPATCH = "arn:aws:lambda:eu-central-1:123456789012:function:dispatch"
ROLE = "arn:aws:iam::123456789012:role/alarm"
DEAD_LETTERS = "arn:aws:sqs:eu-central-1:123456789012:alarm-dead-letters"


def alarms_on(client: Any, dead_letters: str | None = DEAD_LETTERS) -> SchedulerAlarms:
    return SchedulerAlarms(
        group="carillon", target=DISPATCH, role=ROLE, dead_letters=dead_letters, scheduler=lambda: client
    )


@pytest.fixture
def cloud(moto: None) -> Any:
    client = make("scheduler")
    client.create_schedule_group(Name="carillon")
    return client


@pytest.mark.aws
def test_an_alarm_is_a_one_shot_schedule_that_wakes_the_dispatcher_and_deletes_itself(cloud: Any) -> None:
    alarms_on(cloud).ensure(MINUTE, AT + timedelta(milliseconds=700))
    made = cloud.get_schedule(GroupName="carillon", Name="due-20270301T0900")
    assert made["ScheduleExpression"] == "at(2027-03-01T08:57:00)"
    assert made["ActionAfterCompletion"] == "DELETE"
    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert made["Target"]["Arn"] == DISPATCH
    assert made["Target"]["RoleArn"] == ROLE
    assert made["Target"]["DeadLetterConfig"] == {"Arn": DEAD_LETTERS}
    assert json.loads(made["Target"]["Input"]) == {"minute": "2027-03-01T09:00:00.000Z"}


@pytest.mark.aws
def test_a_time_in_another_zone_is_written_in_utc(cloud: Any) -> None:
    shanghai = timezone(timedelta(hours=8))
    alarms_on(cloud).ensure(MINUTE.astimezone(shanghai), AT.astimezone(shanghai))
    made = cloud.get_schedule(GroupName="carillon", Name="due-20270301T0900")
    assert made["ScheduleExpression"] == "at(2027-03-01T08:57:00)"
    assert json.loads(made["Target"]["Input"]) == {"minute": "2027-03-01T09:00:00.000Z"}


@pytest.mark.aws
def test_an_alarm_that_another_process_has_made_stays_as_it_is(cloud: Any) -> None:
    alarms_on(cloud).ensure(MINUTE, AT)
    alarms_on(cloud).ensure(MINUTE, AT + timedelta(minutes=1))
    [only] = cloud.list_schedules(GroupName="carillon")["Schedules"]
    assert (
        cloud.get_schedule(GroupName="carillon", Name=only["Name"])["ScheduleExpression"] == "at(2027-03-01T08:57:00)"
    )


def test_an_alarm_is_made_once_by_a_process_that_remembers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "REMEMBERED", 2)
    client = ScriptedClient(*[{}] * 4)
    alarms = alarms_on(client)
    for minutes in (0, 0, 1, 0, 2, 0):  # the third name drives out the first
        alarms.ensure(MINUTE + timedelta(minutes=minutes), AT)
    assert [call["Name"][-2:] for call in client.calls] == ["00", "01", "02", "00"]


def test_an_alarm_that_could_not_be_made_is_not_remembered() -> None:
    refusal = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "CreateSchedule")
    client = ScriptedClient(refusal, {})
    alarms = alarms_on(client)
    with pytest.raises(Unavailable, match="scheduler: ThrottlingException"):
        alarms.ensure(MINUTE, AT)
    alarms.ensure(MINUTE, AT)
    assert client.answers == []


def test_an_alarm_without_a_dead_letter_queue_has_none() -> None:
    client = ScriptedClient({})
    alarms_on(client, dead_letters=None).ensure(MINUTE, AT)
    assert "DeadLetterConfig" not in client.calls[0]["Target"]


def test_an_alarm_in_memory_rings_once_and_a_minute_that_rang_is_deaf() -> None:
    clock = FakeClock()
    alarms = FakeAlarms(clock)
    soon = START + timedelta(minutes=20)
    alarms.ensure(soon, soon - timedelta(minutes=3))
    alarms.ensure(soon, soon)
    assert alarms.next_at == soon - timedelta(minutes=3)
    assert alarms.ring() == []
    clock.advance(minutes=17)
    assert alarms.ring() == [soon]
    alarms.ensure(soon, soon)
    clock.advance(minutes=17)
    assert alarms.ring() == []
