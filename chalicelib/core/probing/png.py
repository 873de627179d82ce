"""PNG: https://www.w3.org/TR/png-3/. Text comes compressed or not, and ImageMagick keeps EXIF in text."""

import struct
import zlib

from chalicelib.core.probing.metadata import exif, xmp
from chalicelib.core.probing.source import Found, Patch, Source, broken

MAGIC = b"\x89PNG\r\n\x1a\n"
LARGEST = 2**31 - 1
TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
XMP = b"XML:com.adobe.xmp\x00"
PROFILES = tuple(b"Raw profile type " + name for name in (b"exif\x00", b"APP1\x00", b"xmp\x00"))
VOID = b"voId"
"""A chunk of no meaning: what its four letters say by their case is that viewers may skip and copy it."""


def read(source: Source) -> Found:
    """The picture, without what follows its end."""
    if source.at(12, 4) != b"IHDR":
        raise broken("no header")
    width, height = source.number(16, 4), source.number(20, 4)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise broken("a picture without a size")
    at, kind, turned, patches = 8, b"", False, list[Patch]()
    while kind != b"IEND":
        source.step()
        length, kind = struct.unpack(">I4s", source.at(at, 8))
        source.at(at + 8 + length, 4)  # the chunk is there to its end
        if kind == b"eXIf":
            found = exif(source.metadata(at + 8, length))
            turned = turned or found.turned
            patches += _patched(source, at, kind, found.clean)
        elif kind in TEXTS:
            patches += _text(source, at, kind, length)
        at += 12 + length
    size = (height, width) if turned else (width, height)
    return Found("image", "image/png", *size, patches=tuple(patches), end=at)


def _text(source: Source, at: int, kind: bytes, length: int) -> list[Patch]:
    keyword = source.at(at + 8, min(length, 40))
    if keyword.startswith(PROFILES):
        return _patched(source, at, VOID, bytes(length))
    if not keyword.startswith(XMP):
        return []
    plain = kind == b"tEXt" or (kind == b"iTXt" and keyword[len(XMP) :][:1] == b"\x00")
    if not plain:
        return _patched(source, at, VOID, bytes(length))
    head = len(XMP) + (4 if kind == b"iTXt" else 0)
    old = source.metadata(at + 8, length)
    return _patched(source, at, kind, old[:head] + xmp(old[head:]))


def _patched(source: Source, at: int, kind: bytes, data: bytes) -> list[Patch]:
    """The chunk with other data of the same length, and the checksum that belongs to it."""
    if source.at(at + 4, 4 + len(data)) == kind + data:
        return []
    return [Patch(at + 4, kind + data + struct.pack(">I", zlib.crc32(kind + data)))]
