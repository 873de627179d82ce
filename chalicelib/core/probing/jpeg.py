"""JPEG: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B; EXIF and XMP lie in APP1 segments."""

import re
from dataclasses import dataclass, field

from chalicelib.core.probing.metadata import exif, xmp
from chalicelib.core.probing.source import Found, Patch, Source, broken, cut_off

MAGIC = b"\xff\xd8\xff"
START_OF_SCAN, END = 0xDA, 0xD9
APP1, APP13 = 0xE1, 0xED
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a segment."""
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
EXIF = b"Exif\x00"
XMP, MORE_XMP = b"http://ns.adobe.com/xap/1.0/\x00", b"http://ns.adobe.com/xmp/extension/\x00"
IN_PHOTOSHOP = re.compile(rb"8BIM\x04[\x22-\x24]")
"""Photoshop's own copies of EXIF and XMP."""
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
STUFFING, FIRST_BLOCK, BLOCK = 64, 4 * 1024, 64 * 1024
"""Bytes that are looked at in one go: little at first, since a hostile file is made of what ends at once."""


@dataclass
class _Seen:
    size: tuple[int, int] = (0, 0)
    turned: bool = False
    patches: list[Patch] = field(default_factory=list)


def read(source: Source) -> Found:
    """The picture; what follows its end (a second picture, a film) is cut off, since it has a place of its own."""
    at, seen = 2, _Seen()
    while True:
        source.step()
        at, marker = _marker(source, at)
        if marker == END:
            break
        if marker not in ALONE:
            at = _segment(source, at, marker, seen)
    if 0 in seen.size:
        raise broken("a picture without a size")
    width, height = reversed(seen.size) if seen.turned else seen.size
    return Found("image", "image/jpeg", width, height, patches=tuple(seen.patches), end=at)


def _segment(source: Source, at: int, marker: int, seen: _Seen) -> int:
    """Looks at a segment, and gives where the next marker stands."""
    length = source.number(at, 2)
    if length < 2:
        raise broken("a segment without a length")
    if marker in FRAMES:
        seen.size = source.number(at + 5, 2), source.number(at + 3, 2)
    if marker in (APP1, APP13):
        clean, turned = _clean(marker, old := source.at(at + 2, length - 2))
        seen.turned = seen.turned or turned
        seen.patches += [Patch(at + 2, clean)] if clean != old else []
    behind = at + length
    return _behind_scan(source, behind) if marker == START_OF_SCAN else behind


def _marker(source: Source, at: int) -> tuple[int, int]:
    """Where the marker at this place ends, and which it is. Any number of 0xFF may stand before it."""
    if source.number(at, 1) != 0xFF:
        raise broken("no marker where one must be")
    while at < source.size:
        block = source.at(at, min(STUFFING, source.size - at))
        if marker := block.lstrip(b"\xff"):
            return at + len(block) - len(marker) + 1, marker[0]
        at += len(block)
    raise cut_off()


def _behind_scan(source: Source, at: int) -> int:
    """Where the next marker stands behind the compressed data that begins here."""
    length = FIRST_BLOCK
    while at < source.size:
        block = source.at(at, min(length, source.size - at))
        if found := NEXT_MARKER.search(block):
            return at + found.start()
        at += max(len(block) - 1, 1)  # a marker may lie across two blocks
        length = BLOCK
    raise cut_off()


def _clean(marker: int, old: bytes) -> tuple[bytes, bool]:
    """A segment without the place, and whether it turns the picture on its side."""
    if marker == APP13:
        return (bytes(len(old)) if IN_PHOTOSHOP.search(old) else old), False
    if old.startswith(EXIF):
        found = exif(old[6:])
        return old[:6] + found.clean, found.turned
    if old.startswith(MORE_XMP):
        return MORE_XMP + b" " * (len(old) - len(MORE_XMP)), False
    return (XMP + xmp(old[len(XMP) :]) if old.startswith(XMP) else old), False
