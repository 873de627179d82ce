"""The store on DynamoDB: one table, conditional writes, two indexes, no scans."""

import secrets
from collections.abc import Sequence
from typing import Any

from chalicelib.aws.clients import Client, answering, client, code, rest
from chalicelib.aws.rows import (
    OPTIONAL,
    Row,
    attributes,
    check,
    check_sizes,
    found_of,
    found_row,
    item_of,
    key_of,
    key_row,
    storable,
)
from chalicelib.core.errors import Stale, Unaffordable
from chalicelib.ports import Delete, Found, Item, Key, Put

BATCH = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html, read 2026-11-22."""
TRIES = 5
"""How often a write that met another one, or a read that was left over, is tried."""


class DynamoTable:
    """A `Table` on DynamoDB.

    Every write leaves its own random mark in the item. When an answer is lost and botocore's retry then fails on its
    own first write, the mark tells; only an own write that somebody has overwritten since still looks `Stale`.
    """

    def __init__(self, name: str, dynamodb: Client | None = None) -> None:
        self._name = name
        self._dynamodb = dynamodb or client("dynamodb")

    def get(self, key: Key) -> Item | None:
        """The item, read consistently."""
        if not storable(key):
            return None
        with answering("dynamodb"):
            answer = self._dynamodb().get_item(TableName=self._name, Key=key_row(key), ConsistentRead=True)
        return item_of(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        """Those of the items that exist, in the order asked for, read consistently."""
        wanted = [key for key in dict.fromkeys(keys) if storable(key)]
        found: dict[Key, Item] = {}
        for start in range(0, len(wanted), BATCH):
            found |= {item.key: item for item in self._batch(wanted[start : start + BATCH])}
        return [found[key] for key in keys if key in found]

    def _batch(self, keys: Sequence[Key]) -> list[Item]:
        left: dict[str, Any] = {self._name: {"Keys": [key_row(key) for key in keys], "ConsistentRead": True}}
        items: list[Item] = []
        for attempt in range(TRIES):
            with answering("dynamodb"):
                answer = self._dynamodb().batch_get_item(RequestItems=left)
            items += [item_of(found) for found in answer["Responses"].get(self._name, ())]
            left = answer.get("UnprocessedKeys") or {}
            if not left:
                return items
            if answer["Responses"].get(self._name):
                continue
            rest(attempt)
        return items + self._one_by_one(left)

    def _one_by_one(self, left: dict[str, Any]) -> list[Item]:
        items = [self.get(Key(key["PK"]["S"], key["SK"]["S"])) for key in left[self._name]["Keys"]]
        return [item for item in items if item]

    def write(self, *writes: Put | Delete) -> None:
        """All of it or nothing; raises `Stale` when a condition fails. A stored item's `rev` is the old one plus 1."""
        check(writes)
        stored = [attributes(write.item) if isinstance(write, Put) else {} for write in writes]
        check_sizes(stored)
        pairs = list(zip(writes, stored, strict=True))
        if pairs and not any(self._write(pairs, attempt) for attempt in range(TRIES)):
            raise Stale("somebody else keeps changing this at the same time")

    def _write(self, writes: list[tuple[Put | Delete, Row]], attempt: int) -> bool:
        """Whether it is written; False, after a pause, where a rival was just writing the same."""
        from botocore.exceptions import ClientError

        mark = secrets.token_hex(8)
        operations = [self._operation(write, stored | {"mark": {"S": mark}}) for write, stored in writes]
        with answering("dynamodb"):
            try:
                self._call(operations, mark)
            except ClientError as refusal:
                if not _applied_after_all(refusal, mark):
                    _explain(refusal)
                    rest(attempt)
                    return False
        return True

    def _call(self, operations: list[tuple[str, dict[str, Any]]], mark: str) -> None:
        verb, call = operations[0]
        if len(operations) == 1 and not (verb == "Delete" and "ConditionExpression" in call):
            getattr(self._dynamodb(), f"{verb.lower()}_item")(**call)
            return
        # A conditional delete leaves nothing that could carry a mark; the token makes its retry safe instead.
        items = [{verb: call} for verb, call in operations]
        self._dynamodb().transact_write_items(TransactItems=items, ClientRequestToken=mark)

    def _operation(self, write: Put | Delete, stored: Row) -> tuple[str, dict[str, Any]]:
        call: dict[str, Any] = {"TableName": self._name, **_condition(write.expect)}
        key = key_row(key_of(write))
        if isinstance(write, Delete):
            return "Delete", {**call, "Key": key}
        if write.expect is None:
            return "Update", {**call, "Key": key, **_replacement(stored)}
        return "Put", {**call, "Item": {**key, "rev": {"N": str(write.expect + 1)}, **stored}}

    def items(
        self, pk: str, prefix: str = "", *, limit: int = 1000, after: str = "", reverse: bool = False
    ) -> list[Item]:
        """Items of a partition by sort key, beginning behind `after`, read consistently."""
        if not storable(Key(pk, prefix or "-")) or (after and _is_past(after, prefix, reverse)):
            return []
        query = (
            _prefixed(pk, prefix, reverse)
            if prefix
            else _query({"#pk": "PK"}, {":pk": {"S": pk}}, "#pk = :pk", reverse)
        )
        query["ConsistentRead"] = True
        # A start outside the condition's range is an error in DynamoDB.
        start = key_row(Key(pk, after)) if after and after.startswith(prefix) else None
        return [item_of(found) for found in self._rows(query, start, limit)]

    def listed(
        self,
        pk: str,
        *,
        start: str = "",
        end: str = "\uffff",
        limit: int = 100,
        after: Found | None = None,
        reverse: bool = False,
    ) -> list[Found]:
        """Rows of the `listing` index between two sort keys (both included), behind `after`."""
        return self._found("listing", "list", Key(pk, start), end, limit, after, reverse)

    def opened(
        self, pk: str, *, start: str = "", end: str = "\uffff", limit: int = 1000, after: Found | None = None
    ) -> list[Found]:
        """Rows of the `open` index between two sort keys (both included), earliest first, behind `after`."""
        return self._found("open", "open", Key(pk, start), end, limit, after, reverse=False)

    def _found(
        self, index: str, names: str, first: Key, end: str, limit: int, after: Found | None, reverse: bool
    ) -> list[Found]:
        pk, start = first
        if not storable(Key(pk, end)) or start > end:
            return []
        if after and (after.at.sk < start if reverse else after.at.sk > end):
            return []
        values = {":pk": {"S": pk}, ":end": {"S": end}} | ({":start": {"S": start}} if start else {})
        between = "#sk BETWEEN :start AND :end" if start else "#sk <= :end"
        query = _query({"#pk": f"{names}_pk", "#sk": f"{names}_sk"}, values, f"#pk = :pk AND {between}", reverse)
        behind = found_row(after, names) if after and start <= after.at.sk <= end else None
        return [found_of(found, names) for found in self._rows(query | {"IndexName": index}, behind, limit)]

    def _rows(self, query: dict[str, Any], start: Row | None, limit: int) -> list[Row]:
        rows: list[Row] = []
        while len(rows) < limit:
            page = {"TableName": self._name, "Limit": limit - len(rows), **query}
            with answering("dynamodb"):
                answer = self._dynamodb().query(**page | ({"ExclusiveStartKey": start} if start else {}))
            rows += answer["Items"]
            start = answer.get("LastEvaluatedKey")
            if not start:
                break
        return rows


