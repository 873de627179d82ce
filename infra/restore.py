"""`python -m infra.restore --from s3://bucket/AWSDynamoDB/… --stage prod`: put a table's export into an empty table.

What was published after the export was made is waiting again in it. So every workspace is put on hold before anything
else is written, and every target that may have gone out since then is put back in doubt: the machine reads back whether
it is there, or a person says so, before anything of it is sent. See docs/operations.md, "Restore from a backup".

It can be run again where it broke off: what is there already stays as it is.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.clients import code
from chalicelib.aws.rows import PUT_BACK, Row, attributes, item_of, key_row
from chalicelib.core import restoring
from chalicelib.core.brakes import Hold
from chalicelib.core.target import Target
from chalicelib.core.timing import instant, minute_of, stamp
from chalicelib.platforms import platform
from chalicelib.ports import Alarms, Item, Key, Settings
from chalicelib.service import records
from chalicelib.service.brakes import hold_key
from chalicelib.service.schedule import alarm_at, is_direct
from chalicelib.service.sweep import HEARTBEAT
from infra.export import Broken, Export, opened, place_of
from infra.package import package
from infra.redrive import ANNOUNCED, NoService, stack_of
from infra.stack import Stack

BY = "restore"
LEAVING = "leaving"
SAYS = (("publish", LEAVING), ("publish", "PublishLatenessMs"), ("api", "PublishLatenessMs"))
"""The logs, and the words in them, that say what began to go out and what was published, by the machine and by hand."""
SHAPE = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
AT_ONCE = 1000
"""Rows that are on their way together; DynamoDB takes each by itself."""


class Rows(Protocol):
    """An empty table."""

    def add(self, row: Row) -> bool:
        """Put a row where none is; False where one is there already."""

    def put(self, row: Row) -> None:
        """Put a row, whatever is there."""


@dataclass(frozen=True)
class DynamoRows:
    """A table in DynamoDB."""

    dynamodb: Any
    name: str

    def add(self, row: Row) -> bool:
        """Put a row where none is; False where one is there already."""
        try:
            self.dynamodb.put_item(TableName=self.name, Item=row, ConditionExpression="attribute_not_exists(PK)")
        except ClientError as refusal:
            if code(refusal) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def put(self, row: Row) -> None:
        """Put a row, whatever is there."""
        self.dynamodb.put_item(TableName=self.name, Item=row)

    def make(self, properties: Mapping[str, Any]) -> None:
        """Make the table as the template has it, where there is none; with its stream, clean-up and backups."""
        with suppress(self.dynamodb.exceptions.ResourceInUseException):
            self.dynamodb.create_table(
                TableName=self.name,
                **{name: properties[name] for name in SHAPE},
                StreamSpecification={"StreamEnabled": True, **properties["StreamSpecification"]},
                SSESpecification={"Enabled": True},
            )
            self.dynamodb.get_waiter("table_exists").wait(TableName=self.name)
            ends, backups = properties["TimeToLiveSpecification"], properties["PointInTimeRecoverySpecification"]
            self.dynamodb.update_time_to_live(TableName=self.name, TimeToLiveSpecification=ends)
            self.dynamodb.update_continuous_backups(TableName=self.name, PointInTimeRecoverySpecification=backups)

    @property
    def foreign(self) -> bool:
        """Whether anybody's rows are in it but the stage's own."""
        page = self.dynamodb.scan(TableName=self.name, Limit=100)
        return any(row["PK"]["S"] != HEARTBEAT.pk for row in page["Items"]) or "LastEvaluatedKey" in page


@dataclass(frozen=True)
class Plan:
    """What is known of the time since the export was made."""

    exported_at: datetime
    stopped_at: datetime
    """When the machine that wrote the table had certainly stopped."""
    now: datetime
    sent: Mapping[str, datetime] = field(default_factory=dict)
    """What the logs say began to go out since, and when that was due."""


@dataclass
class Report:
    """What was restored."""

    rows: int = 0
    there: int = 0
    """Rows that were there already."""
    workspaces: int = 0
    doubts: Counter[str] = field(default_factory=Counter)
    """Targets that are looked up before anything of them is sent, by platform."""
    sent: int = 0
    """How many of these are known to be out."""
    minutes: set[datetime] = field(default_factory=set)
    """Due minutes that need an alarm."""


def restore(export: Export, rows: Rows, plan: Plan, settings: Settings, workers: int = 1) -> Report:
    """Put every row of the export into the table: holds first, then everything, and what may be out in doubt."""
    report = Report()
    for row in _holds(export, plan, report):
        rows.put(row)
    changed = (_put_back(row, plan, settings, report) for row in export.rows() if _key(row) != HEARTBEAT)
    with ThreadPoolExecutor(workers) as pool:
        while batch := list(islice(changed, AT_ONCE)):
            report.there += sum(not added for added in pool.map(lambda row: _added(rows, row), batch))
            report.rows += len(batch)
    return report


def set_alarms(alarms: Alarms, minutes: Iterable[datetime], settings: Settings) -> None:
    """See to it that each minute's alarm rings, as whoever plans a post does."""
    for minute in sorted(minutes):
        alarms.ensure(minute, alarm_at(minute, settings))


def sent_since(logs: Any, stage: str, since: datetime) -> dict[str, datetime]:
    """The targets that the logs say have begun to go out since then, and when each was due, as far as they go back."""
    found, start = dict[str, datetime](), round(since.timestamp() * 1000)
    for name, word in SAYS:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/carillon/{stage}/{name}", startTime=start, filterPattern=f'"{word}"'
        )
        for event in (event for page in pages for event in page["events"]):
            found |= _out(json.loads(event["message"]))
    return found


