"""From a request to a response: who asks, what they say, one answer, and every failure as a problem."""

import hashlib
import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from chalice.app import Request, Response
from pydantic import BaseModel, ValidationError

from chalicelib.api import body
from chalicelib.api.problem import Malformed, issues_of, problem, status_of
from chalicelib.api.route import Answer, Call, Endpoint
from chalicelib.core.errors import CarillonError, Forbidden, Invalid, Issue, NotFound, Stale, TooMany, Unauthorized
from chalicelib.core.trace import trace_id_in, trace_id_of, traceparent
from chalicelib.ports import World
from chalicelib.service import access, audit, idempotency, journal, limits
from chalicelib.service.access import Caller
from chalicelib.service.idempotency import IdempotencyMismatch, Kept

M = TypeVar("M", bound=BaseModel)

log = logging.getLogger(__name__)

JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,128}", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_TAG = re.compile(r'"v([1-9][0-9]{0,14})"', re.ASCII)


def respond(endpoint: Endpoint, world: Callable[[], World], request: Request, params: dict[str, str]) -> Response:
    """The response to a request; never an exception. It names the trace that the caller began, or that begins here."""
    request_id = id_of(request)
    trace_id = trace_id_in(request.headers.get("traceparent")) or trace_id_of(request_id)
    with journal.about(trace_id=trace_id):
        response = _response(endpoint, world, request, params, request_id)
        if endpoint.method != "GET" or response.status_code >= 400:
            about = {"method": endpoint.method, "path": endpoint.path, "request": request_id}
            journal.line("request", **about, status=response.status_code)
    response.headers["traceparent"] = traceparent(trace_id, request_id)
    return response


def _response(
    endpoint: Endpoint, world: Callable[[], World], request: Request, params: dict[str, str], request_id: str
) -> Response:
    allowance: dict[str, str] = {}
    try:
        response = rendered(_answer(endpoint, world(), request, params, allowance), request_id)
    except CarillonError as error:
        response = refused(error, request_id, _status(error, request))
    except Exception as error:
        log.exception("request_failed", extra={"request": request_id})
        response = refused(error, request_id, 500)
    response.headers.update(allowance)
    return response


def id_of(request: Request) -> str:
    """The id that API Gateway, or else Lambda, gave the request."""
    of_lambda = getattr(request.lambda_context, "aws_request_id", None)
    return str(request.context.get("requestId") or of_lambda or uuid4())


def rendered(answer: Answer, request_id: str, content_type: str = "application/json") -> Response:
    """The answer as a Chalice response."""
    headers = {**HEADERS, "X-Request-Id": request_id, **answer.headers}
    if answer.body is None:
        return Response("", dict(headers), answer.status)
    text = answer.body if isinstance(answer.body, str) else written(answer.body)
    return Response(text, {"Content-Type": content_type, **headers}, answer.status)


def written(document: Any) -> str:
    """A document as JSON text."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def refused(error: Exception, request_id: str, status: int) -> Response:
    """The error as a problem."""
    headers = {
        401: {"WWW-Authenticate": 'Bearer realm="carillon"'},
        429: {"Retry-After": "60"},  # at most; a key is told the very second
        503: {"Retry-After": "5"},
    }.get(status, {})
    answer = Answer(status, problem(error, request_id, status), headers)
    return rendered(answer, request_id, "application/problem+json")


def _status(error: CarillonError, request: Request) -> int:
    if isinstance(error, Invalid) and request.method == "GET":
        return 400
    if isinstance(error, Stale) and request.headers.get("if-match"):
        return 412
    return 422 if isinstance(error, IdempotencyMismatch) else status_of(error)


def _answer(
    endpoint: Endpoint, world: World, request: Request, params: dict[str, str], allowance: dict[str, str]
) -> Answer:
    bearer = _bearer(request)
    caller = _let_in(endpoint, world, bearer, allowance)
    journal.know(workspace=caller.workspace_id or None, key_id=caller.key_id or None)
    key = _idempotency_key(endpoint, request)
    arguments: dict[str, Any] = {**_checked(params), **_query(endpoint, request)}
    raw = request.raw_body if endpoint.method in ("POST", "PATCH", "PUT") else b""
    raw = raw.encode() if isinstance(raw, str) else raw
    fingerprint = _fingerprint(endpoint, params, raw)
    call = Call(
        world,
        caller.workspace_id,
        caller.key_id,
        bearer,
        caller,
        base=_base(world, request),
        waited=_waited(world, request),
        if_version=_if_version(request),
        accept=request.headers.get("accept", ""),
        seed=idempotency.seed(caller.workspace_id, f"{key}\n{fingerprint}") if key else None,
    )
    try:
        arguments |= _body(endpoint, request, raw)
        if key and endpoint.kept:
            return _once(call, endpoint, key, fingerprint, lambda: _done(call, endpoint, request, arguments))
        return _done(call, endpoint, request, arguments)
    except Invalid as invalid:
        if endpoint.on_invalid:
            return endpoint.on_invalid(invalid)
        raise


def _done(call: Call, endpoint: Endpoint, request: Request, arguments: dict[str, Any]) -> Answer:
    """The handler's answer. What it changed is written down before the answer is kept or given."""
    answer = endpoint.handler(call, **arguments)
    workspace_id = call.workspace_id or answer.workspace_id
    if endpoint.audited and workspace_id and answer.status < 400:
        action = f"{endpoint.method} {endpoint.path}"
        things = _things(request, arguments, answer)
        audit.record(call.world, workspace_id, action, things, call.key_id or None, id_of(request))
    return answer


