"""A week's goal that will not be reached unless somebody does something."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.plan import PlannedWeek


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What is missing of a week's goal."""

    scope: str
    """`workspace` or `account#<id>`, where the account has a plan of its own."""
    week: datetime
    """The week's start."""
    at: datetime
    """When it was found."""
    least: int
    published: int
    scheduled: int
    """Posts that will go out before the week is over, unless somebody stops them."""

    @property
    def missing(self) -> int:
        """Posts that nobody has written yet."""
        return self.least - self.published - self.scheduled


def at_risk(scope: str, week: PlannedWeek, published: int, scheduled: int, now: datetime) -> AtRisk | None:
    """What is missing; None where nothing is, or where there is time enough to care.

    There is while the week's first half lasts, and as long as more of its times lie ahead than are needed.
    """
    found = AtRisk(scope, week.start, now, week.least, published, scheduled)
    ahead = sum(1 for one in week.occurrences if one.at > now)
    in_time = now < week.start + (week.end - week.start) / 2 and ahead >= found.missing + scheduled
    return None if found.missing <= 0 or in_time else found
