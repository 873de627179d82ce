"""Promises of the packaged template, read from the very file that is deployed."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

import pytest

from chalicelib.api.openapi import CALLED
from chalicelib.aws.kms import KmsVault
from chalicelib.aws.rows import key_of
from chalicelib.ports import Delete, Item, Key, Put
from chalicelib.service import agenda, canary, scorer
from chalicelib.service.measure import LEASE, RUN
from chalicelib.service.records import CANARY
from infra.package import Package, package
from tests.fakes import FakeClock, FakeTable, FakeVault, world
from tests.meter import Meter, MeteredKms

FUNCTIONS = {
    "APIHandler": "ApiHandlerRole",
    "Dispatch": "DispatchRole",
    "Publish": "PublishRole",
    "Sweep": "SweepRole",
    "Tell": "TellRole",
    "Deliver": "DeliverRole",
    "Score": "ScoreRole",
    "Renew": "RenewRole",
    "Recur": "RecurRole",
    "Canary": "CanaryRole",
    "Measure": "MeasureRole",
    "Media": "MediaRole",
    "Callbacks": "CallbacksRole",
    "Ingest": "IngestRole",
    "Variants": "VariantsRole",
}
LOGS = {
    "ApiHandlerRole": "ApiLogs",
    "DispatchRole": "DispatchLogs",
    "PublishRole": "PublishLogs",
    "SweepRole": "SweepLogs",
    "TellRole": "TellLogs",
    "DeliverRole": "DeliverLogs",
    "ScoreRole": "ScoreLogs",
    "RenewRole": "RenewLogs",
    "RecurRole": "RecurLogs",
    "CanaryRole": "CanaryLogs",
    "MeasureRole": "MeasureLogs",
    "MediaRole": "MediaLogs",
    "CallbacksRole": "CallbacksLogs",
    "IngestRole": "IngestLogs",
    "VariantsRole": "VariantsLogs",
}
MAY_SET_ALARMS = {"ApiHandlerRole", "SweepRole", "RecurRole", "CanaryRole"}
MAY_OPEN_SECRETS = {
    "ApiHandlerRole",
    "PublishRole",
    "DeliverRole",
    "RenewRole",
    "CallbacksRole",
    "IngestRole",
    "MeasureRole",
    "CanaryRole",
}
UNZIPPED_LIMIT = 30_000_000
LAYER_LIMIT = 15_000_000
USES_CALENDAR = {"APIHandler", "Score", "Recur"}
"""Who may meet a plan or a recurrence."""


@pytest.fixture(scope="module")
def built() -> Package:
    return package()


@pytest.fixture(scope="module")
def template(built: Package) -> dict[str, Any]:
    return built.template()


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


def test_cfn_lint_finds_nothing(built: Package) -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, built.template_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_function_is_accounted_for(resources: dict[str, Any]) -> None:
    assert set(of_type(resources, "AWS::Serverless::Function")) == set(FUNCTIONS)


@pytest.mark.parametrize(("function", "role"), FUNCTIONS.items())
def test_each_function_has_a_role_of_its_own(resources: dict[str, Any], function: str, role: str) -> None:
    assert resources[function]["Properties"]["Role"] == {"Fn::GetAtt": [role, "Arn"]}


def test_no_policy_allows_every_action_or_every_resource(resources: dict[str, Any]) -> None:
    for role, statement in statements(resources):
        for action in as_list(statement["Action"]):
            assert "*" not in action, f"{role}: {action}"
        assert "*" not in as_list(statement["Resource"]), f"{role}: {statement}"


def test_only_the_key_policy_names_every_resource_because_it_means_the_key_itself(resources: dict[str, Any]) -> None:
    (statement,) = resources["Key"]["Properties"]["KeyPolicy"]["Statement"]
    assert statement["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}


@pytest.mark.parametrize(("role", "logs"), LOGS.items())
def test_each_function_writes_its_own_logs_only(resources: dict[str, Any], role: str, logs: str) -> None:
    targets = [s["Resource"] for owner, s in statements(resources) if owner == role and acts_on(s, "logs:")]
    assert targets == [{"Fn::GetAtt": [logs, "Arn"]}]


def test_only_those_who_set_alarms_may_lend_the_alarm_role(resources: dict[str, Any]) -> None:
    lending = [(role, s) for role, s in statements(resources) if acts_on(s, "iam:PassRole")]
    assert {role for role, _ in lending} == MAY_SET_ALARMS
    for _, statement in lending:
        assert statement["Resource"] == {"Fn::GetAtt": ["AlarmRole", "Arn"]}
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}


def test_only_those_who_need_secrets_may_decrypt(resources: dict[str, Any]) -> None:
    assert {role for role, s in statements(resources) if acts_on(s, "kms:Decrypt")} == MAY_OPEN_SECRETS


def test_only_our_own_alarms_may_use_the_alarm_role(resources: dict[str, Any]) -> None:
    (trust,) = resources["AlarmRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
        "aws:SourceArn": {"Fn::GetAtt": ["AlarmGroup", "Arn"]},
    }


def test_the_table_survives_mistakes(resources: dict[str, Any]) -> None:
    table = resources["Table"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_bucket_is_private_encrypted_and_forgets_what_nobody_uses(resources: dict[str, Any]) -> None:
    bucket = resources["MediaBucket"]
    properties = bucket["Properties"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "BucketEncryption" in properties
    days = {rule["Id"]: rule.get("ExpirationInDays") for rule in properties["LifecycleConfiguration"]["Rules"]}
    assert days == {"uploads": 1, "unused": 30, "broken-off": None}
    (statement,) = resources["MediaBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"


def test_each_function_sees_only_its_folder_of_the_bucket(resources: dict[str, Any]) -> None:
    may = {
        (role, verb, folder)
        for role, s in statements(resources)
        if acts_on(s, "s3:")
        for verb in as_list(s["Action"])
        for folder in substitutions(s)
    }
    uploads, published = "${MediaBucket.Arn}/uploads/*", "${MediaBucket.Arn}/media/*"
    assert may == {
        ("ApiHandlerRole", "s3:PutObject", uploads),
        ("ApiHandlerRole", "s3:PutObjectTagging", published),
        ("MediaRole", "s3:GetObject", uploads),
        ("MediaRole", "s3:PutObject", published),
        ("MediaRole", "s3:PutObjectTagging", published),
        ("PublishRole", "s3:GetObject", published),
        ("RecurRole", "s3:PutObjectTagging", published),
        ("VariantsRole", "s3:GetObject", published),
        ("VariantsRole", "s3:PutObject", published),
        ("VariantsRole", "s3:PutObjectTagging", published),
    }


def test_who_decodes_pictures_can_touch_nothing_else_and_has_the_layer_alone(resources: dict[str, Any]) -> None:
    may = {action for role, s in statements(resources) if role == "VariantsRole" for action in as_list(s["Action"])}
    assert {action.partition(":")[0] for action in may} == {"s3", "logs"}
    assert having(resources, "PictureLayer") == {"Variants"}


def test_who_may_meet_a_holiday_has_the_calendar(resources: dict[str, Any]) -> None:
    assert having(resources, "CalendarLayer") == USES_CALENDAR


@pytest.mark.parametrize(
    ("layer", "file"), [("PictureLayer", "python/PIL/Image.py"), ("CalendarLayer", "python/holidays/registry.pyc")]
)
def test_a_layer_holds_what_it_is_for_and_is_small(built: Package, layer: str, file: str) -> None:
    with zipfile.ZipFile(built.layer_paths[layer]) as packed:
        assert file in packed.namelist()
        assert sum(item.file_size for item in packed.infolist()) <= LAYER_LIMIT


def test_the_key_survives_and_rotates(resources: dict[str, Any]) -> None:
    assert resources["Key"]["DeletionPolicy"] == resources["Key"]["UpdateReplacePolicy"] == "Retain"
    assert resources["Key"]["Properties"]["EnableKeyRotation"] is True


@pytest.mark.parametrize("function", ["Publish", "Deliver", "Media"])
def test_one_bad_message_does_not_repeat_the_good_ones(resources: dict[str, Any], function: str) -> None:
    source = resources[function]["Properties"]["Events"][f"{function}SqsEventSource"]["Properties"]
    assert source["Queue"] == {"Fn::Sub": f"${{{function}Queue.Arn}}"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("function", ["Publish", "Deliver", "Media"])
def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_run(
    resources: dict[str, Any], function: str
) -> None:
    hidden = resources[f"{function}Queue"]["Properties"]["VisibilityTimeout"]
    assert hidden >= 6 * resources[function]["Properties"]["Timeout"]


def test_publishing_knows_nothing_of_webhooks_and_they_cannot_crowd_it_out(resources: dict[str, Any]) -> None:
    told = {role: statement for role, statement in statements(resources) if "Deliver" in str(statement)}
    assert "PublishRole" not in told
    for role, statement in statements(resources):
        assert role not in ("TellRole", "DeliverRole") or "PublishQueue" not in str(statement["Resource"])
    source = resources["Deliver"]["Properties"]["Events"]["DeliverSqsEventSource"]["Properties"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": {"Fn::If": ["IsLocal", 2, 20]}}


def test_every_write_of_a_target_and_every_change_of_an_account_is_told(resources: dict[str, Any]) -> None:
    assert resources["Table"]["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    (source,) = resources["Tell"]["Properties"]["Events"].values()
    told = source["Properties"]
    assert told["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert told["StartingPosition"] == "TRIM_HORIZON"
    assert told["MaximumRecordAgeInSeconds"] < 24 * 60 * 60
    assert told["BisectBatchOnFunctionError"] is True
    assert told["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["TellDeadLetters", "Arn"]}
    targets, accounts, spikes, scored, goals = [json.loads(one["Pattern"]) for one in told["FilterCriteria"]["Filters"]]
    assert targets["dynamodb"]["Keys"] == {"SK": {"S": [{"prefix": "TARGET#"}, {"prefix": "REVIEW#"}]}}
    assert targets["eventName"] == ["INSERT", "MODIFY"]
    assert accounts["dynamodb"]["Keys"] == {"SK": {"S": [{"prefix": "ACCOUNT#"}]}}
    assert accounts["eventName"] == ["MODIFY"]
    assert spikes["dynamodb"]["Keys"] == {"SK": {"S": ["SPIKE"]}}
    assert scored["dynamodb"]["Keys"] == {"SK": {"S": [{"prefix": "SCORE#"}]}}
    assert goals["dynamodb"]["Keys"] == {"SK": {"S": [{"prefix": "GOAL#"}]}}


@pytest.mark.parametrize(
    "queue",
    [
        *("PublishQueue", "PublishDeadLetters", "AlarmDeadLetters"),
        *("DeliverQueue", "DeliverDeadLetters", "TellDeadLetters"),
        *("MediaQueue", "MediaDeadLetters"),
    ],
)
def test_queues_are_encrypted_and_keep_messages_for_two_weeks(resources: dict[str, Any], queue: str) -> None:
    properties = resources[queue]["Properties"]
    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


def test_the_api_answers_before_api_gateway_gives_up(resources: dict[str, Any]) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: 29 seconds
    assert resources["APIHandler"]["Properties"]["Timeout"] <= 29


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_are_kept_for_two_weeks(resources: dict[str, Any], function: str) -> None:
    group = resources[function]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert resources[group]["Properties"]["RetentionInDays"] == 14


@pytest.mark.parametrize("logs", ["IngestLogs", "MeasureLogs"])
def test_spikes_are_a_metric_wherever_they_are_found(resources: dict[str, Any], logs: str) -> None:
    filters = [one["Properties"] for one in of_type(resources, "AWS::Logs::MetricFilter").values()]
    (spikes,) = [one for one in filters if one["LogGroupName"] == {"Ref": logs} and "engagement.spike" in str(one)]
    assert spikes["MetricTransformations"][0]["MetricName"] == "EngagementSpikes"


def test_a_lease_outlasts_the_function_that_asks_for_figures(resources: dict[str, Any]) -> None:
    timeout = resources["Measure"]["Properties"]["Timeout"]
    assert RUN.total_seconds() < timeout < LEASE.total_seconds()


def test_a_lease_outlasts_the_function_that_scores(resources: dict[str, Any]) -> None:
    timeout = resources["Score"]["Properties"]["Timeout"]
    assert scorer.RUN.total_seconds() < timeout < agenda.LEASE.total_seconds()


def test_who_scores_can_write_scores_and_nothing_else(resources: dict[str, Any]) -> None:
    writing = [s for role, s in statements(resources) if role == "ScoreRole" and acts_on(s, "dynamodb:Put")]
    assert [one["Condition"] for one in writing] == [
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [agenda.pk("*")]}}
    ]
    others = [s for role, s in statements(resources) if role == "ScoreRole" and s not in writing]
    verbs = {action for one in others for action in as_list(one["Action"])}
    assert verbs <= {
        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
        *("logs:CreateLogStream", "logs:PutLogEvents"),
    }


def test_the_canary_can_touch_nothing_but_its_own(resources: dict[str, Any]) -> None:
    mine = [s for role, s in statements(resources) if role == "CanaryRole"]
    (table,) = [one for one in mine if acts_on(one, "dynamodb:")]
    assert all(CANARY in key or key.startswith("SANDBOX#") for key in leading(table))
    (opening,) = [one for one in mine if acts_on(one, "kms:")]
    assert opening["Condition"] == {"StringEquals": {"kms:EncryptionContext:workspace": CANARY}}


def leading(statement: dict[str, Any]) -> list[str]:
    """The partitions that a statement about the table is for."""
    keys: list[str] = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return keys


def test_what_the_canary_touches_is_what_its_policy_allows(resources: dict[str, Any]) -> None:
    (table,) = [s for role, s in statements(resources) if role == "CanaryRole" and acts_on(s, "dynamodb:")]
    touched = partitions_of_a_canary()
    assert {"W#ws_canary", "VAULT#ws_canary"} <= touched
    assert not [one for one in touched if not any(fnmatchcase(one, allowed) for allowed in leading(table))]


def partitions_of_a_canary() -> set[str]:
    """The partitions that a canary reads or writes in its first hour."""
    table, clock = Watched(), FakeClock()
    vault = KmsVault("key", table, clock, lambda: MeteredKms(Meter()))
    here = world(table=table, clock=clock, vault=cast(FakeVault, vault))
    for _ in range(12):
        canary.sing(here)
        clock.advance(minutes=5)
    return table.touched


class Watched(FakeTable):
    """A table that remembers whose partitions were read or written."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: set[str] = set()

    def get(self, key: Key) -> Item | None:
        self.touched.add(key.pk)
        return super().get(key)

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        self.touched |= {key.pk for key in keys}
        return super().get_many(keys)

    def items(self, pk: str, prefix: str = "", **bounds: Any) -> list[Item]:
        self.touched.add(pk)
        return super().items(pk, prefix, **bounds)

    def write(self, *writes: Put | Delete) -> None:
        self.touched |= {key_of(one).pk for one in writes}
        super().write(*writes)


