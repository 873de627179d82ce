"""The whole document, tried in memory: a few hundred requests of every kind, the same ones each time.

`make fuzz` tries thousands, against the service that `make run` runs.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import document
from tests.fuzz import server
from tests.fuzz.run import CONFIG, Run, fuzz

OPERATIONS = sum(len(methods) for methods in document()["paths"].values())


def tried(directory: Path, *words: str) -> Run:
    with server.serving() as served:
        return fuzz(served, directory, "--seed", "1", "--generation-deterministic", *words)


@pytest.mark.timeout(300)
def test_every_operation_takes_what_it_says_refuses_the_rest_and_answers_as_documented(tmp_path: Path) -> None:
    run = tried(tmp_path, "--phases", "fuzzing", "--max-examples", "1")

    assert not run.failed, run.said
    assert run.tested == OPERATIONS - 1  # all but the one that gives the document
    assert run.cases >= 150


@pytest.mark.timeout(300)
def test_a_service_that_answers_otherwise_than_it_says_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = server.asked

    def untrue(here: Any, app: Any, method: str, target: str, *rest: Any) -> Any:
        answer = honest(here, app, method, target, *rest)
        return {**answer, "body": '{"status": 5}'} if target.startswith("/v1/healthz") else answer

    monkeypatch.setattr(server, "asked", untrue)
    run = tried(tmp_path, "--phases", "coverage", "--include-path", "/v1/healthz")

    assert run.failed
    assert "Response violates schema" in run.said


def test_no_check_is_switched_off() -> None:
    checks = tomllib.loads(CONFIG.read_text())

    assert checks["checks"]["enabled"] is True
    assert "enabled = false" not in CONFIG.read_text()
    assert all(
        one["checks"].keys() <= {"negative_data_rejection", "positive_data_acceptance", "not_a_server_error"}
        for one in checks["operations"]
    )
