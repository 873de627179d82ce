"""`python -m tests.fuzz`: schemathesis over the whole OpenAPI document, against the service that `make run` runs.

It gets a workspace of its own there. What is refused rightly though a check cannot know it stands in schemathesis.toml
and hooks.py.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from infra.local import HOME
from tests.fuzz.run import ROOT, fuzz
from tests.fuzz.server import PLENTY, Served


def local() -> Served:
    """The local service, and a new workspace in it whose requests nobody counts."""
    announced = HOME / "service.json"
    if not announced.exists():
        sys.exit("Carillon is not running here: `make run` starts it.")
    service = json.loads(announced.read_text())
    workspace_id = _admin(service, "workspace", "create", "--name", "Fuzz")["id"]
    plenty = ["--per-key", str(PLENTY), "--per-workspace", str(PLENTY)]
    _admin(service, "limits", "set", "--workspace", workspace_id, *plenty)
    key = _admin(service, "key", "create", "--workspace", workspace_id)
    return Served(service["url"], key["key"], key["id"])


def _admin(service: dict[str, Any], *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "infra.admin", *words]
    environment = {**os.environ, **service["environment"]}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def main() -> int:
    """Print what schemathesis says; 1 where it found something, or tried less than was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--cases", type=int, default=5000, help="at least so many")
    chosen, words = parser.parse_known_args()
    directory = ROOT / "build"
    directory.mkdir(exist_ok=True)
    kept = ["--seed", chosen.seed, "--workers", "1", "--generation-database", "none"]
    run = fuzz(local(), directory, *kept, *words)
    (directory / "fuzz.txt").write_text(run.said)
    print(run.said[run.said.find("= FAILURES =") :] if run.failed else run.said[run.said.find("= SUMMARY =") :])
    return 1 if run.failed or run.cases < chosen.cases else 0


if __name__ == "__main__":
    sys.exit(main())
