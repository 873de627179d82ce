"""How many people there are, without knowing one of them.

A person is an HMAC in which their network's name is: so the same person is one on all accounts of a network, and
nobody can tell that two people of different networks are one.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, slots=True)
class Reach:
    """The different people of an account or a network."""

    name: str
    people: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """The people that two accounts of one network share."""

    accounts: tuple[str, str]
    people: int


@dataclass(frozen=True, slots=True)
class Audience:
    """Who did something with a workspace's accounts."""

    accounts: tuple[Reach, ...]
    platforms: tuple[Reach, ...]
    overlaps: tuple[Overlap, ...]


def audience(people: Mapping[str, AbstractSet[str]], platforms: Mapping[str, str]) -> Audience:
    """The audience, from the people and the network of every account; overlaps of nobody are left out."""
    names = sorted(set(platforms.values()))
    by_platform = {name: set[str]().union(*(people[one] for one in people if platforms[one] == name)) for name in names}
    pairs = [
        Overlap((one, other), len(people[one] & people[other]))
        for one, other in combinations(sorted(people), 2)
        if platforms[one] == platforms[other]
    ]
    return Audience(
        tuple(Reach(one, len(people[one])) for one in sorted(people)),
        tuple(Reach(name, len(by_platform[name])) for name in names),
        tuple(pair for pair in pairs if pair.people),
    )
