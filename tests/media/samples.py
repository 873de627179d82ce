"""Small files of every kind that is taken, made by hand, with a place in them where a kind can hold one."""

import struct
import zlib

LATITUDE = b"\x00\x00\x00\x30\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x0b\xb8\x00\x00\x00\x64"
"""48 degrees, 8 minutes and 30 seconds, as EXIF has it."""
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description dc:rights="(c) Bell tower" exif:GPSLatitude="48,8.5N"'
    b" exif:GPSLongitude='11,34.5E'><exif:GPSAltitude>520/1</exif:GPSAltitude></rdf:Description></x:xmpmeta>"
)
OTHERS = b"Bell & Co"
"""What must stay: the maker of the camera."""


def exif(orientation: int = 1, order: str = ">", place: bytes = LATITUDE) -> bytes:
    """EXIF with a maker, an orientation and a latitude."""

    def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")

    def number(value: int) -> bytes:
        return struct.pack(order + "I", value)

    maker_at, gps_at = 8 + 2 + 3 * 12 + 4, 8 + 2 + 3 * 12 + 4 + 10
    first = struct.pack(order + "H", 3) + entry(0x010F, 2, 10, number(maker_at))
    first += entry(0x0112, 3, 1, struct.pack(order + "H", orientation)) + entry(0x8825, 4, 1, number(gps_at))
    gps = struct.pack(order + "H", 2) + entry(1, 2, 2, b"N\0") + entry(2, 5, 3, number(gps_at + 2 + 24 + 4)) + number(0)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + number(8) + first + number(0) + OTHERS + b"\0" + gps + place


def segment(marker: int, payload: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def jpeg(width: int = 640, height: int = 480, *, orientation: int = 1, tail: bytes = b"", order: str = ">") -> bytes:
    """A JPEG with its place in EXIF and in XMP."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return (
        b"\xff\xd8"
        + segment(0xE1, b"Exif\0\0" + exif(orientation, order))
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
        + segment(0xED, b"Photoshop 3.0\x008BIM\x04\x22" + LATITUDE)
        + b"\xff\xff"
        + segment(0xC0, frame)
        + scan
        + b"\xff\xd9"
        + tail
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 320, height: int = 200, *, orientation: int = 1, tail: bytes = b"") -> bytes:
    """A PNG with its place in every kind of chunk that can hold one."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"eXIf", exif(orientation))
        + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
        + chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP))
        + chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(exif().hex().encode()))
        + chunk(b"tEXt", b"Author\0" + OTHERS)
        + chunk(b"IDAT", zlib.compress(bytes((width + 1) * height)))
        + chunk(b"IEND", b"")
        + tail
    )


def gif(width: int = 64, height: int = 48) -> bytes:
    """A GIF of one colour."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00,\0\0\0\0\1\0\1\0\0\2\1D\0;"


def riff(kind: bytes, data: bytes) -> bytes:
    """A chunk of a WebP."""
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(width: int = 800, height: int = 600, *, orientation: int = 1, form: str = "VP8X", tail: bytes = b"") -> bytes:
    """A WebP of one of its three forms; the extended one holds a place."""
    lossy = riff(b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height))
    lossless = riff(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = riff(b"VP8X", b"\x0c\0\0\0" + canvas) + lossy + riff(b"EXIF", exif(orientation)) + riff(b"XMP ", XMP)
    body = b"WEBP" + {"VP8 ": lossy, "VP8L": lossless, "VP8X": extended}[form]
    return b"RIFF" + struct.pack("<I", len(body)) + body + tail


def box(kind: bytes, *inside: bytes) -> bytes:
    """A box of a film."""
    body = b"".join(inside)
    return struct.pack(">I4s", len(body) + 8, kind) + body


TURN = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
STRAIGHT = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def track(kind: bytes, width: int = 0, height: int = 0, matrix: tuple[int, ...] = STRAIGHT) -> bytes:
    """A track of a film."""
    header = bytes(40) + struct.pack(">9i", *matrix) + struct.pack(">II", width << 16, height << 16)
    return box(b"trak", box(b"tkhd", header), box(b"mdia", box(b"hdlr", bytes(8) + kind + bytes(12))))


def film(
    width: int = 1920,
    height: int = 1080,
    *,
    brand: bytes = b"isom",
    seconds: float = 12.5,
    tracks: bytes | None = None,
    first: bytes = b"",
    large: bool = False,
) -> bytes:
    """A film with its place in three boxes; its `moov` stands at the end."""
    header = box(b"mvhd", bytes(12) + struct.pack(">II", 600, round(seconds * 600)) + bytes(80))
    apple = box(b"meta", box(b"keys", b"mdtacom.apple.quicktime.location.ISO6709"), box(b"ilst", b"+48.1416+011.5750/"))
    places = box(b"udta", box(b"\xa9xyz", b"+48.1416+011.5750/"), box(b"loci", LATITUDE))
    shown = track(b"soun") + track(b"vide", width, height) if tracks is None else tracks
    data = struct.pack(">I4sQ", 1, b"mdat", 16 + 100) + bytes(100) if large else box(b"mdat", bytes(100))
    return box(b"ftyp", brand + bytes(4)) + first + data + box(b"moov", header, shown, places, apple)


PLACES = (LATITUDE, b"48,8.5N", b"11,34.5E", b"520/1", b"+48.1416", exif().hex().encode()[-40:])
"""Everything in these files that tells the place."""

ALL = {
    "jpg": jpeg(),
    "png": png(),
    "gif": gif(),
    "webp": webp(),
    "mp4": film(),
    "mov": film(brand=b"qt  "),
    "m4a": film(brand=b"M4A ", tracks=track(b"soun")),
    "pdf": b"%PDF-1.7\n",
}
"""One file of every kind, by the ending of its name."""
