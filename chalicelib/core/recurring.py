"""A schedule: one post that repeats, and how far it has come."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.core.errors import Issue
from chalicelib.core.post import Content, LatePolicy, Line, NewPost, NewTarget, Value, When, content_of
from chalicelib.core.recurrence import MOST_TIMES, Mark, Occurrence, Order, Recurrence, variation
from chalicelib.core.recurrence_words import recurrence

AHEAD = timedelta(days=14)
"""How long before it is due an occurrence becomes a post."""
MOST_AHEAD = 50
"""Posts of one schedule that lie ahead at most: half a day of one that repeats every 15 minutes."""
SOON = timedelta(minutes=1)
"""What is due within this goes out as it is, whatever becomes of its schedule: to make it anew might be too late."""
REMEMBERED = 50
"""Lines that a schedule keeps of each thing it tells."""

State = Literal["active", "paused"]
Text = Annotated[str, Field(max_length=40)]


class TemplateTarget(Value):
    """One account that every post goes to, with what is different there."""

    account_id: Line
    overrides: Content | None = None
    options: dict[str, Any] = Field(default_factory=dict, max_length=30)


class PostTemplate(Content):
    """What is posted every time: a post without its time."""

    targets: Annotated[tuple[TemplateTarget, ...], Field(min_length=1, max_length=40)]
    external_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    late_policy: LatePolicy = "publish"
    grace_seconds: Annotated[int, Field(ge=0, le=7 * 24 * 3600)] = 300
    requires_approval: bool = False
    """Whether each of them needs a reviewer's yes, even where the workspace asks for none."""


class Exemption(Value):
    """A time of the rule, or a day with all its times, that is left out; or a time that is moved to another."""

    at: Text
    moved_to: Text | None = None


Rule = Annotated[str, Field(min_length=1, max_length=1000)]
Count = Annotated[int, Field(ge=1, le=MOST_TIMES)]
Exemptions = Annotated[tuple[Exemption, ...], Field(max_length=200)]
Variations = Annotated[tuple[Content, ...], Field(max_length=50)]


class NewSchedule(Value):
    """A post that repeats by a rule of RFC 5545, at wall-clock times of its zone from `starts_at` on.

    `variations` are used in turn, or shuffled, each over the post's own content.
    """

    name: Line | None = None
    rule: Rule
    timezone: Line
    starts_at: When
    until: Text | None = None
    count: Count | None = None
    exceptions: Exemptions = ()
    post: PostTemplate
    variations: Variations = ()
    order: Order = "in_turn"

    @property
    def recurrence(self) -> Recurrence:
        """When; Invalid with everything that is wrong with it."""
        exceptions = tuple((one.at, one.moved_to) for one in self.exceptions)
        return recurrence(self.rule, self.timezone, self.starts_at, self.until, self.count, exceptions)

    def said(self, number: int | None) -> Content:
        """What is said with the variation of this number."""
        return content_of(self.post).overridden(None if number is None else self.variations[number])

    def new_post(self, number: int | None, at: datetime | None = None) -> NewPost:
        """The post with the variation of this number, as if its author had sent it."""
        said, post = self.said(number), self.post
        targets = tuple(
            NewTarget(account_id=one.account_id, overrides=one.overrides, options=one.options) for one in post.targets
        )
        fields: dict[str, Any] = {name: getattr(said, name) for name in said.model_fields_set}
        return NewPost(
            **fields,
            targets=targets,
            scheduled_at=at,
            timezone=self.timezone,
            external_id=post.external_id,
            late_policy=post.late_policy,
            grace_seconds=post.grace_seconds,
            requires_approval=True if post.requires_approval else None,
        )


class SchedulePatch(Value):
    """An edit: only the fields given change, each as a whole. `state` pauses and resumes."""

    name: Line | None = None
    rule: Rule | None = None
    timezone: Line | None = None
    starts_at: When | None = None
    until: Text | None = None
    count: Count | None = None
    exceptions: Exemptions | None = None
    post: PostTemplate | None = None
    variations: Variations | None = None
    order: Order | None = None
    state: State | None = None


