"""Pictures made smaller, with Pillow. It is in a layer of its own, and only the function `variants` has that layer."""

import warnings
from io import BytesIO
from typing import IO, TYPE_CHECKING

from chalicelib.core.errors import UnusableMedium
from chalicelib.core.variant import MOST_PIXELS, Wish

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
QUALITIES = (90, 82, 74, 66, 58)
SMALLER = 0.75
TRIES = 6


def jpeg(file: IO[bytes], wish: Wish) -> tuple[bytes, int, int]:
    """The picture as a JPEG, its width and height; UnusableMedium where it cannot be decoded or made that small.

    Upright, on white where it is transparent, in its own colours, and without any metadata.
    """
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow warns from here on, and refuses from twice as many on
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            file.seek(0)
            with Image.open(file, formats=FORMATS) as picture:
                return _fitted(_prepared(picture, wish.side), wish)
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, TypeError, EOFError, MemoryError) as fault:
        raise UnusableMedium("undecodable", f"cannot be decoded: {type(fault).__name__}") from None


def _prepared(picture: "Image.Image", side: int) -> "Image.Image":
    from PIL import Image, ImageOps

    picture.draft("RGB", (side, side))
    profile = picture.info.get("icc_profile") if picture.mode in ("RGB", "RGBA") else None
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((side, side), Image.Resampling.LANCZOS)
    if upright.has_transparency_data:
        seen = upright.convert("RGBA")
        upright = Image.new("RGB", seen.size, "white")
        upright.paste(seen, mask=seen.getchannel("A"))
    plain = upright.convert("RGB")
    plain.info = {"icc_profile": profile} if profile else {}
    return plain


def _fitted(picture: "Image.Image", wish: Wish) -> tuple[bytes, int, int]:
    """At the best quality that fits; smaller only where none does."""
    for _ in range(TRIES):
        for quality in QUALITIES:
            out = BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True, icc_profile=picture.info.get("icc_profile"))
            if out.tell() <= wish.bytes:
                return out.getvalue(), *picture.size
        width, height = (max(1, round(side * SMALLER)) for side in picture.size)
        picture = picture.resize((width, height))
    raise UnusableMedium("not_small_enough", f"cannot be made smaller than {wish.bytes:,} bytes")
