"""One client per test."""

import pytest

from tests.api.client import Api
from tests.fakes import world


@pytest.fixture
def client() -> Api:
    """A client of a service with an empty table."""
    return Api(world())