class Schedule(Value):
    """A schedule of a workspace, as its author wants it."""

    id: str
    workspace_id: str
    version: int
    """Raised by every edit; the ETag, and part of what makes the ids of its posts."""
    state: State
    wanted: NewSchedule
    written_by: tuple[str, ...] = ()
    """The keys that made or changed it, and so write its posts."""
    created_at: datetime
    updated_at: datetime

    def variation(self, number: int) -> int | None:
        """The variation of the occurrence of this number."""
        return variation(number, len(self.wanted.variations), self.wanted.order, self.id)


@dataclass(frozen=True, slots=True)
class Ahead:
    """An occurrence that the machine has come to: with a post, with what stood in its way, or left to a person."""

    wall: datetime
    at: datetime
    number: int
    post_id: str | None = None
    issues: tuple[Issue, ...] = ()

    @classmethod
    def of(cls, one: Occurrence, post_id: str | None = None) -> "Ahead":
        """The occurrence."""
        return cls(one.wall, one.at, one.number, post_id)


@dataclass(frozen=True, slots=True)
class Kept:
    """An instant at which there is to be no other post: one is about to go out, or a person has decided about it."""

    at: datetime
    post_id: str


@dataclass(frozen=True, slots=True)
class Missed:
    """An occurrence that passed while nobody looked. It is not published late."""

    wall: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a schedule's history."""

    at: datetime
    type: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a schedule has come. Every post is written in one go with the progress that it is."""

    schedule_id: str
    workspace_id: str
    version: int
    """Of the schedule that it is the progress of."""
    mark: Mark
    """In front of the first occurrence that the machine has not come to."""
    look_at: datetime | None = None
    """When the machine has to look at it again."""
    ahead: tuple[Ahead, ...] = ()
    """What has been come to and is not past, in order."""
    doomed: tuple[Kept, ...] = ()
    """Posts of an earlier version, still to be deleted."""
    kept: tuple[Kept, ...] = ()
    missed: tuple[Missed, ...] = ()
    problems: tuple[Ahead, ...] = ()
    """Occurrences that passed without a post, because it could not be composed."""
    history: tuple[Entry, ...] = ()
    over: bool = False
    """The rule makes nothing more."""
    gone: bool = False
    """The schedule was deleted; this is here until its posts are."""
    rev: int = 0

    def noted(self, now: datetime, type: str, detail: str | None = None) -> "Progress":
        """With a line in its history."""
        return replace(self, history=(*self.history, Entry(now, type, detail))[-REMEMBERED:])

    def at(self, now: datetime) -> "Progress":
        """Without what is past; problems that nobody solved in time are remembered."""
        unsolved = tuple(one for one in self.ahead if one.at <= now and one.issues)
        return replace(
            self,
            ahead=tuple(one for one in self.ahead if one.at > now),
            kept=tuple(one for one in self.kept if one.at > now - AHEAD),
            problems=(*self.problems, *unsolved)[-REMEMBERED:],
        )

    def having(self, one: Ahead) -> "Progress":
        """With what became of an occurrence, in the place of what was known of it."""
        others = [other for other in self.ahead if other.wall != one.wall]
        return replace(self, ahead=tuple(sorted([*others, one], key=lambda each: each.at)))

    def missing(self, missed: list[Occurrence], now: datetime) -> "Progress":
        """Having missed these, which its history tells."""
        if not missed:
            return self
        first, last = missed[0].wall.isoformat(), missed[-1].wall.isoformat()
        told = f"{len(missed)} from {first} to {last}" if len(missed) > 1 else first
        lines = [Missed(one.wall, one.at) for one in missed]
        return replace(self, missed=(*self.missed, *lines)[-REMEMBERED:]).noted(now, "missed", told)

    def behind(self, one: Occurrence) -> "Progress":
        """Having come to the occurrence."""
        return replace(self, mark=one.behind)

    def keeps(self, at: datetime) -> Kept | None:
        """What stands in the way of a post at that instant."""
        return next((one for one in self.kept if one.at == at), None)
