"""A score's history as a picture: one SVG file without any outside asset, to be pasted into a report."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from itertools import groupby

Point = tuple[date, float | None]
"""A day and the score of it, 0 to 100; None where there was none."""

WIDTH, HEIGHT = 720, 280
LEFT, RIGHT, TOP, BOTTOM = 44, 56, 52, 36
LEVELS = (0, 25, 50, 75, 100)
MOST_DATES = 6
INK, PALE, LINE, GROUND = "#1f2933", "#d9e2ec", "#1565c0", "#ffffff"
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Letters that no XML 1.0 may hold, https://www.w3.org/TR/xml/#charsets; in a name they mean nothing."""
FONT = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"


def chart(title: str, points: Sequence[Point]) -> str:
    """The chart of a score over the days given, in their order; a gap where there was no score."""
    known = [(day, value) for day, value in points if value is not None]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-labelledby="title desc" font-family="{FONT}" font-size="12" fill="{INK}">',
        f'<title id="title">{_text(title)}</title>',
        f'<desc id="desc">{_text(_described(known))}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{GROUND}"/>',
        f'<text x="{LEFT}" y="28" font-size="16" font-weight="600">{_text(title)}</text>',
        *(_level(level) for level in LEVELS),
        *_dates(points),
        *_curves(points),
        *_last(points),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    """Words as the text of an element."""
    return escape(NO_XML.sub("", words))


def _described(known: Sequence[tuple[date, float]]) -> str:
    if not known:
        return "No score in this time."
    (first, start), (last, end) = known[0], known[-1]
    return f"From {start:.1f} on {first.isoformat()} to {end:.1f} on {last.isoformat()}, on a scale from 0 to 100."


def _x(number: int, count: int) -> float:
    inside = WIDTH - LEFT - RIGHT
    return round(LEFT + (inside * number / (count - 1) if count > 1 else inside / 2), 1)


def _y(value: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / 100), 1)


def _level(level: int) -> str:
    y = _y(level)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{PALE}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{level}</text>'
    )


def _dates(points: Sequence[Point]) -> Iterator[str]:
    step = max(1, -(-(len(points) - 1) // (MOST_DATES - 1)))
    for number in range(0, len(points), step):
        x = _x(number, len(points))
        yield f'<text x="{x}" y="{HEIGHT - 12}" text-anchor="middle">{points[number][0].isoformat()}</text>'


def _curves(points: Sequence[Point]) -> Iterator[str]:
    """A line through each run of days that have a score; a dot where a run is a single day."""
    for has_score, run in groupby(enumerate(points), key=lambda one: one[1][1] is not None):
        places = [(_x(number, len(points)), _y(value or 0.0)) for number, (_, value) in run]
        if has_score and len(places) > 1:
            path = " ".join(f"{x},{y}" for x, y in places)
            yield f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2.5" stroke-linejoin="round"/>'
        elif has_score:
            yield f'<circle cx="{places[0][0]}" cy="{places[0][1]}" r="3" fill="{LINE}"/>'


def _last(points: Sequence[Point]) -> Iterator[str]:
    known = [(number, value) for number, (_, value) in enumerate(points) if value is not None]
    if known:
        number, value = known[-1]
        x, y = _x(number, len(points)), _y(value)
        yield f'<circle cx="{x}" cy="{y}" r="4" fill="{LINE}"/>'
        yield f'<text x="{x + 8}" y="{y + 5}" font-size="15" font-weight="600" fill="{LINE}">{value:.1f}</text>'
