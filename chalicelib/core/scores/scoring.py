"""From what was kept of a workspace to the scores of everything in it: itself, its platforms, its accounts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from chalicelib.core.business_hours import BusinessHours, open_time
from chalicelib.core.day import Waits, begin_of
from chalicelib.core.plan import PlannedWeek
from chalicelib.core.scores.consistency import consistency
from chalicelib.core.scores.outcome import Answers, Outcome
from chalicelib.core.scores.score import DAYS, WEEKS, Scope, Score
from chalicelib.core.scores.statistics import clamp
from chalicelib.core.scores.timeliness import timeliness
from chalicelib.core.scores.weights import HALF_LIVES, WEIGHTS, Weights

LONGEST = max(WEEKS.values())
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Kept:
    """What was kept of a workspace over the longest window. Maps are by account id; None is the workspace itself."""

    as_of: datetime
    accounts: Mapping[str, str]
    """Each connected account's platform."""
    outcomes: Mapping[str, Sequence[Outcome]]
    waits: Mapping[str, Mapping[str, Waits]]
    """How people were answered, by account and by the hour in which they began to wait."""
    weeks: Mapping[str | None, tuple[PlannedWeek, ...]]
    """The planned weeks, the present one last: the workspace's, and those of accounts with a plan of their own."""
    chosen_at: Mapping[str | None, datetime]
    """Since when there is a plan that somebody chose."""
    began: Mapping[str, datetime] = field(default_factory=dict)
    """When the first of all was due on an account, however long ago; a silence is no new beginning."""
    mix: Mapping[str, float] = field(default_factory=dict)
    """How much is meant for which platform; empty: as much for each."""
    timezone: str = "UTC"
    hours: BusinessHours = field(default_factory=BusinessHours)
    weights: Weights = WEIGHTS
    half_lives: Mapping[str, float] = field(default_factory=lambda: HALF_LIVES)

    @cached_property
    def shared(self) -> frozenset[str]:
        """The posts that are out on two accounts or more."""
        accounts: dict[str, set[str]] = defaultdict(set)
        for account_id, outcomes in self.outcomes.items():
            for one in outcomes:
                if one.fate == "published":
                    accounts[one.post_id].add(account_id)
        return frozenset(post for post, where in accounts.items() if len(where) > 1)

    @cached_property
    def overdue_before(self) -> datetime:
        """Whose wait began in an hour that was over by then has waited longer than the target, if it waits still."""
        hour = self.as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        few, many = 0, DAYS["28d"] * 24
        while few < many:  # towards the past, waits only grow longer
            middle = (few + many) // 2
            if open_time(self.hours, hour - middle * HOUR, self.as_of) > self.hours.target:
                many = middle
            else:
                few = middle + 1
        return hour - many * HOUR


def scopes(kept: Kept) -> list[Scope]:
    """Everything in the workspace that has scores: itself first, then platforms, then accounts."""
    platforms = sorted(set(kept.accounts.values()))
    return [
        Scope("workspace"),
        *(Scope("platform", name) for name in platforms),
        *(Scope("account", id) for id in sorted(kept.accounts)),
    ]


def scored(kept: Kept, scope: Scope) -> dict[str, Score]:
    """The scores of one scope, by window: `8w`, `4w`, `28d`, `7d`."""
    accounts = _accounts(kept, scope)
    outcomes = [one for id in accounts for one in kept.outcomes.get(id, ()) if one.due <= kept.as_of]
    weeks = _since(_weeks(kept, accounts), _began(kept, scope, accounts, outcomes))
    made: dict[str, Score] = {}
    for window, count in WEEKS.items():
        made[window] = _consistency(kept, scope, outcomes, weeks[-count:])
    for window, days in DAYS.items():
        made[window] = _timeliness(kept, accounts, outcomes, _days_ago(kept, days))
    return made


def _accounts(kept: Kept, scope: Scope) -> list[str]:
    if scope.kind == "account":
        return [scope.id]
    return [id for id, platform in sorted(kept.accounts.items()) if scope.kind == "workspace" or platform == scope.id]


