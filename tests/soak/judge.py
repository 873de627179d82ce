"""What was asked, what became of it, and whether that keeps the promise. Pure: a soak's facts in, its figures out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tests.bench.figures import Figure, percentile, shown

End = Literal["published", "failed", "cancelled"]
ENDS: Mapping[str, End] = {
    "target.published": "published",
    "target.failed": "failed",
    "target.cancelled": "cancelled",
}
"""The events that say how a target ended, and how."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One target as the load has asked for it, the last word that the service accepted."""

    target_id: str
    account: str
    """The sandbox's own id of the account."""
    tag: str
    """A word of its text that no other post has."""
    end: End
    due: datetime
    calm: bool = True
    """Made ahead of its time, and without a fault: its lateness is ours alone."""


@dataclass(frozen=True, slots=True)
class Became:
    """One target as the API tells of it in the end."""

    state: str
    lateness_ms: float | None = None
    part_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message in the sandbox's own book."""

    id: str
    account: str
    text: str
    at: datetime


Fates = Mapping[str, Became]
"""By the id of the target."""


def lost(asked: Iterable[Asked], fates: Fates, book: Iterable[Message]) -> list[str]:
    """Targets that did not end as they were asked to: also those that are said to be out, and are not to be seen."""
    there = {one.id for one in book}
    return [one.target_id for one in asked if not _kept(one, fates.get(one.target_id), there)]


def _kept(one: Asked, fate: Became | None, there: set[str]) -> bool:
    if fate is None or fate.state != one.end:
        return False
    return one.end != "published" or (bool(fate.part_ids) and there.issuperset(fate.part_ids))


def twice(book: Iterable[Message]) -> int:
    """Messages too many: no two posts of the load, nor parts of one, say the same on one account."""
    said = Counter((one.account, one.text) for one in book)
    return sum(times - 1 for times in said.values())


def unwanted(asked: Iterable[Asked], book: Iterable[Message]) -> list[str]:
    """Targets that were called off, or refused, and are out all the same."""
    out = {(one.account, word) for one in book for word in one.text.split()}
    return [one.target_id for one in asked if one.end != "published" and (one.account, one.tag) in out]


def early(asked: Iterable[Asked], book: Iterable[Message]) -> list[str]:
    """Targets of which something was to be seen before it was due."""
    first: dict[tuple[str, str], datetime] = {}
    for one in book:
        for word in one.text.split():
            place = one.account, word
            first[place] = min(one.at, first.get(place, one.at))
    return [one.target_id for one in asked if first.get((one.account, one.tag), one.due) < one.due]


def untold(asked: Iterable[Asked], events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Targets of whose end the webhook's receiver has not heard, or has heard otherwise."""
    heard: dict[str, set[End]] = {}
    for event in events:
        if event["type"] in ENDS:
            heard.setdefault(event["data"]["target_id"], set()).add(ENDS[event["type"]])
    return [one.target_id for one in asked if heard.get(one.target_id) != {one.end}]


def miscounted(sent: Mapping[str, int], counted: Mapping[str, int]) -> int:
    """Posts whose callbacks were not all counted, or were counted more than once."""
    return sum(1 for post_id, times in sent.items() if counted.get(post_id, 0) != times)


def none_of(what: str, count: int) -> Figure:
    """A figure that has to be nothing."""
    return Figure(what, f"{count:,}", "0", count == 0)


def lateness(asked: Sequence[Asked], fates: Fates) -> list[Figure]:
    """Percentiles of lateness, in milliseconds. They are reported: a shared machine proves nothing about time."""
    out = [one for one in asked if one.target_id in fates and fates[one.target_id].state == "published"]
    return [
        *_percentiles("lateness, scheduled and without faults", [one for one in out if one.calm], fates),
        *_percentiles("lateness, all", out, fates),
    ]


def _percentiles(what: str, asked: Sequence[Asked], fates: Fates) -> list[Figure]:
    late = [ms for one in asked if (ms := fates[one.target_id].lateness_ms) is not None]
    if not late:
        return []
    figures = [Figure(f"{what}, p{percent}", shown(percentile(late, percent), "ms")) for percent in (50, 95, 99)]
    return [*figures, Figure(f"{what}, max of {len(late):,}", shown(max(late), "ms"))]


def judged(asked: Sequence[Asked], fates: Fates, book: Sequence[Message], events: Sequence[Any]) -> list[Figure]:
    """The promise, line by line."""
    states = Counter(fates[one.target_id].state if one.target_id in fates else "unknown" for one in asked)
    return [
        Figure("targets", f"{len(asked):,}", "> 0", bool(asked)),
        *(Figure(f"  {state}", f"{count:,}") for state, count in sorted(states.items())),
        none_of("lost: did not end as asked", len(lost(asked, fates, book))),
        none_of("twice: messages too many on the sandbox", twice(book)),
        none_of("out although called off or refused", len(unwanted(asked, book))),
        none_of("out before they were due", len(early(asked, book))),
        none_of("not told: no end at the webhook", len(untold(asked, events))),
        *lateness(asked, fates),
    ]
