"""MP4 and QuickTime: boxes in boxes. ISO/IEC 14496-12, and https://developer.apple.com/documentation/quicktime-file-format.

Of a film the place is taken out too: phones write it into `©xyz`, `loci` or Apple's own metadata.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.core.errors import UnusableMedium
from chalicelib.core.probing.metadata import xmp
from chalicelib.core.probing.source import Found, Patch, Source, broken, cut_off

FIRST = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""What such a file may begin with; only old QuickTime files begin without `ftyp`."""
OUTER = frozenset({b"moov", b"trak", b"mdia", b"mvex", b"udta"})
PLACES = frozenset({b"\xa9xyz", b"loci"})
PICTURES = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The name of a box of XMP: XMP Specification Part 3, Adobe."""
DEEPEST = 6
UNKNOWN = frozenset({0, 2**32 - 1, 2**64 - 1})


class Box(NamedTuple):
    """Where a box is, and what is in it."""

    kind: bytes
    start: int
    inside: int
    end: int


@dataclass
class _Film:
    timescale: int = 0
    duration: int = 0
    pieces: int = 0
    """The duration of a film that comes in pieces."""
    tracks: list["_Track"] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)


@dataclass
class _Track:
    size: tuple[int, int] = (0, 0)
    kind: bytes = b""


def is_film(head: bytes) -> bool:
    """Whether a file that begins so is one of boxes."""
    return head[4:8] in FIRST


def read(source: Source) -> Found:
    """The film, or the sound."""
    brand = source.at(8, 4) if source.at(4, 4) == b"ftyp" else b"qt  "
    if brand in PICTURES:
        raise UnusableMedium("unsupported_type", "is HEIC or AVIF, which networks do not take: send JPEG or PNG")
    film, seen = _Film(), set[bytes]()
    for box in _boxes(source, 0, source.size):
        seen.add(box.kind)
        if box.kind == b"moov":
            _look(source, box, film, 1)
        elif box.kind == b"uuid" and source.at(box.inside, 16) == XMP:
            _clean_xmp(source, box, film)
    if b"moov" not in seen:
        raise cut_off()
    return _found(film, brand)


def _found(film: _Film, brand: bytes) -> Found:
    ticks = film.duration if film.duration not in UNKNOWN else film.pieces
    seconds = round(ticks / film.timescale, 3) if film.timescale and ticks not in UNKNOWN else 0
    shown = [track.size for track in film.tracks if track.kind == b"vide" and all(track.size)]
    heard = any(track.kind == b"soun" for track in film.tracks)
    patches = tuple(film.patches)
    if shown:
        mime = "video/quicktime" if brand == b"qt  " else "video/mp4"
        return Found("video", mime, *shown[0], duration_seconds=seconds or None, patches=patches)
    if heard:
        return Found("audio", "audio/mp4", duration_seconds=seconds or None, patches=patches)
    raise broken("a film without a picture or a sound")


def _boxes(source: Source, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        source.step()
        length, kind = struct.unpack(">I4s", source.at(at, 8))
        inside = at + 8
        if length == 1:
            length, inside = source.number(at + 8, 8), at + 16
        elif length == 0:
            length = end - at
        if at + length > end or at + length < inside:
            raise cut_off()
        yield Box(kind, at, inside, at + length)
        at += length


def _look(source: Source, outer: Box, film: _Film, depth: int) -> None:
    if depth > DEEPEST:
        raise broken("boxes nested too deep")
    for box in _boxes(source, outer.inside, outer.end):
        if box.kind == b"trak":
            film.tracks.append(_Track())
        if box.kind in OUTER:
            _look(source, box, film, depth + 1)
        elif box.kind in PLACES or (box.kind == b"meta" and b"location" in source.metadata(*_inside(box))):
            film.patches += _freed(source, box)
        elif reader := READERS.get(box.kind):
            reader(source, box.inside, film)


def _inside(box: Box) -> tuple[int, int]:
    return box.inside, box.end - box.inside


def _freed(source: Source, box: Box) -> list[Patch]:
    """The box as free space."""
    blank = bytes(len(source.metadata(*_inside(box))))
    return [Patch(box.start + 4, b"free"), Patch(box.inside, blank)]


def _clean_xmp(source: Source, box: Box, film: _Film) -> None:
    old = source.metadata(box.inside + 16, box.end - box.inside - 16)
    clean = xmp(old)
    film.patches += [Patch(box.inside + 16, clean)] if clean != old else []


def _movie_header(source: Source, at: int, film: _Film) -> None:
    if source.number(at, 1) == 1:
        film.timescale, film.duration = source.number(at + 20, 4), source.number(at + 24, 8)
    else:
        film.timescale, film.duration = source.number(at + 12, 4), source.number(at + 16, 4)


def _pieces_header(source: Source, at: int, film: _Film) -> None:
    film.pieces = source.number(at + 4, 8 if source.number(at, 1) == 1 else 4)


def _track_header(source: Source, at: int, film: _Film) -> None:
    """Width and height are fixed-point, 16.16; a matrix that turns by a quarter has nothing in its diagonal."""
    matrix = at + (52 if source.number(at, 1) == 1 else 40)
    width, height = source.number(matrix + 36, 2), source.number(matrix + 40, 2)
    turned = source.number(matrix, 4) == 0 and source.number(matrix + 4, 4) != 0
    if film.tracks:
        film.tracks[-1].size = (height, width) if turned else (width, height)


def _handler(source: Source, at: int, film: _Film) -> None:
    if film.tracks and not film.tracks[-1].kind:  # QuickTime has a second one, for the data
        film.tracks[-1].kind = source.at(at + 8, 4)


READERS = {b"mvhd": _movie_header, b"mehd": _pieces_header, b"tkhd": _track_header, b"hdlr": _handler}
