"""For all tests: how many examples properties look at (200, or 2,000 in `make test-deep`), and who runs what."""

import os

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("default", max_examples=200, deadline=None)
settings.register_profile("deep", max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


OWN_SERVICES = ("tests/e2e/test_restart.py", "tests/e2e/test_deploying.py", "tests/infra/test_local.py")
"""These start services of their own, and so need not wait for those that share one; but they wait for each other."""
FIRST = ("e2e", "services", "simulations")
"""What takes longest, a worker each; all other files come after, wherever a worker is free."""
POLITE = 10
"""The `nice` of tests that only compute: services run beside them, on real clocks, and their tests wait for them."""


def scope(nodeid: str) -> str:
    """Whose worker runs the test."""
    file = nodeid.partition("::")[0]
    if file in OWN_SERVICES:
        return "services"
    if file.startswith("tests/simulation/"):
        return "simulations"
    return "e2e" if file.startswith("tests/e2e/") else file


class EndToEndTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One worker runs all end-to-end tests, with one service, and one those that start their own; both mostly wait.
    One runs the simulations, and the last everything else, with whoever has ended."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> EndToEndTogether:
    """Who runs what, in the order of the collection."""
    config.option.loadscopereorder = False
    return EndToEndTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first."""
    items.sort(key=lambda item: FIRST.index(name) if (name := scope(item.nodeid)) in FIRST else len(FIRST))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Whoever waits for no service lets those go first that do. There is no way back; but these come first."""
    waits = item.get_closest_marker("e2e") or item.get_closest_marker("real")
    if not waits and os.getpriority(os.PRIO_PROCESS, 0) < POLITE:
        os.setpriority(os.PRIO_PROCESS, 0, POLITE)
