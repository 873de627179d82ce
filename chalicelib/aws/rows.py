"""What an item looks like in DynamoDB, and what DynamoDB can hold.

The limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, read 2026-11-22.
"""

import json
import math
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.core.errors import Unaffordable
from chalicelib.core.upgrades import FIRST, kind_of, lowered, upgraded, written
from chalicelib.ports import Delete, Found, Item, Key, Put

Row = dict[str, dict[str, Any]]
"""An item as DynamoDB's low-level API has it: `{"PK": {"S": "…"}}`."""

MAX_ITEM_BYTES = 400 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_WRITES = 100
MAX_PK_BYTES = 2048
MAX_SK_BYTES = 1024
PLAIN_BYTES = 512
"""Documents above this are stored compressed: a write is charged by the kilobyte, keys and places included."""
KEY_BYTES = MAX_PK_BYTES + MAX_SK_BYTES
"""What a row's key may take."""


def packed(doc: dict[str, Any]) -> str | bytes:
    """A document as stored: JSON, compressed where it is long."""
    text = json.dumps(doc, ensure_ascii=False, separators=(",", ":"))
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, out of some platform's reply: only an escape can keep it
        text = json.dumps(doc, separators=(",", ":"))
        raw = text.encode()
    return text if len(raw) <= PLAIN_BYTES else zlib.compress(raw)


def unpacked(stored: str | bytes) -> dict[str, Any]:
    """The document that `packed` made."""
    doc: dict[str, Any] = json.loads(stored if isinstance(stored, str) else zlib.decompress(stored))
    return doc


def epoch(instant: datetime) -> int:
    """Whole seconds since 1970, rounded up: what expires must not go early."""
    return math.ceil(instant.timestamp())


def from_epoch(seconds: int) -> datetime:
    """The instant of whole seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def storable(key: Key) -> bool:
    """Whether DynamoDB could hold this key; asking for one that it could not is an error there, not a miss."""
    try:
        pk, sk = key.pk.encode(), key.sk.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(pk) <= MAX_PK_BYTES and 0 < len(sk) <= MAX_SK_BYTES


def key_of(write: Put | Delete) -> Key:
    """The key that is written."""
    return write.item.key if isinstance(write, Put) else write.key


def check(writes: Sequence[Put | Delete]) -> None:
    """ValueError for what can never be written in one go."""
    keys = [key_of(write) for write in writes]
    if len(writes) > MAX_WRITES:
        raise ValueError(f"{len(writes)} writes at once; at most {MAX_WRITES} can succeed or fail together")
    if len(set(keys)) < len(keys):
        raise ValueError("one item is written twice in one go")
    items = [write.item for write in writes if isinstance(write, Put)]
    places = [place for item in items for place in (item.listing, item.open) if place]
    if not all(storable(key) for key in keys + places):
        raise ValueError("a key is empty, too long or no text")


def check_sizes(stored: Sequence[Row]) -> None:
    """`Unaffordable` where DynamoDB would not take these rows, or not in one go."""
    sizes = [size(row) for row in stored]
    if any(bytes_ > MAX_ITEM_BYTES for bytes_ in sizes):
        raise Unaffordable(f"{max(sizes)} bytes are too many for one record; it holds at most {MAX_ITEM_BYTES}")
    if sum(sizes) > MAX_TRANSACTION_BYTES:
        raise Unaffordable(f"{sum(sizes)} bytes are too many at once; at most {MAX_TRANSACTION_BYTES}")


def size(row: Row) -> int:
    """About how many bytes DynamoDB counts for a row, and never fewer than it does."""
    values = [value for typed in row.values() for value in typed.values()]
    raw = [value if isinstance(value, bytes) else value.encode() for value in values]
    return KEY_BYTES + sum(map(len, row)) + sum(map(len, raw))


def key_row(key: Key) -> Row:
    """A primary key for DynamoDB."""
    return {"PK": {"S": key.pk}, "SK": {"S": key.sk}}


def attributes(item: Item) -> Row:
    """An item for DynamoDB, without its key and `rev`, and with the version of its shape."""
    kind = kind_of(*item.key)
    stored = packed(lowered(kind, item.doc))
    made: Row = {"doc": {"S": stored}} if isinstance(stored, str) else {"zdoc": {"B": stored}}
    made["v"] = {"N": str(written(kind))}
    if item.listing:
        made |= {"list_pk": {"S": item.listing.pk}, "list_sk": {"S": item.listing.sk}}
    if item.open:
        made |= {"open_pk": {"S": item.open.pk}, "open_sk": {"S": item.open.sk}}
    if item.version is not None:
        made["version"] = {"N": str(item.version)}
    if item.expires is not None:
        made["expires"] = {"N": str(epoch(item.expires))}
    return made


PUT_BACK = {"S": "put back"}
"""The `mark` of a row that came out of a backup: it says nothing new, so the table's stream tells nobody of it."""
OPTIONAL = frozenset({"doc", "zdoc", "list_pk", "list_sk", "open_pk", "open_sk", "version", "expires"})
"""Attributes that an item may lack."""


def item_of(row: Row) -> Item:
    """The item that a row holds, in its present shape; TooNew where this release does not know the row's."""
    doc = unpacked(row["zdoc"]["B"] if "zdoc" in row else row["doc"]["S"])
    return Item(
        key=Key(row["PK"]["S"], row["SK"]["S"]),
        doc=upgraded(kind_of(row["PK"]["S"], row["SK"]["S"]), version_of(row), doc),
        rev=int(row["rev"]["N"]),
        listing=_place(row, "list"),
        open=_place(row, "open"),
        version=int(row["version"]["N"]) if "version" in row else None,
        expires=from_epoch(int(row["expires"]["N"])) if "expires" in row else None,
    )


def version_of(row: Row) -> int:
    """The version of a row's shape; those from before versions have the first."""
    return int(row["v"]["N"]) if "v" in row else FIRST


def found_of(row: Row, index: str) -> Found:
    """What a row of an index says."""
    return Found(
        key=Key(row["PK"]["S"], row["SK"]["S"]),
        at=Key(row[f"{index}_pk"]["S"], row[f"{index}_sk"]["S"]),
        version=int(row["version"]["N"]) if "version" in row else None,
    )


def found_row(found: Found, index: str) -> Row:
    """Where an index goes on behind a row."""
    return {**key_row(found.key), f"{index}_pk": {"S": found.at.pk}, f"{index}_sk": {"S": found.at.sk}}


def _place(row: Row, index: str) -> Key | None:
    return Key(row[f"{index}_pk"]["S"], row[f"{index}_sk"]["S"]) if f"{index}_pk" in row else None
