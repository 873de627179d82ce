"""Registered while a simulation runs."""

from tests.simulation.networks import Readback

platform = Readback()
