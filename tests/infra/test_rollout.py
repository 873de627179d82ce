"""A release takes over by degrees, and an alarm takes it back: read from what SAM makes of the packaged template."""

import copy
import json
import re
from typing import Any

import pytest

from infra.package import package
from infra.stack import emulated, release
from tests.infra.sam import transformed, with_one_path


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return package().template()


@pytest.fixture(scope="module")
def gradual(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = transformed(template, Stage="dev")["Resources"]
    return found


@pytest.fixture(scope="module")
def functions(gradual: dict[str, Any]) -> set[str]:
    return set(of_type(gradual, "AWS::Lambda::Function"))


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: one for name, one in resources.items() if one["Type"] == kind}


def test_every_function_has_an_alias_that_code_deploy_moves(gradual: dict[str, Any], functions: set[str]) -> None:
    aliases = of_type(gradual, "AWS::Lambda::Alias")
    assert {one["Properties"]["FunctionName"]["Ref"] for one in aliases.values()} == functions
    for alias in aliases.values():
        function = alias["Properties"]["FunctionName"]["Ref"]
        assert alias["Properties"]["Name"] == "live"
        policy = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert policy["DeploymentGroupName"] == {"Ref": f"{function}DeploymentGroup"}
        assert gradual[f"{function}DeploymentGroup"]["Type"] == "AWS::CodeDeploy::DeploymentGroup"


def test_alarms_of_ours_take_a_release_back(gradual: dict[str, Any], functions: set[str]) -> None:
    for function in functions:
        group = gradual[f"{function}DeploymentGroup"]["Properties"]
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert group["AlarmConfiguration"]["Enabled"] is True
        alarms = set(re.findall(r'"Ref": "(\w+)"', json.dumps(group["AlarmConfiguration"]["Alarms"])))
        assert alarms >= {"ApiFails", "SweepSilent", "BacklogOld", "BurnFastFiveMinutes", "PublishDeadLettersFound"}
        assert len(group["AlarmConfiguration"]["Alarms"]) <= 10
        assert {gradual[alarm]["Type"] for alarm in alarms} == {"AWS::CloudWatch::Alarm"}


def test_the_way_of_taking_over_is_a_parameter(small: dict[str, Any]) -> None:
    made = transformed(small, Rollout="Canary10Percent30Minutes")["Resources"]
    name = made["PublishDeploymentGroup"]["Properties"]["DeploymentConfigName"]
    assert name == {"Fn::Sub": ["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": "Canary10Percent30Minutes"}]}


def test_every_way_is_said_to_be_gradual_or_not(template: dict[str, Any]) -> None:
    assert set(template["Mappings"]["Rollouts"]) == set(template["Parameters"]["Rollout"]["AllowedValues"])


def test_an_emulator_gets_aliases_without_code_deploy(small: dict[str, Any], functions: set[str]) -> None:
    made = transformed(small, **emulated("http://127.0.0.1:4566"))["Resources"]
    assert len(of_type(made, "AWS::Lambda::Alias")) == len(functions)
    assert not [name for name, one in made.items() if one["Type"].startswith("AWS::CodeDeploy::")]


def test_the_api_calls_aliases_and_only_them(gradual: dict[str, Any]) -> None:
    paths = gradual["RestAPI"]["Properties"]["Body"]["paths"]
    called = re.findall(r"functions/([^/]+)/invocations", json.dumps(paths))
    assert len(called) > 70
    assert set(called) == {"${APIHandler.Arn}:live", "${Callbacks.Arn}:live"}


def test_queues_streams_and_schedules_call_aliases(gradual: dict[str, Any]) -> None:
    sources = [one["Properties"] for one in of_type(gradual, "AWS::Lambda::EventSourceMapping").values()]
    rules = [one["Properties"]["Targets"][0] for one in of_type(gradual, "AWS::Events::Rule").values()]
    called = [one["FunctionName"]["Ref"] for one in sources] + [one["Arn"]["Ref"] for one in rules]
    assert len(called) >= 10
    assert {gradual[name]["Type"] for name in called} == {"AWS::Lambda::Alias"}


