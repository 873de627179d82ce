"""/v1/posts/{post_id}/review and /v1/review_policy: a second pair of eyes before a post goes out."""

from typing_extensions import TypedDict

from chalicelib.api.answers import PostAnswer, post_answer
from chalicelib.api.route import Answer, Call, route
from chalicelib.core.review import Review, ReviewPolicy, Step, Verdict
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.service import access, reading, review


class ReviewAnswer(TypedDict):
    """One step: asked for, approved, sent back, or rejected; `version` is that of the post which was read."""

    id: str
    at: str
    step: Step
    version: int
    key_id: str | None
    key_name: str | None
    comment: str | None
    scheduled_at: str | None


class ReviewsAnswer(TypedDict):
    """A post's review: whose turn it is, who cannot approve it because they wrote it, and its steps, latest first."""

    post_id: str
    version: int
    requires_approval: bool
    waits_for: str | None
    """`reviewer`, `author`, or null where nothing is waited for."""
    written_by: list[str]
    data: list[ReviewAnswer]


class ChosenReviewPolicyAnswer(TypedDict):
    """Whether every post of the workspace needs a reviewer's yes, and whether one's own will do."""

    requires_approval: bool
    self_approval: bool


@route("POST", "/v1/posts/{post_id}/review", needs="posts:review", answers={202: PostAnswer}, kept=True, audited=True)
def review_post(call: Call, post_id: str, body: Verdict) -> Answer:
    """Approve a post that waits for it, send it back to its author, or reject it for good."""
    whole = review.decide(call.world, call.workspace_id, post_id, body, call.caller)
    return Answer(202, post_answer(whole), {"ETag": f'"v{whole.post.version}"'})


@route("GET", "/v1/posts/{post_id}/review", needs="posts:read", answers={200: ReviewsAnswer})
def get_post_review(call: Call, post_id: str) -> Answer:
    """What was said of a post, by whom, and whose turn it is; the latest hundred steps."""
    whole = reading.post(call.world, call.workspace_id, post_id)
    steps = review.history(call.world, call.workspace_id, post_id)
    names = access.key_names(call.world, call.workspace_id, [one.by for one in steps if one.by])
    shown: ReviewsAnswer = {
        "post_id": post_id,
        "version": whole.post.version,
        "requires_approval": whole.post.requires_approval,
        "waits_for": review.waits_for(whole, steps),
        "written_by": list(whole.post.written_by),
        "data": [_step(one, names.get(one.by or "")) for one in steps],
    }
    return Answer(200, shown)


@route("GET", "/v1/review_policy", needs="posts:read", answers={200: ChosenReviewPolicyAnswer})
def get_review_policy(call: Call) -> Answer:
    """Whether the workspace's posts need a reviewer's yes."""
    return _policy(review.policy(call.world, call.workspace_id))


@route("PUT", "/v1/review_policy", needs="keys:write", answers={200: ChosenReviewPolicyAnswer}, audited=True)
def choose_review_policy(call: Call, body: ReviewPolicy) -> Answer:
    """Choose it, for posts that are made or edited from now on; what waits already goes on waiting."""
    return _policy(review.choose(call.world, call.workspace_id, body))


def _policy(found: ReviewPolicy) -> Answer:
    shown: ChosenReviewPolicyAnswer = {
        "requires_approval": found.requires_approval,
        "self_approval": found.self_approval,
    }
    return Answer(200, shown)


def _step(one: Review, name: str | None) -> ReviewAnswer:
    return {
        "id": one.id,
        "at": stamp(one.at),
        "step": one.step,
        "version": one.version,
        "key_id": one.by,
        "key_name": name,
        "comment": one.comment,
        "scheduled_at": stamp_of(one.scheduled_at),
    }
