"""When posts do best: by local time, with the number of posts behind it, and never more than they say."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.best_times import OK, THIN, Outcome, best_times, by_chance, signal

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def weekly(first: datetime, n: int, engagement: int) -> list[Outcome]:
    return [Outcome(first + timedelta(weeks=number), engagement) for number in range(n)]


def test_nothing_says_nothing() -> None:
    found = best_times([], UTC)

    assert (found.n, found.signal, found.blocks, found.best) == (0, "none", (), ())


@pytest.mark.parametrize(("n", "says"), [(0, "none"), (THIN - 1, "none"), (THIN, "thin"), (OK - 1, "thin"), (OK, "ok")])
def test_what_a_number_of_posts_says(n: int, says: str) -> None:
    assert signal(n) == says


def test_a_good_hour_with_enough_posts_is_recommended() -> None:
    found = best_times(weekly(MONDAY, 10, 50) + weekly(MONDAY + timedelta(hours=5), 12, 3), UTC)

    (best,) = found.best
    assert (best.weekday, best.hour, best.n, best.median, best.signal) == (1, 9, 10, 50, "ok")
    assert found.signal == "ok"


def test_a_good_hour_with_few_posts_is_not() -> None:
    found = best_times(weekly(MONDAY, OK - 1, 5000) + weekly(MONDAY + timedelta(hours=5), 30, 3), UTC)

    assert found.best == ()
    assert [one.signal for one in found.blocks] == ["thin", "ok"]


def test_hours_that_are_all_alike_are_not() -> None:
    assert best_times(weekly(MONDAY, 20, 7) + weekly(MONDAY + timedelta(hours=5), 20, 7), UTC).best == ()


def test_one_post_that_everybody_saw_makes_no_good_hour() -> None:
    lucky = [Outcome(MONDAY, 100_000), *weekly(MONDAY + timedelta(weeks=1), 9, 1)]

    found = best_times([*lucky, *weekly(MONDAY + timedelta(hours=5), 11, 5)], UTC)

    assert found.blocks[0].mean > 1000
    assert found.best == ()


def test_the_hour_is_that_of_the_place_also_when_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    summer = datetime(2026, 10, 24, 9, 0, tzinfo=berlin)
    winter = datetime(2026, 10, 31, 9, 0, tzinfo=berlin)
    assert summer.astimezone(UTC).hour != winter.astimezone(UTC).hour

    (block,) = best_times([Outcome(summer.astimezone(UTC), 1), Outcome(winter.astimezone(UTC), 1)], berlin).blocks

    assert (block.weekday, block.hour, block.n) == (6, 9, 2)


def test_the_sign_test() -> None:
    assert by_chance(8, 8) == 1 / 256
    assert by_chance(0, 8) == 1
    assert by_chance(5, 8) == pytest.approx(93 / 256)


def test_chance_alone_is_hardly_ever_recommended() -> None:
    chance, recommended = random.Random(6), 0
    for _ in range(300):
        outcomes = [
            Outcome(MONDAY + timedelta(hours=hour, weeks=week), chance.randint(0, 1000))
            for hour in range(5)
            for week in range(12)
        ]
        recommended += bool(best_times(outcomes, UTC).best)

    assert recommended <= 15  # 5 %


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 99)), max_size=60), st.randoms())
def test_every_post_is_in_one_hour_and_the_order_does_not_matter(
    posts: list[tuple[int, int]], chance: random.Random
) -> None:
    outcomes = [Outcome(MONDAY + timedelta(hours=hour), engagement) for hour, engagement in posts]
    found = best_times(outcomes, UTC)
    chance.shuffle(outcomes)

    assert sum(block.n for block in found.blocks) == found.n == len(posts)
    assert set(found.best) <= {block for block in found.blocks if block.signal == "ok"}
    assert best_times(outcomes, UTC) == found
