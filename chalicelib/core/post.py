"""The canonical post: what to say, to whom, and when."""

import re
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from chalicelib.core.timing import in_reach

MAX_TEXT = 100_000
"""Code points a canonical text may hold; the longest network we know takes 90,000 (Weibo articles)."""

MAX_HANDLES = 60
"""Handles of one person; there are half as many networks."""

MediaKind = Literal["image", "gif", "video", "audio", "document"]
Overflow = Literal["thread", "truncate", "reject"]
LinkPlacement = Literal["auto", "inline", "first_comment", "card"]
Visibility = Literal["public", "unlisted", "followers", "private"]
LatePolicy = Literal["publish", "skip", "hold"]

Url = Annotated[str, Field(min_length=8, max_length=4096, pattern=r"^https?://[^\s]+$")]
Line = Annotated[str, Field(max_length=1000)]
Tag = Annotated[str, Field(min_length=1, max_length=140, pattern=r"^#?[^\s#]+$")]


class Value(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Link(Value):
    """The link the post is about, with its card and campaign parameters."""

    url: Url
    title: Line | None = None
    description: Line | None = None
    image_url: Url | None = None
    placement: LinkPlacement = "auto"
    utm: Annotated[dict[str, Line], Field(max_length=10)] | None = None
    """`{"source": "{platform}", "campaign": "spring"}` becomes `utm_source=…`; `{platform}` is filled in per target."""


def _without_default(schema: dict[str, Any]) -> None:
    """An empty URL stands for none, and is no URL that could be sent."""
    del schema["default"]


class Media(Value):
    """One picture, film, sound or document: by URL, with what is known about it, or by the id it has at /v1/media."""

    url: Annotated[Url, Field(json_schema_extra=_without_default)] = ""
    id: Annotated[str, Field(max_length=100, pattern=r"^med_[a-z0-9]+$")] | None = None
    """Of one that was uploaded here: everything else but `alt_text` is then read out of the file."""
    kind: MediaKind = "image"
    alt_text: Annotated[str, Field(max_length=10_000)] | None = None
    mime_type: Line | None = None
    width: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    height: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    bytes: Annotated[int, Field(gt=0, le=10**15)] | None = None
    duration_seconds: Annotated[float, Field(gt=0, le=10**9)] | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not (self.url or self.id):
            raise ValueError("needs a `url`, or the `id` of a medium that is here")
        return self


class Mention(Value):
    """Who `@key` in the text is: a plain name and, per platform, a handle, e.g. `{"key": "acme", "x": "acmehq"}`."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra={"maxProperties": MAX_HANDLES + 2})
    __pydantic_extra__: dict[str, Annotated[str, Field(min_length=1, max_length=300)]] = Field(init=False)

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^@?[^\s@]+$")]
    name: Line | None = None

    @model_validator(mode="after")
    def _has_few_handles(self) -> Self:
        if len(self.__pydantic_extra__ or {}) > MAX_HANDLES:
            raise ValueError(f"has at most {MAX_HANDLES} handles")
        return self

    def handle(self, platform: str) -> str | None:
        """The handle on `platform`, without a leading @, or None where the person has none there."""
        found = (self.__pydantic_extra__ or {}).get(platform)
        return found.removeprefix("@") if found else None


class Poll(Value):
    """A question with options; the question is the post's text unless given."""

    options: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=300)], ...], Field(min_length=2, max_length=20)
    ]
    duration_minutes: Annotated[int, Field(ge=5, le=60 * 24 * 31)] = 1440
    multiple: bool = False
    question: Line | None = None


class Labels(Value):
    """What the law or the network wants readers to know."""

    ai_generated: bool = False
    paid_partnership: bool = False


class Content(Value):
    """What the post says, independent of any network. As a target's `overrides`, only the fields given replace."""

    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    title: Line | None = None
    link: Link | None = None
    media: Annotated[tuple[Media, ...], Field(max_length=50)] = ()
    hashtags: Annotated[tuple[Tag, ...], Field(max_length=100)] = ()
    mentions: Annotated[tuple[Mention, ...], Field(max_length=100)] = ()
    poll: Poll | None = None
    first_comment: Annotated[str, Field(max_length=10_000)] | None = None
    content_warning: Line | None = None
    language: Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = None
    visibility: Visibility = "public"
    labels: Labels = Labels()
    overflow: Overflow = "thread"
    on_unsupported: Literal["warn", "reject"] = "warn"
    thread_numbering: bool = False

    def overridden(self, overrides: "Content | None") -> "Content":
        """This content with the fields that `overrides` sets explicitly."""
        if overrides is None or not overrides.model_fields_set:
            return self
        return self.model_copy(update={name: getattr(overrides, name) for name in overrides.model_fields_set})


RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def _rfc3339(value: object) -> object:
    """Refuses bare dates and numbers: of which day's hour, in seconds or milliseconds, would be a guess."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and RFC_3339.fullmatch(value):
        with suppress(ValueError):  # a 30th of February
            return datetime.fromisoformat(value.upper())
    raise ValueError("must be an RFC 3339 time such as 2026-11-22T09:00:00Z")


_TEXT = Field(json_schema_extra={"maxLength": 35})

When = Annotated[datetime, _TEXT, BeforeValidator(_rfc3339), AfterValidator(in_reach)]
"""An RFC 3339 time; a naive one is a wall-clock time and needs a `timezone` beside it."""

Instant = Annotated[AwareDatetime, _TEXT, BeforeValidator(_rfc3339), AfterValidator(in_reach)]
"""An RFC 3339 time with an offset."""


class NewTarget(Value):
    """One account the post should go to, with what is different there. A preview may name a bare `platform`."""

    account_id: Line | None = None
    platform: Line | None = None
    scheduled_at: When | None = None
    overrides: Content | None = None
    options: Annotated[dict[str, Any], Field(max_length=30)] = {}


class NewPost(Content):
    """A post as its author sends it: the content, the targets, and when. Neither time nor `publish` makes a draft.

    `publish: "next_slot"` gives it the next free slot of the publishing plan; no two posts are given the same.
    """

    targets: Annotated[tuple[NewTarget, ...], Field(min_length=1, max_length=40)]
    scheduled_at: When | None = None
    timezone: Line | None = None
    publish: Literal["now", "next_slot"] | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    late_policy: LatePolicy = "publish"
    grace_seconds: Annotated[int, Field(ge=0, le=7 * 24 * 3600)] = 300
    expires_at: When | None = None
    source_event_at: When | None = None
    """When that happened which the post is about: how fresh it is when it goes out counts for timeliness."""
    requires_approval: bool | None = None
    """Whether a reviewer has to say yes before it goes out; as the workspace has it unless told. Where it has to be so,
    only who may approve their own can do without."""

    @property
    def content(self) -> Content:
        """The content alone, with the same fields set."""
        return content_of(self)


class PostPatch(Content):
    """An edit: only the fields given change. `targets`, when given, replaces the whole list, matched by account."""

    targets: Annotated[tuple[NewTarget, ...], Field(min_length=1, max_length=40)] | None = None
    scheduled_at: When | None = None
    timezone: Line | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    late_policy: LatePolicy | None = None
    grace_seconds: Annotated[int, Field(ge=0, le=7 * 24 * 3600)] | None = None
    expires_at: When | None = None
    source_event_at: When | None = None
    requires_approval: bool | None = None


def content_of(value: Content) -> Content:
    """The content fields of a larger value, with the same ones set."""
    given = value.model_fields_set & Content.model_fields.keys()
    return Content.model_construct(given, **{name: getattr(value, name) for name in Content.model_fields})


class TargetRef(Value):
    """Where a post goes, as its author asked for it; the target's own record holds its fate."""

    id: str
    account_id: str
    platform: str
    scheduled_at: datetime | None = None
    """Its own due time, where it differs from the post's."""
    overrides: Content | None = None
    options: dict[str, Any] = {}


class Post(Value):
    """One canonical post of a workspace. Its status is derived from its targets and never stored."""

    id: str
    workspace_id: str
    version: int = 1
    """Raised by every edit; the ETag."""
    in_reply_to: str | None = None
    """The item of the inbox that it answers. Such a post is nobody's plan: scores and lists leave it out."""
    schedule_id: str | None = None
    """The schedule that made it."""
    occurrence: str | None = None
    """Which of that schedule's times it is for: the wall-clock time that its rule made, `2027-05-03T09:00:00`."""
    trace_id: str | None = None
    """The trace of the request that made it, and of everything that comes of it."""
    content: Content
    targets: tuple[TargetRef, ...]
    scheduled_at: datetime | None = None
    timezone: str | None = None
    external_id: str | None = None
    late_policy: LatePolicy = "publish"
    grace_seconds: int = 300
    expires_at: datetime | None = None
    source_event_at: datetime | None = None
    requires_approval: bool = False
    """Whether a reviewer has to say yes to what it says now; whether they have is in its targets."""
    written_by: tuple[str, ...] = ()
    """The keys that made it or changed what it says: none of them can approve it, unless the workspace allows that."""
    created_at: datetime
    updated_at: datetime
