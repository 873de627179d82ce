"""Lines that machines read in the logs: one JSON object each, which metric filters in infra/resources.yaml count.

Printed and not logged, because Lambda puts words of its own before what is logged, and a filter wants the line to be
JSON from its first letter: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import sys


def line(event: str, **facts: str | float) -> None:
    """Say that something happened. Never what people wrote, and never a secret."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()
