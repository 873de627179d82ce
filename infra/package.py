"""`python -m infra.package`: the app as one template and one zip in build/, exactly what AWS gets."""

import compileall
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from infra.lock import FOR_LAMBDA, PLATFORM, fetched, strangers

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
INPUTS = (
    *("app.py", "chalicelib", "vendor", "requirements.txt"),
    *(".chalice", "infra/resources.yaml", "infra/package.py", "requirements-run.txt"),
    *("requirements-pictures.txt", "requirements-calendar.txt"),
    *("requirements.lock", "infra/lock.py"),
)
# cffi and pycparser compile bindings; what cryptography runs is _cffi_backend. anyio serves httpx's asynchronous half.
SURPLUS_FOLDERS = ("regex/tests/", "pydantic/v1/", "cffi/", "pycparser/", "anyio/", "pydantic/mypy.py")
# Lists of parts and of files are for who installs, not for who runs; licences stay.
SURPLUS_SUFFIXES = (".pyi", ".js", ".css", ".cyclonedx.json", ".dist-info/RECORD", "/tzdata.zi")
# Pillow reads JPEG, PNG and WebP for us; AVIF alone would be as much again.
PICTURE_SURPLUS = (
    *("PIL/_avif", "pillow.libs/libavif", "PIL/_imagingtk", "PIL/_imagingft", "pillow.libs/libfreetype"),
    *("pillow.libs/libharfbuzz", "pillow.libs/libbrotli"),
)
# Holidays are told in English, or as their country writes them. Exchanges keep others; zones come from elsewhere.
CALENDAR_SURPLUS = ("holidays/locale/", "holidays/financial/", "dateutil/zoneinfo/", "bin/")
CALENDAR_KEPT = ("holidays/locale/en_US/",)
UNCHECKED_HASH = PycInvalidationMode.UNCHECKED_HASH
NOT_INPUTS = {"__pycache__", "deployments", "deployed"}


@dataclass(frozen=True)
class Layer:
    """What some functions find beside their code, and others do not carry."""

    requirements: str
    surplus: tuple[str, ...]
    """What the names of files begin with that nobody needs."""
    kept: tuple[str, ...] = ()
    """The exceptions."""
    compiled: bool = False
    """Whether it is bytecode alone: a Lambda cannot write what it compiles beside a layer's sources."""

    def holds(self, name: str) -> bool:
        """Whether a file is worth its place."""
        return name.startswith(self.kept) or not name.startswith(self.surplus)


LAYERS = {
    "PictureLayer": Layer("requirements-pictures.txt", PICTURE_SURPLUS),
    "CalendarLayer": Layer("requirements-calendar.txt", CALENDAR_SURPLUS, CALENDAR_KEPT, compiled=True),
}
"""By their names in the template."""


class PackagingFailed(Exception):
    """Chalice could not make a package of the app."""


@dataclass(frozen=True)
class Package:
    """A packaged app: a template that names its functions' code and their layers by relative paths, and these."""

    template_path: Path
    code_path: Path
    layer_paths: dict[str, Path]
    """By the layer's name in the template."""

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
    layer_paths = {name: BUILD / f"{name}.zip" for name in LAYERS}
    built = Package(BUILD / "sam.yaml", BUILD / "deployment.zip", layer_paths)
    fingerprint, recorded = _fingerprint(), BUILD / "fingerprint"
    if recorded.exists() and recorded.read_text() == fingerprint:
        return built
    say("Packaging for AWS Lambda …")
    started = time.monotonic()
    recorded.unlink(missing_ok=True)
    with TemporaryDirectory() as folder:
        wheels = Path(folder)
        if not fetched(wheels):
            raise PackagingFailed("pip could not get the files that requirements.lock names; its reason is above")
        _chalice_package(wheels)
        if strangers(built.code_path, wheels):  # Chalice keeps what it packed before while the pins are the same
            shutil.rmtree(ROOT / ".chalice" / "deployments", ignore_errors=True)
            _chalice_package(wheels)
        if unknown := strangers(built.code_path, wheels):
            raise PackagingFailed(f"requirements.lock does not name what Chalice packed: {', '.join(unknown[:5])} …")
        for name, path in layer_paths.items():
            _write_layer(LAYERS[name], path, wheels)
    _call_by_alias(built.template_path)
    _trim(built.code_path)
    recorded.write_text(fingerprint)
    say(f"Packaged: {built.code_path.stat().st_size / 1e6:.1f} MB in {time.monotonic() - started:.1f} s.")
    return built


