"""`docs/scores.md` says what the code does: its example done again, its brands scored, its table of a kept plan."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from chalicelib.core.scores.consistency import consistency
from chalicelib.core.scores.outcome import Answers, Fate, Message, Outcome
from chalicelib.core.scores.score import Score
from chalicelib.core.scores.timeliness import timeliness
from tests.core.histories import kept, moment, out, total, week, weeks

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scores.md").read_text()
BRANDS: dict[str, Any] = json.loads((Path(__file__).parent / "brands.json").read_text())
FATES = {fate: fate for fate in get_args(Fate)}
BOTH = {"mastodon": 1.0, "linkedin": 1.0}


def table(heading: str, first: str) -> list[list[str]]:
    """The cells of the table with this first heading, under a heading of the document; without its head."""
    section = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = section.partition(f"\n| {first} |")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_a_plan_kept_perfectly_makes_what_the_table_says() -> None:
    head, points = re.findall(r"^\| (?:Weeks|C) \| (.*) \|$", DOCUMENT, re.MULTILINE)[:2]
    shown = dict(zip(map(int, head.split(" | ")), map(float, points.split(" | ")), strict=True))

    for number, expected in shown.items():
        planned = weeks(number)
        score = consistency(kept(planned[:-1], BOTH), planned, planned[-1].start, platforms=BOTH)
        assert total(score) == pytest.approx(expected, abs=0.05)
        assert number < 4 or expected >= 95


# Four brands


def lived(brand: dict[str, Any], number: int) -> list[Outcome]:
    """What became of the brand's posts in so many weeks, on both networks; one a week is about something."""
    posts = []
    for one in range(number):
        for place, slot in enumerate(brand["weeks"][one % len(brand["weeks"])]):
            at, news = moment(one, slot), timedelta(hours=brand["news_hours"])
            for platform in BOTH:
                post = out(at, platform, late=brand["late"], message=Message(*brand["message"]))
                posts.append(replace(post, source_event_at=at - news if place == 0 else None))
    return posts


def scored(brand: dict[str, Any]) -> list[Score]:
    planned, posts = weeks(8), lived(brand, 8)
    lately = [one for one in posts if one.due >= planned[4].start]
    return [
        consistency(posts, planned, planned[8].start, platforms=BOTH),
        timeliness(lately, Answers(**brand["answers"])),
    ]


@pytest.mark.parametrize("row", table("Four brands", "Brand"), ids=lambda row: row[0])
def test_a_brand_has_the_grades_that_the_table_says(row: list[str]) -> None:
    found = scored(BRANDS[row[0]])

    figures = [figure for score in found for figure in (total(score), *(one.value for one in score.parts))]
    assert [float(cell) for cell in row[1:]] == [
        pytest.approx(figure, abs=0.0501 if place in (0, 6) else 0.00501) for place, figure in enumerate(figures)
    ]


def test_every_brand_is_in_the_table_and_the_perfect_one_leads() -> None:
    rows = table("Four brands", "Brand")
    assert [row[0] for row in rows] == list(BRANDS)

    consistent, timely = [float(row[1]) for row in rows], [float(row[7]) for row in rows]
    assert consistent[0] == max(consistent) == 100
    assert timely[0] == max(timely) > 95
    assert min(consistent) == consistent[3] < 50
    assert max(timely[1], timely[3]) < 60


# By hand


def example() -> tuple[list[Outcome], frozenset[str]]:
    posts, shared = [], set()
    for post, due, fate, late, containment, coverage, lost, source in table("By hand", "Post"):
        one = out(instant(due), "linkedin", late=float(late or 0), fate=FATES[fate], post=post, message=None)
        if containment:
            shared.add(post)
            one = replace(one, message=Message(float(containment), float(coverage), (lost.strip("`"),) if lost else ()))
        posts.append(replace(one, source_event_at=instant(source) if source else None))
    return posts, frozenset(shared)


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def test_the_example_by_hand_is_what_is_computed() -> None:
    posts, shared = example()
    planned = [week(number) for number in range(5)]
    asked, answered, in_time, speed = re.findall(
        r"Of (\d+) people who asked, (\d+) were answered, (\d+) of them .*? is ([\d.]+)\.", DOCUMENT
    )[0]
    answers = Answers(int(answered), int(in_time), int(asked) - int(answered), 0, float(speed))

    scores = [
        consistency(posts, planned, planned[4].start, platforms={}, shared=shared),
        timeliness(posts, answers),
    ]

    rows = iter(table("By hand", "Part"))
    for score in scores:
        for one in score.parts:
            name, value, weight, points = next(rows)
            assert name == one.name
            assert float(weight) == pytest.approx(one.weight)
            assert float(value) == pytest.approx(one.value, abs=6e-5)
            assert float(points) == pytest.approx(100 * one.weight * (one.value or 0), abs=6e-3)
            assert f"**{value}**" in DOCUMENT
        name, value, _, points = next(rows)
        assert name == score.kind
        assert float(points) == pytest.approx(total(score), abs=6e-3)
        assert float(value) == pytest.approx(total(score) / 100, abs=6e-5)


def test_what_cost_the_example_most() -> None:
    posts, shared = example()
    planned = [week(number) for number in range(5)]
    scores = [
        consistency(posts, planned, planned[4].start, platforms={}, shared=shared),
        timeliness(posts, Answers(9, 7, 1, 0, 5.4)),
    ]

    losses = [
        [score.kind, loss.post_id, f"`{loss.why}`", f"{loss.points:.2f}"] for score in scores for loss in score.losses
    ]
    assert table("By hand", "Score") == losses
