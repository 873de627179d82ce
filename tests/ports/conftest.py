"""AWS for the ports: moto in process, and the embedded AWS (MiniStack) where threads are to meet."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto import mock_aws

from chalicelib.aws.clients import make
from chalicelib.aws.dynamodb import DynamoTable

TEMPLATE = Path(__file__).parents[2] / "infra" / "resources.yaml"
REGION = "eu-central-1"
CREATABLE = {"AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"}


class Tagless(yaml.SafeLoader):
    """Reads a CloudFormation template, leaving out its functions."""


Tagless.add_multi_constructor("!", lambda loader, suffix, node: None)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def moto() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """The address of an embedded AWS; it stops gently at the end."""
    if importlib.util.find_spec("ministack") is None:
        assert not os.environ.get("CI"), "MiniStack is missing: pip install -r requirements-dev.txt"
        pytest.skip("MiniStack is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chosen = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    command = [str(Path(sys.executable).with_name("ministack"))]
    server = subprocess.Popen(command, env={**os.environ, **chosen}, stdout=-3, stderr=-3)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address + "/_ministack/health", server)
        yield address
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "MiniStack ended before it began"
        try:
            urllib.request.urlopen(address).close()  # noqa: S310
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("MiniStack did not start within 15 s")


@pytest.fixture
def emulated(ministack: str) -> Iterator[Callable[[str], Any]]:
    """Makes clients of a MiniStack that is empty again."""
    urllib.request.urlopen(ministack + "/_ministack/reset", data=b"").close()  # noqa: S310
    made: list[Any] = []

    def client(service: str) -> Any:
        made.append(make(service, endpoint_url=ministack, region_name=REGION))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture
def new_table() -> Callable[[Any], DynamoTable]:
    """Makes a table with the very keys and indexes of the template."""

    def made(client: Any) -> DynamoTable:
        properties = yaml.load(TEMPLATE.read_text(), Tagless)["Resources"]["Table"]["Properties"]  # noqa: S506
        schema = {name: value for name, value in properties.items() if name in CREATABLE}
        client.create_table(TableName="carillon", **schema)
        return DynamoTable("carillon", lambda: client)

    return made
