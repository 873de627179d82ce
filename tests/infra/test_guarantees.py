"""docs/guarantees.md says what the code does."""

from pathlib import Path

import pytest

from chalicelib.core.conversation import Safety
from infra.guarantees import HEAD, PAGE, declared, table, with_table

ROOT = Path(__file__).parents[2]


def test_the_page_shows_what_every_network_declares() -> None:
    page = PAGE.read_text()
    assert with_table(page) == page, "run `python -m infra.guarantees`"


def test_a_stale_table_is_noticed() -> None:
    page = PAGE.read_text()
    stale = page.replace("| Bluesky | `content_key` |", "| Bluesky | `none` |")
    assert stale != page
    assert with_table(stale) == page


def test_every_account_that_can_be_published_on_has_its_row() -> None:
    titles = [title for title, _ in declared()]
    assert {"Bluesky", "Mastodon", "Other servers with Mastodon's API", "Sandbox"} <= set(titles)
    assert table().removeprefix(HEAD).count("\n") == len(titles)


@pytest.mark.parametrize("safety", Safety)
def test_every_class_says_what_it_guarantees(safety: Safety) -> None:
    assert f"\n| `{safety}` | " in PAGE.read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_page_is_found_from(page: str) -> None:
    assert "guarantees.md)" in (ROOT / page).read_text()
