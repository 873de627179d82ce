"""Make the posts of schedules, ahead of their time, each exactly once.

Once an hour, and when somebody has just made or changed a schedule. A post is written in one transaction with the
progress that it is, on condition that nobody wrote that progress since it was read: so whoever dies leaves nothing
half done, of two who look at once one is overtaken, and who changes, pauses or deletes a schedule overtakes whoever is
making its posts.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.errors import Conflict, Invalid, Issue, NotFound, Refused, Stale
from chalicelib.core.recurrence import Occurrence, occurrences
from chalicelib.core.recurring import AHEAD, MOST_AHEAD, SOON, Ahead, Kept, Progress, Schedule
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.ports import Delete, Found, World
from chalicelib.service import compose, idempotency, journal, reading, records
from chalicelib.service.compose import Occasion

log = logging.getLogger(__name__)

RUN = timedelta(seconds=240)
"""How long a run begins to look; its function's time-out is a minute later."""
LOOK = timedelta(seconds=30)
"""How long a look begins to make posts: one schedule of long posts to many accounts is not to hold up all others."""
MOST_ISSUES = 5
"""Issues that are kept of an occurrence that could not be composed."""
MOST_LETTERS = 200
"""What is kept of the words of each: a hundred occurrences' must fit into one row."""


def recur(world: World) -> Counter[str]:
    """Look at every schedule whose turn it is, as many as one run can; what came of it all."""
    end, outcomes = world.clock.now() + RUN, Counter[str]()
    for row in sorted(_due(world), key=lambda one: one.at.sk):
        if world.clock.now() >= end:
            outcomes["left"] += 1
            continue
        outcomes["looked"] += 1
        _, workspace_id = row.key.pk.split("#")
        try:
            outcomes += look(world, workspace_id, row.key.sk.removeprefix(records.PROGRESS_PREFIX))
        except Exception:
            log.exception("not_recurred", extra={"schedule": row.key.sk})
            outcomes["failed"] += 1
    journal.line("recurred", **outcomes)
    return outcomes


def look(world: World, workspace_id: str, schedule_id: str, most: int = MOST_AHEAD) -> Counter[str]:
    """Delete the posts that a change of the schedule has left behind, then make those whose time has come."""
    keys = [records.schedule_key(workspace_id, schedule_id), records.progress_key(workspace_id, schedule_id)]
    rows = {item.key: item for item in world.table.get_many(keys)}
    if keys[1] not in rows:
        return Counter()
    look = _Look(world, records.progress_of(rows[keys[1]]), milliseconds(world.clock.now()))
    schedule = records.schedule_of(rows[keys[0]]) if keys[0] in rows else None
    try:
        look.clear(anew=schedule is not None and schedule.state == "active")
        if look.progress.gone:
            world.table.write(Delete(keys[1], expect=look.progress.rev))
        elif schedule and schedule.version == look.progress.version:
            look.go_on(schedule, most)
    except Stale:
        look.outcomes["overtaken"] += 1
    return look.outcomes


def _due(world: World) -> Iterator[Found]:
    end = stamp(world.clock.now()) + records.BEHIND_EVERY_ID
    for shard in records.RECUR_SHARD_NAMES:
        last: Found | None = None
        while page := world.table.opened(shard, end=end, after=last):
            yield from page
            last = page[-1]


