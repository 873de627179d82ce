"""Secrets in a network's words."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.redaction import SHORTEST_SECRET, secrets_in, without

SECRETS = st.frozensets(st.text("abcdef", min_size=SHORTEST_SECRET, max_size=12), max_size=4)


def test_a_secret_that_a_network_quotes_is_taken_out() -> None:
    assert without(frozenset({"s3cr3t-token"}), "the token s3cr3t-token is no good") == "the token *** is no good"


def test_of_two_secrets_the_longer_goes_first_so_that_no_end_of_it_stays() -> None:
    assert without(frozenset({"abcdefgh", "abcdefgh-and-more"}), "abcdefgh-and-more") == "***"


def test_what_is_too_short_for_a_secret_stays() -> None:
    short, long = "x" * (SHORTEST_SECRET - 1), "x" * SHORTEST_SECRET
    assert secrets_in({"publish": short, "app_secret": long}) == {long}


@given(SECRETS, st.lists(st.one_of(st.text("abcdef ", max_size=6), st.text("abcdef", max_size=12)), max_size=8))
def test_no_secret_is_left_whatever_stands_around_it(secrets: frozenset[str], words: list[str]) -> None:
    message = " ".join([*words, *sorted(secrets), *words])
    said = without(secrets, message)
    assert not [secret for secret in secrets if secret in said]


@given(st.text("xyz ***", max_size=40))
def test_words_without_a_secret_stay_as_they_are(message: str) -> None:
    assert without(frozenset({"abcdefgh"}), message) == message
