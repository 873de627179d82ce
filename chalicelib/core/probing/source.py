"""A file to be looked at piece by piece; whatever is wrong with it is an `UnusableMedium`."""

from dataclasses import dataclass
from io import SEEK_END
from typing import IO

from chalicelib.core.errors import UnusableMedium
from chalicelib.core.post import MediaKind

MOST_STEPS = 30_000
"""Boxes, chunks or segments that are looked at: a PNG of 100 MB has half as many, and a hostile file millions."""
MOST_METADATA = 4 * 1024 * 1024
"""Bytes of one piece of metadata. What is larger is no caption."""


class Source:
    """The bytes of a file by their offset, never more of them than there are."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, SEEK_END)
        self._steps = 0

    def at(self, offset: int, length: int) -> bytes:
        """These bytes, all of them; UnusableMedium where the file ends before."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise cut_off()
        self._file.seek(offset)
        return self._file.read(length)

    def number(self, offset: int, length: int) -> int:
        """A big-endian number."""
        return int.from_bytes(self.at(offset, length))

    def metadata(self, offset: int, length: int) -> bytes:
        """A piece of metadata; UnusableMedium where it is larger than any can sensibly be."""
        if length > MOST_METADATA:
            raise UnusableMedium("metadata_too_large", f"holds {length:,} bytes of metadata in one piece")
        return self.at(offset, length)

    def step(self) -> None:
        """Count one piece of the file; UnusableMedium where they are too many to be honest."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise UnusableMedium("too_many_pieces", f"has more than {MOST_STEPS:,} pieces")


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes to write over those at `offset`, as many as they replace."""

    offset: int
    new: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is, and what has to be done to take the place out of it."""

    kind: MediaKind
    mime_type: str
    width: int | None = None
    """Pixels, as it is shown: of a picture that is turned when shown, the height that was stored."""
    height: int | None = None
    duration_seconds: float | None = None
    patches: tuple[Patch, ...] = ()
    end: int | None = None
    """Where the medium ends, where something follows that no viewer shows."""


def cut_off() -> UnusableMedium:
    """The file ends in the middle of something."""
    return UnusableMedium("cut_off", "is cut off, or its sizes contradict each other")


def broken(what: str) -> UnusableMedium:
    """The file says of itself what cannot be."""
    return UnusableMedium("broken", f"is broken: {what}")
