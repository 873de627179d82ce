"""No text may take more than linear time, in Python or in a regular expression.

Every function reads texts of one nasty unit over and over, and what it does at eight times the size is held against
what it did before: lines of Python, which are counted; and processor time, which is only looked at where there is
enough of it. Linear is 8 times as much, quadratic 64 times. The units are those that a long random search found to be
slow, and more of their kind.
"""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

import pytest

from chalicelib.core.rules import Counting
from chalicelib.core.text.counting import measure_alone
from chalicelib.core.text.cutting import Cutter
from chalicelib.core.text.graphemes import graphemes
from chalicelib.core.text.links import WIDE, find_links
from chalicelib.core.text.measures import GAUGES
from chalicelib.core.text.offsets import offsets
from chalicelib.core.text.spans import find_spans
from chalicelib.core.text.wire import DIALECTS

Work = Callable[[str], object]


class Pump(NamedTuple):
    """A text that can be made as long as one likes."""

    unit: str
    before: str = ""
    behind: str = "x"

    def text(self, size: int) -> str:
        return self.before + self.unit * (size // len(self.unit)) + self.behind


def _cut(text: str) -> Cutter:
    return Cutter(text, (), lambda _, atoms: (list(map(len, atoms)),))


def _sent(dialect: str) -> Work:
    about = DIALECTS[dialect]
    return lambda text: about.finish(about.escape(text))


def _alone(counting: Counting) -> Work:
    return lambda text: measure_alone(text, counting)


WORKS: dict[str, Work] = {
    "links": find_links,
    "wide links": lambda text: find_links(text, WIDE),
    "spans": find_spans,
    "people": lambda text: find_spans(text, {"a", "acme", "小米"}, (4, 2, 1)),
    "graphemes": graphemes,
    "split": lambda text: _cut(text).split(lambda _: (280,)),
    "offsets": lambda text: offsets(text, range(0, len(text), 10), "utf16"),
    "alone on X": _alone(Counting("weighted", 23, bare=True, wide=False)),
    "alone on Mastodon": _alone(Counting("mastodon", 23, bare=False, wide=True)),
    "alone on Weibo": _alone(Counting("weibo", None, bare=True, wide=False)),
    **{f"{unit} length": GAUGES[unit].measure for unit in ("weighted", "threads", "html")},
    **{f"{dialect} out": _sent(dialect) for dialect in DIALECTS},
    **{f"{dialect} back": DIALECTS[dialect].read for dialect in DIALECTS},
}

CORPUS = [
    *map(Pump, "a1_-./:#@$()[]{}<>|\\*~!&;,…—。、「”春ーé한🇩👩 \n\t\u3000\u0301\u200d\ufe0f\u200b"),
    *map(Pump, ["http://", "a.co", "a.co/", "a.co/(", "a.co/((", "a.co?", "a..", "-.", "a.b", "1.", "xn--", ".中国"]),
    *map(Pump, ["https://t.co/a", "https://t.co/a/", "https://t.co/a?", "http://a.co/(b)", "http://a_.co"]),
    *map(Pump, ["@a", "@a.", "@a@", "@acme", "a@", "#a", "#1", "#春", "#春#", "##", "#a!", "$A", "$A ", "$A."]),
    *map(Pump, ["e\u0301", "\u0301\u0323", "👩\u200d", "🏴\U000e0067", "1\ufe0f\u20e3", "क\u094d", "\u1112\u1161"]),
    *map(Pump, [". ", "a. ", '."', ".”", "?!", ";:", "a,", "春。", "ァ", "a春"]),
    *map(Pump, ["\r\n", "\n\n", "  \n", "- \n", "1. \n", "=\n"]),
    *map(Pump, ["<p>", "</p>", "<p></p>", "<br>", "<a", "<|", "&amp;", "&#", "\\<", "@[", "@[](", "{hashtag|\\#|"]),
    Pump("\U000e0067", "🏴"),
    Pump("\u0301\u0323", "e"),
    Pump("(b)", "http://a.co/("),
    Pump("((b)c)", "http://a.co/("),
    Pump("a", "http://", ".com"),
    Pump("é", "http://", ".com"),
    Pump("a.", "http://", "com"),
    Pump("a.", "", "中国"),
    Pump("!", "http://a.co/", ""),
    Pump("a", "@", "@"),
    Pump(".a", "@a@a", "@"),
    Pump("<", "<p>", "</p>"),
    Pump("9", "1", "."),
]


class Fault(NamedTuple):
    """What once took quadratic time."""

    units: tuple[str, ...]
    work: str
    why: str
    size: int = 4000
    """How much of the first unit would be noticed on any machine."""


FAULTS = [
    Fault(
        ("https://t.co/a/",), "links", "a path was read to its end and given back, so that the next link read it", 8000
    ),
    Fault(("🇩",), "graphemes", "`regex` counts the flags before each flag, back to the first"),
    Fault(("\u0301\u0323",), "weighted length", "Python sorts the marks on a letter by insertion", 8000),
    Fault(
        (".", "!", ";:"), "split", "a run of punctuation that ends no sentence was tried from each of its characters"
    ),
    Fault(("@[", "@[](", "{hashtag|\\#|"), "little_text back", "a template without an end was searched for it again"),
    Fault(("<", "<a", "<|", "<p>"), "mrkdwn back", "an angle without its other was searched for it again", 2000),
    Fault(("<p>", "<"), "html back", "a tag without an end was searched for it again"),
]


def lines(work: Work, text: str) -> int:
    """How many lines of Python the work takes."""
    count = 0

    def tick(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return tick

    before = sys.gettrace()
    sys.settrace(tick)
    try:
        work(text)
    finally:
        sys.settrace(before)
    return count


def seconds(work: Work, text: str) -> float:
    started = time.process_time()
    work(text)
    return time.process_time() - started


def is_slow(work: Work, pump: Pump, size: int = 5000, noticed: float = 0.02) -> bool:
    """Whether eight times the text takes far more than eight times the time, and it can be noticed."""
    large = pump.text(size)
    most = seconds(work, large)
    if most < noticed:
        return False
    small = pump.text(size // 8)
    least = min(seconds(work, small) for _ in range(5))
    for _ in range(2):
        if most > 24 * least:
            most = min(most, seconds(work, large))
    return most > noticed and most > 24 * least


@pytest.mark.parametrize("name", WORKS)
def test_eight_times_the_text_takes_no_more_than_eight_times_the_lines(name: str) -> None:
    work = WORKS[name]
    counted = {pump: (lines(work, pump.text(400)), lines(work, pump.text(3200))) for pump in CORPUS}
    assert {pump: found for pump, found in counted.items() if found[1] > 10 * found[0] + 100} == {}


@pytest.mark.parametrize("name", WORKS)
def test_no_regular_expression_takes_more_than_linear_time(name: str) -> None:
    work = WORKS[name]
    assert [pump for pump in CORPUS if is_slow(work, pump)] == []


@pytest.mark.parametrize(("fault", "unit"), [(fault, unit) for fault in FAULTS for unit in fault.units])
def test_nor_does_this_one_any_more(fault: Fault, unit: str) -> None:
    assert not is_slow(WORKS[fault.work], Pump(unit), fault.size, noticed=0.004)
