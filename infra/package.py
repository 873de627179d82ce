"""`python -m infra.package`: the app as one template and one zip in build/, exactly what AWS gets."""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
INPUTS = (
    *("app.py", "chalicelib", "vendor", "requirements.txt"),
    *(".chalice", "infra/resources.yaml", "infra/package.py", "requirements-run.txt"),
)
# pycparser serves cffi when it compiles, never when it runs.
SURPLUS_FOLDERS = ("regex/tests/", "pydantic/v1/", "pycparser/")
SURPLUS_SUFFIXES = (".pyi", ".js", ".css")
NOT_INPUTS = {"__pycache__", "deployments", "deployed"}


class PackagingFailed(Exception):
    """Chalice could not make a package of the app."""


@dataclass(frozen=True)
class Package:
    """A packaged app: a template that names its functions' code by a relative path, and that code."""

    template_path: Path
    code_path: Path

    def template(self) -> dict[str, Any]:
        """The template as plain data."""
        loaded: dict[str, Any] = yaml.safe_load(self.template_path.read_text())
        return loaded


def package(say: Callable[[str], object] = print) -> Package:
    """Package the app, unless build/ already holds what the present sources make; one process at a time."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _package(say)


def _package(say: Callable[[str], object]) -> Package:
    built = Package(BUILD / "sam.yaml", BUILD / "deployment.zip")
    fingerprint, recorded = _fingerprint(), BUILD / "fingerprint"
    if recorded.exists() and recorded.read_text() == fingerprint:
        return built
    say("Packaging for AWS Lambda …")
    started = time.monotonic()
    recorded.unlink(missing_ok=True)
    _chalice_package()
    _drop_surplus(built.code_path)
    recorded.write_text(fingerprint)
    say(f"Packaged: {built.code_path.stat().st_size / 1e6:.1f} MB in {time.monotonic() - started:.1f} s.")
    return built


def _chalice_package() -> None:
    command = ["package", "--stage", "aws", "--merge-template", "infra/resources.yaml", "--template-format", "yaml"]
    # Chalice insists on a region although nothing in the template depends on it.
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ}
    chalice = Path(sys.executable).with_name("chalice")  # it cannot be run with -m
    if subprocess.run([chalice, *command, BUILD], cwd=ROOT, env=environment, check=False).returncode != 0:
        raise PackagingFailed("chalice package failed; its reason is above")


def _drop_surplus(code_path: Path) -> None:
    """Leave out what dependencies carry and no Lambda runs: 2.5 MB of browser code, tests, stubs, another pydantic."""
    slim_path = code_path.with_suffix(".slim")
    with zipfile.ZipFile(code_path) as full, zipfile.ZipFile(slim_path, "w", zipfile.ZIP_DEFLATED) as slim:
        for item in full.infolist():
            if not item.filename.startswith(SURPLUS_FOLDERS) and not item.filename.endswith(SURPLUS_SUFFIXES):
                slim.writestr(item, full.read(item))
    slim_path.replace(code_path)


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in _input_files():
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _input_files() -> Iterator[Path]:
    for name in INPUTS:
        start = ROOT / name
        for path in [start, *sorted(start.rglob("*"))]:
            if path.is_file() and NOT_INPUTS.isdisjoint(path.parts):
                yield path


if __name__ == "__main__":
    try:
        result = package()
    except PackagingFailed as failure:
        sys.exit(str(failure))
    print(result.template_path.relative_to(ROOT), result.code_path.relative_to(ROOT))
