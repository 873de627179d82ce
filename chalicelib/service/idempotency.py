"""Idempotency-Key: the same request twice gives the same answer once.

What a request makes has ids derived from its key (`seed`), so even a process that dies between making the thing and
keeping the answer leaves nothing that a repeat could double.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from chalicelib.core.errors import Conflict, Refused, Stale
from chalicelib.core.timing import instant, stamp
from chalicelib.ports import Delete, Item, Key, Put, World
from chalicelib.service import sealing

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(hours=24)
IN_FLIGHT_FOR = timedelta(seconds=60)
"""Longer than a request may run; after it, whoever held the key is dead."""


class IdempotencyMismatch(Refused):
    """The key was used with another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    replayed: bool = False


def seed(workspace_id: str, key: str) -> str:
    """26 letters and digits derived from a key, for the id of what its request makes."""
    return sha256(f"{workspace_id}\n{key}".encode()).hexdigest()[:26]


def once(
    world: World, workspace_id: str, key: str, fingerprint: str, run: Callable[[], Kept], *, sealed: bool = False
) -> Kept:
    """The answer to a request: kept from the first time, or made now. Answers from 400 up are not kept.

    One that holds a secret is kept `sealed`.
    """
    row = _begin(world, workspace_id, key, fingerprint)
    if isinstance(row, Kept):
        return row
    try:
        answer = run()
    except BaseException:
        world.table.write(Delete(row.key, expect=row.rev))
        raise
    if answer.status >= 400:
        world.table.write(Delete(row.key, expect=row.rev))
        return answer
    try:
        body = _sealed(world, workspace_id, row, answer.body) if sealed else {"body": answer.body}
        doc = {**row.doc, "status": answer.status, "headers": answer.headers, **body}
        world.table.write(Put(Item(row.key, doc, expires=row.expires), expect=row.rev))
    except Refused:
        # The thing is made and its caller must hear so; a repeat derives the same ids and finds it.
        log.exception("answer_not_kept")
    return answer


def _begin(world: World, workspace_id: str, key: str, fingerprint: str) -> Item | Kept:
    """The row that marks the request as in flight, or the answer that is there already."""
    now = world.clock.now()
    place = Key(f"I#{workspace_id}#{key}", "ANSWER")
    old = world.table.get(place)
    if old and old.expires and now < old.expires:
        if old.doc["fingerprint"] != fingerprint:
            raise IdempotencyMismatch("this Idempotency-Key was used with another request")
        if "status" in old.doc:
            return Kept(old.doc["status"], old.doc["headers"], _body(world, workspace_id, old), replayed=True)
        if now < instant(old.doc["in_flight_until"]):
            raise Conflict("a request with this Idempotency-Key is in flight", "idempotency_in_flight")
    doc = {"fingerprint": fingerprint, "in_flight_until": stamp(now + IN_FLIGHT_FOR)}
    row = Item(place, doc, expires=now + KEPT_FOR)
    expect = old.rev if old else 0
    try:
        world.table.write(Put(row, expect=expect))
    except Stale as taken:
        raise Conflict("a request with this Idempotency-Key is in flight", "idempotency_in_flight") from taken
    return Item(row.key, row.doc, rev=expect + 1, expires=row.expires)


def _sealed(world: World, workspace_id: str, row: Item, body: str) -> dict[str, str]:
    return {"sealed": sealing.seal(world, sealing.Place(workspace_id, row.key, "body"), body)}


def _body(world: World, workspace_id: str, row: Item) -> str:
    if "sealed" not in row.doc:
        return str(row.doc["body"])
    return sealing.unseal(world, sealing.Place(workspace_id, row.key, "body"), row.doc["sealed"])
