"""Counters: the same events make the same figures and the same growth, in whatever order they come."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.counters import REMEMBERED, REPORTS, Counters, Figure, Move, Report, added, growth
from chalicelib.core.engagement import Source

START = datetime(2026, 11, 22, 9, tzinfo=UTC)

Deed = tuple[str, datetime, int, Source]
"""`plus` or `told`, when, how much, and from where."""

MOMENTS = st.integers(0, 9 * 86400).map(lambda seconds: START + timedelta(seconds=seconds))
INCREASES = st.tuples(st.just("plus"), MOMENTS, st.sampled_from([1, 1, 1, 5, -1]), st.just("callback"))
TOTALS = st.tuples(st.just("told"), MOMENTS, st.integers(0, 50), st.sampled_from(["poll", "callback"]))
DEEDS = st.lists(INCREASES | TOTALS, max_size=25)


def after(deeds: list[Deed]) -> tuple[Counters, Counter[int]]:
    """The counters after all of these, and what every second was told to have grown by."""
    counters, grown = Counters(), Counter[int]()
    for what, at, value, source in deeds:
        if what == "plus":
            counters, moves = counters.counted("likes", at, value)
        else:
            counters, moves = counters.reported("likes", at, value, source)
        for move in moves:
            grown[move.at] += move.grown
    return counters, Counter({at: n for at, n in grown.items() if n})


@given(DEEDS, st.randoms())
def test_any_order_gives_the_same_counters_and_the_same_growth(deeds: list[Deed], chance: random.Random) -> None:
    shuffled = list(deeds)
    chance.shuffle(shuffled)

    assert after(shuffled) == after(deeds)


@given(DEEDS)
def test_a_figure_is_its_last_report_and_every_increase_after_it(deeds: list[Deed]) -> None:
    figure = after(deeds)[0].figures.get("likes", Figure())

    reports = [(int(at.timestamp()), value) for what, at, value, _ in deeds if what == "told"]
    as_of, total = max(reports, default=(None, 0))
    later = [v for what, at, v, _ in deeds if what == "plus" and (as_of is None or int(at.timestamp()) > as_of)]
    assert (figure.as_of, figure.value) == (as_of, max(0, total + sum(later)))


@given(DEEDS)
def test_the_growth_of_all_times_is_the_figure(deeds: list[Deed]) -> None:
    counters, grown = after(deeds)

    whole = sum(figures["likes"] for figures in counters.timeline.values())
    assert max(0, whole) == counters.value("likes")
    assert whole == sum(grown.values())


@given(DEEDS.filter(bool))
def test_a_timeline_knows_the_hours_of_four_days_and_then_the_days(deeds: list[Deed]) -> None:
    counters, _ = after(deeds)

    first = min(place[:10] for place in counters.timeline)
    end = f"{datetime.fromisoformat(first) + timedelta(days=4):%Y-%m-%d}"
    assert all(("T" in place) == (place[:10] < end) for place in counters.timeline)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2000), min_size=REMEMBERED + 50, max_size=REMEMBERED + 100), st.randoms())
def test_folding_keeps_the_sum_and_the_order_does_not_matter(seconds: list[int], chance: random.Random) -> None:
    shuffled = list(seconds)
    chance.shuffle(shuffled)

    figures = [Figure(), Figure()]
    for number, order in enumerate((seconds, shuffled)):
        for second in order:
            figures[number] = figures[number].plus(second, 1)[0]

    assert figures[0] == figures[1]
    assert figures[0].value == len(seconds)
    assert len(figures[0].recent) <= REMEMBERED


def test_a_report_too_late_to_be_told_apart_says_nothing() -> None:
    figure = Figure()
    for second in range(1000):
        figure = figure.plus(second, 1)[0]

    assert figure.told(Report(100, 5000)) == (figure, ())
    assert figure.told(Report(999, 1003))[0].value == 1003


def test_an_increase_before_the_folded_seconds_counts_unless_a_report_holds_it() -> None:
    figure = Figure()
    for second in range(1000, 1000 + REMEMBERED + 100):
        figure = figure.plus(second, 1)[0]
    assert figure.plus(5, 1)[0].value == figure.value + 1

    reported = figure.told(Report(5000, 7))[0]
    same, moves = reported.plus(5, 1)
    assert same.value == 7
    assert moves == (Move(5, 1), Move(5000, -1))


def test_an_increase_in_the_second_of_a_report_is_in_it_already() -> None:
    figure = Figure().told(Report(100, 7))[0]

    assert figure.plus(100, 1)[0].value == 7
    assert figure.plus(101, 1)[0].value == 8


def test_the_larger_of_two_reports_for_one_second_holds() -> None:
    for totals in ((7, 9), (9, 7)):
        figure = Figure()
        for total in totals:
            figure = figure.told(Report(100, total))[0]
        assert figure.value == 9


def test_a_figure_may_shrink_where_the_network_says_so() -> None:
    figure, _ = Figure().told(Report(100, 9))
    figure, moves = figure.told(Report(200, 4))

    assert (figure.value, moves) == (4, (Move(200, -5),))


def test_an_undoing_that_comes_before_its_deed_is_not_lost() -> None:
    figure = Figure().plus(20, -1)[0]
    assert figure.value == 0

    assert figure.plus(10, 1)[0].value == 0
    assert figure.plus(10, 1)[0].plus(30, 1)[0].value == 1


def test_no_more_reports_are_remembered_than_needed() -> None:
    figure = Figure()
    for number in range(REPORTS + 20):
        figure = figure.told(Report(number, number))[0]

    assert len(figure.reports) == REPORTS
    assert figure.told(Report(3, 99))[0] == figure


def test_the_source_is_that_of_the_last_word() -> None:
    figure = Figure().told(Report(100, 7, "poll"))[0]
    assert (figure.source, figure.latest) == ("poll", 100)

    figure = figure.plus(150, 1)[0]
    assert (figure.source, figure.latest) == ("callback", 150)

    figure = figure.told(Report(200, 9, "callback"))[0]
    assert (figure.source, figure.latest) == ("callback", 200)


def test_a_post_is_gone_since_the_first_word_of_it() -> None:
    later = START + timedelta(hours=1)

    assert Counters().gone(later).gone(START).removed_at == START
    assert Counters().gone(START).gone(later).removed_at == START


def test_growth_of_several_is_told_by_the_day_where_one_knows_no_more() -> None:
    hours = {"2026-11-22T09": {"likes": 2}, "2026-11-22T10": {"likes": 1}, "2026-11-23T00": {"likes": 1}}
    days = {"2026-11-22": {"likes": 4, "views": 0}}

    assert growth([hours, days]) == {"2026-11-22": {"likes": 7}, "2026-11-23T00": {"likes": 1}}


def test_a_day_before_the_first_shortens_the_hours() -> None:
    at = int(START.timestamp())
    timeline = added({}, "likes", [Move(at + 3 * 86400, 1)])
    assert list(timeline) == ["2026-11-25T09"]

    assert list(added(timeline, "likes", [Move(at - 86400, 1)])) == ["2026-11-25", "2026-11-21T09"]
