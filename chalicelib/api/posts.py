"""/v1/posts: compose posts, read them, and steer them while they are under way."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from chalicelib.api.answers import ListAnswer, PostAnswer, post_answer
from chalicelib.api.route import Answer, Call, Moment, PageQuery, route
from chalicelib.core.post import NewPost, PostPatch
from chalicelib.core.target import State
from chalicelib.ports import World
from chalicelib.service import reading, steer
from chalicelib.service.reading import PostFilter, Whole

Word = Annotated[str | None, Field(min_length=1, max_length=200)]


class PostsQuery(PageQuery):
    """Which posts are wanted; a post is due between `from` and `to`, both included."""

    status: Word = None
    account_id: Word = None
    platform: Word = None
    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None
    external_id: Word = None
    schedule_id: Word = None
    answers: Annotated[bool, Field(description="List answers to what people said, in place of posts")] = False


@route("POST", "/v1/posts", needs="posts:write", answers={201: PostAnswer, 202: PostAnswer}, kept=True)
def create_post(call: Call, body: NewPost) -> Answer:
    """Create a post: 202 where something of it will be published, 201 for a draft."""
    from chalicelib.service import compose  # with all of adaptation: not before it is needed

    whole = compose.create(call.world, call.workspace_id, body, call.seed, by=call.caller)
    draft = all(target.state is State.DRAFT for target in whole.targets)
    return _shown(whole, 201 if draft else 202, {"Location": f"{call.base}/v1/posts/{whole.post.id}"})


@route("GET", "/v1/posts", needs="posts:read", answers={200: ListAnswer[PostAnswer]})
def list_posts(call: Call, query: PostsQuery) -> Answer:
    """The workspace's posts, latest due first; of long ones a page has fewer than its limit."""
    wanted = PostFilter(**query.model_dump(exclude={"limit", "cursor"}))
    page = reading.posts(call.world, call.workspace_id, wanted, query.limit, query.cursor, shown=post_answer)
    return Answer(200, {"data": [post_answer(whole) for whole in page.data], "next_cursor": page.next_cursor})


@route("GET", "/v1/posts/{post_id}", needs="posts:read", answers={200: PostAnswer})
def get_post(call: Call, post_id: str) -> Answer:
    """One post with the fate of its targets."""
    return _shown(reading.post(call.world, call.workspace_id, post_id), 200)


@route("PATCH", "/v1/posts/{post_id}", needs="posts:write", answers={200: PostAnswer})
def edit_post(call: Call, post_id: str, body: PostPatch) -> Answer:
    """Change a post of which nothing is out yet; fields that are not given stay as they are."""
    from chalicelib.service import compose

    return _shown(compose.edit(call.world, call.workspace_id, post_id, body, call.if_version, call.caller), 200)


@route("DELETE", "/v1/posts/{post_id}", needs="posts:write", answers={204: None})
def delete_post(call: Call, post_id: str) -> Answer:
    """Forget a post of which nothing is out."""
    from chalicelib.service import compose

    compose.delete(call.world, call.workspace_id, post_id, call.if_version)
    return Answer(204)


@route("POST", "/v1/posts/{post_id}/cancel", needs="posts:write", answers={202: PostAnswer}, kept=True)
def cancel_post(call: Call, post_id: str) -> Answer:
    """Call off every target of which nothing is out yet."""
    return _steered(steer.cancel, call, post_id)


@route("POST", "/v1/posts/{post_id}/hold", needs="posts:write", answers={202: PostAnswer}, kept=True)
def hold_post(call: Call, post_id: str) -> Answer:
    """Stop every target that waits for its time, until the post is resumed."""
    return _steered(steer.hold, call, post_id)


@route("POST", "/v1/posts/{post_id}/resume", needs="posts:write", answers={202: PostAnswer}, kept=True)
def resume_post(call: Call, post_id: str) -> Answer:
    """Let every held target go on: at its time, or now if that has passed."""
    return _steered(steer.resume, call, post_id)


@route("POST", "/v1/posts/{post_id}/publish", needs="posts:write", answers={202: PostAnswer}, kept=True)
def publish_post(call: Call, post_id: str) -> Answer:
    """Make every target due now that is not out."""
    return _steered(steer.publish_now, call, post_id)


def _steered(action: Callable[[World, str, str, str], Whole], call: Call, post_id: str) -> Answer:
    return _shown(action(call.world, call.workspace_id, post_id, call.key_id), 202)


def _shown(whole: Whole, status: int, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, post_answer(whole), {"ETag": f'"v{whole.post.version}"', **(headers or {})})
