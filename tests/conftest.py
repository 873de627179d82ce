"""For all tests: how many examples properties look at (200, or 2,000 in `make test-deep`), and who runs what."""

import os

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("default", max_examples=200, deadline=None)
settings.register_profile("deep", max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class EndToEndTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One worker runs all end-to-end tests, with one service, and mostly waits; the others run everything else."""

    def _split_scope(self, nodeid: str) -> str:
        return "e2e" if nodeid.startswith("tests/e2e/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> EndToEndTogether:
    """Who runs what."""
    return EndToEndTogether(config, log)
