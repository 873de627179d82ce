"""`python -m infra.local run|stop`: the packaged service on this machine, deployed into an embedded AWS.

Tests start one of their own, on a free port and with its own state: `with running_service(tmp_path) as service:`.
"""

import argparse
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from infra import demo
from infra.emulator import DEFAULT_PORT, Emulator, EmulatorFailed, free_port, running_emulator
from infra.package import ROOT, Package, PackagingFailed, package
from infra.stack import DeploymentFailed, FunctionFailed, Stack, emulated

HOME = ROOT / ".local"
STAGE = "local"
WARM_WORKERS = 3  # a caller, and the publisher posting to the sandbox for two accounts at once
WARM_SECONDS = 300  # what the first call may take of a machine that has other things to do
RELEASE_SECONDS = 100  # longer than the emulator may take to end


class AlreadyRunning(Exception):
    """Another service holds this directory; the message says which."""


@dataclass(frozen=True)
class Service:
    """A service that answers, with a workspace to use it through."""

    url: str
    key: str
    workspace_id: str
    accounts: dict[str, str]
    emulator: Emulator = field(repr=False)
    stack: Stack = field(repr=False)
    outputs: dict[str, str]
    environment: dict[str, str]
    """What the API's function sees, and where and as whom to call AWS: enough to run `infra.admin` by hand."""

    @property
    def workspace(self) -> demo.Workspace:
        """The workspace to use it through."""
        return demo.Workspace(self.workspace_id, self.key, self.accounts)

    def client(self, service: str) -> Any:
        """A boto3 client into the embedded AWS."""
        return self.stack.client(service)


@contextmanager
def running_service(
    directory: Path,
    parameters: Mapping[str, str] | None = None,
    *,
    first_port: int = 0,
    tick_seconds: float = 1.0,
    say: Callable[[str], object] = lambda _: None,
) -> Iterator[Service]:
    """Run the service until the block ends: state and logs in `directory`, template parameters overridden as given."""
    packaged = package(say)
    with _only_one(directory) as lock, _emulator(directory, first_port, tick_seconds, lock.fileno()) as emulator:
        stack = Stack(f"carillon-{STAGE}", emulator.session(), emulator.endpoint, poll_seconds=0.1)
        _deploy(stack, packaged, _parameters(emulator, parameters or {}), say)
        outputs = stack.outputs()
        environment = _environment(stack)
        _warm_up(outputs["ApiUrl"])
        workspace = demo.open_workspace(directory / "workspace.json", outputs["ApiUrl"], environment)
        yield Service(
            url=outputs["ApiUrl"],
            **asdict(workspace),
            emulator=emulator,
            stack=stack,
            outputs=outputs,
            environment=environment,
        )