def test_the_canary_sings_unless_it_is_told_not_to(template: dict[str, Any], resources: dict[str, Any]) -> None:
    (rule,) = resources["Canary"]["Properties"]["Events"].values()
    assert rule["Properties"]["Schedule"] == "rate(5 minutes)"
    assert rule["Properties"]["State"] == {"Fn::If": ["CanarySings", "ENABLED", "DISABLED"]}
    assert template["Parameters"]["WithCanary"]["Default"] == "on"
    assert {resources[name]["Condition"] for name in ("CanaryMissing", "CanaryFails")} == {"CanarySings"}


def test_scores_are_computed_every_hour(resources: dict[str, Any]) -> None:
    (rule,) = resources["Score"]["Properties"]["Events"].values()
    assert rule["Properties"]["Schedule"] == "rate(1 hour)"


def test_what_api_gateway_answers_by_itself_is_a_problem_too(resources: dict[str, Any]) -> None:
    answers = resources["RestAPI"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert answers["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    for answer in answers.values():
        header = answer["responseParameters"]["gatewayresponse.header.Content-Type"]
        assert header == "'application/problem+json'"


def test_the_package_is_small(built: Package) -> None:
    with zipfile.ZipFile(built.code_path) as code:
        assert sum(item.file_size for item in code.infolist()) <= UNZIPPED_LIMIT


def having(resources: dict[str, Any], layer: str) -> set[str]:
    """The functions that have a layer, and no other one."""
    return {name for name in FUNCTIONS if resources[name]["Properties"].get("Layers") == [{"Ref": layer}]}


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def statements(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every IAM policy, with the name of the role or policy that holds it."""
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])
    for name, policy in of_type(resources, "AWS::IAM::Policy").items():
        yield from ((name, statement) for statement in policy["Properties"]["PolicyDocument"]["Statement"])


def substitutions(statement: dict[str, Any]) -> Iterator[str]:
    for target in as_list(statement["Resource"]):
        if "Fn::Sub" in target:
            yield target["Fn::Sub"]


def acts_on(statement: dict[str, Any], prefix: str) -> bool:
    return any(action.startswith(prefix) for action in as_list(statement["Action"]))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_networks_call_leads_to_a_function_that_can_do_nothing_else(
    resources: dict[str, Any], method: str
) -> None:
    operation = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"][CALLED][method]
    assert "${Callbacks.Arn}" in json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
    allowed = {
        action for role, s in statements(resources) if role == "CallbacksRole" for action in as_list(s["Action"])
    }
    assert {one for one in allowed if not one.startswith("logs:")} == {
        "dynamodb:GetItem",
        "kms:Decrypt",
        "sqs:SendMessage",
    }
