"""One declaration per endpoint: the Chalice route and its OpenAPI description are both made from it.

    @route("GET", "/v1/posts/{post_id}", needs="posts:read", answers={200: PostAnswer})
    def get_post(call: Call, post_id: str) -> Answer:
        \"\"\"One post with the fate of its targets.\"\"\"

A parameter named `body` or `query` brings its model with it; the others are parts of the path.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chalicelib.core.errors import Invalid
from chalicelib.core.post import Instant
from chalicelib.ports import World
from chalicelib.service.access import Caller

Scope = Literal[
    "posts:read",
    "posts:write",
    "posts:review",
    "accounts:read",
    "accounts:write",
    "webhooks:read",
    "webhooks:write",
    "engagement:read",
    "engagement:write",
    "plan:read",
    "plan:write",
    "scores:read",
    "keys:read",
    "keys:write",
    "audit:read",
]
Needs = Literal["nothing", "a key"] | Scope
"""What a caller must show: nothing at all, any good API key, or a key with this scope."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in: who asks, and what they said beside the body."""

    world: World
    workspace_id: str
    key_id: str
    bearer: str
    caller: Caller
    base: str
    """What stands before `/v1` in a link to this service: its public URL where that is known."""
    waited: timedelta = timedelta()
    """How long the request lay at the gateway before we saw it."""
    if_version: int | None = None
    """The version that `If-Match` names."""
    accept: str = ""
    """The kinds of answer that the caller takes, as `Accept` has them."""
    seed: str | None = None
    """Makes the ids of what is created repeatable: the same Idempotency-Key and body make the same ids."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a JSON body, or none."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    workspace_id: str = ""
    """Whose things were changed, where no key says so."""
    things: tuple[str, ...] = ()
    """Ids of what was changed that neither the path nor the body says, for the audit log."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and path, what they take, need and answer, and who does the work."""

    method: str
    path: str
    needs: Needs
    answers: dict[int, Any]
    kept: bool
    """Whether the answer is kept under the request's Idempotency-Key."""
    sealed: bool
    """Whether it is kept encrypted, because it holds a secret."""
    pictured: bool
    """Whether it can be had as an SVG picture, too."""
    audited: bool
    """Whether it is an administrative act, which the audit log keeps."""
    handler: Callable[..., Answer]
    on_invalid: Callable[[Invalid], Answer] | None

    @property
    def name(self) -> str:
        """What the endpoint does, in code."""
        return self.handler.__name__

    @property
    def body(self) -> type[BaseModel] | None:
        """The model of its body."""
        model: type[BaseModel] | None = self.handler.__annotations__.get("body")
        return model

    @property
    def query(self) -> "type[Query]":
        """The model of its query."""
        model: type[Query] = self.handler.__annotations__.get("query", Query)
        return model


def route(
    method: str,
    path: str,
    *,
    needs: Needs,
    answers: dict[int, Any],
    kept: bool = False,
    sealed: bool = False,
    pictured: bool = False,
    audited: bool = False,
    on_invalid: Callable[[Invalid], Answer] | None = None,
) -> Callable[[Callable[..., Answer]], Endpoint]:
    """Declares the decorated function as an endpoint; `answers` holds the shape of the body by status."""

    def declare(handler: Callable[..., Answer]) -> Endpoint:
        return Endpoint(method, path, needs, answers, kept, sealed, pictured, audited, handler, on_invalid)

    return declare


class Query(BaseModel):
    """Query parameters; a name that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100, description="How many things a page holds")] = 20
    cursor: Annotated[str | None, Field(max_length=2000, description="The `next_cursor` of the page before")] = None


def _plus_again(value: object) -> object:
    """`+01:00` arrives as ` 01:00` where the sender did not escape the plus sign."""
    return value.replace(" ", "+") if isinstance(value, str) and "T" in value else value


Moment = Annotated[Instant, BeforeValidator(_plus_again)]
"""An RFC 3339 time with an offset, as a query parameter."""
