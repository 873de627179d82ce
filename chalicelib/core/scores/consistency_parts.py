"""The five parts of consistency, each from a brand's history; whoever puts them together weighs them."""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from chalicelib.core.plan import Occurrence
from chalicelib.core.scores import whole
from chalicelib.core.scores.history import History, Post, order, together
from chalicelib.core.scores.score import Part
from chalicelib.core.scores.statistics import Cell, burstiness, divergence, plan_time, wilson
from chalicelib.core.scores.weights import (
    FADE_WEEKS,
    KNOWN_INTERVALS,
    NEAR_SLOT,
    PRIOR_CADENCE,
    PRIOR_INTERVALS,
    PRIOR_REGULARITY,
    PRIOR_WEEKS,
    STREAK_WEEKS,
    Weights,
)

ANY, OFF_PLAN = "any", "off plan"
"""The slot of a plan without slots, and of a post that is near none."""


def parts(history: History, weights: Weights) -> tuple[Part, ...]:
    """All five, with the weights that they have in this history's score."""
    found = [_cadence(history), _regularity(history), _mix(history), _streak(history), _message(history)]
    return whole.weighed(found, weights.consistency)


def _cadence(history: History) -> Part:
    """The weeks' mean of posted / planned, at most 1, less what too many posts cost; recent weeks count more.

    Weeks, not days: a streak of days punishes weekends, and a post at 11:00 after one at 10:00.
    """
    weeks = [one for one in history.kept if one.due]
    if not weeks:
        return Part("cadence", None, 0, 0, note="too_early" if history.kept else "no_plan")
    assumed = prior(history)
    kept = math.fsum([*(one.weight * one.value for one in weeks), assumed * PRIOR_CADENCE])
    mean = kept / math.fsum([*(one.weight for one in weeks), assumed])
    planned = sum(one.due for one in weeks)
    return Part(
        "cadence",
        mean,
        0,
        len(weeks),
        wilson(mean, planned),
        figures={
            "planned": float(planned),
            "appearances": float(sum(one.posted for one in weeks)),
            "posts": float(sum(one.posts for one in weeks)),
            "prior_weeks": assumed,
            "costs_of_drowning": max(one.drowning for one in weeks),
        },
    )


def prior(history: History) -> float:
    """How many weeks are taken for known: 2, fading to none with four planned weeks that are over."""
    return PRIOR_WEEKS * max(0.0, 1 - len(history.over) / FADE_WEEKS)


def _regularity(history: History) -> Part:
    """(1 - A) / 2 of the intervals between appearances, in plan time: a plan that is kept makes them all 1."""
    times = sorted({occurrence.at for week in history.weeks for occurrence in week.occurrences})
    k = len(history.appearances) - 1
    if len(times) < 2:
        return Part("regularity", None, 0, 0, note="no_plan")
    if k < 2:
        return Part("regularity", None, 0, max(k, 0), note="too_few")
    stamps = [plan_time(at, times) for at in history.appearances]
    bursty = burstiness([after - before for before, after in pairwise(stamps)])
    figures: dict[str, float | None] = {"burstiness": bursty, "prior_intervals": _prior_intervals(k)}
    return Part("regularity", shrunk((1 - bursty) / 2, k), 0, k, figures=figures)


def _prior_intervals(k: int) -> float:
    return PRIOR_INTERVALS * max(0.0, 1 - k / KNOWN_INTERVALS)


def shrunk(regular: float, k: int) -> float:
    """Towards one half, while there are fewer than eight intervals."""
    prior = _prior_intervals(k)
    return (k * regular + prior * PRIOR_REGULARITY) / (k + prior)


def _mix(history: History) -> Part:
    """1 - the divergence of what came out from what was planned, over networks × slots."""
    planned, counts = _planned_mix(history), _achieved_mix(history)
    if len({*planned, *counts}) < 2 or not planned:
        return Part("mix", None, 0, 0, note="no_plan")
    if not counts:
        return Part("mix", None, 0, 0, note="no_posts")
    apart = divergence(counts, planned)
    off_plan = sum(n for (_, slot), n in counts.items() if slot == OFF_PLAN)
    figures: dict[str, float | None] = {"divergence": apart, "off_plan": float(off_plan)}
    return Part("mix", 1 - apart, 0, sum(counts.values()), figures=figures)


def _planned_mix(history: History) -> dict[Cell, float]:
    """Shares by the times that have passed; a plan without any slot is one slot, `any`."""
    passed = Counter(
        occurrence.slot for week in history.weeks for occurrence in week.occurrences if occurrence.at <= history.until
    )
    all_ = sum(passed.values())
    return {
        (platform, slot): share * n / all_
        for platform, share in (history.platforms or {ANY: 1.0}).items()
        for slot, n in passed.items()
    }


def _achieved_mix(history: History) -> Counter[Cell]:
    """Appearances by network and slot: also here, a post a second is one."""
    times = sorted((one for week in history.weeks for one in week.occurrences), key=lambda one: one.at)
    if not history.platforms:
        return Counter((ANY, _slot(at, times)) for at in history.appearances)
    streams: dict[str, list[Post]] = defaultdict(list)
    for post in history.posts:
        for platform, at in post.first.items():
            streams[platform].append(Post(post.id, {platform: at}))
    return Counter(
        (platform, _slot(group[0].at, times))
        for platform, posts in streams.items()
        for group in together(sorted(posts, key=order))
    )


def _slot(at: datetime, times: Sequence[Occurrence]) -> str:
    """The slot of the nearest time, if that is near."""
    place = bisect_left(times, at, key=lambda one: one.at)
    nearest = min(times[max(place - 1, 0) : place + 1], key=lambda one: abs(one.at - at), default=None)
    if nearest is None:
        return ANY
    return nearest.slot if nearest.slot == ANY or abs(nearest.at - at) <= NEAR_SLOT else OFF_PLAN


def _streak(history: History) -> Part:
    """(1 - e^(-s/8)) / (1 - e^(-m/8)): s weeks kept up to now, of m that were there to be kept."""
    weeks = history.over
    if not weeks:
        return Part("streak", None, 0, 0, note="too_early" if history.kept else "no_plan")
    kept = streak([one.kept for one in weeks])
    figures: dict[str, float | None] = {"weeks": float(kept), "possible": float(len(weeks))}
    share = (1 - math.exp(-kept / STREAK_WEEKS)) / (1 - math.exp(-len(weeks) / STREAK_WEEKS))
    return Part("streak", share, 0, len(weeks), figures=figures)


def streak(kept: Sequence[bool]) -> int:
    """The weeks kept up to the last; one missed of any eight does not end it, but does not count."""
    weeks, missed = 0, -STREAK_WEEKS
    for number, one in enumerate(reversed(kept)):
        if one:
            weeks += 1
        elif number - missed < STREAK_WEEKS:
            break
        else:
            missed = number
    return weeks


def _message(history: History) -> Part:
    """How much of the canonical post arrived, over posts with two targets or more.

    Of the posts of one appearance the poorest speaks for all: so a burst of good ones cannot hide a bad one.
    """
    poorest = _poorest(history.posts)
    if not poorest:
        return Part("message", None, 0, 0, note="no_shared_posts")
    mean = math.fsum(poorest) / len(poorest)
    return Part("message", mean, 0, len(poorest), wilson(mean, len(poorest)))


def _poorest(posts: Sequence[Post]) -> list[float]:
    groups = ([post.message for post in group if post.message is not None] for group in together(posts))
    return [min(found) for found in groups if found]
