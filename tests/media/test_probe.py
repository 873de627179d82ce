"""What a file is, by its bytes; and the place taken out of it. A hostile file is an `UnusableMedium`, and no more."""

import io
import struct
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import UnusableMedium
from chalicelib.core.probe import EXTENSIONS, Found, probe
from chalicelib.core.probing.metadata import exif, xmp
from chalicelib.core.probing.source import MOST_METADATA
from tests.media import samples

MIB = 1024 * 1024


def probed(data: bytes) -> Found:
    return probe(io.BytesIO(data))


def cleaned(data: bytes) -> bytes:
    """The file as it would be kept."""
    found, clean = probed(data), bytearray(data)
    for patch in found.patches:
        clean[patch.offset : patch.offset + len(patch.new)] = patch.new
    assert len(clean) == len(data), "patches replace, they do not insert"
    return bytes(clean[: found.end])


@pytest.mark.parametrize(
    ("data", "kind", "mime_type", "width", "height", "seconds"),
    [
        (samples.jpeg(), "image", "image/jpeg", 640, 480, None),
        (samples.png(), "image", "image/png", 320, 200, None),
        (samples.gif(), "gif", "image/gif", 64, 48, None),
        (samples.webp(form="VP8 "), "image", "image/webp", 800, 600, None),
        (samples.webp(form="VP8L"), "image", "image/webp", 800, 600, None),
        (samples.webp(form="VP8X"), "image", "image/webp", 800, 600, None),
        (samples.film(), "video", "video/mp4", 1920, 1080, 12.5),
        (samples.film(large=True), "video", "video/mp4", 1920, 1080, 12.5),
        (samples.film(brand=b"qt  "), "video", "video/quicktime", 1920, 1080, 12.5),
        (samples.film()[16:], "video", "video/quicktime", 1920, 1080, 12.5),
        (samples.film(brand=b"M4A ", tracks=samples.track(b"soun")), "audio", "audio/mp4", None, None, 12.5),
        (b"%PDF-1.7\n", "document", "application/pdf", None, None, None),
    ],
)
def test_a_file_is_what_its_bytes_say(
    data: bytes, kind: str, mime_type: str, width: int | None, height: int | None, seconds: float | None
) -> None:
    found = probed(data)
    assert (found.kind, found.mime_type) == (kind, mime_type)
    assert (found.width, found.height, found.duration_seconds) == (width, height, seconds)
    assert found.mime_type in EXTENSIONS


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("make", [samples.jpeg, samples.png, samples.webp])
def test_a_picture_that_is_shown_on_its_side_has_the_size_that_is_seen(make: object, orientation: int) -> None:
    found = probed(make(300, 200, orientation=orientation))  # type: ignore[operator]
    assert (found.width, found.height) == ((200, 300) if orientation >= 5 else (300, 200))


def test_a_film_that_is_turned_has_the_size_that_is_seen() -> None:
    turned = samples.film(tracks=samples.track(b"vide", 1920, 1080, samples.TURN))
    assert (probed(turned).width, probed(turned).height) == (1080, 1920)


def test_a_film_in_pieces_says_its_duration_elsewhere() -> None:
    whole = samples.box(b"mvhd", bytes(12) + struct.pack(">II", 600, 0) + bytes(80))
    pieces = samples.box(b"mvex", samples.box(b"mehd", bytes(4) + struct.pack(">I", 1200)))
    data = samples.box(b"ftyp", b"iso6") + samples.box(b"moov", whole, samples.track(b"vide", 4, 3), pieces)
    assert probed(data).duration_seconds == 2.0


@pytest.mark.parametrize("name", ["jpg", "png", "webp", "mp4", "mov", "m4a"])
def test_the_place_is_taken_out_and_nothing_else(name: str) -> None:
    data = samples.ALL[name]
    clean = cleaned(data)
    assert any(place in data for place in samples.PLACES)
    assert not [place for place in samples.PLACES if place in clean]
    assert clean.count(samples.OTHERS) == data.count(samples.OTHERS)
    assert clean.count(b"(c) Bell tower") == data.count(b"(c) Bell tower")
    assert probed(clean).patches == (), "nothing is left to take out"
    again, before = probed(clean), probed(data)
    assert (again.width, again.height, again.duration_seconds) == (before.width, before.height, before.duration_seconds)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_place_is_taken_out_of_either_order_of_bytes(order: str) -> None:
    clean = exif(samples.exif(6, order)).clean
    assert samples.LATITUDE not in clean
    assert samples.OTHERS in clean
    assert exif(clean).turned


def test_exif_that_cannot_be_read_is_overwritten_whole() -> None:
    torn = samples.exif()[:-10].replace(b"\x00\x03\x01\x0f", b"\xff\xff\x01\x0f", 1)
    assert exif(torn).clean == bytes(len(torn))


@pytest.mark.parametrize("packet", [samples.XMP.decode().encode("utf-16-le"), b"<a>GPS 48,8.5N</a>"])
def test_a_place_in_xmp_that_cannot_be_told_apart_takes_all_of_it_along(packet: bytes) -> None:
    assert xmp(packet).strip() == b""
    assert len(xmp(packet)) == len(packet)


def test_what_follows_the_end_of_a_picture_is_cut_off() -> None:
    tail = b"a film with a place: +48.1416+011.5750/"
    for make in (samples.jpeg, samples.png, samples.webp):
        assert cleaned(make(tail=tail)) == cleaned(make())


