"""What watches the service in AWS: alarms that say what to do, on metrics that somebody really tells."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.scores.score import KINDS as SCORES
from infra import cost
from infra.package import package

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations.md"
TOLD = (ROOT / "chalicelib" / "service" / "vitals.py").read_text()
KINDS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
ANCHOR = re.compile(r"docs/operations\.md#([a-z-]+)$")


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = package().template()["Resources"]
    return found


@pytest.fixture(scope="module")
def alarms(resources: dict[str, Any]) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] in KINDS}


def anchors() -> set[str]:
    """The sections of the runbook, as they are linked."""
    headings = re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in headings}


def metrics(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm looks at."""
    if "Metrics" in properties:
        return [one["MetricStat"]["Metric"] for one in properties["Metrics"] if "MetricStat" in one]
    return [properties] if "MetricName" in properties else []


def test_every_alarm_names_its_section_of_the_runbook(alarms: dict[str, Any]) -> None:
    assert len(alarms) > 10
    for name, properties in alarms.items():
        found = ANCHOR.search(properties["AlarmDescription"])
        assert found, name
        assert found[1] in anchors(), name


def test_an_alarm_is_paid_for_by_the_metrics_that_it_looks_at(alarms: dict[str, Any]) -> None:
    """https://aws.amazon.com/cloudwatch/pricing/, from memory: alarms are priced by the alarm metric."""
    assert cost.idle()["watched"] == sum(len(metrics(one)) for one in alarms.values())


def test_everything_on_the_runbook_that_links_to_itself_is_there() -> None:
    linked = set(re.findall(r"\]\(#([a-z-]+)\)", PAGE.read_text()))
    assert linked
    assert linked <= anchors()


def test_somebody_is_told_of_every_alarm_but_the_halves_of_a_pair(alarms: dict[str, Any]) -> None:
    silent = {name for name, one in alarms.items() if one.get("AlarmActions") != [{"Ref": "AlarmTopic"}]}
    rules = " ".join(json.dumps(one["AlarmRule"]) for one in alarms.values() if "AlarmRule" in one)
    assert len(silent) == 6
    assert silent == set(re.findall(r"\$\{(\w+)\}", rules))


def test_every_metric_of_ours_that_is_watched_is_told(resources: dict[str, Any], alarms: dict[str, Any]) -> None:
    ours = {
        one["MetricName"]
        for properties in alarms.values()
        for one in metrics(properties)
        if one["Namespace"] == "Carillon"
    }
    assert ours >= {"Sweeps", "OldestOverdueSeconds", "OldestUnconfirmedSeconds", "TokenFailures", "Due", "OnTime"}
    for widget in dashboard(resources):
        ours |= {one[1] for one in widget["properties"]["metrics"] if one[0] == "Carillon"}
    told = {name for name in ours if f'"{name}"' in TOLD} | {kind.capitalize() for kind in SCORES}
    assert ours <= told


def dashboard(resources: dict[str, Any]) -> list[dict[str, Any]]:
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets: list[dict[str, Any]] = json.loads(body)["widgets"]
    return widgets


def test_the_top_of_the_dashboard_says_what_matters(resources: dict[str, Any]) -> None:
    titles = [one["properties"]["title"].split(",")[0] for one in dashboard(resources) if one["y"] == 0]
    assert titles == ["On time", "Success", "Oldest backlog", "Unconfirmed", "Duplicates"]


def test_where_nothing_succeeded_the_dashboard_says_nought_and_not_nothing(resources: dict[str, Any]) -> None:
    """A metric that nobody told has no value, and neither has what is reckoned with it: unless that is filled."""
    widgets = [one["properties"] for one in dashboard(resources)]
    (success,) = [one["metrics"] for one in widgets if one["title"].startswith("Success")]
    assert "published" in {one[-1].get("id") for one in success if one[0] == "Carillon"}
    assert "published" not in re.sub(r"FILL\([^()]*(\(\))?, 0\)", "", success[0][0]["expression"])


def test_throttles_of_the_table_and_of_each_index_are_seen(resources: dict[str, Any], alarms: dict[str, Any]) -> None:
    """An index is held back by itself, and holds back the writes of its table:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html, from memory."""
    indexes = [one["IndexName"] for one in resources["Table"]["Properties"]["GlobalSecondaryIndexes"]]
    watched = {
        (metric["MetricName"], *(one["Value"] for one in metric["Dimensions"] if one["Name"] != "TableName"))
        for alarm in alarms.values()
        for metric in metrics(alarm)
        if metric["Namespace"] == "AWS/DynamoDB"
    }
    kinds = ("ReadThrottleEvents", "WriteThrottleEvents")
    assert watched == {(kind,) for kind in kinds} | {(kind, index) for kind in kinds for index in indexes}


def test_no_alarm_reckons_with_more_metrics_than_aws_lets_it(alarms: dict[str, Any]) -> None:
    """Ten: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html, from memory of
    that page; boto3's page of `Alarm.metrics`, read 2026-11-23, says the same."""
    assert max(len(metrics(one)) for one in alarms.values()) <= 10


def test_a_sweep_or_a_canary_that_says_nothing_is_an_alarm(alarms: dict[str, Any]) -> None:
    missing = {name: one["TreatMissingData"] for name, one in alarms.items() if "TreatMissingData" in one}
    assert {missing.pop(one) for one in ("SweepSilent", "CanaryMissing")} == {"breaching"}
    assert set(missing.values()) == {"notBreaching"}


def test_every_queue_of_dead_letters_is_watched(resources: dict[str, Any], alarms: dict[str, Any]) -> None:
    queues = {name for name, one in resources.items() if one["Type"] == "AWS::SQS::Queue" and "DeadLetters" in name}
    watched = {
        one["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for properties in alarms.values()
        for one in metrics(properties)
        if one["Namespace"] == "AWS/SQS"
    }
    assert queues == watched


def test_no_alarm_looks_back_further_than_aws_lets_it(alarms: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, read 2026-11-23."""
    for name, one in alarms.items():
        if "AlarmRule" in one:
            continue
        periods = (
            {one["Period"]}
            if "Period" in one
            else {m["MetricStat"]["Period"] for m in one["Metrics"] if "MetricStat" in m}
        )
        assert len(periods) == 1, f"{name}: an alarm has one period"
        (period,) = periods
        assert period * one["EvaluationPeriods"] <= (604_800 if period >= 3600 else 86_400), name
