"""Who waits, and how people were answered: written in one go with what they said, on the day on which a wait began."""

from collections import defaultdict

from chalicelib.core.day import Day, Waits, begin_of
from chalicelib.core.inbox import InboxItem
from chalicelib.core.waits import moved
from chalicelib.ports import Key, Put, World
from chalicelib.service import business_hours, engaged


def puts(world: World, workspace_id: str, before: InboxItem, after: InboxItem) -> list[Put]:
    """The writes of the days on which an item's waits began, where it changes from one to the other."""
    days: dict[Key, dict[str, Waits]] = defaultdict(dict)
    for hour, waits in moved(before, after, business_hours.of(world, workspace_id)).items():
        days[engaged.day_key(workspace_id, before.account_id, begin_of(hour))][hour] = waits
    found = {item.key: item for item in world.table.get_many(sorted(days))} if days else {}

    def put(key: Key) -> Put:
        item = found.get(key)
        day, rev = (engaged.day_of(item), item.rev) if item else (Day(), 0)
        return Put(engaged.day_item(key, day.answering(days[key]), rev), expect=rev)

    return [put(key) for key in days]
