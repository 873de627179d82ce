"""What the table's stream says of a write, as AWS hands it over and as the fake remembers it."""

import base64
import json
from typing import Any

from chalicelib.aws.events import changes_in, each_errand
from chalicelib.aws.rows import Row
from chalicelib.aws.sqs import body_of
from chalicelib.ports import Change, Delete, Errand, Item, Key, Put
from tests.fakes import FakeTable

KEY = Key("P#ws_1#post_1", "TARGET#tgt_1")
ERRAND = Errand("ws_1", "wh_1", "msg_1", 3)


def as_lambda_gets_it(row: Row | None) -> dict[str, Any] | None:
    """A row in JSON: bytes in base 64."""
    if row is None:
        return None
    return {
        name: {kind: base64.b64encode(value).decode() if kind == "B" else value for kind, value in typed.items()}
        for name, typed in row.items()
    }


def test_a_batch_of_the_stream_is_the_writes_that_were_made() -> None:
    table = FakeTable()
    table.write(Put(Item(KEY, {"events": []}, version=1), expect=0))
    table.write(Put(Item(KEY, {"events": ["long"] * 3000}, version=2), expect=1))
    table.write(Delete(KEY))
    images = [{"OldImage": as_lambda_gets_it(old), "NewImage": as_lambda_gets_it(new)} for old, new in table._changes]
    records = [{"dynamodb": {name: image for name, image in both.items() if image}} for both in images]

    changes = changes_in(json.loads(json.dumps({"Records": records})))

    assert changes == table.stream()
    assert [(bool(old), bool(new)) for old, new in changes] == [(False, True), (True, True), (True, False)]


def test_the_stream_goes_on_where_a_reader_left_off_and_knows_nothing_of_what_failed() -> None:
    table = FakeTable()
    table.write(Put(Item(KEY, {"n": 1}), expect=0))
    seen = len(table.stream())
    table.write(Delete(Key("W#ws_1", "nothing")))
    table.write(Put(Item(KEY, {"n": 2}), expect=1))

    (change,) = table.stream(seen)

    assert change == Change(Item(KEY, {"n": 1}, rev=1), Item(KEY, {"n": 2}, rev=2))


def test_an_errand_that_fails_does_not_repeat_the_others() -> None:
    bodies = {"good": body_of(ERRAND), "bad": body_of(ERRAND._replace(version=4)), "nonsense": "null"}
    event = {"Records": [{"messageId": name, "body": body} for name, body in bodies.items()]}
    done = list[Errand]()

    def handle(errand: Errand) -> None:
        if errand.version == 4:
            raise RuntimeError("no")
        done.append(errand)

    failures = each_errand(event, handle)["batchItemFailures"]

    assert {failure["itemIdentifier"] for failure in failures} == {"bad", "nonsense"}
    assert done == [ERRAND]
