"""What goes to AWS, as a document and before the database of known faults."""

import json
from pathlib import Path

import pytest

from infra import sbom
from infra.lock import SHIPPED


def test_the_document_lists_exactly_what_is_pinned_for_aws() -> None:
    pins = sbom.pins(*SHIPPED)

    found = json.loads(sbom.document(pins))

    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert {one["name"]: one["version"] for one in found["components"]} == pins
    assert {one["purl"] for one in found["components"]} == {f"pkg:pypi/{name}@{pins[name]}" for name in pins}


def test_what_ships_says_its_licence() -> None:
    components = json.loads(sbom.document(sbom.pins("requirements.txt")))["components"]

    assert [one["name"] for one in components if not one.get("licenses")] == []


def test_what_is_not_pinned_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "ROOT", tmp_path)
    (tmp_path / "loose.txt").write_text("httpx>=0.28\n")

    with pytest.raises(ValueError, match="not pinned"):
        sbom.pins("loose.txt")


@pytest.mark.parametrize(
    ("code", "said", "warned", "verdict"),
    [
        (0, "", "No known vulnerabilities found\n", 0),
        (0, "jinja2 Dependency not found on PyPI and could not be audited: jinja2 (2.10)", "No known …", 2),
        (1, "Name Version ID\njinja2 2.10 PYSEC-2019-217", "Found 1 known vulnerability in 1 package", 1),
        (1, "", "ERROR: ConnectionError: no route to host", 2),
    ],
)
def test_what_could_not_be_asked_about_is_not_called_good(
    capsys: pytest.CaptureFixture[str], code: int, said: str, warned: str, verdict: int
) -> None:
    assert sbom.verdict(code, said, warned) == verdict
    assert ("NOT AUDITED" in capsys.readouterr().out) == (verdict == 2)
