"""Registered while a simulation runs."""

from tests.simulation.networks import ContentKey

platform = ContentKey()
