"""How people were answered, as sums by the hour in which a wait began: what the timeliness of answers is made of.

A wait is counted once it begins, and judged when it ends, by the business hours of that moment. What needed no answer
(dismissed, taken back) is in no sum.
"""

from datetime import datetime

from chalicelib.core.business_hours import BusinessHours, open_time
from chalicelib.core.day import Waits, hour_of
from chalicelib.core.inbox import TURNS, InboxItem, Wait


def judged(wait: Wait, hours: BusinessHours) -> Waits:
    """What one wait adds to its hour. `speed` is 2^(-t / target): 1 at once, a half at the target."""
    if wait.until is None:
        return Waits(waiting=1)
    if not wait.answered:
        return Waits()
    took = open_time(hours, wait.since, wait.until)
    return Waits(answered=1, in_time=int(took <= hours.target), speed=2.0 ** -(took / hours.target))


def moved(before: InboxItem | None, after: InboxItem, hours: BusinessHours) -> dict[str, Waits]:
    """By how much the sums of which hours change where an item changes; None where it is new.

    Waits that an item no longer remembers, because its turns were too many, stay counted.
    """
    old, new = _counted(before), _counted(after)
    forgotten = _remembered_since(after)
    gone = [one for one in old - new if forgotten is None or one.since >= forgotten]
    sums: dict[str, Waits] = {}
    for sign, waits in ((-1, gone), (1, new - old)):
        for one in sorted(waits, key=lambda wait: wait.since):
            hour = hour_of(one.since)
            sums[hour] = sums.get(hour, Waits()).plus(judged(one, hours), sign)
    return {hour: total for hour, total in sums.items() if total != Waits()}


def _counted(item: InboxItem | None) -> set[Wait]:
    """The waits that an item counts for: what was taken back waits no more."""
    if item is None or item.kind is None:
        return set()
    return {one for one in item.waits if one.until or not item.removed_at}


def _remembered_since(item: InboxItem) -> datetime | None:
    """Since when an item knows all its turns, where it does not know the first any more."""
    if len(item.turns) < TURNS:
        return None
    return min(item.turns[0].at, item.waited_from or item.turns[0].at)
