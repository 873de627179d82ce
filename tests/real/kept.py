"""Servers that other people wrote: kept running for as long as a block lasts, and no longer even if we are killed."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

START_SECONDS = 60
STOP_SECONDS = 15
POLL_SECONDS = 0.1
KEEP = 'directory=$1; shift; "$@" & read -r _; kill $!; wait $!; rm -rf -- "$directory"'
"""Whoever started this holds the other end of stdin: when it closes, they are gone."""


class DidNotStart(Exception):
    """The server ended, or does not answer; the message holds what it printed."""


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A new folder with a short path, as sockets need it; gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def kept(command: Sequence[str], directory: Path) -> Iterator[Path]:
    """Run a server in its directory, which goes with it; yields what it prints."""
    log = directory / "log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            ["sh", "-c", KEEP, "keep", str(directory), *command],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield log
    finally:
        _stop(keeper)


def _stop(keeper: "subprocess.Popen[bytes]") -> None:
    assert keeper.stdin is not None
    keeper.stdin.close()
    try:
        keeper.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(keeper.pid, signal.SIGKILL)
        keeper.wait()


def await_answer(url: str, log: Path) -> None:
    """Return once the server answers at all."""
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(url, timeout=START_SECONDS, trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > give_up:
                raise DidNotStart(f"nothing answers at {url}:\n{log.read_text()[-4000:]}") from None
            time.sleep(POLL_SECONDS)
        else:
            return
