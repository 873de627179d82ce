"""The page on engagement shows who calls as it is."""

from infra.callers import PAGE, with_table


def test_the_page_shows_every_network_that_calls_as_it_is() -> None:
    text = PAGE.read_text()
    assert with_table(text) == text, "run `python -m infra.callers`"