def _weeks(kept: Kept, accounts: Sequence[str]) -> tuple[PlannedWeek, ...]:
    """By the account's own plan where it is about one that has one."""
    own = kept.weeks.get(accounts[0]) if len(accounts) == 1 else None
    return own or kept.weeks[None]


def _began(kept: Kept, scope: Scope, accounts: Sequence[str], outcomes: Sequence[Outcome]) -> datetime:
    """Since when something is to be expected: the first that was due, or the choice of a plan.

    The workspace's plan promises nothing of one account, which may not have been there yet when it was chosen.
    """
    theirs = (None, *accounts) if scope.kind == "workspace" else accounts
    chosen = [kept.chosen_at[id] for id in theirs if id in kept.chosen_at]
    began = [kept.began[id] for id in accounts if id in kept.began]
    known = [at for at in (*began, *chosen) if at <= kept.as_of]
    return min([*(one.due for one in outcomes), *known], default=kept.as_of)


def _since(weeks: Sequence[PlannedWeek], began: datetime) -> tuple[PlannedWeek, ...]:
    """The weeks since then; of the one in which it began, what was left of it."""
    return tuple(rest(week, began) for week in weeks if week.end > began)


def rest(week: PlannedWeek, began: datetime) -> PlannedWeek:
    """What was left of a week when it began that something is to be expected; all of it where that was before."""
    left = tuple(one for one in week.occurrences if one.at >= began)
    if len(left) == len(week.occurrences):
        return week
    least = week.least * len(left) // len(week.occurrences)
    return replace(week, least=least, occurrences=left)


def _consistency(kept: Kept, scope: Scope, outcomes: Sequence[Outcome], weeks: tuple[PlannedWeek, ...]) -> Score:
    first = weeks[0].start if weeks else kept.as_of
    inside = [one for one in outcomes if one.due >= first]
    platforms = _mix(kept) if scope.kind == "workspace" else {}
    return consistency(inside, weeks, kept.as_of, platforms=platforms, weights=kept.weights, shared=kept.shared)


def _mix(kept: Kept) -> dict[str, float]:
    platforms = set(kept.accounts.values())
    chosen = {name: share for name, share in kept.mix.items() if name in platforms and share > 0}
    return chosen or dict.fromkeys(sorted(platforms), 1.0)


def _timeliness(kept: Kept, accounts: Sequence[str], outcomes: Sequence[Outcome], first: datetime) -> Score:
    inside = [one for one in outcomes if one.due >= first]
    return timeliness(inside, answers(kept, accounts, first), half_lives=kept.half_lives, weights=kept.weights)


def _days_ago(kept: Kept, days: int) -> datetime:
    """Where a window of whole days begins, today included."""
    zone = ZoneInfo(kept.timezone)
    today = kept.as_of.astimezone(zone).date()
    return datetime.combine(today - timedelta(days=days - 1), time(), zone).astimezone(UTC)


def answers(kept: Kept, accounts: Sequence[str], first: datetime) -> Answers:
    """How those were answered whose wait began since an instant, in an hour that had begun by then.

    What was judged by other hours than it was taken back by leaves sums that no answers make: they count as the nearest
    that some do.
    """
    found = Answers(target_seconds=kept.hours.target.total_seconds())
    for begin, waits in _waits(kept, accounts):
        if first <= begin <= kept.as_of:
            late = begin + HOUR <= kept.overdue_before
            found = replace(
                found,
                answered=found.answered + waits.answered,
                in_time=found.in_time + waits.in_time,
                overdue=found.overdue + (waits.waiting if late else 0),
                waiting=found.waiting + (0 if late else waits.waiting),
                speed=found.speed + waits.speed,
            )
    most = found.answered
    return replace(found, in_time=min(max(found.in_time, 0), most), speed=clamp(found.speed, 0.0, float(most)))


def _waits(kept: Kept, accounts: Sequence[str]) -> Iterator[tuple[datetime, Waits]]:
    for id in accounts:
        for hour, waits in kept.waits.get(id, {}).items():
            yield begin_of(hour), waits
