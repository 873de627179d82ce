"""HTTP in, HTTP out: one file per resource, declared with `route`, served by `serve`, described by `openapi`."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from chalice.app import Chalice, Request, Response

from chalicelib.api import (
    accounts,
    audit,
    brand,
    bulk,
    business_hours,
    calendar_feeds,
    callbacks,
    connections,
    engagement,
    health,
    holds,
    inbox,
    insights,
    keys,
    media,
    metrics,
    plan,
    platforms,
    posts,
    privacy,
    renditions,
    reviews,
    sandbox,
    schedules,
    scores,
    spikes,
    spreadsheets,
    targets,
    webhooks,
)
from chalicelib.api.problem import Malformed
from chalicelib.api.route import Endpoint
from chalicelib.api.serve import id_of, refused, respond
from chalicelib.ports import World

RESOURCES: tuple[ModuleType, ...] = (
    bulk,  # its paths say `batch` where another's say `{post_id}`, and come first
    spreadsheets,
    posts,
    reviews,
    calendar_feeds,
    schedules,
    media,
    targets,
    renditions,
    platforms,
    accounts,
    callbacks,
    metrics,
    inbox,
    business_hours,
    plan,
    brand,
    engagement,
    insights,
    scores,
    privacy,
    connections,
    webhooks,
    holds,
    spikes,
    keys,
    audit,
    health,
    sandbox,
)


def endpoints() -> list[Endpoint]:
    """Every endpoint, in the order of the files and of what is in them."""
    return [each for resource in RESOURCES for each in vars(resource).values() if isinstance(each, Endpoint)]


def install(app: Chalice, world: Callable[[], World]) -> None:
    """Give the app all our routes. `world` is called once per request."""
    for endpoint in endpoints():
        app.route(endpoint.path, methods=[endpoint.method], name=endpoint.name, content_types=["*/*"])(
            _view(app, endpoint, world)
        )
    app.register_middleware(_one_shape, "http")


def _view(app: Chalice, endpoint: Endpoint, world: Callable[[], World]) -> Callable[..., Response]:
    def view(**params: str) -> Response:
        request = app.current_request
        if request is None:
            raise RuntimeError("a view runs inside a request")
        return respond(endpoint, world, request, params)

    view.__name__ = endpoint.name
    view.__doc__ = endpoint.handler.__doc__
    return view


def _one_shape(request: Any, get_response: Callable[[Any], Response]) -> Response:
    """What Chalice refuses by itself, in the shape of our own problems."""
    response = get_response(request)
    if response.status_code < 400 or "X-Request-Id" in response.headers or not isinstance(request, Request):
        return response
    if response.status_code == 405:
        refusal = Malformed("method_not_allowed", f"{request.method} is not possible here", 405)
        answer = refused(refusal, id_of(request), 405)
        answer.headers["Allow"] = response.headers.get("Allow", "")
        return answer
    return refused(RuntimeError(response.body), id_of(request), response.status_code)