def test_whoever_may_call_from_outside_may_call_the_alias(gradual: dict[str, Any]) -> None:
    allowed = [one["Properties"]["FunctionName"]["Ref"] for one in of_type(gradual, "AWS::Lambda::Permission").values()]
    assert {"APIHandlerAliaslive", "CallbacksAliaslive", "SweepAliaslive"} <= set(allowed)
    assert {gradual[name]["Type"] for name in allowed} == {"AWS::Lambda::Alias"}


def test_functions_that_others_call_by_name_are_called_by_alias_and_may_be(
    gradual: dict[str, Any], functions: set[str]
) -> None:
    named = {
        (caller, text)
        for caller in functions
        for text in re.findall(
            r'[^"]*\$\{(?:Dispatch|Variants)\.Arn\}[^"]*|"Fn::GetAtt": \["(?:Dispatch|Variants)"',
            json.dumps(gradual[caller]["Properties"]["Environment"]),
        )
    }
    assert {text for _, text in named} == {"${Dispatch.Arn}:live", "${Variants.Arn}:live"}
    assert {caller for caller, text in named if "Dispatch" in text} >= {"APIHandler", "Publish", "Sweep", "Recur"}
    ring = gradual["AlarmRolePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Resource"]
    assert {"Fn::Sub": "${Dispatch.Arn}:live"} in ring
    assert "${Variants.Arn}:live" in json.dumps(gradual["MediaRole"])


def versions(made: dict[str, Any]) -> set[str]:
    return set(of_type(made["Resources"], "AWS::Lambda::Version"))


@pytest.fixture(scope="module")
def small(template: dict[str, Any]) -> dict[str, Any]:
    return with_one_path(template)


@pytest.fixture(scope="module")
def before(small: dict[str, Any]) -> set[str]:
    return versions(transformed(small, Stage="dev"))


@pytest.mark.parametrize("name", ["AlarmLeadSeconds", "MeasuredWorkspaces"])
def test_a_parameter_that_functions_read_makes_a_new_version(
    small: dict[str, Any], before: set[str], name: str
) -> None:
    assert not before & versions(transformed(small, Stage="dev", **{name: "7"}))


def test_a_parameter_that_no_function_reads_makes_none(small: dict[str, Any], before: set[str]) -> None:
    assert before == versions(transformed(small, Stage="dev", AlarmEmail="oncall@example.com"))


def test_naming_what_holds_by_default_makes_none(small: dict[str, Any], before: set[str]) -> None:
    default = str(small["Parameters"]["AlarmLeadSeconds"]["Default"])
    assert before == versions(transformed(small, Stage="dev", AlarmLeadSeconds=default))


def test_new_code_or_a_new_layer_is_a_new_release(template: dict[str, Any]) -> None:
    for name, place in [("Publish", "CodeUri"), ("CalendarLayer", "ContentUri")]:
        changed = copy.deepcopy(template)
        changed["Resources"][name]["Properties"][place] = "s3://artifacts/another.zip"
        assert release(changed, {}) != release(template, {})


def test_who_moves_aliases_may_move_those_of_this_stack_and_nothing_else(gradual: dict[str, Any]) -> None:
    assert {
        json.dumps(one["Properties"]["ServiceRoleArn"])
        for one in of_type(gradual, "AWS::CodeDeploy::DeploymentGroup").values()
    } == {'{"Fn::GetAtt": ["RolloutRole", "Arn"]}'}
    (policy,) = gradual["RolloutRole"]["Properties"]["Policies"]
    moves, looks = policy["PolicyDocument"]["Statement"]
    assert "function:${AWS::StackName}-*" in moves["Resource"]["Fn::Sub"]
    assert looks["Action"] == "cloudwatch:DescribeAlarms"


def test_a_web_acl_stands_before_the_api_where_one_is_given(gradual: dict[str, Any]) -> None:
    association = gradual["WebAclAssociation"]
    assert association["Condition"] == "HasWebAcl"
    assert association["Properties"]["WebACLArn"] == {"Ref": "WebAclArn"}
    stage = re.findall(r"stages/\$\{(\w+)\}", association["Properties"]["ResourceArn"]["Fn::Sub"])
    assert [gradual[name]["Type"] for name in stage] == ["AWS::ApiGateway::Stage"]
