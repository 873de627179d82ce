"""Least privilege: what the functions of the packaged template may do, and what a person needs who deploys it."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from infra.package import ROOT, package
from tests.infra.sam import transformed, with_one_path

POLICIES = ROOT / "infra" / "policies"
DEPLOYING = ("deploy-functions", "deploy-the-rest")
MANAGED_POLICY_LIMIT = 6_144
"""Without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, 2026-11-23."""

WILD = {
    "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${AlarmGroup}/*":
    # Schedules are made at run time, in a group of ours:
    "https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_id-based-policies.html",
    "${MediaBucket.Arn}/uploads/*": "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
    "${MediaBucket.Arn}/media/*": "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
    # Naming each function would have it depend on the role that moves its alias:
    "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*": "https://docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html",
    # "you must be signed on and have cloudwatch:DescribeAlarms permission that is scoped to *":
    "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*": "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html",
}
"""Where a policy of ours does not name its resource to the end, and the page that says why it cannot."""

NAMELESS = {
    "EventSources": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html",
    "ChangeEventSources": "https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html",
    "ReadEventSources": "https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html",
    "Transform": "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html",
    "Artifacts": "one bucket of an account and region, whatever the stage: infra/stack.py",
    "Api": "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-create-and-manage-api.html",
    "Rollouts": "https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html",
    "Key": "https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html",
    "NewKey": "https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html",
    "StopRollouts": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html",
    "LookAtAlarms": "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html",
    "LookAtLogs": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html",
    "StandBeforeTheApi": "https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_service-with-iam.html",
    "ChooseWebAcl": "https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_service-with-iam.html",
    "SealThem": "by the alias of the key, as a condition",
    "EndKey": "https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html",
}
"""Statements for people that cannot name the stage, and why: AWS chooses the ids of APIs, keys and event sources."""

NEEDS = {
    "AWS::ApiGateway::Deployment": ["apigateway:POST /restapis/a1/deployments"],
    "AWS::ApiGateway::RestApi": [
        "apigateway:POST /restapis",
        "apigateway:PUT /restapis/a1",
        "apigateway:DELETE /restapis/a1",
    ],
    "AWS::ApiGateway::Stage": ["apigateway:POST /restapis/a1/stages", "apigateway:PATCH /restapis/a1/stages/api"],
    "AWS::CloudWatch::Alarm": ["cloudwatch:PutMetricAlarm alarm:{}", "cloudwatch:DeleteAlarms alarm:{}"],
    "AWS::CloudWatch::CompositeAlarm": ["cloudwatch:PutCompositeAlarm alarm:{}", "cloudwatch:DeleteAlarms alarm:{}"],
    "AWS::CloudWatch::Dashboard": ["cloudwatch:PutDashboard dashboard/Carillon-STAGE"],
    "AWS::CodeDeploy::Application": ["codedeploy:CreateApplication application:{}"],
    "AWS::CodeDeploy::DeploymentGroup": [
        "codedeploy:CreateDeploymentGroup deploymentgroup:{}/group",
        "codedeploy:CreateDeployment deploymentgroup:{}/group",
        "codedeploy:GetDeploymentConfig deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes",
        "iam:PassRole role/{}",
    ],
    "AWS::DynamoDB::Table": [
        "dynamodb:CreateTable table/carillon-STAGE-Table-1",
        "dynamodb:UpdateTimeToLive table/carillon-STAGE-Table-1",
    ],
    "AWS::Events::Rule": ["events:PutRule rule/{}", "events:PutTargets rule/{}", "events:DeleteRule rule/{}"],
    "AWS::IAM::Policy": ["iam:PutRolePolicy role/{}", "iam:DeleteRolePolicy role/{}"],
    "AWS::IAM::Role": ["iam:CreateRole role/{}", "iam:PutRolePolicy role/{}", "iam:DeleteRole role/{}"],
    "AWS::KMS::Alias": ["kms:CreateAlias alias/carillon-STAGE", "kms:CreateAlias key/k1"],
    "AWS::KMS::Key": ["kms:CreateKey *", "kms:EnableKeyRotation key/k1", "kms:PutKeyPolicy key/k1"],
    "AWS::Lambda::Alias": ["lambda:CreateAlias function:{}", "lambda:UpdateAlias function:{}"],
    "AWS::Lambda::EventSourceMapping": ["lambda:CreateEventSourceMapping *"],
    "AWS::Lambda::Function": [
        "lambda:CreateFunction function:{}",
        "lambda:DeleteFunction function:{}",
        "iam:PassRole role/{}",
    ],
    "AWS::Lambda::LayerVersion": ["lambda:PublishLayerVersion layer:carillon-STAGE-calendar"],
    "AWS::Lambda::Permission": ["lambda:AddPermission function:{}:live", "lambda:RemovePermission function:{}:live"],
    "AWS::Lambda::Version": ["lambda:PublishVersion function:{}"],
    "AWS::Logs::LogGroup": [
        "logs:CreateLogGroup log-group:/carillon/STAGE/api",
        "logs:PutRetentionPolicy log-group:/carillon/STAGE/api",
    ],
    "AWS::Logs::MetricFilter": ["logs:PutMetricFilter log-group:/carillon/STAGE/ingest"],
    "AWS::S3::Bucket": [
        "s3:CreateBucket carillon-STAGE-mediabucket-1",
        "s3:PutBucketNotification carillon-STAGE-mediabucket-1",
    ],
    "AWS::S3::BucketPolicy": ["s3:PutBucketPolicy carillon-STAGE-mediabucket-1"],
    "AWS::SNS::Subscription": ["sns:Subscribe {}"],
    "AWS::SNS::Topic": ["sns:CreateTopic {}"],
    "AWS::SQS::Queue": ["sqs:CreateQueue {}", "sqs:DeleteQueue {}"],
    "AWS::SQS::QueuePolicy": ["sqs:SetQueueAttributes {}"],
    "AWS::Scheduler::ScheduleGroup": ["scheduler:CreateScheduleGroup schedule-group/{}"],
    "AWS::WAFv2::WebACLAssociation": [
        "wafv2:AssociateWebACL regional/webacl/mine/1",
        "apigateway:SetWebACL /restapis/a1/stages/api",
    ],
}
"""What CloudFormation asks for in the deployer's name, by the kind of resource: an action on the end of an ARN."""

