"""Which pictures, films and sounds may go along: by kind, count, type, size, shape and duration."""

from collections.abc import Iterator

from chalicelib.core.adapting.fitting import shortened
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Content, Media
from chalicelib.core.rules import Medium, Rules

PLURALS = {"image": "images", "gif": "GIFs", "video": "videos", "audio": "audio files", "document": "documents"}
TYPES = {"jpg": "jpeg", "quicktime": "mov", "x-m4v": "m4v"}


def choose(content: Content, rules: Rules, report: Report) -> tuple[Media, ...]:
    """The media that go along, in order, their alt texts as long as they may be."""
    kept: list[Media] = []
    for number, media in enumerate(content.media):
        name, why = _obstacle(media, rules, kept)
        if not name or not rules.firm(name):
            kept.append(_described(media, rules, report, number))
        if name:
            _tell(rules, report, media, number, name, why)
    if rules.media.required and not kept:
        wanted = ", ".join(PLURALS[kind] for kind in PLURALS if _medium(rules, kind).count != 0)
        message = f"{rules.platform} has no posts without media: add at least one of {wanted}"
        report.issue("media_required", "media.required", "media", message, error=True)
    return tuple(kept)


def _tell(rules: Rules, report: Report, media: Media, number: int, name: str, why: str) -> None:
    path = f"media[{number}]"
    if rules.firm(name):
        report.unsupported("media_dropped", name, path, why, media.url)
    else:
        report.issue("media_doubtful", name, path, why, error=False)


def _medium(rules: Rules, kind: str) -> Medium:
    medium: Medium = getattr(rules, kind)
    return medium


def _obstacle(media: Media, rules: Rules, kept: list[Media]) -> tuple[str, str]:
    """The first rule that keeps a medium out, and why; two empty strings where there is none."""
    for name, why in _obstacles(media, rules, kept):
        return name, f"{rules.platform} {why}"
    return "", ""


def _obstacles(media: Media, rules: Rules, kept: list[Media]) -> Iterator[tuple[str, str]]:
    kind, medium, plural = media.kind, _medium(rules, media.kind), PLURALS[media.kind]
    same = sum(other.kind == kind for other in kept)
    if medium.count == 0:
        yield f"{kind}.count", f"takes no {plural}"
    if kept and kept[0].kind != kind and not {kept[0].kind, kind} <= set(rules.media.mixed):
        yield "media.mixed", f"does not mix {PLURALS[kept[0].kind]} and {plural} in one post"
    if medium.count is not None and same >= medium.count:
        yield f"{kind}.count", f"takes {medium.count} {plural} at most"
    if rules.media.total is not None and len(kept) >= rules.media.total:
        yield "media.total", f"takes {rules.media.total} media at most"
    yield from _faults(media, medium, plural)


def _faults(media: Media, medium: Medium, plural: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the medium itself, as far as it is known."""
    if medium.types and media.mime_type and _type(media.mime_type) not in medium.types:
        yield f"{media.kind}.types", f"takes {plural} as {', '.join(medium.types)}, not {media.mime_type}"
    for rule, value, least, most in _figures(media, medium):
        if value is not None and most is not None and value > most:
            yield f"{media.kind}.{rule[1]}", f"takes {plural} of {most:g} {rule[2]} at most; this has {value:g}"
        if value is not None and least is not None and value < least:
            yield f"{media.kind}.{rule[0]}", f"takes {plural} of {least:g} {rule[2]} at least; this has {value:g}"


Figure = tuple[tuple[str, str, str], float | None, float | None, float | None]


def _figures(media: Media, medium: Medium) -> Iterator[Figure]:
    """Each figure of a medium with the names of its rules, and the least and most that it may be."""
    width, height = media.width, media.height
    yield ("", "bytes", "bytes"), media.bytes, None, medium.bytes
    yield ("min_width", "max_width", "pixels across"), width, medium.min_width, medium.max_width
    yield ("", "max_height", "pixels down"), height, None, medium.max_height
    seconds = media.duration_seconds
    yield ("min_seconds", "max_seconds", "seconds"), seconds, medium.min_seconds, medium.max_seconds
    if width and height:
        yield ("", "pixels", "pixels"), width * height, None, medium.pixels
        yield ("min_ratio", "max_ratio", "width to height"), width / height, medium.min_ratio, medium.max_ratio


def _type(mime_type: str) -> str:
    name = mime_type.partition(";")[0].strip().lower().rpartition("/")[2]
    return TYPES.get(name, name)


def _described(media: Media, rules: Rules, report: Report, number: int) -> Media:
    """The medium with the alt text that the network takes."""
    medium, alt = _medium(rules, media.kind), media.alt_text
    if not alt:
        return media
    if medium.alt == "none":
        report.change("alt_text_dropped", f"{media.kind}.alt", alt)
        return media.model_copy(update={"alt_text": None})
    if medium.alt_limit is None or len(alt) <= medium.alt_limit:
        return media
    short = shortened(alt, medium.alt_limit)
    report.change("alt_text_cut", f"{media.kind}.alt_limit", alt, short)
    return media.model_copy(update={"alt_text": short})