@dataclass
class _Look:
    """One look at one schedule. What has become of it is written with the next post, or at the end."""

    world: World
    progress: Progress
    now: datetime

    def __post_init__(self) -> None:
        self.outcomes = Counter[str]()

    def clear(self, *, anew: bool) -> None:
        """Delete what an earlier version has made, to be made `anew` or not.

        A post that is about to go out then stays, and is the only one of its time: so is one whose time has come since.
        """
        if not self.progress.doomed:
            return
        late = self.now + SOON
        kept = [
            one
            for one in self.progress.doomed
            if not (self._is_gone(one) if anew and one.at <= late else self._is_deleted(one))
        ]
        self.progress = replace(self.progress, doomed=(), kept=(*self.progress.kept, *kept))
        self._write()

    def go_on(self, schedule: Schedule, most: int) -> None:
        """Make what is to be made now."""
        before = self.progress
        self.progress = before.at(self.now)
        look_at = None
        if schedule.state == "active":
            for unsolved in [one for one in self.progress.ahead if one.issues]:
                if not self._is_late():
                    self._make(schedule, unsolved, self.progress)
            look_at = self._go_on(schedule, most)
        self.progress = replace(self.progress, look_at=look_at)
        if self.progress != before:
            self._write()

    def _go_on(self, schedule: Schedule, most: int) -> datetime | None:
        """Come to every occurrence whose time has come; when to look again."""
        missed, retry = list[Occurrence](), None
        for one in occurrences(schedule.wanted.recurrence, self.progress.mark):
            if one.at <= self.now:
                missed += [] if self.progress.keeps(one.at) else [one]
                self.progress = self.progress.behind(one)
                continue
            self._tell(missed)
            full = self.outcomes["made"] >= most or len(self.progress.ahead) >= MOST_AHEAD or self._is_late()
            if full or one.at > self.now + AHEAD:
                retry = self.now if full else one.at - AHEAD
                break
            self._come_to(schedule, one)
        else:
            self._tell(missed)
            if not self.progress.over:
                self.progress = replace(self.progress, over=True).noted(self.now, "ended")
        unsolved = any(each.issues for each in self.progress.ahead)
        return self.now if unsolved else retry

    def _is_late(self) -> bool:
        return self.world.clock.now() >= self.now + LOOK

    def _come_to(self, schedule: Schedule, one: Occurrence) -> None:
        progress = self.progress.behind(one)
        if kept := progress.keeps(one.at):
            self.progress = progress.having(Ahead.of(one, kept.post_id))
            self.outcomes["kept"] += 1
        else:
            self._make(schedule, Ahead.of(one), progress)

    def _make(self, schedule: Schedule, one: Ahead, progress: Progress) -> None:
        """Make the post of an occurrence, or remember what stands in its way."""
        name = one.wall.isoformat()
        seed = idempotency.seed(schedule.workspace_id, f"{schedule.id}\n{schedule.version}\n{name}")
        made = progress.having(replace(one, post_id=f"post_{seed}", issues=()))
        occasion = Occasion(schedule.id, name, records.put_progress(made), schedule.written_by)
        new = schedule.wanted.new_post(schedule.variation(one.number), one.at)
        try:
            compose.create(self.world, schedule.workspace_id, new, seed, occasion)
        except Stale:
            raise
        except Exception as failure:
            issues = _issues(failure)
            self.outcomes["problems"] += 1
            if issues != one.issues:
                progress = progress.noted(self.now, "problem", f"{name}: {issues[0].message}")
            self.progress = progress.having(replace(one, issues=issues))
            return
        self.progress = replace(made, rev=made.rev + 1)
        self.outcomes["made"] += 1

    def _tell(self, missed: list[Occurrence]) -> None:
        """Report what passed while nobody looked."""
        self.progress = self.progress.missing(missed, self.now)
        self.outcomes["missed"] += len(missed)
        missed.clear()

    def _is_gone(self, one: Kept) -> bool:
        """Whether somebody who died since has deleted the post already: nothing of it will go out, or has."""
        return not reading.wholes(self.world, self.progress.workspace_id, [one.post_id])

    def _is_deleted(self, one: Kept) -> bool:
        """Delete a post, or find it deleted; not where it is out or just going out."""
        try:
            compose.delete(self.world, self.progress.workspace_id, one.post_id)
        except NotFound:
            return True
        except Conflict:
            self.outcomes["kept"] += 1
            return False
        self.outcomes["deleted"] += 1
        return True

    def _write(self) -> None:
        self.world.table.write(records.put_progress(self.progress))
        self.progress = replace(self.progress, rev=self.progress.rev + 1)


def _issues(failure: Exception) -> tuple[Issue, ...]:
    """What stood in the way. Whatever it was, it must not stand in the way of the occurrences behind it."""
    if isinstance(failure, Invalid):
        return tuple(map(_short, [one for one in failure.issues if one.severity == "error"][:MOST_ISSUES]))
    if isinstance(failure, Refused):
        return (Issue(failure.code, "error", "", str(failure)),)
    log.error("not_composed", exc_info=failure)
    return (Issue("internal_error", "error", "", "something went wrong here; it is tried again every hour"),)


def _short(issue: Issue) -> Issue:
    path, message = (
        text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…" for text in (issue.path, issue.message)
    )
    return replace(issue, path=path, message=message)
