"""/v1/healthz, /v1/openapi.json and /docs: for everybody, without a key."""

from typing import Annotated, Any

from chalicelib.api.answers import HealthAnswer
from chalicelib.api.route import Answer, Call, route
from chalicelib.service.health import health


@route("GET", "/v1/healthz", needs="nothing", answers={200: HealthAnswer, 503: HealthAnswer})
def get_health(call: Call) -> Answer:
    """Whether publishing is alive: 503 where it is not."""
    found = health(call.world)
    return Answer(200 if found.ok else 503, {"status": "ok" if found.ok else "failing", "checks": found.checks})


@route("GET", "/v1/openapi.json", needs="nothing", answers={200: dict[str, Any]})
def get_openapi(call: Call) -> Answer:
    """This document."""
    from chalicelib.api import openapi  # half as much work as all the rest of the API, and seldom wanted

    return Answer(200, openapi.document(call.base))


@route("GET", "/docs", needs="nothing", answers={200: Annotated[str, "text/html"]})
def get_docs(call: Call) -> Answer:
    """This document as a page to read."""
    from chalicelib.api import reference  # as above

    return Answer(200, reference.served(call.base), reference.HEADERS)
