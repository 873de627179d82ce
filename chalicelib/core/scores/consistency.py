"""Consistency: whether a brand keeps its plan, and says the same thing everywhere.

    C = 100 · (0.35 · Cadence + 0.25 · Regularity + 0.15 · Mix + 0.10 · Streak + 0.15 · Message)

A part without data is dropped, and the others share its weight. A plan of three posts a week that is kept perfectly,
its message too, makes 88.0, 94.4, 98.7 and then 100 after one, two, three and more weeks: what is taken for known
before anything is fades out, after four weeks for Cadence and after eight intervals for Regularity. If it never did,
and Streak were 1 - e^(-weeks / 8), the same plan would stand at 88 after four weeks. docs/scores.md has every formula.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.core.plan import PlannedWeek
from chalicelib.core.scores import whole
from chalicelib.core.scores.consistency_parts import ANY, parts, prior, shrunk
from chalicelib.core.scores.history import History, Post, history, order, together
from chalicelib.core.scores.outcome import Outcome
from chalicelib.core.scores.score import Advice, Loss, Part, Score
from chalicelib.core.scores.weights import WEIGHTS, Weights

NOT_THERE = frozenset({"missed", "skipped", "failed", "removed", "unapproved"})
LOOKED_AT = 20
"""Of the posts that did not come, so many of the latest are weighed one by one; older ones cost less."""


def consistency(
    outcomes: Sequence[Outcome],
    weeks: Sequence[PlannedWeek],
    now: datetime,
    *,
    platforms: Mapping[str, float],
    weights: Weights = WEIGHTS,
    shared: frozenset[str] | None = None,
) -> Score:
    """The score of one scope's outcomes in these weeks, which follow each other; the order of neither matters.

    `weeks` end with the present one and begin no earlier than the plan, since a week that nobody had planned would
    count as missed. `platforms` are the planned shares of the networks, in any unit; with fewer than two, Mix looks at
    slots only. `shared` are the posts that were out on two accounts or more, for a scope in which only one of them is
    to be seen; None: those of which that can be seen.
    """
    past = history(outcomes, weeks, now, platforms, shared)
    found = parts(past, weights)
    losses = _losses(outcomes, past, found, weights)
    return whole.score("consistency", len(past.appearances), found, losses, _advice(past, found, weights))


def _losses(outcomes: Sequence[Outcome], past: History, found: Sequence[Part], weights: Weights) -> Iterator[Loss]:
    """What the score would rise by if a post had been out when it was promised, and whole."""
    present = whole.value(found) or 0.0
    for post, why in _not_there(outcomes, past):
        perfect = replace(past, posts=sorted([*past.posts, post], key=order))
        yield Loss(post.id, (whole.value(parts(perfect, weights)) or 0.0) - present, why)
    yield from _garbled(past, found[-1], outcomes)


def _not_there(outcomes: Sequence[Outcome], past: History) -> list[tuple[Post, str]]:
    """The latest posts that are nowhere to be seen, as they would have been."""
    out = {post.id for post in past.posts}
    lost: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if one.fate in NOT_THERE and one.post_id not in out and _within(one.due, past):
            lost[one.post_id].append(one)
    found: list[tuple[Post, str]] = []
    for post_id, targets in lost.items():
        first: dict[str, datetime] = {}
        for one in targets:
            first[one.platform] = min(one.due, first.get(one.platform, one.due))
        found.append((Post(post_id, first, 1.0 if len(targets) > 1 else None), min(one.fate for one in targets)))
    found.sort(key=lambda pair: order(pair[0]))
    return found[-LOOKED_AT:]


def _within(at: datetime, past: History) -> bool:
    return bool(past.weeks) and past.weeks[0].start <= at <= past.until


def _garbled(past: History, message: Part, outcomes: Sequence[Outcome]) -> Iterator[Loss]:
    """The posts that are the poorest of their appearance: only Message would rise, by what the next poorest allows."""
    lost = _lost(outcomes)
    for group in together(past.posts):
        found = sorted((post.message, post.id) for post in group if post.message is not None)
        if found:
            (poorest, post_id), better = found[0], found[1][0] if len(found) > 1 else 1.0
            why = f"lost {lost[post_id][0]}" if lost[post_id] else "reworded"
            yield Loss(post_id, whole.points(message, (better - poorest) / message.n), why)


def _lost(outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    """What each post lost on its way, most often first."""
    lost: dict[str, Counter[str]] = defaultdict(Counter)
    for one in outcomes:
        if one.fate == "published" and one.message:
            lost[one.post_id].update(one.message.lost)
    commonest = {post: sorted(found, key=lambda name: (-found[name], name)) for post, found in lost.items()}
    return defaultdict(list, commonest)


def _advice(past: History, found: Sequence[Part], weights: Weights) -> Iterator[Advice]:
    cadence, regularity, mix, _, message = found
    yield from _more(past, found, weights)
    if cadence.value is not None:
        weeks = past.kept
        drowning = math.fsum(one.weight * one.drowning for one in weeks)
        lack = whole.points(cadence, drowning / (math.fsum(one.weight for one in weeks) + prior(past)))
        yield Advice("publish_fewer", lack, "Publish fewer posts a week: they were far more than planned")
    yield Advice("keep_to_the_times", _by_the_times(regularity, mix), "Publish at the planned times, and where planned")
    if message.value is not None:
        lack = whole.points(message, 1 - message.value)
        yield Advice("carry_the_message", lack, "Bring wording, links, hashtags and media through to every network")


def _by_the_times(regularity: Part, mix: Part) -> float:
    regular = shrunk(1.0, regularity.n) - regularity.value if regularity.value is not None else 0.0
    mixed = 1 - mix.value if mix.value is not None else 0.0
    return whole.points(regularity, regular) + whole.points(mix, mixed)


def _more(past: History, found: Sequence[Part], weights: Weights) -> Iterator[Advice]:
    """What it would bring to reach this week's goal, told from the end of the week.

    At the times that are left; and what has no time any more, from now on in even steps.
    """
    if not past.kept or (present := past.kept[-1]).week.end <= past.until or present.kept:
        return
    missing, end = present.week.least - present.posted, present.week.end
    left = [occurrence.at for occurrence in present.week.occurrences if occurrence.at > past.until][:missing]
    rest = missing - len(left)
    left += [past.until + (end - past.until) * step / rest for step in range(rest)]
    posts = [Post(f"advised {number}", dict.fromkeys(past.platforms or [ANY], at)) for number, at in enumerate(left)]
    reached = replace(past, until=end, posts=sorted([*past.posts, *posts], key=order))
    rise = (whole.value(parts(reached, weights)) or 0.0) - (whole.value(found) or 0.0)
    yield Advice("publish_more", rise, f"Publish {missing} more {'post' if missing == 1 else 'posts'} this week")
