"""What went wrong, as RFC 9457 problem+json: one shape for every failure, with every issue at once."""

from http import HTTPStatus

from pydantic import ValidationError
from typing_extensions import TypedDict

from chalicelib.core.errors import (
    CarillonError,
    Conflict,
    Forbidden,
    Invalid,
    Issue,
    Limited,
    NotFound,
    PlatformAnswer,
    Refused,
    RuleRef,
    Severity,
    Stale,
    TooMany,
    Transient,
    TransportFailure,
    Unaffordable,
    Unauthorized,
    Unavailable,
)

MAX_ISSUES = 100
"""Issues shown at most: Lambda answers hold 6 MB, and a body of 1 MB can be wrong in 100,000 places."""

MAX_PATH = 200


class RuleAnswer(TypedDict):
    """The rule behind an issue or a change: where it was read, and when it was checked."""

    id: str
    source: str | None
    checked: str | None


class IssueAnswer(TypedDict):
    """One thing that is wrong or worth knowing, at a path of the body such as `targets[0].options.fault`."""

    code: str
    severity: Severity
    path: str
    message: str
    rule: RuleAnswer | None


class Problem(TypedDict):
    """What went wrong (RFC 9457), with every issue at once. `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    state: str | None
    """The state that forbids it, of a 409."""
    issues: list[IssueAnswer]


class Malformed(Refused):
    """The request cannot be read, so nothing of it was looked at."""

    code = "malformed"

    def __init__(self, code: str, message: str, status: int = 400, issues: tuple[Issue, ...] = ()) -> None:
        super().__init__(message, code)
        self.status = status
        self.issues = issues


def status_of(error: CarillonError) -> int:
    """The HTTP status that says what the error says."""
    if isinstance(error, Malformed):
        return error.status
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


_STATUSES: tuple[tuple[type[CarillonError], int], ...] = (
    (Invalid, 422),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Stale, 409),
    (Unaffordable, 413),
    (TooMany, 429),
    (Unavailable, 503),
    (Refused, 409),
    (Transient, 503),
    (Limited, 503),
    (PlatformAnswer, 422),
    (TransportFailure, 502),
)

_PRIVATE = {
    401: ("unauthorized", "a valid API key is needed: Authorization: Bearer ck_live_…"),
    500: ("internal_error", "something went wrong here; quote the request id when you report it"),
    502: ("platform_unreachable", "the network did not answer"),
}
"""What is said instead of the error's own words: these may tell too much, or which key exists."""


def problem(error: Exception, request_id: str, status: int | None = None) -> Problem:
    """The error as a problem document."""
    known = isinstance(error, CarillonError)
    status = status or (status_of(error) if isinstance(error, CarillonError) else 500)
    issues = list(getattr(error, "issues", ()))
    code, detail = _PRIVATE.get(status) or _words(error, issues) if known else _PRIVATE[500]
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        "state": getattr(error, "state", None),
        "issues": [issue_answer(issue) for issue in issues[:MAX_ISSUES]],
    }


def _words(error: Exception, issues: list[Issue]) -> tuple[str, str]:
    code = str(getattr(error, "code", "validation_failed"))
    if not isinstance(error, Invalid):
        return code, str(error)
    shown = f"; the first {MAX_ISSUES} are shown" if len(issues) > MAX_ISSUES else ""
    return code, f"{len(issues):,} {'things are' if len(issues) != 1 else 'thing is'} wrong{shown}"


def issue_answer(issue: Issue) -> IssueAnswer:
    """The issue as JSON."""
    return {
        "code": issue.code,
        "severity": issue.severity,
        "path": issue.path,
        "message": issue.message,
        "rule": rule_answer(issue.rule) if issue.rule else None,
    }


def rule_answer(rule: RuleRef) -> RuleAnswer:
    """A rule's reference as JSON."""
    return {"id": rule.id, "source": rule.source, "checked": rule.checked}


def issues_of(error: ValidationError, unknown: str = "unknown_field") -> list[Issue]:
    """Everything that a model found wrong, as issues."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    places = [one["loc"] for one in found]
    return [
        _issue(one["type"], one["loc"], one["msg"], unknown)
        for one in found
        # pydantic counts only the good items of a list, so that a list with bad ones also looks too short.
        if one["type"] != "too_short" or not any(_within(place, one["loc"]) for place in places)
    ]


def _within(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _issue(kind: str, loc: tuple[int | str, ...], message: str, unknown: str) -> Issue:
    where = path(loc)
    if kind == "extra_forbidden":
        return Issue(unknown, "error", where, f"there is no {unknown.removeprefix('unknown_')} of this name")
    if kind == "missing":
        return Issue("required", "error", where, "is required")
    if kind == "timezone_aware":
        return Issue("timezone_required", "error", where, "needs a UTC offset, such as Z or +01:00")
    return Issue(_CODES.get(kind, kind), "error", where, message.removeprefix("Value error, "))


_CODES = {"value_error": "invalid_value", "string_unicode": "invalid_unicode"}


def path(loc: tuple[int | str, ...]) -> str:
    """A place in a document: `("targets", 0, "options")` is `targets[0].options`."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc]
    # A lone surrogate in an unknown name could not be sent back.
    return "".join(steps).removeprefix(".")[:MAX_PATH].encode(errors="replace").decode()
