"""Pictures made smaller, as the function that has Pillow makes them."""

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from chalicelib.core.errors import UnusableMedium
from chalicelib.core.probe import probe
from chalicelib.core.variant import WISHES, Variant, Wish, place_of, wished
from chalicelib.pictures import jpeg
from chalicelib.service.variants import make
from infra.package import package
from tests.fakes import FakeClock, FakeFiles
from tests.media import samples

BOMB = (
    samples.png()[:8]
    + samples.chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    + samples.png()[33:]
)
SMALL = Wish("small", 64, 4_000)


def file(picture: Image.Image, form: str, **options: Any) -> io.BytesIO:
    """The picture as a file."""
    into = io.BytesIO()
    picture.save(into, form, **options)
    return into


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 80).convert("RGB")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_a_jpeg_no_larger_than_wished(form: str) -> None:
    data, width, height = jpeg(file(noise(300, 200), form), SMALL)
    found = probe(io.BytesIO(data))
    assert (found.mime_type, found.width, found.height) == ("image/jpeg", width, height)
    assert max(width, height) <= SMALL.side
    assert len(data) <= SMALL.bytes
    assert width / height == pytest.approx(1.5, rel=0.05)


def test_a_small_picture_stays_as_large_as_it_is() -> None:
    _, width, height = jpeg(file(Image.new("RGB", (30, 20), "red"), "PNG"), SMALL)
    assert (width, height) == (30, 20)


def test_a_picture_that_lies_on_its_side_is_turned_and_says_nothing_of_itself() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    data, width, height = jpeg(file(noise(60, 30), "JPEG", exif=exif), SMALL)
    assert (width, height) == (30, 60)
    assert b"Exif" not in data


def test_what_is_transparent_is_white() -> None:
    data, _, _ = jpeg(file(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG"), SMALL)
    assert Image.open(io.BytesIO(data)).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK", "I;16"])
def test_pictures_of_every_mode_become_plain(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    data, _, _ = jpeg(file(Image.new(mode, (8, 8)), form), SMALL)
    assert Image.open(io.BytesIO(data)).mode == "RGB"


@pytest.mark.parametrize(
    "data",
    [b"", b"noise", samples.jpeg(), BOMB, samples.gif(), samples.png()[:300]],
    ids=["nothing", "noise", "no tables", "a bomb", "another format", "cut off"],
)
def test_what_cannot_be_decoded_is_refused(data: bytes) -> None:
    with pytest.raises(UnusableMedium):
        jpeg(io.BytesIO(data), SMALL)


def test_what_cannot_be_made_small_enough_is_refused() -> None:
    with pytest.raises(UnusableMedium, match="not_small_enough"):
        jpeg(file(noise(64, 64), "PNG"), Wish("tiny", 64, 100))


@pytest.mark.parametrize(
    ("mime_type", "width", "height", "size", "names"),
    [
        ("image/jpeg", 1200, 800, 300_000, []),
        ("image/jpeg", 1200, 800, 1_500_000, ["small"]),
        ("image/jpeg", 6000, 4000, 900_000, ["large", "small"]),
        ("image/png", 10, 10, 100, ["large", "small"]),
        ("image/webp", 1200, 800, 300_000, ["large", "small"]),
        ("image/png", 20_000, 20_000, 300_000, []),
        ("image/gif", 10, 10, 100, []),
        ("video/mp4", 10, 10, 100, []),
    ],
)
def test_only_pictures_that_somebody_may_not_take_are_wished_smaller(
    mime_type: str, width: int, height: int, size: int, names: list[str]
) -> None:
    assert [wish.name for wish in wished(mime_type, width, height, size)] == names


def test_variants_lie_beside_their_picture() -> None:
    files = FakeFiles(FakeClock())
    key = "media/ws_1/secret.png"
    files.store(key, "image/png", file(noise(300, 200), "PNG"))
    made = make(files, jpeg, key, ["large", "small"])
    assert [each.key for each in made] == ["media/ws_1/secret.large.jpg", "media/ws_1/secret.small.jpg"]
    assert made == [Variant(each.key, 300, 200, len(files.stored[each.key])) for each in made]


def test_what_cannot_be_made_is_left_out() -> None:
    files = FakeFiles(FakeClock())
    files.store("media/ws_1/secret.png", "image/png", io.BytesIO(b"noise"))
    assert make(files, jpeg, "media/ws_1/secret.png", ["large", "small"]) == []
    assert make(files, jpeg, "media/ws_1/gone.png", ["large", "small"]) == []
    assert place_of("media/ws_1/secret.png", WISHES[0]) == "media/ws_1/secret.large.jpg"


@pytest.mark.skipif(sys.platform != "linux", reason="the layer is for Lambda's platform")
def test_the_layer_works_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(package().layer_paths["PictureLayer"]) as layer:
        layer.extractall(tmp_path)
    script = """
import io, sys
sys.path.insert(0, sys.argv[1])
from PIL import Image
assert Image.__file__.startswith(sys.argv[1])
for form in ("JPEG", "PNG", "WEBP"):
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, form)
    Image.open(data, formats=[form]).load()
print("ok")
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script, str(tmp_path / "python")], stdout=-1, check=False)
    assert done.stdout == b"ok\n"
