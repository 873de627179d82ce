"""What `make deploy` and `make destroy` say and refuse, over a stack that is not there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra import deploy
from infra import stack as stacks
from infra.package import Package
from infra.stack import Change, ChangeSet, Stack

ROUTINE = [
    Change("Add", "PublishVersionb", "AWS::Lambda::Version", "False"),
    Change("Remove", "PublishVersiona", "AWS::Lambda::Version", "False"),
    Change("Modify", "Publish", "AWS::Lambda::Function", "False"),
]
OUTPUTS = {"ApiUrl": "https://api", "TableName": "table-1", "KmsKeyArn": "key-1", "MediaBucket": "bucket-1"}


@dataclass
class FakeStack:
    """A stack that remembers what was asked of it."""

    changes: list[Change] | None = None
    present: bool = True
    name: str = "carillon-dev"
    endpoint: str | None = None
    done: list[str] = field(default_factory=list)

    def status(self) -> str | None:
        return "UPDATE_COMPLETE" if self.present else None

    def parameters(self) -> dict[str, str]:
        return {"Stage": "dev", "Rollout": "Linear10PercentEvery1Minute"}

    def outputs(self) -> dict[str, str]:
        return OUTPUTS

    def prepare(self, _package: Package, parameters: dict[str, str]) -> ChangeSet | None:
        self.done.append(f"prepare {parameters}")
        return None if self.changes is None else ChangeSet("set-1", self.changes)

    def execute(self, _change_set: ChangeSet, _say: Callable[[str], object]) -> None:
        self.done.append("execute")

    def decline(self, _change_set: ChangeSet) -> None:
        self.done.append("decline")

    def delete(self, _say: Callable[[str], object]) -> None:
        self.done.append("delete")


@dataclass
class FakePackage:
    """A package whose template has parameters, and nothing else."""

    known: dict[str, Any] = field(default_factory=lambda: {"Rollout": {"Default": "AllAtOnce"}})

    def template(self) -> dict[str, Any]:
        return {"Parameters": self.known}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    """A deployed stack for which a routine release is ready."""
    made = FakeStack(ROUTINE)
    monkeypatch.setattr(deploy, "_stack", lambda _stage: made)
    monkeypatch.setattr(deploy, "package", FakePackage)
    return made


def types(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: answer)


def refused(*changes: Change) -> list[str]:
    return [change.resource for change in deploy.lost([*changes, *ROUTINE])]


def test_a_routine_release_says_what_it_changes_and_how_it_takes_over(
    stack: FakeStack, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.deploy("dev", {}, ask=False, replace=False)
    said = capsys.readouterr().out
    assert "2 added or changed in place, 0 removed or replaced" in said
    assert "Publish " in said
    assert "!!" not in said
    assert "take over by Linear10PercentEvery1Minute. An alarm meanwhile gives back" in said
    assert "first release" not in said
    assert "ApiUrl                   https://api" in said
    assert stack.done == ["prepare {'Stage': 'dev'}", "execute"]


def test_a_first_release_says_what_comes_next(stack: FakeStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.present = False
    deploy.deploy("dev", {"AlarmEmail": "me@example.com"}, ask=False, replace=False)
    said = capsys.readouterr().out
    assert "infra.admin --stage dev workspace create" in said
    assert "take over" not in said
    assert stack.done[0] == "prepare {'AlarmEmail': 'me@example.com', 'Stage': 'dev'}"


def test_what_is_removed_or_replaced_is_marked() -> None:
    said = "\n".join(
        deploy.explained(
            "carillon-dev",
            [
                *ROUTINE,
                Change("Remove", "OldQueue", "AWS::SQS::Queue", "False"),
                Change("Modify", "PublishQueue", "AWS::SQS::Queue", "True"),
                Change("Modify", "AlarmGroup", "AWS::Scheduler::ScheduleGroup", "Conditional"),
            ],
        )
    )
    assert "3 removed or replaced" in said
    assert "!! REMOVED         OldQueue" in said
    assert "!! REPLACED        PublishQueue" in said
    assert "!! MAYBE REPLACED  AlarmGroup" in said
    assert "holds data" not in said


@pytest.mark.parametrize("kind", deploy.HOLDS_DATA)
@pytest.mark.parametrize(
    ("action", "replacement"), [("Remove", "False"), ("Modify", "True"), ("Modify", "Conditional")]
)
def test_a_release_that_would_do_without_its_data_is_refused(
    stack: FakeStack, capsys: pytest.CaptureFixture[str], kind: str, action: str, replacement: str
) -> None:
    stack.changes = [*ROUTINE, Change(action, "Precious", kind, replacement)]
    with pytest.raises(SystemExit, match="Refused; nothing was changed"):
        deploy.deploy("dev", {}, ask=False, replace=False)
    assert stack.done[1:] == ["decline"]
    assert "!! Precious holds data" in capsys.readouterr().out


def test_it_is_done_all_the_same_for_who_insists(stack: FakeStack) -> None:
    stack.changes = [Change("Modify", "Table", "AWS::DynamoDB::Table", "True")]
    deploy.deploy("dev", {}, ask=False, replace=True)
    assert stack.done[1:] == ["execute"]


def test_data_that_are_added_or_changed_in_place_are_no_loss() -> None:
    table = "AWS::DynamoDB::Table"
    assert refused(Change("Add", "Table", table, "False"), Change("Modify", "Table", table, "False")) == []
    assert refused(Change("Modify", "Table", table, "True")) == ["Table"]


def test_nobody_at_the_keyboard_is_a_no(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(SystemExit, match="Nothing was changed"):
        deploy.deploy("dev", {}, ask=True, replace=False)
    assert stack.done[1:] == ["decline"]


def test_destroying_keeps_data_unless_told(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploy, "delete_data", lambda *_: pytest.fail("nobody asked for it"))
    deploy.destroy("dev", ask=False, data=False)
    assert "Stays behind: table table-1, bucket bucket-1, key key-1" in capsys.readouterr().out
    assert stack.done == ["delete"]


@pytest.mark.parametrize("answer", ["", "y", "yes", "carillon", "carillon-prod"])
def test_data_are_deleted_for_the_stacks_own_name_alone(
    stack: FakeStack, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    types(monkeypatch, answer)
    with pytest.raises(SystemExit, match="Nothing was changed"):
        deploy.destroy("dev", ask=False, data=True)
    assert stack.done == []


def test_data_are_deleted_after_the_stack(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "carillon-dev")
    monkeypatch.setattr(deploy, "delete_data", lambda _stack, data: stack.done.append(str(data)))
    deploy.destroy("dev", ask=False, data=True)
    assert stack.done == ["delete", "Data(table='table-1', key='key-1', bucket='bucket-1')"]


def test_the_table_the_bucket_with_all_its_media_and_the_key_are_deleted() -> None:
    with mock_aws():
        session = boto3.Session("test", "test", region_name="us-east-1")
        s3, dynamodb, kms = session.client("s3"), session.client("dynamodb"), session.client("kms")
        s3.create_bucket(Bucket="bucket-1")
        for n in range(3):
            s3.put_object(Bucket="bucket-1", Key=f"media/{n}", Body=b"x")
        dynamodb.create_table(
            TableName="table-1",
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        deploy.delete_data(Stack("carillon-dev", session), deploy.Data("table-1", key, "bucket-1"))
        assert dynamodb.list_tables()["TableNames"] == s3.list_buckets()["Buckets"] == []
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


class FakeCloudFormation:
    """A stack with parameters of its own, for which no change set holds a change."""

    class AlreadyExistsException(Exception):
        """What boto3 hears that asks again because the first answer was late."""

    def __init__(self, *, late: bool = False) -> None:
        self.asked: dict[str, Any] = {}
        self.late = late
        self.exceptions = self

    def client(self, _service: str, **_more: object) -> "FakeCloudFormation":
        return self

    def describe_stacks(self, **_more: object) -> dict[str, Any]:
        kept = {"Stage": "dev", "AlarmEmail": "oncall@example.com", "Forgotten": "by now"}
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in kept.items()]
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Parameters": parameters}]}

    def create_change_set(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        if self.late:
            raise self.AlreadyExistsException
        return {"Id": "set-1"}

    def describe_change_set(self, **asked: Any) -> dict[str, Any]:
        assert asked == {name: self.asked[name] for name in ("StackName", "ChangeSetName")}
        return {"ChangeSetId": "set-1"}

    def get_paginator(self, _name: str) -> "FakeCloudFormation":
        return self

    def paginate(self, **_more: object) -> list[dict[str, Any]]:
        return [{"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}]

    def delete_change_set(self, **_more: object) -> None: ...


@pytest.mark.parametrize("late", [False, True], ids=["at once", "after an answer that came too late"])
def test_parameters_that_are_not_named_stay_what_they_were(monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    monkeypatch.setattr(stacks, "upload", lambda _stack, _package, parameters: f"https://s3/{len(parameters)}")
    aws, package = FakeCloudFormation(late=late), FakePackage()
    package.known = {"Stage": {}, "AlarmEmail": {}, "Rollout": {"Default": "AllAtOnce"}}
    assert Stack("carillon-dev", aws).prepare(package, {"Rollout": "AllAtOnce"}) is None  # type: ignore[arg-type]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in aws.asked["Parameters"]}
    assert given == {"Stage": "dev", "AlarmEmail": "oncall@example.com", "Rollout": "AllAtOnce"}
    assert aws.asked["TemplateURL"] == "https://s3/3"
    assert aws.asked["ChangeSetType"] == "UPDATE"
