"""Publishing plans: a workspace's, and those of its accounts that go their own way.

    W#<workspace>                PLAN                       the versions of the workspace's plan, oldest first
                                 PLAN#<account>             those of an account's own; a version may be none again

An account's own plan replaces the workspace's whole. Versions are kept so that a past week is judged by the plan that
held when it began; the first one also holds for all time before it, an account's only where the workspace had none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from chalicelib.core.business_hours import DAY
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.plan import Plan, PlannedWeek
from chalicelib.core.plan_faults import faults
from chalicelib.core.planning import local_date, monday, planned_weeks, week_start
from chalicelib.core.timing import milliseconds
from chalicelib.platforms import names
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import agenda, connect, records
from chalicelib.service.schedule import in_spite_of_the_machine

PREFIX = "PLAN"
KEPT = timedelta(weeks=10)
"""How long a version that holds no more is kept: longer than any score looks back."""
MOST_VERSIONS = 30
PAGE = 500
"""Plans read at once."""

Chooser = Literal["account", "workspace", "nobody"]


@dataclass(frozen=True, slots=True)
class Version:
    """A plan, and since when it holds; None for an account that went back to the workspace's."""

    since: datetime
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Versions:
    """All that is remembered of one plan, oldest first; none where nobody ever chose one."""

    versions: tuple[Version, ...] = ()

    @property
    def newest(self) -> Plan | None:
        """The plan that holds now, if one was chosen."""
        return self.versions[-1].plan if self.versions else None

    def at(self, instant: datetime) -> Plan | None:
        """The plan that held at an instant, if one was chosen."""
        held = [each for each in self.versions if each.since <= instant] or self.versions[:1]
        return held[-1].plan if held else None

    @property
    def first(self) -> datetime | None:
        """When one was chosen first."""
        return self.versions[0].since if self.versions else None

    def then(self, plan: Plan | None, now: datetime) -> "Versions":
        """The same with a plan that holds from now on, and without what no score asks for any more.

        What was chosen in this very week held at the start of none, so the new plan takes its place.
        """
        where = plan or self.newest or Plan()
        this_week = monday(local_date(where, now))
        older = [each for each in self.versions if monday(local_date(where, each.since)) != this_week]
        needed = [one for one, next_ in pairwise(older) if next_.since > now - KEPT] + older[-1:]
        return Versions((*needed, Version(milliseconds(now), plan))[-MOST_VERSIONS:])


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans of a workspace."""

    workspace: Versions = Versions()
    accounts: Mapping[str, Versions] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World, workspace_id: str) -> "Plans":
        """The plans, with one query."""
        found, page, after = dict[str, Versions](), list[Item](), ""
        while not after or len(page) == PAGE:
            page = world.table.items(records.workspace_pk(workspace_id), PREFIX, limit=PAGE, after=after)
            found |= {item.key.sk.removeprefix(PREFIX)[1:]: records.from_doc(Versions, item.doc) for item in page}
            after = page[-1].key.sk if page else PREFIX
        return cls(found.pop("", Versions()), found)

    def plan(self, account_id: str | None = None) -> Plan:
        """The plan that holds now for an account, or for the workspace."""
        return self._own(account_id).newest or self.workspace.newest or Plan()

    def own(self, account_id: str) -> Plan | None:
        """The plan that an account has of its own."""
        return self._own(account_id).newest

    def chosen(self, account_id: str | None = None) -> Chooser:
        """For whom the plan was chosen that holds now."""
        if self._own(account_id).newest:
            return "account"
        return "workspace" if self.workspace.newest else "nobody"

    def since(self, account_id: str | None = None) -> datetime | None:
        """When the plan that holds now was chosen."""
        holding = self._own(account_id) if self._own(account_id).newest else self.workspace
        return holding.versions[-1].since if holding.newest else None

    def weeks(self, account_id: str | None, now: datetime, count: int) -> tuple[PlannedWeek, ...]:
        """The last `count` ISO weeks, the present one last, each as the plan that held at its start wanted it.

        They are cut by the zone of the plan that holds now, and follow each other without a gap.
        """
        plan = self.plan(account_id)
        last = monday(local_date(plan, now))
        days = [last - 7 * DAY * ago for ago in reversed(range(count))]
        return tuple(self._week(account_id, plan, day) for day in days)

    def _week(self, account_id: str | None, present: Plan, day: date) -> PlannedWeek:
        start, end = (week_start(present, each) for each in (day, day + 7 * DAY))
        return replace(planned_weeks(self._held(account_id, start), day, 1)[0], start=start, end=end)

    def _held(self, account_id: str | None, start: datetime) -> Plan:
        """The plan that held at an instant; an account's first one does not reach back over the workspace's."""
        own, ours = self._own(account_id), self.workspace
        if own.first and ours.first and max(start, ours.first) < own.first:
            return ours.at(start) or Plan()
        return own.at(start) or ours.at(start) or Plan()

    def _own(self, account_id: str | None) -> Versions:
        return self.accounts.get(account_id or "", Versions())


def of(world: World, workspace_id: str, account_id: str | None = None) -> Plan:
    """The plan that holds now."""
    return Plans.of(world, workspace_id).plan(account_id)


def choose(world: World, workspace_id: str, account_id: str | None, plan: Plan) -> None:
    """Let a plan hold from now on; Invalid with everything that is wrong with it."""
    _require_account(world, workspace_id, account_id)
    if issues := [*faults(plan), *_unknown_platforms(plan)]:
        raise Invalid(issues)
    _write(world, workspace_id, account_id, plan)


def forget(world: World, workspace_id: str, account_id: str) -> None:
    """Let the workspace's plan hold for an account again, from now on."""
    _require_account(world, workspace_id, account_id)
    if Plans.of(world, workspace_id).own(account_id):
        _write(world, workspace_id, account_id, None)


def _require_account(world: World, workspace_id: str, account_id: str | None) -> None:
    if account_id is not None:
        connect.account(world, workspace_id, account_id)


def _unknown_platforms(plan: Plan) -> list[Issue]:
    known = names()
    message = f"there is no such platform; there are {', '.join(known)}"
    return [Issue("unknown_platform", "error", f"mix.{name}", message) for name in plan.mix if name not in known]


def _write(world: World, workspace_id: str, account_id: str | None, plan: Plan | None) -> None:
    key = Key(records.workspace_pk(workspace_id), f"{PREFIX}#{account_id}" if account_id else PREFIX)

    def write() -> None:
        item = world.table.get(key)
        before = records.from_doc(Versions, item.doc) if item else Versions()
        after = before.then(plan, world.clock.now())
        world.table.write(Put(Item(key, records.to_doc(after)), expect=item.rev if item else 0))

    in_spite_of_the_machine(write)
    agenda.mark(world, workspace_id)
