"""Schedules: make, show, change and delete posts that repeat. Their posts are made by `recur`."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from chalicelib.core.errors import Invalid, Issue, NotFound, Stale
from chalicelib.core.recurrence import Recurrence, flaws, occurrences, reached
from chalicelib.core.recurring import Ahead, Kept, NewSchedule, Progress, Schedule, SchedulePatch
from chalicelib.core.timing import milliseconds, resolve
from chalicelib.ports import Delete, Item, World
from chalicelib.service import reading, records, schedule
from chalicelib.service.reading import Page

log = logging.getLogger(__name__)

FARTHEST = timedelta(days=5 * 366)
AT_ONCE = 10
"""Posts that are made while somebody waits, the soonest; enough until the cron comes."""
CLEARABLE = frozenset({"name", "until", "count"})
"""What an edit may take away."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A schedule and how far it has come."""

    schedule: Schedule
    progress: Progress

    @property
    def state(self) -> str:
        """`ended` where nothing more will come of it."""
        return "ended" if self.progress.over and not self.progress.ahead else self.schedule.state


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One time of a schedule that is still to come."""

    wall: datetime
    """The time that the rule made: its name."""
    local: datetime
    """By the wall clock, with its offset; another one where it was moved, or does not exist."""
    at: datetime
    note: str | None
    variation: int | None
    moved: bool = False
    post_id: str | None = None
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come of a schedule, and what is worth knowing about it."""

    upcoming: list[Upcoming]
    issues: list[Issue]


def create(
    world: World, workspace_id: str, new: NewSchedule, seed: str | None = None, by: str | None = None
) -> Standing:
    """Store a schedule and make its first posts. The same `seed` makes the same schedule once."""
    now = milliseconds(world.clock.now())
    _checked(world, workspace_id, new, now)
    schedule_id = f"sch_{seed or world.chance.token().lower()}"
    made = Schedule(
        id=schedule_id,
        workspace_id=workspace_id,
        version=1,
        state="active",
        wanted=new,
        written_by=(by,) if by else (),
        created_at=now,
        updated_at=now,
    )
    mark = reached(new.recurrence, now)
    progress = Progress(schedule_id, workspace_id, 1, mark, look_at=now).noted(now, "created")
    try:
        world.table.write(records.put_schedule(made), records.put_progress(progress))
    except Stale:
        if seed is None:
            raise
    return _set_going(world, workspace_id, schedule_id)


def get(world: World, workspace_id: str, schedule_id: str) -> Standing:
    """The schedule; NotFound where this workspace has none of that id."""
    keys = [records.schedule_key(workspace_id, schedule_id), records.progress_key(workspace_id, schedule_id)]
    items = world.table.get_many(keys)
    if len(items) < len(keys):
        raise NotFound(f"there is no schedule {schedule_id}")
    return Standing(records.schedule_of(items[0]), _by_now(world, items[1]))


def page(world: World, workspace_id: str, limit: int = 20, cursor: str | None = None) -> Page[Standing]:
    """The workspace's schedules, oldest first."""
    prefix = records.SCHEDULE_PREFIX
    after = f"{prefix}{cursor}" if cursor else ""
    items = world.table.items(records.workspace_pk(workspace_id), prefix, limit=limit + 1, after=after)
    found = [records.schedule_of(item) for item in items[:limit]]
    rows = world.table.get_many([records.progress_key(workspace_id, one.id) for one in found])
    progress = {one.schedule_id: one for one in (_by_now(world, row) for row in rows)}
    standing = [Standing(one, progress[one.id]) for one in found if one.id in progress]
    return Page(standing, found[-1].id if len(items) > limit else None)


def preview(world: World, workspace_id: str, new: NewSchedule, limit: int) -> Preview:
    """What would come of a schedule that is made now, without storing anything."""
    now = milliseconds(world.clock.now())
    issues = _checked(world, workspace_id, new, now)
    recurrence = new.recurrence
    would = Schedule(
        id="", workspace_id=workspace_id, version=1, state="active", wanted=new, created_at=now, updated_at=now
    )
    found = islice(occurrences(recurrence, reached(recurrence, now)), limit)
    return Preview([_upcoming(would, recurrence, Ahead.of(one)) for one in found], issues)


