"""What nobody may read: secrets are taken out of other people's words before these are kept or shown."""

from collections.abc import Mapping

SHORTEST_SECRET = 8
"""Characters. Shorter values are ids and flags, and taking those out would leave holes in plain words."""


def secrets_in(values: Mapping[str, str]) -> frozenset[str]:
    """What among these is long enough to be a secret; the rest are ids and flags that are kept beside them."""
    return frozenset(value for value in values.values() if len(value) >= SHORTEST_SECRET)


def without(secrets: frozenset[str], message: str) -> str:
    """A network's words without our secrets: some quote a token that they do not like."""
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "***")
    return message
