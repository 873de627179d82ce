"""`docs/scores.md` and its Chinese twin say what the code does: example done again, brands scored, a kept plan."""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from chalicelib.core.scores.consistency import consistency
from chalicelib.core.scores.outcome import Answers, Fate, Message, Outcome
from chalicelib.core.scores.score import Score
from chalicelib.core.scores.timeliness import timeliness
from chalicelib.core.scores.weights import WEIGHTS, Weights, faults, overridden
from chalicelib.platforms import names
from tests.core.histories import kept, moment, out, total, week, weeks

DOCS = Path(__file__).parents[2] / "docs"
BRANDS: dict[str, Any] = json.loads((Path(__file__).parent / "brands.json").read_text())
FATES = {fate: fate for fate in get_args(Fate)}
BOTH = {"mastodon": 1.0, "linkedin": 1.0}


@dataclass(frozen=True)
class Document:
    """One of the two, and what its tables and sections are called in its language."""

    name: str
    weeks: str
    brands: str
    brand: str
    by_hand: str
    post: str
    part: str
    score: str
    asked: str
    """What the people who asked are told of with: how many, how many answered, how many in time, and the sum."""

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        return (DOCS / self.name).read_text()

    def section(self, heading: str) -> str:
        return self.text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]

    def table(self, heading: str, first: str) -> list[list[str]]:
        """The cells of the table with this first heading, under a heading of the document; without its head."""
        lines = self.section(heading).partition(f"\n| {first} |")[2].partition("\n\n")[0].splitlines()
        return [[_coded(cell.strip(" *")) for cell in line.strip("|").split("|")] for line in lines[2:]]


def _coded(cell: str) -> str:
    """What stands in a cell as code, where anything does: `节奏 `cadence`` is `cadence`."""
    found = re.search("`(.+)`", cell)
    return found[1] if found else cell


ENGLISH = Document(
    name="scores.md",
    weeks="Weeks",
    brands="Four brands",
    brand="Brand",
    by_hand="By hand",
    post="Post",
    part="Part",
    score="Score",
    asked=r"Of (\d+) people who asked, (\d+) were answered, (\d+) of them .*? is ([\d.]+)\.",
)
CHINESE = Document(
    name="scores.zh-CN.md",
    weeks="周数",
    brands="四个品牌",
    brand="品牌",
    by_hand="手算一遍",
    post="篇",
    part="分项",
    score="评分",
    asked=r"留言的有 (\d+) 人，其中 (\d+) 人得到答复，(\d+) 人在时限之内；.*?之和为 ([\d.]+)。",
)
in_both = pytest.mark.parametrize("document", [ENGLISH, CHINESE], ids=str)


@in_both
def test_a_plan_kept_perfectly_makes_what_the_table_says(document: Document) -> None:
    head, points = re.findall(rf"^\| (?:{document.weeks}|C) \| (.*) \|$", document.text, re.MULTILINE)[:2]
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


@in_both
@pytest.mark.parametrize("brand", BRANDS)
def test_a_brand_has_the_grades_that_the_table_says(document: Document, brand: str) -> None:
    (row,) = [row for row in document.table(document.brands, document.brand) if row[0] == brand]
    found = scored(BRANDS[brand])

    figures = [figure for score in found for figure in (total(score), *(one.value for one in score.parts))]
    assert [float(cell) for cell in row[1:]] == [
        pytest.approx(figure, abs=0.0501 if place in (0, 6) else 0.00501) for place, figure in enumerate(figures)
    ]


@in_both
def test_every_brand_is_in_the_table_and_the_perfect_one_leads(document: Document) -> None:
    rows = document.table(document.brands, document.brand)
    assert [row[0] for row in rows] == list(BRANDS)

    consistent, timely = [float(row[1]) for row in rows], [float(row[7]) for row in rows]
    assert consistent[0] == max(consistent) == 100
    assert timely[0] == max(timely) > 95
    assert min(consistent) == consistent[3] < 50
    assert max(timely[1], timely[3]) < 60


# By hand


def by_hand(document: Document, weights: Weights = WEIGHTS) -> list[Score]:
    """The scores of the document's example."""
    posts, shared = example(document)
    asked, answered, in_time, speed = re.findall(document.asked, document.text)[0]
    answers = Answers(int(answered), int(in_time), int(asked) - int(answered), 0, float(speed))
    planned = [week(number) for number in range(5)]
    return [
        consistency(posts, planned, planned[4].start, platforms={}, shared=shared, weights=weights),
        timeliness(posts, answers, weights=weights),
    ]


