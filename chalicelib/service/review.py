"""Reviews: ask for a second pair of eyes, take their verdict, and show what was said.

W#<workspace>             REVIEW_POLICY             whether every post needs a yes, and whether one's own will do
P#<workspace>#<post>      REVIEW#<instant>#<id>     one step: asked for, approved, sent back, rejected

Whether a target may go out lies in its own row (`Target.unapproved`), where the publisher reads it anyway; the steps
are the history, and the table's stream tells them to webhooks. A step is written in one go with the targets that it is
about, on condition that nobody wrote these first: of an approval and an edit at the same moment, one comes second, and
sees the other.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from chalicelib.core import publishing
from chalicelib.core.errors import Conflict, Stale
from chalicelib.core.post import Post
from chalicelib.core.review import STEPS, Decision, Review, ReviewPolicy, Step, Verdict, check_four_eyes
from chalicelib.core.target import EDITABLE, State, Target
from chalicelib.core.timing import milliseconds, stamp
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import journal, reading, records, schedule
from chalicelib.service.access import Caller
from chalicelib.service.reading import Whole

SCOPE = "posts:review"
SHOWN = 100
"""Steps of one post that are shown, the latest."""
AT_ONCE = 50

MOVES: dict[Decision, Callable[[Target, str, datetime], Target]] = {
    "approve": publishing.approved,
    "request_changes": publishing.sent_back,
    "reject": publishing.rejected,
}


def policy(world: World, workspace_id: str) -> ReviewPolicy:
    """What the workspace has chosen; nobody reviews anything where it has not."""
    return policy_in(world.table.get(policy_key(workspace_id)))


def policy_in(item: Item | None) -> ReviewPolicy:
    """The policy in the row of `policy_key`."""
    return records.from_doc(ReviewPolicy, item.doc) if item else ReviewPolicy()


def choose(world: World, workspace_id: str, chosen: ReviewPolicy) -> ReviewPolicy:
    """Let this hold, for posts that are made or edited from now on."""
    world.table.write(Put(Item(policy_key(workspace_id), records.to_doc(chosen)), expect=None))
    return chosen


def may_waive(chosen: ReviewPolicy, caller: Caller | None) -> bool:
    """Whether a caller may do without a review of what they write: that is to approve their own."""
    return caller is not None and chosen.self_approval and caller.may(SCOPE)


def requested(
    world: World, post: Post, old: Iterable[Target], new: Iterable[Target], by: str | None, now: datetime
) -> list[Put]:
    """The step to write with targets of which some begin to wait for a yes, or for one to another version."""
    waited = {(one.id, one.unapproved) for one in old if one.state is State.PENDING_APPROVAL}
    waiting = [one for one in new if one.state is State.PENDING_APPROVAL]
    if all((one.id, one.unapproved) in waited for one in waiting):
        return []
    return [_put(world, post, "requested", waiting, by, None, now)]


def decide(world: World, workspace_id: str, post_id: str, verdict: Verdict, caller: Caller) -> Whole:
    """Take a reviewer's verdict on everything of the post that waits for one.

    Raises Conflict where nothing does, or where the post was edited since the reviewer read it: also when that happened
    while the verdict was on its way. Forbidden where they wrote it themselves and may not approve their own.
    """
    seen = verdict.version or records.load_post(world.table, workspace_id, post_id).version
    return schedule.in_spite_of_the_machine(lambda: _decided(world, workspace_id, post_id, verdict, seen, caller))


def _decided(world: World, workspace_id: str, post_id: str, verdict: Verdict, seen: int, caller: Caller) -> Whole:
    whole, now = reading.post(world, workspace_id, post_id), milliseconds(world.clock.now())
    waiting = [one for one in whole.targets if one.unapproved is not None and one.state in EDITABLE]
    if not waiting:
        raise Conflict(
            f"the post is {whole.status}: nothing of it waits for a reviewer", "nothing_to_review", whole.status
        )
    if whole.post.version != seen:
        raise Conflict(
            f"the post was edited since: it is at version {whole.post.version}", "edited_since", whole.status
        )
    if any(one.unapproved != seen for one in waiting):
        raise Stale("the post was edited while it was read")
    if verdict.decision == "approve":
        check_four_eyes(policy(world, workspace_id), whole.post, caller.key_id)
    moved = [MOVES[verdict.decision](one, caller.key_id, now) for one in waiting]
    step = _put(world, whole.post, STEPS[verdict.decision], waiting, caller.key_id, verdict.comment, now)
    written = {one.id: one for one in schedule.commit(world, moved, step)}
    journal.line("reviewed", **journal.ids_of(whole.post), decision=verdict.decision, version=seen)
    return Whole(whole.post, tuple(written.get(one.id, one) for one in whole.targets))


def history(world: World, workspace_id: str, post_id: str) -> list[Review]:
    """The latest steps of a post's review, the latest first."""
    rows = world.table.items(records.post_pk(workspace_id, post_id), records.REVIEW_PREFIX, limit=SHOWN, reverse=True)
    return [review_in(row) for row in rows]


def review_in(item: Item) -> Review:
    """The step in a row."""
    return records.from_doc(Review, item.doc)


def waits_for(whole: Whole, steps: Sequence[Review]) -> str | None:
    """Whose turn it is: the `reviewer`'s, the `author`'s, or nobody's."""
    if all(one.state is not State.PENDING_APPROVAL for one in whole.targets):
        return None
    return "author" if steps and steps[0].step == "changes_requested" else "reviewer"


def forget(world: World, workspace_id: str, post_id: str) -> None:
    """Delete the history of a post that is gone."""
    pk = records.post_pk(workspace_id, post_id)
    while rows := world.table.items(pk, records.REVIEW_PREFIX, limit=AT_ONCE):
        world.table.write(*(Delete(row.key) for row in rows))


def _put(
    world: World, post: Post, step: Step, waiting: Sequence[Target], by: str | None, comment: str | None, now: datetime
) -> Put:
    due = min((one.scheduled_at for one in waiting if one.scheduled_at), default=None)
    made = Review(f"rev_{world.chance.token().lower()}", now, step, post.version, by, comment, due)
    key = Key(records.post_pk(post.workspace_id, post.id), f"{records.REVIEW_PREFIX}{stamp(now)}#{made.id}")
    return Put(Item(key, records.to_doc(made)), expect=0)


def policy_key(workspace_id: str) -> Key:
    """Where a workspace's policy lies."""
    return Key(records.workspace_pk(workspace_id), "REVIEW_POLICY")
