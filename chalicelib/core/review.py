"""Reviews: when a post needs a second pair of eyes, whose they may be, and what they have said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.core.errors import Forbidden
from chalicelib.core.post import Post, Value

Decision = Literal["approve", "request_changes", "reject"]
Step = Literal["requested", "approved", "changes_requested", "rejected"]
STEPS: dict[Decision, Step] = {"approve": "approved", "request_changes": "changes_requested", "reject": "rejected"}
"""What the history says of each decision."""


class ReviewPolicy(Value):
    """Whether all posts of a workspace need a reviewer's yes, and whether that may be their author's own."""

    requires_approval: bool = False
    self_approval: bool = False


class Verdict(Value):
    """What a reviewer says of a post: of the `version` that they have read, or of that which is there now."""

    decision: Decision
    comment: Annotated[str, Field(max_length=2000)] | None = None
    version: Annotated[int, Field(ge=1)] | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """One step of a post's review: it was asked for, or decided."""

    id: str
    at: datetime
    step: Step
    version: int
    """Of the post: what was read."""
    by: str | None
    """The key that asked or decided; None for what a schedule or the operator made."""
    comment: str | None = None
    scheduled_at: datetime | None = None
    """When the first of its targets that waited was due."""


def needs(policy: ReviewPolicy, wish: bool | None, before: bool, may_waive: bool) -> bool | None:
    """Whether a post needs a reviewer's yes; None where its author wishes that it did not, and may not.

    `before` is whether it needed one before it was edited: only who may approve their own takes that back.
    """
    needed = policy.requires_approval or before
    if wish is False and needed:
        return False if may_waive else None
    return needed if wish is None else wish


def check_four_eyes(policy: ReviewPolicy, post: Post, key_id: str) -> None:
    """Forbidden where the key wrote something of what the post says, and nobody approves their own here."""
    if key_id in post.written_by and not policy.self_approval:
        raise Forbidden("this key wrote the post: another one has to approve it", "own_post")
