"""Every number that a score is made with: weights, which are editorial and may be overridden, and constants."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from chalicelib.core.errors import Invalid, Issue

CONSISTENCY: Mapping[str, float] = MappingProxyType(
    {"cadence": 0.35, "regularity": 0.25, "mix": 0.15, "streak": 0.10, "message": 0.15}
)
TIMELINESS: Mapping[str, float] = MappingProxyType({"publish": 0.50, "response": 0.30, "fresh": 0.20})

HEAVIEST = 100.0
"""No weight is above this: they are shares, and a slip of the keyboard is none."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts, in any unit: a score shares them out over the parts that have a value."""

    consistency: Mapping[str, float] = field(default_factory=lambda: CONSISTENCY)
    timeliness: Mapping[str, float] = field(default_factory=lambda: TIMELINESS)


WEIGHTS = Weights()

# Consistency. All of these are editorial: chosen so that a plan that is kept perfectly reaches 95 by its fourth week,
# and one that is broken does not. docs/scores.md shows what they do.

FADE_WEEKS = 4
"""The half-life of a week's weight; and the complete planned weeks after which the prior is gone."""
PRIOR_WEEKS, PRIOR_CADENCE = 2, 0.8
"""Before anything is known, a brand counts as having kept four fifths of its plan for two weeks."""
DROWNING, DROWNED, DROWNING_COSTS = 1.5, 3.0, 0.2
"""From the first multiple of the goal's upper end on, posts cost; at the second, so much of the week."""
APPEARANCE = timedelta(hours=1)
"""A post less than this after the one before is the same appearance."""
PRIOR_INTERVALS, PRIOR_REGULARITY, KNOWN_INTERVALS = 4, 0.5, 8
"""Chance's regularity, for so many intervals at first, and for none from the last number on."""
NEAR_SLOT = timedelta(hours=2)
"""How far from a slot's time a post may be and still be that slot's."""
STREAK_WEEKS = 8
"""The streak's scale; and the planned weeks of which one may be missed."""
CONTAINMENT, COVERAGE = 0.6, 0.4
"""What a message's wording counts, and what its assets do."""

# Timeliness.

SATISFIED = 1.0
"""Seconds after which a post is no longer on time: the promised second, and Apdex's T."""
TOLERATED = 4 * SATISFIED
"""Apdex's tolerating bound, 4T: https://www.apdex.org, Technical Specification 1.1."""
LATEST = 300.0
"""Seconds after which lateness leaves nothing."""
RATE = 0.5
"""What answering in time counts in Response; answering fast counts the rest."""

# Statistics.

SMOOTHING = 0.5
"""What is added to every count before distributions are compared: Krichevsky & Trofimov (1981), Jeffreys' prior."""
PRIOR_SUCCESSES, PRIOR_N = 8, 10
Z_95 = 1.959963984540054
"""The normal distribution's 97.5th percentile."""
FEW, SOME = 5, 20
"""Below the first number a figure is an anecdote (C), below the second a hint (B)."""
NAMED, WORTH_NAMING = 3, 0.05
"""The dearest posts that a score names, and the points below which nothing is named."""

# How long it takes a post to get half of all that people will ever do with it, in hours. Where nothing is said
# otherwise: S. M. Graffius, Lifespan (Half-Life) of Social Media Posts: Update for 2025 (January 2025),
# https://scottgraffius.com/blog/files/lifespan-halflife-of-social-media-posts-update-for-2025.html, with the figures as
# https://orca-biz.com/half-life-social-media and https://www.bnext.com.tw/article/84499/social-media-half-life give
# them (read on 2026-11-23). It is renewed every January: renew these with it.
HALF_LIVES: Mapping[str, float] = MappingProxyType(
    {
        "x": 49 / 60,
        "facebook": 81 / 60,
        "instagram": 1143 / 60,
        "linkedin": 1426 / 60,
        "youtube": 9.7 * 24,
        # The edition of 2018, 3.5 months: https://scottgraffius.com/blog/files/halflife-social-media.html
        "pinterest": 153_300 / 60,
        # Blogs: "nearly two years".
        "ghost": 700 * 24.0,
        "wordpress": 700 * 24.0,
        "devto": 700 * 24.0,
    }
)
HALF_LIFE = 24.0
"""Hours, for a network of which no such measure is known to us: a guess, and a workspace may know better."""
SHORTEST_HALF_LIFE, LONGEST_HALF_LIFE = 1 / 60, 10 * 365 * 24.0
"""What an override may say, in hours: a minute, and ten years."""


def faults(
    consistency: Mapping[str, float],
    timeliness: Mapping[str, float],
    half_lives: Mapping[str, float],
    platforms: Collection[str],
) -> list[Issue]:
    """All that is wrong with overrides, at `consistency.cadence`, `half_lives.x`; nothing where they can be used.

    What is not overridden keeps its own weight. `platforms` are the networks that there are.
    """
    return [
        *_faults_of_weights("consistency", consistency, CONSISTENCY),
        *_faults_of_weights("timeliness", timeliness, TIMELINESS),
        *_faults_of_half_lives(half_lives, platforms),
    ]


def overridden(consistency: Mapping[str, float], timeliness: Mapping[str, float]) -> Weights:
    """The weights with these in their place; `Invalid` with every issue where they cannot be used."""
    found = faults(consistency, timeliness, {}, ())
    if found:
        raise Invalid(found)
    return Weights({**CONSISTENCY, **consistency}, {**TIMELINESS, **timeliness})


def _faults_of_weights(kind: str, given: Mapping[str, float], known: Mapping[str, float]) -> Iterator[Issue]:
    for name, weight in given.items():
        if name not in known:
            yield _fault("unknown_part", f"{kind}.{name}", f"there is no such part, only {', '.join(known)}")
        elif not 0 <= weight <= HEAVIEST:
            yield _fault("weight_out_of_range", f"{kind}.{name}", f"a weight is a number from 0 to {HEAVIEST:g}")
    if not any({**known, **{name: given[name] for name in given if name in known}}.values()):
        yield _fault("no_weight", kind, "at least one part needs a weight above 0")


def _faults_of_half_lives(given: Mapping[str, float], platforms: Collection[str]) -> Iterator[Issue]:
    for name, hours in given.items():
        if name not in platforms:
            yield _fault("unknown_platform", f"half_lives.{name}", "there is no such platform")
        if not SHORTEST_HALF_LIFE <= hours <= LONGEST_HALF_LIFE:
            yield _fault(
                "half_life_out_of_range", f"half_lives.{name}", "a half-life is a minute to ten years, in hours"
            )


def _fault(code: str, path: str, message: str) -> Issue:
    return Issue(code, "error", path, message)