def example(document: Document) -> tuple[list[Outcome], frozenset[str]]:
    posts, shared = [], set()
    for post, due, fate, late, containment, coverage, lost, source in document.table(document.by_hand, document.post):
        one = out(instant(due), "linkedin", late=float(late or 0), fate=FATES[fate], post=post, message=None)
        if containment:
            shared.add(post)
            one = replace(one, message=Message(float(containment), float(coverage), (lost,) if lost else ()))
        posts.append(replace(one, source_event_at=instant(source) if source else None))
    return posts, frozenset(shared)


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


@in_both
def test_the_example_by_hand_is_what_is_computed(document: Document) -> None:
    rows = iter(document.table(document.by_hand, document.part))

    for score in by_hand(document):
        for one in score.parts:
            name, value, weight, points = next(rows)
            assert name == one.name
            assert float(weight) == pytest.approx(one.weight)
            assert float(value) == pytest.approx(one.value, abs=6e-5)
            assert float(points) == pytest.approx(100 * one.weight * (one.value or 0), abs=6e-3)
            assert f"**{value}**" in document.text
        name, value, _, points = next(rows)
        assert name == score.kind
        assert float(points) == pytest.approx(total(score), abs=6e-3)
        assert float(value) == pytest.approx(total(score) / 100, abs=6e-5)
    assert next(rows, None) is None


@in_both
def test_what_cost_the_example_most(document: Document) -> None:
    losses = [
        [score.kind, loss.post_id, loss.why, f"{loss.points:.2f}"]
        for score in by_hand(document)
        for loss in score.losses
    ]
    assert document.table(document.by_hand, document.score) == losses


@in_both
def test_what_would_raise_the_example(document: Document) -> None:
    advice = [(one.code, f"{one.points:.2f}") for score in by_hand(document) for one in score.advice]
    assert re.findall(r"`([a-z]+_[a-z_]+)`[^`|\d]*(\d+\.\d\d)", document.section(document.by_hand)) == advice


@in_both
def test_how_sure_the_example_is(document: Document) -> None:
    steady, timely = by_hand(document)
    assert steady.interval
    assert timely.interval
    promises, waits = timely.parts[0].n, timely.parts[1].n
    last = document.text.rstrip().rpartition("\n\n")[2]
    assert re.findall(r"\d+(?:\.\d)?|\b[ABC]\b", last) == [
        *(f"{steady.n}", steady.confidence, *(f"{end:.1f}" for end in steady.interval)),
        *(f"{promises}", f"{waits}", timely.confidence, *(f"{end:.1f}" for end in timely.interval)),
    ]
    assert timely.n == promises + waits


@in_both
def test_weights_of_its_own_make_of_the_example_what_is_said(document: Document) -> None:
    (body,) = re.findall(r"/v1/scores/weights\".*?-d '(\{.*?\n\})'", document.text, re.DOTALL)
    chosen = json.loads(body)
    assert not faults(chosen["consistency"], {}, chosen["half_lives"], names())
    score, _ = by_hand(document, overridden(chosen["consistency"], {}))
    assert f" {total(score):.2f}" in document.text


# Both say the same


def test_the_documents_hold_the_same_tables_formulas_and_commands() -> None:
    for line in (r"^\|.*$", r"^    .*$"):
        english, chinese = (
            [re.findall(r"\d+(?:\.\d+)?", row) for row in re.findall(line, one.text, re.MULTILINE)]
            for one in (ENGLISH, CHINESE)
        )
        assert english == chinese
    commands = [re.findall(r"^```.*?^```", one.text, re.MULTILINE | re.DOTALL) for one in (ENGLISH, CHINESE)]
    assert commands[0] == commands[1]


def test_the_documents_hold_the_same_figures_and_codes_also_in_their_prose() -> None:
    english, chinese = (Counter(re.findall(r"\d+\.\d+", one.text)) for one in (ENGLISH, CHINESE))
    assert english == chinese

    codes = [set(re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", one.text))) for one in (ENGLISH, CHINESE)]
    assert codes[0] - codes[1] == set()


def test_the_documents_lead_to_each_other() -> None:
    assert f"]({CHINESE})" in ENGLISH.text
    assert f"]({ENGLISH})" in CHINESE.text
