"""GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt, section 18; it holds no EXIF."""

import struct

from chalicelib.core.probing.source import Found, Source, broken

MAGIC = (b"GIF87a", b"GIF89a")


def read(source: Source) -> Found:
    """The picture, moving or not."""
    width, height = struct.unpack("<HH", source.at(6, 4))
    if not (width and height):
        raise broken("a picture without a size")
    return Found("gif", "image/gif", width, height)
