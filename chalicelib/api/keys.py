"""/v1/keys: who may ask for what, and until when."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer
from chalicelib.api.route import Answer, Call, PageQuery, Scope, route
from chalicelib.core.post import Instant, Line, Value
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.service import access
from chalicelib.service.access import KnownKey, NewKey

Granted = Literal["*"] | Scope


class KeyAnswer(TypedDict):
    """An API key without its secret. `last_used_at` is right to within five minutes."""

    id: str
    name: str | None
    scopes: list[str]
    created_at: str
    created_by: str | None
    expires_at: str | None
    rotated_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class KeyWithSecretAnswer(KeyAnswer):
    """An API key, and its secret this once."""

    secret: str


class NewApiKey(Value):
    """What a key is for, what it may do, and when it ends: never, unless told. `*` is all that there is."""

    name: Line | None = None
    scopes: Annotated[tuple[Granted, ...], Field(min_length=1, max_length=50)]
    expires_at: Instant | None = None


class Rotation(Value):
    """For how many seconds the old secret stays good; a day, unless told."""

    overlap_seconds: Annotated[int, Field(ge=0, le=7 * 24 * 3600)] = 24 * 3600


class KeysQuery(PageQuery):
    """Which page of the keys."""

    cursor: Annotated[str | None, Field(max_length=68, pattern=r"^key_[0-9a-z]{1,64}$")] = None


@route("POST", "/v1/keys", needs="keys:write", answers={201: KeyWithSecretAnswer}, kept=True, sealed=True, audited=True)
def create_key(call: Call, body: NewApiKey) -> Answer:
    """Make a key that may do no more, and lives no longer, than yours; its secret is shown this once."""
    made = access.create_key(
        call.world,
        call.workspace_id,
        body.scopes,
        name=body.name,
        expires_at=body.expires_at,
        by=call.caller,
        seed=call.seed,
    )
    return Answer(201, _with_secret(call, made), {"Location": f"{call.base}/v1/keys/{made.id}"})


@route("GET", "/v1/keys", needs="keys:read", answers={200: ListAnswer[KeyAnswer]})
def list_keys(call: Call, query: KeysQuery) -> Answer:
    """The workspace's keys, oldest first, also those that ended within 400 days."""
    page = access.keys(call.world, call.workspace_id, query.limit, query.cursor)
    return Answer(200, {"data": [_shown(each) for each in page.data], "next_cursor": page.next_cursor})


@route("GET", "/v1/keys/{key_id}", needs="keys:read", answers={200: KeyAnswer})
def get_key(call: Call, key_id: str) -> Answer:
    """One key, and when it was used last."""
    return Answer(200, _shown(access.key(call.world, call.workspace_id, key_id)))


@route("DELETE", "/v1/keys/{key_id}", needs="keys:write", answers={204: None}, audited=True)
def revoke_key(call: Call, key_id: str) -> Answer:
    """Make a key worthless at once, with every secret it has."""
    access.revoke_key(call.world, call.workspace_id, key_id, call.caller)
    return Answer(204)


@route(
    "POST",
    "/v1/keys/{key_id}/rotate",
    needs="keys:write",
    answers={201: KeyWithSecretAnswer},
    kept=True,
    sealed=True,
    audited=True,
)
def rotate_key(call: Call, key_id: str, body: Rotation) -> Answer:
    """Give a key a new secret, shown this once; the old one stays good beside it for the overlap."""
    overlap = timedelta(seconds=body.overlap_seconds)
    return Answer(
        201, _with_secret(call, access.rotate_key(call.world, call.workspace_id, key_id, overlap, call.caller))
    )


def _shown(known: KnownKey) -> KeyAnswer:
    return {
        "id": known.id,
        "name": known.name,
        "scopes": list(known.scopes),
        "created_at": stamp(known.created_at),
        "created_by": known.created_by,
        "expires_at": stamp_of(known.expires_at),
        "rotated_at": stamp_of(known.rotated_at),
        "last_used_at": stamp_of(known.last_used_at),
        "revoked_at": stamp_of(known.revoked_at),
    }


def _with_secret(call: Call, made: NewKey) -> KeyWithSecretAnswer:
    return {**_shown(access.key(call.world, call.workspace_id, made.id)), "secret": made.secret}
