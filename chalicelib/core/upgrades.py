"""The shapes that rows of the table have had, and how an old one becomes the present one.

Each row says the version of its shape (`v`, stamped in `chalicelib.aws.rows`); one that says nothing is of the first.
Reading brings it up step by step, by pure functions; the next write stores it as it is now. Nothing has to be rewritten
before a release, and `python -m infra.migrate` rewrites what nobody reads.

A new field with a default needs no step. Everything else is a step, released twice, because two releases run side by
side while one takes over from the other, and the younger may have to be taken back:

1. with `down`: the release can read the new shape, and still writes the old one;
2. without it, a release later: it writes the new shape, which the one before can read.

A row of a shape that nobody here knows is refused, unread and unharmed: `TooNew`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from chalicelib.core.errors import TooNew

Doc = dict[str, Any]
Change = Callable[[Doc], Doc]

FIRST = 1


class Step(NamedTuple):
    """From one shape of a kind of row to the next, and back while rows are still written as before."""

    up: Change
    down: Change | None = None


Steps = Mapping[str, tuple[Step, ...]]

STEPS: Steps = MappingProxyType({})
"""By the kind of row, the oldest step first. A step stays for as long as a backup may hold rows of before."""

BY_OWNER = frozenset({"AUDIT", "D", "RATE", "SLOTS"})
"""Partitions whose sort keys are instants or ids, and so say nothing of the kind."""


def kind_of(pk: str, sk: str) -> str:
    """What kind of row lies at a key: `P/TARGET#`, `D`; `W/HOLD#` is another than `W/HOLD`."""
    owner = pk.partition("#")[0]
    if owner in BY_OWNER:
        return owner
    name, several, _ = sk.partition("#")
    return f"{owner}/{name}{several}"


def written(kind: str, steps: Steps = STEPS) -> int:
    """The version in which rows of this kind are written."""
    return FIRST + sum(step.down is None for step in steps.get(kind, ()))


def upgraded(kind: str, version: int, doc: Doc, steps: Steps = STEPS) -> Doc:
    """The document of a row of that version, as it is now; TooNew where nobody here knows its shape."""
    known = steps.get(kind, ())
    if not FIRST <= version <= FIRST + len(known):
        raise TooNew(
            f"a row {kind} is of version {version}, and this release knows {FIRST + len(known)}: deploy a newer one"
        )
    for step in known[version - FIRST :]:
        doc = step.up(doc)
    return doc


def lowered(kind: str, doc: Doc, steps: Steps = STEPS) -> Doc:
    """The document as it is written: as before, where the last step is not yet for writing."""
    for step in reversed(steps.get(kind, ())):
        doc = step.down(doc) if step.down else doc
    return doc
