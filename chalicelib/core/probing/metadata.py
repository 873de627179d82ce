"""The place in EXIF and XMP: found, and overwritten in place, so that everything else stays where it is.

EXIF is a TIFF file without a picture: https://www.loc.gov/preservation/digital/formats/fdd/fdd000146.shtml
What cannot be read is overwritten whole: a place may hide in it, and a viewer can do without.
"""

import re
import struct
from dataclasses import dataclass

MOST_DIRECTORIES = 16
MOST_POSITIONS = 64
"""Entries of a directory of positions; EXIF 3.0 defines 32."""
ORIENTATION, POSITION = 0x0112, 0x8825
SUBDIRECTORIES = frozenset({0x8769, 0xA005, 0x014A})
TURNED = frozenset({5, 6, 7, 8})
"""Orientations that show the picture lying on its side."""
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
"""Bytes per value of each of TIFF's types."""

ATTRIBUTE = re.compile(rb"""\s[\w.-]{1,40}:GPS\w{0,40}\s{0,9}=\s{0,9}("[^"<]{0,999}"|'[^'<]{0,999}')""")
ELEMENT = re.compile(rb"<([\w.-]{1,40}:GPS\w{0,40})(\s[^<>]{0,999})?(/>|>[^<]{0,9999}</\1\s{0,9}>)")


@dataclass(frozen=True, slots=True)
class Exif:
    """EXIF without the place, of the same length, and whether it turns the picture on its side."""

    clean: bytes
    turned: bool = False


def exif(tiff: bytes) -> Exif:
    """The EXIF in a TIFF structure."""
    try:
        return _Tiff(tiff).read()
    except (struct.error, KeyError):
        return Exif(bytes(len(tiff)))


class _Tiff:
    def __init__(self, tiff: bytes) -> None:
        self._order = {b"II*\x00": "<", b"MM\x00*": ">"}[tiff[:4]]
        self._tiff = tiff
        self._clean = bytearray(tiff)
        self._orientation = 1

    def read(self) -> Exif:
        waiting, seen = [self._number("I", 4)], set[int]()
        while waiting:
            at = waiting.pop()
            if at and at not in seen:
                seen.add(at)
                waiting += self._directory(at)
            if len(seen) > MOST_DIRECTORIES or len(waiting) > MOST_DIRECTORIES:
                raise struct.error("too many directories")
        return Exif(bytes(self._clean), self._orientation in TURNED)

    def _number(self, kind: str, at: int) -> int:
        number: int = struct.unpack_from(self._order + kind, self._tiff, at)[0]
        return number

    def _directory(self, at: int) -> list[int]:
        """Looks through a directory; gives the offsets of those that it leads to."""
        count, found = self._number("H", at), list[int]()
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, value = self._number("H", entry), self._number("I", entry + 8)
            if tag == ORIENTATION:
                self._orientation = self._number("H", entry + 8)
            elif tag == POSITION:
                self._blank_positions(value)
            elif tag in SUBDIRECTORIES:
                found.append(value)
        return [*found, self._number("I", at + 2 + 12 * count)]

    def _blank_positions(self, at: int) -> None:
        count = self._number("H", at)
        if count > MOST_POSITIONS:
            raise struct.error("too many positions")
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            size = WIDTHS[self._number("H", entry + 2)] * self._number("I", entry + 4)
            if size > 4:
                self._blank(self._number("I", entry + 8), size)
        self._blank(at, 2 + 12 * count)

    def _blank(self, at: int, size: int) -> None:
        """Zeros over all of it that there is."""
        end = min(at + size, len(self._clean))
        if at < end:
            self._clean[at:end] = bytes(end - at)


def xmp(packet: bytes) -> bytes:
    """An XMP packet without the place, of the same length."""
    if b"GPS" in packet:
        packet = ELEMENT.sub(_spaces, ATTRIBUTE.sub(_spaces, packet))
    hidden = b"GPS" in packet or b"G\x00P\x00S" in packet
    return b" " * len(packet) if hidden else packet


def _spaces(found: re.Match[bytes]) -> bytes:
    return b" " * len(found[0])
