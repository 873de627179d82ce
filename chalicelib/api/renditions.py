"""/v1/renditions and /v1/validate: what would happen to a post, with nothing stored."""

from chalicelib.api.answers import Renditions, Verdict, rendition_answer
from chalicelib.api.problem import issue_answer
from chalicelib.api.route import Answer, Call, route
from chalicelib.core.errors import Invalid, Issue
from chalicelib.core.post import NewPost


def _verdict(issues: list[Issue]) -> Answer:
    valid = all(issue.severity != "error" for issue in issues)
    return Answer(200, {"valid": valid, "issues": [issue_answer(issue) for issue in issues]})


def _invalid(invalid: Invalid) -> Answer:
    return _verdict(invalid.issues)


@route("POST", "/v1/renditions", needs="posts:read", answers={200: Renditions})
def preview_renditions(call: Call, body: NewPost) -> Answer:
    """What each target would send, and what would be changed or lost. A target may be a bare platform."""
    from chalicelib.service import compose  # with all of adaptation: not before it is needed

    previews = compose.preview(call.world, call.workspace_id, body)
    return Answer(200, {"renditions": [rendition_answer(preview) for preview in previews]})


@route("POST", "/v1/validate", needs="posts:read", answers={200: Verdict}, on_invalid=_invalid)
def validate_post(call: Call, body: NewPost) -> Answer:
    """Whether a post could be created as it is, with everything wrong or worth knowing about it."""
    from chalicelib.service import compose

    return _verdict(compose.check(call.world, call.workspace_id, body, call.caller))
