"""Renditions that are known to be wrong: their files say what is right, and the code does not make that yet."""

KNOWN: dict[tuple[str, str], str] = {}
"""By (post, network): what is wrong."""
