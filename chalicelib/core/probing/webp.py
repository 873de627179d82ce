"""WebP: https://developers.google.com/speed/webp/docs/riff_container, and RFC 9649."""

import struct

from chalicelib.core.probing.metadata import exif, xmp
from chalicelib.core.probing.source import Found, Patch, Source, broken, cut_off

HEAD = b"Exif\x00\x00"
"""Some writers put it before the EXIF, as in JPEG."""


def read(source: Source) -> Found:
    """The picture, without what follows its end."""
    end = 8 + struct.unpack("<I", source.at(4, 4))[0]
    if end > source.size:
        raise cut_off()
    at, size, turned, patches = 12, (0, 0), False, list[Patch]()
    while at + 8 <= end:
        source.step()
        kind, length = struct.unpack("<4sI", source.at(at, 8))
        if at + 8 + length > end:
            raise cut_off()
        if kind in SIZES and not all(size):
            size = SIZES[kind](source, at + 8)
        if kind in (b"EXIF", b"XMP "):
            old = source.metadata(at + 8, length)
            clean, lies = _clean(kind, old)
            turned = turned or lies
            patches += [Patch(at + 8, clean)] if clean != old else []
        at += 8 + length + length % 2
    if not all(size):
        raise broken("a picture without a size")
    width, height = reversed(size) if turned else size
    return Found("image", "image/webp", width, height, patches=tuple(patches), end=end)


def _clean(kind: bytes, old: bytes) -> tuple[bytes, bool]:
    if kind == b"XMP ":
        return xmp(old), False
    head = HEAD if old.startswith(HEAD) else b""
    found = exif(old[len(head) :])
    return head + found.clean, found.turned


def _canvas(source: Source, at: int) -> tuple[int, int]:
    numbers = source.at(at + 4, 6)
    return int.from_bytes(numbers[:3], "little") + 1, int.from_bytes(numbers[3:], "little") + 1


def _lossy(source: Source, at: int) -> tuple[int, int]:
    """RFC 6386, section 9.1."""
    code, width, height = struct.unpack("<3sHH", source.at(at + 3, 7))
    return (width & 0x3FFF, height & 0x3FFF) if code == b"\x9d\x01\x2a" else (0, 0)


def _lossless(source: Source, at: int) -> tuple[int, int]:
    mark, bits = struct.unpack("<BI", source.at(at, 5))
    return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1) if mark == 0x2F else (0, 0)


SIZES = {b"VP8X": _canvas, b"VP8 ": _lossy, b"VP8L": _lossless}