def upcoming(world: World, standing: Standing, after: datetime | None = None) -> Iterator[Upcoming]:
    """What is still to come of a schedule, in order, behind the time of this name. Of one that is paused: nothing."""
    recurrence, now = standing.schedule.wanted.recurrence, world.clock.now()
    for one in _to_come(standing, recurrence):
        if one.at > now and (after is None or one.wall > after):
            yield _upcoming(standing.schedule, recurrence, one)


def edit(
    world: World,
    workspace_id: str,
    schedule_id: str,
    patch: SchedulePatch,
    if_version: int | None = None,
    by: str | None = None,
) -> Standing:
    """Change a schedule, and the posts that it has made and that are not out.

    They are deleted and made anew. One that is about to go out stays, and so does what a person has decided about one:
    there is no second post at its time.
    """
    schedule.in_spite_of_the_machine(lambda: _edit(world, workspace_id, schedule_id, patch, if_version, by))
    return _set_going(world, workspace_id, schedule_id)


def delete(
    world: World, workspace_id: str, schedule_id: str, *, keep_posts: bool = False, if_version: int | None = None
) -> None:
    """Forget a schedule, and its posts that are not out unless these are to stay."""
    schedule.in_spite_of_the_machine(lambda: _delete(world, workspace_id, schedule_id, keep_posts, if_version))
    _look(world, workspace_id, schedule_id)


def _edit(
    world: World, workspace_id: str, schedule_id: str, patch: SchedulePatch, if_version: int | None, by: str | None
) -> None:
    old = get(world, workspace_id, schedule_id)
    _require_version(old, if_version)
    now = milliseconds(world.clock.now())
    wanted = _patched(old.schedule.wanted, patch)
    state = patch.state or old.schedule.state
    only_stops = state == "paused" and patch.model_fields_set == {"state"}
    if not only_stops:  # what is wrong by now must not keep anybody from stopping it
        _checked(world, workspace_id, wanted, now)
    version = old.schedule.version + 1
    writers = tuple(dict.fromkeys((*old.schedule.written_by, *([by] if by else []))))
    new = old.schedule.model_copy(
        update={"version": version, "state": state, "wanted": wanted, "written_by": writers, "updated_at": now},
    )
    progress = _told_of_missed(old, now)
    doomed, kept = _divided(world, progress)
    number = min([one.number for one in progress.ahead], default=progress.mark.number)
    progress = replace(
        progress,
        version=version,
        mark=reached(wanted.recurrence, now, number),
        look_at=now,
        ahead=(),
        doomed=(*progress.doomed, *doomed),
        kept=tuple(dict.fromkeys((*progress.kept, *kept))),
        over=False,
    )
    world.table.write(records.put_schedule(new), records.put_progress(progress.noted(now, *_told(old, patch))))


def _told_of_missed(old: Standing, now: datetime) -> Progress:
    """How far it has come by now, with what passed while nobody looked: behind an edit nobody would find it."""
    progress = old.progress.at(now)
    if old.schedule.state != "active":
        return progress
    had = {one.at for one in (*progress.doomed, *progress.kept)}
    passed = takewhile(lambda one: one.at <= now, occurrences(old.schedule.wanted.recurrence, progress.mark))
    return progress.missing([one for one in passed if one.at not in had], now)


def _delete(world: World, workspace_id: str, schedule_id: str, keep_posts: bool, if_version: int | None) -> None:
    old = get(world, workspace_id, schedule_id)
    _require_version(old, if_version)
    gone = Delete(records.schedule_key(workspace_id, schedule_id), expect=old.schedule.version)
    now = milliseconds(world.clock.now())
    progress = old.progress.at(now)
    made = [one for one in progress.kept if one.at > now]
    made += [Kept(one.at, one.post_id) for one in progress.ahead if one.post_id]
    doomed = tuple(dict.fromkeys((*progress.doomed, *([] if keep_posts else made))))
    world.table.write(gone, records.put_progress(replace(progress, doomed=doomed, ahead=(), gone=True, look_at=now)))


def _divided(world: World, progress: Progress) -> tuple[list[Kept], list[Kept]]:
    """The posts that lie ahead: those that follow an edit, and those that a person has decided about."""
    doomed, kept = list[Kept](), list[Kept]()
    for one in progress.ahead:
        if one.post_id:
            untouched = _is_untouched(world, progress.workspace_id, one.post_id)
            (doomed if untouched else kept).append(Kept(one.at, one.post_id))
    return doomed, kept


