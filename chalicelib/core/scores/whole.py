"""What a score is made of its parts: their weights, its value, where it probably lies, and what is worth naming."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chalicelib.core.scores.score import Advice, Kind, Loss, Part, Score
from chalicelib.core.scores.statistics import clamp, confidence
from chalicelib.core.scores.weights import NAMED, WORTH_NAMING


def weighed(parts: Sequence[Part], weights: Mapping[str, float]) -> tuple[Part, ...]:
    """The parts with their shares of the score: a part without a value has none, and the others make 1 together."""
    all_ = math.fsum(weights[part.name] for part in parts if part.value is not None)
    return tuple(
        replace(part, weight=weights[part.name] / all_ if part.value is not None and all_ else 0.0) for part in parts
    )


def value(parts: Sequence[Part]) -> float | None:
    """0 to 100 from parts that are weighed; None where none of them counts."""
    return _summed(parts, [part.value or 0.0 for part in parts])


def points(part: Part, rise: float) -> float:
    """What the score would rise by if this part did by so much."""
    return 100 * part.weight * rise


def score(kind: Kind, n: int, parts: Sequence[Part], losses: Iterable[Loss], advice: Iterable[Advice]) -> Score:
    """The score of parts that are weighed, with the losses and the advice that are worth naming."""
    return Score(kind, value(parts), n, confidence(n), _interval(parts), tuple(parts), _dearest(losses), _best(advice))


def _interval(parts: Sequence[Part]) -> tuple[float, float] | None:
    """All parts at their lower bounds, and all at their upper ones; a part without bounds at its value.

    Parts rarely miss to the same side at once: so the score lies in here more often than in 95 of 100 cases.
    """
    ends = [part.interval or (part.value or 0.0, part.value or 0.0) for part in parts]
    low, high = _summed(parts, [end[0] for end in ends]), _summed(parts, [end[1] for end in ends])
    return None if low is None or high is None else (low, high)


def _summed(parts: Sequence[Part], values: Sequence[float]) -> float | None:
    if not any(part.weight for part in parts):
        return None
    return clamp(100 * math.fsum(part.weight * one for part, one in zip(parts, values, strict=True)), 0.0, 100.0)


def _dearest(losses: Iterable[Loss]) -> tuple[Loss, ...]:
    named = [loss for loss in losses if loss.points >= WORTH_NAMING]
    return tuple(sorted(named, key=lambda loss: (-loss.points, loss.post_id))[:NAMED])


def _best(advice: Iterable[Advice]) -> tuple[Advice, ...]:
    named = [one for one in advice if one.points >= WORTH_NAMING]
    return tuple(sorted(named, key=lambda one: (-one.points, one.code)))