def test_the_checksums_of_a_png_stay_right() -> None:
    clean, at = cleaned(samples.png()), 8
    while at < len(clean):
        length, kind = struct.unpack_from(">I4s", clean, at)
        data = clean[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", clean, at + 8 + length)[0] == zlib.crc32(kind + data)
        at += 12 + length


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type"),
        (b"<html><script>", "unsupported_type"),
        (b"MZ\x90\x00", "unsupported_type"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "unsupported_type"),
        (samples.film(brand=b"heic"), "unsupported_type"),
        (samples.box(b"ftyp", b"isom") + samples.box(b"mdat"), "cut_off"),
        (samples.film(tracks=b""), "broken"),
        (samples.jpeg()[:-2], "cut_off"),
        (samples.jpeg(width=0), "broken"),
        (b"\xff\xd8\xff" + b"\xff" * 1000, "cut_off"),
        (b"\xff\xd8\xff\xe0\x00\x00", "broken"),
        (samples.png()[:-1], "cut_off"),
        (samples.png(height=0), "broken"),
        (samples.gif()[:8], "cut_off"),
        (samples.gif(width=0), "broken"),
        (samples.webp()[:-1], "cut_off"),
        (b"RIFF\x04\0\0\0WEBP", "broken"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_reason(data: bytes, code: str) -> None:
    with pytest.raises(UnusableMedium) as refused:
        probed(data)
    assert refused.value.code == code


@given(st.sampled_from(sorted(samples.ALL)), st.data())
def test_a_file_cut_off_anywhere_is_refused_or_understood(name: str, data: st.DataObject) -> None:
    whole = samples.ALL[name]
    must_be_ours(whole[: data.draw(st.integers(0, len(whole)))])


@given(st.sampled_from(sorted(samples.ALL)), st.data())
def test_a_file_with_wrong_bytes_anywhere_is_refused_or_understood(name: str, data: st.DataObject) -> None:
    spoilt = bytearray(samples.ALL[name])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(spoilt) - 1))
        new = data.draw(st.sampled_from([b"\0", b"\xff", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1"]))
        spoilt[at : at + len(new)] = new
    must_be_ours(bytes(spoilt))


@given(st.sampled_from([each[:12] for each in samples.ALL.values()]), st.binary(max_size=2000))
def test_a_file_of_noise_is_refused_or_understood(head: bytes, noise: bytes) -> None:
    must_be_ours(head + noise)


@given(st.binary(max_size=600))
def test_metadata_of_noise_keeps_its_length(noise: bytes) -> None:
    for tiff in (noise, b"II*\0\x08\0\0\0" + noise, b"MM\0*\0\0\0\x08" + noise):
        assert len(exif(tiff).clean) == len(tiff)
    assert len(xmp(noise)) == len(noise)


def must_be_ours(data: bytes) -> None:
    """The file is understood, so that its cleaned copy is too; or it is refused."""
    try:
        found = probed(data)
    except UnusableMedium:
        return
    assert sum(len(patch.new) for patch in found.patches) <= 2 * len(data)
    assert all(patch.offset + len(patch.new) <= len(data) for patch in found.patches)
    assert found.end is None or found.end <= len(data)
    clean = probed(cleaned(data))
    assert (clean.mime_type, clean.width, clean.height) == (found.mime_type, found.width, found.height)


SOI = b"\xff\xd8"
FILM, PICTURE, PACKET = samples.box(b"ftyp", b"isom"), samples.png()[:33], b"XML:com.adobe.xmp\0"
HOSTILE = {
    "stuffing": SOI + b"\xff" * (4 * MIB),
    "markers without an end": SOI + b"\xff\xd0" * (2 * MIB),
    "segments without an end": SOI + samples.segment(0xE0, b"") * MIB,
    "scans without an end": SOI + samples.segment(0xDA, b"") * MIB,
    "a scan without an end": SOI + samples.segment(0xDA, b"") + b"\xff\x00" * (2 * MIB),
    "chunks of nothing": PICTURE + samples.chunk(b"teXt", b"") * (MIB // 3),
    "a chunk larger than the file": PICTURE + b"\x7f\xff\xff\xffeXIf" + bytes(MIB),
    "boxes of nothing": FILM + samples.box(b"free") * (MIB // 2),
    "a box in itself": FILM + struct.pack(">I4s", 0, b"moov") * (MIB // 2),
    "a box that ends before it begins": samples.box(b"ftyp", b"isom")
    + struct.pack(">I4sQ", 1, b"moov", 0)
    + bytes(MIB),
    "riff of nothing": b"RIFF" + struct.pack("<I", 4 + 8 * MIB) + b"WEBP" + samples.riff(b"JUNK", b"") * MIB,
    "xmp of one word": PICTURE + samples.chunk(b"tEXt", PACKET + b"<a:GPS " * (MIB // 2)),
    "xmp of open elements": samples.png()[:33] + samples.chunk(b"tEXt", PACKET + b"<a:GPSa>" * (MIB // 2)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_neither_long_nor_much_memory(name: str) -> None:
    data = io.BytesIO(HOSTILE[name])
    tracemalloc.start()
    begun = time.process_time()
    try:
        with pytest.raises(UnusableMedium):
            probe(data)
        spent, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < 20, "some seconds on a slow machine that also counts every allocation; a loop would never end"
    assert peak < 5 * min(len(HOSTILE[name]), MOST_METADATA) + MIB