def _is_untouched(world: World, workspace_id: str, post_id: str) -> bool:
    """Whether nobody has edited, cancelled, held or deleted the post: each of these raises a version."""
    try:
        whole = reading.post(world, workspace_id, post_id)
    except NotFound:
        return False
    return whole.post.version == 1 and all(target.version == 1 for target in whole.targets)


def _by_now(world: World, row: Item) -> Progress:
    """The progress in a row, without what has passed since it was written: when all is made, nobody looks again."""
    return records.progress_of(row).at(world.clock.now())


def _set_going(world: World, workspace_id: str, schedule_id: str) -> Standing:
    _look(world, workspace_id, schedule_id)
    return get(world, workspace_id, schedule_id)


def _look(world: World, workspace_id: str, schedule_id: str) -> None:
    """Do now what cannot wait for the cron; which does it where this fails."""
    from chalicelib.service.recur import look  # with all of adaptation: not before it is needed

    try:
        look(world, workspace_id, schedule_id, AT_ONCE)
    except Exception:
        log.exception("not_looked_at_once")


def _checked(world: World, workspace_id: str, new: NewSchedule, now: datetime) -> list[Issue]:
    """What is worth knowing about a schedule; Invalid with everything wrong where anything is."""
    from chalicelib.service import compose

    issues: list[Issue] = []
    try:
        recurrence = new.recurrence
    except Invalid as wrong:
        issues += wrong.issues
    else:
        issues += flaws(recurrence)
        if all(issue.severity != "error" for issue in issues):
            issues += _ahead(recurrence, now)
    for number in range(len(new.variations)) if new.variations else (None,):
        issues += [
            replace(issue, path=_path(new, number, issue.path))
            for issue in compose.check(world, workspace_id, new.new_post(number))
        ]
    if any(issue.severity == "error" for issue in issues):
        raise Invalid(list(dict.fromkeys(issues)))
    return list(dict.fromkeys(issues))


def _ahead(recurrence: Recurrence, now: datetime) -> list[Issue]:
    """What is wrong with when a schedule begins or has ended."""
    if next(occurrences(recurrence, reached(recurrence, now)), None) is None:
        return [Issue("nothing_ahead", "error", "rule", "makes nothing any more: all of it has passed")]
    if recurrence.starts_at > (now + FARTHEST).replace(tzinfo=None):
        return [Issue("too_far_ahead", "error", "starts_at", "is more than five years ahead")]
    return []


def _path(new: NewSchedule, number: int | None, path: str) -> str:
    """Where in a schedule the thing is that is wrong with one of its posts."""
    if path in ("timezone", "scheduled_at"):
        return path
    name = path.partition(".")[0].partition("[")[0]
    own = number is not None and name in new.variations[number].model_fields_set
    return f"variations[{number}].{path}" if own else f"post.{path}"


def _patched(old: NewSchedule, patch: SchedulePatch) -> NewSchedule:
    given = {name: getattr(patch, name) for name in patch.model_fields_set - {"state"}}
    changes = {name: value for name, value in given.items() if value is not None or name in CLEARABLE}
    return NewSchedule(**{**{name: getattr(old, name) for name in old.model_fields_set}, **changes})


def _told(old: Standing, patch: SchedulePatch) -> tuple[str, str | None]:
    """What an edit is called in the history, and what it changed."""
    changed = ", ".join(sorted(patch.model_fields_set - {"state"})) or None
    if patch.state and patch.state != old.schedule.state:
        return ("paused" if patch.state == "paused" else "resumed"), changed
    return "edited", changed


def _to_come(standing: Standing, recurrence: Recurrence) -> Iterator[Ahead]:
    yield from standing.progress.ahead
    if standing.schedule.state == "active":
        yield from (Ahead.of(one) for one in occurrences(recurrence, standing.progress.mark))


def _upcoming(of: Schedule, recurrence: Recurrence, one: Ahead) -> Upcoming:
    meant = recurrence.moved.get(one.wall, one.wall)
    return Upcoming(
        one.wall,
        one.at.astimezone(recurrence.zone),
        one.at,
        resolve(meant, recurrence.zone).note,
        of.variation(one.number),
        meant != one.wall,
        one.post_id,
        one.issues,
    )


def _require_version(found: Standing, if_version: int | None) -> None:
    if if_version is not None and if_version != found.schedule.version:
        raise Stale(f"the schedule is at version {found.schedule.version}", "precondition_failed")