def _things(request: Request, arguments: dict[str, Any], answer: Answer) -> tuple[str, ...]:
    """The ids that a request is about: those of its path and query, and those of what it made."""
    asked = [*(request.uri_params or {}).values(), getattr(arguments.get("query"), "account_id", None)]
    body = answer.body if isinstance(answer.body, dict) else {}
    made = [body.get("id"), *(body.get("account_ids") or ()), *answer.things]
    return tuple(dict.fromkeys(one for one in (*asked, *made) if isinstance(one, str)))


def _waited(world: World, request: Request) -> timedelta:
    """Since the gateway took the request; it says so in milliseconds."""
    taken_ms = request.context.get("requestTimeEpoch")
    if not isinstance(taken_ms, int):
        return timedelta()
    return world.clock.now() - datetime.fromtimestamp(taken_ms / 1000, UTC)


def _base(world: World, request: Request) -> str:
    """What stands before `/v1` in this service's own address: networks are told it, letter by letter.

    The gateway names the domain that was called, which may be one's own, and its path with the stage in front.
    """
    domain, path = request.context.get("domainName"), request.context.get("path", "")
    if world.settings.api_url:
        return world.settings.api_url
    if domain:
        before = path.split("/")[: -request.path.count("/")]
        return f"https://{domain}{'/'.join(before)}"
    return world.settings.emulated_url.format(**request.context) if world.settings.emulated_url else ".."


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _let_in(endpoint: Endpoint, world: World, bearer: str, allowance: dict[str, str]) -> Caller:
    """Who calls; nobody in particular where the endpoint is for everybody, and then nothing is counted."""
    if endpoint.needs == "nothing":
        return Caller("", "", frozenset())
    if not bearer:
        raise Unauthorized("no API key")
    caller = access.authenticate(world, bearer)
    spent = limits.spend(world, caller)
    allowance.update(spent.headers)
    if spent.over:
        raise TooMany(f"this minute's requests are used up; the next begins in {spent.seconds} seconds")
    if endpoint.needs != "a key" and not caller.may(endpoint.needs):
        raise Forbidden(f"this needs a key with the scope {endpoint.needs}", "missing_scope")
    return caller


def _idempotency_key(endpoint: Endpoint, request: Request) -> str | None:
    key: str | None = request.headers.get("idempotency-key") if endpoint.method == "POST" else None
    if key is not None and not _KEY.fullmatch(key):
        message = "an Idempotency-Key has 1 to 255 visible ASCII characters and no spaces"
        raise Malformed("invalid_idempotency_key", message)
    return key


def _checked(params: dict[str, str]) -> dict[str, str]:
    """The parts of the path; what could not be an id names nothing."""
    for value in params.values():
        if not _NAME.fullmatch(value):
            raise NotFound("there is nothing at this path")
    return params


def _query(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    given = request.query_params
    values = {name: given.getlist(name) for name in given} if given else {}
    issues = [
        Issue("repeated_parameter", "error", name, "is there more than once")
        for name in values
        if len(values[name]) > 1
    ]
    try:
        query = endpoint.query.model_validate({name: value[-1] for name, value in values.items()})
    except ValidationError as error:
        issues += issues_of(error, "unknown_parameter")
    if issues:
        raise Malformed("invalid_query", "the query is wrong", issues=tuple(issues))
    return {"query": query} if "query" in endpoint.handler.__annotations__ else {}


def _if_version(request: Request) -> int | None:
    tag = request.headers.get("if-match") if request.method in ("PATCH", "DELETE") else None
    if tag is None or tag.strip() == "*":
        return None
    found = _TAG.fullmatch(tag.strip())
    if found is None:
        raise Malformed("invalid_if_match", 'If-Match holds one ETag as we gave it, such as "v3", or *')
    return int(found[1])


def _body(endpoint: Endpoint, request: Request, raw: bytes) -> dict[str, BaseModel]:
    _check_type(request, raw)
    document = body.read(raw)
    model = endpoint.body
    if model:
        return {"body": read_as(model, document)}
    if document:
        raise Invalid([Issue("unknown_field", "error", name, "this takes no body") for name in document])
    return {}


def _check_type(request: Request, raw: bytes) -> None:
    if not raw:
        return
    kind, _, parameters = request.headers.get("content-type", "application/json").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() not in JSON_TYPES or charset not in ("", "utf-8", "utf8"):
        raise Malformed("unsupported_media_type", "send the body as Content-Type: application/json in UTF-8", 415)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Malformed("unsupported_encoding", "send the body without a Content-Encoding", 415)


def read_as(model: type[M], document: dict[str, Any]) -> M:
    """The document as a value; Invalid with every issue where it is none.

    Strictly, as the schema says: "5" is no number, and 1 is not true. Only of JSON does pydantic take a list for a
    tuple while it is strict about the rest.
    """
    try:
        return model.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        # First what is wrong with what we know, then what we do not.
        raise Invalid(sorted(issues_of(error), key=lambda issue: issue.code == "unknown_field")) from None


def _fingerprint(endpoint: Endpoint, params: dict[str, str], raw: bytes) -> str:
    said = f"{endpoint.method} {endpoint.path.format(**params)}\n"
    return hashlib.sha256(said.encode() + raw).hexdigest()


def _once(call: Call, endpoint: Endpoint, key: str, fingerprint: str, run: Callable[[], Answer]) -> Answer:
    def kept() -> Kept:
        answer = run()
        return Kept(answer.status, answer.headers, written(answer.body))

    answer = idempotency.once(call.world, call.workspace_id, key, fingerprint, kept, sealed=endpoint.sealed)
    replayed = {"Idempotency-Replayed": "true"} if answer.replayed else {}
    return Answer(answer.status, answer.body, {**answer.headers, **replayed})