def _prefixed(pk: str, prefix: str, reverse: bool) -> dict[str, Any]:
    values = {":pk": {"S": pk}, ":prefix": {"S": prefix}}
    return _query({"#pk": "PK", "#sk": "SK"}, values, "#pk = :pk AND begins_with(#sk, :prefix)", reverse)


def _query(names: dict[str, str], values: Row, condition: str, reverse: bool) -> dict[str, Any]:
    return {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not reverse,
    }


def _is_past(after: str, prefix: str, reverse: bool) -> bool:
    """Whether everything that begins with `prefix` lies before `after`, in the direction of reading."""
    return not after.startswith(prefix) and (after < prefix) == reverse


def _condition(expect: int | None) -> dict[str, Any]:
    if expect is None:
        return {}
    kept = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if expect == 0:
        return {"ConditionExpression": "attribute_not_exists(PK)", **kept}
    return {
        "ConditionExpression": "rev = :expect",
        "ExpressionAttributeValues": {":expect": {"N": str(expect)}},
        **kept,
    }


def _replacement(new: Row) -> dict[str, Any]:
    """An unconditional write: an update, since only an update can add 1 to a `rev` that nobody has read."""
    sets = [f"#{name} = :{name}" for name in new] + ["#rev = if_not_exists(#rev, :none) + :one"]
    removes = [f"#{name}" for name in sorted(OPTIONAL - new.keys())]
    return {
        "UpdateExpression": f"SET {', '.join(sets)} REMOVE {', '.join(removes)}",
        "ExpressionAttributeNames": {f"#{name}": name for name in OPTIONAL | {"mark", "rev", "v"}},
        "ExpressionAttributeValues": {f":{name}": value for name, value in new.items()}
        | {":none": {"N": "0"}, ":one": {"N": "1"}},
    }


def _applied_after_all(refusal: Any, mark: str) -> bool:
    """Whether the write that failed is the retry of one of ours that had succeeded, its answer lost."""
    stored = [refusal.response, *refusal.response.get("CancellationReasons", ())]
    return any(each.get("Item", {}).get("mark") == {"S": mark} for each in stored)


def _explain(refusal: Any) -> None:
    """Raises what a refused write means; returns where only a rival's write stood in the way at that moment."""
    codes = {code(refusal)} | {str(reason.get("Code")) for reason in refusal.response.get("CancellationReasons", ())}
    if codes & {"ConditionalCheckFailedException", "ConditionalCheckFailed"}:
        raise Stale("somebody else changed this first") from refusal
    if codes & {"ValidationException", "ValidationError"} and "size" in str(refusal).lower():
        raise Unaffordable("this is too large for one record") from refusal
    if not codes & {"TransactionConflictException", "TransactionConflict"}:
        raise refusal
