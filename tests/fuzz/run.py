"""One run of schemathesis over the whole document, and what it says of itself."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.server import Served

CONFIG = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """How a run went."""

    failed: bool
    cases: int
    tested: int
    """Operations."""
    said: str


def fuzz(served: Served, directory: Path, *words: str) -> Run:
    """Try the service; `words` are more of schemathesis' own. What a run leaves is left in `directory`."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    where = [f"{served.url}/v1/openapi.json", "--url", served.url]
    command = [program, "--config-file", str(CONFIG), "run", *where, "--no-color", *words]
    environment = {**os.environ, "CARILLON_KEY": served.key, "CARILLON_KEY_ID": served.key_id, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return Run(done.returncode != 0, _figure(r"(\d+) generated", said), _figure(r"Tested: (\d+)", said), said)


def _figure(pattern: str, said: str) -> int:
    found = re.search(pattern, said)
    return int(found[1]) if found else 0
