"""Posts that wait for their alarms. They wait two minutes, so they are made before all others and looked at last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.local import Service
from tests.e2e.tenant import Json, Tenant, made, soon

MINUTE = timedelta(minutes=1)
INTO_THE_MINUTE = timedelta(seconds=10)
"""The alarm rings as its minute begins; what is due after it is on time."""


@dataclass(frozen=True)
class Evening:
    """What was planned, and what lay in the queue and in EventBridge while it was."""

    service: Service
    owner: Tenant
    minute: datetime
    alarm: str
    schedule: dict[str, Any]
    first: Json
    messages_after_first: int
    alarms_after_first: list[str]
    second: Json
    alarms_after_second: list[str]
    cancelled: Json
    put_off: Json
    """Rescheduled to a later second of the same minute."""
    brought_forward: Json
    """Rescheduled to within the window, so that it goes out long before its old alarm rings."""
    forgotten: Json
    """Its alarm was deleted by somebody."""
    deleted_alarm: str


def plan(service: Service, owner: Tenant, window: timedelta) -> Evening:
    """Plan the evening; each post has an account of its own."""
    beyond = soon(window.total_seconds() + 40)  # and still beyond it when a busy machine comes to look
    minute = beyond.replace(second=0, microsecond=0) + MINUTE
    due = minute + INTO_THE_MINUTE

    forgotten = _post(owner, beyond)
    [deleted] = alarms(service)
    service.client("scheduler").delete_schedule(Name=deleted, GroupName=service.outputs["AlarmGroup"])

    first = _post(owner, due)
    messages, after_first = _messages(service), alarms(service)
    schedule = service.client("scheduler").get_schedule(Name=after_first[0], GroupName=service.outputs["AlarmGroup"])
    second = _post(owner, due + timedelta(seconds=1))
    after_second = alarms(service)

    cancelled, put_off, brought_forward = [_post(owner, due) for _ in range(3)]
    made(owner.api.post(f"/v1/posts/{cancelled['id']}/cancel"))
    service.stack.strike("Canary")
    return Evening(
        service,
        owner,
        minute,
        f"due-{minute:%Y%m%dT%H%M}",
        schedule,
        first,
        messages,
        after_first,
        second,
        after_second,
        cancelled,
        _moved(owner, put_off, due + timedelta(seconds=5)),
        _moved(owner, brought_forward, soon(10)),
        forgotten,
        deleted,
    )


def alarms(service: Service) -> list[str]:
    """The names of the schedules in the service's group."""
    found = service.client("scheduler").list_schedules(GroupName=service.outputs["AlarmGroup"])
    return [schedule["Name"] for schedule in found["Schedules"]]


def _post(owner: Tenant, due: datetime) -> Json:
    return owner.post([owner.sandbox()], scheduled_at=due.isoformat())


def _moved(owner: Tenant, post: Json, due: datetime) -> Json:
    return made(owner.api.patch(f"/v1/posts/{post['id']}", json={"scheduled_at": due.isoformat()}))


def _messages(service: Service) -> int:
    """How many messages the publish queue holds: ready, delayed or in somebody's hands."""
    kinds = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
    ]
    queue = service.outputs["PublishQueueUrl"]
    found = service.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=kinds)["Attributes"]
    return sum(int(found[kind]) for kind in kinds)
