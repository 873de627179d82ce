"""`python -m infra.status`: the dashboard's top row for the service that `make run` runs, read from its table.

In AWS the dashboard Carillon-<stage> shows the same; the embedded AWS makes no metrics of what functions print.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.errors import Refused
from chalicelib.core.scores.ended import outcome
from chalicelib.core.scores.timeliness import PROMISED
from chalicelib.core.scores.weights import SATISFIED
from chalicelib.core.target import State, Target
from chalicelib.core.timing import stamp
from chalicelib.ports import World
from chalicelib.service import audit, canary, health, reading, records
from chalicelib.service.canary import Sung
from chalicelib.service.reading import PostFilter
from chalicelib.service.sweep import HEARTBEAT, Swept
from chalicelib.wiring import world
from infra.redrive import ANNOUNCED, NoService, stack_of
from infra.stack import Stack

LAST = timedelta(hours=1)
DAY = timedelta(days=1)
DEAD = "DeadLettersUrl"
"""How the stack's outputs end that name a queue of dead letters."""


@dataclass(frozen=True)
class Hour:
    """What became of the targets that were due in the last hour."""

    due: int
    published: int
    on_time: int
    judged: int
    """Those that have ended and kept or broke the promise of their time."""


def hour_of(targets: Iterable[Target], now: datetime) -> Hour:
    """Judge targets as the metrics do; those of other hours are none of it."""
    mine = [one for one in targets if one.scheduled_at and now - LAST < one.scheduled_at <= now]
    ended = [found for found in map(outcome, mine) if found and found.fate in PROMISED]
    on_time = [one for one in ended if one.late is not None and one.late <= SATISFIED and not one.early]
    published = [one for one in mine if one.state is State.PUBLISHED]
    due = [one for one in mine if one.state not in (State.DRAFT, State.CANCELLED)]
    return Hour(len(due), len(published), len(on_time), len(ended))


def lately(here: World, workspace_id: str) -> list[Target]:
    """The targets of a workspace's posts of the last hour, answers to people included."""
    now, found = here.clock.now(), list[Target]()
    for answers in (False, True):
        wanted, cursor = PostFilter(since=now - LAST, until=now, answers=answers), None
        while True:
            page = reading.posts(here, workspace_id, wanted, limit=100, cursor=cursor)
            found += [target for whole in page.data for target in whole.targets]
            cursor = page.next_cursor
            if cursor is None:
                break
    return found


def dead_letters(stack: Stack) -> dict[str, int]:
    """How many lie on each queue of dead letters that holds any."""
    sqs, names = stack.client("sqs"), ["ApproximateNumberOfMessages"]
    urls = {name.removesuffix(DEAD).lower(): url for name, url in stack.outputs().items() if name.endswith(DEAD)}
    counts = {
        name: int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])
        for name, url in urls.items()
    }
    return {name: count for name, count in sorted(counts.items()) if count}


def duplicates(here: World, workspace_id: str) -> int:
    """How many targets of the workspace were found twice on their network in the last day."""
    wanted = audit.Wanted(since=here.clock.now() - DAY, action=audit.DUPLICATE)
    return len(audit.page(here, workspace_id, wanted, limit=100).data)


def told(here: World, hour: Hour, dead: Mapping[str, int], duplicated: int = 0) -> str:
    """The top row, a line for each figure."""
    checks = health.health(here).checks
    item = here.table.get(HEARTBEAT)
    swept = records.from_doc(Swept, item.doc) if item else Swept(here.clock.now(), 0, 0.0)
    share = f"{100 * hour.on_time / hour.judged:.1f} %  ({hour.on_time} of {hour.judged})" if hour.judged else "-"
    oldest = f"{swept.oldest_unconfirmed_seconds:.0f} s the oldest"
    rows: dict[str, Any] = {
        "sweep": f"{checks['sweep']}, last at {checks['swept_at']}",
        "due, last hour": hour.due,
        "published": hour.published,
        "on time": share,
        "oldest backlog": f"{swept.oldest_seconds:.0f} s overdue; {swept.oldest_due_seconds:.0f} s since it was due",
        "unconfirmed": f"{swept.unconfirmed}, {oldest}" if swept.unconfirmed else 0,
        "canary": sung(canary.of(here).last),
        "duplicates, day": duplicated,
        "dead letters": ", ".join(f"{count} {name}" for name, count in dead.items()) or 0,
    }
    return "\n".join(f"{name:<16} {value}" for name, value in rows.items())


def sung(last: Sung | None) -> str:
    """How the last of the canary's posts did."""
    if last is None:
        return "has not sung"  # it does not here, unless it is asked to: `WithCanary` in infra/resources.yaml
    if not last.well:
        return f"MISSING: {last.state}, {last.times} times on the sandbox, due at {stamp(last.due)}"
    return f"sang, {last.lateness_ms} ms late, due at {stamp(last.due)}"


def main() -> None:
    """Print it."""
    try:
        stack = stack_of(None)
        announced = json.loads(ANNOUNCED.read_text())
        os.environ.update(announced["environment"])
        here = world()
        workspace_id = announced["workspace_id"]
        hour = hour_of(lately(here, workspace_id), here.clock.now())
        print(told(here, hour, dead_letters(stack), duplicates(here, workspace_id)))
    except (NoService, Refused, ClientError, BotoCoreError) as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
