"""What every table promises: the one in memory, and DynamoDB as moto and as MiniStack have it."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from chalicelib.aws.clients import make
from chalicelib.aws.dynamodb import DynamoTable
from chalicelib.core.errors import Stale, Unaffordable, Unavailable
from chalicelib.ports import Delete, Found, Item, Key, Put, Table
from tests.fakes import FakeTable, ScriptedClient

NewTable = Callable[[Any], DynamoTable]
KEY = Key("POST#1", "TARGET#1")


@pytest.fixture(params=["memory", pytest.param("moto", marks=pytest.mark.aws), "ministack"])
def table(request: pytest.FixtureRequest, new_table: NewTable) -> Table:
    if request.param == "memory":
        return FakeTable()
    if request.param == "moto":
        request.getfixturevalue("moto")
        return new_table(make("dynamodb"))
    return new_table(request.getfixturevalue("emulated")("dynamodb"))


@pytest.fixture(params=["memory", "ministack"])
def shared(request: pytest.FixtureRequest, new_table: NewTable) -> Table:
    """A table that threads may share; moto loses updates under threads."""
    return FakeTable() if request.param == "memory" else new_table(request.getfixturevalue("emulated")("dynamodb"))


def put(table: Table, sk: str, **fields: Any) -> None:
    table.write(Put(Item(Key("P", sk), {"sk": sk}, **fields), expect=0))


def sort_keys(found: list[Found]) -> list[str]:
    return [row.at.sk for row in found]


def test_what_was_written_is_read_back_whole(table: Table) -> None:
    item = Item(
        KEY,
        {"text": "日本語 🎐", "numbers": [1, 2.5, None, True], "half": "\ud83d"},
        listing=Key("WS#1", "2026"),
        open=Key("DUE#1", "09:00"),
        version=3,
        expires=datetime(2026, 11, 22, 9, 0, 1, tzinfo=UTC),
    )
    table.write(Put(item, expect=0))
    stored = table.get(KEY)
    assert stored == Item(**{field: getattr(item, field) for field in Item.__slots__} | {"rev": 1})


def test_an_item_expires_no_earlier_than_asked(table: Table) -> None:
    table.write(Put(Item(KEY, {}, expires=datetime(2026, 11, 22, 9, 0, 0, 1000, tzinfo=UTC)), expect=0))
    stored = table.get(KEY)
    assert stored
    assert stored.expires == datetime(2026, 11, 22, 9, 0, 1, tzinfo=UTC)


def test_what_does_not_exist_is_none(table: Table) -> None:
    assert table.get(KEY) is None


@pytest.mark.parametrize(
    "key", [Key("", "x"), Key("x", ""), Key("x" * 2049, "x"), Key("x", "é" * 513), Key("\ud83d", "x")]
)
def test_what_no_table_could_hold_does_not_exist(table: Table, key: Key) -> None:
    assert table.get(key) is None
    assert table.get_many([key]) == []
    assert table.items(key.pk) == []
    with pytest.raises(ValueError, match="key"):
        table.write(Put(Item(key, {}), expect=0))


@pytest.mark.parametrize("length", [10, 5_000, 600_000])
def test_long_documents_come_back_as_they_were(table: Table, length: int) -> None:
    table.write(Put(Item(KEY, {"text": "钟" * length}), expect=0))
    stored = table.get(KEY)
    assert stored
    assert stored.doc == {"text": "钟" * length}


def test_a_short_document_replaces_a_long_one(table: Table) -> None:
    table.write(Put(Item(KEY, {"text": "a" * 9000}, version=1), expect=None))
    table.write(Put(Item(KEY, {"text": "b"}), expect=None))
    assert table.get(KEY) == Item(KEY, {"text": "b"}, rev=2)


def test_what_is_too_large_for_a_record_is_refused_and_not_stored(table: Table) -> None:
    noise = "".join(chr(0x4E00 + n * n % 20_000) + chr(0x4E00 + n * 7919 % 20_011) for n in range(250_000))
    with pytest.raises(Unaffordable):
        table.write(Put(Item(KEY, {"text": noise}), expect=0))
    assert table.get(KEY) is None


def test_changing_a_document_that_was_read_changes_nothing_stored(table: Table) -> None:
    table.write(Put(Item(KEY, {"list": [1]}), expect=0))
    read = table.get(KEY)
    assert read
    read.doc["list"].append(2)
    again = table.get(KEY)
    assert again
    assert again.doc == {"list": [1]}


def test_each_write_raises_the_revision_by_one(table: Table) -> None:
    table.write(Put(Item(KEY, {}), expect=0))
    table.write(Put(Item(KEY, {}), expect=1))
    table.write(Put(Item(KEY, {}), expect=None))
    stored = table.get(KEY)
    assert stored
    assert stored.rev == 3


@pytest.mark.parametrize("expect", [0, 2])
def test_a_write_on_the_wrong_revision_is_stale_and_changes_nothing(table: Table, expect: int) -> None:
    table.write(Put(Item(KEY, {"by": "first"}), expect=0))
    with pytest.raises(Stale):
        table.write(Put(Item(KEY, {"by": "second"}), expect=expect))
    assert table.get(KEY) == Item(KEY, {"by": "first"}, rev=1)


def test_a_write_on_a_revision_of_nothing_is_stale(table: Table) -> None:
    with pytest.raises(Stale):
        table.write(Put(Item(KEY, {}), expect=1))


def test_several_writes_happen_together(table: Table) -> None:
    put(table, "gone")
    table.write(
        Put(Item(Key("P", "new"), {}), expect=0),
        Put(Item(Key("P", "any"), {}), expect=None),
        Delete(Key("P", "gone"), expect=1),
        Delete(Key("P", "never there"), expect=0),
    )
    assert [item.key.sk for item in table.items("P")] == ["any", "new"]


def test_one_failed_condition_undoes_all_writes(table: Table) -> None:
    put(table, "a")
    with pytest.raises(Stale):
        table.write(Put(Item(Key("P", "b"), {}), expect=0), Delete(Key("P", "a"), expect=7))
    assert [item.key.sk for item in table.items("P")] == ["a"]


def test_a_delete_needs_its_revision(table: Table) -> None:
    put(table, "a")
    with pytest.raises(Stale):
        table.write(Delete(Key("P", "a"), expect=2))
    table.write(Delete(Key("P", "a"), expect=1))
    assert table.get(Key("P", "a")) is None


def test_a_delete_without_condition_deletes_what_is_there_or_not(table: Table) -> None:
    put(table, "a")
    table.write(Delete(Key("P", "a")))
    table.write(Delete(Key("P", "a")))
    assert table.items("P") == []


def test_nothing_to_write_is_fine(table: Table) -> None:
    table.write()


def test_a_hundred_writes_fit_together_and_one_more_does_not(table: Table) -> None:
    writes = [Put(Item(Key("P", f"{n:03}"), {}), expect=0) for n in range(101)]
    with pytest.raises(ValueError, match="101"):
        table.write(*writes)
    table.write(*writes[:100])
    assert len(table.items("P")) == 100


def test_one_item_cannot_be_written_twice_in_one_go(table: Table) -> None:
    with pytest.raises(ValueError, match="twice"):
        table.write(Put(Item(KEY, {}), expect=0), Delete(KEY))


def test_many_items_come_in_the_order_asked_for(table: Table) -> None:
    for start in (0, 100):
        table.write(*(Put(Item(Key("P", f"{n:03}"), {}), expect=0) for n in range(start, start + 100)))
    asked = [Key("P", f"{n:03}") for n in range(199, -1, -1)]
    got = table.get_many([*asked, Key("P", "missing"), asked[0]])
    assert [item.key for item in got] == [*asked, asked[0]]


def test_items_are_sorted_by_the_bytes_of_their_sort_key(table: Table) -> None:
    for sk in ("é", "b", "a", "🎐", "Z", "\uffee"):
        put(table, sk)
    put_elsewhere = Put(Item(Key("Q", "c"), {}), expect=0)
    table.write(put_elsewhere)
    assert [item.key.sk for item in table.items("P")] == ["Z", "a", "b", "é", "\uffee", "🎐"]
    assert [item.key.sk for item in table.items("P", reverse=True)] == ["🎐", "\uffee", "é", "b", "a", "Z"]


@pytest.mark.parametrize(
    ("after", "forward", "backward"),
    [
        ("", ["T#1", "T#2", "T#3"], ["T#3", "T#2", "T#1"]),
        ("T#2", ["T#3"], ["T#1"]),
        ("T#25", ["T#3"], ["T#2", "T#1"]),
        ("A", ["T#1", "T#2", "T#3"], []),
        ("Z", [], ["T#3", "T#2", "T#1"]),
    ],
)
def test_a_prefix_is_read_from_behind_any_key(
    table: Table, after: str, forward: list[str], backward: list[str]
) -> None:
    for sk in ("A#1", "T#1", "T#2", "T#3", "Z#1"):
        put(table, sk)
    assert [item.key.sk for item in table.items("P", "T#", after=after)] == forward
    assert [item.key.sk for item in table.items("P", "T#", after=after, reverse=True)] == backward


def test_a_limit_cuts_after_as_many_items(table: Table) -> None:
    for sk in "abc":
        put(table, sk)
    assert [item.key.sk for item in table.items("P", limit=2)] == ["a", "b"]
    assert [item.key.sk for item in table.items("P", limit=2, reverse=True)] == ["c", "b"]
    assert table.items("P", limit=0) == []


def test_more_than_a_page_of_a_megabyte_is_read_to_the_end(table: Table) -> None:
    for n in range(12):  # 150 KB each, and too random to be packed
        table.write(
            Put(Item(Key("P", f"{n:02}"), {"noise": random.Random(n).randbytes(150_000).hex(), "n": n}), expect=0)
        )
    assert [item.doc["n"] for item in table.items("P")] == list(range(12))


def test_an_index_shows_only_items_that_have_a_place_in_it(table: Table) -> None:
    put(table, "a", listing=Key("L", "1"), version=4)
    put(table, "b", open=Key("O", "2"), version=5)
    put(table, "c")
    assert table.listed("L") == [Found(Key("P", "a"), Key("L", "1"))]
    assert table.opened("O") == [Found(Key("P", "b"), Key("O", "2"), 5)]


def test_an_item_that_loses_its_place_leaves_the_index(table: Table) -> None:
    put(table, "a", open=Key("O", "1"))
    table.write(Put(Item(Key("P", "a"), {}), expect=None))
    put(table, "b", open=Key("O", "2"))
    table.write(Put(Item(Key("P", "b"), {}), expect=1))
    assert table.opened("O") == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [("", "\uffff", "12345"), ("2", "4", "234"), ("2", "2", "2"), ("", "2", "12"), ("4", "2", ""), ("6", "9", "")],
)
def test_an_index_is_read_between_two_keys_both_included(table: Table, start: str, end: str, expected: str) -> None:
    for sk in "31524":
        put(table, sk, listing=Key("L", sk), open=Key("O", sk))
    assert "".join(sort_keys(table.listed("L", start=start, end=end))) == expected
    assert "".join(sort_keys(table.listed("L", start=start, end=end, reverse=True))) == expected[::-1]
    assert "".join(sort_keys(table.opened("O", start=start, end=end))) == expected


@pytest.mark.parametrize("reverse", [False, True])
def test_pages_of_an_index_show_each_row_once_even_where_places_are_shared(table: Table, reverse: bool) -> None:
    for n in range(7):
        put(table, f"{n}", listing=Key("L", "same" if n < 5 else f"x{n}"))
    seen: list[Found] = []
    while page := table.listed("L", limit=2, after=seen[-1] if seen else None, reverse=reverse):
        seen += page
    assert sorted(row.key.sk for row in seen) == list("0123456")
    assert all((a.at.sk >= b.at.sk) if reverse else (a.at.sk <= b.at.sk) for a, b in pairwise(seen))


def test_reading_goes_on_behind_a_row_that_has_left_the_index_or_the_range(table: Table) -> None:
    for sk in "1234":
        put(table, sk, open=Key("O", sk))
    first = table.opened("O", limit=1)[0]
    table.write(Delete(first.key))
    assert sort_keys(table.opened("O", after=first)) == ["2", "3", "4"]
    assert sort_keys(table.opened("O", start="3", after=first)) == ["3", "4"]
    assert table.opened("O", end="0", after=first) == []


def test_of_twenty_claims_of_one_revision_one_wins(shared: Table) -> None:
    shared.write(Put(Item(KEY, {}), expect=0))

    def claim(_: int) -> bool:
        try:
            shared.write(Put(Item(KEY, {"state": "claimed"}), expect=1))
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(claim, range(20))) == 1
    stored = shared.get(KEY)
    assert stored
    assert stored.rev == 2


def test_unconditional_writes_of_many_threads_all_count(shared: Table) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: shared.write(Put(Item(KEY, {"n": n}), expect=None)), range(60)))
    stored = shared.get(KEY)
    assert stored
    assert stored.rev == 60


def test_of_ten_transactions_over_the_same_items_one_wins(shared: Table) -> None:
    def claim(n: int) -> bool:
        try:
            shared.write(*(Put(Item(Key("P", sk), {"by": n}), expect=0) for sk in "abc"))
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(claim, range(10))) == 1
    assert len({item.doc["by"] for item in shared.items("P")}) == 1


def lose_first_answer(client: Any, operation: str) -> None:
    """Let the first call reach the table, and its answer get lost."""
    lost: list[str] = []

    def lose(request: Any, **_: Any) -> None:
        if not lost:
            lost.append(request.url)
            URLLib3Session().send(request)
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register(f"before-send.dynamodb.{operation}", lose)


@pytest.mark.parametrize(
    ("operation", "writes"),
    [
        ("PutItem", [Put(Item(KEY, {"by": "me"}), expect=0)]),
        ("TransactWriteItems", [Put(Item(KEY, {"by": "me"}), expect=0), Put(Item(Key("P", "other"), {}), expect=0)]),
    ],
)
def test_a_write_whose_answer_was_lost_is_known_as_our_own(
    emulated: Callable[[str], Any], new_table: NewTable, operation: str, writes: list[Put]
) -> None:
    client = emulated("dynamodb")
    table = new_table(client)
    lose_first_answer(client, operation)
    table.write(*writes)
    assert table.get(KEY) == Item(KEY, {"by": "me"}, rev=1)


def test_a_lost_answer_does_not_make_a_rivals_write_ours(emulated: Callable[[str], Any], new_table: NewTable) -> None:
    client = emulated("dynamodb")
    table = new_table(client)
    table.write(Put(Item(KEY, {"by": "me"}), expect=0))
    lose_first_answer(client, "PutItem")
    with pytest.raises(Stale):
        table.write(Put(Item(KEY, {"by": "me"}), expect=0))


def test_a_table_that_does_not_answer_is_unavailable() -> None:
    table = DynamoTable("carillon", lambda: make("dynamodb", endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(Unavailable, match="dynamodb: EndpointConnectionError"):
        table.get(KEY)


def cancelled(*codes: str) -> ClientError:
    response = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": c} for c in codes]}
    return ClientError(response, "TransactWriteItems")


TWO = [Put(Item(Key("P", sk), {}), expect=0) for sk in "ab"]


def test_a_transaction_that_met_another_one_is_tried_again_under_a_new_token() -> None:
    client = ScriptedClient(cancelled("None", "TransactionConflict"), {})
    DynamoTable("carillon", lambda: client).write(*TWO)
    first, second = (call["ClientRequestToken"] for call in client.calls)
    assert first != second


def test_a_transaction_that_keeps_meeting_others_is_stale() -> None:
    client = ScriptedClient(*[cancelled("TransactionConflict", "None")] * 5)
    with pytest.raises(Stale):
        DynamoTable("carillon", lambda: client).write(*TWO)
    assert client.answers == []


def test_a_transaction_with_a_failed_condition_is_not_tried_again() -> None:
    client = ScriptedClient(cancelled("ConditionalCheckFailed", "TransactionConflict"))
    with pytest.raises(Stale):
        DynamoTable("carillon", lambda: client).write(*TWO)


def test_throttling_that_outlasts_the_retries_is_unavailable() -> None:
    response = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}
    client = ScriptedClient(ClientError(response, "PutItem"))
    with pytest.raises(Unavailable, match="ProvisionedThroughputExceededException"):
        DynamoTable("carillon", lambda: client).write(TWO[0])


def test_keys_that_were_left_over_are_asked_for_again() -> None:
    row = {"PK": {"S": "P"}, "rev": {"N": "1"}, "doc": {"S": "{}"}}
    rows = [{**row, "SK": {"S": sk}} for sk in "ab"]
    left = {"carillon": {"Keys": [{"PK": {"S": "P"}, "SK": {"S": "b"}}], "ConsistentRead": True}}
    client = ScriptedClient(
        {"Responses": {"carillon": rows[:1]}, "UnprocessedKeys": left},
        {"Responses": {"carillon": rows[1:]}},
    )
    items = DynamoTable("carillon", lambda: client).get_many([Key("P", "a"), Key("P", "b")])
    assert [item.key.sk for item in items] == ["a", "b"]
    assert client.calls[1]["RequestItems"] == left
