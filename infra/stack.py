"""One CloudFormation stack made from a package: the same steps for AWS and for the embedded AWS."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from infra.package import Package

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]  # it makes roles, and uses the SAM transform
ALIAS = "live"
"""Under which functions are called: infra/resources.yaml."""
DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
HOUR = {
    "version": "0",
    "id": "by-hand",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "",
    "time": "",
    "region": "",
    "resources": [],
    "detail": {},
}
"""What EventBridge sends when a schedule strikes; our crons read nothing of it."""


class DeploymentFailed(Exception):
    """CloudFormation refused the change or rolled it back; the message gives its reasons."""


class FunctionFailed(Exception):
    """A function raised something; the message gives what."""


@dataclass(frozen=True)
class Change:
    """One resource that a change set would add, modify or remove."""

    action: str
    """Add, Modify, Remove, and rarer ones."""
    resource: str
    kind: str
    replacement: str
    """Of what is modified: True where a new one takes its place, Conditional where it may, else False."""

    @property
    def gone(self) -> bool:
        """Whether what there is would be removed, or may make way for a new one."""
        return self.action == "Remove" or self.replacement != "False"


@dataclass(frozen=True)
class ChangeSet:
    """A change that CloudFormation has worked out and not begun."""

    id: str
    changes: list[Change]


@dataclass(frozen=True)
class Stack:
    """A stack by its name, seen through one session; `endpoint` is where an emulator answers, if it is one."""

    name: str
    session: boto3.Session
    endpoint: str | None = None
    poll_seconds: float = 3.0

    def client(self, service: str) -> Any:
        """A boto3 client for the place where this stack lives."""
        return self.session.client(service, endpoint_url=self.endpoint)

    def status(self) -> str | None:
        """The stack's status, or None where there is no such stack."""
        try:
            described: str = self._describe()["StackStatus"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return described

    def outputs(self) -> dict[str, str]:
        """What the stack says about itself: URL, table, queue …"""
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe().get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """What the stack was last deployed with; nothing where there is no stack yet."""
        if self.status() is None:
            return {}
        return {one["ParameterKey"]: one["ParameterValue"] for one in self._describe().get("Parameters", [])}

    def environment(self, function: str) -> dict[str, str]:
        """The environment variables of one of the stack's functions, by its name in the template."""
        configuration = self.client("lambda").get_function_configuration(FunctionName=self.physical(function))
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return variables

    def physical(self, resource: str) -> str:
        """What one of the stack's resources is really called, by its name in the template."""
        found = self.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=resource)
        name: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return name

    def strike(self, function: str) -> None:
        """Run the function of a cron now, as EventBridge would in its hour, and wait for its end."""
        answer = self.client("lambda").invoke(
            FunctionName=self.physical(function), Qualifier=ALIAS, Payload=json.dumps(HOUR).encode()
        )
        if "FunctionError" in answer:
            raise FunctionFailed(f"{function} failed: {answer['Payload'].read().decode(errors='replace')}")

    def prepare(self, package: Package, parameters: Mapping[str, str]) -> ChangeSet | None:
        """Upload the package and work out what deploying it would change; None where that is nothing.

        Parameters that are not given stay what they were.
        """
        status = self._clear_failed_creation()
        known = package.template()["Parameters"]
        kept = {name: value for name, value in self.parameters().items() if name in known}
        parameters = {**kept, **parameters}
        template_url = upload(self, package, parameters)
        cloudformation = self.client("cloudformation")
        name = f"deploy-{time.time_ns()}"
        # Nobody else has this name: if it is there already, an earlier attempt of this very call was answered too late.
        with suppress(cloudformation.exceptions.AlreadyExistsException):
            cloudformation.create_change_set(
                StackName=self.name,
                ChangeSetName=name,
                ChangeSetType="CREATE" if status in {None, "REVIEW_IN_PROGRESS"} else "UPDATE",
                TemplateURL=template_url,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=CAPABILITIES,
            )
        created = cloudformation.describe_change_set(StackName=self.name, ChangeSetName=name)
        described = self._wait_for_change_set(created["ChangeSetId"])
        if described["Status"] == "FAILED":
            cloudformation.delete_change_set(ChangeSetName=created["ChangeSetId"])
            if "didn't contain changes" in described["StatusReason"] or "No updates" in described["StatusReason"]:
                return None
            raise DeploymentFailed(described["StatusReason"])
        return ChangeSet(created["ChangeSetId"], [_change(raw["ResourceChange"]) for raw in described["Changes"]])

    def execute(self, change_set: ChangeSet, say: Callable[[str], object]) -> None:
        """Carry out a prepared change, telling of each resource as it changes."""
        seen = {event["EventId"] for event in self._events()}
        self.client("cloudformation").execute_change_set(ChangeSetName=change_set.id)
        self._follow(seen, say, DEPLOYED)

    def decline(self, change_set: ChangeSet) -> None:
        """Forget a prepared change, and the empty stack that stands for one never created."""
        cloudformation = self.client("cloudformation")
        cloudformation.delete_change_set(ChangeSetName=change_set.id)
        if self.status() == "REVIEW_IN_PROGRESS":
            cloudformation.delete_stack(StackName=self.name)

    def delete(self, say: Callable[[str], object]) -> None:
        """Delete the stack. Table, key and bucket are retained by their deletion policy."""
        stack_id = self._describe()["StackId"]  # a deleted stack answers to its id only
        seen = {event["EventId"] for event in self._events()}
        self.client("cloudformation").delete_stack(StackName=self.name)
        Stack(stack_id, self.session, self.endpoint, self.poll_seconds)._follow(seen, say, {"DELETE_COMPLETE"})

    def _clear_failed_creation(self) -> str | None:
        status = self.status()
        if status != "ROLLBACK_COMPLETE":
            return status
        self.delete(lambda _: None)  # such a stack holds nothing and cannot be updated
        return None

    def _wait_for_change_set(self, change_set_id: str) -> dict[str, Any]:
        paginator = self.client("cloudformation").get_paginator("describe_change_set")
        while True:
            pages = list(paginator.paginate(ChangeSetName=change_set_id))
            described: dict[str, Any] = pages[0]
            if not described["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
                return {**described, "Changes": [change for page in pages for change in page.get("Changes", [])]}
            time.sleep(self.poll_seconds)

    def _follow(self, seen: set[str], say: Callable[[str], object], wanted: set[str]) -> None:
        failures: list[str] = []
        begun = False  # until the first event, the status is still that of the change before
        while True:
            status = self.status()  # read before the events, so that the last ones are not missed
            for event in self._new_events(seen):
                begun = True
                reason = event.get("ResourceStatusReason", "")
                say(f"  {event['ResourceStatus']:<28} {event['LogicalResourceId']} {reason}".rstrip())
                if event["ResourceStatus"].endswith("_FAILED"):
                    failures.append(f"{event['LogicalResourceId']}: {reason}")
            if status is None or (begun and status in wanted):
                return
            if begun and status.endswith(("_COMPLETE", "_FAILED")):
                raise DeploymentFailed("\n".join([f"{self.name} ended as {status}", *failures]))
            time.sleep(self.poll_seconds)

    def _new_events(self, seen: set[str]) -> Iterator[dict[str, Any]]:
        for event in reversed(self._events()):
            if event["EventId"] not in seen:
                seen.add(event["EventId"])
                yield event

    def _events(self) -> list[dict[str, Any]]:
        paginator = self.client("cloudformation").get_paginator("describe_stack_events")
        return [event for page in paginator.paginate(StackName=self.name) for event in page["StackEvents"]]

    def _describe(self) -> dict[str, Any]:
        described: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return described


def emulated(endpoint: str) -> dict[str, str]:
    """The parameters by which the template knows that it is deployed into an emulator, and where."""
    return {
        "LocalOrigin": endpoint,
        "RequestsPerSecond": "10000",
        "Rollout": "AllAtOnce",
        # The publisher reaches the sandbox network, which is part of the service itself, over loopback.
        "AllowedPrivateHosts": urlsplit(endpoint).netloc,
    }


def upload(stack: Stack, package: Package, parameters: Mapping[str, str]) -> str:
    """Put code, layers and template, named by their content, into the artifacts bucket; the template's URL."""
    bucket = _artifacts_bucket(stack)
    zips = {path: path.read_bytes() for path in (package.code_path, *package.layer_paths.values())}
    places = {path: f"{hashlib.sha256(body).hexdigest()}.zip" for path, body in zips.items()}
    for path, body in zips.items():
        _put(stack, bucket, places[path], body)
    template = package.template()
    for function in functions(template):
        function["CodeUri"] = f"s3://{bucket}/{places[package.code_path]}"
    for name, path in package.layer_paths.items():
        template["Resources"][name]["Properties"]["ContentUri"] = f"s3://{bucket}/{places[path]}"
    version = release(template, parameters)
    for function in functions(template):
        function["AutoPublishCodeSha256"] = version
    if stack.endpoint is not None:
        # The embedded AWS transforms with the defaults, whatever it is given, and has no CodeDeploy.
        template["Parameters"]["Rollout"]["Default"] = parameters["Rollout"]
    body = json.dumps(template, sort_keys=True, separators=(",", ":")).encode()
    template_key = f"{hashlib.sha256(body).hexdigest()}.json"
    _put(stack, bucket, template_key, body)
    return f"{stack.client('s3').meta.endpoint_url}/{bucket}/{template_key}"


def functions(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The properties of the functions of a packaged template."""
    resources = template["Resources"].values()
    return [one["Properties"] for one in resources if one["Type"] == "AWS::Serverless::Function"]


def release(template: Mapping[str, Any], parameters: Mapping[str, str]) -> str:
    """What tells this release of the functions from another: their code, layers, settings and parameters.

    Left alone, SAM publishes a new version when the code's address changes, and not when a layer or a parameter does:
    the alias would go on with the old ones.
    """
    kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
    running = [template["Globals"], *({n: r} for n, r in template["Resources"].items() if r["Type"] in kinds)]
    text = json.dumps(running, sort_keys=True)
    defaults = {name: str(one["Default"]) for name, one in template["Parameters"].items() if "Default" in one}
    values = {**defaults, **parameters}.items()
    used = {name: value for name, value in values if f'"{name}"' in text or f"${{{name}}}" in text}
    return hashlib.sha256(json.dumps([text, used], sort_keys=True).encode()).hexdigest()


def _put(stack: Stack, bucket: str, key: str, body: bytes) -> None:
    s3 = stack.client("s3")
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def _artifacts_bucket(stack: Stack) -> str:
    account = stack.client("sts").get_caller_identity()["Account"]
    region = stack.session.region_name
    bucket = f"carillon-artifacts-{account}-{region}"
    s3 = stack.client("s3")
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        # us-east-1 is refused as a constraint: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        located = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **located)
    return bucket


def _change(raw: Mapping[str, Any]) -> Change:
    return Change(raw["Action"], raw["LogicalResourceId"], raw["ResourceType"], raw.get("Replacement") or "False")
