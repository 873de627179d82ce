"""Programs out of Debian's packages, pinned by their sums and unpacked without root, for any Linux on x86-64."""

import fcntl
import hashlib
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import httpx

PACKAGES = Path(__file__).parent / "debian"
MIRRORS = ("http://deb.debian.org/debian", "https://snapshot.debian.org/archive/debian/20261123T000000Z")
"""A mirror forgets a version once there is a newer one; snapshot.debian.org keeps all that a mirror had on that day."""
LIBRARIES = "usr/lib/x86_64-linux-gnu"
DOWNLOAD_SECONDS = 60
INSTALL_SECONDS = 600
AR_MAGIC = b"!<arch>\n"
AR_HEADER = 60


class Unavailable(Exception):
    """This machine cannot have the programs; the message says why."""


@dataclass(frozen=True)
class Programs:
    """Unpacked packages, whose programs run with their own C library, whatever the machine's is."""

    root: Path

    def command(self, program: str, *arguments: str) -> list[str]:
        """What starts `usr/bin/…` or `usr/sbin/…`."""
        libraries = self.root / LIBRARIES
        loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries)]
        return [*loader, str(self.root / program), *arguments]


def programs(name: str) -> Programs:
    """The packages in `debian/<name>.lock`, fetched and unpacked unless these very ones are here already."""
    machine = platform.system(), platform.machine()
    if machine != ("Linux", "x86_64"):
        raise Unavailable(
            f"Debian's programs of {name}.lock are for Linux on x86_64, and this is {' on '.join(machine)}"
        )
    lock = (PACKAGES / f"{name}.lock").read_text()
    root = PACKAGES / "unpacked" / f"{name}-{hashlib.sha256(lock.encode()).hexdigest()[:12]}"
    root.parent.mkdir(exist_ok=True)
    with (root.parent / f"{name}.installing").open("w") as installing:
        fcntl.flock(installing, fcntl.LOCK_EX)
        if not root.exists():
            _install(lock, root)
    return Programs(root)


def _install(lock: str, root: Path) -> None:
    """All of it or nothing: the folder gets its name once it is whole."""
    for old in root.parent.glob(f"{root.name.rpartition('-')[0]}-*"):
        shutil.rmtree(old)
    unfinished = Path(tempfile.mkdtemp(dir=root.parent))
    try:
        with httpx.Client(timeout=DOWNLOAD_SECONDS, follow_redirects=True) as client:
            for line in lock.splitlines():
                wanted, path = line.split()
                _unpack(_fetched(client, path, wanted), unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(root)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fetched(client: httpx.Client, path: str, wanted: str) -> bytes:
    package = _downloaded(client, path)
    found = hashlib.sha256(package).hexdigest()
    if found != wanted:
        raise ValueError(f"{path} is not the package that was locked: its SHA-256 is {found}")
    return package


def _downloaded(client: httpx.Client, path: str) -> bytes:
    failures: list[str] = []
    for mirror in MIRRORS:
        try:
            return client.get(f"{mirror}/{path}").raise_for_status().content
        except httpx.HTTPError as failure:
            failures += [f"{mirror}: {failure}"]
    raise Unavailable(f"no mirror gives {path} (debian/README.md says how to renew the lock): {'; '.join(failures)}")


def _unpack(package: bytes, root: Path) -> None:
    for name, data in _ar_members(package):
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=BytesIO(data)) as archive:
                # What was locked is trusted; Python 3.12 wants that to be said, and the first 3.11s cannot hear it.
                archive.extraction_filter = lambda member, _: member
                archive.extractall(root)  # noqa: S202


def _ar_members(package: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of an ar archive, as deb(5) describes it: https://manpages.debian.org/deb.5, read 2026-11-23."""
    if not package.startswith(AR_MAGIC):
        raise ValueError("not a Debian package")
    place = len(AR_MAGIC)
    while place < len(package):
        header = package[place : place + AR_HEADER]
        name, size = header[:16].decode().strip().rstrip("/"), int(header[48:58])
        place += AR_HEADER
        yield name, package[place : place + size]
        place += size + size % 2
