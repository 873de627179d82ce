"""Registered while a simulation runs."""

from tests.simulation.networks import Nothing

platform = Nothing()
