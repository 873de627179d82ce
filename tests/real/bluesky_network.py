"""Bluesky's own servers, installed from npm and started on this machine."""

import fcntl
import hashlib
import json
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

NETWORK = Path(__file__).parent / "network"
OLDEST_NODE = 20
INSTALL_SECONDS = 900
START_SECONDS = 60
STOP_SECONDS = 10
CALL_SECONDS = 30
PAGE_SIZE = 100

Json = dict[str, Any]


class NetworkUnavailable(Exception):
    """The servers cannot be installed or started; the message names what is needed."""


@dataclass(frozen=True)
class Account:
    """An account on the running PDS, with what it takes to act as it."""

    did: str
    handle: str
    password: str = field(repr=False)
    access_jwt: str = field(repr=False)


@dataclass(frozen=True)
class BlueskyNetwork:
    """A running PDS and PLC directory, and what tests ask of them behind the product's back."""

    pds: str
    plc: str

    def create_account(self, handle: str) -> Account:
        """Sign up; the handle must end in .test."""
        password = f"password of {handle}"
        email = f"{handle.removesuffix('.test')}@carillon.test"
        signup = {"handle": handle, "email": email, "password": password}
        created = self._post("com.atproto.server.createAccount", signup)
        return Account(created["did"], created["handle"], password, created["accessJwt"])

    def app_password(self, account: Account, name: str = "carillon") -> str:
        """A new app password; an account has one per name."""
        created = self._post("com.atproto.server.createAppPassword", {"name": name}, account)
        return str(created["password"])

    def records(self, did: str, collection: str = "app.bsky.feed.post") -> list[Json]:
        """Every record in the collection, newest key first, each with uri, cid and value."""
        query = {"repo": did, "collection": collection, "limit": str(PAGE_SIZE)}
        found: list[Json] = []
        while True:
            page = self._get("com.atproto.repo.listRecords", query).json()
            found += page["records"]
            if "cursor" not in page:
                return found
            query["cursor"] = page["cursor"]

    def record(self, uri: str) -> Json:
        """The uri, cid and value behind an at:// address."""
        repo, collection, rkey = uri.removeprefix("at://").split("/")
        query = {"repo": repo, "collection": collection, "rkey": rkey}
        return dict(self._get("com.atproto.repo.getRecord", query).json())

    def blob(self, did: str, cid: str) -> bytes:
        """The bytes of a blob; it is served only once a record refers to it."""
        return self._get("com.atproto.sync.getBlob", {"did": did, "cid": cid}).content

    def _get(self, method: str, query: dict[str, str]) -> httpx.Response:
        return _checked(httpx.get(f"{self.pds}/xrpc/{method}", params=query, timeout=CALL_SECONDS))

    def _post(self, method: str, body: Json, account: Account | None = None) -> Json:
        headers = {"Authorization": f"Bearer {account.access_jwt}"} if account else {}
        reply = httpx.post(f"{self.pds}/xrpc/{method}", json=body, headers=headers, timeout=CALL_SECONDS)
        return dict(_checked(reply).json())


@contextmanager
def running_network(log: Path | None = None) -> Iterator[BlueskyNetwork]:
    """A fresh network that lives as long as the block; its log is kept only where the caller names a file."""
    node = _node()
    _install()
    with ExitStack() as stack:
        if log is None:
            log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "network.log"
        process = stack.enter_context(_process(node, log))
        yield _ready(process, log)


def _checked(reply: httpx.Response) -> httpx.Response:
    # httpx's own error leaves out the body, which is where a PDS says what was wrong.
    if reply.is_error:
        message = f"{reply.request.method} {reply.url} answered {reply.status_code}: {reply.text}"
        raise httpx.HTTPStatusError(message, request=reply.request, response=reply)
    return reply


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NetworkUnavailable(f"Bluesky's servers need Node {OLDEST_NODE} or later with npm: no {name} on the PATH")
    return found


def _node_version() -> str:
    return subprocess.run([_program("node"), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _node() -> str:
    version = _node_version()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise NetworkUnavailable(f"Bluesky's servers need Node {OLDEST_NODE} or later: this is {version}")
    return _program("node")


def _install() -> None:
    """Run npm ci, unless this very lock is installed already for this very Node."""
    npm = _program("npm")
    wanted = _fingerprint()
    stamp = NETWORK / "node_modules" / ".installed"
    with (NETWORK / "install.lock").open("w") as lock:
        # Two test runs share the folder, and npm ci begins by deleting what the other one is using.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        _npm_ci(npm)
        stamp.write_text(wanted)


def _fingerprint() -> str:
    files = b"".join((NETWORK / name).read_bytes() for name in ("package.json", "package-lock.json", ".npmrc"))
    # better-sqlite3 is compiled for one version of Node.
    return hashlib.sha256(files + _node_version().encode()).hexdigest()


def _npm_ci(npm: str) -> None:
    command = [npm, "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=NETWORK, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise NetworkUnavailable(f"npm ci failed in {NETWORK}; its README says what it needs\n{done.stderr[-4000:]}")


@contextmanager
def _process(node: str, log: Path) -> Iterator[subprocess.Popen[str]]:
    command = [node, "start.js", "--log", str(log.absolute())]
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, cwd=NETWORK, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with process:
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _ready(process: subprocess.Popen[str], log: Path) -> BlueskyNetwork:
    line = _first_line(process.stdout)
    if not line:
        raise NetworkUnavailable(f"Bluesky's servers did not start in {START_SECONDS} s\n{log.read_text()[-4000:]}")
    return BlueskyNetwork(**json.loads(line))


def _first_line(output: IO[str] | None) -> str:
    assert output is not None
    readable, _, _ = select.select([output], [], [], START_SECONDS)
    return output.readline() if readable else ""
