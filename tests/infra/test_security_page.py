"""docs/security.md names the tests that hold what it says: each has to be there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+|\*)`", PAGE)


@cache
def collected(path: str) -> frozenset[str]:
    """The tests of a file, where pytest would find them at all."""
    file = ROOT / path
    if not file.name.startswith("test_") or not file.is_file():
        return frozenset()
    found = ast.parse(file.read_text()).body
    return frozenset(one.name for one in found if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"))


def test_every_line_of_the_ten_names_a_test() -> None:
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]

    assert [one.split()[0] for one in sections] == [f"API{number}" for number in range(1, 11)]
    assert all("`tests/" in one for one in sections)
    assert len(NAMED) == PAGE.count("`tests/") - PAGE.count("`tests/fuzz/schema") - PAGE.count("`tests/fuzz/hooks") - 1


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert collected(path) if name == "*" else name in collected(path)


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert "test_that_nobody_wrote" not in collected("tests/infra/test_security_page.py")
    assert not collected("tests/infra/test_nothing.py")
