"""Registered while a simulation runs."""

from tests.simulation.networks import Key

platform = Key()
