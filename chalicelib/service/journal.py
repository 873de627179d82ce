"""Lines that machines read in the logs: one JSON object each, which metric filters in infra/resources.yaml count.

Printed and not logged, because Lambda puts words of its own before what is logged, and a filter wants the line to be
JSON from its first letter: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

NAMESPACE = "Carillon"
UNITS = {"Ms": "Milliseconds", "Seconds": "Seconds"}
"""By how a metric's name ends."""


def line(event: str, **facts: str | float) -> None:
    """Say that something happened. Never what people wrote, and never a secret."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


class Group(NamedTuple):
    """Metrics that are kept apart in the same ways."""

    values: Mapping[str, float | Sequence[float]]
    """By the metric's name, which ends in its unit; several where it was measured several times, at most 100."""
    by: Sequence[Sequence[str]]
    """Sets of facts. Each set with values of its own is a metric of its own, and costs like one."""


def measured(at: datetime, facts: Mapping[str, str], *groups: Group) -> None:
    """Have CloudWatch measure values, in its embedded metric format, without a call:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

    Facts are in the line for whoever searches the logs; they are dimensions only where a group says so.
    """
    directives = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [sorted(one) for one in group.by],
            "Metrics": [{"Name": name, "Unit": _unit(name)} for name in sorted(group.values)],
        }
        for group in groups
    ]
    about = {"Timestamp": round(at.timestamp() * 1000), "CloudWatchMetrics": directives}
    values = {name: value for group in groups for name, value in group.values.items()}
    sys.stdout.write(json.dumps({"_aws": about, **facts, **values}) + "\n")
    sys.stdout.flush()


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "None")
