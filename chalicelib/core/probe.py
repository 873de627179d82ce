"""What a file is: by its content, never by its name or by what its sender says of it."""

from typing import IO

from chalicelib.core.errors import UnusableMedium
from chalicelib.core.probing import film, gif, jpeg, png, webp
from chalicelib.core.probing.source import Found, Patch, Source

__all__ = ["EXTENSIONS", "Found", "Patch", "probe"]

HEAD = 12
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "audio/mp4": "m4a",
    "application/pdf": "pdf",
}
"""Every type that is taken, and how a file of it is named: some networks look at that."""


def probe(file: IO[bytes]) -> Found:
    """What the file is; UnusableMedium, and nothing else, where it is nothing that we take.

    Reads headers only, but for a JPEG, which has to be read to its end. Whatever the file holds, that takes time in
    proportion to its size, and memory for its largest piece of metadata.
    """
    source = Source(file)
    if not source.size:
        raise UnusableMedium("empty", "is empty")
    head = source.at(0, min(HEAD, source.size))
    if head.startswith(jpeg.MAGIC):
        return jpeg.read(source)
    if head.startswith(png.MAGIC):
        return png.read(source)
    if head.startswith(gif.MAGIC):
        return gif.read(source)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return webp.read(source)
    if film.is_film(head):
        return film.read(source)
    if head.startswith(b"%PDF-"):
        return Found("document", "application/pdf")
    raise UnusableMedium("unsupported_type", f"is none of {', '.join(EXTENSIONS.values())}")