def run() -> None:
    """Start the service, show what it does, and serve until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    announced = HOME / "service.json"
    try:
        with running_service(HOME, first_port=DEFAULT_PORT, say=print) as service:
            _show(service)
            _remember(service)
            demo.write_private(announced, _announcement(service))
            _explain(service, time.monotonic() - started)
            try:
                _serve(service)
            finally:
                announced.unlink(missing_ok=True)
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not cut the saving short
                print("\nStopping, and saving what there is …")
    except KeyboardInterrupt:
        print("Stopped.")
    except (AlreadyRunning, PackagingFailed, EmulatorFailed, DeploymentFailed, demo.DemoFailed) as failure:
        sys.exit(str(failure))


def stop() -> None:
    """End the service that `run` started, from another shell, and wait until its state is saved."""
    try:
        with _only_one(HOME):
            (HOME / "service.json").unlink(missing_ok=True)
            print("Carillon is not running.")
            return
    except AlreadyRunning:
        with suppress(ProcessLookupError):  # killed, and its emulator is saving by itself
            os.kill(int((HOME / "lock").read_text()), signal.SIGTERM)
    if not _released(HOME):
        sys.exit(f"Carillon is still there after {RELEASE_SECONDS} s; see {HOME / 'emulator.log'}")
    print("Stopped. `make run` goes on where it ended.")


@contextmanager
def _only_one(directory: Path) -> Iterator[IO[str]]:
    """Hold the directory's lock. The emulator inherits it, so it stays held until the state is saved."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # its files hold keys
    with (directory / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunning(f"Carillon is already running (pid {lock.read()}); `make stop` ends it.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


@contextmanager
def _emulator(directory: Path, first_port: int, tick_seconds: float, hold: int) -> Iterator[Emulator]:
    port = free_port(first_port)
    if first_port and port != first_port:
        print(f"Port {first_port} is taken; using {port}.")
    with running_emulator(directory, port, tick_seconds=tick_seconds, hold=hold) as emulator:
        yield emulator


def _released(directory: Path) -> bool:
    deadline = time.monotonic() + RELEASE_SECONDS
    while time.monotonic() < deadline:
        try:
            with _only_one(directory):
                return True
        except AlreadyRunning:
            time.sleep(0.1)
    return False


def _parameters(emulator: Emulator, overrides: Mapping[str, str]) -> dict[str, str]:
    own = emulated(emulator.endpoint)
    reachable = [own["AllowedPrivateHosts"], overrides.get("AllowedPrivateHosts", "")]
    return {
        "Stage": STAGE,
        **own,
        "WithCanary": "off",  # whoever looks at what this service does should see their own posts only
        **overrides,
        "AllowedPrivateHosts": ",".join(filter(None, reachable)),
    }


def _deploy(stack: Stack, packaged: Package, parameters: Mapping[str, str], say: Callable[[str], object]) -> None:
    started = time.monotonic()
    change_set = stack.prepare(packaged, parameters)
    if change_set is not None:
        say(f"Deploying {len(change_set.changes)} resources into the embedded AWS at {stack.endpoint} …")
        stack.execute(change_set, lambda _: None)
        _install_gateway_responses(stack, packaged)
        say(f"Deployed in {time.monotonic() - started:.1f} s.")


def _install_gateway_responses(stack: Stack, packaged: Package) -> None:
    """Do what API Gateway does by itself: MiniStack 1.5.33 does not read gateway responses from an API's definition."""
    definition = packaged.template()["Resources"]["RestAPI"]["Properties"]
    apigateway, rest_api = stack.client("apigateway"), stack.outputs()["RestAPIId"]
    for kind, response in definition["DefinitionBody"]["x-amazon-apigateway-gateway-responses"].items():
        apigateway.put_gateway_response(restApiId=rest_api, responseType=kind, **response)
    apigateway.create_deployment(restApiId=rest_api, stageName=definition["StageName"])


def _warm_up(url: str) -> None:
    """Start some API workers, as traffic would: here each takes a second on its first call, and posts would be late."""
    with ThreadPoolExecutor(WARM_WORKERS) as callers, httpx.Client(timeout=WARM_SECONDS, trust_env=False) as client:
        list(callers.map(client.get, [f"{url}/v1/healthz"] * WARM_WORKERS))


def _environment(stack: Stack) -> dict[str, str]:
    credentials = stack.session.get_credentials()
    return {
        **stack.environment("APIHandler"),
        "AWS_ENDPOINT_URL": str(stack.endpoint),
        "AWS_DEFAULT_REGION": str(stack.session.region_name),
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
    }


def _show(service: Service) -> None:
    """Show the main job; a service that fails at it goes on, so that one can look at it."""
    try:
        published = demo.show(service.url, service.workspace)
    except demo.DemoFailed as failure:
        print(failure)
        published = False
    if not published:
        print(f"The demo post did not go out as it should. Logs: {service.emulator.log}")


def _remember(service: Service) -> None:
    """Show both scores, on a past that is given to it at its first start."""
    try:
        demo.remember(service.url, service.workspace, service.environment, lambda: service.stack.strike("Score"))
    except (demo.DemoFailed, FunctionFailed) as failure:
        print(f"{failure}\nThere are no scores yet. Logs: {service.emulator.log}")


def _announcement(service: Service) -> dict[str, Any]:
    return {
        "url": service.url,
        "key": service.key,
        "workspace_id": service.workspace_id,
        "accounts": service.accounts,
        "environment": service.environment,
        "pid": os.getpid(),
    }


def _explain(service: Service, seconds: float) -> None:
    account_id = next(iter(service.accounts.values()))
    print(f"""
Carillon serves since {seconds:.0f} s after the start.

  URL  {service.url}
  Key  {service.key}

Try next:

  curl -s '{service.url}/v1/posts' \\
    -H 'Authorization: Bearer {service.key}' -H 'Content-Type: application/json' -H "Idempotency-Key: $(date +%s)" \\
    -d '{{"text": "Hello from Carillon", "targets": [{{"account_id": "{account_id}"}}], "publish": "now"}}'
  curl -s '{service.url}/v1/scores/explain?kind=timeliness' -H 'Authorization: Bearer {service.key}'
  curl -s '{service.url}/v1/scores/history?kind=timeliness' -H 'Authorization: Bearer {service.key}' \\
    -H 'Accept: image/svg+xml' -o timeliness.svg

Ctrl-C or `make stop` ends it; what it knows stays in {HOME.relative_to(ROOT)}/ for the next `make run`.""")
    sys.stdout.flush()


def _serve(service: Service) -> None:
    while not service.emulator.ended():
        time.sleep(0.5)
    raise EmulatorFailed(f"The embedded AWS ended by itself; see {service.emulator.log}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["run", "stop"])
    {"run": run, "stop": stop}[parser.parse_args().action]()