def _chalice_package(wheels: Path) -> None:
    command = ["package", "--stage", "aws", "--merge-template", "infra/resources.yaml", "--template-format", "yaml"]
    # Chalice asks pip for what this machine would run, and only then for Lambda's platform. Here it is Lambda's at
    # once, out of the wheels; and it insists on a region although nothing in the template depends on it.
    lambdas = {"PLATFORM": PLATFORM, "IMPLEMENTATION": "cp", "PYTHON_VERSION": "3.11", "ONLY_BINARY": ":all:"}
    asked = {"NO_INDEX": "1", "FIND_LINKS": str(wheels), **lambdas}
    pip = {f"PIP_{name}": value for name, value in asked.items()}
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, **pip}
    chalice = Path(sys.executable).with_name("chalice")  # it cannot be run with -m
    if subprocess.run([chalice, *command, BUILD], cwd=ROOT, env=environment, check=False).returncode != 0:
        raise PackagingFailed("chalice package failed; its reason is above")


def _call_by_alias(template_path: Path) -> None:
    """Have every path of the API call its function's alias, which moves to a new release by degrees; Chalice writes the
    function itself."""
    template = template_path.read_text()
    template_path.write_text(template.replace("${APIHandler.Arn}/invocations", "${APIHandler.Arn}:live/invocations"))


def _write_layer(layer: Layer, layer_path: Path, wheels: Path) -> None:
    """What the layer's requirements name, out of the wheels: for Lambda's platform and not for ours."""
    with TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder]
        given = ["--no-index", "--find-links", str(wheels), "--no-compile", *FOR_LAMBDA, "--python-version", "3.11"]
        command = [*pip, *given, "-r", str(ROOT / layer.requirements)]
        if subprocess.run(command, check=False).returncode != 0:
            raise PackagingFailed(f"pip could not get what {layer.requirements} names; its reason is above")
        if layer.compiled:
            _compile(Path(folder), "/opt/python")
        with zipfile.ZipFile(layer_path, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(Path(folder).rglob("*")):
                name = path.relative_to(folder).as_posix()
                if path.is_file() and layer.holds(name):
                    packed.write(path, f"python/{name}")


def _trim(code_path: Path) -> None:
    """Leave out what no Lambda runs, and compile the rest: a cold start would compile it again every time."""
    with TemporaryDirectory() as folder:
        code = Path(folder)
        with zipfile.ZipFile(code_path) as full:
            full.extractall(code, [name for name in full.namelist() if not _is_surplus(name)])
        for path in code.glob("*.dist-info/METADATA"):
            path.write_text(path.read_text().partition("\n\n")[0] + "\n")  # behind the facts there is a whole README
        _compile(code)
        slim_path = code_path.with_suffix(".slim")
        with zipfile.ZipFile(slim_path, "w", zipfile.ZIP_DEFLATED) as slim:
            for path in sorted(code.rglob("*")):
                slim.write(path, path.relative_to(code))
        slim_path.replace(code_path)


def _is_surplus(name: str) -> bool:
    return name.startswith(SURPLUS_FOLDERS) or name.endswith(SURPLUS_SUFFIXES) or "__pycache__" in name


def _compile(code: Path, home: str = "/var/task") -> None:
    """Bytecode instead of sources: both would pass the size that we allow, and a traceback names file and line as ever.

    Chalice's entry point alone keeps its source, by which it finds it.
    """
    # Unchecked: a zip gives its files times of its own, and nobody edits a source in Lambda.
    options: dict[str, Any] = {"stripdir": code, "prependdir": home, "invalidation_mode": UNCHECKED_HASH}
    ours, entry = code / "chalicelib", code / "app.py"
    for path in code.rglob("*.py"):
        # Docstrings are a tenth of the bytecode; those of our API describe it.
        documented = path.is_relative_to(ours) or path == entry
        how: dict[str, Any] = {} if documented else {"optimize": 2}
        compileall.compile_file(path, quiet=1, legacy=path != entry, **options, **how)
    for path in set(code.rglob("*.py")) - {entry}:
        path.unlink()


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
