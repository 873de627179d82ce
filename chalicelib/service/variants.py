"""Make the variants of a picture. All that this touches is the folder that media are published from."""

from collections.abc import Callable, Sequence
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

from chalicelib.core.errors import UnusableMedium
from chalicelib.core.medium import MOST_BYTES
from chalicelib.core.variant import WISHES, Variant, Wish, place_of
from chalicelib.ports import Files

Shrink = Callable[[IO[bytes], Wish], tuple[bytes, int, int]]


def make(files: Files, shrink: Shrink, key: str, names: Sequence[str]) -> list[Variant]:
    """Those of the variants that can be made of the picture under the key, stored beside it."""
    made: list[Variant] = []
    with TemporaryFile() as file:
        if not files.fetch(key, file, MOST_BYTES):
            return made
        for wish in WISHES:
            if wish.name in names:
                try:
                    data, width, height = shrink(file, wish)
                except UnusableMedium:
                    continue
                place = place_of(key, wish)
                files.store(place, "image/jpeg", BytesIO(data))
                made.append(Variant(place, width, height, len(data)))
    return made
