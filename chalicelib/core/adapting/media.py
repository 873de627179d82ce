"""Which pictures, films and sounds may go along: by kind, count, type, size, shape and duration."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from chalicelib.core.adapting.fitting import shortened
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Media
from chalicelib.core.rules import Medium, Rules

PLURALS = {"image": "images", "gif": "GIFs", "video": "videos", "audio": "audio files", "document": "documents"}
TYPES = {"jpg": "jpeg", "quicktime": "mov", "x-m4v": "m4v"}


class Item:
    """A medium with what the rules ask about, worked out once."""

    def __init__(self, media: Media) -> None:
        self.media = media
        self.type = _type(media.mime_type or "")
        self.figures = _figures(media)

    @cached_property
    def without_alt_text(self) -> Media:
        """The medium for networks that take none."""
        return self.media.model_copy(update={"alt_text": None})


def _type(mime_type: str) -> str:
    name = mime_type.partition(";")[0].strip().lower().rpartition("/")[2]
    return TYPES.get(name, name)


def _figures(media: Media) -> dict[str, float | None]:
    width, height = media.width, media.height
    return {
        "bytes": media.bytes,
        "width": width,
        "height": height,
        "seconds": media.duration_seconds,
        "pixels": width * height if width and height else None,
        "ratio": width / height if width and height else None,
    }


def choose(
    wanted: Sequence[Item], rules: Rules, report: Report, versions: Mapping[str, tuple[Media, ...]]
) -> tuple[Media, ...]:
    """The media that go along, in order, their alt texts as long as they may be."""
    kept: list[Media] = []
    for number, given in enumerate(wanted):
        item, obstacle = given, _obstacle(given, kept, rules)
        if obstacle and (other := _version(versions.get(given.media.url, ()), kept, rules)):
            report.change("media_converted", obstacle[0], given.media.url, other.media.url)
            item, obstacle = other, None
        if obstacle is None or _doubtful(obstacle, number, rules, report):
            kept.append(_described(item, rules, report) if item.media.alt_text else item.media)
        else:
            rule, why = obstacle
            report.unsupported("media_dropped", rule, f"media[{number}]", f"{rules.platform} {why}", item.media.url)
    if rules.media.required and not kept:
        taken = ", ".join(plural for kind, plural in PLURALS.items() if getattr(rules, kind).count != 0)
        message = f"{rules.platform} has no posts without media: add at least one of {taken}"
        report.issue("media_required", "media.required", "media", message, error=True)
    return tuple(kept)


def _version(versions: tuple[Media, ...], kept: list[Media], rules: Rules) -> Item | None:
    """The first version that the network takes."""
    return next((item for item in map(Item, versions) if _obstacle(item, kept, rules) is None), None)


Obstacle = tuple[str, str]
"""The rule that keeps a medium out, and why."""


def _doubtful(obstacle: Obstacle, number: int, rules: Rules, report: Report) -> bool:
    """Whether we only assume the rule, so that the medium is tried all the same."""
    rule, why = obstacle
    if rules.firm(rule):
        return False
    report.issue("media_doubtful", rule, f"media[{number}]", f"{rules.platform} {why}", error=False)
    return True


def _obstacle(item: Item, kept: list[Media], rules: Rules) -> Obstacle | None:
    """What keeps a medium out first."""
    kind = item.media.kind
    medium: Medium = getattr(rules, kind)
    if medium.count == 0:
        return f"{kind}.count", f"takes no {PLURALS[kind]}"
    if kept and (crowded := _crowded(kind, medium.count, kept, rules)):
        return crowded
    if medium.types and item.type and item.type not in medium.types:
        return f"{kind}.types", f"takes {PLURALS[kind]} as {', '.join(medium.types)}, not {item.type}"
    return _out_of_bounds(item, rules)


def _crowded(kind: str, most: int | None, kept: list[Media], rules: Rules) -> Obstacle | None:
    """What about the media before it keeps a medium out."""
    first, total = kept[0].kind, rules.media.total
    if first != kind and not {first, kind} <= set(rules.media.mixed):
        return "media.mixed", f"does not mix {PLURALS[first]} and {PLURALS[kind]} in one post"
    if most is not None and sum(other.kind == kind for other in kept) >= most:
        return f"{kind}.count", f"takes {most} {PLURALS[kind]} at most"
    if total is not None and len(kept) >= total:
        return "media.total", f"takes {total} media at most"
    return None


def _out_of_bounds(item: Item, rules: Rules) -> Obstacle | None:
    for rule, figure, sign, limit, unit in rules.bounds(item.media.kind):
        value = item.figures[figure]
        if value is not None and (value - limit) * sign > 0:
            edge = "at most" if sign > 0 else "at least"
            return rule, f"takes {PLURALS[item.media.kind]} of {limit:g} {unit} {edge}; this has {value:g}"
    return None


def _described(item: Item, rules: Rules, report: Report) -> Media:
    """The medium with the alt text that the network takes."""
    media, alt = item.media, item.media.alt_text or ""
    medium: Medium = getattr(rules, media.kind)
    if medium.alt == "none":
        report.change("alt_text_dropped", f"{media.kind}.alt", alt)
        return item.without_alt_text
    if medium.alt_limit is None or len(alt) <= medium.alt_limit:
        return media
    short = shortened(alt, medium.alt_limit)
    report.change("alt_text_cut", f"{media.kind}.alt_limit", alt, short)
    return media.model_copy(update={"alt_text": short})
