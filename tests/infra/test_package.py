"""The zip holds all that a Lambda imports: nothing is borrowed from the environment that packaged it."""

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.package import ROOT, package

# What the Lambda runtime itself provides: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path[:0] = sys.argv[1:]
import app, chalicelib
for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    importlib.import_module(module.name)
print(app.__file__)
"""


@pytest.fixture(scope="module")
def unzipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("code")
    with zipfile.ZipFile(package().code_path) as code:
        code.extractall(target)
    return target


def test_everything_imports_with_the_zip_and_the_lambda_runtime_alone(unzipped: Path, tmp_path: Path) -> None:
    for name in RUNTIME:
        (tmp_path / Path(origin(name)).name).symlink_to(origin(name))
    alone = [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(unzipped), str(tmp_path)]
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(unzipped / "app.py"), done.stderr


@pytest.mark.parametrize(
    "absent", ["boto3", "botocore", "PIL", "holidays", "dateutil", "pytest", "moto", "ministack", "infra", "tests"]
)
def test_what_no_lambda_needs_is_not_shipped(unzipped: Path, absent: str) -> None:
    assert not (unzipped / absent).exists()


def origin(name: str) -> str:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent) if spec.submodule_search_locations else spec.origin


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({"_HANDLER": "app.app"}, True),
        ({"_HANDLER": "app.sweep"}, False),
        ({"AWS_LAMBDA_FUNCTION_NAME": "carillon-local-APIHandler-1"}, True),
        ({"AWS_LAMBDA_FUNCTION_NAME": "carillon-local-Sweep-1"}, False),
        ({}, True),
    ],
    ids=str,
)
def test_the_api_is_imported_by_the_function_that_serves_it(environment: dict[str, str], there: bool) -> None:
    command = [sys.executable, "-c", "import sys, app; print('chalicelib.api' in sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    assert done.stdout.strip() == str(there)
