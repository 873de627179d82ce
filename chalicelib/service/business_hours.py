"""A workspace's business hours, and how soon it wants people answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.timing import zone
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import agenda, records


@dataclass(frozen=True, slots=True)
class Chosen:
    """The hours that hold, and whether somebody chose them."""

    hours: BusinessHours
    chosen: bool


def of(world: World, workspace_id: str) -> BusinessHours:
    """The hours that hold for the workspace."""
    return chosen(world, workspace_id).hours


def chosen(world: World, workspace_id: str) -> Chosen:
    """The hours that hold for the workspace; the default where it has chosen none."""
    item = world.table.get(key(workspace_id))
    return Chosen(of_row(item), item is not None)


def of_row(item: Item | None) -> BusinessHours:
    """The hours in the row of `key`; the default where there is none."""
    return records.from_doc(BusinessHours, item.doc) if item else BusinessHours()


def choose(world: World, workspace_id: str, hours: BusinessHours) -> Chosen:
    """Let these hours hold, also for what waits already; Invalid with everything that is wrong with them."""
    if issues := _faults(hours):
        raise Invalid(issues)
    world.table.write(Put(Item(key(workspace_id), records.to_doc(hours)), expect=None))
    agenda.mark(world, workspace_id)
    return Chosen(hours, True)


def _faults(hours: BusinessHours) -> list[Issue]:
    issues: list[Issue] = []
    try:
        zone(hours.timezone)
    except ValueError as unknown:
        issues.append(Issue("unknown_timezone", "error", "timezone", str(unknown)))
    for day, spans in hours.days.items():
        issues += _of_day(f"days.{day}", spans)
    if not any(hours.days.values()):
        issues.append(Issue("never_open", "error", "days", "is never open: nobody could be answered in time"))
    return issues


def _of_day(path: str, spans: Sequence[tuple[int, int]]) -> list[Issue]:
    issues: list[Issue] = []
    for number, (opens, closes) in enumerate(spans):
        if closes <= opens:
            message = "must close after it opens; what goes on past midnight is two spans, the second on the next day"
            issues.append(Issue("closes_too_early", "error", f"{path}[{number}]", message))
        elif number and opens < spans[number - 1][1]:
            message = "begins before the span in front of it ends"
            issues.append(Issue("overlapping_hours", "error", f"{path}[{number}]", message))
    return issues


def key(workspace_id: str) -> Key:
    """Where a workspace's hours lie."""
    return Key(records.workspace_pk(workspace_id), "BUSINESS_HOURS")
