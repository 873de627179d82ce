"""Lines that machines read in the logs: one JSON object each, which metric filters in infra/resources.yaml count.

Printed and not logged, because Lambda puts words of its own before what is logged, and a filter wants the line to be
JSON from its first letter: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import sys
from collections.abc import Mapping
from datetime import datetime


def line(event: str, **facts: str | float) -> None:
    """Say that something happened. Never what people wrote, and never a secret."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


def measured(
    at: datetime, values: Mapping[str, float], dimensions: Mapping[str, str], facts: Mapping[str, str], *, by_name: bool
) -> None:
    """Have CloudWatch measure values, in its embedded metric format, without a call:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

    Facts are in the line for whoever searches the logs; they are dimensions, each set of which costs like a metric of
    its own, only where `by_name` says so.
    """
    sets = [sorted(dimensions)] + ([sorted({*dimensions, *facts})] if by_name else [])
    directive = {
        "Namespace": "Carillon",
        "Dimensions": sets,
        "Metrics": [{"Name": name, "Unit": "None"} for name in sorted(values)],
    }
    about = {"Timestamp": round(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    sys.stdout.write(json.dumps({"_aws": about, **dimensions, **facts, **values}) + "\n")
    sys.stdout.flush()
