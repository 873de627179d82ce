"""`docs/adaptation.md` says what the code does: every code of a change, and examples that are really answered so."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.answers import PartAnswer, RenditionAnswer
from chalicelib.core.adapting.report import LOSS
from tests.posts.goldens import answered

DOCUMENT = Path(__file__).parents[2] / "docs" / "adaptation.md"


def blocks(kind: str) -> list[Any]:
    """The JSON blocks of this kind."""
    return [json.loads(found) for found in re.findall(rf"```json {kind}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)]


def rows(heading: str) -> list[str]:
    """The first cells of the table under a heading."""
    section = DOCUMENT.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        cell for line in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for cell in re.findall(r"`(.+?)`", line)
    ]


def test_every_code_of_a_change_is_explained_once() -> None:
    assert sorted(rows("Codes of changes")) == sorted({*LOSS, "truncated"})


def test_every_key_of_the_answer_is_explained() -> None:
    explained = {key.removesuffix("[]").removeprefix("parts[].") for key in rows("The answer")}

    wanted = RenditionAnswer.__annotations__.keys() | PartAnswer.__annotations__.keys()
    assert wanted - {"platform", "account_id", "media"} == explained


@pytest.mark.parametrize("number", [0, 1], ids=["English", "中文"])
def test_an_example_is_answered_as_shown(number: int) -> None:
    example, answer = blocks("example")[number], blocks("answer")[number]

    assert answered(example) == answer
