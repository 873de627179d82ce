"""The architecture is the import graph: arrows point one way, and only `wiring` knows everybody."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "core": {"core"},
    "platforms": {"core", "platforms"},
    "callbacks": {"core", "callbacks"},
    "ports": {"core"},
    "settings": {"ports"},
    "clock": {"ports"},
    "service": {"core", "platforms", "callbacks", "ports", "service"},
    "aws": {"core", "callbacks", "ports", "aws"},
    "web": {"core", "ports"},
    "pictures": {"core"},
    "api": {"core", "platforms", "callbacks", "ports", "service", "api"},
    "wiring": {"ports", "aws", "web", "clock", "settings"},
    "app": {"api", "aws", "pictures", "service", "wiring"},
}
"""`aws` may also be imported by `app`, for the shape of the events that wake it."""

OUTSIDE = {
    "boto3",
    "botocore",
    "httpx",
    "httpcore",
    "chalice",
    "aws_lambda_powertools",
    "cryptography",
    "tenacity",
    "PIL",
    "holidays",
    "dateutil",
}
KNOWS_OUTSIDE = {
    "core": {"holidays", "dateutil"},
    "aws": {"boto3", "botocore", "cryptography", "tenacity"},
    "web": {"httpx", "httpcore", "tenacity"},
    "pictures": {"PIL"},
    "api": {"chalice"},
    "service": {"cryptography"},
    "callbacks": {"cryptography"},
    "app": {"chalice"},
}
"""A signature is arithmetic, so the service may make one and callbacks check one; importing what it takes costs, so
only where it is made."""
IMPURE_IN_CORE = {"os", "time", "random", "secrets", "socket", "subprocess", "threading", "uuid", "logging"}

FILES = [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]


def layer(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return parts[0] if parts[0] == "app" else parts[1]


def imported(file: Path) -> set[str]:
    """Every module a file imports, wherever in the file: `chalicelib.core.post`, `httpx` …"""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "chalicelib":
                names |= {f"chalicelib.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_follow_the_arrows(file: Path) -> None:
    here = layer(file)
    if here == "__init__":
        assert not imported(file)
        return
    ours = {name.split(".")[1] for name in imported(file) if name.startswith("chalicelib.")}
    assert ours <= MAY_IMPORT[here]
    outside = {name.split(".")[0] for name in imported(file)} & OUTSIDE
    assert outside <= KNOWS_OUTSIDE.get(here, set())


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if layer(file) in ("core", "platforms")],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_core_and_platforms_neither_read_a_clock_nor_roll_dice_nor_touch_the_machine(file: Path) -> None:
    assert not {name.split(".")[0] for name in imported(file)} & IMPURE_IN_CORE
    calls = {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert not calls & {"now", "utcnow", "today", "read_text", "open"}


def test_every_layer_of_the_house_is_there() -> None:
    assert {layer(file) for file in FILES} - {"__init__"} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", ["publish", "dispatch", "sweep"])
def test_whoever_publishes_starts_without_what_plans_and_schedules_need(name: str) -> None:
    planning = ["calendar", "recurrence", "recurring", "planning", "brand", "kit", "starter_lists"]
    others = [*(f"chalicelib.core.{each}" for each in planning), "dateutil", "holidays"]
    program = f"import sys, chalicelib.service.{name}; print([each for each in {others!r} if each in sys.modules])"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
