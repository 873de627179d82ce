"""What a cold start pays before its first event: each Lambda's entry beside the least that any of them must import.

Every sample is a fresh process that runs the package as Lambda does: out of a directory it cannot write to, so with no
bytecode but what is shipped. Floor and entries take turns, so that a busy moment slows all of them.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from infra.package import package
from tests.bench.figures import Figure, at_most, shown

ROUNDS = 9
FLOOR = "import boto3, pydantic; boto3.client('dynamodb')"
ENTRY = "import app; app.world(); from chalicelib.aws.clients import client; client('dynamodb')()"
LIMITS = {"app.app": 1.3} | dict.fromkeys(
    ("app.dispatch", "app.publish", "app.sweep", "app.tell", "app.deliver", "app.renew", "app.callbacks"), 1.1
)
"""The entries of the template's functions, and how many times the floor each may take."""
FIRST_CALL = {"app.callbacks": "; import chalicelib.service.receive, chalicelib.callbacks.x"}
"""What an entry imports at its first event, where somebody outside waits for the answer."""
TIMED = """
import sys, time
start = time.perf_counter()
exec(sys.argv[1])
print(time.perf_counter() - start)
"""
SETTINGS = {
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "CARILLON_TABLE": "table",
    "CARILLON_PUBLISH_QUEUE_URL": "https://queue.test",
    "CARILLON_ALARM_GROUP": "group",
    "CARILLON_ALARM_ROLE_ARN": "arn:aws:iam::123456789012:role/alarm",
    "CARILLON_KMS_KEY_ID": "key",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def measure() -> list[Figure]:
    """The median milliseconds of the floor, and each entry as a multiple of the floor beside it."""
    with (
        TemporaryDirectory(prefix="carillon-bench-") as code,
        zipfile.ZipFile(package(lambda _: None).code_path) as zip,
    ):
        zip.extractall(code)
        rounds = [_round(Path(code)) for _ in range(ROUNDS)]
    floor = median(one["floor"] for one in rounds)
    figures = [Figure("floor: boto3, pydantic, a DynamoDB client", shown(floor * 1000, "ms"))]
    for entry, limit in LIMITS.items():
        milliseconds = median(one[entry] for one in rounds) * 1000
        ratio = median(one[entry] / one["floor"] for one in rounds)
        figures.append(at_most(f"{entry} ({shown(milliseconds, 'ms')})", ratio, limit, "× floor"))
    return figures


def _round(code: Path) -> dict[str, float]:
    """Seconds of the floor and of every entry, one after the other."""
    return {"floor": _seconds(FLOOR, code)} | {
        entry: _seconds(ENTRY + FIRST_CALL.get(entry, ""), code, _HANDLER=entry) for entry in LIMITS
    }


def _seconds(statement: str, code: Path, **environment: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", TIMED, statement],
        cwd=code,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code), **SETTINGS, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(done.stdout)
