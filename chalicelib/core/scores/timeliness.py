"""Timeliness: whether posts are out when that was promised, people are answered fast, and news is fresh.

    T = 100 · (0.50 · Publish + 0.30 · Response + 0.20 · Fresh)

A part without data is dropped, and the others share its weight. A perfect brand does not quite reach 100 where people
asked it something: Response takes a share of 8 in 10 for known before anything is, so it rises to 0.9 with 10 answers
and to 0.98 with 90.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from chalicelib.core.scores import whole
from chalicelib.core.scores.outcome import Answers, Outcome
from chalicelib.core.scores.score import Advice, Loss, Part, Score
from chalicelib.core.scores.statistics import apdex, beta_mean, freshness, percentile, wilson
from chalicelib.core.scores.weights import HALF_LIFE, HALF_LIVES, LATEST, RATE, SATISFIED, WEIGHTS, Weights

PROMISED = frozenset({"published", "removed", "missed", "skipped", "failed"})
"""Fates that keep or break the promise of a time. What a network refused or a person cancelled does neither; what was
removed was out."""
OUT = frozenset({"published", "removed"})


def timeliness(
    outcomes: Sequence[Outcome],
    answers: Answers,
    *,
    half_lives: Mapping[str, float] = HALF_LIVES,
    weights: Weights = WEIGHTS,
) -> Score:
    """The score of one scope's outcomes and answers in the window (28 days); their order does not matter."""
    promised = [one for one in outcomes if _is_promised(one)]
    timely = [one for one in outcomes if _names_its_source(one)]
    parts = [_publish(promised), _response(answers), _fresh(timely, half_lives)]
    publish, response, fresh = weighed = whole.weighed(parts, weights.timeliness)
    losses = _losses(promised, publish, timely, fresh, half_lives)
    return whole.score(
        "timeliness", len(promised) + answers.n, weighed, losses, _advice(publish, response, answers, fresh)
    )


def _is_promised(one: Outcome) -> bool:
    """Whether it says something about time: what was out at an unknown instant does not."""
    return one.fate in PROMISED and (one.fate not in OUT or one.at is not None)


def _names_its_source(one: Outcome) -> bool:
    return one.at is not None and one.source_event_at is not None


def punctuality(one: Outcome) -> float:
    """u(l): 1 up to the promised second, then less with the logarithm of the lateness, 0 from five minutes on.

    0, too, for what left early or was never out. Half of it is lost after 17 seconds (the square root of 300).
    """
    if one.late is None or one.fate not in OUT or one.early or one.late >= LATEST:
        return 0.0
    return 1.0 if one.late <= SATISFIED else 1 - math.log(one.late / SATISFIED) / math.log(LATEST / SATISFIED)


def _publish(promised: Sequence[Outcome]) -> Part:
    """The mean of u(l). On time is what was out within its second: Apdex's satisfied, and whatever has u = 1."""
    if not promised:
        return Part("publish", None, 0, 0, note="no_posts")
    n = len(promised)
    late = [one.late for one in promised if one.late is not None and one.fate in OUT and not one.early]
    on_time = sum(one <= SATISFIED for one in late)
    mean = math.fsum(map(punctuality, promised)) / n
    waited = [one.person_ms for one in promised if one.person_ms > 0]
    return Part(
        "publish",
        mean,
        0,
        n,
        wilson(mean, n),
        figures={
            "apdex_1s": apdex(late, n),
            "p50_seconds": percentile(late, 0.50),
            "p95_seconds": percentile(late, 0.95),
            "on_time": on_time / n,
            "on_time_beta": beta_mean(on_time, n),
            "on_time_low": wilson(on_time / n, n)[0],
            "on_time_high": wilson(on_time / n, n)[1],
            "not_out": float(sum(one.fate not in OUT for one in promised)),
            "early": float(sum(one.early for one in promised)),
            "waited_for_people": float(len(waited)),
            "person_ms": float(sum(waited)),
        },
    )


