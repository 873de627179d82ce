"""/v1/posts/batch, import and export: many posts at once, as JSON and as a spreadsheet."""

from collections import Counter
from typing import Annotated, Any

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator
from typing_extensions import TypedDict

from chalicelib.api.problem import IssueAnswer, issue_answer, status_of
from chalicelib.api.route import Answer, Call, route
from chalicelib.api.serve import read_as
from chalicelib.core.errors import CarillonError, Invalid, Issue
from chalicelib.core.post import Value
from chalicelib.service import batch
from chalicelib.service.batch import KeyedPost, Made, Outcome
from chalicelib.service.idempotency import IdempotencyMismatch

MAX_ISSUES = 20
"""Issues shown of one item: 500 times that is within what Lambda may answer, 6 MB."""


def _alone(value: Any, _handler: ValidatorFunctionWrapHandler) -> KeyedPost | Invalid:
    """What is wrong with one item is that item's own, and does not make the whole body wrong."""
    try:
        return read_as(KeyedPost, value)
    except Invalid as invalid:
        return invalid


class NewBatch(Value):
    """Up to 500 posts; each is what `POST /v1/posts` takes, with a `key` of its own."""

    posts: Annotated[
        tuple[Annotated[KeyedPost, WrapValidator(_alone)], ...], Field(min_length=1, max_length=batch.MOST)
    ]


class ItemAnswer(TypedDict):
    """What became of one item: `status` and `code` are those that it would have had alone.

    201 is a draft, 202 a post that will be published; `replayed` says that its key made it earlier.
    """

    index: int
    status: int
    code: str | None
    message: str | None
    post_id: str | None
    replayed: bool
    issues: list[IssueAnswer]


class BatchAnswer(TypedDict):
    """What became of every item, in their order, and how many had which status."""

    data: list[ItemAnswer]
    counts: dict[str, int]


@route("POST", "/v1/posts/batch", needs="posts:write", answers={200: BatchAnswer})
def create_posts(call: Call, body: NewBatch) -> Answer:
    """Create up to 500 posts, each for itself: sent again with the same keys, nothing is made twice."""
    outcomes = batch.create(
        call.world, call.workspace_id, body.posts, call.world.clock.now() - call.waited, call.caller
    )
    data = [_item(number, outcome) for number, outcome in enumerate(outcomes)]
    return Answer(200, {"data": data, "counts": counts(outcomes)})


def counts(outcomes: list[Outcome]) -> dict[str, int]:
    """How many had which status."""
    return dict(sorted(Counter(str(status(one)) for one in outcomes).items()))


def status(outcome: Outcome) -> int:
    """The status that it would have had alone."""
    if isinstance(outcome, Made):
        return 201 if outcome.draft else 202
    return 422 if isinstance(outcome, IdempotencyMismatch) else status_of(outcome)


def _item(number: int, outcome: Outcome) -> ItemAnswer:
    failed = outcome if isinstance(outcome, CarillonError) else None
    return {
        "index": number,
        "status": status(outcome),
        "code": code(failed) if failed else None,
        "message": said(failed) if failed else None,
        "post_id": outcome.post_id if isinstance(outcome, Made) else None,
        "replayed": isinstance(outcome, Made) and outcome.replayed,
        "issues": [issue_answer(one) for one in issues_in(failed)],
    }


def issues_in(error: CarillonError | None) -> list[Issue]:
    """What is wrong with one item, as far as it is shown."""
    return error.issues[:MAX_ISSUES] if isinstance(error, Invalid) else []


def code(error: CarillonError) -> str:
    """The stable name of what went wrong."""
    return str(getattr(error, "code", "validation_failed" if isinstance(error, Invalid) else "internal_error"))


def said(error: CarillonError) -> str:
    """The same for people."""
    if isinstance(error, Invalid):
        return f"{len(error.issues):,} {'things are' if len(error.issues) != 1 else 'thing is'} wrong"
    return str(error)
