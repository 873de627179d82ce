"""Whether publishing is alive, judged by what it last did, not by whether this function answers."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.core.timing import stamp
from chalicelib.ports import World
from chalicelib.service import records
from chalicelib.service.sweep import HEARTBEAT, Swept

SILENT_AFTER = timedelta(minutes=5)
OVERDUE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether all is well, and what was looked at."""

    ok: bool
    checks: dict[str, Any]


def health(world: World) -> Health:
    """The sweep's last heartbeat and what it found overdue. A stage that has never swept is `starting`."""
    item = world.table.get(HEARTBEAT)
    if item is None:
        return Health(True, {"sweep": "starting", "swept_at": None, "overdue": None, "oldest_overdue_seconds": None})
    swept = records.from_doc(Swept, item.doc)
    silent = world.clock.now() - swept.at > SILENT_AFTER
    behind = swept.oldest_seconds > OVERDUE_AFTER.total_seconds()
    word = "silent" if silent else "behind" if behind else "alive"
    return Health(
        not silent and not behind,
        {
            "sweep": word,
            "swept_at": stamp(swept.at),
            "overdue": swept.overdue,
            "oldest_overdue_seconds": round(swept.oldest_seconds, 3),
        },
    )
