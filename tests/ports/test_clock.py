"""Time and randomness, for real and in tests."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.clock import SystemChance, SystemClock
from chalicelib.ports import Chance
from tests.fakes import START, FakeChance, FakeClock


@pytest.fixture(params=["real", "fake"])
def chance(request: pytest.FixtureRequest) -> Chance:
    return SystemChance(SystemClock()) if request.param == "real" else FakeChance()


def test_the_clock_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_sleeping_ends_at_the_instant_or_after() -> None:
    clock = SystemClock()
    wanted = clock.now() + timedelta(milliseconds=20)
    clock.sleep_until(wanted)
    assert clock.now() >= wanted


def test_a_sleep_that_ends_early_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([START, START + timedelta(seconds=4), START + timedelta(seconds=3), START + timedelta(seconds=5)])
    naps: list[float] = []
    clock = SystemClock()
    monkeypatch.setattr(clock, "now", lambda: next(times))
    monkeypatch.setattr("time.sleep", naps.append)
    clock.sleep_until(START + timedelta(seconds=5))
    assert naps == [5, 1, 2]


def test_a_past_instant_needs_no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", pytest.fail)
    SystemClock().sleep_until(datetime(2020, 1, 1, tzinfo=UTC))


def test_the_fake_clock_moves_only_when_told_and_never_back() -> None:
    clock = FakeClock()
    assert (clock.now(), clock.now()) == (START, START)
    clock.sleep_until(START + timedelta(seconds=9))
    clock.sleep_until(START)
    assert clock.advance(1, minutes=1) == clock.now() == START + timedelta(seconds=70)


def test_tokens_are_words_of_26_letters_and_digits_and_all_different(chance: Chance) -> None:
    tokens = {chance.token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(token) == 26 and token.isalnum() and token.isascii() for token in tokens)


def test_secrets_have_40_letters_and_digits_and_are_all_different(chance: Chance) -> None:
    made = {chance.secret() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(secret) == 40 and secret.isalnum() and secret.isascii() for secret in made)


def test_fractions_lie_between_nothing_and_one(chance: Chance) -> None:
    fractions = [chance.fraction() for _ in range(1000)]
    assert 0 <= min(fractions) < 0.1 < 0.9 < max(fractions) < 1


def test_tokens_sort_by_the_millisecond_of_their_making() -> None:
    clock = FakeClock()
    chance = SystemChance(clock)
    made = []
    for _ in range(100):
        made.append(chance.token())
        clock.advance(milliseconds=1)
    assert made == sorted(made)


def test_the_fake_chance_repeats_itself_for_the_same_seed() -> None:
    assert [FakeChance(7).token() for _ in range(2)] == [FakeChance(7).token()] * 2
    assert FakeChance(7).token() != FakeChance(8).token()