def _out(line: dict[str, Any]) -> dict[str, datetime]:
    """Which target a line of the log is about, and when that was due."""
    if line.get("event") == LEAVING:
        return {line["target"]: instant(line["due"])}
    at = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)
    return {line["target"]: at - timedelta(milliseconds=line["PublishLatenessMs"])}


def _holds(export: Export, plan: Plan, report: Report) -> Iterator[Row]:
    """A hold of every workspace: its own where it had one."""
    held, workspaces = dict[Key, Row](), list[str]()
    for row in export.rows():
        if row["SK"]["S"] == "HOLD":
            held[_key(row)] = row
        elif row["SK"]["S"] == "WORKSPACE":
            workspaces.append(row["PK"]["S"].removeprefix("W#"))
    report.workspaces = len(workspaces)
    reason = f"restored from a backup of {stamp(plan.exported_at)}: see what went out since, then resume"
    hold = records.to_doc(Hold(plan.exported_at, BY, reason))
    for key in map(hold_key, workspaces):
        yield held.get(key) or _row_of(Item(key, hold))


def _put_back(row: Row, plan: Plan, settings: Settings, report: Report) -> Row:
    """The row as it is put back."""
    marked = {**row, "mark": PUT_BACK}
    if not row["SK"]["S"].startswith(records.TARGET_PREFIX):
        return marked
    target = records.target_of(item_of(row))
    back = _restored(target, plan)
    if back.next_at and not is_direct(back.next_at, plan.now, settings):
        report.minutes.add(minute_of(back.next_at))
    if back is target:
        return marked
    report.doubts[target.platform] += 1
    report.sent += target.id in plan.sent
    return {**_row_of(records.target_item(back)), "rev": row["rev"]}


def _restored(target: Target, plan: Plan) -> Target:
    """In doubt where it may be out. What a person publishes by hand is theirs: nothing of it is ever sent by us."""
    if platform(target.platform).publishing == "assisted":
        return target
    return restoring.restored(target, plan.exported_at, plan.stopped_at, plan.now, plan.sent)


def _row_of(item: Item) -> Row:
    return {**key_row(item.key), "rev": {"N": "1"}, **attributes(item), "mark": PUT_BACK}


def _added(rows: Rows, row: Row) -> bool:
    """The stage's own rows replace those that a new stage has begun with: old receipts stay checkable."""
    if row["PK"]["S"] != HEARTBEAT.pk:
        return rows.add(row)
    rows.put(row)
    return True


def _key(row: Row) -> Key:
    return Key(row["PK"]["S"], row["SK"]["S"])


def told(report: Report, exported_at: datetime) -> str:
    """What was done, and what is left to do."""
    doubts = ", ".join(f"{count} {name}" for name, count in sorted(report.doubts.items()))
    return "\n".join(
        (
            f"{report.rows} rows as of {stamp(exported_at)}; {report.there} of them were there already.",
            f"{report.workspaces} workspaces are on hold.",
            f"{report.doubts.total()} targets may be out and are looked up first: {doubts or 'none'}; "
            f"the logs say of {report.sent} that they are.",
            f"{len(report.minutes)} due minutes have an alarm.",
            "Now see docs/operations.md, Restore from a backup: look, resolve, and resume workspace by workspace.",
        )
    )


def main(words: list[str] | None = None, say: Callable[[str], object] = print) -> None:
    """Carry out one command."""
    asked = _parser().parse_args(words)
    try:
        stack = stack_of(asked.stage)
        os.environ.update(_environment(stack, asked.stage))
        from chalicelib.settings import from_environment
        from chalicelib.wiring import world  # reads the environment

        export = opened(place_of(asked.source, stack.client("s3")))
        now = datetime.now(UTC)
        known = {} if asked.no_logs else sent_since(stack.client("logs"), asked.logs or asked.stage, export.exported_at)
        plan = Plan(export.exported_at, asked.stopped_at or now, now, known)
        table = DynamoRows(stack.client("dynamodb"), asked.table or stack.outputs()["TableName"])
        if asked.table:
            table.make(package().template()["Resources"]["Table"]["Properties"])
        if table.foreign and not asked.resume:
            sys.exit(f"{table.name} holds rows: restore into an empty table, or go on with one (--resume).")
        settings = from_environment(os.environ)
        report = restore(export, table, plan, settings, asked.workers)
        set_alarms(world().alarms, report.minutes, settings)
    except (Broken, NoService, OSError, ClientError, BotoCoreError) as failure:
        sys.exit(str(failure))
    say(told(report, export.exported_at))


def _environment(stack: Stack, stage: str | None) -> dict[str, str]:
    """The names of the stage's things, as its functions know them."""
    if stage:
        return stack.environment("APIHandler")
    environment: dict[str, str] = json.loads(ANNOUNCED.read_text())["environment"]
    return environment


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra.restore", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--from", dest="source", required=True, help="s3://bucket/prefix/AWSDynamoDB/id, or a folder")
    parser.add_argument("--stage", help="names the stack in AWS: carillon-<stage>; without it, the local service")
    parser.add_argument("--table", help="another table than the stage's own; made where there is none")
    parser.add_argument("--stopped-at", type=_moment, help="when the machine had stopped, RFC 3339; now, unless told")
    parser.add_argument("--logs", help="the stage whose logs say what was published since; the same, unless told")
    parser.add_argument("--no-logs", action="store_true", help="where those logs are lost, too")
    parser.add_argument("--resume", action="store_true", help="go on with a table that holds rows")
    parser.add_argument("--workers", type=int, default=16)
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a UTC offset, such as Z or +01:00")
    return moment


if __name__ == "__main__":
    main()
