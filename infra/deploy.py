"""`python -m infra.deploy deploy|destroy --stage dev`: the packaged service in the AWS account of the environment."""

import argparse
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.package import PackagingFailed, package
from infra.stack import Change, DeploymentFailed, Stack


def deploy(stage: str, parameters: dict[str, str], *, ask: bool) -> None:
    """Show what would change in AWS, ask, and change it."""
    stack = _stack(stage)
    change_set = stack.prepare(package(), {"Stage": stage, **parameters})
    if change_set is None:
        print(f"{stack.name} is up to date.")
    else:
        print(f"{len(change_set.changes)} changes in {stack.name}:")
        for change in change_set.changes:
            print(f"  {_describe(change)}")
        if ask and not _agreed("Deploy this?"):
            stack.decline(change_set)
            sys.exit("Nothing was changed.")
        stack.execute(change_set, print)
    for name, value in sorted(stack.outputs().items()):
        print(f"{name:<22} {value}")


def destroy(stage: str, *, ask: bool) -> None:
    """Delete the stack; what people wrote (the table) and what opens it (the key) stay in the account."""
    stack = _stack(stage)
    if stack.status() is None:
        sys.exit(f"There is no {stack.name}.")
    kept = f"table {stack.outputs()['TableName']} and key {stack.outputs()['KmsKeyArn']}"
    print(f"Deletes every function, queue and alarm of {stack.name}. Stays behind: {kept}.")
    if ask and not _agreed(f"Delete {stack.name}?"):
        sys.exit("Nothing was changed.")
    stack.delete(print)


def _stack(stage: str) -> Stack:
    session = boto3.Session()
    if session.get_credentials() is None or session.region_name is None:
        sys.exit("No AWS credentials or no region: set AWS_PROFILE and AWS_REGION, or AWS_ACCESS_KEY_ID and the rest.")
    stack = Stack(f"carillon-{stage}", session)
    account = stack.client("sts").get_caller_identity()["Account"]
    print(f"{stack.name} in account {account}, {session.region_name}.")
    return stack


def _describe(change: Change) -> str:
    replaced = "  (may be replaced)" if change.replacement else ""
    return f"{change.action:<8} {change.resource:<40} {change.kind}{replaced}"


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() == "y"


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["deploy", "destroy"])
    parser.add_argument("--stage", required=True, help="names the stack: carillon-<stage>")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--set", nargs="*", default=[], metavar="Name=value", help="template parameters")
    given = parser.parse_args()
    try:
        if given.action == "deploy":
            deploy(given.stage, dict(item.split("=", 1) for item in given.set), ask=not given.yes)
        else:
            destroy(given.stage, ask=not given.yes)
    except (PackagingFailed, DeploymentFailed, ClientError, BotoCoreError) as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    _main()
