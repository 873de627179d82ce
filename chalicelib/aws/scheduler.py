"""Alarms on EventBridge Scheduler: one one-shot schedule for each due minute, named after it."""

import json
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

from chalicelib.aws.clients import Client, answering, client, code
from chalicelib.core.timing import stamp

REMEMBERED = 1024
"""Names that this process has made and need not make again."""


class SchedulerAlarms:
    """An `Alarms` on EventBridge Scheduler: in a group, waking a function (`target`, an ARN) on behalf of a role."""

    def __init__(
        self, *, group: str, target: str, role: str, dead_letters: str | None = None, scheduler: Client | None = None
    ) -> None:
        self._group = group
        self._target = target
        self._role = role
        self._dead_letters = dead_letters
        self._scheduler = scheduler or client("scheduler")
        self._made: OrderedDict[str, None] = OrderedDict()

    def ensure(self, minute: datetime, at: datetime) -> None:
        """Make sure that the dispatcher is woken for `minute` at `at`; nothing happens where that alarm exists."""
        from botocore.exceptions import ClientError

        name = name_of(minute)
        if name in self._made:
            return
        with answering("scheduler"):
            try:
                self._scheduler().create_schedule(Name=name, **self._schedule(minute, at))
            except ClientError as refusal:
                if code(refusal) != "ConflictException":  # the name exists: so does the alarm
                    raise
        self._remember(name)

    def _remember(self, name: str) -> None:
        self._made[name] = None
        if len(self._made) > REMEMBERED:
            self._made.popitem(last=False)

    def _schedule(self, minute: datetime, at: datetime) -> dict[str, Any]:
        return {
            "GroupName": self._group,
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html, read 2026-11-22:
            # whole seconds, and UTC unless a zone is given
            "ScheduleExpression": f"at({at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": self._ringing(minute),
        }

    def _ringing(self, minute: datetime) -> dict[str, Any]:
        target: dict[str, Any] = {
            "Arn": self._target,
            "RoleArn": self._role,
            "Input": json.dumps({"minute": stamp(minute)}),
            # What rings an hour late is of no use: the sweep has seen to that minute long before.
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 30},
        }
        if self._dead_letters:
            target["DeadLetterConfig"] = {"Arn": self._dead_letters}
        return target


def name_of(minute: datetime) -> str:
    """The name of a minute's alarm: `due-20261122T0900`."""
    return f"due-{minute.astimezone(UTC):%Y%m%dT%H%M}"
