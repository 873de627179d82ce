"""One packaged service for all of these tests, and tenants to use it through."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from infra.emulator import HOST, free_port
from infra.local import Service, running_service
from tests.e2e.evening import Evening, plan
from tests.e2e.gateway import Gateway
from tests.e2e.tenant import Tenant, admin, tenant

# The shortest that settings.py allows: what is due in two minutes waits for an alarm, which rings as its minute begins.
ALARM_LEAD_SECONDS = 0
DIRECT_WINDOW_SECONDS = 120


@pytest.fixture(scope="session")
def gateway_port() -> int:
    """Where a network outside the service lives; the service must know it before it starts."""
    return free_port()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, gateway_port: int) -> Iterator[Service]:
    """The service, warm: a first post has gone out."""
    parameters = {
        "AlarmLeadSeconds": str(ALARM_LEAD_SECONDS),
        "DirectWindowSeconds": str(DIRECT_WINDOW_SECONDS),
        "AllowedPrivateHosts": f"{HOST}:{gateway_port}",
    }
    with running_service(tmp_path_factory.mktemp("service"), parameters) as running:
        with tenant(running.url, running.workspace_id, running.key) as owner:
            owner.ended(owner.post(list(running.accounts.values()), publish="now"))
        yield running


@pytest.fixture(scope="session")
def owner(service: Service) -> Iterator[Tenant]:
    """The tenant that `make run` makes, by its key to everything."""
    with tenant(service.url, service.workspace_id, service.key) as owner:
        yield owner


@pytest.fixture(scope="session")
def stranger(service: Service) -> Iterator[Tenant]:
    """Another tenant of the same service."""
    workspace_id = admin(service, "workspace", "create", "--name", "Stranger")["id"]
    key = admin(service, "key", "create", "--workspace", workspace_id)["key"]
    with tenant(service.url, workspace_id, key) as stranger:
        yield stranger


@pytest.fixture(scope="session")
def evening(service: Service, owner: Tenant) -> Evening:
    """Posts that wait for their alarms."""
    return plan(service, owner, timedelta(seconds=DIRECT_WINDOW_SECONDS))


@pytest.fixture
def account(owner: Tenant) -> str:
    """A sandbox account that nobody has posted to."""
    return owner.sandbox()


@pytest.fixture
def gateway(service: Service, gateway_port: int) -> Iterator[Gateway]:
    """A network elsewhere, which can be switched off: the sandbox, behind a port of its own."""
    with Gateway(gateway_port, service.url) as gateway:
        yield gateway
