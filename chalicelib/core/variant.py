"""Smaller JPEGs of a picture, made beforehand for the networks that do not take it as it is."""

from dataclasses import dataclass

MOST_PIXELS = 80_000_000
"""Of a picture that is opened at all: four bytes each, twice."""
FROM_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Wish:
    """A variant to make: its name, its longer side in pixels, and its size in bytes, both at most."""

    name: str
    side: int
    bytes: int


WISHES = (Wish("large", 4096, 4_900_000), Wish("small", 2048, 950_000))
"""Large fits Instagram's JPEG of 8 MB, X's 5 MB and Weibo's; small fits Bluesky's 2 MB and old servers of 1 MB.

What each takes at present is in its `rules`: adaptation takes the first variant that fits, whatever these figures are.
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """A JPEG that was made, and where it lies."""

    key: str
    width: int
    height: int
    bytes: int


def wished(mime_type: str, width: int, height: int, size: int) -> tuple[Wish, ...]:
    """The variants that a picture should have: none where it is a JPEG that is small enough itself."""
    if mime_type not in FROM_TYPES or width * height > MOST_PIXELS:
        return ()
    jpeg, side = mime_type == "image/jpeg", max(width, height)
    return tuple(wish for wish in WISHES if not (jpeg and side <= wish.side and size <= wish.bytes))


def place_of(key: str, wish: Wish) -> str:
    """Where a variant lies: beside the picture it is made of."""
    return f"{key.rpartition('.')[0]}.{wish.name}.jpg"