def _response(answers: Answers) -> Part:
    """Half for how many were answered within the target, half for how fast; who may still be answered in time is in
    neither."""
    if not answers.n:
        return Part("response", None, 0, 0, note="nobody_asked", figures={"waiting": float(answers.waiting)})
    rate, speed = beta_mean(answers.in_time, answers.n), answers.speed / answers.n
    mean = RATE * rate + (1 - RATE) * speed
    low, high = wilson(answers.in_time / answers.n, answers.n)
    return Part(
        "response",
        mean,
        0,
        answers.n,
        wilson(mean, answers.n),
        figures={
            "rate": rate,
            "in_time": answers.in_time / answers.n,
            "in_time_low": low,
            "in_time_high": high,
            "speed": speed,
            "answered": float(answers.answered),
            "overdue": float(answers.overdue),
            "waiting": float(answers.waiting),
            "target_seconds": answers.target_seconds,
        },
    )


def _fresh(timely: Sequence[Outcome], half_lives: Mapping[str, float]) -> Part:
    """The mean of 2^(-Δ/h) over posts that say when that happened which they are about."""
    if not timely:
        return Part("fresh", None, 0, 0, note="no_source_events")
    mean = math.fsum(_left(one, half_lives) for one in timely) / len(timely)
    ages = [_age(one).total_seconds() / 3600 for one in timely]
    return Part("fresh", mean, 0, len(timely), wilson(mean, len(timely)), figures={"p50_hours": percentile(ages, 0.50)})


def _age(one: Outcome) -> timedelta:
    return one.at - one.source_event_at if one.at and one.source_event_at else timedelta()


def _left(one: Outcome, half_lives: Mapping[str, float]) -> float:
    return freshness(_age(one), half_lives.get(one.platform, HALF_LIFE))


def _losses(
    promised: Sequence[Outcome],
    publish: Part,
    timely: Sequence[Outcome],
    fresh: Part,
    half_lives: Mapping[str, float],
) -> Iterator[Loss]:
    """What each post lacks to be perfect on all its targets; both parts are means, so it can be told at once."""
    lacks: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for one in promised:
        lacks[one.post_id].append((whole.points(publish, (1 - punctuality(one)) / publish.n), _why(one)))
    for one in timely:
        lack = whole.points(fresh, (1 - _left(one, half_lives)) / fresh.n)
        lacks[one.post_id].append((lack, f"stale_by {_age(one).total_seconds() / 3600:.1f} h"))
    for post_id, found in lacks.items():
        yield Loss(post_id, math.fsum(points for points, _ in found), max(found)[1])


def _why(one: Outcome) -> str:
    if one.fate not in OUT:
        return one.fate
    return "early" if one.early else f"late_by {one.late or 0:.1f} s"


def _advice(publish: Part, response: Part, answers: Answers, fresh: Part) -> Iterator[Advice]:
    """What each part still lacks, by what would give it."""
    if publish.value is not None:
        lack = whole.points(publish, 1 - publish.value)
        yield Advice("publish_on_time", lack, "Have every post out within the second that was promised")
    if response.value is not None:
        unanswered = answers.n - answers.in_time
        rate, speed = beta_mean(answers.n, answers.n) - beta_mean(answers.in_time, answers.n), answers.speed / answers.n
        minutes = answers.target_seconds / 60
        yield Advice(
            "answer_in_time",
            whole.points(response, RATE * rate),
            f"Answer within {minutes:g} minutes; {unanswered} of {answers.n} were not",
        )
        yield Advice(
            "answer_faster",
            whole.points(response, (1 - RATE) * (1 - speed)),
            f"Answer faster: an answer after {minutes:g} minutes counts half, one at once counts in full",
        )
    if fresh.value is not None:
        lack = whole.points(fresh, 1 - fresh.value)
        yield Advice("follow_sooner", lack, "Publish sooner after what a post is about has happened")
