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
LONGEST = "tests/simulation/"
"""A few of these take longer than any other: begun last, they would leave the other workers idle."""


class EndToEndTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One worker runs all end-to-end tests, with one service, and one those that start their own; both mostly wait.
    The others run everything else."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in OWN_SERVICES:
            return "services"
        return "e2e" if file.startswith("tests/e2e/") else nodeid


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, otherwise in the order of the files."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> EndToEndTogether:
    """Who runs what."""
    return EndToEndTogether(config, log)
