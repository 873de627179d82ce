"""The packaged template as it lives in the embedded AWS, below the level of the HTTP API."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import AlreadyRunning, Service, running_service
from tests.e2e.tenant import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Service]:
    with running_service(home, {"AlarmLeadSeconds": "5"}) as started:
        yield started


def test_parameters_reach_the_functions(service: Service) -> None:
    assert service.environment["CARILLON_ALARM_LEAD_SECONDS"] == "5"
    assert service.environment["CARILLON_STAGE"] == "local"


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing-here"), ("DELETE", "/v1/healthz"), ("GET", "/")])
def test_a_path_that_does_not_exist_is_a_problem_with_status_404(service: Service, method: str, path: str) -> None:
    response = httpx.request(method, service.url + path, trust_env=False)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


def test_an_alarm_rings_once_and_is_gone(service: Service) -> None:
    scheduler, name, group = service.client("scheduler"), "test-alarm", service.outputs["AlarmGroup"]
    scheduler.create_schedule(
        Name=name,
        GroupName=group,
        ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": service.outputs["DispatchArn"],
            "RoleArn": service.outputs["AlarmRoleArn"],
            "Input": json.dumps({"minute": "2020-01-01T09:00Z"}),
            "DeadLetterConfig": {"Arn": service.outputs["AlarmDeadLettersArn"]},
        },
    )
    assert scheduler.get_schedule(Name=name, GroupName=group)["State"] == "ENABLED"
    eventually(lambda: started(service, "dispatch"), bool)
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name=name, GroupName=group)


def test_a_message_that_nobody_can_read_does_not_hold_up_the_others(service: Service) -> None:
    sqs, queue = service.client("sqs"), service.outputs["PublishQueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="this is not one of ours")
    eventually(lambda: started(service, "publish"), bool)


def test_a_directory_serves_one_service_at_a_time(service: Service, home: Path) -> None:
    with pytest.raises(AlreadyRunning, match="already running"), running_service(home):
        pytest.fail("two services share one state")


def test_a_restart_on_another_port_keeps_key_and_data(tmp_path: Path) -> None:
    with running_service(tmp_path) as before:
        pass
    with running_service(tmp_path) as after:
        assert after.url != before.url
        assert (after.key, after.accounts) == (before.key, before.accounts)
        assert after.outputs["TableName"] == before.outputs["TableName"]
        headers = {"Authorization": f"Bearer {after.key}"}
        listed = httpx.get(f"{after.url}/v1/accounts", headers=headers, trust_env=False)
        assert {account["id"] for account in listed.json()["data"]} == set(after.accounts.values())


def started(service: Service, function: str) -> list[Any]:
    """The log lines with which a function's invocations began."""
    logs = service.client("logs")
    found = logs.filter_log_events(logGroupName=f"/carillon/local/{function}", filterPattern="START")
    events: list[Any] = found["events"]
    return events
