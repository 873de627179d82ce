"""The READMEs show the networks as they are."""

import pytest

from infra.networks import PAGES, ROOT, with_table


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_every_network_as_it_is(page: str) -> None:
    text = (ROOT / page).read_text()
    assert with_table(page, text) == text, "run `python -m infra.networks`"


def test_the_readme_stays_short() -> None:
    assert all(len((ROOT / page).read_text().splitlines()) < 150 for page in PAGES)
