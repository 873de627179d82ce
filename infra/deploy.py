"""`python -m infra.deploy deploy|destroy|show --stage dev`: the packaged service in the AWS account of the environment.

Where AWS_ENDPOINT_URL names an emulator, it is deployed into that, as `make run` does (docs/deploy.md).
"""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.package import PackagingFailed, package
from infra.stack import Change, DeploymentFailed, Stack, emulated

PASSING = {"AWS::Lambda::Version", "AWS::Lambda::LayerVersion", "AWS::ApiGateway::Deployment"}
"""What every release makes anew, and nobody misses: Lambda keeps the versions themselves."""
HOLDS_DATA = {"AWS::DynamoDB::Table": "table", "AWS::KMS::Key": "key", "AWS::S3::Bucket": "bucket"}
KEY_WAITS_DAYS = (
    30  # the longest that KMS knows: https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
)


@dataclass(frozen=True)
class Data:
    """What people wrote, and what opens it: each by its name in AWS."""

    table: str
    key: str
    bucket: str


def deploy(stage: str, given: dict[str, str], *, ask: bool, replace: bool) -> None:
    """Show what would change in AWS, ask, and change it."""
    stack = _stack(stage)
    first = stack.status() in {None, "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"}
    parameters = {**(emulated(stack.endpoint) if stack.endpoint else {}), **given, "Stage": stage}
    print("1. Packages the code, unless build/ holds it already, and uploads what is new to the artifacts bucket.")
    print("2. Lets CloudFormation work out what would change. Nothing is changed by that.")
    packaged = package()
    change_set = stack.prepare(packaged, parameters)
    if change_set is None:
        print(f"{stack.name} is up to date.")
    else:
        print("\n".join(explained(stack.name, change_set.changes)))
        if lost(change_set.changes) and not replace:
            stack.decline(change_set)
            sys.exit("Refused; nothing was changed. REPLACE_DATA=1 does it all the same: first read docs/deploy.md.")
        if ask and not _agreed("Deploy this?"):
            stack.decline(change_set)
            sys.exit("Nothing was changed.")
        print("3. Changes it. If anything fails, CloudFormation puts everything back.")
        if not first:
            default = packaged.template()["Parameters"]["Rollout"]["Default"]
            way = {"Rollout": default, **stack.parameters(), **parameters}["Rollout"]
            alarms = "" if way == "AllAtOnce" else " An alarm meanwhile gives back to the old ones."
            print(f"   New functions take over by {way}.{alarms}")
        stack.execute(change_set, print)
    _print_outputs(stack)
    if first:
        print(NEXT.format(stage=stage))


NEXT = """
The first release is up. Next:

  .venv/bin/python -m infra.admin --stage {stage} workspace create --name "My brand"
  .venv/bin/python -m infra.admin --stage {stage} key create --workspace ws_…

Then connect accounts with that key and publish: docs/deploy.md goes on from here. If you gave an AlarmEmail, confirm
the mail that AWS has just sent."""


def explained(name: str, changes: list[Change]) -> Iterator[str]:
    """A change set in words, what is lost last and marked."""
    passing = [change for change in changes if change.gone and change.kind in PASSING]
    kept = [change for change in changes if not change.gone]
    gone = [change for change in changes if change.gone and change not in passing]
    yield f"{name}: {len(kept)} added or changed in place, {len(gone)} removed or replaced."
    if passing:
        yield f"     {len(passing)} versions of functions, layers and API of the last release make way, as ever."
    for change in sorted(kept, key=lambda one: (one.action, one.resource)):
        yield f"     {change.action:<8} {change.resource:<40} {change.kind}"
    for change in gone:
        yield f"  !! {_fate(change):<15} {change.resource:<33} {change.kind}"
    for change in lost(changes):
        yield f"  !! {change.resource} holds data: what is in this {HOLDS_DATA[change.kind]} would be missing."


def _fate(change: Change) -> str:
    if change.action == "Remove":
        return "REMOVED"
    return "REPLACED" if change.replacement == "True" else "MAYBE REPLACED"


def lost(changes: list[Change]) -> list[Change]:
    """The changes after which the service would do without the data that it has."""
    return [change for change in changes if change.gone and change.kind in HOLDS_DATA]


