"""Secrets in a network's words, and in what is logged."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.api_key import written
from chalicelib.core.redaction import HIDDEN, LIKE_A_TOKEN, SHORTEST_SECRET, loggable, secrets_in, text, without
from chalicelib.core.trace import trace_id_of, traceparent

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


LETTERS = string.ascii_letters + string.digits
CANARY = st.text(LETTERS, min_size=20, max_size=LIKE_A_TOKEN - 1)
AROUND = st.text(max_size=15)
PLACES = (
    "Bearer {}",
    "Basic {}",
    "authorization: Bearer {}",
    "Authorization={}",
    "'access_token': '{}'",
    '{{"refresh_token":"{}"}}',
    "client_secret={}&grant_type=refresh_token",
    "?access_token={}&fields=id",
    "https://graph.example/me?fields=id&key={}",
    "https://user:{}@wordpress.example/wp-json",
    "https://discord.example/api/webhooks/1/{}",
    "https://api.telegram.example/bot{}/sendMessage",
    "postgres://{}@db/carillon",
    "password: {}",
    "X-Api-Key: {}",
    "Cookie: session={}",
    "webhook-signature: {}",
    "ck_live_{}",
    "whsec_{}",
    "xoxb-1-{}",
    "123456789:AA{}",
    "eyJ{}.e30.x",
    "{}@brand.example",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
)
"""Where secrets stand in other people's words."""


@given(st.sampled_from(PLACES), CANARY, AROUND, AROUND)
def test_a_secret_in_its_place_is_in_no_line(place: str, canary: str, before: str, after: str) -> None:
    words = f"{before} {place.format(canary)} {after}"
    assert canary not in text(words)
    assert canary not in json.dumps(loggable({"event": words, "facts": [{"said": words}], words: 1}))


@given(st.text(LETTERS, min_size=40, max_size=200), AROUND)
def test_what_is_as_long_as_a_token_and_has_digits_is_in_no_line(token: str, around: str) -> None:
    token = f"7{token}"
    assert token[:20] not in text(f"{around} {token}")


NAMES = (
    "authorization",
    "access_token",
    "clientSecret",
    "Password",
    "api-key",
    "apikey",
    "Set-Cookie",
    "email",
    "e-mail",
)


@given(st.sampled_from(NAMES), st.recursive(CANARY, lambda deeper: st.lists(deeper) | st.dictionaries(CANARY, deeper)))
def test_what_has_a_secret_name_is_in_no_line(name: str, value: Any) -> None:
    assert loggable({name: value, "deep": [{name: value}]}) == {name: HIDDEN, "deep": [{name: HIDDEN}]}


@pytest.mark.parametrize(
    "ours",
    [
        "published",
        "post_01jd3h8q9x4v2n6m7p5r0s1t2w",
        "tgt_2b5c3d0f1e4a6b7c8d9e0f1a2b",
        "msg_0192f3a4b5c6d7e8f9a0b1c2d3e4f5a6",
        "W#ws_01jd3h8q9x4v2n6m7p5r0s1t2w ACCOUNT#acc_01jd3h8q9x4v2n6m7p5r0s1t2w",
        trace_id_of("any"),
        "2026-11-23T09:00:00.000Z",
        "POST",
        "/v1/posts/{post_id}/cancel",
        "publish.py:123 _carry_out",
        "dynamodb: ConditionalCheckFailedException",
        "8f14e45f-ceea-467f-a83c-1f0d1e2a3b4c",
    ],
)
def test_what_a_line_needs_stays(ours: str) -> None:
    assert text(ours) == ours


def test_our_own_key_is_in_no_line_and_a_header_that_goes_out_needs_none() -> None:
    assert text(f"the key {written('a1' * 20)} is no good") == f"the key {HIDDEN} is no good"
    assert HIDDEN in text(traceparent(trace_id_of("any"), "any"))


@given(st.text(max_size=5000))
def test_whatever_it_is_hiding_ends_and_is_short(words: str) -> None:
    assert len(text(words)) <= 2000 + 20 * len(HIDDEN) * 20


@pytest.mark.parametrize("piece", ["a", "-", "a@", "a.", "token", "x://", "-----BEGIN a-----", "1", "eyJ.", "="])
def test_no_words_take_long(piece: str) -> None:
    assert isinstance(text(piece * 5000), str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(), st.lists
    )
)
def test_anything_can_be_made_loggable(value: Any) -> None:
    json.dumps(loggable(value))
