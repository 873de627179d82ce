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
SIMULATIONS = "tests/simulation/"
"""These take every processor there is, more than once at a time: whoever waits for a service would wait in vain."""


class EndToEndTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One worker runs all end-to-end tests, with one service, and one those that start their own; both mostly wait.
    One runs the simulations, and the last everything else, with whoever has ended."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in OWN_SERVICES:
            return "services"
        if file.startswith(SIMULATIONS):
            return "simulations"
        return "e2e" if file.startswith("tests/e2e/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> EndToEndTogether:
    """Who runs what."""
    return EndToEndTogether(config, log)