Statement = dict[str, Any]


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The template as plain CloudFormation, with what SAM has added."""
    found: dict[str, Any] = transformed(with_one_path(package().template()), Stage="dev")["Resources"]
    return found


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """Every action of AWS and the kinds of resources that it may be allowed on, as cfn-lint has them."""
    found: dict[str, Any] = json.loads((files("cfnlint") / "data/AdditionalSpecs/Policies.json").read_text())
    return found


def granted(resources: dict[str, Any]) -> Iterator[tuple[str, Statement]]:
    """Every statement of every policy of a role, with whose it is."""
    for name, one in resources.items():
        for policy in one["Properties"].get("Policies", []) if one["Type"] == "AWS::IAM::Role" else []:
            yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])
        if one["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            yield from ((name, statement) for statement in one["Properties"]["PolicyDocument"]["Statement"])


def statements(name: str) -> list[Statement]:
    found: list[Statement] = json.loads((POLICIES / f"{name}.json").read_text())["Statement"]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_role_has_a_policy_that_is_not_written_here(resources: dict[str, Any]) -> None:
    roles = {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::IAM::Role"}
    assert len(roles) > 14
    assert not [name for name, one in roles.items() if "ManagedPolicyArns" in one]


def test_every_function_has_a_role_that_nobody_else_has(resources: dict[str, Any]) -> None:
    functions = {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::Lambda::Function"}
    roles = [json.dumps(one["Role"]) for one in functions.values()]
    assert len(set(roles)) == len(functions) > 13


def test_roles_trust_one_service_each(resources: dict[str, Any]) -> None:
    for name, one in resources.items():
        if one["Type"] == "AWS::IAM::Role":
            (trust,) = one["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            assert list(trust["Principal"]) == ["Service"], name
            assert len(listed(trust["Principal"]["Service"])) == 1, name


def test_a_role_may_do_what_is_named_to_what_is_named(resources: dict[str, Any], known: dict[str, Any]) -> None:
    wild = set()
    for role, statement in granted(resources):
        assert statement["Effect"] == "Allow", role
        assert {"NotAction", "NotResource"}.isdisjoint(statement), role
        for action in listed(statement["Action"]):
            service, name = action.split(":")
            assert name.lower() in known[service]["Actions"], f"{role}: there is no {action}"
        for target in listed(statement["Resource"]):
            assert not isinstance(target, str), f"{role}: {target}"
            wild |= {text for text in listed(target.get("Fn::Sub", "")) if "*" in text}
    assert wild == set(WILD)


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.json")), ids=lambda path: path.stem)
def test_a_policy_for_people_names_actions_that_exist_and_the_stage(path: Path, known: dict[str, Any]) -> None:
    for statement in statements(path.stem):
        for action in statement["Action"]:
            service, name = action.split(":")
            matching = [one for one in known[service]["Actions"] if fnmatchcase(one, name.lower())]
            assert matching, f"there is no {action}"
            if "*" in name:
                assert name.startswith(("Get", "List", "Describe", "PutBucket")), action
            if statement["Resource"] == "*":
                assert not known[service]["Actions"][matching[0]].get("Resources"), f"{action} can be allowed on less"
        named = all("STAGE" in resource for resource in listed(statement["Resource"]))
        assert named is (statement["Sid"] not in NAMELESS), statement["Sid"]


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.json")), ids=lambda path: path.stem)
def test_aws_takes_a_policy_of_that_length(path: Path) -> None:
    assert len("".join(path.read_text().split())) <= MANAGED_POLICY_LIMIT - 200  # a stage's name is longer than "STAGE"


def test_who_deploys_may_make_every_kind_of_resource_and_unmake_it(resources: dict[str, Any]) -> None:
    kinds = {one["Type"] for one in resources.values()}
    assert kinds <= set(NEEDS)
    allowed = [statement for name in (*DEPLOYING, "waf") for statement in statements(name)]
    for kind in kinds:
        for need in NEEDS[kind]:
            action, _, target = need.partition(" ")
            assert any(allows(one, action, target.format("carillon-STAGE-Thing-1")) for one in allowed), (
                f"{kind}: {need}"
            )


def test_without_a_web_acl_its_policy_is_not_needed(resources: dict[str, Any]) -> None:
    conditional = {one["Type"] for one in resources.values() if one.get("Condition") == "HasWebAcl"}
    assert conditional == {"AWS::WAFv2::WebACLAssociation"}


def allows(statement: Statement, action: str, target: str) -> bool:
    """Whether a statement lets somebody do something to the end of an ARN."""
    names = any(fnmatchcase(action, one) for one in statement["Action"])
    ends = [one if one == "*" else one.split(":", 5)[-1] for one in listed(statement["Resource"])]
    return names and any(fnmatchcase(target, end) for end in ends)
