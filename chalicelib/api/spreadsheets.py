"""/v1/posts/import and export: posts as a CSV file, for people who plan in a spreadsheet."""

from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.body import MAX_BYTES
from chalicelib.api.bulk import code, counts, issues_in, said, status
from chalicelib.api.problem import RuleAnswer, rule_answer
from chalicelib.api.route import Answer, Call, Moment, Query, route
from chalicelib.api.serve import read_as
from chalicelib.core import spreadsheet as sheet
from chalicelib.core.errors import CarillonError, Invalid, Issue, Severity
from chalicelib.core.post import Line, Value
from chalicelib.core.spreadsheet import Wish
from chalicelib.core.timing import stamp
from chalicelib.service import batch, spreadsheet
from chalicelib.service.batch import KeyedPost, Made, Outcome
from chalicelib.service.reading import PostFilter

KIND = "text/csv"


class NewImport(Value):
    """A CSV file as text. `timezone` is for times without one; `accounts` has account ids by the file's own names."""

    csv: Annotated[str, Field(min_length=1, max_length=MAX_BYTES)]
    dry_run: bool = False
    timezone: Line | None = None
    accounts: Annotated[dict[Annotated[str, Field(max_length=200)], Line], Field(max_length=200, default_factory=dict)]


class CellIssueAnswer(TypedDict):
    """One thing that is wrong or worth knowing in a row; `column` is null where it is no single cell's."""

    column: str | None
    code: str
    severity: Severity
    message: str
    rule: RuleAnswer | None


class RowAnswer(TypedDict):
    """What became of one row, which begins on this line of the file; as an item of a batch."""

    line: int
    key: str
    status: int
    code: str | None
    message: str | None
    post_id: str | None
    replayed: bool
    issues: list[CellIssueAnswer]


class ImportAnswer(TypedDict):
    """What became of every row, or in a dry run would become, and how many had which status."""

    dry_run: bool
    data: list[RowAnswer]
    counts: dict[str, int]


class ExportQuery(Query):
    """Which posts are wanted, by when they are due, both included."""

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None
    account_id: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=500, description="How many posts a page holds at most")] = 500
    cursor: Annotated[str | None, Field(max_length=2000, description="As in the `Link` of the page before")] = None


@route("POST", "/v1/posts/import", needs="posts:write", answers={200: ImportAnswer})
def import_posts(call: Call, body: NewImport) -> Answer:
    """Create a post for each row of a CSV file, or with `dry_run` tell what would become of each."""
    wishes = spreadsheet.wishes(call.world, call.workspace_id, body.csv, body.timezone, body.accounts)
    act = batch.rehearse if body.dry_run else batch.create
    began = call.world.clock.now() - call.waited
    outcomes = act(call.world, call.workspace_id, [_post(wish) for wish in wishes], began, call.caller)
    data = [_row(wish, outcome) for wish, outcome in zip(wishes, outcomes, strict=True)]
    return Answer(200, {"dry_run": body.dry_run, "data": data, "counts": counts(outcomes)})


@route("GET", "/v1/posts/export", needs="posts:read", answers={200: Annotated[str, KIND]})
def export_posts(call: Call, query: ExportQuery) -> Answer:
    """Posts as a CSV file, latest due first; where there are more, `Link` leads to the next page."""
    wanted = PostFilter(since=query.since, until=query.until, account_id=query.account_id)
    page = spreadsheet.export(call.world, call.workspace_id, wanted, query.limit, query.cursor)
    headers = {"Content-Type": KIND, "Content-Disposition": 'attachment; filename="posts.csv"'}
    if page.next_cursor:
        headers["Link"] = f'<{call.base}/v1/posts/export?{_rest(query, page.next_cursor)}>; rel="next"'
    return Answer(200, page.data[0], headers)


def _rest(query: ExportQuery, cursor: str) -> str:
    times = {"from": query.since, "to": query.until}
    given: dict[str, Any] = {name: stamp(when) for name, when in times.items() if when}
    given |= {"account_id": query.account_id} if query.account_id else {}
    return urlencode({**given, "limit": query.limit, "cursor": cursor})


def _post(wish: Wish) -> KeyedPost | Invalid:
    """What the row asks for, or everything that is wrong with it so far, by column."""
    told = {issue.path for issue in wish.issues}
    try:
        post = read_as(KeyedPost, wish.document)
    except Invalid as invalid:
        more = [issue for issue in invalid.issues if sheet.column(issue.path) not in told]
        return Invalid([*wish.issues, *more])
    return Invalid(wish.issues) if wish.issues else post


def _row(wish: Wish, outcome: Outcome) -> RowAnswer:
    failed = outcome if isinstance(outcome, CarillonError) else None
    return {
        "line": wish.line,
        "key": wish.document["key"],
        "status": status(outcome),
        "code": code(failed) if failed else None,
        "message": said(failed) if failed else None,
        "post_id": outcome.post_id if isinstance(outcome, Made) else None,
        "replayed": isinstance(outcome, Made) and outcome.replayed,
        "issues": [_cell(one) for one in issues_in(failed)],
    }


def _cell(issue: Issue) -> CellIssueAnswer:
    return {
        "column": sheet.column(issue.path),
        "code": issue.code,
        "severity": issue.severity,
        "message": issue.message,
        "rule": rule_answer(issue.rule) if issue.rule else None,
    }
