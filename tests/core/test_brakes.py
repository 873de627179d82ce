"""Breakers, buckets and budgets, as pure rules."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import brakes
from chalicelib.core.brakes import Breaker, Bucket, Quota

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def after(failures: int) -> Breaker:
    breaker = Breaker()
    for _ in range(failures):
        breaker = breaker.after_failure(NOW)
    return breaker


def test_a_few_failures_do_not_open_a_breaker() -> None:
    assert after(brakes.TRIPS_AT - 1).blocked_until(NOW, retry=False) is None


def test_many_failures_in_a_row_open_it_and_more_keep_it_open_longer() -> None:
    opened = [after(brakes.TRIPS_AT + more).blocked_until(NOW, retry=False) for more in range(5)]
    assert opened == [NOW + seconds(count) for count in (10, 20, 40, 60, 60)]


def test_one_success_closes_it() -> None:
    healed = after(20).after_success(NOW)
    assert healed.failures == 0
    assert healed.blocked_until(NOW, retry=False) is None


def test_the_retry_budget_stops_retries_and_not_first_attempts() -> None:
    broke = Breaker(budget=0.25, budget_at=NOW)
    assert broke.blocked_until(NOW, retry=False) is None
    assert broke.blocked_until(NOW, retry=True) == NOW + seconds(0.75)
    assert broke.blocked_until(NOW + seconds(0.75), retry=True) is None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 120)), max_size=200))
def test_a_budget_is_never_overdrawn_nor_hoarded(history: list[tuple[bool, int]]) -> None:
    breaker, now = Breaker(), NOW
    for well, pause in history:
        now += seconds(pause)
        breaker = breaker.after_success(now) if well else breaker.after_failure(now)
        assert 0 <= breaker.budget <= brakes.BUDGET
        assert breaker.open_until is None or breaker.open_until <= now + brakes.LONGEST_OPEN


def test_an_empty_bucket_blocks_until_it_is_full_again() -> None:
    bucket = Bucket(1, NOW + seconds(30))
    assert bucket.blocked_until(NOW) is None
    assert bucket.spent().blocked_until(NOW) == NOW + seconds(30)
    assert bucket.spent().blocked_until(NOW + seconds(30)) is None


def test_only_a_nearly_empty_bucket_is_kept() -> None:
    assert brakes.learned(Quota(brakes.LOW + 1, NOW)) is None
    assert brakes.learned(Quota(brakes.LOW, NOW)) == Bucket(brakes.LOW, NOW)


def test_a_limit_without_an_end_lasts_a_minute() -> None:
    assert brakes.limited(None, NOW) == Bucket(0, NOW + seconds(60))
    assert brakes.limited(NOW + seconds(5), NOW) == Bucket(0, NOW + seconds(5))
