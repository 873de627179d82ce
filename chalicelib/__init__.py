"""Carillon: one canonical post, every network, on time, exactly once."""
