"""docs/deploy.md, followed to the letter: its own commands, in their order, against an AWS that is an emulator."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.emulator import Emulator, free_port, running_emulator
from infra.package import ROOT, package

pytestmark = pytest.mark.e2e

PAGE = ROOT / "docs" / "deploy.md"
RUN = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""Blocks that need the service alone; those that need AWS itself are marked `sh aws`."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    directory = tmp_path_factory.mktemp("aws")
    with running_emulator(directory, free_port(), tick_seconds=1.0) as running:
        yield running


def shell(emulator: Emulator) -> dict[str, str]:
    """The environment of somebody who is about to deploy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CARILLON_", "MAKE"))}
    return kept | {
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MAKEFLAGS": "--old-file=.venv/run.stamp",  # what tests run in is installed
    }


def commands() -> str:
    """The page's blocks as one script, each with its number before what it prints."""
    blocks = RUN.findall(PAGE.read_text())
    return "set -euo pipefail\n" + "\n".join(f"echo '== {n}'\n{block}" for n, block in enumerate(blocks))


def after(output: str, n: int) -> str:
    """What the page's block of that number has printed."""
    return output.split(f"== {n}\n")[1].split(f"== {n + 1}\n")[0]


def test_a_person_deploys_publishes_and_destroys_by_the_page_alone(emulator: Emulator) -> None:
    package()  # so that whoever does so at the same time is waited for here
    done = subprocess.run(
        ["bash", "-c", commands()],
        cwd=ROOT,
        env=shell(emulator),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names, deployed, mailed, workspace, account, published, at_once, destroyed = range(8)
    assert after(done.stdout, names) == ""
    assert "carillon-dev in account" in after(done.stdout, deployed)
    assert "The first release is up." in after(done.stdout, deployed)
    assert "AlarmSubscription" in after(done.stdout, mailed)
    assert "The first release is up." not in after(done.stdout, mailed)
    assert '"data": []' in after(done.stdout, workspace).replace('"data":[]', '"data": []')
    assert after(done.stdout, account) == ""
    assert after(done.stdout, published).startswith("published\n")
    assert "AlarmSubscription" not in after(done.stdout, at_once), "what was given before stays"
    assert "Stays behind: table carillon-dev-Table" in after(done.stdout, destroyed)
    assert tables(emulator) == 1


def tables(emulator: Emulator) -> int:
    client = emulator.session().client("dynamodb", endpoint_url=emulator.endpoint)
    return len(client.list_tables()["TableNames"])


def test_every_command_of_the_page_is_a_command() -> None:
    """Those that cannot be run here are read by the shell."""
    blocks = re.findall(r"^```sh (?:aws|elsewhere)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 10
    for block in blocks:
        assert subprocess.run(["bash", "-nc", block], check=False, capture_output=True).returncode == 0, block


@pytest.mark.parametrize("path", sorted((ROOT / "infra" / "policies").glob("*.json")), ids=lambda path: path.stem)
def test_every_policy_is_on_the_page(path: Path) -> None:
    assert f"`{path.stem}`" in PAGE.read_text()
