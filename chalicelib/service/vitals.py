"""How the service itself does, in lines that CloudWatch measures: said by the functions that know, after the fact.

Nothing here is ever in the way: no call is made, and what cannot be said is left unsaid. The dimensions are the stage,
the platform and the outcome, of which there are few. The alarms on these metrics are in infra/resources.yaml, and what
to do about each is in docs/operations.md.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

from chalicelib.core.target import TERMINAL, State, Target
from chalicelib.core.timing import instant
from chalicelib.ports import Heard, Item, World
from chalicelib.service import journal
from chalicelib.service.journal import Group

if TYPE_CHECKING:
    from chalicelib.service.canary import Sung
    from chalicelib.service.sweep import Swept

log = logging.getLogger(__name__)
P = ParamSpec("P")

STAGE = (("stage",),)
PLATFORM = (("stage",), ("stage", "platform"))
OUTCOME = (("stage", "outcome"), ("stage", "platform", "outcome"))
MOST_VALUES = 100
"""Of one metric in one line, by the format's specification."""


def _quietly(say: Callable[P, None]) -> Callable[P, None]:
    """A failing metric must never fail what it measures."""

    @wraps(say)
    def quiet(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            say(*arguments, **options)
        except Exception:
            log.warning("not_measured", exc_info=True)

    return quiet


@_quietly
def ran(world: World, target: Target) -> None:
    """A run of a target has been written: measured where that ended it.

    Every target that is published is in the latency, by machine or by hand, and whatever it waited for. Whether it was
    on time is judged as the scores judge it: without what a person took, and without what the network refused.
    """
    if target.state not in TERMINAL:
        return
    from chalicelib.core.scores.ended import outcome  # not before the request leaves
    from chalicelib.core.scores.timeliness import PROMISED
    from chalicelib.core.scores.weights import SATISFIED

    judged = outcome(target)
    groups = [Group({"Ended": 1}, OUTCOME)]
    if target.state is State.PUBLISHED and target.lateness_ms is not None:
        groups.append(Group({"PublishLatenessMs": target.lateness_ms}, PLATFORM))
    if judged and judged.fate in PROMISED:
        on_time = judged.late is not None and judged.late <= SATISFIED and not judged.early
        groups.append(Group({"Due": 1, "OnTime": int(on_time)}, STAGE))
    facts = {"outcome": judged.fate if judged else target.state, "platform": target.platform, **journal.ids(target)}
    _say(world, target.events[-1].at, facts, *groups)


@_quietly
def limited(world: World, target: Target) -> None:
    """The network said that the account does too much."""
    _of_platform(world, target, "RateLimited")


@_quietly
def lost(world: World, target: Target) -> None:
    """The network will not have the token any more of an account that was still connected."""
    _of_platform(world, target, "TokenFailures")


@_quietly
def paid(world: World, target: Target, rendition: Item | None) -> None:
    """What the network will charge for what was just published, by the price in its rules; others say nothing."""
    cost = rendition.doc.get("estimated_cost") if rendition else None
    if not cost or cost["currency"] != "USD":
        return
    facts = {"platform": target.platform, "target": target.id}
    _say(world, world.clock.now(), facts, Group({"PaidPostsUsd": float(cost["amount"])}, PLATFORM))


@_quietly
def audited(world: World, target: Target) -> None:
    """A network was asked what it has of a target: as many duplicates are none as are not told."""
    facts = {"platform": target.platform, "target": target.id}
    _say(world, world.clock.now(), facts, Group({"Audits": 1}, STAGE))


@_quietly
def duplicated(world: World, target: Target, count: int) -> None:
    """A network has so many posts too many of a target."""
    facts = {"platform": target.platform, "target": target.id}
    _say(world, world.clock.now(), facts, Group({"Duplicates": count}, PLATFORM))


def _of_platform(world: World, target: Target, name: str) -> None:
    facts = {"platform": target.platform, **journal.ids(target)}
    _say(world, world.clock.now(), facts, Group({name: 1}, PLATFORM))


@_quietly
def dispatched(world: World, count: int, alarm_at: datetime) -> None:
    """A due minute's targets are all on the queue: so long after its alarm was to ring."""
    now = world.clock.now()
    late = (now - alarm_at).total_seconds() * 1000
    _say(world, now, {}, Group({"Dispatched": count, "DispatchLatenessMs": round(late)}, STAGE))


@_quietly
def swept(world: World, found: "Swept") -> None:
    """The sweep is alive, and this is what it saw."""
    values = {
        "Sweeps": 1,
        "Overdue": found.overdue,
        "OldestOverdueSeconds": found.oldest_seconds,
        "OldestDueSeconds": found.oldest_due_seconds,
        "Unconfirmed": found.unconfirmed,
        "OldestUnconfirmedSeconds": found.oldest_unconfirmed_seconds,
    }
    _say(world, found.at, {}, Group(values, STAGE))


@_quietly
def sung(world: World, one: "Sung") -> None:
    """The canary's post was to be out by now: whether it is, once, and how late it was."""
    values: dict[str, float] = {"CanaryPublished": int(one.well)}
    if one.lateness_ms is not None:
        values["CanaryLatenessMs"] = one.lateness_ms
    _say(world, world.clock.now(), {"outcome": one.state, "times": str(one.times)}, Group(values, STAGE))


@_quietly
def heard(world: World, messages: Iterable[Heard], failed: int) -> None:
    """Callbacks have been counted: so long after each came, and so many have to come again."""
    now, lags = world.clock.now(), defaultdict[str, list[int]](list)
    for one in messages:
        lags[one.network].append(round((now - instant(one.at)).total_seconds() * 1000))
    for network, found in sorted(lags.items()):
        for start in range(0, len(found), MOST_VALUES):
            some = found[start : start + MOST_VALUES]
            _say(world, now, {"platform": network}, Group({"CallbackLagMs": some, "Callbacks": len(some)}, PLATFORM))
    _say(world, now, {}, Group({"CallbacksFailed": failed}, STAGE))


@_quietly
def renewed(world: World, ending: int, failed: int) -> None:
    """The daily round is over: tokens that end soon although it came by, and those that it tried in vain to renew."""
    _say(world, world.clock.now(), {}, Group({"TokensEndingSoon": ending, "TokenFailures": failed}, STAGE))


def _say(world: World, at: datetime, facts: Mapping[str, str | int | None], *groups: Group) -> None:
    journal.measured(at, {"stage": world.settings.stage, **facts}, *groups)
