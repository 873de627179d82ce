"""Simulations know their own networks, and one mutant where `make mutants` asks for it."""

import os
from collections.abc import Iterator

import pytest

from tests.simulation.mutants import mutated
from tests.simulation.networks import registered


@pytest.fixture(scope="module", autouse=True)
def simulated() -> Iterator[None]:
    with registered(), mutated(os.environ.get("CARILLON_MUTANT")):
        yield
