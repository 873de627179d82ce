"""Who changed what about a workspace: one row for each administrative act, for 400 days.

A row holds ids and the route, never what was sent or answered. The API writes them in one place (api/serve.py), and the
operator's commands in another (infra/admin.py).
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.errors import Invalid, Issue, Refused
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import records
from chalicelib.service.reading import SCANNED, Page

log = logging.getLogger(__name__)

DUPLICATE = "duplicate found"
"""What `duplicates` found, and no person did: ids of target, post and account."""
KEPT_FOR = timedelta(days=400)
LINES = 50

_CURSOR = re.compile(r"[0-9T:.Z-]{24}#aud_[0-9a-z]{26}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Act:
    """One administrative act."""

    id: str
    at: datetime
    action: str
    """The method and the route, `DELETE /v1/webhooks/{webhook_id}`; or the operator's command, `admin key create`."""
    things: tuple[str, ...] = ()
    """The ids of what was changed or made: of the path, of the query, and of the answer."""
    key_id: str | None = None
    """Whose key; None for the operator, and for a person whom a network has sent back from signing in."""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts; `since` and `until` are both included."""

    since: datetime | None = None
    until: datetime | None = None
    key_id: str | None = None
    action: str | None = None
    thing: str | None = None

    def fits(self, act: Act) -> bool:
        """Whether the act is one of them, its time apart."""
        return (
            self.key_id in (None, act.key_id)
            and self.action in (None, act.action)
            and (self.thing is None or self.thing in act.things)
        )


def record(
    world: World,
    workspace_id: str,
    action: str,
    things: tuple[str, ...] = (),
    key_id: str | None = None,
    request_id: str | None = None,
) -> None:
    """Write down what was done. It is done, so its caller must hear so even where this fails: then the log has it."""
    now = milliseconds(world.clock.now())
    act = Act(f"aud_{world.chance.token().lower()}", now, action, things, key_id, request_id)
    row = Item(Key(_pk(workspace_id), _sk(act)), records.to_doc(act), expires=now + KEPT_FOR)
    try:
        world.table.write(Put(row, expect=0))
    except Refused:
        log.exception("audit_not_written %s %s", workspace_id, row.doc)


def page(world: World, workspace_id: str, wanted: Wanted, limit: int = 20, cursor: str | None = None) -> Page[Act]:
    """The latest acts first; a page may be short and still have a next one."""
    if cursor and not _CURSOR.fullmatch(cursor):
        raise Invalid([Issue("invalid_cursor", "error", "cursor", "is not a cursor that we gave")])
    # "~" sorts behind every id, so that all of the last millisecond is there.
    after = cursor or (f"{stamp(wanted.until)}#~" if wanted.until else "")
    oldest = max(world.clock.now() - KEPT_FOR, wanted.since or world.clock.now() - KEPT_FOR)
    found: list[Act] = []
    for _ in range(SCANNED // LINES):
        items = world.table.items(_pk(workspace_id), limit=LINES, after=after, reverse=True)
        for act in (records.from_doc(Act, item.doc) for item in items):
            after = _sk(act)
            if act.at < milliseconds(oldest):
                return Page(found)
            if wanted.fits(act):
                found.append(act)
                if len(found) == limit:
                    return Page(found, after)
        if len(items) < LINES:
            return Page(found)
    return Page(found, after)


def _pk(workspace_id: str) -> str:
    return f"AUDIT#{workspace_id}"


def _sk(act: Act) -> str:
    return f"{stamp(act.at)}#{act.id}"
