"""Registered while a simulation runs."""

from tests.simulation.networks import Container

platform = Container()
