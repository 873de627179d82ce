"""MiniStack as a child process of ours: AWS for one machine, on loopback, with its state in a directory."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx

DEFAULT_PORT = 4566
HOST = "127.0.0.1"
START_SECONDS = 180
# An invocation that is under way may run to its own timeout of 60 s before MiniStack lets go.
STOP_SECONDS = 90
# What a child needs of our environment. The rest stays out: every Lambda would inherit it, AWS credentials included.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


class EmulatorFailed(Exception):
    """MiniStack did not start, or ended by itself."""


@dataclass(frozen=True)
class Emulator:
    """A MiniStack that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def endpoint(self) -> str:
        """Where every AWS service of it answers."""
        return f"http://{HOST}:{self.port}"

    def session(self) -> boto3.Session:
        """A session with the credentials that MiniStack expects: any."""
        return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")  # noqa: S106

    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None


@contextmanager
def running_emulator(directory: Path, port: int, *, tick_seconds: float, hold: int | None = None) -> Iterator[Emulator]:
    """Run MiniStack until the block ends, keeping its state in `directory`; `hold` is a file descriptor to inherit."""
    scratch = directory / "tmp"  # Lambdas are unpacked here; whatever a killed run left is of no use
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    log = directory / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.ministack_server", str(tick_seconds)],
            cwd=Path(__file__).resolve().parent.parent,
            env=_environment(directory, scratch, port),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; MiniStack is stopped below, gently
            pass_fds=[] if hold is None else [hold],
        )
    emulator = Emulator(process, port, log)
    try:
        _wait_until_ready(emulator)
        yield emulator
    finally:
        _stop(emulator)
        shutil.rmtree(scratch, ignore_errors=True)


def free_port(first: int = 0) -> int:
    """The first free port of loopback from `first` on; any free one by default."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise EmulatorFailed(f"no free port between {first} and {first + 99}")


def _environment(directory: Path, scratch: Path, port: int) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {
        "BIND_HOST": HOST,  # it would bind every interface
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(directory / "state"),
        "TMPDIR": str(scratch),
        "LAMBDA_WARM_TTL_SECONDS": "3600",  # spare workers are ended after five minutes otherwise
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _wait_until_ready(emulator: Emulator) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if emulator.ended():
            raise EmulatorFailed(f"MiniStack ended at once; {emulator.log} says:\n{_tail(emulator.log)}")
        try:
            if httpx.get(f"{emulator.endpoint}/_ministack/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise EmulatorFailed(f"MiniStack did not answer within {START_SECONDS} s; see {emulator.log}")


def _stop(emulator: Emulator) -> None:
    assert emulator.process.stdin is not None  # noqa: S101
    emulator.process.stdin.close()
    emulator.process.send_signal(signal.SIGTERM)  # the only signal on which MiniStack saves its state
    try:
        emulator.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        emulator.process.kill()
        raise EmulatorFailed(f"MiniStack did not end within {STOP_SECONDS} s; see {emulator.log}") from None


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