def destroy(stage: str, *, ask: bool, data: bool) -> None:
    """Delete the stack. What people wrote and what opens it stay in the account, unless `data` says otherwise."""
    stack = _stack(stage)
    if stack.status() is None:
        sys.exit(f"There is no {stack.name}.")
    outputs = stack.outputs()
    kept = Data(outputs["TableName"], outputs["KmsKeyArn"], outputs["MediaBucket"])
    print(f"Deletes every function, queue, alarm and log of {stack.name}. Nothing is published from then on.")
    if data:
        print(f"DELETES THE DATA, TOO: table {kept.table}, bucket {kept.bucket},")
        print(f"and in {KEY_WAITS_DAYS} days the key that opens the accounts' credentials, {kept.key}.")
        if _answer(f"Type {stack.name} to delete it with all its data: ") != stack.name:
            sys.exit("Nothing was changed.")
    else:
        print(f"Stays behind: table {kept.table}, bucket {kept.bucket}, key {kept.key} ($1 a month).")
        if ask and not _agreed(f"Delete {stack.name}?"):
            sys.exit("Nothing was changed.")
    stack.delete(print)
    if data:
        delete_data(stack, kept)


def delete_data(stack: Stack, data: Data) -> None:
    """Delete what a deleted stack has left; the key can be had back for 30 days."""
    stack.client("dynamodb").delete_table(TableName=data.table)
    print(f"Deleted table {data.table}. DynamoDB keeps a last backup of it for 35 days.")
    s3 = stack.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=data.bucket):
        if objects := [{"Key": each["Key"]} for each in page.get("Contents", [])]:
            s3.delete_objects(Bucket=data.bucket, Delete={"Objects": objects})
    s3.delete_bucket(Bucket=data.bucket)
    print(f"Deleted bucket {data.bucket}.")
    stack.client("kms").schedule_key_deletion(KeyId=data.key, PendingWindowInDays=KEY_WAITS_DAYS)
    print(f"Key {data.key} ends in {KEY_WAITS_DAYS} days; `aws kms cancel-key-deletion` keeps it until then.")


def show(stage: str, name: str | None) -> None:
    """Print what a deployed stage says about itself, or one line of it: ApiUrl, TableName …"""
    stack = _stack(stage, quiet=True)
    if name is None:
        _print_outputs(stack)
    else:
        print(stack.outputs()[name])


def _print_outputs(stack: Stack) -> None:
    for name, value in sorted(stack.outputs().items()):
        print(f"{name:<24} {value}")


def _stack(stage: str, *, quiet: bool = False) -> Stack:
    session = boto3.Session()
    if session.get_credentials() is None or session.region_name is None:
        sys.exit("No AWS credentials or no region: set AWS_DEFAULT_REGION, and AWS_PROFILE or AWS_ACCESS_KEY_ID …")
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    stack = Stack(f"carillon-{stage}", session, endpoint, poll_seconds=0.2 if endpoint else 3.0)
    if not quiet:
        account = stack.client("sts").get_caller_identity()["Account"]
        print(f"{stack.name} in account {account}, {session.region_name}{f', at {endpoint}' if endpoint else ''}.")
    return stack


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and _answer(f"{question} [y/N] ").lower() == "y"


def _answer(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    actions = parser.add_subparsers(dest="action", required=True)
    common: dict[str, Any] = {"required": True, "help": "names the stack: carillon-<stage>"}
    making = actions.add_parser("deploy")
    making.add_argument("--stage", **common)
    making.add_argument("--yes", action="store_true", help="do not ask")
    making.add_argument("--replace-data", action="store_true", help="even where the table, key or bucket makes way")
    making.add_argument("--set", nargs="*", default=[], metavar="Name=value", help="template parameters; others stay")
    ending = actions.add_parser("destroy")
    ending.add_argument("--stage", **common)
    ending.add_argument("--yes", action="store_true", help="do not ask")
    ending.add_argument(
        "--delete-data", action="store_true", help="table, bucket and key, too; asks for the stack's name"
    )
    showing = actions.add_parser("show")
    showing.add_argument("--stage", **common)
    showing.add_argument("name", nargs="?", help="one output alone: ApiUrl, TableName …")
    given = parser.parse_args()
    try:
        if given.action == "deploy":
            chosen = dict(item.split("=", 1) for item in given.set)
            deploy(given.stage, chosen, ask=not given.yes, replace=given.replace_data)
        elif given.action == "destroy":
            destroy(given.stage, ask=not given.yes, data=given.delete_data)
        else:
            show(given.stage, given.name)
    except (PackagingFailed, DeploymentFailed, ClientError, BotoCoreError) as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    _main()
