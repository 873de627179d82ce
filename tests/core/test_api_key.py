"""How an API key is written: what is told from noise without asking anybody."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.api_key import may_be_one, written

LETTERS = string.ascii_letters + string.digits
SECRETS = st.text(LETTERS, min_size=40, max_size=40)


def test_what_a_scanner_looks_for() -> None:
    assert written("0" * 40) == "ck_live_" + "0" * 40 + "0NGnmu"


@given(SECRETS)
def test_a_key_passes_its_own_check(secret: str) -> None:
    assert may_be_one(written(secret))


@given(SECRETS, st.integers(0, 53), st.sampled_from(LETTERS))
def test_one_wrong_letter_is_always_found(secret: str, place: int, letter: str) -> None:
    key = written(secret)
    typed = key[:place] + letter + key[place + 1 :]

    assert may_be_one(typed) == (typed == key)


@given(SECRETS, st.integers(8, 46))
def test_two_neighbours_of_the_secret_that_changed_places_are_always_found(secret: str, place: int) -> None:
    key = written(secret)
    typed = key[:place] + key[place + 1] + key[place] + key[place + 2 :]

    assert may_be_one(typed) == (typed == key)


@given(SECRETS)
def test_a_key_from_before_there_were_checks_may_be_one(secret: str) -> None:
    assert may_be_one("ck_live_" + secret)


NOISE = ["", "ck_live_", *("ck_live_" + "a" * length for length in (39, 41, 47)), "sk_live_" + "a" * 40, "é" * 48]


@pytest.mark.parametrize("noise", NOISE)
def test_what_has_another_form_is_none(noise: str) -> None:
    assert not may_be_one(noise)
    assert not may_be_one(written("a" * 40) + "\n")
