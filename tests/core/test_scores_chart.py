"""A score's history as a picture."""

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.scores.chart import HEIGHT, TOP, WIDTH, Point, chart

SVG = "{http://www.w3.org/2000/svg}"
FIRST = date(2026, 10, 25)

VALUES = st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=400)


def days(*values: float | None) -> list[Point]:
    return [(FIRST + timedelta(days=number), value) for number, value in enumerate(values)]


def drawn(title: str, *values: float | None) -> ElementTree.Element:
    return ElementTree.fromstring(chart(title, days(*values)))  # noqa: S314


def texts(picture: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in picture.iter(f"{SVG}text")]


@given(VALUES)
def test_every_history_makes_a_picture_that_stays_inside_its_frame(values: list[float | None]) -> None:
    picture = drawn("Timeliness", *values)
    for line in picture.iter(f"{SVG}polyline"):
        for place in line.attrib["points"].split():
            x, y = map(float, place.split(","))
            assert 0 < x < WIDTH
            assert TOP <= y < HEIGHT


def test_a_name_is_text_whatever_is_in_it() -> None:
    name = 'Consistency of <script>alert("钟")</script> & sons'
    picture = drawn(name, 80.0)
    assert texts(picture)[0] == name
    assert picture.findtext(f"{SVG}title") == name
    assert not list(picture.iter(f"{SVG}script"))


@given(st.text())
def test_a_name_is_text_whatever_letters_it_has(name: str) -> None:
    """Some that networks let pass are none in XML: a picture with them would be none."""
    assert drawn(name, 80.0).findtext(f"{SVG}title") is not None


def test_it_can_be_read_out() -> None:
    picture = drawn("Timeliness", 71.25, None, 80.0)
    assert picture.attrib["role"] == "img"
    said = "From 71.2 on 2026-10-25 to 80.0 on 2026-10-27, on a scale from 0 to 100."
    assert picture.findtext(f"{SVG}desc") == said


def test_days_without_a_score_are_a_gap_and_single_days_dots() -> None:
    picture = drawn("Timeliness", 10, 20, None, 30, None, 40, 50)
    assert len(list(picture.iter(f"{SVG}polyline"))) == 2
    assert len(list(picture.iter(f"{SVG}circle"))) == 2  # the single day, and the last one


def test_the_last_score_is_written_beside_its_place() -> None:
    assert texts(drawn("Timeliness", 10, 20.04, None))[-1] == "20.0"


def test_without_any_score_it_says_so() -> None:
    picture = drawn("Timeliness", None, None)
    assert picture.findtext(f"{SVG}desc") == "No score in this time."


@pytest.mark.parametrize("count", [1, 2, 6, 7, 30, 31, 400])
def test_there_are_never_more_dates_than_can_be_read(count: int) -> None:
    shown = [text for text in texts(drawn("Timeliness", *[50.0] * count)) if text.startswith("202")]
    assert 1 <= len(shown) <= 6
    assert shown[0] == FIRST.isoformat()
