"""`python -m infra.lock`: write requirements.lock, the hash of every file that goes to AWS from somebody else.

A pin names a version; only the hash says that the file behind it is still the one that was tried. Packaging fetches the
files of the lock, which pip refuses where their hashes differ, and holds what Chalice packed against them:
https://pip.pypa.io/en/stable/topics/secure-installs/, read 2026-11-23.
"""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
SHIPPED = ("requirements.txt", "requirements-calendar.txt", "requirements-pictures.txt")
"""What is packaged: the functions' own code, and their layers."""
PLATFORM = "manylinux2014_x86_64"
FOR_LAMBDA = ("--only-binary=:all:", "--no-deps", "--platform", PLATFORM, "--implementation", "cp")
OURS = ("app.py", "chalicelib/", "chalice/", "vendor/")
"""What is no wheel's: our own code, and the runtime that Chalice adds from the environment that packages."""
HEAD = "# Written by `make lock`: the files that go to AWS. Review what changes.\n"


def fetched(folder: Path, lock: Path = LOCK) -> bool:
    """Whether the wheels of the lock could be had, each with its hash; they are in the folder then."""
    return _pip("download", "--require-hashes", "-r", str(lock), "-d", str(folder))


def strangers(code_path: Path, folder: Path) -> list[str]:
    """The files of a packaged zip that are neither ours nor, byte for byte, in one of the wheels."""
    known = {found for wheel in folder.glob("*.whl") for found in _contents(wheel)}
    return sorted(name for name, digest in _contents(code_path) - known if not name.startswith(OURS))


def _contents(path: Path) -> set[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as packed:
        names = [name for name in packed.namelist() if not name.endswith("/")]
        return {(name, hashlib.sha256(packed.read(name)).digest()) for name in names}


def lines(folder: Path) -> list[str]:
    """The lock's line of each wheel."""
    found = []
    for wheel in sorted(folder.glob("*.whl")):
        name, version, *_ = wheel.name.split("-")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        found.append(f"{name.lower().replace('_', '-')}=={version} --hash=sha256:{digest}")
    return found


def _pip(*words: str) -> bool:
    command = [sys.executable, "-m", "pip", *words, "--quiet", "--disable-pip-version-check", *FOR_LAMBDA]
    return subprocess.run([*command, "--python-version", "3.11"], check=False).returncode == 0


def _write() -> None:
    named = [word for name in SHIPPED for word in ("-r", str(ROOT / name))]
    with TemporaryDirectory() as folder:
        if not _pip("download", *named, "-d", folder):
            sys.exit("pip could not get what is pinned; its reason is above. requirements.lock is as it was.")
        LOCK.write_text(HEAD + "".join(f"{line}\n" for line in lines(Path(folder))))


if __name__ == "__main__":
    _write()
