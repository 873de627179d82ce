"""Fetching pinned packages, from a mirror of our own; and servers that stop whatever happens."""

import hashlib
import io
import os
import platform
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.real import debian_packages
from tests.real.debian_packages import Unavailable, programs

ROOT = Path(__file__).resolve().parents[2]
ABANDON = """
import os, signal, sys
from pathlib import Path
from tests.real.kept import kept
with kept(["sh", "-c", "echo $$ >pid; exec sleep 600"], Path(sys.argv[1])):
    while not (Path(sys.argv[1]) / "pid").exists():
        pass
    print((Path(sys.argv[1]) / "pid").read_text(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def package() -> bytes:
    """A Debian package with one program."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:xz") as archive:
        archive.addfile(tarfile.TarInfo("./usr/bin/bell"), io.BytesIO())
    data = held.getvalue()
    members = [(b"debian-binary", b"2.0\n"), (b"control.tar.xz", b"odd"), (b"data.tar.xz", data)]
    entry = b"%-16s0           0     0     100644  %-10d`\n"
    return b"!<arch>\n" + b"".join(entry % (name, len(one)) + one + b"\n" * (len(one) % 2) for name, one in members)


@pytest.fixture
def folder(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where locks are; the first mirror has forgotten everything."""
    monkeypatch.setattr(debian_packages, "PACKAGES", tmp_path)
    monkeypatch.setattr(debian_packages, "MIRRORS", (httpserver.url_for("/new"), httpserver.url_for("/all")))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    (tmp_path / "bell.lock").write_text(f"{hashlib.sha256(package()).hexdigest()}  pool/bell.deb\n")
    return tmp_path


def test_what_one_mirror_forgot_comes_from_the_next_and_only_once(folder: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/all/pool/bell.deb").respond_with_data(package())
    root = programs("bell").root
    assert (root / "usr/bin/bell").exists()
    assert programs("bell").root == root


def test_another_package_than_the_locked_one_is_refused_and_nothing_is_left(
    folder: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/new/pool/bell.deb").respond_with_data(package() + b"\n")
    with pytest.raises(ValueError, match="not the package that was locked"):
        programs("bell")
    assert [one.name for one in (folder / "unpacked").iterdir()] == ["bell.installing"]


def test_what_no_mirror_has_is_unavailable_with_the_reason(folder: Path) -> None:
    with pytest.raises(Unavailable, match=r"no mirror gives pool/bell\.deb"):
        programs("bell")


def test_another_machine_is_told_what_is_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(Unavailable, match="for Linux on x86_64, and this is Linux on aarch64"):
        programs("bell")


def test_a_server_stops_and_its_folder_goes_when_the_test_run_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    killed = subprocess.run(
        [sys.executable, "-c", ABANDON, str(home)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    give_up = time.monotonic() + 30
    while home.exists():
        assert time.monotonic() < give_up
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(int(killed.stdout), 0)
