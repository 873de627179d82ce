"""`python -m infra.sbom`: build/sbom.json, what goes to AWS as a CycloneDX document, out of the pinned requirements.

`python -m infra.sbom audit` asks PyPI's database of known faults about the same pins, by pip-audit: 1 where there is
one, 2 where nobody could be asked.
"""

import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from infra.lock import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
SBOM = ROOT / "build" / "sbom.json"
PIP_AUDIT = "pip-audit==2.10.1"
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!-]+)")


def pins(*files: str) -> dict[str, str]:
    """The version of each distribution that the files name; ValueError where a line is no exact pin."""
    return dict(sorted(pin for name in files for pin in _of(ROOT / name)))


def _of(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text().splitlines():
        wanted = line.partition("#")[0].strip()
        if not wanted or wanted.startswith("-r "):
            continue
        found = PIN.fullmatch(wanted)
        if found is None:
            raise ValueError(f"{path.name}: {wanted!r} is not pinned")
        yield found[1].lower().replace("_", "-"), found[2]


def document(found: dict[str, str]) -> str:
    """The pins as CycloneDX 1.6 in JSON; the licences are those that the installed distributions declare."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL

    bom = Bom()
    bom.metadata.component = Component(name="carillon", type=ComponentType.APPLICATION, bom_ref="carillon")
    for name, version in found.items():
        url = PackageURL("pypi", None, name, version)
        bom.components.add(
            Component(
                name=name,
                version=version,
                type=ComponentType.LIBRARY,
                bom_ref=str(url),
                purl=url,
                licenses=_licences(name),
            )
        )
    bom.register_dependency(bom.metadata.component, list(bom.components))
    return str(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2))


def _licences(name: str) -> list[Any]:
    from cyclonedx.contrib.license.factories import LicenseFactory

    about: Any = metadata(name)  # typed as if it had no `get` in Python 3.11
    said = about.get("License-Expression") or about.get("License")
    if not said or "\n" in said:
        said = next(
            (one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if "License ::" in one), None
        )
    return [LicenseFactory().make_from_string(said)] if said else []


def audit(found: dict[str, str]) -> int:
    """What pip-audit says of the pins, from an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        pinned = Path(folder) / "pins.txt"
        pinned.write_text("".join(f"{name}=={version}\n" for name, version in found.items()))
        got = subprocess.run([python, "-m", "pip", "install", "--quiet", PIP_AUDIT], check=False)
        if got.returncode:
            return _nobody("pip-audit itself could not be had")
        asked = [str(python), "-m", "pip_audit", "--no-deps", "--disable-pip", "-r", str(pinned)]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    return verdict(done.returncode, done.stdout, done.stderr)


def verdict(code: int, said: str, warned: str) -> int:
    """0 where every pin was looked up and nothing is known of it, 1 where something is, 2 where not all could be."""
    if "could not be audited" in said:
        return _nobody("some of the pins are unknown to it; they are listed above")
    if code and "vulnerabilit" not in said + warned:
        return _nobody((warned.strip().splitlines() or ["no answer"])[-1][:200])
    print(warned, end="")
    return min(code, 1)


def _nobody(why: str) -> int:
    print(f"NOT AUDITED: the database of known faults could not be asked ({why}). The pins are unchanged and locked.")
    return 2


if __name__ == "__main__":
    if sys.argv[1:] == ["audit"]:
        sys.exit(audit(pins(*SHIPPED)))
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(document(pins(*SHIPPED)))
    print(f"{SBOM.relative_to(ROOT)}: {len(pins(*SHIPPED))} components")
