"""A table's export is put back: whole, held, and without telling anybody what they heard before."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from chalicelib.aws.dynamodb import DynamoTable
from chalicelib.aws.events import changes_in
from chalicelib.aws.rows import PUT_BACK, Row
from chalicelib.core import publishing, restoring
from chalicelib.core.conversation import Effect, Request
from chalicelib.core.errors import Conflict
from chalicelib.core.target import State, Target
from chalicelib.ports import Item, Key, Put, Settings
from chalicelib.service import brakes, records
from chalicelib.service.sweep import HEARTBEAT
from infra import restore as command
from infra.export import Broken, Bucket, Folder, opened, place_of
from infra.restore import DynamoRows, Plan, restore, sent_since, set_alarms
from tests import backup
from tests.backup import HOME
from tests.fakes import START, FakeAlarms, FakeClock, FakeTable
from tests.ports.conftest import TEMPLATE, Tagless, new_table
from tests.rows import rows
from tests.service.conftest import Stage
from tests.service.conftest import stage as stage_without_its_row

__all__ = ["new_table", "stage_without_its_row"]

NOW = START + timedelta(hours=2)
STOPPED = START + timedelta(hours=1)
PLAN = Plan(START, STOPPED, NOW)
FILE = f"data/{0:026}.json.gz"
NewTable = Callable[[Any], DynamoTable]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        yield


@pytest.fixture
def stage(stage_without_its_row: Stage) -> Stage:
    one = stage_without_its_row
    one.world.table.write(Put(Item(Key(f"W#{one.workspace_id}", "WORKSPACE"), {"id": one.workspace_id}), expect=0))
    one.accounts = one.accounts[:1]
    return one


class Memory:
    """A table in memory to restore into."""

    def __init__(self) -> None:
        self.table = FakeTable()
        self.order: list[str] = []

    def add(self, row: Row) -> bool:
        self.order.append(row["SK"]["S"])
        return self.table.load(row)

    def put(self, row: Row) -> None:
        self.add(row)


def restored(world: Any, plan: Plan) -> tuple[FakeTable, command.Report]:
    memory = Memory()
    return memory.table, restore(opened(backup.made(world.table.raw, START)), memory, plan, world.settings)


def target(**fields: Any) -> Target:
    basis = Target("tgt_1", "post_1", "ws_1", "acc_1", "sandbox", State.SCHEDULED, STOPPED - timedelta(minutes=5))
    return replace(basis, next_at=basis.scheduled_at, **fields)


def test_every_row_comes_back_and_the_heartbeat_of_the_lost_machine_does_not() -> None:
    memory = Memory()
    report = restore(opened(backup.made(rows(), START)), memory, PLAN, Settings())
    before = {Key(row["PK"]["S"], row["SK"]["S"]) for row in rows()}
    after = {item.key for item in memory.table.everything}
    assert before - after == {HEARTBEAT}
    assert {key.sk for key in after - before} == {"HOLD"}
    assert report.rows == len(rows()) - 1


def test_what_is_there_already_stays_when_a_restore_goes_on(aws: None, new_table: NewTable) -> None:
    table = new_table(boto3.client("dynamodb"))
    rows_of = DynamoRows(boto3.client("dynamodb"), table._name)
    export = opened(backup.made([row for row in rows() if row["PK"]["S"].startswith("P#")], START))
    assert not rows_of.foreign
    first = restore(export, rows_of, PLAN, Settings())
    assert rows_of.foreign
    again = restore(export, rows_of, PLAN, Settings())
    assert (first.there, again.there, again.rows) == (0, first.rows, first.rows)
    assert isinstance(table, DynamoTable)


def test_all_workspaces_are_held_before_anything_else_is_there(stage: Stage) -> None:
    stage.create(due_in=5000)
    memory = Memory()
    report = restore(opened(backup.made(stage.world.table.raw, START)), memory, PLAN, stage.world.settings)
    assert report.workspaces == 1
    assert memory.order[0] == "HOLD"
    assert "HOLD" not in memory.order[1:]


def test_a_hold_that_was_there_stays_as_it_was(stage: Stage) -> None:
    brakes.hold(stage.world, stage.workspace_id, "key_1", reason="a crisis")
    table, _ = restored(stage.world, PLAN)
    item = table.get(brakes.hold_key(stage.workspace_id))
    assert item is not None
    assert item.doc["reason"] == "a crisis"


def test_what_was_due_is_in_doubt_and_what_was_not_is_as_it_was(stage: Stage) -> None:
    due, later = stage.create(due_in=600), stage.create(due_in=9000)
    table, report = restored(stage.world, PLAN)
    (first,) = due.targets
    (second,) = later.targets
    in_doubt = records.load_target(table, records.of(first))
    assert (in_doubt.state, in_doubt.version) == (State.UNCONFIRMED, first.version + 1)
    assert in_doubt.doubt
    assert in_doubt.doubt.over_at > STOPPED
    assert records.load_target(table, records.of(second)) == records.load_target(stage.world.table, records.of(second))
    assert report.doubts == {"sandbox": 1}


def test_minutes_that_lie_ahead_get_their_alarms(stage: Stage) -> None:
    stage.create(due_in=9000)
    _, report = restored(stage.world, PLAN)
    alarms = FakeAlarms(FakeClock(NOW))
    set_alarms(alarms, report.minutes, stage.world.settings)
    assert alarms.set == stage.world.alarms.set


@pytest.mark.parametrize("state", [State.PUBLISHED, State.CANCELLED, State.DRAFT, State.FAILED, State.REMOVED])
def test_what_has_ended_or_has_no_time_is_no_doubt(state: State) -> None:
    one = target(state=state)
    assert restoring.restored(one, START, STOPPED, NOW, {}) is one


@pytest.mark.parametrize("state", [State.DRAFT, State.FAILED, State.SCHEDULED, State.CANCELLED])
def test_what_the_logs_call_sent_is_in_doubt_whatever_the_backup_says(state: State) -> None:
    one = target(state=state, scheduled_at=NOW + timedelta(days=3))
    back = restoring.restored(one, START, STOPPED, NOW, {one.id: START + timedelta(minutes=3)})
    assert back.state is State.UNCONFIRMED
    assert back.scheduled_at == START + timedelta(minutes=3)
    given_up = restoring.not_there(back, NOW)
    assert (given_up.state, given_up.next_at) == (State.UNCONFIRMED, None)
    assert given_up.doubt


def test_what_a_person_had_to_look_for_still_is_theirs() -> None:
    one = publishing.intended(target(claim="c"), Request("POST", "https://x.test", effect=Effect.CREATE), STOPPED)
    one = replace(one, state=State.UNCONFIRMED, next_at=None)
    back = restoring.restored(one, START, STOPPED + timedelta(minutes=9), NOW, {})
    assert (back.state, back.next_at) == (State.UNCONFIRMED, None)
    assert len(back.ledger) == 1
    with pytest.raises(Conflict):
        publishing.cancelled(back, NOW)


def test_what_a_person_held_stays_held_and_is_looked_up_when_they_resume() -> None:
    one = publishing.held(target(), START)
    back = restoring.restored(one, START, STOPPED, NOW, {})
    assert (back.state, back.next_at) == (State.HELD, None)
    assert publishing.resumed(back, NOW).doubt


def test_the_stream_tells_nobody_of_what_was_put_back() -> None:
    row = {**rows()[0], "mark": PUT_BACK}
    change = {"dynamodb": {"NewImage": row}}
    written = {"dynamodb": {"NewImage": rows()[0], "OldImage": row}}
    assert changes_in({"Records": [change]}) == []
    assert len(changes_in({"Records": [change, written]})) == 1


def test_the_logs_say_what_began_to_go_out(aws: None) -> None:
    logs = boto3.client("logs")
    measured = {"_aws": {"Timestamp": 1795338060000}, "target": "tgt_2", "PublishLatenessMs": 60000}
    lines: dict[str, list[dict[str, Any]]] = {
        "publish": [{"event": "leaving", "target": "tgt_1", "due": "2026-11-22T09:00:00.000Z"}, {"event": "other"}],
        "api": [measured],
    }
    for name, said in lines.items():
        place = {"logGroupName": f"/carillon/prod/{name}", "logStreamName": "one"}
        logs.create_log_group(logGroupName=place["logGroupName"])
        logs.create_log_stream(**place)
        at = int(datetime.now(UTC).timestamp() * 1000)
        logs.put_log_events(**place, logEvents=[{"timestamp": at, "message": json.dumps(one)} for one in said])
    found = sent_since(logs, "prod", START - timedelta(days=4000))
    assert found == {"tgt_1": START, "tgt_2": datetime.fromtimestamp(1795338000, START.tzinfo)}


def test_an_export_is_read_from_a_bucket_and_from_a_copy_alike(aws: None, tmp_path: Path) -> None:
    made = backup.made(rows(), START)
    made.write(tmp_path)
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="backups")
    for name, content in made.files.items():
        s3.put_object(Bucket="backups", Key=f"{HOME}/{name}", Body=content)
    there = place_of(f"s3://backups/{HOME}", s3)
    assert isinstance(there, Bucket)
    assert [*opened(there).rows()] == [*opened(Folder(tmp_path)).rows()] == rows()


BROKEN: list[tuple[str, Callable[[backup.Backup], None], str]] = [
    ("ion", lambda made: _say(made, outputFormat="ION"), "ION"),
    ("incremental", lambda made: _say(made, exportType="INCREMENTAL_EXPORT"), "incremental"),
    ("short", lambda made: _say(made, itemCount=1), "the summary says 1"),
    ("cut", lambda made: made.files.update({FILE: backup.made([], START).files[FILE]}), "holds 0 rows"),
]


def _say(made: backup.Backup, **summary: Any) -> None:
    said = json.loads(made.files["manifest-summary.json"])
    made.files["manifest-summary.json"] = json.dumps({**said, **summary}).encode()


@pytest.mark.parametrize(("damage", "says"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_what_is_no_whole_export_is_refused(damage: Callable[[backup.Backup], None], says: str) -> None:
    made = backup.made(rows(), START)
    damage(made)
    with pytest.raises(Broken, match=says):
        [*opened(made).rows()]


def test_a_table_is_made_as_the_template_has_it(aws: None) -> None:
    dynamodb = boto3.client("dynamodb")
    properties = yaml.load(TEMPLATE.read_text(), Tagless)["Resources"]["Table"]["Properties"]  # noqa: S506
    table = DynamoRows(dynamodb, "carillon-again")
    table.make(properties)
    table.make(properties)
    made = dynamodb.describe_table(TableName="carillon-again")["Table"]
    assert made["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert {one["IndexName"] for one in made["GlobalSecondaryIndexes"]} == {"listing", "open"}
    ends = dynamodb.describe_time_to_live(TableName="carillon-again")["TimeToLiveDescription"]
    assert (ends["TimeToLiveStatus"], ends["AttributeName"]) == ("ENABLED", "expires")
    backups = dynamodb.describe_continuous_backups(TableName="carillon-again")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert not table.foreign


def test_nothing_is_restored_over_somebody_elses_rows(
    aws: None, new_table: NewTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = new_table(boto3.client("dynamodb"))
    table.write(Put(Item(Key("W#ws_1", "WORKSPACE"), {}), expect=0))
    backup.made(rows(), START).write(tmp_path)

    class Stack:
        name = "carillon-test"

        def client(self, service: str) -> Any:
            return boto3.client(service)

        def outputs(self) -> dict[str, str]:
            return {"TableName": table._name}

        def environment(self, function: str) -> dict[str, str]:
            return {}

    monkeypatch.setattr(command, "stack_of", lambda stage: Stack())
    with pytest.raises(SystemExit, match="holds rows"):
        command.main(["--from", str(tmp_path), "--stage", "test", "--no-logs"])
